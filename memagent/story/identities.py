"""Every text that a paragraph has had, however its number has shifted since: read from the log alone.

A paragraph that is written again after `undo` is the same one, told otherwise. After hand edits it is the one that it
was found to be, see `memagent.story.renumbering`; logs from before that was kept go by its number.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from memagent.story.log import Event
from memagent.story.renumbering import was

Identity = tuple[int, int]
"""The hand edit, by its place in the log, behind which it was first written, and its number then."""


@dataclass(slots=True)
class Numbers:
    """Which paragraph has which number, while a log is read."""

    frames: list[tuple[int, list[Identity]]] = field(default_factory=lambda: [(0, [])])
    done: list[tuple[int, list[Identity]] | None] = field(default_factory=list)  # the frame that a step made
    undone: list[tuple[int, list[Identity]] | None] = field(default_factory=list)

    def of(self, number: int) -> Identity:
        """Return which paragraph has this number now."""
        begun, known = self.frames[-1]
        return known[number - 1] if number <= len(known) else (begun, number)

    def take(self, at: int, event: Event, steps: frozenset[str]) -> None:
        """Follow an event, the one at place `at` of the log; `steps` are the kinds that can be taken back."""
        kind = event["type"]
        if kind == "undo":
            for _ in range(event["steps"]):
                self.undone.append(self.done.pop())
                if self.undone[-1] is not None:
                    self.frames.pop()
        elif kind == "redo":
            for _ in range(event["steps"]):
                self.done.append(self.undone.pop())
                if (frame := self.done[-1]) is not None:
                    self.frames.append(frame)
        elif kind in steps:
            frame = self._edited(at, event) if kind == "manuscript" and "same" in event else None
            if frame is not None:
                self.frames.append(frame)
            self.done.append(frame)
            self.undone.clear()

    def _edited(self, at: int, event: Event) -> tuple[int, list[Identity]]:
        before = was(event["same"])
        count = len(event["paragraphs"])
        return at, [self.of(before[new]) if new in before else (at, new) for new in range(1, count + 1)]


def texts(events: Sequence[Event], number: int, steps: frozenset[str]) -> Iterator[tuple[str, str, str]]:
    """Yield each text that the paragraph with this number now has had, how it came, and when; the oldest first."""
    numbers = Numbers()
    for at, event in enumerate(events, 1):
        numbers.take(at, event, steps)
    wanted = numbers.of(number)
    numbers = Numbers()
    for at, event in enumerate(events, 1):
        numbers.take(at, event, steps)
        for place, text, by in _told(event):
            if numbers.of(place) == wanted:
                yield text, by, event.get("at", "")


def _told(event: Event) -> Iterator[tuple[int, str, str]]:
    """Yield the numbers, texts and origins of the paragraphs that an event has."""
    kind = event["type"]
    if kind == "written":
        if "rejected" in event:
            yield event["number"], event["rejected"], "rejected"
        first = event["number"] - len(event["written"]) + 1
        for at, text in enumerate(event["written"], first):
            yield at, text, "written"
    elif kind == "revised":
        yield event["number"], event["text"], event.get("by", "revised")
    elif kind == "held":
        yield event["number"], event["text"], "held back"
    elif kind == "draft":
        yield event["number"], event["text"], "offered"
    elif kind in ("manuscript", "imported"):
        for at, text in enumerate(event["paragraphs"], 1):
            yield at, text, "edited" if kind == "manuscript" else "imported"
