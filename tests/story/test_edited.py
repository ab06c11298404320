"""After an edit by hand the next call carries it, so that the short memory follows; and then it is forgotten."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from cli.commands import memagent
from test_canon import opening, reply

from memagent import Controller, Story
from memagent.story import drafts, edited
from memagent.story.config import StoryConfig
from memagent.story.context import next_request
from memagent.story.manuscript import Place
from memagent.story.writing import write
from memagent.testing import ScriptedLLM

TEXTS = ("Mara kept the lamp.", "Tomas rowed out before the fog came in and nobody saw him go.", "Night fell.")


@pytest.fixture
def story(tmp_path: Path) -> Story:
    story = Story.create(tmp_path / "lamp", "A lamp goes out.", StoryConfig(select="first", canon_budget=0))
    story.write(3, llm=ScriptedLLM([opening(*TEXTS)]))
    return story


def edit(story: Story, old: str, new: str) -> None:
    page = story.folder / "chapters" / "01.md"
    page.write_text(page.read_text().replace(old, new))
    with story.editing(adopt=False):
        story.sync()


def sent(story: Story) -> str:
    """What writing the next paragraph sends, which is what `story context` shows."""
    llm = ScriptedLLM([reply("Rain.")])
    with story.editing():
        shown = next_request(story, llm, "first")
        write(story, Controller(llm, story.memory), len(story.record.paragraphs) + 1, select="first")
    assert llm.requests[0].messages == shown.messages
    return llm.requests[0].messages[-1].content


def carried(prompt: str) -> str:
    found = re.search(r"<edited>\n(.*?)\n</edited>", prompt, re.DOTALL)
    return found[1] if found else ""


def test_the_next_call_carries_the_edit_and_the_one_behind_it_does_not(story: Story) -> None:
    edit(story, "Tomas rowed", "Anna rowed")
    prompt = sent(story)
    assert carried(prompt).splitlines() == [
        "¶2 was: Tomas rowed out before the fog came in and …",
        "¶2 is: Anna rowed out before the fog came in and …",
    ]
    assert "where that says otherwise, this holds" in prompt
    assert carried(sent(story)) == ""


def test_edits_add_up_until_a_paragraph_is_written(story: Story) -> None:
    edit(story, "Night fell.", "Night fell.\n\nA bell rang.")
    edit(story, "Mara kept the lamp.\n\n", "")
    edit(story, "A bell rang.", "A gun was fired.")
    assert sorted(carried(sent(Story(story.folder))).splitlines()) == [
        "taken out: Mara kept the lamp.", "¶3, new: A gun was fired."
    ]  # fmt: skip


def test_who_brings_the_memory_up_to_it_or_takes_the_edit_back_ends_that(story: Story) -> None:
    edit(story, "Tomas", "Anna")
    with story.editing():
        assert edited.shown(story.record)
        drafts.undo(story)
        assert edited.shown(story.record) == ""
        drafts.redo(story)
        assert edited.shown(story.record)
        story.edit_memory("Anna rowed out.")
    assert carried(sent(story)) == ""


def test_a_draft_that_is_put_back_is_carried_too(story: Story) -> None:
    edit(story, "Tomas", "Anna")
    sent(story)
    with story.editing():
        drafts.restore(story, Place(1, 2), TEXTS[1])
    assert "¶2 is: Tomas rowed" in carried(sent(story))


def test_what_touches_the_memory_goes_first_and_all_is_bounded(story: Story) -> None:
    with story.editing():
        for number in range(12):
            llm = ScriptedLLM([reply(f"Number {number}. {'So. ' * 30}")])
            write(story, Controller(llm, story.memory), 4 + number, select="first")
    page = story.folder / "chapters" / "01.md"
    text = (
        page.read_text().replace("So.", f"{'Thus and thus ' * 4}.").replace("Mara kept the lamp", "Nora kept the lamp")
    )
    page.write_text(text)
    with story.editing(adopt=False):
        story.sync()
    shown = edited.shown(story.record)
    assert shown.startswith("¶1 was: Mara kept the lamp.\n¶1 is: Nora kept the lamp.\n¶15 was: ")
    assert re.search(r"\n\(\d+ more\)$", shown) and len(shown) < 5 * edited.ROOM


def test_sync_says_that_the_memory_follows(story: Story) -> None:
    page = story.folder / "chapters" / "01.md"
    page.write_text(page.read_text().replace("Tomas", "Anna"))
    done = memagent("story", "sync", story.folder)
    assert "follows with the next paragraph" in done.stderr
    shown = memagent("story", "context", story.folder, "-m", "offline")
    assert re.search(r"\d+  edited ", shown.stdout)
