"""The steps that a flow may ask for. Each is a frozen value, and says what it is answered with."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from memagent.triples import Limits, Query
from memagent.types import Note, Rationale, Request, Triple


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

    What each must be is told in `memory.gate`; the rest is refused with a reason. Asking twice keeps them once.

    Attributes:
        triples: what the sentence says. One without a passage gets the sentence as its own.
        sentence: that says them.
        context: the sentences before it, for what its pronouns stand for.
        shown: texts that came out of the memory, of which nothing is learnt again.
        speaker: who says it, for what is said as "I".
        confidence: a triple of less is refused.
    """

    triples: tuple[Triple, ...]
    sentence: str
    context: str = ""
    shown: tuple[str, ...] = ()
    speaker: str = ""
    confidence: float = 0.5


@dataclass(frozen=True, slots=True)
class Inquire:
    """Ask what the language model can do. Answered with its abilities as a sorted list; costs nothing."""


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

    Those of the problem `apart_from` are left out, and so are attempts that turned out wrong, unless `refuted` asks for
    these alone.
    """

    problem: str
    k: int = 3
    apart_from: str = ""
    refuted: bool = False
    timeout: float | None = None


@dataclass(frozen=True, slots=True)
class KeepRationales:
    """Ask the memory to keep rationales. Answered with the list of their ids. Asking twice keeps them once."""

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
    | Forget
    | Execute
    | FindRationales
    | KeepRationales
    | CountOutcome
    | ReadTriples
    | WriteTriples
    | Inquire
    | Say
    | Tell
    | Gather
)
