"""Verbs for event loops: the same verb in a thread, since SQLite and the embedder block."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

S = TypeVar("S")
T = TypeVar("T")
P = ParamSpec("P")


def awaitable(verb: Callable[Concatenate[S, P], T]) -> Callable[Concatenate[S, P], Coroutine[Any, Any, T]]:
    """Return a method that runs `verb` in a thread and is awaited.

    A write that has begun is finished if it is cancelled.
    """

    @functools.wraps(verb)
    async def call(self: S, *args: P.args, **options: P.kwargs) -> T:
        return await asyncio.to_thread(verb, self, *args, **options)

    return cast(Callable[Concatenate[S, P], Coroutine[Any, Any, T]], call)


def awaitable_list(
    verb: Callable[Concatenate[S, P], Iterable[T]],
) -> Callable[Concatenate[S, P], Coroutine[Any, Any, list[T]]]:
    """Return a method that reads all that `verb` iterates over, in a thread, and gives a list."""

    @functools.wraps(verb)
    def read(self: S, *args: P.args, **options: P.kwargs) -> list[T]:
        return list(verb(self, *args, **options))

    return awaitable(cast(Callable[Concatenate[S, P], list[T]], read))
