"""A conversation in a memory as LangChain's history of chat messages.

history = memory.bind(user="alice", session="web-42").as_chat_history()
history.add_user_message("I moved to Lisbon.")
history.messages
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from langchain_core._api import suppress_langchain_deprecation_warning
from langchain_core.chat_history import BaseChatMessageHistory
from langchain_core.messages import (
    AIMessage,
    BaseMessage,
    ChatMessage,
    HumanMessage,
    SystemMessage,
    message_to_dict,
    messages_from_dict,
)

from memagent.integrations import turns
from memagent.integrations.chat_messages import role_of
from memagent.integrations.turns import Turn
from memagent.memory import Memory
from memagent.memory.awaiting import awaitable
from memagent.types import Passage, Role

KEPT = "langchain"
_PLAIN: dict[Role, type[BaseMessage]] = {"user": HumanMessage, "assistant": AIMessage, "system": SystemMessage}


class MemagentChatMessageHistory(BaseChatMessageHistory):
    """The messages of one conversation, each a turn in the memory: in order, with ids, and whole.

    What LangChain's own history was for is now done by agents and their middleware, and LangChain calls the base class
    deprecated; this is for programs that have it. Turns that were written by other means are read as well, but for
    those of tools, whose calls LangChain would look for in vain.

    Args:
        memory: a handle that is bound to a session.

    Raises:
        ScopeRequired: no user is bound.
        UsageProblem: no session is bound.
    """

    def __init__(self, memory: Memory) -> None:
        with suppress_langchain_deprecation_warning():
            super().__init__()
        self._memory = turns.conversation(memory)

    @property
    def messages(self) -> list[BaseMessage]:
        """All messages, oldest first."""
        found = (message_of(passage) for passage in turns.turns_in(self._memory, KEPT))
        return [message for message in found if message is not None]

    @messages.setter
    def messages(self, value: list[BaseMessage]) -> None:
        self.clear()
        self.add_messages(value)

    def add_messages(self, messages: Sequence[BaseMessage]) -> None:
        """Keep messages in order. One whose id is here already, with the same text, stays as it is.

        Raises:
            Conflict: an id is taken by another text.
        """
        turns.write(self._memory, [turn_of(message) for message in messages])

    def clear(self) -> None:
        """Delete the turns of this conversation for good, and nothing else that the session has."""
        turns.delete(self._memory, turns.turns_in(self._memory, KEPT))

    async def aget_messages(self) -> list[BaseMessage]:
        """As `messages`, in a thread."""
        return await _read(self)

    aadd_messages: Any = awaitable(add_messages)
    aclear: Any = awaitable(clear)


def turn_of(message: BaseMessage) -> Turn:
    """Return a LangChain message as a turn."""
    text, role = turns.text_of(message.content), role_of(message)
    plain = _PLAIN.get(role)
    same = plain is not None and message == plain(content=text, id=message.id)
    kept = {} if same and text.strip() else {KEPT: _kept(message, text)}
    speaker = message.name or (message.role if isinstance(message, ChatMessage) and message.role != role else "")
    return Turn(role, text, id=message.id or "", speaker=speaker, kept=kept)


def message_of(passage: Passage) -> BaseMessage | None:
    """Return a turn as a LangChain message; `None` for one that LangChain has no message for."""
    kept = passage.metadata.get(KEPT)
    if kept is None:
        plain = _PLAIN.get(passage.metadata["role"])
        name = passage.metadata.get("speaker") or None
        return None if plain is None else plain(content=passage.text, id=passage.id, name=name)
    data = {**kept["data"], "content": turns.with_text(kept["data"]["content"], passage.text), "id": passage.id}
    [message] = messages_from_dict([{**kept, "data": data}])
    return message


def _kept(message: BaseMessage, text: str) -> dict[str, Any]:
    whole = message_to_dict(message)
    content = turns.without_text(message.content) if text.strip() else message.content
    data = {name: value for name, value in whole["data"].items() if value not in (None, [], {})}
    return {**whole, "data": {**data, "content": content}}


def _messages(history: MemagentChatMessageHistory) -> list[BaseMessage]:
    return history.messages


_read = awaitable(_messages)
