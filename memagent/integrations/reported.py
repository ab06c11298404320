"""A language model whose calls LangChain hears of: its callbacks, its tracers and its counters of tokens.

A LangChain model tells them itself. Inside a runnable, any other is wrapped in this, and tells what runs in the context
of the runnable's call: that a call begins, with its messages, each token, and how it ended, with the usage.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any, cast

from langchain_core.messages import AIMessage, BaseMessage, convert_to_messages
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGeneration, LLMResult
from langchain_core.runnables.config import (
    ensure_config,
    get_async_callback_manager_for_config,
    get_callback_manager_for_config,
)

from memagent.llms.base import LLM
from memagent.types import Completion, Request, Token


class Reported:
    """A model as it is, with LangChain told of its calls. What is not a call is the model's own."""

    def __init__(self, llm: LLM) -> None:
        self._llm = llm

    def __getattr__(self, name: str) -> Any:
        if name == "_llm":  # while it is copied
            raise AttributeError(name)
        return getattr(self._llm, name)

    def complete(self, request: Request) -> Completion:
        """Answer in one piece."""
        told = self._begin(request)
        try:
            reply = self._llm.complete(request)
        except BaseException as error:
            told.on_llm_error(error)
            raise
        told.on_llm_end(result(reply, self._llm.name))
        return reply

    async def acomplete(self, request: Request) -> Completion:
        """Answer in one piece, without blocking the event loop."""
        told = await self._abegin(request)
        try:
            reply = await self._llm.acomplete(request)
        except BaseException as error:
            await told.on_llm_error(error)
            raise
        await told.on_llm_end(result(reply, self._llm.name))
        return reply

    def stream(self, request: Request) -> Iterator[Token | Completion]:
        """Yield tokens as they come and, last, the completion that they add up to."""
        told = self._begin(request)
        whole = None
        try:
            for one in self._llm.stream(request):
                if isinstance(one, Completion):
                    whole = one
                    break
                told.on_llm_new_token(one.text)
                yield one
        except BaseException as error:
            told.on_llm_error(error)
            raise
        if whole is not None:
            told.on_llm_end(result(whole, self._llm.name))
            yield whole

    async def astream(self, request: Request) -> AsyncIterator[Token | Completion]:
        """Yield tokens as they come and, last, the completion; without blocking the event loop."""
        told = await self._abegin(request)
        whole = None
        try:
            async for one in self._llm.astream(request):
                if isinstance(one, Completion):
                    whole = one
                    break
                await told.on_llm_new_token(one.text)
                yield one
        except BaseException as error:
            await told.on_llm_error(error)
            raise
        if whole is not None:
            await told.on_llm_end(result(whole, self._llm.name))
            yield whole

    def _begin(self, request: Request) -> Any:
        manager = get_callback_manager_for_config(ensure_config())
        return manager.on_chat_model_start(_named(self._llm), [_messages(request)])[0]

    async def _abegin(self, request: Request) -> Any:
        manager = get_async_callback_manager_for_config(ensure_config())
        return (await manager.on_chat_model_start(_named(self._llm), [_messages(request)]))[0]


def reported(llm: LLM) -> LLM:
    """Return a model whose calls LangChain hears of; one of LangChain, or one that is made of one, stays as it is."""
    inner: Any = llm
    while inner is not None:
        if type(inner).__module__ == "memagent.llms.langchain":
            return llm
        inner = vars(inner).get("_llm") if hasattr(inner, "__dict__") else None
    return cast(LLM, Reported(llm))


def result(reply: Completion, name: str) -> LLMResult:
    """Return an answer as LangChain tells of it, with what it used and of which model it is."""
    used = reply.usage
    counts = UsageMetadata(input_tokens=used.input_tokens, output_tokens=used.output_tokens, total_tokens=used.tokens)
    about = {"model_name": reply.model or name, "finish_reason": reply.finish_reason}
    message = AIMessage(reply.text, usage_metadata=counts, response_metadata=about)
    return LLMResult(generations=[[ChatGeneration(message=message)]])


def _named(llm: LLM) -> dict[str, Any]:
    return {"name": llm.name, "id": ["memagent", llm.name], "kwargs": {}}


def _messages(request: Request) -> list[BaseMessage]:
    return convert_to_messages([(one.role if one.role != "tool" else "user", one.content) for one in request.messages])
