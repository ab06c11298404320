"""A conversation in a memory as a session of OpenAI's Agents SDK.

session = memory.bind(user="alice", session="web-42").as_agents_session()
await Runner.run(agent, "I moved to Lisbon.", session=session)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from memagent.errors import ExtraMissing, NotFound, UsageProblem
from memagent.integrations import turns
from memagent.integrations.capped import check_tokens
from memagent.integrations.latest import latest
from memagent.integrations.turns import Turn
from memagent.memory import Memory
from memagent.memory.awaiting import awaitable
from memagent.types import Passage, Role

try:
    from agents.memory import SessionSettings
except ImportError as error:
    hint = 'pip install "memagent[agents]"'
    raise ExtraMissing(f"a session of the Agents SDK needs openai-agents: {error}", hint=hint) from error

if TYPE_CHECKING:
    from agents.items import TResponseInputItem

KEPT = "openai"
TOKENS = 64_000
"""Tokens of a conversation that a runner is given at most, where it is not said."""
_ROLES: dict[str, Role] = {
    "user": "user",
    "assistant": "assistant",
    "system": "system",
    "developer": "system",
    "tool": "tool",
}


class MemagentSession:
    """The items of one conversation: the four methods that the SDK's runner asks for, over the turns of a memory.

    Messages are turns: their texts are found by searches. Every item comes back as it was added, calls of tools and
    reasoning included. Turns that were written by other means are messages here, but for those of tools, whose calls
    the model would look for in vain.

    Args:
        memory: a handle that is bound to a session, which is the `session_id`.
        session_settings: the SDK's; its `limit` is how many of the latest items are read where `get_items` is not told.
        tokens: of what `get_items` returns at most, 400 or more: the latest items that fit, and before them an item
            that says how many are left out; `None` returns all.

    Raises:
        ScopeRequired: no user is bound.
        UsageProblem: no session is bound, or the limit of tokens is none.
    """

    def __init__(
        self, memory: Memory, *, session_settings: SessionSettings | None = None, tokens: int | None = TOKENS
    ) -> None:
        self._tokens = None if tokens is None else check_tokens(tokens)
        self._memory = turns.conversation(memory)
        self.session_id = str(memory.scope.session)
        self.session_settings = session_settings

    @property
    def memory(self) -> Memory:
        """The handle that this session reads and writes."""
        return self._memory

    async def get_items(self, limit: int | None = None) -> list[TResponseInputItem]:
        """Return the items of the conversation, oldest first; with a limit, the latest of them.

        They go into a prompt, and so have no more than the session's limit of tokens.
        """
        if limit is None and self.session_settings is not None:
            limit = self.session_settings.limit
        found = [item for _, item in await _read(self)]
        some = found if limit is None else found[max(0, len(found) - limit) :]
        return some if self._tokens is None else latest(some, self._tokens)

    async def add_items(self, items: list[TResponseInputItem]) -> None:
        """Keep items, in order; when this returns, they are on disk.

        Raises:
            UsageProblem: something is no item. Nothing was written.
        """
        await _write(self, [turn_of(item) for item in items])

    async def pop_item(self) -> TResponseInputItem | None:
        """Delete the latest item for good and return it; `None` where there is none."""
        item: TResponseInputItem | None = await _pop(self)
        return item

    async def clear_session(self) -> None:
        """Delete the turns of this conversation for good, and nothing else that the session has."""
        await _clear(self)


def turn_of(item: Any) -> Turn:
    """Return an item as a turn: a message as what it says, anything else without text."""
    if not isinstance(item, Mapping):
        raise UsageProblem(f"an item is a mapping, not a {type(item).__name__}", hint="Use to_input_item() of an item.")
    whole = dict(item)
    role = _ROLES.get(str(item.get("role")))
    if role is None:
        return Turn("tool", "", kept={KEPT: whole})
    content = item.get("content")
    text = turns.text_of(content) if isinstance(content, str | list) else ""
    if whole == {"role": role, "content": text} and text.strip():
        return Turn(role, text)
    kept = {**whole, "content": turns.without_text(content)} if text.strip() else whole
    return Turn(role, text, kept={KEPT: kept})


def item_of(passage: Passage) -> Any:
    """Return a turn as an item; `None` for the turn of a tool whose call is not known here."""
    kept = passage.metadata.get(KEPT)
    if kept is None:
        role = passage.metadata["role"]
        return None if role == "tool" else {"role": role, "content": passage.text}
    if not passage.text:
        return dict(kept)
    return {**kept, "content": turns.with_text(kept["content"], passage.text)}


def _items(session: MemagentSession) -> list[tuple[Passage, Any]]:
    found = ((passage, item_of(passage)) for passage in turns.turns_in(session.memory, KEPT))
    return [(passage, item) for passage, item in found if item is not None]


def _write_turns(session: MemagentSession, wanted: Sequence[Turn]) -> None:
    turns.write(session.memory, wanted)


def _pop_last(session: MemagentSession) -> Any:
    """The last item that nobody else has popped meanwhile: of several who pop at once, each gets another."""
    while found := _items(session):
        passage, item = found[-1]
        with suppress(NotFound):
            turns.delete(session.memory, [passage])
            return item
    return None


def _delete_all(session: MemagentSession) -> None:
    turns.delete(session.memory, turns.turns_in(session.memory, KEPT))


_read = awaitable(_items)
_write = awaitable(_write_turns)
_pop = awaitable(_pop_last)
_clear = awaitable(_delete_all)
