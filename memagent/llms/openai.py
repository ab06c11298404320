"""OpenAI, and every server that speaks its chat completions: Ollama, vLLM, llama.cpp, LM Studio and hosted ones."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import AsyncIterator, Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NoReturn

from memagent import openai_server as server
from memagent.errors import BackendError, CapabilityError
from memagent.llms.abilities import lacking, require
from memagent.llms.base import Ability
from memagent.llms.openai_clients import Clients
from memagent.llms.openai_ending import Ending
from memagent.llms.openai_format import Assembly, Dialect, abilities_of, arguments
from memagent.llms.prices import FREE, Price, price
from memagent.llms.running import in_thread
from memagent.types import Completion, Request, Token

if TYPE_CHECKING:
    import openai

_log = logging.getLogger("memagent")
_NEVER_LEFT_OUT: tuple[Ability, ...] = ("logprobs", "stop", "tools")


@dataclass(frozen=True)
class Attempt:
    """One call to make: after `pause` seconds, with these arguments, within `seconds` if that is set."""

    arguments: Mapping[str, Any]
    pause: float = 0.0
    seconds: float | None = None


class OpenAI:
    """A model behind the chat-completions interface.

    Args:
        model: the model's name on the server.
        client: an `openai.OpenAI` client for blocking calls, and, in a thread, for the others if there is no
            `async_client`.
        async_client: an `openai.AsyncOpenAI` client for asynchronous calls; it belongs to one event loop.
        base_url: where the server is, ending in `/v1` for most; `OPENAI_BASE_URL`, else OpenAI's own.
        api_key: `OPENAI_API_KEY` if not given; servers other than OpenAI's may need none.
        timeout: seconds to wait for the server to send something. `Request.timeout` caps a whole call with retries.
        max_retries: how often a call is repeated that met a full or failing server.
        token_ids: from token text to the model's token ids; gives the ability `logit_bias`.
        name: how the model is called in traces and messages.

    Clients are made on first use and shared; there is one asynchronous client for each event loop, closed with it.
    Promised, where `can` has them: `stop`, `logprobs`, `tools` and `logit_bias`. They are never left out: a server that
    refuses them makes the call fail. Wishes: `temperature`, `seed` and `schema` are sent, and left out with a warning
    once a server has refused them; OpenAI's own gets a `schema` only if that is an object's. `max_tokens` is sent under
    the name that the server takes, and whether it keeps to it is up to the server. `timeout` ends every call, but a
    blocking stream only with the first piece after it.

    Raises:
        KeyMissing: there is neither a key nor a base URL.
        BackendError: the server failed, answered with an error or with nothing; `retryable` if a stream broke off.
        CapabilityError: the server cannot give log-probabilities or take stop strings that were asked for.
    """

    def __init__(
        self,
        model: str,
        *,
        client: openai.OpenAI | None = None,
        async_client: openai.AsyncOpenAI | None = None,
        base_url: str | None = None,
        api_key: str | None = None,
        timeout: float = 60,
        max_retries: int = 2,
        token_ids: Callable[[str], list[int]] | None = None,
        name: str | None = None,
    ) -> None:
        self._place = server.locate(model, client or async_client, base_url, api_key, timeout, name)
        self.name = self._place.name
        official = self._place.is_official
        limit = "max_completion_tokens" if official else "max_tokens"
        self._dialect = Dialect(model, official, limit, token_ids=token_ids)
        self.can: frozenset[Ability] = abilities_of(model, official, token_ids is not None)
        self._max_retries = max_retries
        self._clients = Clients(client, async_client, self._place, max_retries)
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"OpenAI({self._dialect.model!r}, name={self.name!r})"

    def sent(self, request: Request, *, stream: bool = False) -> dict[str, Any]:
        """Return what a call for `request` sends to the server, as far as this is known before; nothing is sent."""
        return arguments(request, self._dialect, stream=stream)

    def complete(self, request: Request) -> Completion:
        """Answer in one piece."""
        require(self.name, self.can, request)
        return self._whole(request, self._call(request, stream=False))

    async def acomplete(self, request: Request) -> Completion:
        """Answer in one piece, without blocking the event loop."""
        require(self.name, self.can, request)
        if self._clients.only_blocking:
            return await asyncio.to_thread(self.complete, request)
        return self._whole(request, await self._acall(request, stream=False))

    def stream(self, request: Request) -> Iterator[Token | Completion]:
        """Yield tokens as the server sends them, then the completion."""
        require(self.name, self.can, request)
        ends = _deadline(request)
        assembly = self._assembly(request)
        response = self._call(request, stream=True)
        ending = Ending(response)
        try:
            chunks = iter(response)
            while (chunk := self._next(chunks, assembly)) is not None:
                yield from assembly.add(_mapping(chunk, self.name))
                self._check(ends, assembly)
        finally:
            response.close()
        yield from self._ending(assembly, ending)

    async def astream(self, request: Request) -> AsyncIterator[Token | Completion]:
        """Yield tokens as the server sends them, then the completion; without blocking the event loop."""
        require(self.name, self.can, request)
        if self._clients.only_blocking:
            async for item in in_thread(self.stream(request)):
                yield item
            return
        ends = _deadline(request)
        assembly = self._assembly(request)
        response = await self._acall(request, stream=True)
        ending = Ending(response)
        try:
            chunks = aiter(response)
            while (chunk := await self._anext(chunks, assembly, ends)) is not None:
                for token in assembly.add(_mapping(chunk, self.name)):
                    yield token
        finally:
            await response.close()
        for item in self._ending(assembly, ending):
            yield item

    def close(self) -> None:
        """Close the blocking client, if it was made here. Asynchronous ones close with their event loop."""
        self._clients.close()

    def _call(self, request: Request, *, stream: bool) -> Any:
        exchange = self._exchange(request, stream)
        attempt = next(exchange)
        while True:
            time.sleep(attempt.pause)
            try:
                reply = self._clients.blocking(attempt.seconds).chat.completions.create(**attempt.arguments)
            except server.failures() as error:
                attempt = exchange.throw(error)
            else:
                return reply

    async def _acall(self, request: Request, *, stream: bool) -> Any:
        exchange = self._exchange(request, stream)
        attempt = next(exchange)
        while True:
            await asyncio.sleep(attempt.pause)
            client = await self._clients.asynchronous(attempt.seconds)
            try:
                async with asyncio.timeout(attempt.seconds):
                    return await client.chat.completions.create(**attempt.arguments)
            except TimeoutError as error:
                raise self._too_late(request, streaming=False) from error
            except server.failures() as error:
                attempt = exchange.throw(error)

    def _exchange(self, request: Request, stream: bool) -> Generator[Attempt, None, None]:
        """Yield the attempts to make; each failure is thrown in, and leads to another attempt or to our own error."""
        ends, tries, pause = _deadline(request), 0, 0.0
        while True:
            sent = arguments(request, self._dialect, stream=stream)
            try:
                yield Attempt(sent, pause, max(ends - time.monotonic(), 0.001) if ends else None)
            except server.failures() as error:
                pause = 0.0
                if request.capped and server.too_long(error, sent):
                    request = replace(request, capped=False, max_tokens=None)  # it has an end of its own before that
                    continue
                if self._adapted(error, sent):
                    continue
                wait = server.worth_waiting(error, tries) if ends and tries < self._max_retries else None
                if wait is None or time.monotonic() + wait >= (ends or 0):
                    self._raise(error, request)
                tries, pause = tries + 1, wait or 0.0

    def _adapted(self, error: Exception, sent: Mapping[str, Any]) -> bool:
        """Learn from a refused parameter; return whether to ask again."""
        refused = server.refused_parameter(error, sent)
        if refused is None:
            return False
        with self._lock:
            again = self._dialect.learn(refused)
        if again:
            _log.warning("%s does not take %r; it is not sent any more", self.name, refused)
        ability: Ability | None = next((name for name in _NEVER_LEFT_OUT if name == refused), None)
        if ability is not None:
            self.can -= {ability}
            raise lacking(self.name, ability, server.explain(error, self._place).message) from error
        return again

    def _raise(self, error: Exception, request: Request, received: int | None = None) -> NoReturn:
        """Raise the error to show for one of the client's. A bug on this side is raised as it is."""
        if (own := server.not_theirs(error)) is not None:
            raise own
        place = replace(self._place, timeout=request.timeout or self._place.timeout)
        shown = server.explain(error, place, received=received)
        raise shown from (None if server.has_key(error, self._place.key) else error)

    def _next(self, chunks: Iterator[Any], assembly: Assembly) -> Any:
        try:
            return next(chunks, None)
        except server.failures() as error:
            self._raise(error, assembly.request, len(assembly.text))

    async def _anext(self, chunks: AsyncIterator[Any], assembly: Assembly, ends: float | None) -> Any:
        try:
            async with asyncio.timeout(ends - time.monotonic() if ends else None):
                return await anext(chunks, None)
        except TimeoutError as error:
            raise self._too_late(assembly.request) from error
        except server.failures() as error:
            self._raise(error, assembly.request, len(assembly.text))

    def _check(self, ends: float | None, assembly: Assembly) -> None:
        if ends and time.monotonic() > ends and not assembly.finished:
            raise self._too_late(assembly.request)

    def _too_late(self, request: Request, *, streaming: bool = True) -> BackendError:
        return BackendError(
            f"{self.name} did not finish within {request.timeout:g} s",
            hint="Give it more time with timeout=, or ask for fewer tokens.",
            retryable=streaming,
        )

    def _assembly(self, request: Request) -> Assembly:
        return Assembly(request, self.name, self.price)

    @property
    def price(self) -> Price | None:
        """What tokens cost; `None` if that is not known.

        Ollama is free. Any other server on this machine may pass calls on to one that sends a bill, so that its price
        is what the table or `MEMAGENT_PRICES` says, if only that it is 0.
        """
        return FREE if self.name.startswith("ollama:") else price(self._dialect.model)

    def _whole(self, request: Request, reply: Any) -> Completion:
        assembly = self._assembly(request)
        assembly.add(_mapping(reply, self.name))
        self._rest(assembly)
        return assembly.completion()

    def _rest(self, assembly: Assembly) -> list[Token]:
        """The tokens that were held back; a server that sends no log-probabilities is not asked for them again."""
        try:
            return assembly.rest()
        except CapabilityError:
            self.can -= {"logprobs"}
            raise

    def _ending(self, assembly: Assembly, ending: Ending) -> Iterator[Token | Completion]:
        if assembly.text and not (assembly.finished or ending.done):
            raise BackendError(
                f"{self.name} broke off after {len(assembly.text)} characters of the answer",
                hint="Ask again.",
                retryable=True,
            )
        yield from self._rest(assembly)
        yield assembly.completion()


def _deadline(request: Request) -> float | None:
    return None if request.timeout is None else time.monotonic() + request.timeout


def _mapping(reply: Any, name: str) -> Mapping[str, Any]:
    if not hasattr(reply, "model_dump"):
        raise BackendError(
            f"{name} answered with something else than a chat completion: {str(reply)[:80]!r}",
            hint="Check the base URL; it ends in /v1 on most servers.",
        )
    found: Mapping[str, Any] = reply.model_dump(warnings=False)
    return found
