"""Forks of a story: all of it, or up to any paragraph of its past. No model is asked.

A fork reads as the story does now up to that place, and knows what was known there. Where the story once ended there,
and the steps behind it did nothing else, they are taken back. Elsewhere (inside a part that was imported or rebuilt,
inside the opening, before what was revised or edited later) the fork is ended there by a step of its own, with the
newest short memory that knows of nothing behind that place: none, where a model has read only the end. What it does
not know yet, the next prompt carries, as far as there is room (see `edited`), and `reading_back` reads it. Pages, long
memory, canon and the lorebook's progressions go by the paragraphs that are there.
"""

from __future__ import annotations

import shutil
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from memagent import files
from memagent.errors import StorageError, StoryError, UsageProblem
from memagent.story import finished, long_memory
from memagent.story.book import HIDDEN, Story
from memagent.story.drafts import last_of
from memagent.story.log import Event, Log, event
from memagent.story.manuscript import Place
from memagent.story.record import StoryRecord
from memagent.story.renumbering import was

_OF_THE_END = frozenset(["written", "picked", "plans", "memory"])
"""Steps that do nothing to what stands before the place at which they are taken back."""


def branch(story: Story, folder: Path, place: Place | None = None) -> Story:
    """Copy a story into a new folder, all of it or up to a chapter or paragraph; return the copy.

    What was written behind that place stays in the copy's log: `undo` or `redo` there brings it back. A run that was
    stopped on its way is not gone on with behind another end.

    Raises `UsageProblem` for a folder inside the story and a place that is not there; `StoryError` for a folder that
    holds something.
    """
    if folder.resolve().is_relative_to(story.folder.resolve()):
        raise UsageProblem(
            f"{str(folder)!r} is inside the story", hint="Choose a folder outside of it, such as one beside it."
        )
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise StoryError(f"{str(folder)!r} is there already", hint="Choose another name for the copy.")
    upto = len(story.record.paragraphs) if place is None else last_of(story.record, place)
    with files.writing(folder):
        _copy(story.folder, folder)
        long_memory.copied(story, folder / HIDDEN)
    log = Log(folder / HIDDEN / "events.jsonl")
    record = StoryRecord.fold(log.read())
    log.repair()
    if upto < len(record.paragraphs):
        log.append(_end(record, upto))
        if record.goal is not None and not record.goal.reached:
            log.append(event("reached"))
    copy = Story(folder)
    copy.pages.write(copy.record, copy.log)
    return copy


def _copy(story: Path, folder: Path) -> None:
    """Copy a story's files; where one cannot be copied, nothing is left behind. Raises `StorageError` that names it."""
    kept = shutil.ignore_patterns("memory.db*", "rebuilt.db*", "lock", "pages.json", "canon.json", finished.FILE)
    try:
        shutil.copytree(story, folder, ignore=kept, dirs_exist_ok=True)
    except shutil.Error as error:
        shutil.rmtree(folder)
        file, _, why = error.args[0][0]
        reason = str(why).partition("] ")[2].partition(":")[0] or why
        raise StorageError(
            f"{str(file)!r} could not be copied: {reason}",
            hint="Nothing was made. Mend it or move it away, then give the same command again.",
        ) from error


def _end(record: StoryRecord, upto: int) -> Event:
    """Return the step that makes a paragraph the last one."""
    if steps := _steps_behind(record, upto):
        return event("undo", steps=steps)
    memory, plans, knows = _at(record, upto)
    remembered = None if knows == record.paragraphs[:upto] else knows
    return event("ended", number=upto, memory=memory, plans=list(plans), remembered=remembered)


def _steps_behind(record: StoryRecord, upto: int) -> int:
    """How many of the last steps are to be taken back where that, and no more, ends the story at a paragraph; else 0.

    The choice of what happens behind it is taken back as well.
    """
    fold, kept = StoryRecord(), 0
    for number, step in enumerate(record.done, 1):
        fold.apply(step)
        if len(fold.paragraphs) == upto and step["type"] != "picked":
            kept = number
    behind = record.done[kept:]
    return len(behind) if kept and all(step["type"] in _OF_THE_END for step in behind) else 0


@dataclass
class _Known:
    """What the short memory knows while the steps of a story are gone through again, and up to where.

    Attributes:
        now: where each paragraph stands today, by the number of its own that it has whatever stands before it.
        texts: the paragraphs that the memory knows, as they were; `reach` is where the last of them stands today.
        last: where the last paragraph of the story as it was then stands today.
    """

    now: dict[int, int]
    fold: StoryRecord = field(default_factory=StoryRecord)
    texts: list[str] = field(default_factory=list)
    reach: int = 0
    last: int = 0

    def take(self, step: Event, own: list[int]) -> None:
        """Go on by a step, behind which these are the paragraphs."""
        had = bool(self.fold.state and self.fold.state.memory)
        self.fold.apply(step)
        new = own[-len(step["written"]) :] if step["type"] == "written" and self.last else own
        self.last = max(self.last if new is not own else 0, self._reach(new))
        if (count := _seen(self.fold, step)) is None:
            return
        more = step["type"] == "read" and had  # the reader began from the memory that was there
        if not more or count > len(self.texts):
            self.texts = self.fold.paragraphs[:count]
        if step.get("remembered") is not None:
            self.texts = list(step["remembered"])
        self.reach = max(self.reach if more else 0, self._reach(own[:count]))

    def _reach(self, own: list[int]) -> int:
        return max((self.now.get(one, 0) for one in own), default=0)


def _at(record: StoryRecord, upto: int) -> tuple[str, tuple[str, ...], list[str]]:
    """Return the newest short memory that knows of nothing behind a paragraph, the plans there, and what it knows."""
    (today,) = deque(_own_numbers(record.done), maxlen=1)
    known = _Known({one: number for number, one in enumerate(today, 1)})
    memory, plans, texts = "", tuple[str, ...](), list[str]()
    for step, own in zip(record.done, _own_numbers(record.done), strict=True):
        known.take(step, own)
        assert known.fold.state is not None
        if known.reach <= upto:
            memory = known.fold.state.memory
            texts = known.texts if memory else []
        if known.last == upto:
            plans = known.fold.state.plans
    return memory, plans, texts


def _own_numbers(steps: Iterable[Event]) -> Iterator[list[int]]:
    """Yield the own numbers of the paragraphs that there are behind each step, in order."""
    own, free = list[int](), 0
    for step in steps:
        kind = step["type"]
        count = len(step.get("written" if kind == "written" else "paragraphs", ()))
        if kind == "manuscript":
            before = dict(zip(range(1, count + 1), range(1, len(own) + 1), strict=False))
            before = was(step["same"]) if "same" in step else before
            own = [own[before[at] - 1] if at in before else free + at for at in range(1, count + 1)]
        elif count:
            own = own + list(range(free + 1, free + count + 1))
        elif kind == "ended":
            own = own[: step["number"]]
        free += count
        yield own


def _seen(fold: StoryRecord, step: Event) -> int | None:
    """How many paragraphs the short memory knows of that a step has made; `None` where it made none."""
    kind = step["type"]
    if kind in ("written", "memory") or (kind == "revised" and "memory" in step):
        return len(fold.paragraphs)
    if kind == "read":
        return int(step["last"])
    return {"imported": 0, "ended": step.get("number")}.get(kind)
