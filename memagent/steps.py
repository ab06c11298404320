"""The steps that a flow may ask for, and how it asks: `answer = yield from retrieve(...)`.

Each step is a frozen value and says what it is answered with; each function asks for one and returns its answer.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar, cast, get_args

from memagent.errors import UsageProblem
from memagent.triples import Learnt, Limits, Query, Reading, Relations
from memagent.triples import limits as limits_of
from memagent.types import (
    Completion,
    Execution,
    Hit,
    Message,
    Note,
    Passage,
    Rationale,
    Request,
    Role,
    Talk,
    Tool,
    Triple,
)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Generate:
    """Ask the language model. Answered with a `Completion`."""

    request: Request


@dataclass(frozen=True, slots=True)
class Retrieve:
    """Ask for passages. Answered with a list of up to `k` hits. `using` names a retriever; empty means the default.

    `facts` are the ids of the facts that a graph search begins with; `None` lets it find them. After `timeout` seconds
    it is given up with `Late`; `None` waits as long as the run may.
    """

    query: str
    k: int = 5
    using: str = ""
    facts: tuple[str, ...] | None = None
    timeout: float | None = None


@dataclass(frozen=True, slots=True)
class Remember:
    """Ask the memory to keep notes. Answered with the list of their ids. Asking twice keeps them once."""

    notes: tuple[Note, ...]


@dataclass(frozen=True, slots=True)
class ReadTurns:
    """Ask the memory for the last turns of the conversation. Answered with a `Talk`, its turns oldest first.

    With `elsewhere`, for what its user said last in other conversations, as far as the memory sees these.
    """

    count: int
    elsewhere: bool = False


@dataclass(frozen=True, slots=True)
class ReadPassages:
    """Ask the memory for passages by their ids. Answered with a list of those that are there, in this order."""

    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Forget:
    """Ask the memory to retire passages. Answered with how many were retired."""

    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Execute:
    """Ask for a Python program to be run. Answered with an `Execution`, however it ends.

    Only a controller that was made with `allow_programs=True` runs any; every other answers with `UsageProblem`.
    `seconds` are by the clock, `memory` is in MiB.
    """

    program: str
    seconds: float = 10.0
    memory: int = 256


@dataclass(frozen=True, slots=True)
class ReadTriples:
    """Ask the memory what stands in the empty place of triples. Answered with a `Reading`.

    `as_of` is the moment (aware) of which it is asked, now if not given. After `timeout` seconds it is given up with
    `Late`; `None` waits as long as the run may.
    """

    queries: tuple[Query, ...]
    limits: Limits = field(default_factory=Limits)
    as_of: datetime | None = None
    timeout: float | None = None


@dataclass(frozen=True, slots=True)
class WriteTriples:
    """Ask the memory to learn triples from the sentence that says them. Answered with `Learnt`.

    What each must be is told in `gate.decision`; the rest is refused with a reason. Asking twice keeps them once.

    Attributes:
        triples: what the sentence says. One without a passage gets the sentence as its own.
        sentence: that says them.
        context: the sentences before it, for what its pronouns stand for.
        shown: texts that came out of the memory, of which nothing is learnt again.
        speaker: who says it, for what is said as "I".
        confidence: a triple of less is refused.
        relations: `stated`, or `any` for relations of a vocabulary of their own.
    """

    triples: tuple[Triple, ...]
    sentence: str
    context: str = ""
    shown: tuple[str, ...] = ()
    speaker: str = ""
    confidence: float = 0.5
    relations: Relations = "stated"


@dataclass(frozen=True, slots=True)
class Inquire:
    """Ask what the language model can do. Answered with its abilities as a sorted list; costs nothing."""


@dataclass(frozen=True, slots=True)
class AskTime:
    """Ask what time it is. Answered with a `datetime`, aware UTC, which is the same when the run is replayed."""


@dataclass(frozen=True, slots=True)
class Say:
    """Say a piece of the answer that stands as it is. Answered with `None`.

    It is for whoever shows the answer while it is made: the pieces in order are the answer, where a method says any.
    """

    text: str


@dataclass(frozen=True, slots=True)
class Tell:
    """Tell whoever runs the flow what they should know, such as a fallback. Answered with `None`.

    It is logged as a warning, is an event like every step, and stands in the trace.
    """

    text: str


@dataclass(frozen=True, slots=True)
class Gather:
    """Ask for several flows at once, none of which needs another's answer. Answered with the list of their values."""

    flows: tuple[Generator[Any, Any, Any], ...]


