"""Any LangChain chat model as a language model."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from memagent.errors import BackendError
from memagent.llms.abilities import lacking, require
from memagent.llms.base import Ability
from memagent.llms.openai_tokens import Aligner
from memagent.llms.prices import Price, price
from memagent.llms.stopping import Cutter, cut
from memagent.openai_server import one_line
from memagent.tokens import slice_tokens
from memagent.types import Completion, FinishReason, Request, Token, Usage, estimate_prompt, estimate_tokens

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import BaseMessage

_FINISHED: dict[str, FinishReason] = {
    "stop": "stop",
    "end_turn": "stop",
    "stop_sequence": "stop",
    "length": "length",
    "max_tokens": "length",
    "content_filter": "filter",
    "safety": "filter",
    "refusal": "filter",
}
_FIELDS = {  # how chat models call what a request asks for; the first that a class has is used
    "temperature": ("temperature",),
    "max_tokens": ("max_tokens", "max_completion_tokens", "max_output_tokens", "num_predict", "max_new_tokens"),
    "seed": ("seed", "random_seed"),
    "logprobs": ("logprobs",),
}
_PROVIDER_ERRORS = (  # what the packages of providers raise when the other side fails
    ("openai", "OpenAIError"),
    ("anthropic", "AnthropicError"),
    ("groq", "GroqError"),
    ("ollama", "ResponseError"),
    ("cohere.core.api_error", "ApiError"),
    ("mistralai.models", "MistralError"),
    ("google.api_core.exceptions", "GoogleAPIError"),
    ("google.genai.errors", "APIError"),
    ("botocore.exceptions", "BotoCoreError"),
    ("botocore.exceptions", "ClientError"),
    ("httpx", "HTTPError"),
    ("httpx2", "HTTPError"),
    ("requests", "RequestException"),
    ("aiohttp", "ClientError"),
)


class LangChain:
    """A LangChain chat model. Its own settings hold wherever a request leaves them open.

    Promised: `stop`, which is passed on, and cut here for models that ignore it; `logprobs`, by classes with a field
    of that name. Wishes: `temperature`, `max_tokens` and `seed` are set where the model's class has a field for them,
    and left to the model where it has none; `schema` is left to the prompt. `timeout` ends `acomplete` and `astream`
    when it is over and `stream` with the first piece after it; `complete` waits as long as the model's own limit lets
    it. A reply from LangChain's cache counts as no call and no tokens.

    Raises:
        BackendError: the provider failed, or took too long. Every other error of the model passes unchanged.
        CapabilityError: log-probabilities were asked for and did not come.
    """

    def __init__(self, model: BaseChatModel, *, name: str | None = None) -> None:
        self._model = model
        self._fields = frozenset(type(model).model_fields)
        self._model_name = str(getattr(model, "model_name", None) or getattr(model, "model", None) or model._llm_type)
        self.name = name or f"langchain:{self._model_name}"
        abilities: tuple[Ability, ...] = ("logprobs", "seed")
        self.can: frozenset[Ability] = frozenset({"stop", *(what for what in abilities if self._field(what))})

    @property
    def price(self) -> Price | None:
        """What tokens cost; `None` if that is not known."""
        return price(self._model_name)

    def complete(self, request: Request) -> Completion:
        """Answer in one piece."""
        require(self.name, self.can, request)
        try:
            message = self._ready(request).invoke(_messages(request), stop=_stop(request))
        except provider_errors() as error:
            raise self._failure(error) from error
        return self._completion(request, message)

    async def acomplete(self, request: Request) -> Completion:
        """Answer in one piece, without blocking the event loop."""
        require(self.name, self.can, request)
        try:
            async with asyncio.timeout(request.timeout) as limit:
                message = await self._ready(request).ainvoke(_messages(request), stop=_stop(request))
        except provider_errors() as error:
            raise (self._too_late(request) if limit.expired() else self._failure(error)) from error
        return self._completion(request, message)

    def stream(self, request: Request) -> Iterator[Token | Completion]:
        """Yield tokens as the model sends them, then the completion."""
        require(self.name, self.can, request)
        reply, ends = _Reply(request, self.name), _deadline(request)
        try:
            for chunk in self._ready(request).stream(_messages(request), stop=_stop(request)):
                if ends is not None and time.monotonic() > ends:
                    raise self._too_late(request)
                yield from reply.add(chunk)
        except provider_errors() as error:
            raise self._failure(error, begun=bool(reply.chunks)) from error
        yield from reply.rest()
        yield self._streamed(request, reply)

    async def astream(self, request: Request) -> AsyncIterator[Token | Completion]:
        """Yield tokens as the model sends them, then the completion; without blocking the event loop."""
        require(self.name, self.can, request)
        reply, ends = _Reply(request, self.name), _deadline(request)
        chunks = self._ready(request).astream(_messages(request), stop=_stop(request))
        try:
            while (chunk := await self._anext(chunks, request, ends)) is not None:
                for token in reply.add(chunk):
                    yield token
        except provider_errors() as error:
            raise self._failure(error, begun=bool(reply.chunks)) from error
        for token in reply.rest():
            yield token
        yield self._streamed(request, reply)

    def _ready(self, request: Request) -> BaseChatModel:
        """Return the model with the settings of the request; as arguments of a call, some classes would refuse them."""
        asked = {
            "temperature": request.temperature,
            "max_tokens": request.max_tokens,
            "seed": request.seed,
            "logprobs": request.logprobs or None,
        }
        update = {}
        for what, value in asked.items():
            field = self._field(what)
            if value is not None and field is not None:
                update[field] = value
        return self._model.model_copy(update=update) if update else self._model

    def _field(self, what: str) -> str | None:
        return next((name for name in _FIELDS[what] if name in self._fields), None)

    async def _anext(self, chunks: AsyncIterator[Any], request: Request, ends: float | None) -> Any:
        """Return the next chunk, `None` after the last."""
        try:
            async with asyncio.timeout(None if ends is None else ends - time.monotonic()) as limit:
                return await anext(chunks, None)
        except TimeoutError as error:
            if limit.expired():
                raise self._too_late(request) from error
            raise

    def _completion(self, request: Request, message: BaseMessage) -> Completion:
        text = str(message.text)
        tokens = self._tokens(message, text) if request.logprobs else ()
        kept = cut(text, request.stop)
        return self._finished(request, message, kept, slice_tokens(tokens, 0, len(kept)))

    def _tokens(self, message: BaseMessage, text: str) -> Sequence[Token]:
        aligner = Aligner()
        settled = aligner.push(text, entries(message.response_metadata))
        rest = aligner.finish()
        return settled + rest if rest is not None else ()

    def _streamed(self, request: Request, reply: _Reply) -> Completion:
        if not reply.chunks:
            raise BackendError(f"{self.name} sent an empty stream", hint="Ask again, or try another model.")
        message = reply.chunks[0] + reply.chunks[1:]
        text = "".join(token.text for token in reply.tokens)
        return self._finished(request, message, text, tuple(reply.tokens) if request.logprobs else ())

    def _finished(self, request: Request, message: BaseMessage, text: str, tokens: tuple[Token, ...]) -> Completion:
        if request.logprobs and text and all(token.logprob is None for token in tokens):
            raise lacking(self.name, "logprobs", "the model sent none for this reply")
        said = message.response_metadata
        reason = said.get("finish_reason") or said.get("stop_reason") or said.get("done_reason") or ""
        usage = usage_from(getattr(message, "usage_metadata", None), request, text, self._model_name)
        model = said.get("model_name") or said.get("model") or self._model_name
        return Completion(text, tokens, _FINISHED.get(str(reason).lower(), "unknown"), usage, str(model))

    def _failure(self, error: Exception, *, begun: bool = False) -> BackendError:
        said = one_line(str(error) or type(error).__name__)
        return BackendError(
            f"{self.name} failed: {type(error).__name__}: {said}",
            hint="Check the key, the model's name and the network of the LangChain model.",
            retryable=begun,
        )

    def _too_late(self, request: Request) -> BackendError:
        return BackendError(
            f"{self.name} did not finish within {request.timeout:g} s",
            hint="Give it more time with timeout=, or ask for fewer tokens.",
            retryable=True,
        )


class _Reply:
    """Chunks of a stream and the tokens that they settled."""

    def __init__(self, request: Request, name: str) -> None:
        self._name = name
        self.chunks: list[Any] = []
        self.tokens: list[Token] = []
        self._logprobs = request.logprobs
        self._cutter = Cutter(request.stop)
        self._aligner = Aligner()

    def add(self, chunk: Any) -> list[Token]:
        """Take a chunk and return the tokens that are certain."""
        self.chunks.append(chunk)
        text = str(chunk.text)
        if self._logprobs:
            return self._keep(self._aligner.push(text, entries(chunk.response_metadata)))
        return self._keep([Token(text)] if text else [])

    def rest(self) -> list[Token]:
        """Return what was held back to the end. Raises `CapabilityError` if log-probabilities are missing."""
        last = self._aligner.finish()
        if last is None:
            raise lacking(self._name, "logprobs", "the model sent none for this reply")
        kept = self._keep(last)
        if not self._cutter.done:
            held = self._cutter.flush()
            self.tokens += held
            kept += held
        return kept

    def _keep(self, tokens: Sequence[Token]) -> list[Token]:
        kept = [ready for token in tokens if not self._cutter.done for ready in self._cutter.push(token)]
        self.tokens += kept
        return kept


def provider_errors() -> tuple[type[Exception], ...]:
    """Return what the imported provider packages raise when the other side fails, and the built-in equivalents."""
    found = [getattr(sys.modules.get(module), name, None) for module, name in _PROVIDER_ERRORS]
    return (ConnectionError, TimeoutError, *(error for error in found if error is not None))


def entries(said: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the log-probability entries of response metadata: OpenAI's mapping or Ollama's flat list."""
    reported = said.get("logprobs")
    if isinstance(reported, Mapping):
        reported = reported.get("content")
    return list(reported or [])


def usage_from(reported: Mapping[str, Any] | None, request: Request, text: str, model: str) -> Usage:
    """Return what a call cost, from LangChain's usage metadata; estimated if there is none, nothing for a cache hit."""
    if reported is None:
        prompt = estimate_prompt(request)
        return Usage(1, prompt, estimate_tokens(text), None, estimated=True)
    if reported.get("total_cost") == 0:  # LangChain's cache repeats the counts of the first call beside this mark
        return Usage()
    read, written = reported["input_tokens"], reported["output_tokens"]
    cached = (reported.get("input_token_details") or {}).get("cache_read") or 0
    known = price(model)
    return Usage(1, read, written, known.cost(read, written, cached) if known else None)


def _deadline(request: Request) -> float | None:
    return None if request.timeout is None else time.monotonic() + request.timeout


def _messages(request: Request) -> list[dict[str, str]]:
    return [{"role": message.role, "content": message.content} for message in request.messages]


def _stop(request: Request) -> list[str] | None:
    return list(request.stop) or None
