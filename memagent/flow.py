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
from collections.abc import Awaitable, Callable, Generator, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Generic, TypeVar, cast, get_args

from memagent.errors import Stopped, UsageProblem
from memagent.steps import (
    CountOutcome as CountOutcome,
)
from memagent.steps import (
    Execute as Execute,
)
from memagent.steps import (
    FindRationales as FindRationales,
)
from memagent.steps import (
    Forget as Forget,
)
from memagent.steps import (
    Gather as Gather,
)
from memagent.steps import (
    Generate as Generate,
)
from memagent.steps import (
    Inquire as Inquire,
)
from memagent.steps import (
    KeepRationales as KeepRationales,
)
from memagent.steps import (
    ReadTriples as ReadTriples,
)
from memagent.steps import (
    Remember as Remember,
)
from memagent.steps import (
    Retrieve as Retrieve,
)
from memagent.steps import (
    Say as Say,
)
from memagent.steps import (
    Step as Step,
)
from memagent.steps import (
    Tell as Tell,
)
from memagent.steps import (
    WriteTriples as WriteTriples,
)
from memagent.triples import Learnt, Limits, Query, Reading
from memagent.triples import limits as limits_of
from memagent.types import Completion, Execution, Hit, Message, Note, Rationale, Request, Role, Tool, Triple

T = TypeVar("T")
Path = tuple[int, ...]


_Outcome = tuple[Any, Exception | None]
Flow = Generator[Step, Any, T]


def generate(
    messages: str | Sequence[Message | Mapping[str, str]],
    *,
    max_tokens: int | None = None,
    temperature: float | None = None,
    stop: Sequence[str] = (),
    seed: int | None = None,
    logprobs: bool = False,
    logit_bias: Mapping[str, float] | None = None,
    schema: Mapping[str, Any] | None = None,
    prefill: str = "",
    timeout: float | None = None,
    label: str = "",
    tools: Sequence[Tool] = (),
) -> Flow[Completion]:
    """Ask the language model. The arguments are those of `Request`.

    `messages` may also be one text, which the user says, or mappings with `role` and `content`. Raises `UsageProblem`
    for anything else.
    """
    request = Request(
        messages=_messages(messages),
        max_tokens=max_tokens,
        temperature=temperature,
        stop=(stop,) if isinstance(stop, str) else tuple(stop),
        seed=seed,
        logprobs=logprobs,
        logit_bias=dict(logit_bias or {}),
        schema=schema,
        prefill=prefill,
        timeout=timeout,
        label=label,
        tools=tuple(tools),
    )
    answer: Completion = yield Generate(request)
    return answer


def retrieve(
    query: str, k: int = 5, *, using: str = "", facts: Iterable[str] | None = None, timeout: float | None = None
) -> Flow[list[Hit]]:
    """Ask for up to `k` passages for a query. `using` is the name of a retriever.

    `facts` are the ids of the facts that a graph search begins with; `None` lets it find them, and none at all makes
    it rank passages by themselves. A search that takes longer than `timeout` seconds raises `Late`.

    A retriever of your own goes to the controller: `Controller(retriever=...)` answers every step that names none.
    """
    if not isinstance(query, str) or not isinstance(using, str):
        raise UsageProblem(
            f"retrieve takes a query and the name of a retriever, got {query!r} and {using!r}",
            hint="Give a retriever of your own to the controller: Controller(retriever=...).",
        )
    if isinstance(facts, str):
        raise UsageProblem(f"retrieve takes the ids of facts, got the text {facts!r}", hint="Put the id into a list.")
    answer: list[Hit] = yield Retrieve(query, k, using, None if facts is None else tuple(facts), timeout)
    return answer


def remember(*notes: str | Note) -> Flow[list[str]]:
    """Ask the memory to keep texts or notes; the answer is their ids."""
    for given in notes:
        if not isinstance(given, (str, Note)):
            raise UsageProblem(f"remember takes texts and notes, got {given!r}")
    answer: list[str] = yield Remember(tuple(Note(given) if isinstance(given, str) else given for given in notes))
    return answer


