"""A story can be looked at while another process writes it: no lock, no change on disk, one moment of it at a time."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from cli.commands import command, memagent
from cli.dying import Dying
from test_canon import opening, reply

from memagent import Controller, Story
from memagent.errors import Unsynced
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
