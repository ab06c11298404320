"""Taking up what a person edited by hand: the manuscript when they say so, the memory pages whenever they are seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from memagent.errors import StoryError, Unsynced
from memagent.story.log import event
from memagent.story.manuscript import Manuscript
from memagent.story.paths import quote
from memagent.story.record import Begun

if TYPE_CHECKING:
    from memagent.story.book import Story


def sync(story: Story) -> int:
    """Take up the manuscript as a person left it.

    Return how many paragraphs differ now. Needs `editing(adopt=False)`.
    """
    before = story.record.paragraphs
    story.begun()
    _adopt_memory_pages(story)
    told = story.pages.manuscript_on_disk(story.record)
    now = [text for _, text in told.paragraphs]
    if not now:
        raise StoryError("the manuscript holds no paragraph", hint="Delete the file to have it written again.")
    changed = sum(1 for old, new in zip(before, now, strict=False) if old != new) + abs(len(before) - len(now))
    chapters = _begun_at(told)
    if changed or told.title != story.record.title or chapters != story.record.chapters:
        places = [[chapter.first, chapter.title] for chapter in chapters]
        story.commit(event("manuscript", paragraphs=now, title=told.title, chapters=places))
    else:
        story.pages.write(story.record, story.log)
    take_up(story)
    return changed


def take_up(story: Story) -> None:
    """Adopt what a person edited on the memory pages, bring all pages and the long memory up to the log."""
    if edited := story.pages.edited_chapters(story.record, story.pages.last_written(story.log)):
        names = ", ".join(repr(str(path)) for path in edited)
        raise Unsynced(
            f"{names} {'was' if len(edited) == 1 else 'were'} edited by hand",
            hint=f"Take the edits up with: memagent story sync {quote(story.folder)}",
        )
    _adopt_memory_pages(story)
    story.pages.write(story.record, story.log)
    story.remember()


def _adopt_memory_pages(story: Story) -> None:
    """Put what a person edited on the two memory pages into the log."""
    before = story.pages.last_written(story.log)
    short = story.pages.short_edit(story.record, before)
    long = story.pages.long_edits(story.record, before)
    events = [event("memory", text=short)] if short is not None else []
    events += [event("long", number=number, text=text) for number, text in long.items()]
    for step in events:
        story.record.apply(story.log.append(step))
    story.adopted += ["short memory"] * (short is not None) + [f"long memory of paragraph {n}" for n in long]


def _begun_at(told: Manuscript) -> list[Begun]:
    """Where each chapter of a manuscript begins."""
    begun, first = [], 1
    for chapter in told.chapters:
        begun.append(Begun(first, chapter.title))
        first += len(chapter.paragraphs)
    return begun
