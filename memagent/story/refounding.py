"""A story whose log is gone, made anew from the files that people read.

Chapters, short memory, and what a person may have changed of the long memory come from their files; settings, premise,
outline, lore, note and style are files anyway. What only the log knew is gone: drafts, what was taken back, what it
cost, and the plans for the next paragraph.
"""

from __future__ import annotations

import json
from pathlib import Path

from memagent import files
from memagent.errors import StoryError
from memagent.story.hand_edits import begun_at
from memagent.story.lock import locked
from memagent.story.log import Event, Log, event
from memagent.story.manuscript import Manuscript
from memagent.story.pages import Pages
from memagent.story.paths import HIDDEN, quote
from memagent.story.record import VERSION, StoryRecord

REBUILT = "chapters/"
"""What the log says to have been imported from where a story was made anew."""


def is_lost(folder: Path) -> bool:
    """Whether a folder holds a story whose log is gone."""
    there = (folder / "story.toml").is_file() or any(Pages(folder).on_disk())
    return there and not _log(folder).path.is_file()


def no_story(folder: Path) -> StoryError:
    """Return what is to be said of a folder without a log, and what can be done."""
    if is_lost(folder):
        return StoryError(
            f"the log of the story in {str(folder)!r} is gone: {str(_log(folder).path)!r}",
            hint="Restore it from a backup; or make the story anew from its plain files (chapters, memory, settings):\n"
            f"memagent story rebuild {quote(folder)}",
        )
    above = next((one for one in folder.resolve().parents if _log(one).path.is_file()), None)
    below = [one.parent.parent for one in sorted(folder.glob("*/.memagent/events.jsonl"))[:3]]
    hint = f"The story is in {quote(above)}: give that folder." if above else ""
    if below and not hint:
        hint = f"Give the folder of one: {', '.join(map(quote, below))}\nor begin one: memagent story init NAME"
    return StoryError(
        f"there is no story in {str(folder)!r}",
        hint=hint or f"Begin one with: memagent story init {quote(folder)}",
    )


def refound(folder: Path) -> StoryRecord:
    """Write a new log for a story that has lost its own; return what it holds. No model is asked.

    The log is there as a whole or not at all, so the same call goes on wherever it was killed. Raises `StoryError` for
    a file that cannot be read, and `Locked` where another process does the same.
    """
    with files.writing(folder):
        (folder / HIDDEN).mkdir(exist_ok=True)
    with locked(folder):
        log, pages = _log(folder), Pages(folder)
        events: list[Event] = [event("created", version=VERSION, rebuilt=True)]
        if pages.on_disk():
            told = pages.manuscript_as_it_stands()
            events += _told(told) if told.paragraphs else []
        record = StoryRecord.fold(events)
        if record.paragraphs:
            edits = _memory(pages, record)
            events += edits
            record = StoryRecord.fold(events)
        files.replace(log.path, "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in events))
        log.read()
        pages.write(record, log)
        return record


def _told(told: Manuscript) -> list[Event]:
    chapters = [[chapter.first, chapter.title] for chapter in begun_at(told)]
    texts = [text for _, text in told.paragraphs]
    return [event("imported", paragraphs=texts, title=told.title, chapters=chapters, source=REBUILT)]


def _memory(pages: Pages, record: StoryRecord) -> list[Event]:
    """The short memory, and what differs in the long one, of the pages as they stand."""
    nothing = StoryRecord()
    short = pages.short_edit(record, nothing)
    long = pages.long_edits(record, nothing)
    kept = [event("memory", text=short)] if short is not None else []
    return kept + [event("long", number=number, text=text) for number, text in long.items()]


def _log(folder: Path) -> Log:
    return Log(folder / HIDDEN / "events.jsonl")
