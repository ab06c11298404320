"""What a prompt is put together from, and what becomes of it: plain values."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from memagent.chat.counting import Counter, cautious
from memagent.chat.recalled import Recalled
from memagent.types import Message, Summary, Talk


@dataclass(frozen=True, slots=True)
class Limits:
    """How many tokens a prompt has at most, and how they are counted."""

    tokens: int
    count: Counter = cautious


@dataclass(frozen=True, slots=True)
class Asked:
    """One message with all that may be shown beside it.

    Attributes:
        message: what the user says now.
        at: when.
        id: of the message's turn.
        user: who the user is, for what carries no speaker.
        speaker: the name of who says the message; the user's if it is empty.
        system: the prompt of the chatbot.
        pinned: what is always shown, as long as it has room.
        talk: the last turns, and the summary of those before.
        recalled: what the message calls to mind, best first within its kind.
    """

    message: str
    at: datetime
    id: str
    user: str = ""
    system: str = ""
    pinned: tuple[str, ...] = ()
    talk: Talk = field(default_factory=Talk)
    recalled: tuple[Recalled, ...] = ()
    speaker: str = ""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Something that was not shown, or not whole.

    Attributes:
        what: `pinned`, `memory`, `summary`, `turn` or `message`.
        id: of the memory or turn; empty for others.
        why: in words.
    """

    what: Literal["pinned", "memory", "summary", "turn", "message"]
    id: str
    why: str


@dataclass(frozen=True, slots=True)
class Context:
    """A prompt, how many tokens it has of how many it may, what stands in it, and what was left out of it.

    `unseen` is how many turns at least are neither shown nor covered by the summary, whether that is shown or not.
    """

    messages: tuple[Message, ...]
    tokens: int
    limit: int
    memories: tuple[Recalled, ...] = ()
    turns: tuple[str, ...] = ()
    summary: Summary | None = None
    left_out: tuple[LeftOut, ...] = ()
    unseen: int = 0
