"""Words to passages in memory, ranked by BM25: a projection of the bags that are kept with the passages.

Postings lie in segments, each sorted by word. What is added becomes a small segment when it is next searched, and
small segments are merged into larger ones as they grow, so that an addition costs little in a large index. How telling
a word is (its inverse document frequency) and how long passages are on average is counted over what is live now:
an index that was changed answers exactly as one that is made anew.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence, Set
from functools import lru_cache
from math import log
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from memagent.stores.bags import bag, key, unpacked
from memagent.stores.places import Mask, Places, Rids
from memagent.terms import terms

__all__ = ["WordIndex", "bag"]

Keys = NDArray[np.uint64]
Rows = NDArray[np.int32]
Counts = NDArray[np.uint8]

_COMMON = 8
_SMALL = 8000  # below so many passages, no word that up to 1000 have is too common
_MOST_TERMS = 60
_SATURATION, _BY_LENGTH = 1.2, 0.75  # k1 and b of BM25
_DIGITS = 6
_MERGE = 4  # a segment is merged into the one before it unless that is so many times as long


class _Segment(NamedTuple):
    """Postings by word: those of keys[i] are rows[starts[i]:starts[i + 1]], in ascending order, with their counts."""

    keys: Keys
    starts: NDArray[np.int64]
    rows: Rows
    counts: Counts


class _Term(NamedTuple):
    shown: str
    weight: float
    rows: Rows
    counts: Counts


class WordIndex:
    """Passages by their words. Any thread may call any method."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._places = Places()
        self._lengths = np.zeros(0, dtype=np.int64)
        self._total_length = 0
        self._segments: list[_Segment] = []
        self._pending: list[tuple[Keys, Rows]] = []

    def __len__(self) -> int:
        return len(self._places.held)

    @property
    def held(self) -> Set[int]:
        """The rids of the passages in the index: a view, not a copy."""
        return self._places.held

    def add(self, rids: Rids, bags: Sequence[bytes]) -> None:
        """Add passages by rid (n,), in any order and none of them held, with their bags (n).

        Raises:
            ValueError: a bag is of another version. Nothing was added.
        """
        if not len(rids):
            return
        lengths, sizes, words = unpacked(bags)
        with self._lock:
            first = len(self._places)
            rows = np.repeat(np.arange(first, first + len(rids), dtype=np.int32), sizes)
            self._places.add(np.asarray(rids, dtype=np.int64))
            self._lengths = np.concatenate([self._lengths, lengths])
            self._total_length += int(lengths.sum())
            self._pending.append((words, rows))

    def remove(self, rids: Rids) -> None:
        """Remove passages by rid (n,); those that are not held are passed over."""
        with self._lock:
            rows = self._places.remove(np.asarray(rids, dtype=np.int64))
            self._total_length -= int(self._lengths[rows].sum())
            if self._places.wasteful():
                self._sort_pending()
                kept = self._places.pack()
                self._lengths = self._lengths[kept]
                self._segments = [_packed(segment, kept) for segment in self._segments]

    def ranked(self, query: str, k: int) -> tuple[Rids, NDArray[np.float64]]:
        """Return the rids (r,) and scores (r,) that `search` finds, without the words."""
        with self._lock:
            self._sort_pending()
            rows, scores = self._best(self._weighed(query), k, None)
            return self._places.rids[rows], scores

    def search(self, query: str, k: int, allowed: Rids | None = None) -> list[tuple[int, float, list[str]]]:
        """Return up to k passages that have a word of `query`, best first, ties by rid.

        Each is a rid, a score in [0, 1] (the part of the query's weight that the passage has, to 6 digits) and the
        words of the query that it has. A query without words finds nothing. Words that more than one in eight of the
        passages have are left out where others remain: they cost most and tell least.

        Args:
            query: any text.
            k: how many to find.
            allowed: only these rids (n,) may be found; what a word weighs is still counted over all.
        """
        with self._lock:
            self._sort_pending()
            chosen = self._weighed(query)
            rows, scores = self._best(chosen, k, allowed)
            words = self._words(chosen, rows)
            found = zip(self._places.rids[rows].tolist(), scores.tolist(), words, strict=True)
            return list(found)

    def _weighed(self, query: str) -> list[_Term]:
        """The words to search for, each with its weight (inverse document frequency, always positive)."""
        total, found = len(self), []
        words = _looked_for(query)
        for (shown, _), (rows, counts) in zip(words, self._postings([word for _, word in words]), strict=True):
            weight = log(1 + (total - len(rows) + 0.5) / (len(rows) + 0.5))
            found.append(_Term(shown, weight, rows, counts))
        telling = [term for term in found if len(term.rows) * _COMMON <= max(total, _SMALL)]
        return telling if any(len(term.rows) for term in telling) else found

    def _postings(self, words: Sequence[int]) -> list[tuple[Rows, Counts]]:
        """For each word the live rows that have it, and how often."""
        wanted = np.array(words, dtype=np.uint64)
        found = [_slices(segment, wanted) for segment in self._segments]
        if not found:
            return [(np.zeros(0, dtype=np.int32), np.zeros(0, dtype=np.uint8)) for _ in words]
        if len(found) == 1:
            postings = found[0]
        else:
            postings = [_joined(parts) for parts in zip(*found, strict=True)]
        if len(self._places) == len(self):
            return postings
        live = self._places.live
        return [(rows[live[rows]], counts[live[rows]]) for rows, counts in postings]

    def _best(self, chosen: list[_Term], k: int, allowed: Rids | None) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        scores = self._scores(chosen)
        some = scores > 0  # as truth values: these are gone through several times as fast
        rows = np.flatnonzero(some if allowed is None else some & self._places.chosen(allowed))
        if not len(rows) or k < 1:
            return rows[:0], scores[:0]
        scores = scores[rows] / (sum(term.weight for term in chosen) or 1.0)
        if len(rows) > k:  # all that may yet tie with the last place once they are rounded
            enough = scores >= np.partition(scores, -k)[-k] - 2 * 10**-_DIGITS
            rows, scores = rows[enough], scores[enough]
        scores = np.round(scores, _DIGITS)
        order = np.lexsort((self._places.rids[rows], -scores))[:k]
        return rows[order], scores[order]

    def _scores(self, chosen: list[_Term]) -> NDArray[np.float64]:
        """BM25 of every row (rows,): 0 where it has no word."""
        if not chosen:
            return np.zeros(len(self._places))
        average = self._total_length / max(1, len(self)) or 1.0
        rows, counts = (np.concatenate(parts) for parts in zip(*((t.rows, t.counts) for t in chosen), strict=True))
        parts = np.repeat([term.weight for term in chosen], [len(term.rows) for term in chosen]) * counts
        parts /= counts + _SATURATION * (1 - _BY_LENGTH + _BY_LENGTH / average * self._lengths[rows])
        return np.bincount(rows, parts, minlength=len(self._places)).astype(np.float64, copy=False)

    def _words(self, chosen: list[_Term], rows: NDArray[np.intp]) -> list[list[str]]:
        rank = np.full(len(self._places), -1, dtype=np.int32)
        rank[rows] = np.arange(len(rows))
        words: list[list[str]] = [[] for _ in rows]
        for term in chosen:
            ranks = rank[term.rows]
            for one in ranks[ranks >= 0].tolist():
                words[one].append(term.shown)
        return words

    def _sort_pending(self) -> None:
        """Make a segment of what was added, and merge it with those before it that are not much longer."""
        if not self._pending:
            return
        words, rows = (np.concatenate(parts) for parts in zip(*self._pending, strict=True))
        self._pending = []
        counts = (words & np.uint64(0xFF)).astype(np.uint8)
        segment = _sorted(words & ~np.uint64(0xFF), rows, counts)
        while self._segments and len(self._segments[-1].rows) < _MERGE * len(segment.rows):
            segment = _merged(self._segments.pop(), segment)
        self._segments.append(segment)


