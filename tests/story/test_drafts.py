"""Going back and forth, the drafts that are kept, and forks: the log is the truth, and nothing is ever thrown away."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from memagent import Controller, Story
from memagent.errors import UsageProblem
from memagent.story.config import StoryConfig
from memagent.story.drafts import drafts, number_of, redo, restore, undo
from memagent.story.manuscript import Place
from memagent.story.revising import offer, take

PREMISE = "A lighthouse keeper stops believing that her brother is dead."


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A story of eight paragraphs by `offline`."""
    folder = tmp_path_factory.mktemp("story") / "lamp"
    Story.create(folder, PREMISE, StoryConfig(select="first")).write(8, llm="offline")
    return folder


@pytest.fixture
def story(written: Path, tmp_path: Path) -> Story:
    return Story(shutil.copytree(written, tmp_path / "lamp"))


def seen(story: Story) -> tuple[object, ...]:
    """All that a person or the next prompt can see of a story."""
    with story.editing():
        memory = sorted((one.id, one.text) for one in story.memory.passages())
    pages = {str(path.relative_to(story.folder)): path.read_text() for path in sorted(story.folder.rglob("*.md"))}
    return list(story.record.paragraphs), story.record.state, story.record.chapters, memory, pages


def test_undo_takes_a_step_back_with_its_memory_and_redo_brings_it_back(story: Story) -> None:
    whole = seen(story)
    short = Story.create(story.folder.with_name("short"), PREMISE, StoryConfig(select="first"))
    short.write(6, llm="offline")
    with story.editing():
        assert undo(story, 2) == ["paragraph 8", "paragraph 7"]
    assert seen(story) == seen(short)
    with story.editing():
        assert redo(story, 2) == ["paragraph 7", "paragraph 8"]
    assert seen(story) == whole
    assert Story(story.folder).record == story.record  # from the log alone


def test_every_kind_of_step_can_be_taken_back(story: Story) -> None:
    whole = seen(story)
    with story.editing():
        story.pick("Mara rows out.")
        story.edit_memory("The lamp is out.")
        story.edit_long(1, "Fog, and a parrot.")
        kinds = undo(story, 3)
    assert kinds == [
        "an edit of the long memory of paragraph 1",
        "an edit of the short memory",
        "the plan “Mara rows out.”",
    ]
    assert seen(story) == whole


def test_the_opening_can_be_taken_back_and_written_otherwise(story: Story) -> None:
    before = story.record.paragraphs[:3]
    with story.editing():
        undo(story, 6)
        assert story.state is None and story.record.paragraphs == []
        assert not list((story.folder / "chapters").glob("*.md"))
    story.write(3, llm="offline")
    assert len(story.record.paragraphs) == 3
    assert story.record.paragraphs != before  # another seed
    assert [draft.text for draft in drafts(story, Place(1, 1))] == [before[0], story.record.paragraphs[0]]


def test_what_was_taken_back_is_written_otherwise_and_kept_as_a_draft(story: Story) -> None:
    old = story.record.paragraphs[-1]
    used = story.record.usage
    with story.editing():
        undo(story)
    story.write(1, llm="offline")
    assert story.record.paragraphs[-1] != old
    found = drafts(story, Place(1, 8))
    assert [(one.text == old, one.now) for one in found] == [(True, False), (False, True)]
    assert story.record.usage.calls == used.calls + 1  # what was taken back was paid for all the same


def test_a_new_step_leaves_nothing_to_bring_back(story: Story) -> None:
    with story.editing():
        undo(story)
        story.pick("Another way.")
        with pytest.raises(UsageProblem, match="nothing to bring back"):
            redo(story)


@pytest.mark.parametrize("steps", [0, -1, 7])
def test_more_steps_than_there_are_and_no_steps_are_refused(story: Story, steps: int) -> None:
    whole = seen(story)
    with story.editing(), pytest.raises(UsageProblem):
        undo(story, steps)
    assert seen(story) == whole


def test_a_paragraph_is_revised_and_everything_follows(story: Story) -> None:
    before = story.record.paragraphs[1]
    with story.editing():
        controller = Controller("offline", story.memory)
        draft = offer(story, controller, Place(1, 2), "shorter")
        assert len(draft) < len(before) and story.record.paragraphs[1] == before
        take(story, controller, Place(1, 2), draft)
    assert story.record.paragraphs[1] == draft
    assert draft in (story.folder / "chapters" / "01.md").read_text()
    with story.editing():
        assert story.memory.get("p000002").text == draft
        assert [one.by for one in drafts(story, Place(1, 2))] == ["written", "offered"]
        restore(story, Place(1, 2), before)
        assert story.memory.get("p000002").text == before
    assert story.record.paragraphs[1] == before
    assert Story(story.folder).record == story.record


def test_the_newest_paragraph_revised_is_what_the_next_prompt_shows(story: Story) -> None:
    with story.editing():
        controller = Controller("offline", story.memory)
        draft = offer(story, controller, Place(1, 8), "shorter")
        take(story, controller, Place(1, 8), draft)
        assert story.state is not None and story.state.paragraph == draft


def test_a_second_draft_is_another_and_an_unknown_text_is_not_restored(story: Story) -> None:
    with story.editing():
        controller = Controller("offline", story.memory)
        first = offer(story, controller, Place(1, 4), "She finds the boat.", fresh=True)
        second = offer(story, controller, Place(1, 4), "She finds the boat.", fresh=True)
        assert first != second
        with pytest.raises(UsageProblem, match="never had that text"):
            restore(story, Place(1, 4), "What nobody wrote.")


@pytest.mark.parametrize("place", [Place(2, 1), Place(1, 9), Place(1)])
def test_a_place_that_is_not_there_is_refused(story: Story, place: Place) -> None:
    with pytest.raises(UsageProblem):
        number_of(story.record, place)
