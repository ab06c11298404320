"""Any of our language models as a LangChain chat model.

model = as_chat_model("offline")
model.invoke("Hello").usage_metadata
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LangSmithParams, LanguageModelInput
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.output_parsers import JsonOutputParser, PydanticOutputParser
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable, RunnableMap, RunnablePassthrough
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_json_schema, convert_to_openai_tool
from langchain_core.utils.pydantic import is_basemodel_subclass
from pydantic import BaseModel, ConfigDict, Field, field_validator

from memagent import registry
from memagent.errors import UsageProblem
from memagent.integrations.chat_messages import (
    call_chunks,
    calls_in,
    response_metadata,
    to_message,
    usage_metadata,
)
from memagent.prompts import fill
from memagent.types import Completion, Request, Token, Tool


class MemagentChatModel(BaseChatModel):
    """A language model of ours with the methods of LangChain's chat models.

    It does what the model's `can` says, and refuses the rest with `CapabilityError` before anything is spent: tools
    bound to `offline`, say. Messages are texts; pictures, sounds and files are refused. `usage_metadata` has the
    tokens, and `response_metadata` the model's name, why the reply ended, its cost in dollars (`None` where that is not
    known), and whether the counts were estimated.

    Of what a call may bring (`model.invoke(..., seed=1)`), `temperature`, `max_tokens`, `seed`, `timeout` and
    `logprobs` are taken; log-probabilities are then in the `response_metadata`, as LangChain's OpenAI model has them.

    Attributes:
        llm: whatever `registry.llm` takes: a name such as `openai:gpt-4.1-mini` or `offline`, a backend, a callable.
        temperature: where a call does not say.
        max_tokens: likewise.
        timeout: seconds for a whole call, likewise.
        stop: strings that end a reply, likewise.

    Raises:
        UnknownName, UsageProblem, KeyMissing, ExtraMissing: as `registry.llm`.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    llm: Any = Field(default=None, exclude=True, repr=False, validate_default=True)
    temperature: float | None = None
    max_tokens: int | None = None
    timeout: float | None = None
    stop: list[str] | None = None

    @field_validator("llm")
    @classmethod
    def _named(cls, llm: Any) -> Any:
        return registry.llm(llm)

    @property
    def model_name(self) -> str:
        """How the model is called in traces."""
        return str(self.llm.name)

    @property
    def _llm_type(self) -> str:
        return "memagent"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        names = ("model_name", "temperature", "max_tokens", "stop")
        return {name: getattr(self, name) for name in names}

    def _get_ls_params(self, stop: list[str] | None = None, **kwargs: Any) -> LangSmithParams:
        params = super()._get_ls_params(stop=stop or self.stop, **kwargs)
        return {**params, "ls_provider": "memagent"}

    # --- the four ways to make a call

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return self._result(self.llm.complete(self._request(messages, stop, kwargs)))

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return self._result(await self.llm.acomplete(self._request(messages, stop, kwargs)))

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        for piece in self.llm.stream(self._request(messages, stop, kwargs)):
            chunk = self._chunk(piece)
            if run_manager:
                run_manager.on_llm_new_token(str(chunk.text), chunk=chunk)
            yield chunk

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        async for piece in self.llm.astream(self._request(messages, stop, kwargs)):
            chunk = self._chunk(piece)
            if run_manager:
                await run_manager.on_llm_new_token(str(chunk.text), chunk=chunk)
            yield chunk

    # --- tools, and replies in a form

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: str | dict[str, Any] | bool | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """Return the model with tools that it may ask for.

        Args:
            tools: whatever LangChain takes as tools.
            tool_choice: the name of a tool offers that one alone, and `none` offers none. That a tool must be asked
                for is a wish that our models have no word for: `any`, `required` and `True` are left to the model.
            kwargs: as for a call.
        """
        offered = [convert_to_openai_tool(tool) for tool in tools]
        named = _named_tool(tool_choice)
        if named is not None:
            offered = [one for one in offered if one["function"]["name"] == named]
        return self.bind(tools=offered if tool_choice != "none" else [], **kwargs)

    def with_structured_output(
        self, schema: dict[str, Any] | type, *, include_raw: bool = False, **kwargs: Any
    ) -> Runnable[LanguageModelInput, dict[str, Any] | BaseModel]:
        """Return the model with replies of a form: a JSON schema is sent where the model takes one, and told in words.

        Args:
            schema: a Pydantic class, whose instances come back; a typed dict or a JSON schema, for dicts.
            include_raw: give `{"raw": message, "parsed": ..., "parsing_error": ...}`, and raise nothing.
            kwargs: as for a call; `method` and `strict`, which LangChain's models have, change nothing: there is one
                way.

        Raises:
            UsageProblem: there is no such method.
        """
        method, _ = kwargs.pop("method", _METHODS[0]), kwargs.pop("strict", None)
        if method not in _METHODS:
            raise UsageProblem(f"replies have no form by {method!r}", hint=f"Use one of: {', '.join(_METHODS)}.")
        form = convert_to_json_schema(schema)
        told = {"kwargs": {"method": _METHODS[0]}, "schema": form}
        asked = self.bind(response_schema=form, ls_structured_output_format=told, **kwargs)
        parser: Runnable[Any, Any] = JsonOutputParser()
        if isinstance(schema, type) and is_basemodel_subclass(schema):
            parser = PydanticOutputParser(pydantic_object=schema)
        if not include_raw:
            return asked | parser
        parsed = RunnablePassthrough.assign(
            parsed=lambda found: parser.invoke(found["raw"]), parsing_error=lambda _: None
        )
        failed = RunnablePassthrough.assign(parsed=lambda _: None)
        return RunnableMap(raw=asked) | parsed.with_fallbacks([failed], exception_key="parsing_error")

    # --- from and to our own

    def _request(self, messages: Sequence[BaseMessage], stop: list[str] | None, given: Mapping[str, Any]) -> Request:
        unknown = sorted(set(given) - _TAKEN)
        if unknown:
            raise UsageProblem(f"a call takes no {', '.join(unknown)}", hint=f"It takes {', '.join(sorted(_TAKEN))}.")
        schema = given.get("response_schema")
        told = fill("structured/schema", schema=json.dumps(schema, ensure_ascii=False)) if schema else []
        return Request(
            messages=(*map(to_message, messages), *told),
            max_tokens=given.get("max_tokens", self.max_tokens),
            temperature=given.get("temperature", self.temperature),
            stop=tuple(stop if stop is not None else self.stop or ()),
            seed=given.get("seed"),
            logprobs=bool(given.get("logprobs")),
            schema=schema,
            timeout=given.get("timeout", self.timeout),
            tools=tuple(map(_tool, given.get("tools") or ())),
            label="langchain",
        )

    def _result(self, completion: Completion) -> ChatResult:
        good, bad = calls_in(completion)
        message = AIMessage(
            content=completion.text,
            tool_calls=good,
            invalid_tool_calls=bad,
            usage_metadata=usage_metadata(completion.usage),
            response_metadata=response_metadata(completion, self.model_name),
        )
        return ChatResult(generations=[ChatGeneration(message=message)])

    def _chunk(self, piece: Token | Completion) -> ChatGenerationChunk:
        if isinstance(piece, Token):
            return ChatGenerationChunk(message=AIMessageChunk(content=piece.text))
        last = AIMessageChunk(
            content="",
            tool_call_chunks=call_chunks(piece),
            usage_metadata=usage_metadata(piece.usage),
            response_metadata=response_metadata(piece, self.model_name),
            chunk_position="last",
        )
        return ChatGenerationChunk(message=last)


def as_chat_model(
    llm: Any = None,
    *,
    temperature: float | None = None,
    max_tokens: int | None = None,
    timeout: float | None = None,
    stop: list[str] | None = None,
) -> MemagentChatModel:
    """Return a language model of ours as a LangChain chat model; see `MemagentChatModel` for the arguments."""
    return MemagentChatModel(llm=llm, temperature=temperature, max_tokens=max_tokens, timeout=timeout, stop=stop)


def _tool(given: Mapping[str, Any]) -> Tool:
    function = given["function"]
    return Tool(function["name"], function.get("description", ""), function.get("parameters") or {"type": "object"})


def _named_tool(choice: Any) -> str | None:
    if isinstance(choice, Mapping):
        return str((choice.get("function") or choice).get("name"))
    return choice if isinstance(choice, str) and choice not in ("auto", "any", "required", "none") else None


_METHODS = ("json_schema", "function_calling", "json_mode")
_TAKEN = frozenset({"temperature", "max_tokens", "seed", "timeout", "logprobs", "tools", "response_schema"})
