"""Looking up: by a retriever or by a flow of one's own, within its time, and what comes of it checked.

A flow has no clock of its own, and with one a replay would come to another end. What takes time in it are its steps, so
these get the limit: each search that a `look_up=` makes, and each call of a model, may take `search_timeout` seconds,
or fewer where it says so itself.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from dataclasses import replace
from typing import Any, TypeVar

from memagent.errors import MemagentError, MemoryProblem, UsageProblem
from memagent.flow import FindRationales, Flow, Gather, Generate, ReadTriples, Retrieve, Step, retrieve
from memagent.methods.attempts import given, in_words
from memagent.types import Hit

T = TypeVar("T")
LookUp = Callable[[str, int], Flow[list[Hit]]]
"""Finds up to so many passages for a query: a flow, such as `lambda query, k: reranked(query, k, using="graph")`."""


def looked_up(
    query: str, k: int, *, using: str = "", look_up: LookUp | None = None, timeout: float | None = None
) -> Flow[list[Hit]]:
    """Return what a query finds: by the retriever `using`, or by the flow `look_up` in its place.

    Args:
        query: what is looked for.
        k: how many passages.
        using: the retriever.
        look_up: the flow.
        timeout: seconds for the search, or for each step of the flow.

    Raises:
        UsageProblem: `look_up` returns no flow.
        Late: a search took longer.
        MemoryProblem: what came is no passages, or `look_up` raised something of its own.
    """
    if look_up is None:
        found: Any = yield from retrieve(query, k, using=using, timeout=timeout)
    else:
        found, error = yield from given(_own, look_up, query, k, timeout)
        if error is not None:
            raise (
                error if isinstance(error, MemagentError) else MemoryProblem(f"look_up failed: {in_words(error)}")
            ) from error
    if isinstance(found, str) or not isinstance(found, Iterable):
        raise MemoryProblem(f"the search for {query[:60]!r} returned a {type(found).__name__} and no passages")
    hits = list(found)
    if odd := [hit for hit in hits if not isinstance(hit, Hit) or not isinstance(hit.text, str)]:
        raise MemoryProblem(f"the search for {query[:60]!r} returned {odd[0]!r:.60} for a passage")
    return hits


def _own(look_up: LookUp, query: str, k: int, timeout: float | None) -> Flow[list[Hit]]:
    flow = look_up(query, k)
    if not isinstance(flow, Generator):
        raise UsageProblem(
            f"look_up returned a {type(flow).__name__} and no flow",
            hint="Write it with `yield from`, as in: hits = yield from retrieve(query, k); return hits.",
        )
    return (yield from bounded(flow, timeout))


def bounded(flow: Flow[T], seconds: float | None) -> Flow[T]:
    """Run a flow whose searches and calls may take so many seconds each; `None` leaves it as it is."""
    if seconds is None:
        return (yield from flow)
    sent: Any = None
    failed: Exception | None = None
    while True:
        try:
            step = flow.send(sent) if failed is None else flow.throw(failed)
        except StopIteration as end:
            value: T = end.value
            return value
        sent, failed = None, None
        try:
            sent = yield _limited(step, seconds)
        except Exception as error:  # noqa: BLE001 - it belongs to the flow, which decides what to do with it
            failed = error
        except BaseException:
            flow.close()
            raise


def _limited(step: Step, seconds: float) -> Step:
    if isinstance(step, Gather):
        return Gather(tuple(bounded(one, seconds) for one in step.flows))
    if isinstance(step, Generate):
        return Generate(replace(step.request, timeout=_less(step.request.timeout, seconds)))
    if isinstance(step, Retrieve | FindRationales | ReadTriples):
        return replace(step, timeout=_less(step.timeout, seconds))
    return step


def _less(limit: float | None, seconds: float) -> float:
    return seconds if limit is None else min(limit, seconds)
