"""Crossing between blocking and asynchronous code in either direction."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import AsyncIterator, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from memagent.deadline import awithin

T = TypeVar("T")
_END: Any = object()


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end from blocking code, even where this thread's event loop is already running.

    A running loop cannot be entered a second time, so there the coroutine gets a thread and a loop of its own.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(coroutine)
    context = contextvars.copy_context()
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(context.run, asyncio.run, coroutine).result()


async def in_thread(iterator: Iterator[T]) -> AsyncIterator[T]:
    """Iterate over a blocking iterator without blocking the event loop."""
    while (item := await awithin(None, lambda: next(iterator, _END))) is not _END:
        yield item
