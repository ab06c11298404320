"""Which paragraph waits to be kept or written again, behind every step of a story, and what one that was left said.

A paragraph that is held back belongs to the story as it stood then. A step that leads elsewhere lets it go; whatever
brings the story back to where it stood (`undo`, `redo`) lets it wait again, until somebody has decided on it. Steps
that leave the place where it would stand as it is, such as a revision of older text, let it wait.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import takewhile

from memagent.story.log import Event

_STAYS = frozenset("waived long memory manuscript revised".split())
"""Steps behind which a paragraph waits still."""
_TELLS = frozenset("held failed goal reached draft left planned extracted checked waived long memory".split())
"""Events behind which what a draft contradicted contradicts still."""


@dataclass(slots=True)
class Aside:
    """What is held back now, and what was before.

    Attributes:
        held: the event of the paragraph that waits, see `holding`.
        wrong: what the one contradicted that is to be written again, a line each; empty where none is.
    """

    held: Event | None = None
    wrong: str = ""
    _put: list[tuple[Event | None, Event]] = field(default_factory=list)  # each with the step behind which it waits

    def take(self, event: Event, done: Sequence[Event], paragraphs: int) -> None:
        """Follow an event; `done` are the steps that hold behind it, and `paragraphs` is how many there are then."""
        kind = event["type"]
        if kind not in _TELLS:
            self.wrong = ""
        if kind == "held":
            self._put.append((behind(done), event))
            self.wrong = ""
        elif self.held is not None and (kind == "written" or (kind, event.get("number")) == ("left", paragraphs + 1)):
            self._put = [one for one in self._put if one[1] is not self.held]
            self.wrong = event.get("wrong", "") if kind == "left" else ""
        if self._put:
            here = behind(done)
            waits = (held for step, held in reversed(self._put) if held["number"] == paragraphs + 1 and step == here)
            self.held = next(waits, None)
        else:
            self.held = None


def behind(done: Sequence[Event]) -> Event | None:
    """Return the newest step that made the story stand where it does; `None` where there is none."""
    return next((step for step in reversed(done) if step["type"] not in _STAYS), None)


def since(done: Sequence[Event]) -> list[Event]:
    """Return the steps behind that one, the newest first."""
    return list(takewhile(lambda step: step["type"] in _STAYS, reversed(done)))
