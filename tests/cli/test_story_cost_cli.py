"""Money at the command line: limits that are told as they are, what was looked at and kept, and the sum in `cost`."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from commands import command

from memagent.cli import run
from memagent.llms.offline import Offline
from memagent.testing import FakeOpenAIServer
from memagent.types import Message, Request

TOLD = "## Chapter {0}\n\nInes had grey eyes in year {0}.\n\nBram went home {0} times."
BOOK = "# Ines\n\n" + "\n\n".join(TOLD.format(number) for number in range(5))


@dataclass
class Done:
    returncode: int
    stdout: str
    stderr: str


class Server:
    """A model with a price, and the command line over it, in this process."""

    def __init__(self, server: FakeOpenAIServer, prices: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.server, self.model, self._capsys = server, f"openai:fake@{server.url}", capsys
        prices.write_text("[models]\nfake = { input = 10.0, output = 50.0 }\n")

    def run(self, *arguments: Any) -> Done:
        self._capsys.readouterr()
        code = run(["story", *map(str, arguments)])
        return Done(code, *self._capsys.readouterr())


MODE = {"now": "ok"}


def answer(payload: dict[str, Any]) -> str:
    if MODE["now"] == "no json":
        return "I have looked."
    if MODE["now"] == "endless":
        return "la " * 30_000
    if any('"contradictions"' in message["content"] for message in payload["messages"]):
        time.sleep(0.3 if MODE["now"] == "slow" else 0)
        return '{"contradictions": []}'
    messages = tuple(Message(one["role"], one["content"]) for one in payload["messages"])
    return Offline().complete(Request(messages)).text


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Server]:
    MODE["now"], prices = "ok", tmp_path / "prices.toml"
    monkeypatch.setenv("MEMAGENT_PRICES", str(prices))
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    before = signal.getsignal(signal.SIGTERM)
    with FakeOpenAIServer(answer) as fake:
        yield Server(fake, prices, capsys)
    signal.signal(signal.SIGTERM, before)


def owed(server: Server, folder: Path) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(server.run("cost", folder, "--json").stdout)
    return data


def test_a_limit_ends_before_a_call_that_it_cannot_pay_and_runaway_replies_are_failed_steps(
    server: Server, tmp_path: Path
) -> None:
    folder = tmp_path / "lamp"
    server.run("init", folder, "--premise", "A lamp.", "-m", server.model)
    low = server.run("write", folder, "-n", 2, "--auto", "--max-cost", 0.02)
    assert low.returncode == 5 and server.server.requests == [] and "Nothing is lost." in low.stderr
    higher = float(low.stderr.split("--max-cost ")[1].split()[0])
    done = server.run("write", folder, "-n", 9, "--auto", "-q", "--max-cost", higher)
    assert done.returncode == 5 and len(server.server.requests) >= 3 and "the next call may need $" in done.stderr
    assert "a reply" not in done.stderr.lower() and owed(server, folder)["all"]["calls"] == len(server.server.requests)
    MODE["now"], sent = "endless", len(server.server.requests)
    for step in (("write", folder, "-n", 1, "--auto", "-q"), ("pick", folder, "--more")):
        failed = server.run(*step, "--max-cost", 0.5)
        assert failed.returncode == 4 and "the reply had no end: it was cut at" in failed.stderr
        assert "higher limit" not in failed.stderr
    assert len(server.server.requests) == sent + 2
    stopped = server.run("pick", folder, "--more", "--max-tokens", 200)
    assert stopped.returncode == 5 and "The same command goes on with a higher limit." in stopped.stderr
    told = server.run("cost", folder)
    assert "failed steps" in told.stdout and "(not said)" not in told.stdout and "not finished" not in told.stdout
    assert max(map(len, (told.stdout + told.stderr).splitlines())) <= 80


def test_a_look_that_is_stopped_says_what_is_kept_and_counts_the_call_in_flight(server: Server, tmp_path: Path) -> None:
    book, folder = tmp_path / "ines.md", tmp_path / "ines"
    book.write_text(BOOK)
    server.run("import", book, folder, "-m", server.model, "--no-memory", "--language", "English", "-q")
    MODE["now"] = "slow"
    deep = ("check", folder, "--deep", "-y")
    process = subprocess.Popen(command("story", *deep), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while len(server.server.requests) < 3:
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 130 and "2 of 5 parts looked at, and kept" in said
    assert "The same command goes on with the others." in said
    costs = owed(server, folder)
    assert costs["chapter"].keys() == costs["kind"].keys() == {"checks"} and costs["chapter"]["checks"]["calls"] == 2
    assert costs["unfinished"]["calls"] == 1 and costs["unfinished"]["cost"] > 0
    MODE["now"] = "ok"
    assert server.run(*deep).returncode in (0, 6)
    assert len(server.server.requests) == 6 and owed(server, folder)["all"]["calls"] == 6


def test_what_no_model_could_look_at_is_said_and_is_not_free_of_findings(server: Server, tmp_path: Path) -> None:
    book, folder = tmp_path / "ines.md", tmp_path / "ines"
    book.write_text("Ines had grey eyes.\n\nBram went home.\n")
    server.run("import", book, folder, "-m", server.model, "--no-memory", "--language", "English", "-q")
    MODE["now"] = "no json"
    deep = ("check", folder, "--deep", "--canon", "-y")
    failed = server.run(*deep)
    assert failed.returncode == 4 and "0 findings, 3 model calls" in failed.stdout
    assert "1 part not looked at" in failed.stderr
    assert json.loads(server.run(*deep, "--json").stdout)["not_looked_at"] == 1
    MODE["now"] = "ok"
    assert server.run(*deep).returncode == 0


def test_every_hint_after_a_limit_names_one_that_the_next_call_fits_into(server: Server, tmp_path: Path) -> None:
    folder, book, told = tmp_path / "lamp", tmp_path / "ines.md", tmp_path / "ines"
    book.write_text(BOOK)
    server.run("init", folder, "--premise", "A lamp.", "-m", server.model)
    server.run("import", book, tmp_path / "read", "-m", server.model, "--no-memory", "--language", "English", "-q")
    for step in (
        ("write", folder, "--auto", "-q", "--max-cost", 0),
        ("import", book, told, "-m", server.model, "-q", "--max-cost", 0.001),
        ("memory", "read", tmp_path / "read", "-q", "--max-cost", 0.001),
    ):
        sent = len(server.server.requests)
        low = server.run(*step)
        assert low.returncode == 5 and len(server.server.requests) == sent
        higher = low.stderr.split("--max-cost ")[1].split()[0]
        server.run(*step[:-1], higher)
        assert len(server.server.requests) > sent, step


def test_as_many_words_are_told_as_were_asked_for(server: Server, tmp_path: Path) -> None:
    asked = ("--chapters", 3, "--words", 500)
    made = server.run("init", tmp_path / "lamp", "--premise", "A lamp.", "-m", "offline", *asked)
    assert "3 chapters of about 500 words:\n  ~1,500 words" in made.stderr


def test_no_chapter_is_planned_behind_the_last_that_was_asked_for_and_offline_says_what_it_writes(
    server: Server, tmp_path: Path
) -> None:
    asked = ("--chapters", 2, "--words", 500, "--language", "German")
    made = server.run("init", tmp_path / "lampe", "--premise", "Eine Lampe.", "-m", "offline", *asked)
    assert "offline writes English only; for German" in made.stderr
    assert server.run("plan", tmp_path / "lampe", "-q").stdout.count("## ") == 2
    server.run("plan", tmp_path / "lampe", "-q")
    assert (tmp_path / "lampe" / "outline.md").read_text().count("## ") == 5  # who asks on wants more of them
