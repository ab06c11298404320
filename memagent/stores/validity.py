"""When a fact held, worked out from all that was said about it. Pure: the same evidence in any order, the same answer.

A relation that is *functional* has one value for a subject at a time: what is newer, by the time of the thing itself
and not by when it was written down, ends what was before. Of two values of one moment the one that was written later
stands; the other is left with an empty stretch, which ends where it begins, holds at no moment and is only seen in a
history. Other relations have as many values as there are, each for as long as something says so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import groupby, pairwise
from typing import NamedTuple

from memagent.stores.items import moment
from memagent.types import Fact, Scope


class Evidence(NamedTuple):
    """One line that says a fact: which one, in which words, of what time. Times as they are stored, '' for none.

    `fact` is the id of the fact and `key` the key of its object: within one subject and relation, each tells the other.
    `eid` is the number of the line in its file.
    """

    fact: str
    key: str
    subject: str
    relation: str
    object: str
    scope: Scope
    source: str
    passage: str
    at: str
    until: str
    recorded_at: str
    confidence: float
    eid: int = 0

    @property
    def start(self) -> str:
        """Since when it holds: its own time, else that of writing."""
        return self.at or self.recorded_at


class _Stretch(NamedTuple):
    lines: list[Evidence]
    start: str
    end: str  # '' for none
    newer: str = ""  # the id of the fact that took its place


def holds(fact: Fact, at: datetime) -> bool:
    """Whether a fact holds at a moment."""
    return fact.at <= at and (fact.until is None or at < fact.until)


def standing(stretches: Sequence[Fact], at: datetime) -> str:
    """Return how a fact stands at a moment: `live`, `ended`, `superseded` or `not yet`; of its stretches, by time."""
    if any(holds(stretch, at) for stretch in stretches):
        return "live"
    past = [stretch for stretch in stretches if stretch.at <= at]
    return ("superseded" if past[-1].superseded_by else "ended") if past else "not yet"


def stretches(evidence: Iterable[Evidence], *, functional: bool) -> list[Fact]:
    """Return the facts of one subject and relation, each over one stretch of time, by start and object."""
    lines = list(evidence)
    if len(lines) == 1:  # by far the most
        return [_said_once(lines[0])]
    return [_fact(stretch) for stretch in _ordered(lines, functional)]


def held(evidence: Iterable[Evidence], at: str, *, functional: bool) -> list[Fact]:
    """Return those of `stretches` that hold at a moment, given as it is stored, and make no fact of the others."""
    lines = list(evidence)
    if len(lines) == 1:
        (line,), end = lines, _end(lines[0])
        return [_said_once(line)] if line.start <= at and (not end or at < end) else []
    return [_fact(one) for one in _ordered(lines, functional) if one.start <= at and (not one.end or at < one.end)]


def deciding(before: Iterable[Evidence], after: Iterable[Evidence]) -> list[Evidence]:
    """Return the lines of a functional relation that decide what holds at a moment, of all those of one subject.

    That is the run of the value that stands then, whole, and the moment that ends it: `held` finds the same in them as
    in all. No more is taken of either than that needs.

    Args:
        before: those that begin at the moment or before it, the newest first.
        after: those that begin later, the oldest first.
    """
    found: list[Evidence] = []
    value = ""
    for _, together in groupby(before, key=lambda line: line.start):
        at_once = list(together)
        stands = _stands(at_once).key
        if value and stands != value:
            break
        found, value = [*at_once, *found], stands
    for _, together in groupby(after, key=lambda line: line.start) if value else ():
        at_once = list(together)
        found += at_once
        if _stands(at_once).key != value:
            break
    return found


def _stands(at_once: Iterable[Evidence]) -> Evidence:
    """Of the lines of one moment the one whose value stands."""
    return max(at_once, key=lambda line: (line.recorded_at, line.key))


def _ordered(lines: Sequence[Evidence], functional: bool) -> list[_Stretch]:
    found = _succession(lines) if functional else _side_by_side(lines)
    return sorted(found, key=lambda one: (one.start, one.lines[0].key, one.end or "~"))


def _side_by_side(lines: Sequence[Evidence]) -> list[_Stretch]:
    ordered = sorted(lines, key=lambda line: (line.key, *_written(line)))
    return [stretch for _, run in groupby(ordered, key=lambda line: line.key) for stretch in _merged(run)]


def _succession(lines: Sequence[Evidence]) -> list[_Stretch]:
    """Runs of one value after the other; what is left of one when the next begins ends there."""
    runs, found = _runs(sorted(lines, key=_written))
    for run, after in pairwise(runs):
        newer = after[0]
        for stretch in _merged(run):
            ended_itself = stretch.end and stretch.end < newer.start
            found.append(stretch if ended_itself else stretch._replace(end=newer.start, newer=newer.fact))
    return [*found, *(stretch for run in runs[-1:] for stretch in _merged(run))]


def _runs(ordered: Sequence[Evidence]) -> tuple[list[list[Evidence]], list[_Stretch]]:
    """Runs of the values that stand, by time; and empty stretches of those that were overruled at their very beginning.

    What was overruled interrupts nothing. If it had held until then, it is a part of the run that ends there.
    """
    runs: list[list[Evidence]] = []
    empty: list[_Stretch] = []
    for start, together in groupby(ordered, key=lambda line: line.start):
        at_once = list(together)
        standing = _stands(at_once)
        said: dict[str, list[Evidence]] = {}
        for line in at_once:
            said.setdefault(line.key, []).append(line)
        if runs and runs[-1][0].key in said:
            runs[-1] += said.pop(runs[-1][0].key)
        if standing.key in said:
            runs.append(said.pop(standing.key))
        empty += [_Stretch(said[name], start, start, standing.fact) for name in sorted(said)]
    return runs, empty


def _merged(lines: Iterable[Evidence]) -> list[_Stretch]:
    """Stretches of one fact: what overlaps or touches is one. The lines come by start."""
    found: list[_Stretch] = []
    for line in lines:
        last, end = found[-1] if found else None, _end(line)
        if last is None or (last.end and last.end < line.start):
            found.append(_Stretch([line], line.start, end))
        else:
            last.lines.append(line)
            found[-1] = last._replace(end=max(last.end, end) if last.end and end else "")
    return found


def _end(line: Evidence) -> str:
    """Until when; never before it began."""
    return max(line.until, line.start) if line.until else ""


def _written(line: Evidence) -> tuple[str, ...]:
    """What puts the lines of one object in an order that does not depend on how they came."""
    where = (line.source, line.passage, line.scope.session or "", line.scope.agent or "")
    return line.start, line.recorded_at, line.until, *where, line.subject, line.relation, line.object


def _fact(stretch: _Stretch) -> Fact:
    lines = sorted(stretch.lines, key=lambda line: (line.recorded_at, _written(line)))
    subject, relation, object = _spelling(lines)
    return Fact(
        id=lines[0].fact,
        subject=subject,
        relation=relation,
        object=object,
        scope=_common([line.scope for line in lines]),
        sources=tuple(sorted({line.source for line in lines if line.source})),
        passages=tuple(dict.fromkeys(line.passage for line in lines if line.passage)),
        at=moment(stretch.start),
        recorded_at=moment(lines[0].recorded_at),
        until=moment(stretch.end) if stretch.end else None,
        superseded_by=stretch.newer or None,
        confidence=max(line.confidence for line in lines),
    )


def _said_once(line: Evidence) -> Fact:
    end = _end(line)
    return Fact(
        id=line.fact,
        subject=line.subject,
        relation=line.relation,
        object=line.object,
        scope=line.scope,
        sources=(line.source,) if line.source else (),
        passages=(line.passage,) if line.passage else (),
        at=moment(line.start),
        recorded_at=moment(line.recorded_at),
        until=moment(end) if end else None,
        confidence=line.confidence,
    )


def _spelling(lines: Sequence[Evidence]) -> tuple[str, str, str]:
    """The most frequent spelling; of equally frequent ones the first that was written, then the first by alphabet.

    Of all three together, so that what is shown was said by somebody. The lines come by time of writing.
    """
    counts = Counter((line.subject, line.relation, line.object) for line in lines)
    if len(counts) == 1:
        return next(iter(counts))
    first: dict[tuple[str, str, str], str] = {}
    for line in lines:
        first.setdefault((line.subject, line.relation, line.object), line.recorded_at)
    return min(counts, key=lambda words: (-counts[words], first[words], words))


def _common(scopes: Sequence[Scope]) -> Scope:
    """The narrowest scope that sees all of it: what was said in two sessions belongs to the user."""
    first = scopes[0]
    session = first.session if all(scope.session == first.session for scope in scopes) else None
    agent = first.agent if all(scope.agent == first.agent for scope in scopes) else None
    return Scope(first.user, session, agent)
