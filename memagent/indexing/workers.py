"""Threads that work on one thing after another, and that nobody has to wait for: a second Ctrl-C leaves them behind.

`ThreadPoolExecutor` cannot be left like that: the interpreter waits for its threads, which may hang on a server.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from types import TracebackType
from typing import Generic, TypeVar

A = TypeVar("A")
T = TypeVar("T")


class Workers(Generic[A, T]):
    """So many threads that call `work`, as a context manager; leaving it waits for what is under way.

    Args:
        work: what is called with each argument that is submitted.
        count: how many threads.
    """

    def __init__(self, work: Callable[[A], T], count: int) -> None:
        self._work = work
        self._queue: queue.SimpleQueue[tuple[A, Future[T]] | None] = queue.SimpleQueue()
        self._threads = [
            threading.Thread(target=self._run, name=f"memagent-worker-{number}", daemon=True) for number in range(count)
        ]

    def submit(self, argument: A) -> Future[T]:
        """Have `work` called with this as soon as a thread is free."""
        future: Future[T] = Future()
        self._queue.put((argument, future))
        return future

    def __enter__(self) -> Workers[A, T]:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for _ in self._threads:
            self._queue.put(None)
        for thread in self._threads:
            thread.join()

    def _run(self) -> None:
        while (given := self._queue.get()) is not None:
            argument, future = given
            try:
                result = self._work(argument)
            except BaseException as error:  # noqa: BLE001 - raised again in the thread that asks for the result
                future.set_exception(error)
            else:
                future.set_result(result)
