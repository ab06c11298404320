"""Turns of one conversation as passages, for frameworks that keep their messages in a memory.

A turn is one passage: its text is what was said, verbatim; `at` is when; its metadata has the `role` and, where it is
known, the `speaker`. What a framework's message has besides (calls of tools, attachments, its own fields) is kept in
the metadata under a key of that framework, without the text, which stands in the passage alone: so an edited passage is
an edited message. A message without text is a passage without text, which no search finds.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any, TypeAlias

from memagent.errors import UsageProblem
from memagent.memory import Memory
from memagent.types import Note, Passage, Role

Content: TypeAlias = str | list[Any]
"""What a message of a framework says: a text, or a list of parts of which some are texts."""

_TEXTS = ("text", "input_text", "output_text")


@dataclass(frozen=True, slots=True)
class Turn:
    """A turn on its way into a memory.

    Attributes:
        role: who speaks; not kept where nothing is said.
        text: what was said.
        id: of the passage; made here where there is none, so that the same words said twice are two turns.
        speaker: a name, where there is one beside the role.
        kept: what the framework wants back besides, by its own key.
    """

    role: Role
    text: str
    id: str = ""
    speaker: str = ""
    kept: Mapping[str, Any] = field(default_factory=dict)


def conversation(memory: Memory) -> Memory:
    """Return a handle that is bound to one conversation, or say that this one is not.

    Raises:
        ScopeRequired: no user is bound.
        UsageProblem: no session is bound.
    """
    memory.count()
    if memory.scope.session is None:
        hint = 'Bind one: memory.bind(user="...", session="...").'
        raise UsageProblem("a conversation needs a session, and none is bound", hint=hint)
    return memory


def write(memory: Memory, turns: Sequence[Turn]) -> list[str]:
    """Keep turns in order and return the ids of their passages; a turn whose id is here with this text stays as it is.

    Raises:
        Conflict: an id is taken by another text.
        SecretRefused: a turn holds a secret, and the memory refuses these; nothing was written.
    """
    now = datetime.now(UTC)
    said = [_note(turn, now + timedelta(microseconds=number)) for number, turn in enumerate(turns)]
    notes = memory.core.guard.notes(said)
    ids: list[str] = []
    for has_text, some in groupby(notes, key=lambda note: bool(note.text.strip())):
        group = list(some)
        if has_text:
            ids += memory.add(group)
        else:
            vectors = memory.core.vectors(memory.scope, group)
            ids += memory.store.add(memory.scope, group, vectors)
    return ids


def turns_in(memory: Memory, key: str) -> list[Passage]:
    """Return the turns of this very scope: those with a role, and those kept under a key.

    Their order is that of the times at which they were said; of one moment, that in which they were written. An edited
    turn stays in its place.
    """
    found = (passage for passage in memory.passages() if passage.scope == memory.scope)
    turns = [passage for passage in found if passage.metadata.get("role") or key in passage.metadata]
    return sorted(turns, key=lambda passage: passage.at or passage.recorded_at)


def delete(memory: Memory, passages: Sequence[Passage]) -> None:
    """Delete turns for good, and the facts that only they say."""
    if passages:
        memory.delete([passage.id for passage in passages])


def text_of(content: Content | None) -> str:
    """Return what a message says: its text, or those of its parts, one after the other."""
    if isinstance(content, list):
        return "".join(_text(part) or "" for part in content)
    return content or ""


def without_text(content: Content | None) -> Content | None:
    """Return what is to be kept of a content beside its text: the parts, and in place of a single text an empty one."""
    if not isinstance(content, list):
        return "" if isinstance(content, str) else content
    places = [place for place, part in enumerate(content) if _text(part) is not None]
    if len(places) != 1:
        return content
    return [_with(part, "") if place in places else part for place, part in enumerate(content)]


def with_text(content: Content | None, text: str) -> Content | None:
    """Return a content that was kept with the text of its passage, which may have been edited since."""
    if not text:
        return content
    if not isinstance(content, list):
        return text
    places = [place for place, part in enumerate(content) if _text(part) is not None]
    if text_of(content) == text or not places:
        return content
    kept = [part for place, part in enumerate(content) if place not in places[1:]]
    return [_with(part, text) if place == places[0] else part for place, part in enumerate(kept)]


def _text(part: Any) -> str | None:
    if isinstance(part, str):
        return part
    if isinstance(part, Mapping) and part.get("type") in _TEXTS and isinstance(part.get("text"), str):
        return str(part["text"])
    return None


def _with(part: Any, text: str) -> Any:
    return text if isinstance(part, str) else {**part, "text": text}


def _note(turn: Turn, at: datetime) -> Note:
    said = turn.text if turn.text.strip() else ""
    metadata: dict[str, Any] = dict(turn.kept)
    if said:
        metadata |= {"role": turn.role, **({"speaker": turn.speaker} if turn.speaker else {})}
    return Note(said, id=turn.id or uuid.uuid4().hex, at=at, metadata=metadata)
