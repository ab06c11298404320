"""A writer at a terminal, from an empty folder to a book: one session in one piece, and what it looks like.

The model is `offline`, so that the same session gives the same screens.
"""

from __future__ import annotations

import re
import signal
import sys
import unicodedata
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from cli.commands import Terminal, memagent

from memagent import Story

PREMISE = "A lighthouse keeper finds a letter from his drowned brother."
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
CONTROL = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]|\x1b[()][A-Z0-9]|\r|\x07|\x08")


class Session:
    """Commands given one after another in one place; `screens` keeps what each of them showed."""

    def __init__(self, cwd: Path, **environment: str) -> None:
        self._cwd = cwd
        self.screens: list[str] = []
        self._environment = environment

    def run(self, *arguments: str, talk: Callable[[Terminal], None] = lambda terminal: None) -> tuple[int, str]:
        """Give a command, talk to it, and return its exit code and what it showed."""
        with Terminal("story", *arguments, cwd=self._cwd, **self._environment) as terminal:
            talk(terminal)
            code = terminal.end(60)
            self.screens.append(terminal.raw)
            return code, CONTROL.sub("", terminal.raw)


def answers(*pairs: tuple[str, str]) -> Callable[[Terminal], None]:
    """Wait for each question to stand there whole, and answer it: what is typed before is shown before."""

    def talk(terminal: Terminal) -> None:
        for question, answer in pairs:
            terminal.expect(question)
            terminal.expect(": ")
            terminal.type(answer + "\n")

    return talk


@pytest.fixture
def editor(tmp_path: Path) -> Path:
    """An editor that adds a line to the file that it is given."""
    path = tmp_path / "editor.py"
    path.write_text(
        f"#!{sys.executable}\nimport sys\n"
        "with open(sys.argv[1], 'a', encoding='utf-8') as file:\n"
        "    file.write('\\nThe spare key hangs behind the clock.')\n",
        encoding="utf-8",
    )
    path.chmod(0o755)
    return path


@pytest.mark.parametrize("colours", [True, False], ids=["in colour", "NO_COLOR"])
def test_a_session_from_an_empty_folder_to_a_book(tmp_path: Path, editor: Path, colours: bool) -> None:
    folder = tmp_path / "lamp"
    session = Session(tmp_path, EDITOR=str(editor), **({} if colours else {"NO_COLOR": "1"}))
    where = "lamp"

    code, shown = session.run(
        "init",
        where,
        talk=answers(
            ("What is it about", PREMISE),
            ("Which model", "offline"),
            ("In which language", ""),
            ("Genre", "mystery"),
            ("How many chapters", "3"),
            ("how many words", "1200"),
        ),
    )
    assert (code, "Next: memagent story write" in shown) == (0, True)

    # An opening; the second of three plans; the memory, edited in $EDITOR, before the next one.
    code, shown = session.run(
        "write", where, talk=answers(("q quit", "2"), ("q quit", "M"), ("q quit", ""), ("q quit", "q"))
    )
    story = Story(folder)
    assert code == 0 and len(story.record.paragraphs) == 5
    written = [one for one in story.log.events if one["type"] == "written"]
    picked = [one["plan"] for one in story.log.events if one["type"] == "picked"]
    assert picked == [written[0]["plans"][1], written[1]["plans"][0]]
    assert written[1]["plan"] == "" and written[1]["number"] == 4
    assert any("behind the clock" in one.get("text", "") for one in story.log.events)
    assert all(plan.split()[0] in shown for plan in written[0]["plans"])

    # Ctrl-C while it writes; the same command goes on to where the first was to end.
    def interrupt(terminal: Terminal) -> None:
        terminal.expect("¶7")
        terminal.process.send_signal(signal.SIGINT)
        terminal.expect("once more to stop now")

    code, shown = session.run("write", where, "--auto", "-n", "60", talk=interrupt)
    kept = len(Story(folder).record.paragraphs)
    assert code == 130 and 7 <= kept < 65
    assert f"{kept} paragraphs kept. Go on with: memagent story write" in shown
    code, shown = session.run("write", where, "--auto", "-n", "60")
    assert (code, f"going on after paragraph {kept}, to 65" in shown) == (0, True)
    story = Story(folder)
    assert len(story.record.paragraphs) == 65

    last = story.record.paragraphs[-1]
    code, shown = session.run("undo", where)
    assert (code, "taken back: paragraph 65" in shown, "64 paragraphs left" in shown) == (0, True, True)
    assert Story(folder).record.paragraphs[-1] != last

    before = Story(folder).record.paragraphs[3]
    code, shown = session.run("revise", "ch.1 p4", "shorter", where, talk=answers(("leave it", "y")))
    after = Story(folder).record.paragraphs[3]
    assert code == 0 and after != before
    assert re.search(r"\[-[^]]+-\]", shown) and "is changed, and the short memory with it" in shown
    assert ("\x1b[31m[-" in session.screens[-1]) == colours

    # What is only looked at: prose is wrapped by words here, and left as it is where it is piped.
    for command in (("memory", "show"), ("memory", "show", "--long"), ("show",), ("pick", "lamp", "2"), ("pick",)):
        code, shown = session.run(*command, *([] if where in command else [where]))
        assert code == 0 and len(shown.split()) > 10
    code, shown = session.run("plan", where, "--chapters", "1-6")
    assert code == 0 and shown.count("## ") == 6
    assert after in memagent("story", "show", folder).stdout

    code, shown = session.run("check", where)
    assert code == 6 and re.search(
        r"ch\.\d+ ¶\d+ +repeat .*\d+ findings \([^)]*\), 0 model calls", shown, re.DOTALL
    )  # it is offline
    code, shown = session.run("export", where, "lamp.epub")
    assert code == 0
    with zipfile.ZipFile(tmp_path / "lamp.epub") as book:
        assert after.split(".")[0] in "".join(book.read(name).decode() for name in book.namelist() if "ch" in name)

    for screen in session.screens:
        assert colours or not COLOUR.search(screen)
        assert [line for line in lines(screen) if columns(line) > 80] == []
    assert any(COLOUR.search(screen) for screen in session.screens) == colours


def lines(screen: str) -> list[str]:
    """The lines that a screen was sent, without what a person typed behind a question."""
    return [line.removesuffix(PREMISE) for line in CONTROL.sub("", screen).split("\n")]


def columns(line: str) -> int:
    """How many columns a line takes."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in line.rstrip())
