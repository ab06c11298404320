"""`memagent story import`, `sync`, `rebuild`, `memory read` as their users run them; killed wherever a file changes."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from commands import DYING, Terminal, memagent

from memagent import Story
from memagent.testing import FakeOpenAIServer

LONG = "Mara counted the bells again and again until the fog came in under the door. "
TEXT = "# The Lamp\n\n" + "\n\n".join(
    f"## Chapter {chapter}\n\n" + "\n\n".join(f"Number {chapter}.{at}. {LONG * 20}" for at in range(1, 5))
    for chapter in (1, 2, 3)
)
READ = {"memory": "Mara keeps the lamp.", "plans": ["She rows out.", "She waits.", "She sleeps."]}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "lamp.md"
    path.write_text(TEXT)
    return path


def pages(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*.md"))}


def test_a_manuscript_becomes_a_story_that_is_written_on(file: Path, tmp_path: Path) -> None:
    done = memagent("story", "import", file, tmp_path / "lamp", "-m", "offline")
    assert done.returncode == 0, done.stderr
    assert "3 chapters (by headings)" in done.stderr and "12 paragraphs" in done.stderr
    assert "about $0.00" in done.stderr and f"Next: memagent story write {tmp_path / 'lamp'}" in done.stderr
    assert all(len(line) <= 80 for line in done.stdout.splitlines())
    before = (tmp_path / "lamp" / "chapters" / "03.md").read_text()
    assert memagent("story", "write", tmp_path / "lamp", "-n", 1, "--auto", "-q").returncode == 0
    after = (tmp_path / "lamp" / "chapters" / "03.md").read_text()
    assert after.startswith(before) and len(after) > len(before)
    again = memagent("story", "import", file, tmp_path / "lamp", "-m", "offline")
    assert (again.returncode, "there is a story in" in again.stderr) == (1, True)
    assert "To read" not in again.stderr


def test_what_may_cost_something_is_asked_for_before_anything_is_made(file: Path, tmp_path: Path) -> None:
    folder = tmp_path / "lamp"
    with FakeOpenAIServer([json.dumps(READ)] * 9) as server:
        model = f"openai:fake@{server.url}"
        refused = memagent("story", "import", file, folder, "-m", model)
        assert (refused.returncode, "--yes" in refused.stderr, "cost unknown" in refused.stderr) == (2, True, True)
        assert not folder.exists() and server.requests == []
        with Terminal("story", "import", file, folder, "-m", model) as terminal:
            terminal.expect("Go on?")
            terminal.type("n\n")
            assert terminal.end() == 130 or not folder.exists()
        assert not folder.exists() and server.requests == []
        done = memagent("story", "import", file, folder, "-m", model, "--yes", "--json")
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["plans"] == READ["plans"]
        assert len(server.requests) == 3


def test_a_limit_stops_with_code_5_and_a_higher_one_goes_on_and_pays_for_nothing_twice(
    file: Path, tmp_path: Path
) -> None:
    prices = tmp_path / "prices.toml"
    prices.write_text("[models]\nfake = { input = 100.0, output = 100.0 }\n")
    with FakeOpenAIServer([json.dumps(READ)] * 3) as server:
        command = ("story", "import", file, tmp_path / "lamp", "-m", f"openai:fake@{server.url}", "--max-cost")
        stopped = memagent(*command, "0.40", MEMAGENT_PRICES=str(prices))
        assert stopped.returncode == 5, stopped.stderr
        assert "memagent story import" in stopped.stderr
        assert 1 <= len(server.requests) < 3
        done = memagent(*command, "9", MEMAGENT_PRICES=str(prices))
        assert done.returncode == 0, done.stderr
        assert len(server.requests) == 3
    assert Story(tmp_path / "lamp").record.usage.calls == 3


def test_without_a_model_the_text_is_there_and_the_reading_comes_later(file: Path, tmp_path: Path) -> None:
    folder = tmp_path / "lamp"
    done = memagent("story", "import", file, folder, "--no-memory")
    assert done.returncode == 0 and f"memagent story memory read {folder}" in done.stderr
    refused = memagent("story", "write", folder, "-m", "offline")
    assert (refused.returncode, f"memagent story memory read {folder}" in refused.stderr) == (1, True)
    assert memagent("story", "pick", folder).returncode == 0
    assert memagent("story", "memory", "read", folder, "-m", "offline", "-q").returncode == 0
    assert memagent("story", "write", folder, "-m", "offline", "--auto", "-q").returncode == 0


def test_kills_at_every_change_of_a_file_change_no_byte(file: Path, tmp_path: Path) -> None:
    """Kill at one system call after the other; the same command goes on, and comes to the same story."""
    whole = tmp_path / "whole" / "lamp"
    assert memagent("story", "import", file, whole, "-m", "offline", "-q").returncode == 0
    killed = 0
    for calls in [*range(1, 40, 3), *range(40, 96, 9)]:
        folder = tmp_path / f"killed{calls}" / "lamp"
        arguments = ["story", "import", str(file), str(folder), "-m", "offline", "-q"]
        code = subprocess.run([sys.executable, "-c", DYING, str(calls), *arguments]).returncode
        assert code in (0, -signal.SIGKILL)
        if code:
            killed += 1
            again = memagent(*arguments)
            assert again.returncode == 0, again.stderr
        assert pages(folder) == pages(whole), calls
        story = Story(folder)
        assert [one["type"] for one in story.log.events] == ["created", "imported", "read", "read", "read"]
        with story.editing():
            assert len(story.memory) == 11
        shutil.rmtree(folder)
    assert killed > 12


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["no.md"], "cannot be read"),
        (["lamp.pdf"], "PDF"),
        (["lamp.md", "--read", "0"], "--read"),
        (["lamp.md", "-m", "nothing:x"], "nothing"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_made(arguments: list[str], said: str, file: Path, tmp_path: Path) -> None:
    (tmp_path / "lamp.pdf").write_bytes(b"%PDF")
    done = memagent("story", "import", tmp_path / arguments[0], tmp_path / "lamp", *arguments[1:])
    assert (done.returncode, said in done.stderr) == (2, True), done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "lamp").exists()


def test_edits_are_looked_at_and_then_taken_up(file: Path, tmp_path: Path) -> None:
    folder = tmp_path / "lamp"
    memagent("story", "import", file, folder, "-m", "offline", "-q")
    assert memagent("story", "sync", folder, "--check").returncode == 0
    page = folder / "chapters" / "02.md"
    page.write_text(page.read_text().replace("Number 2.1.", "It snowed.\n\nNumber two and one."))
    (folder / "chapters" / "notes.md").write_text("Do not forget the key.")
    looked = memagent("story", "sync", folder, "--check")
    assert looked.returncode == 7
    assert "2 paragraphs edited" in looked.stderr and "rewritten" in looked.stderr and "new" in looked.stderr
    data = json.loads(memagent("story", "sync", folder, "--check", "--json").stdout)
    assert (data["paragraphs"], data["changed"], data["added"]) == (2, [6], [5])
    done = memagent("story", "sync", folder)
    assert done.returncode == 0
    assert "rewritten  ch.2 ¶2" in done.stderr and "new        ch.2 ¶1" in done.stderr
    assert "notes.md is no chapter" in " ".join(done.stderr.split())
    assert (folder / "chapters" / "notes.md").exists()
    assert memagent("story", "undo", folder).returncode == 0
    assert "It snowed." not in page.read_text()


def test_rebuild_says_what_is_in_the_memory_file_again(file: Path, tmp_path: Path) -> None:
    folder = tmp_path / "lamp"
    memagent("story", "import", file, folder, "-m", "offline", "-q")
    shown = memagent("story", "context", folder, "--plan", 1, "--raw", "-m", "offline").stdout
    for path in (folder / ".memagent").glob("memory.db*"):
        path.unlink()
    done = memagent("story", "rebuild", folder)
    assert (done.returncode, "11 paragraphs" in done.stderr) == (0, True)
    assert memagent("story", "context", folder, "--plan", 1, "--raw", "-m", "offline").stdout == shown
    assert json.loads(memagent("story", "rebuild", folder, "--json").stdout) == {"paragraphs": 12, "remembered": 11}


@pytest.mark.parametrize("name", ["import", "sync", "rebuild", "memory read"])
def test_help_fits_80_columns(name: str) -> None:
    done = memagent("story", *name.split(), "--help")
    assert done.returncode == 0
    assert max(map(len, done.stdout.splitlines())) <= 80