def forget(*ids: str) -> Flow[int]:
    """Ask the memory to retire passages; the answer is how many."""
    answer: int = yield Forget(ids)
    return answer


def execute(program: str, *, seconds: float = 10.0, memory: int = 256) -> Flow[Execution]:
    """Ask for a Python program to be run, within so many seconds and MiB; see `memagent.programs`."""
    answer: Execution = yield Execute(program, seconds, memory)
    return answer


def find_rationales(
    problem: str, k: int = 3, *, apart_from: str = "", refuted: bool = False, timeout: float | None = None
) -> Flow[list[Rationale]]:
    """Ask for up to `k` solved problems like a problem in words, one rationale each, the likest first."""
    answer: list[Rationale] = yield FindRationales(problem, k, apart_from, refuted, timeout)
    return answer


def keep_rationales(*rationales: Rationale) -> Flow[list[str]]:
    """Ask the memory to keep rationales; the answer is their ids."""
    answer: list[str] = yield KeepRationales(rationales)
    return answer


def count_outcome(*ids: str, success: bool) -> Flow[int]:
    """Ask the memory to count that rationales were followed by success, or by failure; those that are gone do not."""
    answer: int = yield CountOutcome(ids, success)
    return answer


def read_triples(
    *queries: Query,
    limits: str | Limits = "default",
    as_of: datetime | None = None,
    timeout: float | None = None,
) -> Flow[Reading]:
    """Ask the memory what stands in the empty place of triples: the step `ReadTriples`, with a preset for `limits`.

    Raises `UsageProblem` for a query that has not exactly one of subject and object, or no relation.
    """
    asked = tuple(query.checked() for query in queries)
    answer: Reading = yield ReadTriples(asked, limits_of(limits), as_of, timeout)
    return answer


def write_triples(
    triples: Iterable[Triple],
    sentence: str,
    *,
    context: str = "",
    shown: Iterable[str] = (),
    speaker: str = "",
    confidence: float = 0.5,
) -> Flow[Learnt]:
    """Ask the memory to learn triples from the sentence that says them: the step `WriteTriples`."""
    answer: Learnt = yield WriteTriples(tuple(triples), sentence, context, tuple(shown), speaker, confidence)
    return answer


def inquire() -> Flow[frozenset[str]]:
    """Ask what the language model can do: see `Ability` for the names. Nothing is spent."""
    answer: list[str] = yield Inquire()
    return frozenset(answer)


def say(text: str) -> Flow[None]:
    """Say a piece of the answer that stands."""
    yield Say(text)


def tell(text: str) -> Flow[None]:
    """Tell whoever runs the flow something that they should know."""
    yield Tell(text)


def gather(*flows: Flow[T]) -> Flow[list[T]]:
    """Ask for several flows at once. If one fails, the others still end, and the first error is raised here."""
    answer: list[T] = yield Gather(flows)
    return answer


def _messages(given: str | Sequence[Message | Mapping[str, str]]) -> tuple[Message, ...]:
    if isinstance(given, str):
        return (Message("user", given),)
    return tuple(_message(one) for one in given)


def _message(given: Message | Mapping[str, str]) -> Message:
    if isinstance(given, Message):
        return given
    if isinstance(given, Mapping) and given.get("role") in get_args(Role) and isinstance(given.get("content"), str):
        return Message(cast(Role, given["role"]), given["content"])
    raise UsageProblem(
        f"{given!r} is not a message", hint='Give a text, Message("user", text), or {"role": "user", "content": text}.'
    )


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
    """Run branches in threads. Every branch ends before this does, so that nothing goes on unseen."""
    if not flows:
        return []
    with ThreadPoolExecutor(max_workers=min(8, len(flows)), thread_name_prefix="memagent") as pool:
        futures: list[Future[_Outcome]] = []
        for branch, flow in enumerate(flows):
            context = contextvars.copy_context()
            futures.append(pool.submit(context.run, _outcome, flow, answer, (*path, branch)))
    return _values([future.result() for future in futures])


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
