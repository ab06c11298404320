"""Waiting for work no longer than it may take.

Work that blocks cannot be interrupted from outside. It gets a daemon thread of its own, which is left behind when its
time is over: whoever waits goes on, and the interpreter does not wait for it at its end, as it would for a
`ThreadPoolExecutor` or `asyncio.to_thread`.
"""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future
from contextlib import asynccontextmanager
from typing import Any, TypeVar

T = TypeVar("T")


class Overdue(Exception):
    """The work took longer than it may. What it does from then on is lost."""


def within(seconds: float | None, work: Callable[[], T]) -> T:
    """Return what `work` returns, or raise what it raises; without a limit in this very thread.

    Raises:
        Overdue: it took longer.
    """
    if seconds is None:
        return work()
    future = _started(work)
    finished = threading.Event()
    future.add_done_callback(lambda _: finished.set())
    if not finished.wait(max(0.0, seconds)):
        raise Overdue
    return future.result()


async def awithin(seconds: float | None, work: Callable[[], T]) -> T:
    """Like `within`, without blocking the event loop; work that blocks is always given a thread."""
    loop = asyncio.get_running_loop()
    waiter: asyncio.Future[None] = loop.create_future()
    future = _started(work)

    def wake() -> None:
        if not waiter.done():
            waiter.set_result(None)

    def done(_: Future[Any]) -> None:
        try:
            loop.call_soon_threadsafe(wake)
        except RuntimeError:  # nobody waits any more: the loop is closed
            return

    future.add_done_callback(done)
    async with overdue_after(seconds):
        await waiter
    return future.result()


@asynccontextmanager
async def overdue_after(seconds: float | None) -> AsyncIterator[None]:
    """Cancel what is awaited in the block after so many seconds, and raise `Overdue`; `None` is for ever."""
    try:
        async with asyncio.timeout(None if seconds is None else max(0.0, seconds)) as limit:
            yield
    except TimeoutError:
        if limit.expired():
            raise Overdue from None
        raise


def _started(work: Callable[[], T]) -> Future[T]:
    future: Future[T] = Future()

    def run() -> None:
        try:
            result = work()
        except BaseException as error:  # noqa: BLE001 - raised again in the thread that waits
            future.set_exception(error)
        else:
            future.set_result(result)

    context = contextvars.copy_context()
    threading.Thread(target=context.run, args=(run,), name="memagent-deadline", daemon=True).start()
    return future


async def to_its_end(work: Callable[[], T]) -> T:
    """Run blocking work in a thread, and wait for its end though this task is cancelled meanwhile.

    A thread cannot be stopped: whoever is told that a task has ended must find what it has written.
    """
    running = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.wait([running])
        if not running.cancelled():
            running.exception()  # what ended the task is told, and not what failed behind it
        raise
