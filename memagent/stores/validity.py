"""When a fact held, worked out from all that was said about it. Pure: the same evidence in any order, the same answer.

A relation that is *functional* has one value for a subject at a time: what is newer, by the time of the thing itself
and not by when it was written down, ends what was before. Of two values of one moment the one that was written later
stands; the other is left with an empty stretch, which only a history shows. Other relations have as many values as
there are, each for as long as something says so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from memagent.stores.items import moment
from memagent.types import Fact, Scope


class Evidence(NamedTuple):
    """One line that says a fact: which one, in which words, of what time. Times as they are stored, '' for none."""

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

    @property
    def start(self) -> str:
        """Since when it holds: its own time, else that of writing."""
        return self.at or self.recorded_at


class _Stretch(NamedTuple):
    lines: list[Evidence]
    start: str
    end: str  # '' for none


def stretches(evidence: Iterable[Evidence], *, functional: bool) -> list[Fact]:
    """Return the facts of one subject and relation, each over one stretch of time, by start and object."""
    lines = sorted(evidence, key=_order)
    found = _succession(lines) if functional else _side_by_side(lines)
    return sorted(found, key=lambda fact: (fact.at, fact.recorded_at, fact.object, fact.id))


def _order(line: Evidence) -> tuple[str, str, str, str, str, str]:
    return line.start, line.recorded_at, line.key, line.source, line.passage, line.until


def _side_by_side(lines: Sequence[Evidence]) -> list[Fact]:
    return [
        _fact(stretch, "")
        for id in dict.fromkeys(line.fact for line in lines)
        for stretch in _merged([line for line in lines if line.fact == id])
    ]


def _merged(lines: Sequence[Evidence]) -> list[_Stretch]:
    """Stretches of one fact: what overlaps or touches is one. The lines come by start."""
    found: list[_Stretch] = []
    for line in lines:
        last = found[-1] if found else None
        if last is None or (last.end and last.end < line.start):
            found.append(_Stretch([line], line.start, line.until))
        else:
            end = max(last.end, line.until) if last.end and line.until else ""
            found[-1] = _Stretch([*last.lines, line], last.start, end)
    return found


def _succession(lines: Sequence[Evidence]) -> list[Fact]:
    runs: list[list[Evidence]] = []
    for line in lines:
        if runs and runs[-1][-1].fact == line.fact:
            runs[-1].append(line)
        else:
            runs.append([line])
    facts: list[Fact] = []
    for number, run in enumerate(runs):
        after = runs[number + 1] if number + 1 < len(runs) else None
        for stretch in _merged(run):
            if after is None:
                facts.append(_fact(stretch, ""))
            else:
                facts.append(_ended(stretch, after[0]))
    return facts


def _ended(stretch: _Stretch, newer: Evidence) -> Fact:
    """A stretch with something newer after it: cut where that begins, unless it had ended by itself before."""
    if stretch.end and stretch.end < newer.start:
        return _fact(stretch, "")
    return _fact(_Stretch(stretch.lines, stretch.start, newer.start), newer.fact)


def _fact(stretch: _Stretch, superseded_by: str) -> Fact:
    lines = sorted(stretch.lines, key=lambda line: (line.recorded_at, _order(line)))
    spelling = _spelling(lines)
    return Fact(
        id=lines[0].fact,
        subject=spelling[0],
        relation=spelling[1],
        object=spelling[2],
        scope=lines[0].scope,
        sources=tuple(sorted({line.source for line in lines if line.source})),
        passages=tuple(dict.fromkeys(line.passage for line in lines if line.passage)),
        at=moment(stretch.start),
        recorded_at=moment(lines[0].recorded_at),
        until=moment(stretch.end) if stretch.end else None,
        superseded_by=superseded_by or None,
        confidence=max(line.confidence for line in lines),
    )


def _spelling(lines: Sequence[Evidence]) -> tuple[str, str, str]:
    """The most frequent spelling; of equally frequent ones the first that was written, then the first by alphabet."""
    written = [(line.subject, line.relation, line.object) for line in lines]
    counts = Counter(written)
    first = {words: line.recorded_at for words, line in reversed(list(zip(written, lines, strict=True)))}
    return min(counts, key=lambda words: (-counts[words], first[words], words))
