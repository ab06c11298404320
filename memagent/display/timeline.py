"""When each step of a trace ran: one after the other, and the branches of a gather at once.

A trace has the seconds of each step and no clock. Steps that follow each other begin where the one before ended; the
branches of a gather begin together, and what follows them begins when the last has ended.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from memagent.trace import Record, Trace


@dataclass(frozen=True, slots=True)
class Placed:
    """A step, or a gather where `record` is `None`: how deep it is, when it began, and how long it took, in seconds."""

    record: Record | None
    depth: int
    start: float
    seconds: float
    branches: int = 0


def placed(trace: Trace) -> list[Placed]:
    """Return the steps of a trace in the order of their paths, each gather before its branches."""
    return list(_steps(sorted(trace, key=lambda record: record.path), 0, 0.0))


def alone(steps: Iterable[Placed]) -> list[Placed]:
    """Return steps without the gathers of a single branch: nothing ran beside it, so it stands in their place."""
    told: list[Placed] = []
    left: list[int] = []  # how deep the gathers are that were left out round the next step
    for one in steps:
        left = [depth for depth in left if depth < one.depth]
        if one.record is None and one.branches == 1:
            left.append(one.depth)
        else:
            told.append(replace(one, depth=one.depth - len(left)))
    return told


def total(trace: Trace) -> float:
    """Return the seconds that a run took, its branches at once."""
    return max((one.start + one.seconds for one in placed(trace)), default=0.0)


def _steps(records: Sequence[Record], depth: int, start: float) -> Iterator[Placed]:
    at = 2 * depth
    for _, group in groupby(records, key=lambda record: record.path[at]):
        found = list(group)
        if len(found[0].path) == at + 1:
            yield Placed(found[0], depth, start, found[0].seconds)
            start += found[0].seconds
            continue
        branches = [list(one) for _, one in groupby(found, key=lambda record: record.path[at + 1])]
        inside = [one for branch in branches for one in _steps(branch, depth + 1, start)]
        end = max(one.start + one.seconds for one in inside)
        yield Placed(None, depth, start, end - start, len(branches))
        yield from inside
        start = end
