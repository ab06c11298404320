"""What a story is, folded from its log: paragraphs, memory, plans, what it cost, and how far it is to go."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from memagent.errors import StoryError
from memagent.methods.recurrent import State
from memagent.story.log import Event
from memagent.types import Usage

VERSION = 1


@dataclass(frozen=True, slots=True)
class Goal:
    """Up to how many paragraphs a run goes, and what was asked for.

    A run keeps its goal until it has said that it reached it; one killed before that is still the same run.
    """

    until: int
    asked: str
    reached: bool = False


@dataclass(slots=True)
class StoryRecord:
    """The folded log. `apply` is the only thing that changes it."""

    paragraphs: list[str] = field(default_factory=list)
    state: State | None = None
    long_edits: dict[int, str] = field(default_factory=dict)  # edits of long memory, by paragraph; "" = let go
    usage: Usage = field(default_factory=Usage)
    goal: Goal | None = None

    @classmethod
    def fold(cls, events: Iterable[Event]) -> StoryRecord:
        """Replay events, oldest first."""
        record = cls()
        for event in events:
            record.apply(event)
        return record

    def apply(self, event: Event) -> None:
        """Take one event up. Raises `StoryError` for a kind that this version does not know."""
        handler = _HANDLERS.get(event.get("type", ""))
        if handler is None:
            raise StoryError(f"the story's log has an event {event.get('type')!r}", hint="Update memagent to read it.")
        try:
            handler(self, event)
        except (KeyError, TypeError, IndexError) as error:
            raise StoryError(
                f"a {event['type']!r} event in the story's log is damaged: {error!r}", hint="Restore it from a backup."
            ) from error

    @property
    def long_memory(self) -> dict[int, str]:
        """What long memory holds, by paragraph number.

        Every paragraph but the newest, as a person may have edited it.
        """
        texts = {number: self.long_edits.get(number, text) for number, text in enumerate(self.paragraphs[:-1], 1)}
        return {number: text for number, text in texts.items() if text}

    @property
    def title(self) -> str:
        """The title, once the story has begun."""
        return self.state.title if self.state else ""

    def _created(self, event: Event) -> None:
        if event["version"] > VERSION:
            raise StoryError(f"the story has format {event['version']}, this is {VERSION}", hint="Update memagent.")

    def _written(self, event: Event) -> None:
        self.paragraphs.extend(event["written"])
        self.usage += usage_from(event["usage"])
        before = self.state
        self.state = State(
            paragraphs=len(self.paragraphs),
            paragraph=self.paragraphs[-1],
            previous=self.paragraphs[-2] if len(self.paragraphs) > 1 else "",
            memory=event["memory"],
            plans=tuple(event["plans"]),
            plan=event["plan"],
            written=tuple(event["written"]),
            recalled=tuple(event["recalled"]),
            rationale=event["rationale"],
            title=event.get("title", before.title if before else ""),
            outline=event.get("outline", before.outline if before else ""),
        )

    def _failed(self, event: Event) -> None:
        self.usage += usage_from(event["usage"])

    def _picked(self, event: Event) -> None:
        self.state = replace(self._begun(), plan=event["plan"])

    def _memory(self, event: Event) -> None:
        self.state = replace(self._begun(), memory=event["text"])

    def _long(self, event: Event) -> None:
        self.long_edits[event["number"]] = event["text"]

    def _manuscript(self, event: Event) -> None:
        before, self.paragraphs = self.paragraphs, list(event["paragraphs"])
        kept = {n for n, text in enumerate(self.paragraphs, 1) if n <= len(before) and before[n - 1] == text}
        self.long_edits = {number: text for number, text in self.long_edits.items() if number in kept}
        self.state = replace(
            self._begun(),
            title=event["title"],
            paragraphs=len(self.paragraphs),
            paragraph=self.paragraphs[-1],
            previous=self.paragraphs[-2] if len(self.paragraphs) > 1 else "",
        )

    def _goal(self, event: Event) -> None:
        self.goal = Goal(event["until"], event["asked"])

    def _reached(self, event: Event) -> None:
        if self.goal is not None:
            self.goal = replace(self.goal, reached=True)

    def _begun(self) -> State:
        if self.state is None:
            raise StoryError("the story has not begun", hint="Write its first paragraphs with: memagent story write")
        return self.state


_HANDLERS = {
    "created": StoryRecord._created,
    "written": StoryRecord._written,
    "failed": StoryRecord._failed,
    "picked": StoryRecord._picked,
    "memory": StoryRecord._memory,
    "long": StoryRecord._long,
    "manuscript": StoryRecord._manuscript,
    "goal": StoryRecord._goal,
    "reached": StoryRecord._reached,
}


def written_event(state: State, usage: Usage, llm: str) -> Event:
    """Return the event that says what one transition wrote. Title and outline are kept once, with the opening."""
    event: dict[str, Any] = {
        "type": "written",
        "number": state.paragraphs,
        "written": list(state.written),
        "memory": state.memory,
        "plans": list(state.plans),
        "plan": state.plan,
        "recalled": list(state.recalled),
        "rationale": state.rationale,
        "usage": usage_to(usage),
        "llm": llm,
    }
    if state.paragraphs == len(state.written):
        event |= {"title": state.title, "outline": state.outline}
    return event


def usage_to(usage: Usage) -> dict[str, Any]:
    """Return a usage as the log keeps it."""
    return {
        "calls": usage.calls,
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "cost": usage.cost,
        "estimated": usage.estimated,
    }


def usage_from(data: Mapping[str, Any]) -> Usage:
    """Read a usage back."""
    return Usage(**data)
