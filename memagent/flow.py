"""A method is a flow: a generator that asks for one step at a time and is sent the answer.

    def plain(question: str) -> Flow[str]:
        hits = yield from retrieve(question, k=3)
        reply = yield from generate(fill("plain/answer", passages=..., question=question))
        return reply.text

Read `yield from` as "ask". The flow does no I/O, so one body serves sync, async, streaming, stepping by hand, and
replay. `run` and `arun` drive it: they send each answer in, throw each error in at the asking line, and close the
flow at the end whatever happens. What answers the steps is their argument: a controller, a trace, a test.

A step has a path, by which a trace finds its answer again: `(4,)` is the fifth step of the flow, and `(4, 1, 0)` the
first step of the second branch of the `Gather` asked for there. Steps inside branches run at once, and still have the
same paths in every run.
"""

from __future__ import annotations

import asyncio
import contextvars
import inspect
from collections.abc import Awaitable, Callable, Generator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from memagent.errors import Stopped, UsageProblem
from memagent.types import Completion, Hit, Message, Note, Request

T = TypeVar("T")
Path = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Generate:
    """Ask the language model. Answered with a `Completion`."""

    request: Request


@dataclass(frozen=True, slots=True)
class Retrieve:
    """Ask for passages. Answered with a list of up to `k` hits. `using` names a retriever; empty means the default."""

    query: str
    k: int = 5
    using: str = ""


@dataclass(frozen=True, slots=True)
class Remember:
    """Ask the memory to keep notes. Answered with the list of their ids. Asking twice keeps them once."""

    notes: tuple[Note, ...]


@dataclass(frozen=True, slots=True)
class Forget:
    """Ask the memory to retire passages. Answered with how many were retired."""

    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Gather:
    """Ask for several flows at once, none of which needs another's answer. Answered with the list of their values."""

    flows: tuple[Generator[Any, Any, Any], ...]


Step = Generate | Retrieve | Remember | Forget | Gather
Flow = Generator[Step, Any, T]


def generate(
    messages: Sequence[Message],
    *,
    max_tokens: int | None = None,
    temperature: float | None = None,
    stop: Sequence[str] = (),
    seed: int | None = None,
    logprobs: bool = False,
    logit_bias: Mapping[str, float] | None = None,
    schema: Mapping[str, Any] | None = None,
    prefill: str = "",
    label: str = "",
) -> Flow[Completion]:
    """Ask the language model; the arguments are those of `Request`."""
    request = Request(
        messages=tuple(messages),
        max_tokens=max_tokens,
        temperature=temperature,
        stop=tuple(stop),
        seed=seed,
        logprobs=logprobs,
        logit_bias=dict(logit_bias or {}),
        schema=schema,
        prefill=prefill,
        label=label,
    )
    answer: Completion = yield Generate(request)
    return answer


def retrieve(query: str, k: int = 5, *, using: str = "") -> Flow[list[Hit]]:
    """Ask for up to `k` passages for a query."""
    answer: list[Hit] = yield Retrieve(query, k, using)
    return answer


def remember(*notes: Note) -> Flow[list[str]]:
    """Ask the memory to keep notes; the answer is their ids."""
    answer: list[str] = yield Remember(notes)
    return answer


def forget(*ids: str) -> Flow[int]:
    """Ask the memory to retire passages; the answer is how many."""
    answer: int = yield Forget(ids)
    return answer


def gather(*flows: Flow[T]) -> Flow[list[T]]:
    """Ask for several flows at once. If one fails, the others still end, and the first error is raised here."""
    answer: list[T] = yield Gather(flows)
    return answer


@dataclass(frozen=True, slots=True)
class StepStarted:
    """A step is about to be answered."""

    path: Path
    step: Step


@dataclass(frozen=True, slots=True)
class TokenReceived:
    """A piece of a reply came in. `label` is that of the request."""

    path: Path
    text: str
    label: str = ""


