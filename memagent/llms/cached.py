"""A cache around a language model, in one SQLite file that several processes may share."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from memagent.cachefile import CacheFile
from memagent.llms.base import LLM, Ability, Priced
from memagent.types import Completion, Request, Token, ToolCall, Usage


class Cached:
    """Answers a request that was answered before from `path`, without asking `llm` and at no cost.

    Only what would come out the same again is kept: requests with temperature 0 or with a seed. All others go through,
    since whoever leaves the temperature open wants a fresh answer. A request is the same if the model's name and all
    its fields are, apart from `timeout`, `label`, and a `max_tokens` that a budget put in. A kept answer has `Usage()`:
    no calls, no tokens, no cost.

    Raises:
        StorageError: the file cannot be read or written, or is no cache; it was not touched.
    """

    def __init__(self, llm: LLM, path: str | Path) -> None:
        self.name = llm.name
        self._llm = llm
        self._file = CacheFile(path, "completions")

    @property
    def can(self) -> frozenset[Ability]:
        """What the model inside can do."""
        return self._llm.can

    @property
    def price(self) -> Priced | None:
        """What tokens of the model inside cost. An `AttributeError` where it has no `price`, as it has none itself."""
        found: Priced | None = self._llm.price  # type: ignore[attr-defined]
        return found

    def complete(self, request: Request) -> Completion:
        """Answer from the cache, or ask and keep the answer."""
        key = self._key(request)
        kept = self._kept(key)
        return kept if kept is not None else self._keep(key, self._llm.complete(request), request)

    async def acomplete(self, request: Request) -> Completion:
        """Answer from the cache, or ask and keep the answer, without blocking the event loop."""
        key = self._key(request)
        kept = await asyncio.to_thread(self._kept, key)
        if kept is not None:
            return kept
        return await asyncio.to_thread(self._keep, key, await self._llm.acomplete(request), request)

    def stream(self, request: Request) -> Iterator[Token | Completion]:
        """Yield the tokens of the kept answer (one, if it has none) and the completion, or stream and keep it."""
        key = self._key(request)
        if kept := self._kept(key):
            yield from _replay(kept)
            return
        for item in self._llm.stream(request):
            yield self._keep(key, item, request) if isinstance(item, Completion) else item

    async def astream(self, request: Request) -> AsyncIterator[Token | Completion]:
        """Yield as `stream` does, without blocking the event loop."""
        key = self._key(request)
        if kept := await asyncio.to_thread(self._kept, key):
            for item in _replay(kept):
                yield item
            return
        async for item in self._llm.astream(request):
            yield await asyncio.to_thread(self._keep, key, item, request) if isinstance(item, Completion) else item

    def _key(self, request: Request) -> str | None:
        if request.temperature != 0 and request.seed is None:
            return None
        most = None if request.capped else request.max_tokens
        asked = asdict(replace(request, timeout=None, label="", max_tokens=most, capped=False))
        _leave_out_what_is_not_used(asked)
        text = json.dumps([self.name, asked], sort_keys=True, ensure_ascii=False)
        return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=32).hexdigest()

    def _kept(self, key: str | None) -> Completion | None:
        found = self._file.get([key]) if key else {}
        return _read(json.loads(found[key])) if key and found else None

    def _keep(self, key: str | None, completion: Completion, request: Request) -> Completion:
        kept = ("stop",) if request.capped else ("stop", "length")  # what was filtered may go through another time
        if key and completion.finish_reason in kept:
            self._file.put({key: json.dumps(asdict(replace(completion, usage=Usage()))).encode()})
        return completion


def _read(kept: dict[str, Any]) -> Completion:
    tokens = tuple(Token(**token) for token in kept["tokens"])
    calls = tuple(ToolCall(**call) for call in kept.get("calls", ()))
    return Completion(kept["text"], tokens, kept["finish_reason"], Usage(), kept["model"], calls)


def _leave_out_what_is_not_used(asked: dict[str, Any]) -> None:
    """Tools came later than the cache: a request without them has the key that it always had."""
    for part, names in [
        (asked, ("tools", "capped")),
        *((message, ("calls", "answers")) for message in asked["messages"]),
    ]:
        for name in names:
            if not part[name]:
                del part[name]


def _replay(completion: Completion) -> Iterator[Token | Completion]:
    yield from completion.tokens or ([Token(completion.text)] if completion.text else [])
    yield completion
