"""A memory as middleware of LangChain's `create_agent`: it recalls for each message of a person, and keeps each turn.

agent = create_agent(model, tools, middleware=[MemagentMiddleware(memory)], context_schema=dict)
agent.invoke({"messages": [("user", "Which city am I in?")]}, context={"user_id": "alice", "session_id": "web-42"})
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage

from memagent.errors import ExtraMissing
from memagent.integrations import turns
from memagent.integrations.capped import check_tokens
from memagent.integrations.existing import existing
from memagent.integrations.langchain_tools import memory_tools
from memagent.integrations.recalling import RECALLED, Recalls, recalled
from memagent.integrations.toolbox import answering
from memagent.integrations.turns import Turn, text_of
from memagent.integrations.whose import Keys, whose
from memagent.memory import Memory
from memagent.types import Hit

try:
    from langchain.agents.middleware import AgentMiddleware, AgentState, ModelRequest, ModelResponse
    from langgraph.config import get_config
except ImportError as error:
    hint = 'pip install "memagent[langchain]"'
    raise ExtraMissing(f"the agent middleware needs langchain: {error}", hint=hint) from error

if TYPE_CHECKING:
    from langgraph.runtime import Runtime

    from memagent.retrievers.base import Retriever

_LONGEST = 2000  # characters of a message that are searched for
_SAID = 50  # messages of a request that may be among what is found, at most
_MADE = "lc_source"  # LangChain's mark on messages that a middleware made, such as a summary of what came before


class MemagentMiddleware(AgentMiddleware):
    """Memory for an agent that serves many users.

    For each human message, the memory of the user is searched once, and what is found stands before that message in
    every request of the run, between tags, as data, and in no more than `tokens` tokens: of long memories the pieces
    around what was asked, and a word of what is left out. It is in no state and no checkpoint, and so never kept as
    something that was said. What the messages of the request say already is left out, and so are turns that answer
    nothing: the same question asked before, and `I do not know`.

    What a person says is kept before the model is asked, and so stays where the run fails or is broken off; what the
    model said to it is kept after the run. Both verbatim, without a call of a model: the human messages since the
    latest answer, and the answers to them. A message is known by its id, so that a run that is repeated adds nothing.
    Calls of tools and their results are LangGraph's to keep, and are not.

    Whose memory it is, and which session, is read from the context of the run, else from `configurable` of its
    configuration, else from the handle; the session may be LangGraph's `thread_id`. Messages have no part in it. All
    sessions of the user are searched, unless the handle is bound to one.

    Args:
        memory: of all the users, or a handle that is bound to one.
        k: how many memories at most; 0 recalls none.
        tokens: of what is recalled for a message, at most; 400 or more.
        using: as for `Memory.search`.
        keep: keep the turns.
        tools: names of the tools that the agent gets besides; see `langchain_tools.memory_tools`.
        user_key: how runs name the user.
        session_key: how runs name the session.

    Raises:
        UsageProblem: the limit of tokens is none.
        ScopeRequired: by a run that names no user, if none is bound.
    """

    def __init__(
        self,
        memory: Memory,
        *,
        k: int = 5,
        tokens: int = RECALLED,
        using: str | Retriever = "hybrid",
        keep: bool = True,
        tools: Iterable[str] = (),
        user_key: str = "user_id",
        session_key: str = "session_id",
    ) -> None:
        super().__init__()
        self._memory = memory
        self._keys = Keys(user_key, session_key)
        self._k = k
        self._tokens = check_tokens(tokens)
        self._using = using
        self._recalls = Recalls()
        self._keep = keep
        self.tools = memory_tools(memory, tools, user_key=user_key, using=using)

    def wrap_model_call(
        self, request: ModelRequest[Any], handler: Callable[[ModelRequest[Any]], ModelResponse[Any]]
    ) -> ModelResponse[Any]:
        """Call the model with what is recalled."""
        memory = self._bound(request.runtime, session=False)
        return handler(request.override(messages=self._with_recalled(memory, request.messages)))

    async def awrap_model_call(
        self, request: ModelRequest[Any], handler: Callable[[ModelRequest[Any]], Awaitable[ModelResponse[Any]]]
    ) -> ModelResponse[Any]:
        """Call the model with what is recalled; the search runs in a thread."""
        memory = self._bound(request.runtime, session=False)
        messages = await asyncio.to_thread(self._with_recalled, memory, request.messages)
        return await handler(request.override(messages=messages))

    def before_agent(self, state: AgentState[Any], runtime: Runtime[Any]) -> dict[str, Any] | None:
        """Keep what the person says."""
        self._begin(state["messages"], runtime)
        return None

    async def abefore_agent(self, state: AgentState[Any], runtime: Runtime[Any]) -> dict[str, Any] | None:
        """Keep what the person says, in a thread."""
        await asyncio.to_thread(self._begin, state["messages"], runtime)
        return None

    def after_agent(self, state: AgentState[Any], runtime: Runtime[Any]) -> dict[str, Any] | None:
        """Keep the new turns."""
        self._end(state["messages"], runtime)
        return None

    async def aafter_agent(self, state: AgentState[Any], runtime: Runtime[Any]) -> dict[str, Any] | None:
        """Keep the new turns, in a thread."""
        await asyncio.to_thread(self._end, state["messages"], runtime)
        return None

    def _begin(self, messages: Sequence[AnyMessage], runtime: Runtime[Any]) -> None:
        """What was found for a message in another run counts no more; a turn without an id is kept at the end."""
        own = self._bound(runtime, session=self._keep)
        self._give_up(own, messages)
        if self._keep:
            _write(own, [turn for turn in new_turns(messages) if turn.role == "user" and turn.id])

    def _end(self, messages: Sequence[AnyMessage], runtime: Runtime[Any]) -> None:
        own = self._bound(runtime, session=self._keep)
        self._give_up(own, messages)
        if self._keep:
            _write(own, new_turns(messages))

    def _give_up(self, memory: Memory, messages: Sequence[AnyMessage]) -> None:
        for message in messages:
            if _asks(message):
                self._recalls.forget(_key(memory, message))

    def _bound(self, runtime: Runtime[Any], *, session: bool) -> Memory:
        return whose(self._memory, self._keys, runtime.context, get_config(), session=session)

    def _with_recalled(self, memory: Memory, messages: Sequence[AnyMessage]) -> list[AnyMessage]:
        place = next((n for n in reversed(range(len(messages))) if _asks(messages[n])), None)
        if place is None or self._k < 1:
            return list(messages)
        asked = messages[place]
        query = text_of(asked.content)[:_LONGEST]
        found = self._recalls.found(_key(memory, asked), lambda: self._looked_for(memory, query, messages))
        data = recalled(memory, found, query, self._tokens)
        if not data:
            return list(messages)
        return [*messages[:place], _before(data, asked), *messages[place + 1 :]]

    def _looked_for(self, memory: Memory, query: str, messages: Sequence[AnyMessage]) -> list[Hit]:
        said = {text_of(message.content).strip() for message in messages}
        hits = answering(memory, query, self._k + min(len(said), _SAID), self._using)
        found = [hit for hit in hits if hit.text.strip() not in said][: self._k]
        if found:
            memory.used([hit.id for hit in found])
        return found


def new_turns(messages: Sequence[AnyMessage]) -> list[Turn]:
    """Return what is new at the end of a run: the human messages since the latest answer, and what was said to them."""
    asked = [place for place, message in enumerate(messages) if _asks(message)]
    if not asked:
        return []
    start = asked[-1]
    while start - 1 in asked:
        start -= 1
    said = [message for message in messages[start:] if _asks(message) or isinstance(message, AIMessage)]
    made = ((message, text_of(message.content)) for message in said)
    return [
        Turn("user" if _asks(message) else "assistant", text, id=message.id or "", speaker=message.name or "")
        for message, text in made
        if text.strip()
    ]


def _key(memory: Memory, message: AnyMessage) -> Hashable:
    """By what a message of a user is known: in whichever of the user's sessions the run is."""
    return memory.scope.user, memory.scope.agent, message.id, text_of(message.content)[:_LONGEST]


def _asks(message: AnyMessage) -> bool:
    return isinstance(message, HumanMessage) and _MADE not in message.additional_kwargs


def _before(data: str, asked: AnyMessage) -> AnyMessage:
    content = asked.content
    if isinstance(content, str):
        return asked.model_copy(update={"content": f"{data}\n\n{content}"})
    return asked.model_copy(update={"content": [{"type": "text", "text": f"{data}\n\n"}, *content]})


def _write(memory: Memory, said: Sequence[Turn]) -> None:
    """Keep the turns that are not here yet; one that was edited here since stays so."""
    here = {passage.id for passage in existing(memory, [turn.id for turn in said if turn.id])}
    turns.write(memory, [turn for turn in said if turn.id not in here])
