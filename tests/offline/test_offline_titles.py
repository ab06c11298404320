"""Chapters that offline plans have titles that can be printed, and each its own."""

from __future__ import annotations

from pathlib import Path

from memagent import Controller, Story
from memagent.offline.titles import title
from memagent.story.config import StoryConfig
from memagent.story.planning import propose, put


def test_a_title_is_written_as_titles_are_and_comes_once() -> None:
    used: set[str] = set()
    found = [title("the pawnbroker's", 1, used) for _ in range(9)]
    assert found[:2] == ["Pawnbroker's", "Morning at the Pawnbroker's"]
    assert len(set(found)) == 9 and found[-1] == "Pawnbroker's (2)"


def test_an_outline_that_is_planned_on_has_no_title_twice(tmp_path: Path) -> None:
    story = Story.create(tmp_path / "lamp", "A clerk finds a ledger.", StoryConfig(select="first"))
    with story.editing():
        for first, last in ((1, 4), (5, 12)):
            put(story, first, propose(story, Controller("offline", story.memory), first, last, 12))
    titles = [one.title.casefold() for one in story.outline]
    assert len(set(titles)) == len(titles) == 12