@dataclass(frozen=True, slots=True)
class FindRationales:
    """Ask for solved problems. Answered with a list of up to `k` rationales, one a problem, the likest first.

    Those of the problem `apart_from`, or of the problem with the id `apart_from_id`, are left out, and so are attempts
    that turned out wrong, unless `refuted` asks for these alone.
    """

    problem: str
    k: int = 3
    apart_from: str = ""
    refuted: bool = False
    timeout: float | None = None
    apart_from_id: str = ""


@dataclass(frozen=True, slots=True)
class KeepRationales:
    """Ask the memory to keep rationales. Answered with the list of their ids. Asking twice keeps them once."""

    rationales: tuple[Rationale, ...]


@dataclass(frozen=True, slots=True)
class TriedBefore:
    """Ask the memory for all that it has of attempts at a problem. Answered with a list of rationales, oldest first."""

    problem: str


@dataclass(frozen=True, slots=True)
class Rejudge:
    """Ask the memory to judge again what it has of the same problems and reasonings.

    Answered with the list of the ids of what was right and is refuted now, or the reverse.
    """

    rationales: tuple[Rationale, ...]


@dataclass(frozen=True, slots=True)
class CountOutcome:
    """Ask the memory to count that rationales were followed by success, or by failure. Answered with how many."""

    ids: tuple[str, ...]
    success: bool


Step = (
    Generate
    | Retrieve
    | Remember
    | ReadTurns
    | ReadPassages
    | Forget
    | Execute
    | FindRationales
    | KeepRationales
    | TriedBefore
    | Rejudge
    | CountOutcome
    | ReadTriples
    | WriteTriples
    | Inquire
    | AskTime
    | Say
    | Tell
    | Gather
)
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


def read_turns(count: int, *, elsewhere: bool = False) -> Flow[Talk]:
    """Ask for the last turns of the conversation that the memory is bound to, and the summary of what was before.

    With `elsewhere`, for what the user said last in other conversations.
    """
    answer: Talk = yield ReadTurns(count, elsewhere)
    return answer


def read_passages(ids: Iterable[str]) -> Flow[list[Passage]]:
    """Ask for passages by their ids; those that are gone are left out."""
    answer: list[Passage] = yield ReadPassages(tuple(ids))
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
    problem: str,
    k: int = 3,
    *,
    apart_from: str = "",
    apart_from_id: str = "",
    refuted: bool = False,
    timeout: float | None = None,
) -> Flow[list[Rationale]]:
    """Ask for up to `k` solved problems like a problem in words, one rationale each, the likest first."""
    answer: list[Rationale] = yield FindRationales(problem, k, apart_from, refuted, timeout, apart_from_id)
    return answer


def keep_rationales(*rationales: Rationale) -> Flow[list[str]]:
    """Ask the memory to keep rationales; the answer is their ids."""
    answer: list[str] = yield KeepRationales(rationales)
    return answer


def tried_before(problem: str) -> Flow[list[Rationale]]:
    """Ask the memory for all attempts at a problem that it has, right and refuted, forgotten ones too."""
    answer: list[Rationale] = yield TriedBefore(problem)
    return answer


def rejudge(*rationales: Rationale) -> Flow[list[str]]:
    """Ask the memory to judge again what it has of the same problems and reasonings; the answer is what changed."""
    answer: list[str] = yield Rejudge(rationales)
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
    relations: Relations = "stated",
) -> Flow[Learnt]:
    """Ask the memory to learn triples from the sentence that says them: the step `WriteTriples`."""
    answer: Learnt = yield WriteTriples(tuple(triples), sentence, context, tuple(shown), speaker, confidence, relations)
    return answer


def inquire() -> Flow[frozenset[str]]:
    """Ask what the language model can do: see `Ability` for the names. Nothing is spent."""
    answer: list[str] = yield Inquire()
    return frozenset(answer)


def ask_time() -> Flow[datetime]:
    """Ask what time it is, in UTC."""
    answer: datetime = yield AskTime()
    return answer


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