@dataclass(frozen=True, slots=True)
class StepRetried:
    """A call failed on the way and is made again; the tokens received for this path so far do not count."""

    path: Path
    error: Exception
    attempt: int


@dataclass(frozen=True, slots=True)
class StepDone:
    """A step has its answer.

    `seconds` it took; `replayed` says that the answer came from a trace and cost nothing now.
    """

    path: Path
    step: Step
    answer: Any
    seconds: float
    replayed: bool = False


Event = StepStarted | TokenReceived | StepRetried | StepDone


def run(flow: Flow[T], answer: Callable[[Step, Path], Any], path: Path = ()) -> T:
    """Drive a flow to its end in this thread and return its value. `answer` is never called with a `Gather`.

    An exception of `answer` is thrown into the flow where it asked. `Stopped` is not: it closes the flow (its
    `finally` blocks run) and comes out here, so that no method can swallow it.
    """
    _check_fresh(flow)
    index = 0
    advance: Callable[[], Step] = partial(flow.send, None)
    try:
        while True:
            step = advance()
            try:
                here = (*path, index)
                reply = _run_all(step.flows, answer, here) if isinstance(step, Gather) else answer(step, here)
            except Stopped:
                raise
            except Exception as error:  # noqa: BLE001 - the flow decides what to do with it
                advance = partial(flow.throw, error)
            else:
                advance = partial(flow.send, reply)
            index += 1
    except StopIteration as end:
        value: T = end.value
        return value
    finally:
        flow.close()


async def arun(flow: Flow[T], answer: Callable[[Step, Path], Awaitable[Any]], path: Path = ()) -> T:
    """Drive a flow to its end on this event loop and return its value; otherwise like `run`."""
    _check_fresh(flow)
    index = 0
    advance: Callable[[], Step] = partial(flow.send, None)
    try:
        while True:
            step = advance()
            try:
                here = (*path, index)
                reply = (
                    await _arun_all(step.flows, answer, here) if isinstance(step, Gather) else await answer(step, here)
                )
            except Stopped:
                raise
            except Exception as error:  # noqa: BLE001 - the flow decides what to do with it
                advance = partial(flow.throw, error)
            else:
                advance = partial(flow.send, reply)
            index += 1
    except StopIteration as end:
        value: T = end.value
        return value
    finally:
        flow.close()


def _check_fresh(flow: Flow[Any]) -> None:
    if not inspect.isgenerator(flow):
        raise UsageProblem(
            f"{flow!r} is not a flow", hint="Call a method, such as plain(question), and pass what it returns."
        )
    if inspect.getgeneratorstate(flow) != inspect.GEN_CREATED:
        raise UsageProblem("this flow has been run already", hint="Call the method again for a new one.")


def _run_all(flows: Sequence[Flow[Any]], answer: Callable[[Step, Path], Any], path: Path) -> list[Any]:
    """Run branches in threads. Every branch ends before this does, so that nothing goes on unseen."""
    if not flows:
        return []
    with ThreadPoolExecutor(max_workers=min(8, len(flows)), thread_name_prefix="memagent") as pool:
        futures: list[Future[Any]] = []
        for branch, flow in enumerate(flows):
            context = contextvars.copy_context()
            futures.append(pool.submit(context.run, run, flow, answer, (*path, branch)))
    return _values([future.exception() or future.result() for future in futures])


async def _arun_all(
    flows: Sequence[Flow[Any]], answer: Callable[[Step, Path], Awaitable[Any]], path: Path
) -> list[Any]:
    branches = [arun(flow, answer, (*path, branch)) for branch, flow in enumerate(flows)]
    return _values(await asyncio.gather(*branches, return_exceptions=True))


def _values(outcomes: Sequence[Any]) -> list[Any]:
    """Return the values, or raise.

    An order to stop before any other error, and the earliest branch's before a later one's.
    """
    errors = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
    for error in sorted(errors, key=lambda error: not isinstance(error, Stopped)):
        raise error
    return list(outcomes)