@lru_cache(maxsize=64)  # one query is often looked for in several indexes, one after another
def _looked_for(query: str) -> tuple[tuple[str, int], ...]:
    """The terms of a query and what they are known by."""
    return tuple(("".join(term), key(term)) for term in terms(query, limit=_MOST_TERMS))


def _slices(segment: _Segment, words: Keys) -> list[tuple[Rows, Counts]]:
    """The postings of each word (n,)."""
    if not len(segment.keys):
        return [(segment.rows, segment.counts) for _ in words]
    places = np.minimum(np.searchsorted(segment.keys, words), len(segment.keys) - 1)
    there = segment.keys[places] == words
    ends = np.where(there, segment.starts[places + 1], segment.starts[places])
    parts = map(slice, segment.starts[places].tolist(), ends.tolist())
    return [(segment.rows[part], segment.counts[part]) for part in parts]


def _joined(parts: Sequence[tuple[Rows, Counts]]) -> tuple[Rows, Counts]:
    """Postings of one word from several segments as one."""
    rows, counts = zip(*parts, strict=True)
    return np.concatenate(rows), np.concatenate(counts)


def _sorted(keys: Keys, rows: Rows, counts: Counts) -> _Segment:
    """Postings (n,) in any order as a segment.

    Word, row and count are packed into one integer, because sorting values is many times faster than sorting places:
    24 bits of the word's number among the words of the segment, 32 of the row, 8 of the count.
    """
    distinct = _distinct(keys)
    packed = _numbers(distinct, keys) << np.uint64(40) | rows.astype(np.uint64) << np.uint64(8) | counts
    packed.sort()
    starts = np.searchsorted(packed, np.arange(len(distinct) + 1, dtype=np.uint64) << np.uint64(40))
    return _Segment(
        distinct,
        starts.astype(np.int64),
        (packed >> np.uint64(8)).astype(np.uint32).view(np.int32),
        packed.astype(np.uint8),
    )


