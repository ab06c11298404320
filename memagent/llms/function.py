"""Any callable as a language model."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

from memagent.deadline import awithin
from memagent.errors import UsageProblem
from memagent.llms.abilities import lacking, require
from memagent.llms.base import Ability
from memagent.llms.running import in_thread, run
from memagent.llms.stopping import Cutter, cut
from memagent.types import Completion, Request, Token, Usage, estimate_prompt, estimate_tokens


class Function:
    """A language model made from `fn(messages)`, where `messages` is a list of `{"role": ..., "content": ...}`.

    Promised: `stop`, since the text is cut here, and what `can` declares, which the callable then has to do. Wishes:
    `max_tokens`, `temperature`, `seed`, `schema` and `timeout`. They reach a callable with a parameter named `request`,
    which gets the `Request` there and may follow them; any other never hears of them, and cannot declare what depends
    on the request (`prefill`, `logit_bias`, `seed`, `schema`).

    The callable may be a plain or an `async` function, and returns a `str`, a `Completion` or an iterator of `str`,
    which is streamed as it comes (an asynchronous one only by `astream`; elsewhere its pieces are collected).

    What it costs is unknown (`Usage.cost` is `None`) and tokens are estimated, unless it returns a `Completion` that
    carries its own `Usage`. Whatever the callable raises passes unchanged.

    Raises:
        UsageProblem: the callable returned something else than a text, or declares an ability for which it would
            have to get the request.
    """

    def __init__(self, fn: Callable[..., Any], name: str | None = None, can: Iterable[Ability] = ()) -> None:
        self.name = name or f"function:{getattr(fn, '__name__', type(fn).__name__)}"
        self.can: frozenset[Ability] = frozenset(can) | {"stop"}
        self._fn = fn
        self._wants_request = _has_parameter(fn, "request")
        self._asynchronous = _is_asynchronous(fn)
        unseen = sorted(self.can - {"stop", "logprobs"})
        if unseen and not self._wants_request:
            raise UsageProblem(
                f"{self.name} declares {', '.join(unseen)} and never sees a request that asks for it",
                hint="Give it a parameter named request.",
            )

    def complete(self, request: Request) -> Completion:
        """Answer in one piece."""
        require(self.name, self.can, request)
        return self._completion(request, self._result(request))

    async def acomplete(self, request: Request) -> Completion:
        """Answer in one piece; a blocking callable runs in a thread."""
        require(self.name, self.can, request)
        return self._completion(request, await self._aresult(request))

    def stream(self, request: Request) -> Iterator[Token | Completion]:
        """Yield pieces as the callable yields them (all at once if it returns one text), then the completion."""
        require(self.name, self.can, request)
        result = self._result(request, whole=False)
        if not _is_pieces(result):
            yield from self._at_once(request, result)
            return
        cutter, parts = Cutter(request.stop), []
        for piece in result:
            for token in cutter.push(Token(self._checked(piece))):
                parts.append(token.text)
                yield token
            if cutter.done:
                break
        yield from self._ending(request, parts, cutter)

    async def astream(self, request: Request) -> AsyncIterator[Token | Completion]:
        """Yield pieces as the callable yields them, then the completion; without blocking the event loop."""
        require(self.name, self.can, request)
        result = await self._aresult(request, whole=False)
        if not _is_pieces(result) and not isinstance(result, AsyncIterator):
            for item in self._at_once(request, result):
                yield item
            return
        cutter, parts = Cutter(request.stop), []
        async for piece in result if isinstance(result, AsyncIterator) else in_thread(iter(result)):
            for token in cutter.push(Token(self._checked(piece))):
                parts.append(token.text)
                yield token
            if cutter.done:
                break
        for item in self._ending(request, parts, cutter):
            yield item

    def _call(self, request: Request) -> Any:
        messages = [{"role": message.role, "content": message.content} for message in request.messages]
        return self._fn(messages, request=request) if self._wants_request else self._fn(messages)

    def _result(self, request: Request, whole: bool = True) -> Any:
        """Return what the callable answers. Pieces are collected if `whole`, and always if they come asynchronously."""
        if self._asynchronous:
            return run(self._awaited(request))
        result = self._call(request)
        if inspect.isawaitable(result) or isinstance(result, AsyncIterator):
            return run(_settled(result))
        return [*result] if whole and _is_pieces(result) else result

    async def _awaited(self, request: Request) -> Any:
        return await _settled(self._call(request))

    async def _aresult(self, request: Request, whole: bool = True) -> Any:
        result = self._call(request) if self._asynchronous else await awithin(None, lambda: self._call(request))
        if inspect.isawaitable(result):
            result = await result
        if whole and isinstance(result, AsyncIterator):
            return [piece async for piece in result]
        return await awithin(None, lambda: list(result)) if whole and _is_pieces(result) else result

    def _completion(self, request: Request, result: Any) -> Completion:
        if isinstance(result, Completion):
            return self._own(request, result)
        pieces = result if _is_pieces(result) else [result]
        text = cut("".join(self._checked(piece) for piece in pieces), request.stop)
        if request.logprobs:
            raise lacking(self.name, "logprobs", "the function returned a text and not a Completion with tokens")
        return Completion(text, usage=_estimate(request, text), model=self.name)

    def _own(self, request: Request, completion: Completion) -> Completion:
        if request.logprobs and completion.text and not completion.tokens:
            raise lacking(self.name, "logprobs", "the function returned a Completion without tokens")
        usage = _estimate(request, completion.text) if completion.usage == Usage() else completion.usage
        return replace(completion, usage=usage, model=completion.model or self.name)

    def _at_once(self, request: Request, result: Any) -> Iterator[Token | Completion]:
        completion = self._completion(request, result)
        yield from completion.tokens or ([Token(completion.text)] if completion.text else [])
        yield completion

    def _ending(self, request: Request, parts: list[str], cutter: Cutter) -> Iterator[Token | Completion]:
        rest = cutter.flush()
        parts.extend(token.text for token in rest)
        yield from rest
        yield self._completion(request, "".join(parts))

    def _checked(self, piece: Any) -> str:
        if isinstance(piece, str):
            return piece
        raise UsageProblem(
            f"{self.name} returned {type(piece).__name__} instead of a text",
            hint="Return a str, a memagent Completion, or an iterator of str.",
        )


async def _settled(result: Any) -> Any:
    if inspect.isawaitable(result):
        result = await result
    return [piece async for piece in result] if isinstance(result, AsyncIterator) else result


def _estimate(request: Request, text: str) -> Usage:
    prompt = estimate_prompt(request)
    return Usage(calls=1, input_tokens=prompt, output_tokens=estimate_tokens(text), cost=None, estimated=True)


def _is_pieces(result: Any) -> bool:
    return isinstance(result, Iterator | list | tuple)


def _is_asynchronous(fn: Callable[..., Any]) -> bool:
    kinds = (inspect.iscoroutinefunction, inspect.isasyncgenfunction)
    return any(is_kind(target) for is_kind in kinds for target in (fn, getattr(fn, "__call__", None)))  # noqa: B004


def _has_parameter(fn: Callable[..., Any], name: str) -> bool:
    try:
        return name in inspect.signature(fn).parameters
    except ValueError:  # some built-in callables have no signature
        return False
