"""What a model or a document says to the terminal in place of the reader does not get there, and loses no answer."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import pytest
from commands import Terminal, memagent

from memagent.cli.console import Guarded, guarded, plain, say, styled
from memagent.testing import FakeOpenAIServer

SAID = (
    "Mara \x1b[31mkeeps\x1b]0;pwned\x07 it \x9b2J at \u202eGull Point\x00. Half \ud83d of it.\rEvil.\t"
    "So the answer is: Norway."
)
SHOWN = "Mara keeps]0;pwned it  at Gull Point. Half \\ud83d of it.Evil.\tSo the answer is: Norway."
ACTED_ON = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]")


def test_a_text_loses_what_a_terminal_acts_on() -> None:
    assert plain(SAID).replace("\ud83d", "\\ud83d") == SHOWN
    assert plain("a\r\nb\tc\n\u200fד") == "a\r\nb\tc\n\u200fד"


def test_our_own_colours_and_progress_get_through_and_others_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    class Screen(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.delenv("NO_COLOR", raising=False)
    screen = Screen()
    stream = Guarded(screen)
    stream.write(styled("red", fg="red", bold=True) + "\x1b[8mhidden\x1b[2J")
    stream.write("\r\x1b[Kcalls: \x1b[2J1\r\r")
    assert screen.getvalue() == styled("red", fg="red", bold=True) + "hidden\r\x1b[Kcalls: 1\r"


def test_what_is_said_is_guarded_and_the_streams_come_back(capsys: pytest.CaptureFixture[str]) -> None:
    with guarded():
        say(SAID)
    say("\x07")
    assert capsys.readouterr().err == SHOWN.replace("Gull", "\u202eGull") + "\n\x07\n"


@pytest.mark.parametrize("method", ["plain", "rat"])
def test_an_answer_is_shown_without_them_and_is_exact_in_json(tmp_path: Path, method: str) -> None:
    document = tmp_path / "gull\u202e.md"
    document.write_text("Gull Point \x1b]0;title\x07 is a cape in Norway.\n")
    db = ("--db", tmp_path / "m.db")
    memagent("add", document, *db)
    with FakeOpenAIServer(lambda _: SAID) as server:
        ask = ("ask", "Where is Gull Point?", "--method", method, "-m", f"openai:fake@{server.url}", *db)
        told, exact = memagent(*ask, "--explain"), memagent(*ask, "--json")
        with Terminal(*ask, "--explain") as terminal:
            assert terminal.end() == 0
    assert (told.returncode, exact.returncode) == (0, 0), told.stderr
    assert "Norway." in told.stdout and ("\\ud83d" in told.stdout or method == "rat")
    assert not ACTED_ON.search((told.stdout + told.stderr).replace("\u202e", ""))
    assert not ACTED_ON.search(exact.stdout)
    assert method == "rat" or json.loads(exact.stdout)["answer"] == SAID
    ours = re.sub(r"\x1b\[(?:[012]|3[12])m|\r\x1b\[K|\r+\n|\r(?=\r|\Z)", "", terminal.raw)
    assert "Norway." in ours and not ACTED_ON.search(ours.replace("\r", ""))
