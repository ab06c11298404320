"""The controller answers the steps of a flow with your language model, your memory and your retriever.

It is the one place where calls are made, so it is where they are counted, limited, retried, reported and written down.
`run` may be called inside a running event loop (a notebook); `arun` must be awaited on one. A backend's own code
decides which errors are worth a second try (`BackendError.retryable`); the controller makes it, a bounded number of
times.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import logging
import queue
import threading
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from memagent import programs, registry
from memagent.answering import from_memory
from memagent.budget import Budget, Charge, Meter, Replies, unknown_price
from memagent.deadline import Overdue, awithin, overdue_after, to_its_end, within
from memagent.errors import BackendError, Interrupted, Late, MemagentError, Stopped, UsageProblem
from memagent.flow import (
    AskTime,
    Event,
    Execute,
    FindRationales,
    Flow,
    Generate,
    Inquire,
    Path,
    ReadTriples,
    Retrieve,
    RunDone,
    Say,
    Step,
    StepRetried,
    Tell,
    arun,
    run,
)
from memagent.llms.abilities import require
from memagent.shown import Shown
from memagent.trace import Trace
from memagent.turn import ListenerFailed, OnEvent, Run, Turn
from memagent.types import Completion, Execution, Request, Usage

if TYPE_CHECKING:
    from memagent.llms.base import LLM
    from memagent.memory import Memory
    from memagent.retrievers.base import Retriever

T = TypeVar("T")
_GRACE = 1.0  # seconds that a backend has to keep to a call's time by itself, before it is left behind
_log = logging.getLogger("memagent")


@dataclass(frozen=True, slots=True)
class Result(Shown, Generic[T]):
    """What a run returned, and its record. `usage` counts the whole run, replayed steps included."""

    value: T
    trace: Trace

    @property
    def usage(self) -> Usage:
        """Calls, tokens and cost of the run."""
        return self.trace.usage


class Controller:
    """Runs flows with one model, one memory and one budget.

    Args:
        llm: a backend, or what the registry takes for one: `"openai:gpt-5-mini"`, a LangChain model, a
            callable. `None` lets the environment decide.
        memory: a bound `Memory`; needed by flows that retrieve or remember.
        retriever: a retriever or its name, for steps that name none; the memory's hybrid search by default.
        budget: limits on everything this controller spends.
        replies: how long replies are, by their kind; with these none is without an end, see `memagent.budget.Replies`.
        retries: how many times a call that failed for a passing reason is made again.
        on_event: called with each event, in the thread that runs the flow (or a branch of it).
        allow_programs: run the Python programs that a flow asks for; they may be a model's. See `memagent.programs`.
    """

    def __init__(
        self,
        llm: LLM | str | Any | None = None,
        memory: Memory | None = None,
        *,
        retriever: Retriever | str = "",
        budget: Budget | None = None,
        replies: Replies | None = None,
        retries: int = 2,
        on_event: OnEvent | None = None,
        allow_programs: bool = False,
    ) -> None:
        self.llm: LLM = registry.llm(llm)
        self.memory = memory
        self.retriever = retriever
        self.retries = retries
        self.on_event = on_event
        self.allow_programs = allow_programs
        self._meter = Meter(budget or Budget(), _price(self.llm, budget), replies)
        self._running: set[Run] = set()

    @property
    def usage(self) -> Usage:
        """What this controller has spent so far; replayed steps cost nothing."""
        return self._meter.spent

    def stop(self) -> None:
        """Ask what is running now to stop: at the next token or step it raises `Interrupted`. Safe from any thread."""
        for running in list(self._running):
            running.stop.set()

    def run(self, flow: Flow[T], *, trace: Trace | str | FilePath | None = None) -> Result[T]:
        """Run a flow to its end. With a trace that already holds steps, those are answered from it (resume)."""
        return self._run(flow, Run(_trace(trace), self.on_event))

    async def arun(self, flow: Flow[T], *, trace: Trace | str | FilePath | None = None) -> Result[T]:
        """Like `run`, without blocking the event loop."""
        return await self._arun(flow, Run(await _atrace(trace), self.on_event))

    def stream(self, flow: Flow[T], *, trace: Trace | str | FilePath | None = None) -> Iterator[Event]:
        """Run a flow and yield its events as they happen.

        The last one is `RunDone`. Closing the iterator stops the run.
        """
        events: queue.SimpleQueue[Any] = queue.SimpleQueue()
        this = Run(_trace(trace), _both(events.put, self.on_event))

        def work() -> None:
            try:
                events.put(RunDone(self._run(flow, this)))
            except BaseException as error:  # noqa: BLE001 - raised again in the thread that reads the events
                events.put(error)

        context = contextvars.copy_context()
        thread = threading.Thread(target=context.run, args=(work,), name="memagent-stream", daemon=True)
        thread.start()
        try:
            yield from _until_done(events)
        finally:
            this.stop.set()
            thread.join(_GRACE)  # a call that hangs is left behind; it can change nothing any more

    async def astream(self, flow: Flow[T], *, trace: Trace | str | FilePath | None = None) -> AsyncIterator[Event]:
        """Like `stream`, on an event loop."""
        events: asyncio.Queue[Event | None] = asyncio.Queue()
        this = Run(await _atrace(trace), _both(events.put_nowait, self.on_event))
        task = asyncio.ensure_future(self._arun(flow, this))
        task.add_done_callback(lambda _: events.put_nowait(None))
        try:
            while (event := await events.get()) is not None:
                yield event
            yield RunDone(await task)
        finally:
            task.cancel()
            await asyncio.wait([task])

    def _run(self, flow: Flow[T], this: Run) -> Result[T]:
        def answer(step: Step, path: Path) -> Any:
            turn = Turn(this, self._meter, step, path)
            if turn.recalled():
                return turn.answer
            try:
                reply = self._do(step, turn)
            except Stopped as error:
                error.said = turn.said
                raise
            except Exception as error:
                turn.failed(error)
                raise
            turn.write_down(reply)
            return turn.tell()

        with self._as_running(this):
            return Result(run(flow, answer), this.trace)

    async def _arun(self, flow: Flow[T], this: Run) -> Result[T]:
        async def answer(step: Step, path: Path) -> Any:
            turn = Turn(this, self._meter, step, path)
            if turn.recalled():
                return turn.answer
            try:
                reply = await self._ado(step, turn)
            except Stopped as error:
                error.said = turn.said
                raise
            except Exception as error:
                turn.failed(error)
                raise
            if this.trace.path is None:
                turn.write_down(reply)
            else:  # it waits for the disk
                await asyncio.to_thread(turn.write_down, reply)
            return turn.tell()

        with self._as_running(this):
            return Result(await arun(flow, answer), this.trace)

    @contextlib.contextmanager
    def _as_running(self, this: Run) -> Iterator[None]:
        self._running.add(this)
        try:
            yield
        except ListenerFailed as failed:
            raise failed.error from None
        except MemagentError as error:
            error.trace = this.trace
            raise
        except BaseException as error:
            if not isinstance(error, Exception):  # such as Ctrl-C: branches that are left behind do not go on
                this.stop.set()
            raise
        finally:
            self._running.discard(this)

    def _do(self, step: Step, turn: Turn) -> Any:
        if not isinstance(step, Generate):
            limit = self._limit(step)
            try:
                return within(limit, lambda: self._beside(step))
            except Overdue:
                raise self._late(step, limit) from None
        request = self._admitted(step.request)
        for attempt in range(1, self.retries + 2):
            with self._meter.charging(request) as charge:
                turn.asked(charge.asked)
                try:
                    return charge.paid(self._complete(charge, turn))
                except BaseException as error:
                    charge.broken_off(turn.said, left=_left(error))
                    turn.lost(charge.usage)
                    if not isinstance(error, BackendError):
                        raise
                    self._meter.check_time(slack=0.1)  # it may have failed for want of the time that we left it
                    wait = self._again(error, attempt, turn)
            time.sleep(wait)
        raise AssertionError("unreachable: the last attempt returns or raises")

    async def _ado(self, step: Step, turn: Turn) -> Any:
        if not isinstance(step, Generate):
            limit = self._limit(step)
            if isinstance(step, Inquire | AskTime | Say | Tell):
                return self._beside(step)
            if isinstance(step, Execute):
                return await asyncio.to_thread(self._beside, step)
            if limit is None:
                return await to_its_end(lambda: self._beside(step))
            try:
                return await awithin(limit, lambda: self._beside(step))
            except Overdue:
                raise self._late(step, limit) from None
        request = self._admitted(step.request)
        for attempt in range(1, self.retries + 2):
            async with self._meter.acharging(request) as charge:
                turn.asked(charge.asked)
                try:
                    return charge.paid(await self._acomplete(charge, turn))
                except BaseException as error:
                    charge.broken_off(turn.said, left=_left(error))
                    turn.lost(charge.usage)
                    if not isinstance(error, BackendError):
                        raise
                    self._meter.check_time(slack=0.1)  # it may have failed for want of the time that we left it
                    wait = self._again(error, attempt, turn)
            await asyncio.sleep(wait)
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _complete(self, charge: Charge, turn: Turn) -> Completion:
        """Make one call; one that does not keep to its time by itself is left behind a second later."""
        try:
            return within(_patience(charge.request), lambda: self._called(charge, turn))
        except Overdue:
            raise self._unfinished(charge.request, turn) from None

    async def _acomplete(self, charge: Charge, turn: Turn) -> Completion:
        try:
            async with overdue_after(_patience(charge.request)):
                return await self._acalled(charge, turn)
        except Overdue:
            raise self._unfinished(charge.request, turn) from None

    def _called(self, charge: Charge, turn: Turn) -> Completion:
        if not _in_pieces(charge.request, turn):
            return self.llm.complete(charge.request)
        for piece in self.llm.stream(charge.request):
            if isinstance(piece, Completion):
                return piece
            turn.token(piece)
            if turn.goes_on_behind(charge.request):
                return charge.overrun(turn.said)
        raise BackendError(f"{self.llm.name} ended its stream without an answer", retryable=True)

    async def _acalled(self, charge: Charge, turn: Turn) -> Completion:
        if not _in_pieces(charge.request, turn):
            return await self.llm.acomplete(charge.request)
        async for piece in self.llm.astream(charge.request):
            if isinstance(piece, Completion):
                return piece
            turn.token(piece)
            if turn.goes_on_behind(charge.request):
                return charge.overrun(turn.said)
            await asyncio.sleep(0)  # lets a reader see this token before the next, and cancel
        raise BackendError(f"{self.llm.name} ended its stream without an answer", retryable=True)

    def _again(self, error: BackendError, attempt: int, turn: Turn) -> float:
        """Return the seconds to wait before the next attempt, or raise the error when there is to be none."""
        if not error.retryable or attempt > self.retries:
            error.said = turn.said
            raise error
        turn.again()
        turn.emit(StepRetried(turn.path, error, attempt))
        return float(min(0.5 * 2 ** (attempt - 1), 8.0))

    def _admitted(self, request: Request) -> Request:
        """Refuse what the backend cannot do, before anything is spent; give the call what is left of the time."""
        require(self.llm.name, self.llm.can, request)
        left = self._meter.seconds_left()
        if left is None:
            return request
        return replace(request, timeout=left if request.timeout is None else min(left, request.timeout))

    def _unfinished(self, request: Request, turn: Turn) -> BackendError:
        turn.over = True
        return BackendError(
            f"{self.llm.name} did not finish within {request.timeout:g} s",
            hint="Give it more time with timeout=, or ask for fewer tokens.",
        )

    def _limit(self, step: Step) -> float | None:
        """The seconds that a search may take: its own, and what is left of the run's. Nothing else is left behind."""
        if not isinstance(step, Retrieve | FindRationales | ReadTriples):
            return None
        limits = [limit for limit in (step.timeout, self._meter.seconds_left()) if limit is not None]
        return min(limits, default=None)

    def _late(self, step: Step, limit: float | None) -> Late:
        self._meter.check_time(slack=0.1)
        what = next((str(getattr(step, name)) for name in ("query", "problem", "queries") if hasattr(step, name)), "")
        return Late(
            f"the search for {what[:60]!r} did not end within {limit:g} s", hint="Give it more time with timeout=."
        )

    def _beside(self, step: Step) -> Any:
        """Answer a step that calls no model."""
        if isinstance(step, Inquire):
            return sorted(self.llm.can)
        if isinstance(step, AskTime):
            return datetime.now(UTC)
        if isinstance(step, Say):
            return None
        if isinstance(step, Tell):
            _log.warning("%s", step.text)
            return None
        if isinstance(step, Execute):
            return self._executed(step)
        return self._with_memory(step)

    def _executed(self, step: Execute) -> Execution:
        if not self.allow_programs:
            raise UsageProblem(
                "the flow asks to run a program, and this controller runs none",
                hint="Controller(allow_programs=True) runs here what a model wrote: with limits, in no sandbox.",
            )
        left = self._meter.seconds_left()
        seconds = step.seconds if left is None else max(0.0, min(step.seconds, left))
        return programs.run(step.program, seconds=seconds, memory=step.memory)

    def _with_memory(self, step: Step) -> Any:
        if self.memory is None:
            raise UsageProblem(f"the flow asks to {type(step).__name__.lower()}, but the controller has no memory")
        if isinstance(step, Retrieve):
            using = step.using or self.retriever or "hybrid"
            facts: dict[str, Any] = {} if step.facts is None else {"facts": step.facts}
            found: Any = self.memory.search(step.query, step.k, using=using, **facts)
            # What a retriever yields one by one is fetched here, where its time is limited.
            return list(found) if isinstance(found, Iterator) else found
        return from_memory(self.memory, step)


