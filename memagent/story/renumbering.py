"""Which paragraph is which after a manuscript was edited by hand: those that stayed, moved, were rewritten, came, went.

The outcome is kept in the log as runs, so that what hangs on a paragraph's number can follow it however the comparison
changes. Words are compared as `memagent.story.wording` cuts them, so that scripts without blanks are covered too.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from memagent.differences import differences
from memagent.story.wording import words

Run = tuple[int, int, int]
"""So many paragraphs in a row: the number of the first before, its number now, how many."""

_ALIKE = 0.5  # a paragraph that has this part of the words of another one is that one, rewritten
_MOST = 40_000  # pairs of paragraphs whose words are compared at most; beyond, they are paired in order


@dataclass(frozen=True, slots=True)
class Edits:
    """What was edited by hand: numbers of paragraphs as they are now; of those that went, as they were.

    Attributes:
        runs: which paragraph is which.
        changed: rewritten; `added`; `removed`; `moved`: elsewhere, with the same text.
        headings: whether title or headings changed, or a chapter begins elsewhere. `compared` leaves it open.
    """

    runs: tuple[Run, ...] = ()
    changed: tuple[int, ...] = ()
    added: tuple[int, ...] = ()
    removed: tuple[int, ...] = ()
    moved: tuple[int, ...] = ()
    headings: bool = False

    @property
    def count(self) -> int:
        """How many paragraphs were edited."""
        return len(self.changed) + len(self.added) + len(self.removed) + len(self.moved)


def compared(before: Sequence[str], now: Sequence[str]) -> Edits:
    """Return what differs between the paragraphs of a manuscript as they were and as they are."""
    stayed: dict[int, int] = {}
    old_left: list[int] = []
    new_left: list[int] = []
    rewritten: dict[int, int] = {}
    replaced: list[tuple[range, range]] = []
    for kind, a, b, c, d in differences(before, now):
        if kind == "equal":
            stayed.update(zip(range(c + 1, d + 1), range(a + 1, b + 1), strict=True))
        else:
            replaced.append((range(a + 1, b + 1), range(c + 1, d + 1)))
            old_left += replaced[-1][0]
            new_left += replaced[-1][1]
    moved = _moved(before, now, old_left, new_left)
    gone = set(moved.values())
    for old, new in replaced:
        rewritten |= _rewritten(before, now, [n for n in old if n not in gone], [n for n in new if n not in moved])
    was = stayed | moved | rewritten
    kept = set(was.values())
    return Edits(
        runs=tuple(_runs(was)),
        changed=tuple(sorted(rewritten)),
        added=tuple(number for number in new_left if number not in was),
        removed=tuple(number for number in old_left if number not in kept),
        moved=tuple(sorted(moved)),
    )


def was(runs: Iterable[Sequence[int]]) -> dict[int, int]:
    """Return the number that each paragraph had before, for those that were there."""
    return {new + at: old + at for old, new, count in runs for at in range(count)}


def _moved(before: Sequence[str], now: Sequence[str], old: list[int], new: list[int]) -> dict[int, int]:
    """Pair paragraphs of the same text that stand elsewhere now."""
    places = defaultdict(list)
    for number in reversed(old):
        places[before[number - 1]].append(number)
    return {number: places[now[number - 1]].pop() for number in new if places.get(now[number - 1])}


def _rewritten(before: Sequence[str], now: Sequence[str], old: list[int], new: list[int]) -> dict[int, int]:
    """Pair paragraphs in one place: first those that share words, then the others in order."""
    pairs: dict[int, int] = {}
    if len(old) * len(new) <= _MOST:
        have = {number: {word.text for word in words(before[number - 1])} for number in old}
        for number in new:
            mine = {word.text for word in words(now[number - 1])}
            best = max(have, key=lambda other: (_shared(mine, have[other]), -other), default=0)
            if best and _shared(mine, have[best]) >= _ALIKE:
                pairs[number] = best
                del have[best]
    taken = set(pairs.values())
    others = zip((n for n in new if n not in pairs), (n for n in old if n not in taken), strict=False)
    return pairs | dict(others)


def _shared(one: set[str], other: set[str]) -> float:
    return len(one & other) / max(1, min(len(one), len(other)))


def _runs(was: dict[int, int]) -> Iterator[Run]:
    first = last = count = 0  # before, now, how many
    for new in sorted(was):
        old = was[new]
        if count and (old, new) == (first + count, last + count):
            count += 1
            continue
        if count:
            yield first, last, count
        first, last, count = old, new, 1
    if count:
        yield first, last, count
