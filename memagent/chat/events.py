"""What a streamed turn tells while it goes: small frozen values with a `type`, each of which writes itself as JSON.

The order: `memory` (what the user said is kept), for each search `query` and `retrieved`, `text` piece by piece,
`memory` (the answer is kept), `usage`, `done`. A call that broke off and is made again tells `retry` first: the text
so far does not count then.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar

from memagent.chat.answering import REPLY
from memagent.chat.reply import Reply
from memagent.flow import (
    Event,
    FindRationales,
    Remember,
    Retrieve,
    StepDone,
    StepRetried,
    StepStarted,
    TokenReceived,
)
from memagent.methods.thinking import spoken
from memagent.types import Hit, Usage


@dataclass(frozen=True, slots=True)
class Told:
    """What all events have."""

    type: ClassVar[str] = ""

    def as_json(self) -> dict[str, Any]:
        """Return the event as JSON data."""
        return {"type": self.type}

    def json(self) -> str:
        """Return the event as one line of JSON."""
        return json.dumps(self.as_json(), ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class Text(Told):
    """A piece of the answer."""

    type: ClassVar[str] = "text"
    text: str

    def as_json(self) -> dict[str, Any]:
        """Return the event as JSON data."""
        return {"type": self.type, "text": self.text}


@dataclass(frozen=True, slots=True)
class Query(Told):
    """Something is looked for. `using` says how: a retriever, `facts` or `rationales`."""

    type: ClassVar[str] = "query"
    query: str
    using: str

    def as_json(self) -> dict[str, Any]:
        """Return the event as JSON data."""
        return {"type": self.type, "query": self.query, "using": self.using}


@dataclass(frozen=True, slots=True)
class Retrieved(Told):
    """What a search found, best first. What of it was shown to the model is told by the reply's `why()`."""

    type: ClassVar[str] = "retrieved"
    hits: tuple[Hit, ...]
    using: str

    def as_json(self) -> dict[str, Any]:
        """Return the event as JSON data."""
        hits = [{"id": one.id, "kind": one.kind, "text": one.text, "score": one.score} for one in self.hits]
        return {"type": self.type, "using": self.using, "hits": hits}


@dataclass(frozen=True, slots=True)
class MemoryWritten(Told):
    """Something is on disk: a turn. `role` says whose."""

    type: ClassVar[str] = "memory"
    id: str
    role: str
    text: str

    def as_json(self) -> dict[str, Any]:
        """Return the event as JSON data."""
        return {"type": self.type, "id": self.id, "role": self.role, "text": self.text}


@dataclass(frozen=True, slots=True)
class Retry(Told):
    """The call broke off and is made again: the text so far does not count."""

    type: ClassVar[str] = "retry"
    why: str

    def as_json(self) -> dict[str, Any]:
        """Return the event as JSON data."""
        return {"type": self.type, "why": self.why}


@dataclass(frozen=True, slots=True)
class Used(Told):
    """What the turn cost."""

    type: ClassVar[str] = "usage"
    usage: Usage

    def as_json(self) -> dict[str, Any]:
        """Return the event as JSON data."""
        one = self.usage
        counts = {"calls": one.calls, "input_tokens": one.input_tokens, "output_tokens": one.output_tokens}
        return {"type": self.type, **counts, "cost": one.cost, "estimated": one.estimated}


@dataclass(frozen=True, slots=True)
class Done(Told):
    """The turn is over. `reply` is the whole answer."""

    type: ClassVar[str] = "done"
    reply: Reply

    def as_json(self) -> dict[str, Any]:
        """Return the event as JSON data."""
        return {"type": self.type, **self.reply.as_json()}


@dataclass
class Hearing:
    """Turns what a controller tells into events, and keeps the text that has come so far."""

    _raw: str = ""
    text: str = field(default="")

    def heard(self, event: Event) -> Iterator[Told]:
        """Yield the events that an event of the controller stands for."""
        if isinstance(event, TokenReceived) and event.label == REPLY:
            yield from self._token(event.text)
        elif isinstance(event, StepRetried):
            self._raw = self.text = ""
            yield Retry(str(event.error))
        elif isinstance(event, StepStarted) and isinstance(event.step, Retrieve | FindRationales):
            yield Query(*_looked_for(event.step))
        elif isinstance(event, StepDone) and isinstance(event.step, Retrieve | FindRationales):
            using = _looked_for(event.step)[1]
            yield Retrieved(tuple(map(_as_hit, event.answer)), using)
        elif isinstance(event, StepDone) and isinstance(event.step, Remember):
            for note, id in zip(event.step.notes, event.answer, strict=True):
                yield MemoryWritten(id, str(note.metadata.get("role", "")), note.text)

    def _token(self, piece: str) -> Iterator[Told]:
        """A piece, once it is known that it is no thought of a model that thinks aloud."""
        self._raw += piece
        so_far = spoken(self._raw).lstrip()
        if not so_far.startswith(self.text):
            self.text = ""
            yield Retry("what had come so far was thought aloud")
        new, self.text = so_far.removeprefix(self.text), so_far
        if new:
            yield Text(new)


def _looked_for(step: Retrieve | FindRationales) -> tuple[str, str]:
    return (step.query, step.using or "hybrid") if isinstance(step, Retrieve) else (step.problem, "rationales")


def _as_hit(found: Any) -> Hit:
    if isinstance(found, Hit):
        return found
    return Hit(found.id, found.text, 1.0, source=found.source, kind="rationale")
