"""The lines of what is learnt from: of a text, and of the messages of a conversation, where only a person's count."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from memagent.gate.reasons import MODEL, PROMPT, RECALLED
from memagent.gate.turns import Line, lines
from memagent.types import Message, Role

_NOT_SAID_BY_A_PERSON: dict[Role, str] = {"system": PROMPT, "assistant": MODEL, "tool": RECALLED}


def lines_of(text: str | Sequence[Message], speaker: str, shown: Sequence[str]) -> Iterator[Line]:
    """Yield the lines of a text or of messages, each with why nothing is learnt from it, or ''."""
    if isinstance(text, str):
        yield from lines(text, speaker, shown)
        return
    for message in text:
        if why := _NOT_SAID_BY_A_PERSON.get(message.role, ""):
            yield from (Line(line.strip(), why) for line in message.content.splitlines() if line.strip())
        else:
            yield from lines(message.content, speaker, shown)