def _distinct(keys: Keys) -> Keys:
    ordered = np.sort(keys)
    first = np.ones(len(ordered), dtype=np.bool_)
    np.not_equal(ordered[1:], ordered[:-1], out=first[1:])
    return ordered[first]


def _numbers(distinct: Keys, keys: Keys) -> Keys:
    """The place of each of keys (n,) in `distinct`: by its first bits, then by steps where several share these."""
    bits = len(distinct).bit_length() + 3
    shift = np.uint64(64 - bits)
    firsts = np.searchsorted(distinct, np.arange(1 << bits, dtype=np.uint64) << shift)
    numbers = firsts[keys >> shift]
    wrong = np.flatnonzero(distinct[numbers] != keys)
    while len(wrong):
        numbers[wrong] += 1
        wrong = wrong[distinct[numbers[wrong]] != keys[wrong]]
    found: Keys = numbers.astype(np.uint64)
    return found


def _merged(first: _Segment, second: _Segment) -> _Segment:
    keys = [np.repeat(segment.keys, np.diff(segment.starts)) for segment in (first, second)]
    rows, counts = np.concatenate([first.rows, second.rows]), np.concatenate([first.counts, second.counts])
    return _sorted(np.concatenate(keys), rows, counts)


def _packed(segment: _Segment, kept: Mask) -> _Segment:
    """The segment without the rows that are not kept (rows before,), the others renumbered."""
    numbers = np.cumsum(kept, dtype=np.int32) - np.int32(1)
    staying = kept[segment.rows]
    starts = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(staying, dtype=np.int64)])[segment.starts]
    filled = np.diff(starts) > 0
    keys, rows, counts = segment.keys[filled], numbers[segment.rows[staying]], segment.counts[staying]
    return _Segment(keys, np.concatenate([starts[:-1][filled], starts[-1:]]), rows, counts)
