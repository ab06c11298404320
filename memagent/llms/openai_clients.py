"""Clients of the official package: made when first needed, shared, and closed in time."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Any

from memagent.errors import UsageProblem
from memagent.openai_server import Place

if TYPE_CHECKING:
    import openai


class Clients:
    """One blocking client, and one asynchronous client for each event loop.

    A connection belongs to the event loop that opened it, so an asynchronous client cannot be shared between loops.
    Making one takes some 60 ms, so it is made once.
    """

    def __init__(
        self,
        client: openai.OpenAI | None,
        async_client: openai.AsyncOpenAI | None,
        place: Place,
        max_retries: int,
    ) -> None:
        self._blocking = client
        self._given = async_client
        self._own = client is None and async_client is None
        self._options: dict[str, Any] = {
            "base_url": place.base_url,
            "api_key": place.key or "none",  # the client insists on one; servers that need none ignore it
            "timeout": place.timeout,
            "max_retries": max_retries,
        }
        self._loops: dict[asyncio.AbstractEventLoop, tuple[openai.AsyncOpenAI, AsyncGenerator[None, None]]] = {}
        self._lock = threading.Lock()

    @property
    def only_blocking(self) -> bool:
        """Whether a blocking client was given and no asynchronous one."""
        return not self._own and self._given is None

    def blocking(self, seconds: float | None = None) -> openai.OpenAI:
        """Return the client for blocking calls; with `seconds`, one that gives up after them and does not try again."""
        if not self._own and self._blocking is None:
            raise UsageProblem(
                "only an asynchronous client was given, and this is a blocking call",
                hint="Give client= as well, or use the asynchronous calls.",
            )
        with self._lock:
            if self._blocking is None:
                import openai

                self._blocking = openai.OpenAI(**self._options)
        return self._blocking if seconds is None else self._blocking.with_options(timeout=seconds, max_retries=0)

    async def asynchronous(self, seconds: float | None = None) -> openai.AsyncOpenAI:
        """Return the client of the running event loop; with `seconds` as in `blocking`."""
        client = self._given or await self._of_this_loop()
        return client if seconds is None else client.with_options(timeout=seconds, max_retries=0)

    def close(self) -> None:
        """Close the blocking client, unless it was given."""
        with self._lock:
            if self._own and self._blocking is not None:
                self._blocking.close()
                self._blocking = None

    async def _of_this_loop(self) -> openai.AsyncOpenAI:
        loop = asyncio.get_running_loop()
        with self._lock:
            for closed in [known for known in self._loops if known.is_closed()]:
                del self._loops[closed]
            if loop in self._loops:
                return self._loops[loop][0]
            import openai

            client = openai.AsyncOpenAI(**self._options)
            keeper = _closing(client)
            self._loops[loop] = client, keeper
        await anext(keeper)
        return client


async def _closing(client: openai.AsyncOpenAI) -> AsyncGenerator[None, None]:
    """Close `client` when the event loop shuts its asynchronous generators down, as `asyncio.run` does at its end.

    There is no other moment: connections cannot be closed once their loop is gone.
    """
    try:
        yield
    finally:
        await client.close()
