"""Taking steps back and forth, and the drafts that a paragraph has had. No model is asked; for forks see `branching`.

Nothing is ever thrown away: what was taken back stays in the log, and can be looked at and put back.
"""

from __future__ import annotations

from dataclasses import dataclass

from memagent.errors import UsageProblem
from memagent.story import finished
from memagent.story.book import Story
from memagent.story.identities import texts
from memagent.story.log import Event, event
from memagent.story.manuscript import Place
from memagent.story.paths import quote
from memagent.story.record import STEPS, StoryRecord
from memagent.story.refounding import REBUILT


@dataclass(frozen=True, slots=True)
class Draft:
    """A text that a paragraph has or had: how it came (`written`, ...), when, whether it is there now, or waits."""

    text: str
    by: str
    at: str
    now: bool
    waits: bool = False


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
    """Return every text that a paragraph has had, the oldest first, each once; see `memagent.story.identities`.

    So it does for a paragraph that is not there, or not any more: one that waits (see `holding`), was let go, or was
    taken back. Raises `UsageProblem` where there has never been one.
    """
    record, found = story.record, dict[str, Draft]()
    number = _number_behind(story, place) or number_of(record, place)
    now = record.paragraphs[number - 1] if number <= len(record.paragraphs) else None
    held = record.held["text"] if record.held and record.held["number"] == number else None
    for text, by, at in texts(story.log.events, number, STEPS):
        found.setdefault(text, Draft(text, by, at, text == now, text == held))
    if not found:
        number_of(record, place)
    return list(found.values())


def _number_behind(story: Story, place: Place) -> int | None:
    """Return the number that a place behind the end has in the whole story; `None` for any other place."""
    record = story.record
    if not record.chapters or not place.paragraph:
        return None
    begins = "chapter" in record.held["step"] if record.held else story.standing.begins
    if begins and place == Place(len(record.chapters) + 1, 1):
        return len(record.paragraphs) + 1
    number = record.chapters[-1].first + place.paragraph - 1
    return number if place.chapter == len(record.chapters) and number > len(record.paragraphs) else None


def restore(story: Story, place: Place, text: str) -> None:
    """Put a draft back into its place. Call it inside `editing`."""
    if _number_behind(story, place) is not None and drafts(story, place):
        held = story.record.held
        folder = quote(story.folder)
        keep, back = f"memagent story write {folder} --keep", f"memagent story redo {folder}"
        raise UsageProblem(
            f"{place} is not in the story",
            hint=f"It waits. Take it with: {keep}" if held else f"What `undo` took back comes back with: {back}",
        )
    number = number_of(story.record, place)
    if text not in {draft.text for draft in drafts(story, place)}:
        raise UsageProblem(f"{place} never had that text", hint="Choose one that `memagent story alt` lists.")
    if text != story.record.paragraphs[number - 1]:
        story.commit(event("revised", number=number, text=text, by="restored"))
        story.remember()


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
        "held": f"paragraph {step.get('number')} was held back: it contradicts what was told",
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
        "ended": f"the end of the branch at paragraph {step.get('number')}",
        "imported": f"{len(step.get('paragraphs', ()))} paragraphs were imported",
    }
    return words.get(kind, str(kind))


_NOTHING = {
    "undo": "No paragraph was written yet, and nothing chosen or edited.",
    "redo": "What `undo` takes back comes back with this, until the next new step.",
}

_FOUND = {
    False: "What was imported cannot be taken back; to be rid of it, delete the story's folder.",
    True: "What the story was rebuilt from cannot be taken back: what was before that is not known.",
}


def _turn(story: Story, kind: str, there: list[Event], steps: int) -> list[str]:
    if steps < 1:
        raise UsageProblem(f"{steps} steps are no number of steps", hint="Give at least 1.")
    found = next((at for at, step in enumerate(there) if step["type"] == "imported"), None) if kind == "undo" else None
    able = len(there) if found is None else found
    if steps > able:
        what = "take back" if kind == "undo" else "bring back"
        hint = (
            f"There {'are' if able > 1 else 'is'} {able} {'steps' if able > 1 else 'step'} to {what}." if able else ""
        )
        if found is not None:
            hint = f"{hint} {_FOUND[there[found].get('source') == REBUILT]}".strip()
        refused = f"{steps} step{'s' * (steps != 1)} cannot be taken" if able else f"nothing to {what}"
        raise UsageProblem(refused, hint=hint or _NOTHING[kind])
    finished.begin(story)
    story.commit(event(kind, steps=steps))
    story.remember()
    return [told(step) for step in there[:steps]]
