"""The turns of a conversation as messages of a prompt: whose they are, what was broken off, and what was sent twice."""

from __future__ import annotations

from collections.abc import Sequence

from memagent.chat.recalled import speaker_of
from memagent.stores.removal import ANSWERS
from memagent.types import Message, Passage, Role

__all__ = [
    "ANSWERS",
    "PARTIAL",
    "answers_to",
    "as_messages",
    "is_whole",
    "merged",
    "role_of",
    "said_before",
    "superseded",
    "text_of",
]

PARTIAL = "partial"
"""In the metadata of an answer: that it was broken off. `ANSWERS` has the id of the turn that it answers."""

_BROKEN_OFF = "[… broken off]"


def said_before(turns: Sequence[Passage], id: str, message: str) -> list[Passage]:
    """Return what the user and the assistant said before a message.

    Neither the turn of the message itself, whose id is `id`, is among it, nor what was never answered in full and then
    sent again in the same words, now or earlier: it should stand in a prompt once. What had come of an answer is left
    out where the whole one is there.
    """
    whole = {turn.metadata.get(ANSWERS) for turn in turns if not turn.metadata.get(PARTIAL)} - {None}
    said: list[Passage] = []
    for turn in turns:
        if not role_of(turn) or id in (turn.id, answered := turn.metadata.get(ANSWERS)):
            continue
        if turn.metadata.get(PARTIAL) and answered in whole:
            continue
        if role_of(turn) == "user":
            _drop_unanswered(said, turn.text)
        said.append(turn)
    _drop_unanswered(said, message)
    return said


def superseded(turns: Sequence[Passage], id: str, message: str) -> list[str]:
    """Return the ids of those turns before a message that stand in no prompt, because they were said again in full."""
    said = {turn.id for turn in said_before(turns, id, message)}
    return [turn.id for turn in turns if role_of(turn) and turn.id not in said]


def answers_to(turns: Sequence[Passage], id: str) -> list[Passage]:
    """Return what the assistant answered to the turn with this id, among turns; what had come of it included."""
    return [turn for turn in turns if turn.metadata.get(ANSWERS) == id]


def is_whole(turn: Passage) -> bool:
    """Whether an answer was not broken off."""
    return not turn.metadata.get(PARTIAL)


def _drop_unanswered(said: list[Passage], message: str) -> None:
    """Take away from the end of what was said a turn in the words of a message that was never answered in full."""
    while True:
        end = len(said)
        while end and said[end - 1].metadata.get(PARTIAL):
            end -= 1
        if not end or role_of(said[end - 1]) != "user" or said[end - 1].text.strip() != message.strip():
            return
        del said[end - 1 :]


def text_of(turn: Passage) -> str:
    """Return what a turn says, with a mark where it was broken off."""
    return f"{turn.text} {_BROKEN_OFF}" if turn.metadata.get(PARTIAL) else turn.text


def role_of(turn: Passage) -> str:
    """Return `user` or `assistant`; nothing for what a system or a tool said, which is shown as no message."""
    role = str(turn.metadata.get("role", ""))
    return role if role in ("user", "assistant") else ""


def as_messages(turns: Sequence[Passage], user: str) -> list[Message]:
    """Return turns as messages; with a name in front where several people speak as users."""
    names = {speaker_of(turn, user) for turn in turns if role_of(turn) == "user"}
    return [_as_message(turn, speaker_of(turn, user) if len(names) > 1 else "") for turn in turns]


def merged(messages: Sequence[Message]) -> tuple[Message, ...]:
    """Return messages with those of one role in a row put together: some models take turns only."""
    together: list[Message] = []
    for message in messages:
        if together and together[-1].role == message.role:
            together[-1] = Message(message.role, f"{together[-1].content}\n\n{message.content}")
        else:
            together.append(message)
    return tuple(together)


def _as_message(turn: Passage, name: str) -> Message:
    role: Role = "assistant" if role_of(turn) == "assistant" else "user"
    return Message(role, f"{name}: {turn.text}" if name and role == "user" else turn.text)
