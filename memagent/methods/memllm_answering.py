"""Answering the calls of one reply (MemLLM, arXiv:2404.11672), each by itself.

In its own text a model writes one call and is stopped there. By tools it may make several at once, and each is owed a
result of its own: what one finds says nothing of another, and a server refuses a call without a result.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from memagent.flow import Flow, read_triples
from memagent.methods.attempts import attempted
from memagent.methods.memllm_grammar import ReadCall
from memagent.methods.memllm_results import shown, told
from memagent.triples import Limits, Query, Reading

NOTHING = Reading()
Asked = frozenset[tuple[Query, ...]]
"""The queries of some calls."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one call.

    Attributes:
        call: what was asked.
        reading: what was found, nearest first.
        why: why nothing was; '' where something was.
        failed: what went wrong with the read itself, for whoever asked the question.
    """

    call: ReadCall
    reading: Reading = NOTHING
    why: str = ""
    failed: str = ""

    @property
    def result(self) -> str:
        """The values as the model is shown them, or why there are none."""
        return self.why or "; ".join(map(told, self.reading.values))

    @property
    def stops(self) -> str:
        """What was read, in words, with what of it is not shown or could not be read."""
        more = "; there was more than it shows" if self.reading.truncated else ""
        return f"{shown(self.call)}{more}{_unread(self.call)}"


def answered(
    calls: Sequence[ReadCall],
    before: Asked,
    *,
    most: int,
    limits: Limits,
    as_of: datetime | None,
    timeout: float | None,
) -> Flow[tuple[list[Outcome], Asked]]:
    """Return what came of each call, in order, and what has now been asked.

    Args:
        calls: those of one reply.
        before: what those of the reply before asked; who asks it again, or asks twice, is not answered.
        most: how many calls may find something; those after them are not answered.
        limits: how near a fact must be, and how many values a call gives.
        as_of: of which moment (aware) the facts are to hold; now if not given.
        timeout: seconds for each read.
    """
    outcomes: list[Outcome] = []
    asked: Asked = frozenset()
    for call in calls:
        if sum(not one.why for one in outcomes) >= most:
            outcomes.append(Outcome(call, why="no more reads are left"))
        elif not call.queries:
            outcomes.append(Outcome(call, why=f"it cannot be read{_unread(call)}"))
        elif call.queries in before | asked:
            outcomes.append(Outcome(call, why="it repeats the one before"))
        else:
            outcomes.append((yield from _read(call, limits, as_of, timeout)))
        asked |= {call.queries} if call.queries else set()
    return outcomes, asked or before


def _read(call: ReadCall, limits: Limits, as_of: datetime | None, timeout: float | None) -> Flow[Outcome]:
    reading, failed = yield from attempted(read_triples(*call.queries, limits=limits, as_of=as_of, timeout=timeout))
    if reading is None:
        return Outcome(call, why=f"the read failed: {failed}", failed=failed)
    return Outcome(call, reading, "" if reading.values else f"it found nothing{_unread(call)}")


def _unread(call: ReadCall) -> str:
    return "".join(f"; {problem.why}" for problem in call.problems)
