"""The turns of a scope in the order in which they were said, sitting by sitting, as arrays."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

_APART = 6 * 3600.0  # seconds of silence after which another sitting begins


@dataclass(frozen=True)
class Order:
    """The live turns as arrays (n,), those of a sitting one after another as they were said.

    Attributes:
        rows: which rows of the index these are.
        place: for each row of the index its place here, -1 for a dead one.
        rids: by what the store knows them.
        sitting: number of the sitting: a conversation up to a silence of some hours.
        speaker: number of the name; -1 where none is known.
        asks: it ends with a question.
        asking: how much of it is questions, in [0, 1].
        timed: it tells a day or a stretch of time.
        when: seconds of POSIX time.
        days: the day on which it was said, as `date.toordinal`.
        lengths: how many words.
        spans: int64 (m, 3): a place, and the first day and the one after the last of which the turn there speaks.
        memo: what is worked out from these.
    """

    rows: Ints
    place: Ints
    rids: Ints
    sitting: Ints
    speaker: Ints
    asks: Mask
    asking: Floats
    timed: Mask
    when: Floats
    days: Ints
    lengths: Floats
    spans: Ints
    memo: dict[str, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.rows)

    def shifted(self, values: Floats, by: int) -> Floats:
        """Return for each turn the value of the one before it in its sitting (`by` 1) or after it (-1), 0 for none."""
        out = np.zeros_like(values)
        if by > 0:
            np.multiply(values[:-by], self._same, out=out[by:])
        else:
            np.multiply(values[-by:], self._same, out=out[:by])
        return out

    @cached_property
    def _same(self) -> Mask:
        return np.asarray(self.sitting[1:] == self.sitting[:-1])

    @cached_property
    def after_question(self) -> Mask:
        """Which turns (n,) come after one that asks."""
        return self.shifted(self.asks.astype(np.float64), 1) > 0

    def places(self, rids: Ints) -> Ints:
        """Return the place of each of `rids` (m,), and n for one that is not here."""
        known, found = self.memo.get("places", (None, None))
        if known is None or not np.array_equal(known, rids):
            by_rid = np.argsort(self.rids)
            ordered = self.rids[by_rid]
            near = np.minimum(np.searchsorted(ordered, rids), len(ordered) - 1)
            found = np.where(ordered[near] == rids, by_rid[near], len(self))
            self.memo["places"] = rids, found
        return np.asarray(found)

    @cached_property
    def told(self) -> Ints:
        """The first day of which each turn (n,) speaks; the one on which it was said if it speaks of none."""
        days = self.days.copy()
        places, firsts = np.unique(self.spans[:, 0], return_index=True)
        days[places] = self.spans[firsts, 1]
        return days


def sittings(whole: Ints, when: Floats, days: Ints) -> Ints:
    """Return the number of the sitting of each turn (n,), for its conversation, second and day, in order."""
    if not len(whole):
        return np.zeros(0, dtype=np.int64)
    new = (np.diff(whole) != 0) | (np.abs(np.diff(when)) > _APART) | (np.abs(np.diff(days)) > 1)
    return np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(new, dtype=np.int64)])
