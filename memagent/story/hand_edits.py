"""Taking up what a person edited by hand: the manuscript when they say so, the memory pages whenever they are seen."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from memagent.errors import StoryError, Unsynced
from memagent.story.log import Event, event
from memagent.story.long_memory import OnProgress, remember
from memagent.story.manuscript import Manuscript
from memagent.story.paths import quote
from memagent.story.record import Begun
from memagent.story.renumbering import Edits, compared

if TYPE_CHECKING:
    from memagent.story.book import Story


def found(story: Story) -> tuple[Edits, Manuscript]:
    """Return what a person edited of the manuscript, and the manuscript as they left it; nothing changes.

    Raises `StoryError` where the story has not begun, where no paragraph is left, or where two files are one chapter.
    """
    story.begun()
    record = story.record
    told = story.pages.manuscript_on_disk(record, story.pages.last_written(story.log))
    now = [text for _, text in told.paragraphs]
    if not now:
        raise StoryError("the manuscript holds no paragraph", hint="Delete the file to have it written again.")
    edits, places = compared(record.paragraphs, now), begun_at(told)
    titles = [one.title for one in places] != [one.title for one in record.chapters]
    bounds = not edits.count and places != record.chapters  # where paragraphs were edited, bounds shift with them
    return replace(edits, headings=told.title != record.title or titles or bounds), told


def sync(story: Story) -> Edits:
    """Take up the manuscript as a person left it, and the memory pages; return what was edited. One step of the log.

    The long memory follows: what it holds of a paragraph stays with it when its number shifts, and only new texts are
    embedded. The short memory follows with the next paragraph, whose prompt carries the edits (see `edited`), unless a
    person or `reading_back` brings it up to them before. Needs `editing(adopt=False)`; raises as `found` does.
    """
    _adopt_memory_pages(story)
    edits, told = found(story)
    if edits.count or edits.headings:
        now = [text for _, text in told.paragraphs]
        places = [[chapter.first, chapter.title] for chapter in begun_at(told)]
        same, seen = [list(run) for run in edits.runs], story.pages.digests()
        story.commit(event("manuscript", paragraphs=now, title=told.title, chapters=places, same=same, files=seen))
    else:
        story.pages.write(story.record, story.log)
    take_up(story)
    return edits


def take_up(story: Story, on_progress: OnProgress = lambda done, of: None) -> None:
    """Adopt what a person edited on the memory pages, bring all pages and the long memory up to the log.

    Raises `Unsynced` where the manuscript was edited by hand, or a chapter deleted.
    """
    if problem := unsynced(story):
        raise problem
    _adopt_memory_pages(story)
    if story.pages.ahead:
        aside = story.pages.put_aside()[0].parent
        story.adopted.append(f"log: its last lines were lost; what the pages showed of them is kept in {aside}")
    story.pages.write(story.record, story.log)
    remember(story, on_progress)
    story.canon.follow(story.record)


def unsynced(story: Story) -> Unsynced | None:
    """Return what is to be said where the manuscript was edited by hand, or a chapter deleted."""
    before = story.pages.last_written(story.log)
    edited = story.pages.edited_chapters(story.record, before)
    deleted = story.pages.deleted_chapters(story.record, before)
    if edited or deleted:
        said = [_said(edited, "edited")] * bool(edited) + [_said(deleted, "deleted")] * bool(deleted)
        again = f"\nPut what was deleted back with: memagent story rebuild {quote(story.folder)}" * bool(deleted)
        return Unsynced(
            ", and ".join(said), hint=f"Take the edits up with: memagent story sync {quote(story.folder)}{again}"
        )
    return None


def begun_at(told: Manuscript) -> list[Begun]:
    """Where each chapter of a manuscript begins."""
    begun, first = [], 1
    for chapter in told.chapters:
        begun.append(Begun(first, chapter.title))
        first += len(chapter.paragraphs)
    return begun


def _said(paths: list[Path], what: str) -> str:
    return f"{', '.join(repr(str(path)) for path in paths)} {'was' if len(paths) == 1 else 'were'} {what} by hand"


def memory_edits(story: Story) -> list[Event]:
    """Return what a person edited on the two memory pages, as events for the log."""
    before = story.pages.last_written(story.log)
    short = story.pages.short_edit(story.record, before)
    long = story.pages.long_edits(story.record, before)
    events = [event("memory", text=short)] if short is not None else []
    return events + [event("long", number=number, text=text) for number, text in long.items()]


def _adopt_memory_pages(story: Story) -> None:
    """Put what a person edited on the two memory pages into the log."""
    for step in memory_edits(story):
        story.record.apply(story.log.append(step))
        story.adopted.append(
            "short memory" if step["type"] == "memory" else f"long memory of paragraph {step['number']}"
        )
