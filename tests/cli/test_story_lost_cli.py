"""A story whose hidden folder or log is gone or damaged, a limit that is forgotten, and a command given twice."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from commands import Terminal, memagent

from memagent import Story

PREMISE = "A lighthouse keeper stops believing that her brother is dead."


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("story") / "lamp"
    asked = ("--chapters", 3, "--words", 300)
    assert memagent("story", "init", folder, "--premise", PREMISE, "-m", "offline", *asked).returncode == 0
    assert memagent("story", "lore", "add", "fox", folder, "--text", "A fox.", "--key", "fox").returncode == 0
    assert memagent("story", "write", folder, "-n", 6, "--auto", "-q").returncode == 0
    return folder


@pytest.fixture
def folder(written: Path, tmp_path: Path) -> Path:
    return shutil.copytree(written, tmp_path / "lamp")


def plain(folder: Path) -> dict[str, bytes]:
    """The files that people read, by name."""
    paths = (path for path in folder.rglob("*") if path.is_file() and ".memagent" not in path.parts)
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


def test_a_story_without_its_hidden_folder_is_made_anew_from_its_plain_files(folder: Path) -> None:
    (folder / "note.md").write_text("Keep it cold.\n")
    long = folder / "memory" / "long.md"
    long.write_text(long.read_text().replace("## Paragraph 2\n", "## Paragraph 2\n\nMara owns a parrot.\n"))
    before, record = plain(folder), Story(folder).record
    shutil.rmtree(folder / ".memagent")
    for command in (("status",), ("write", "--auto"), ("show",), ("lore", "list"), ("check",)):
        refused = memagent("story", *command, folder)
        assert refused.returncode == 1 and f"memagent story rebuild {folder}" in refused.stderr, command
    rebuilt = memagent("story", "rebuild", folder)
    assert rebuilt.returncode == 0 and "3 chapters, 6 paragraphs and the short memory" in " ".join(
        rebuilt.stderr.split()
    )
    assert plain(folder) == before
    story = Story(folder)
    assert (story.record.paragraphs, story.record.chapters) == (record.paragraphs, record.chapters)
    assert story.record.title == record.title and story.record.long_memory[2].startswith("Mara owns a parrot.")
    more = f"memagent story pick --more {folder}"
    assert f"next: {more}" in memagent("story", "status", folder).stdout
    assert memagent(*more.split()[1:]).returncode == 0
    assert memagent("story", "write", folder, "--auto").returncode == 0
    assert len(Story(folder).record.paragraphs) == 7


def test_a_story_that_cannot_be_opened_is_reported_all_the_same(folder: Path) -> None:
    log = folder / ".memagent" / "events.jsonl"
    lines = log.read_bytes().split(b"\n")
    log.write_bytes(b"\n".join([lines[0], lines[1][:40], *lines[2:]]))
    assert memagent("story", "status", folder).returncode == 1
    report = json.loads(memagent("story", "diag", folder).stdout)
    assert report["damaged_lines"] == [2] and "StoryError" in report["problem"] and report["events"]["written"] >= 3
    assert str(folder) not in json.dumps(report)
    log.unlink()
    report = json.loads(memagent("story", "diag", folder).stdout)
    assert "is gone" in report["problem"] and "rebuild" in report["advice"] and report["events"] == {}
    assert any(name.startswith("chapters/01.md") for name in report["files"])


def test_who_stands_in_a_folder_of_the_story_is_told_where_the_story_is(folder: Path) -> None:
    done = memagent("story", "status", folder / "chapters")
    assert done.returncode == 1 and f"The story is in {folder.resolve()}" in done.stderr


def test_a_run_that_a_limit_stopped_keeps_its_limit_until_another_is_given(folder: Path) -> None:
    stopped = memagent("story", "write", folder, "-n", 30, "--auto", "--max-calls", 3)
    assert stopped.returncode == 5 and "--max-calls 6" in stopped.stderr
    have = len(Story(folder).record.paragraphs)
    again = memagent("story", "write", folder, "--auto")
    assert again.returncode == 5 and "had --max-calls 3; that holds again" in again.stderr
    assert have < len(Story(folder).record.paragraphs) < have + 3
    assert memagent("story", "write", folder, "--auto", "--max-calls", 200, "-q").returncode == 0
    assert len(Story(folder).record.paragraphs) == 36
    new = memagent("story", "write", folder, "--auto", "-n", 1)
    assert new.returncode == 0 and "holds again" not in new.stderr


def test_a_setting_that_is_not_right_is_a_matter_of_configuration(folder: Path) -> None:
    (folder / "story.toml").write_text("sentences = 0\n")
    for command in ("status", "write"):
        assert memagent("story", command, folder).returncode == 3
    (folder / "story.toml").unlink()
    assert memagent("story", "status", folder).returncode == 3


def test_signs_that_turn_a_line_do_not_reach_the_terminal_and_a_mark_of_byte_order_not_the_prompt(folder: Path) -> None:
    (folder / "note.md").write_bytes("\ufeffKeep it \u202ecold.\n".encode())
    shown = memagent("story", "context", folder, "--plan", 1).stdout
    assert "Keep it cold." in shown and "\u202e" not in shown and "\ufeff" not in shown
    assert "<note>\nKeep it" in memagent("story", "context", folder, "--plan", 1, "--raw").stdout


def test_a_story_that_is_there_is_told_before_anything_is_asked(folder: Path) -> None:
    with Terminal("story", "init", folder) as terminal:
        assert terminal.end() == 1
        assert "there is a story in" in terminal.raw and "What is it about" not in terminal.raw
