"""A memory's tools for LangChain's agents: the user comes from the run, and the model is shown no place to name one.

agent = create_agent(model, memory_tools(memory), context_schema=dict)
agent.invoke({"messages": messages}, context={"user_id": "alice"})
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Annotated, Any

from langchain_core.runnables import RunnableConfig
from langchain_core.tools import BaseTool, InjectedToolArg, StructuredTool, ToolException

from memagent.integrations.capped import TOKENS, check_tokens
from memagent.integrations.toolbox import MemoryTools, ToolResult, definition
from memagent.integrations.whose import Keys, whose
from memagent.memory import Memory

if TYPE_CHECKING:
    from memagent.retrievers.base import Retriever

USUAL = ("search_memory", "save_memory", "forget_memory")
"""The tools that agents get where it is not said."""


def memory_tools(
    memory: Memory,
    names: Iterable[str] = USUAL,
    *,
    user_key: str = "user_id",
    using: str | Retriever = "hybrid",
    tokens: int = TOKENS,
) -> list[BaseTool]:
    """Return tools for an agent that serves many users over one memory.

    Whose memory a call is about is read from the context of the run (`context={"user_id": "alice"}`), else from its
    configuration (`config={"configurable": {"user_id": "alice"}}`), else from the handle, if that is bound. What a
    model writes into the arguments has no part in it. A wrong call is an error result that says what was wrong.

    Args:
        memory: of all the users, or a handle that is bound to one.
        names: which tools; see `toolbox.NAMES`.
        user_key: how runs name the user.
        using: how `search_memory` searches: as for `Memory.search`.
        tokens: of a result, at most; long memories are shown in pieces, and what is left out is told.

    Raises:
        UnknownName: there is no tool of that name.
        ScopeRequired: by a call, if the run names no user and none is bound.
    """
    check_tokens(tokens)
    return [_tool(memory, name, Keys(user=user_key), using, tokens) for name in names]


def _tool(memory: Memory, name: str, keys: Keys, using: str | Retriever, tokens: int) -> BaseTool:
    def tools_of(config: RunnableConfig, runtime: Any) -> MemoryTools:
        # A model can write a mapping into the arguments and no object with a context.
        context = None if isinstance(runtime, Mapping) else getattr(runtime, "context", None)
        own = whose(memory, keys, context, config, session=False)
        return MemoryTools(own, only=[name], using=using, tokens=tokens)

    def call(config: RunnableConfig, runtime: Annotated[Any, InjectedToolArg] = None, **arguments: Any) -> str:
        return _told(tools_of(config, runtime).call(name, arguments))

    async def acall(config: RunnableConfig, runtime: Annotated[Any, InjectedToolArg] = None, **arguments: Any) -> str:
        return _told(await tools_of(config, runtime).acall(name, arguments))

    told = definition(name)
    return StructuredTool(
        name=name,
        description=told.description,
        args_schema=dict(told.parameters),
        func=call,
        coroutine=acall,
        handle_tool_error=True,
    )


def _told(result: ToolResult) -> str:
    if result.failed:
        raise ToolException(result.text)
    return result.text