def _left(error: BaseException) -> bool:
    """Whether a call was left by who waited for it, as by Ctrl-C: it goes on at the server, and is billed."""
    return isinstance(error, Interrupted) or not isinstance(error, Exception)


def _patience(request: Request) -> float | None:
    """How long to wait for a call: what the backend is given, and a moment in which it can say so itself."""
    return None if request.timeout is None else request.timeout + _GRACE


def _in_pieces(request: Request, turn: Turn) -> bool:
    """Whether a reply is taken as a stream: somebody listens, or what has come by the end of its time is to be kept."""
    return turn.run.on_event is not None or request.timeout is not None


def _price(llm: LLM, budget: Budget | None) -> Any:
    """Return the backend's prices, if it tells any. A limit on money needs them before anything is spent."""
    price = getattr(llm, "price", None)
    if budget is not None and budget.cost is not None and hasattr(llm, "price") and price is None:
        raise unknown_price()
    return price


def _trace(trace: Trace | str | FilePath | None) -> Trace:
    return trace if isinstance(trace, Trace) else Trace(trace)


async def _atrace(trace: Trace | str | FilePath | None) -> Trace:
    return trace if isinstance(trace, Trace) else await asyncio.to_thread(Trace, trace)


def _both(first: OnEvent, second: OnEvent | None) -> OnEvent:
    if second is None:
        return first

    def hear(event: Event) -> None:
        first(event)
        second(event)

    return hear


def _until_done(events: queue.SimpleQueue[Any]) -> Iterator[Any]:
    while True:
        event = events.get()
        if isinstance(event, BaseException):
            raise event
        yield event
        if isinstance(event, RunDone):
            return
