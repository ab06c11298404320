"""Taking steps back and forth, the drafts that a paragraph has had, and forks of a story. No model is asked.

Nothing is ever thrown away: what was taken back stays in the log, and can be looked at and put back.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from memagent import files
from memagent.errors import StoryError, UsageProblem
from memagent.story import finished, long_memory
from memagent.story.book import HIDDEN, Story
from memagent.story.identities import texts
from memagent.story.log import Event, Log, event
from memagent.story.manuscript import Place
from memagent.story.record import STEPS, StoryRecord


@dataclass(frozen=True, slots=True)
class Draft:
    """A text that a paragraph has or had: how it came (`written`, ...), when, and whether it is there now."""

    text: str
    by: str
    at: str
    now: bool


def undo(story: Story, steps: int = 1) -> list[str]:
    """Take back the last steps, memory included; return what each was, the last first. Call it inside `editing`.

    Raises `UsageProblem` where there are not so many.
    """
    return _turn(story, "undo", story.record.done[::-1], steps)


def done_already(story: Story, kind: str, steps: int) -> list[str]:
    """Return what an `undo` or `redo` of so many steps did that was killed before it could say so; else nothing."""
    last = finished.unfinished(story)
    if last is None or (last["type"], last["steps"]) != (kind, steps):
        return []
    finished.end(story)
    taken = story.record.undone if kind == "undo" else story.record.done
    return [told(step) for step in taken[-steps:]]


def redo(story: Story, steps: int = 1) -> list[str]:
    """Bring back what `undo` took; return what each step was. A new step in between leaves nothing to bring back."""
    return _turn(story, "redo", story.record.undone[::-1], steps)


def drafts(story: Story, place: Place) -> list[Draft]:
    """Return every text that a paragraph has had, the oldest first, each once; see `memagent.story.identities`."""
    number = number_of(story.record, place)
    found: dict[str, Draft] = {}
    now = story.record.paragraphs[number - 1]
    for text, by, at in texts(story.log.events, number, STEPS):
        found.setdefault(text, Draft(text, by, at, text == now))
    return list(found.values())


def restore(story: Story, place: Place, text: str) -> None:
    """Put a draft back into its place. Call it inside `editing`."""
    number = number_of(story.record, place)
    if text not in {draft.text for draft in drafts(story, place)}:
        raise UsageProblem(f"{place} never had that text", hint="Choose one that `memagent story alt` lists.")
    if text != story.record.paragraphs[number - 1]:
        story.commit(event("revised", number=number, text=text, by="restored"))
        story.remember()


def branch(story: Story, folder: Path, place: Place | None = None) -> Story:
    """Copy a story into a new folder, all of it or up to a chapter or paragraph; return the copy.

    What was written behind that place is taken back in the copy, and can be brought back there.

    Raises `UsageProblem` for a folder inside the story, and a place inside its opening; `StoryError` for a folder that
    holds something.
    """
    if folder.resolve().is_relative_to(story.folder.resolve()):
        raise UsageProblem(
            f"{str(folder)!r} is inside the story", hint="Choose a folder outside of it, such as one beside it."
        )
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise StoryError(f"{str(folder)!r} is there already", hint="Choose another name for the copy.")
    upto = len(story.record.paragraphs) if place is None else last_of(story.record, place)
    if story.record.paragraphs:
        _steps_behind(story.record, upto)  # raises before anything is there
    with files.writing(folder):
        kept = shutil.ignore_patterns("memory.db*", "rebuilt.db*", "lock", "pages.json", "canon.json", finished.FILE)
        shutil.copytree(story.folder, folder, ignore=kept, dirs_exist_ok=True)
        long_memory.copied(story, folder / HIDDEN)
    log = Log(folder / HIDDEN / "events.jsonl")
    record = StoryRecord.fold(log.read())
    log.repair()
    if record.paragraphs and (steps := _steps_behind(record, upto)):
        log.append(event("undo", steps=steps))
        record = StoryRecord.fold(log.events)
    copy = Story(folder)
    copy.pages.write(copy.record, copy.log)
    return copy


def number_of(record: StoryRecord, place: Place) -> int:
    """Return the number of a paragraph in the whole story, from 1. Raises `UsageProblem` if it is not there."""
    chapters = record.chapter_texts()
    if not 1 <= place.chapter <= len(chapters):
        raise UsageProblem(f"there is no chapter {place.chapter}", hint=f"The story has {len(chapters)}.")
    paragraphs = len(chapters[place.chapter - 1][1])
    if not 1 <= place.paragraph <= paragraphs:
        what = f"there is no {place}" if place.paragraph else f"{place} is a whole chapter"
        raise UsageProblem(what, hint=f'Name one of its {paragraphs} paragraphs: "ch.{place.chapter} p1".')
    return record.chapters[place.chapter - 1].first + place.paragraph - 1


def place_of(record: StoryRecord, number: int) -> Place:
    """Return the place of a paragraph by its number in the whole story."""
    chapter = record.chapter_of(number)
    return Place(chapter, number - record.chapters[chapter - 1].first + 1)


def last_of(record: StoryRecord, place: Place) -> int:
    """Return the number of the last paragraph of a chapter, or of the paragraph itself."""
    if place.paragraph:
        return number_of(record, place)
    return number_of(record, Place(place.chapter, 1)) + len(record.chapter_texts()[place.chapter - 1][1]) - 1


def told(step: Event) -> str:
    """Say in words what a step of the log was."""
    kind = step["type"]
    if kind == "written":
        count = len(step["written"])
        return f"paragraph {step['number']}" if count == 1 else f"the opening, {count} paragraphs"
    words = {
        "revised": f"a new text for paragraph {step.get('number')}",
        "picked": f"the plan \u201c{step.get('plan')}\u201d",
        "plans": "other plans",
        "memory": "an edit of the short memory",
        "long": f"an edit of the long memory of paragraph {step.get('number')}",
        "manuscript": "your edits of the manuscript",
        "waived": f"{'meant' if step.get('meant', True) else 'meant no more'}: {step.get('text') or step.get('key')}",
        "draft": f"a draft for paragraph {step.get('number')}: {step.get('wish')}",
        "left": f"the drafts for paragraph {step.get('number')} were left",
        "planned": f"plans for chapters from {step.get('first')}",
        "created": "the story was made",
        "goal": f"a run to {step.get('until')} began",
        "reached": "the run came to its end",
        "failed": "a step failed",
        "extracted": f"{len(step.get('readings', ()))} paragraphs were read for the canon",
        "checked": f"{len(step.get('found', ()))} paragraphs were looked at for contradictions",
        "undo": f"undo of {step.get('steps')}",
        "redo": f"redo of {step.get('steps')}",
        "read": f"the memory made from paragraphs {step.get('first')} to {step.get('last')}",
        "imported": f"{len(step.get('paragraphs', ()))} paragraphs were imported",
    }
    return words.get(kind, str(kind))


_NOTHING = {
    "undo": "No paragraph was written yet, and nothing chosen or edited.",
    "redo": "What `undo` takes back comes back with this, until the next new step.",
}


def _turn(story: Story, kind: str, there: list[Event], steps: int) -> list[str]:
    if steps < 1:
        raise UsageProblem(f"{steps} steps are no number of steps", hint="Give at least 1.")
    if steps > len(there):
        able = f"There are {len(there)} steps" if len(there) > 1 else "There is 1 step"
        what = "take back" if kind == "undo" else "bring back"
        raise UsageProblem(
            f"{steps} steps cannot be taken" if there else f"nothing to {what}",
            hint=f"{able} to {what}." if there else _NOTHING[kind],
        )
    if kind == "undo" and any(step["type"] == "imported" for step in there[:steps]):
        raise UsageProblem("the import itself cannot be taken back", hint="To be rid of it, delete the story's folder.")
    finished.begin(story)
    story.commit(event(kind, steps=steps))
    story.remember()
    return [told(step) for step in there[:steps]]


def _steps_behind(record: StoryRecord, upto: int) -> int:
    """How many of the last steps have to be taken back so that no more than `upto` paragraphs are left."""
    fold, kept = StoryRecord(), 0
    for number, step in enumerate(record.done, 1):
        fold.apply(step)
        if len(fold.paragraphs) <= upto:
            kept = number
    if not kept:
        raise UsageProblem("what a story begins with is one step", hint="Branch from its last paragraph, or later.")
    return len(record.done) - kept
