"""A story can be looked at while another process writes it: no lock, no change on disk, one moment of it at a time."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from cli.commands import command, memagent
from cli.dying import Dying
from test_canon import opening, reply

from memagent import Controller, Story
from memagent.errors import StorageFull, Unsynced
from memagent.story import long_memory
from memagent.story.config import StoryConfig
from memagent.story.context import next_request
from memagent.story.lock import locked
from memagent.story.writing import write
from memagent.testing import ScriptedLLM

TEXTS = ("Mara's eyes were green.", "Tomas lived in Salt Bay.", "It was Tuesday.")


@pytest.fixture
def story(tmp_path: Path) -> Story:
    story = Story.create(tmp_path / "lamp", "A lamp goes out.", StoryConfig(select="first", llm="offline"))
    story.write(3, llm=ScriptedLLM([opening(*TEXTS)]))
    return story


@pytest.fixture
def warm(tmp_path: Path) -> Iterator[Dying]:
    with Dying(tmp_path) as warm:
        yield warm


def on_disk(folder: Path) -> dict[str, bytes]:
    """All files of a story but what SQLite keeps beside its file."""
    return {
        str(path): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.endswith(("-wal", "-shm"))
    }


COMMANDS = (
    "memory facts", "memory show", "status", "show", "context", "lore list", "lore why", "log", "cost", "check", "diag",
    "sync --check", "pick",
)  # fmt: skip


def test_commands_that_only_read_need_no_lock_and_change_nothing(story: Story, warm: Dying) -> None:
    before = on_disk(story.folder)
    with locked(story.folder):
        for name in COMMANDS:
            words, _, option = name.partition(" --")
            code, said = warm.run("story", *words.split(), story.folder, *([f"--{option}"] if option else []))
            assert code == 0, (name, said)
        assert warm.run("story", "lore", "test", "Mara", story.folder)[0] == 0
        assert warm.run("story", "memory", "edit", story.folder, "--text", "x")[0] == 7
    assert on_disk(story.folder) == before


def test_what_a_person_edited_is_seen_as_the_next_paragraph_will_see_it(story: Story) -> None:
    story.pages.short.write_text("Mara has a boat.\n")
    before = on_disk(story.folder)
    with story.reading():
        shown = next_request(story, ScriptedLLM([]), "first")
    assert "Mara has a boat." in shown.messages[-1].content
    assert on_disk(story.folder) == before and story.state and story.state.memory == "Mara."
    llm = ScriptedLLM([reply("Rain.")])
    with story.editing():
        write(story, Controller(llm, story.memory), 4, select="first")
    assert llm.requests[0].messages == shown.messages
    page = story.folder / "chapters" / "01.md"
    page.write_text(page.read_text() + "\nMine.\n")
    with pytest.raises(Unsynced), story.reading():
        pass


def test_a_memory_file_that_is_gone_or_behind_is_made_up_for_in_the_copy(story: Story) -> None:
    hidden = story.folder / ".memagent"
    for name in ("canon.json", "memory.db"):
        (hidden / name).unlink()
        with story.reading():
            assert [fact.object for fact in story.canon.facts(about="Mara")] == ["green"]
            assert len([*story.memory.passages(source="story")]) == 2
        assert not (hidden / name).exists()


def test_every_look_at_a_story_that_is_being_written_sees_one_moment_of_it(tmp_path: Path) -> None:
    folder = tmp_path / "lamp"
    Story.create(folder, "A lighthouse keeper waits.", StoryConfig(llm="offline"))
    process = subprocess.Popen(
        command("story", "write", folder, "-n", "24", "--auto", "-q"),
        stdout=subprocess.DEVNULL,
        stdin=subprocess.DEVNULL,
    )
    seen = set()
    try:
        while process.poll() is None:
            story = Story(folder)
            with story.reading():
                count = len(story.record.paragraphs)
                seen.add(count)
                assert not {"memory", "long"} & {
                    one["type"] for one in story.record.done
                }  # no page was taken for an edit
                assert {one.text for one in story.memory.passages(source="story")} <= set(story.record.paragraphs)
                assert len([*story.memory.passages(source="story")]) >= count - 1
                assert all(fact.since.paragraph <= count for fact in story.canon.facts(history=True))
    finally:
        process.kill()
        process.wait()
    assert len(seen) > 3, seen
    assert process.returncode in (0, -9)
    assert len(Story(folder).record.paragraphs) == 24


def test_a_branch_that_cannot_be_made_leaves_no_folder_and_an_unread_import_says_what_comes_next(
    warm: Dying, tmp_path: Path
) -> None:
    (tmp_path / "told.md").write_text("# Told\n\n## One\n\nIt rained.\n\n## Two\n\nIt snowed.\n")
    told = tmp_path / "told"
    assert warm.run("story", "import", tmp_path / "told.md", told, "--no-memory", "-q")[0] == 0
    code, said = warm.run("story", "branch", tmp_path / "copy", told, "--at", "ch.3")
    assert (code, "no chapter 3" in said, (tmp_path / "copy").exists()) == (2, True, False)
    assert warm.run("story", "branch", tmp_path / "copy", told)[0] == 0
    shown = memagent("story", "status", told)
    assert f"next: memagent story memory read {told}" in shown.stdout
    Story.create(tmp_path / "bare", "A lamp goes out.")
    assert warm.run("story", "branch", tmp_path / "bare2", tmp_path / "bare")[0] == 0


def test_a_story_is_looked_at_where_the_disk_has_no_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "lamp"
    story = Story.create(folder, "A lighthouse keeper finds a letter.", StoryConfig(select="first"))
    story.write(4, llm="offline")
    usage, places = shutil.disk_usage, []

    def full(path: str) -> object:
        places.append(str(path))
        return SimpleNamespace(free=0) if str(path) == tempfile.gettempdir() else usage(path)

    monkeypatch.setattr(shutil, "disk_usage", full)
    with story.reading():
        assert len([*story.memory.passages(source="story")]) == 3
        assert "/dev/shm" in places
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=0))
    with pytest.raises(StorageFull, match="no room"), story.reading():
        pass


def test_a_memory_file_that_cannot_be_shared_is_read_as_it_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    story = Story.create(tmp_path / "lamp", "A lighthouse keeper finds a letter.", StoryConfig(select="first"))
    story.write(4, llm="offline")
    connect = sqlite3.connect

    def shared(where: object, **options: object) -> sqlite3.Connection:
        if str(where).endswith("mode=ro"):  # on a full disk SQLite has no room for what readers share
            error = sqlite3.OperationalError("disk I/O error")
            error.sqlite_errorcode = sqlite3.SQLITE_IOERR_SHMSIZE
            raise error
        return connect(where, **options)  # type: ignore[call-overload,no-any-return]

    monkeypatch.setattr(sqlite3, "connect", shared)
    (tmp_path / "copy").mkdir()
    assert long_memory.copied(story, tmp_path / "copy") is False
    with long_memory.opened(story, place=tmp_path / "copy") as memory:
        assert {one.text for one in memory.passages(source="story")} == set(story.record.paragraphs[:3])
    with story.reading():
        assert story.canon.facts() is not None
