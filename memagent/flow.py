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
import queue
import threading
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, TypeVar

from memagent.errors import Stopped, UsageProblem
from memagent.steps import (
    AskTime,
    CountOutcome,
    Execute,
    FindRationales,
    Flow,
    Forget,
    Gather,
    Generate,
    Inquire,
    KeepRationales,
    ReadPassages,
    ReadTriples,
    ReadTurns,
    Rejudge,
    Remember,
    Retrieve,
    Say,
    Step,
    Tell,
    TriedBefore,
    WriteTriples,
    ask_time,
    count_outcome,
    execute,
    find_rationales,
    forget,
    gather,
    generate,
    inquire,
    keep_rationales,
    read_passages,
    read_triples,
    read_turns,
    rejudge,
    remember,
    retrieve,
    say,
    tell,
    tried_before,
    write_triples,
)

__all__ = [
    "AskTime",
    "CountOutcome",
    "Event",
    "Execute",
    "FindRationales",
    "Flow",
    "Forget",
    "Gather",
    "Generate",
    "Inquire",
    "KeepRationales",
    "Path",
    "ReadPassages",
    "ReadTriples",
    "ReadTurns",
    "Rejudge",
    "Remember",
    "Retrieve",
    "RunDone",
    "Say",
    "Step",
    "StepDone",
    "StepRetried",
    "StepStarted",
    "Tell",
    "TokenReceived",
    "TriedBefore",
    "WriteTriples",
    "arun",
    "ask_time",
    "count_outcome",
    "execute",
    "find_rationales",
    "forget",
    "gather",
    "generate",
    "inquire",
    "keep_rationales",
    "read_passages",
    "read_triples",
    "read_turns",
    "rejudge",
    "remember",
    "retrieve",
    "run",
    "say",
    "tell",
    "tried_before",
    "write_triples",
]

T = TypeVar("T")
Path = tuple[int, ...]
_BRANCHES = 8  # threads that the branches of one `Gather` share


_Outcome = tuple[Any, Exception | None]


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


@dataclass(frozen=True, slots=True)
class RunDone(Generic[T]):
    """The last event of a stream. `result` is the controller's `Result`: the value and the trace."""

    result: Any


Event = StepStarted | TokenReceived | StepRetried | StepDone | RunDone[Any]


def run(flow: Flow[T], answer: Callable[[Step, Path], Any], path: Path = ()) -> T:
    """Drive a flow to its end in this thread and return its value. `answer` is never called with a `Gather`.

    An exception of `answer` is thrown into the flow where it asked. After `Stopped` the flow is closed, whatever it
    does: it may only return the best it has, which the error then carries as `partial`, and the error comes out here.
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
            except Stopped as error:
                error.partial = _last(flow, error)
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
            except Stopped as error:
                error.partial = _last(flow, error)
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


def _last(flow: Flow[Any], error: Stopped) -> Any:
    """Let a flow that has been stopped return the best it has; `None` if it has nothing, or asks for more."""
    try:
        flow.throw(error)
    except StopIteration as end:
        return end.value
    except Exception:  # noqa: BLE001 - the order to stop is raised, whatever the flow makes of it
        return None
    return None


def _check_fresh(flow: Flow[Any]) -> None:
    if not inspect.isgenerator(flow):
        raise UsageProblem(
            f"{flow!r} is not a flow", hint="Call a method, such as plain(question), and pass what it returns."
        )
    if inspect.getgeneratorstate(flow) != inspect.GEN_CREATED:
        raise UsageProblem("this flow has been run already", hint="Call the method again for a new one.")


def _run_all(flows: Sequence[Flow[Any]], answer: Callable[[Step, Path], Any], path: Path) -> list[Any]:
    """Run branches in threads. Every branch ends before this does, so that nothing goes on unseen.

    Only what interrupts the thread that waits (Ctrl-C) comes out at once: no further branch begins then, and the calls
    that are under way are left behind in daemon threads, for which Python does not wait at its end either.
    """
    waiting: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
    futures: list[Future[_Outcome]] = []
    for branch, flow in enumerate(flows):
        future: Future[_Outcome] = Future()
        run_one = partial(contextvars.copy_context().run, _outcome, flow, answer, (*path, branch))
        waiting.put(partial(_settle, future, run_one))
        futures.append(future)
    try:
        for number in range(min(_BRANCHES, len(flows))):
            name = f"memagent-branch-{number}"
            threading.Thread(target=_work_off, args=(waiting,), name=name, daemon=True).start()
        return _values([future.result() for future in futures])
    finally:
        for future in futures:
            future.cancel()


def _work_off(waiting: queue.SimpleQueue[Callable[[], None]]) -> None:
    while True:
        try:
            settle = waiting.get_nowait()
        except queue.Empty:
            return
        settle()


def _settle(future: Future[_Outcome], work: Callable[[], _Outcome]) -> None:
    """Do the work of a future, unless it was called off, and give it its result."""
    if not future.set_running_or_notify_cancel():
        return
    try:
        outcome = work()
    except BaseException as error:  # noqa: BLE001 - raised again in the thread that waits
        future.set_exception(error)
    else:
        future.set_result(outcome)


async def _arun_all(
    flows: Sequence[Flow[Any]], answer: Callable[[Step, Path], Awaitable[Any]], path: Path
) -> list[Any]:
    return _values(await asyncio.gather(*(_aoutcome(flow, answer, (*path, n)) for n, flow in enumerate(flows))))


def _outcome(flow: Flow[Any], answer: Callable[[Step, Path], Any], path: Path) -> _Outcome:
    try:
        return run(flow, answer, path), None
    except Exception as error:  # noqa: BLE001 - raised again when all branches have ended
        return None, error


async def _aoutcome(flow: Flow[Any], answer: Callable[[Step, Path], Awaitable[Any]], path: Path) -> _Outcome:
    try:
        return await arun(flow, answer, path), None
    except Exception as error:  # noqa: BLE001 - raised again when all branches have ended
        return None, error


def _values(outcomes: Sequence[_Outcome]) -> list[Any]:
    """Return the values, or raise: an order to stop before any other error, then the earliest branch's."""
    errors = [error for _, error in outcomes if error is not None]
    for error in sorted(errors, key=lambda error: not isinstance(error, Stopped)):
        raise error
    return [value for value, _ in outcomes]
