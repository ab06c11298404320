"""What is found in a file that is imported: a turn, a memory, a fact, or what is left out and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Found:
    """Something to keep.

    Attributes:
        text: what was said, verbatim, or what is remembered.
        place: where in the file it is, for people: `line 3`, `conversation 'Cats', message 5`.
        role: `user`, `assistant`, `system` or `tool`; '' for a memory that nobody said in these words.
        speaker: the name of who said it, where the file has one.
        at: when it was said (aware), where the file has a time.
        conversation: the name of the conversation there; '' where the file has none.
        message: its id there; '' where the file has none.
        user: whose it is there; '' where the file does not say.
        metadata: what else the file says of it.
        untimed: the file has a time for it that is not understood.
        triple: subject, relation and object, for a fact; `text` is '' then.
    """

    text: str
    place: str
    role: str = ""
    speaker: str = ""
    at: datetime | None = None
    conversation: str = ""
    message: str = ""
    user: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)
    triple: tuple[str, str, str] | None = None
    untimed: bool = False


@dataclass(frozen=True, slots=True)
class Skipped:
    """Something that is not kept: where it is in the file, and why."""

    place: str
    reason: str

    def __str__(self) -> str:
        return f"{self.place}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Odd(Skipped):
    """Something that is not of the format: left out among others that are, and an error where it is all there is."""
