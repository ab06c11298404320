"""All that is made from the log is made from it again, and the story goes on as if nothing had happened."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from memagent import Story
from memagent.embedders.hashing import Hashing
from memagent.errors import StoryError, Unsynced
from memagent.llms.offline import Offline
from memagent.story import context, drafts, hand_edits
from memagent.story.branching import branch
from memagent.story.config import StoryConfig

PREMISE = "A lighthouse keeper stops believing that her brother is dead."


@pytest.fixture(scope="module")
def lived_in(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A story that was written, edited in every way, taken back and gone on with."""
    folder = tmp_path_factory.mktemp("story") / "lamp"
    story = Story.create(folder, PREMISE, StoryConfig(select="first", sentences=6))
    story.write(9, llm="offline")
    with story.editing():
        story.edit_long(2, "The lamp has a crack.")
        drafts.undo(story, 2)
    page = folder / "chapters" / "01.md"
    paragraphs = page.read_text().split("\n\n")
    page.write_text("\n\n".join([*paragraphs[:3], "A cold year, and no coal.", *paragraphs[3:]]))
    with story.editing(adopt=False):
        hand_edits.sync(story)
    story.write(2, llm="offline")
    return folder


@pytest.fixture
def story(lived_in: Path, tmp_path: Path) -> Story:
    return Story(shutil.copytree(lived_in, tmp_path / "lamp"))


def next_prompt(story: Story) -> object:
    with story.editing():
        return context.next_request(story, Offline(), "first").messages


def in_memory(story: Story) -> list[tuple[str, str]]:
    with story.editing():
        return sorted((one.id, one.text) for one in story.memory.passages())


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*.md")}


def without(story: Story, *names: str) -> None:
    for name in names:
        for path in (story.folder / ".memagent").glob(f"{name}*"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()


LOST = {
    "the database": lambda story: without(story, "memory.db"),
    "all but the log": lambda story: without(story, "memory.db", "pages.json", "lock", "runs", "rejected"),
    "a torn database": lambda story: (story.folder / ".memagent" / "memory.db").write_bytes(b"SQLite format 3\0junk"),
    "the pages": lambda story: (shutil.rmtree(story.folder / "memory"), shutil.rmtree(story.folder / "chapters")),
    "nothing": lambda story: None,
}


@pytest.mark.parametrize("lost", LOST.values(), ids=LOST)
def test_after_a_rebuild_context_and_the_next_paragraphs_are_what_they_would_have_been(
    story: Story, tmp_path: Path, lost: Callable[[Story], object]
) -> None:
    whole = Story(shutil.copytree(story.folder, tmp_path / "whole"))
    lost(story)
    done: list[tuple[int, int]] = []
    story = Story(story.folder)
    story.rebuild(lambda some, of: done.append((some, of)))
    count = len(whole.record.paragraphs) - 1
    assert done[-1] == (count, count)
    assert files(story.folder) == files(whole.folder)
    assert in_memory(story) == in_memory(whole)
    assert next_prompt(story) == next_prompt(whole)
    assert story.write(3, llm="offline") == whole.write(3, llm="offline")
    assert next_prompt(story) == next_prompt(whole)


def test_a_deleted_chapter_is_put_back(story: Story) -> None:
    before = files(story.folder)
    (story.folder / "chapters" / "02.md").write_text("## Snow\n\nA boat.\n")
    with story.editing(adopt=False):
        hand_edits.sync(story)
    whole = files(story.folder)
    (story.folder / "chapters" / "01.md").unlink()
    story.rebuild()
    assert files(story.folder) == whole != before


def test_chapters_that_were_edited_by_hand_are_left_as_they_are(story: Story) -> None:
    page = story.folder / "chapters" / "01.md"
    page.write_text(page.read_text().replace("cold year", "warm year"))
    without(story, "memory.db")
    with pytest.raises(Unsynced):
        story.rebuild()
    assert "warm year" in page.read_text()
    assert (story.folder / ".memagent" / "memory.db").exists()


def test_a_rebuild_that_was_stopped_embeds_nothing_twice(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    texts: list[str] = []
    plain = Hashing.embed
    monkeypatch.setattr("memagent.story.long_memory._BATCH", 3)
    monkeypatch.setattr(Hashing, "embed", lambda self, some, *a, **o: texts.extend(some) or plain(self, some, *a, **o))
    whole = in_memory(story)

    def stop(done: int, of: int) -> None:
        if done >= 6:
            raise KeyboardInterrupt

    texts.clear()
    with pytest.raises(KeyboardInterrupt):
        story.rebuild(stop)
    assert len(texts) == 6
    assert in_memory(story) == whole  # the old one still serves
    story.rebuild()
    told = {text for _, text in whole}  # facts have vectors too
    assert sorted(text for text in texts if text in told) == sorted(text for _, text in whole)
    assert in_memory(story) == whole
    assert not list((story.folder / ".memagent").glob("rebuilt.db*"))


@pytest.mark.parametrize("lost", ["deleted", "damaged", "of another embedder"])
def test_where_embedding_may_cost_something_the_command_is_named_and_nothing_is_embedded(
    story: Story, lost: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As for `local` or `openai:...`; here the embedder is a free one under another name."""

    def dear(name: object) -> Hashing:
        return Hashing(128 if name == "dear" else 512)

    monkeypatch.setattr("memagent.registry.embedder", dear)
    database = story.folder / ".memagent" / "memory.db"
    config = story.folder / "story.toml"
    config.write_text(config.read_text().replace('"hashing"', '"dear"'))
    if lost == "deleted":
        without(story, "memory.db")
    elif lost == "damaged":
        without(story, "memory.db")
        database.write_bytes(b"junk" * 5000)
    before = database.read_bytes() if database.exists() else None
    story = Story(story.folder)
    with pytest.raises(StoryError, match="memory file") as refused, story.editing():
        pass
    assert refused.value.hint.endswith(f"memagent story rebuild {story.folder}")
    assert (database.read_bytes() if database.exists() else None) == before
    story.rebuild()
    assert len(in_memory(story)) == len(story.record.paragraphs) - 1


def test_a_fork_takes_its_memory_with_it(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = in_memory(story)
    monkeypatch.setattr(Hashing, "embed", lambda *a, **o: pytest.fail("something was embedded"))
    fork = branch(story, story.folder.with_name("fork"))
    assert in_memory(fork) == whole


def test_a_story_whose_log_is_gone_says_what_can_be_done(story: Story) -> None:
    (story.folder / ".memagent" / "events.jsonl").unlink()
    with pytest.raises(StoryError, match=r"events\.jsonl") as refused:
        Story(story.folder)
    assert "memagent story rebuild" in refused.value.hint
