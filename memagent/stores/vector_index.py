"""Unit vectors in memory, found by cosine: a projection of the vectors that are kept with the passages.

A small index compares a query with every vector, and so do the first searches of any. After these, a large one first
estimates all cosines from short codes and compares exactly with those that may be among the best; every score that it
returns is exact. Which ones may be is decided by how far estimates are off, so that what is found is almost never
different from what a full comparison finds.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Set
from typing import Any

import numpy as np
from numpy.typing import NDArray

from memagent.stores.codes import Codes
from memagent.stores.places import Mask, Places, Rids

__all__ = ["VectorIndex"]

Vectors = NDArray[np.float32]
Rows = NDArray[np.int64]

_SCANNED = 4_000_000  # up to so many numbers (rows times dim) comparing all is as quick, about a millisecond
_WAITS = 8  # searches of a large index before codes are made: that costs about as much as a hundred of them
_TAIL = 512  # rows that wait before codes are made for all of them: one alone costs as much
_GROWTH = 4  # the codes are made anew, round another centre, once the index has grown so many times
_FIRST, _MORE = (100, 4), 4  # candidates at first, by k, and how many times more whenever these were too few
_SURE = 2  # errors by which the worst estimate must lie below the k-th cosine
_PART = 8  # with more than this part of the rows as candidates, comparing all is quicker
_PIECE = 400_000  # numbers; OpenBLAS shares out a product of a matrix and a vector from 460,800 on
_BLOCK = 256  # rows compared with all others at a time
_DIGITS = 6
_MARGIN = 4e-6  # how far a cosine in single precision may be from the exact one, and rounding on top


class VectorIndex:
    """Vectors by rid. Any thread may call any method.

    Args:
        dim: length of every vector.
        scanned: up to how many numbers (rows times dim) all vectors are compared.
        waits: how many searches of a larger index compare all of them likewise, before codes are made: who looks only
            a few things up, as a command does, is answered before the codes would have been.
    """

    def __init__(self, dim: int, *, scanned: int = _SCANNED, waits: int = _WAITS) -> None:
        self._lock = threading.Lock()  # a search must not meet an add
        self._places = Places()
        self._dim = dim
        self._scanned = scanned
        self._waits = waits
        self._room = np.empty((0, dim), dtype=np.float32)  # the first rows of it are the vectors
        self._codes: Codes | None = None
        self._coded_first = 0

    def __len__(self) -> int:
        return len(self._places.held)

    @property
    def held(self) -> Set[int]:
        """The rids of the vectors in the index: a view, not a copy."""
        return self._places.held

    def reserve(self, rows: int) -> None:
        """Make room for so many vectors in all, so that adding them copies none."""
        with self._lock:
            if rows > len(self._room):
                self._room = _roomier(self._room, len(self._places), rows)

    def add(self, rids: Rids, vectors: Vectors) -> None:
        """Add unit vectors (n, dim) by rid (n,), in any order and none of them held."""
        if not len(rids):
            return
        with self._lock:
            first, last = len(self._places), len(self._places) + len(rids)
            if last > len(self._room):
                self._room = _roomier(self._room, first, last)
            self._room[first:last] = vectors
            self._places.add(np.asarray(rids, dtype=np.int64))

    def remove(self, rids: Rids) -> None:
        """Remove vectors by rid (n,); those that are not held are passed over."""
        with self._lock:
            self._places.remove(np.asarray(rids, dtype=np.int64))
            if self._places.wasteful():
                vectors, kept = self._vectors(), self._places.pack()
                self._room, gone = vectors[kept], np.flatnonzero(~kept)
                if self._codes is not None:
                    self._codes.remove(gone[gone < len(self._codes)])

    def search(self, vector: Vectors, k: int, allowed: Rids | None = None) -> list[tuple[int, float]]:
        """Return up to k (rid, cosine to 6 digits), best first, ties by rid; arguments as for `ranked`."""
        rids, scores = self.ranked(vector, k, allowed)
        return list(zip(rids.tolist(), scores.tolist(), strict=True))

    def cosines(self, vector: Vectors) -> tuple[Rids, Vectors]:
        """Return the rids (n,), in any order, and the cosines (n,) of all vectors with a unit vector (dim,)."""
        with self._lock:
            scores = _products(self._vectors(), np.ascontiguousarray(vector, dtype=np.float32))
            live = self._places.live
            return self._places.rids[live], scores[live]

    def ranked(self, vector: Vectors, k: int, allowed: Rids | None = None) -> tuple[Rids, NDArray[np.float64]]:
        """Return the rids (r,) and cosines to 6 digits (r,) of up to k vectors, best first, ties by rid.

        Args:
            vector: a unit vector (dim,).
            k: how many to find.
            allowed: only these rids (n,) may be found.
        """
        query = np.ascontiguousarray(vector, dtype=np.float32)
        with self._lock:
            every = allowed is None and len(self) == len(self._places)
            mask = None if every else self._places.chosen(allowed)
            total = len(self._places) if mask is None else int(np.count_nonzero(mask))
            if k < 1 or not total:
                return self._places.rids[:0], np.zeros(0)
            codes = self._current_codes() if total * self._dim > self._scanned else None
            return self._best(query, self._candidates(query, min(k, total), total, mask, codes), k)

    def above(self, rids: Rids, least: float) -> tuple[Rids, Rids, Vectors]:
        """Return the pairs of a vector of `rids` (n,) and any other vector whose cosine is at least `least`.

        Pairs are two arrays of rids (m,) and the cosines (m,), in no order; one of two given vectors stands in both
        places in turn. Rids that are not held are passed over.
        """
        with self._lock:
            rows = np.flatnonzero(np.isin(self._places.rids, rids) & self._places.live)
            vectors, near, other = self._vectors(), [rows[:0]], [rows[:0]]
            for start in range(0, len(rows), _BLOCK):
                some = rows[start : start + _BLOCK]
                first, second = np.nonzero(vectors[some] @ vectors.T >= least - _MARGIN)
                near.append(some[first])
                other.append(second)
            first, second = np.concatenate(near), np.concatenate(other)
            apart = (first != second) & self._places.live[second]
            first, second = first[apart], second[apart]
            # The product of two matrices depends on their shapes in its last digits; a cosine must not.
            cosines = np.einsum("ij,ij->i", vectors[first], vectors[second], dtype=np.float64).astype(np.float32)
            enough = cosines >= np.float32(least)
            return self._places.rids[first[enough]], self._places.rids[second[enough]], cosines[enough]

    def _candidates(self, query: Vectors, k: int, total: int, mask: Mask | None, codes: Codes | None) -> Rows:
        """The rows (n,) among which the k best are, and all that may tie with the last of them."""
        found = None if codes is None else self._estimated(codes, query, k, total, mask)
        if found is not None:
            return found
        scores = _products(self._vectors(), query)
        if mask is not None:
            scores[~mask] = -np.inf
        rows: Rows = np.flatnonzero(scores >= np.partition(scores, -k)[-k] - _MARGIN)
        return rows

    def _estimated(self, codes: Codes, query: Vectors, k: int, total: int, mask: Mask | None) -> Rows | None:
        """The same from estimates; None where these do not tell the vectors apart well enough."""
        tail = np.arange(len(codes), len(self._places))
        wanted = (_FIRST[0] + _FIRST[1] * k) * len(self._places) // total
        while wanted * _PART <= len(codes):
            rows, estimates = _one_thread(codes.nearest, query, wanted)
            rows = np.concatenate([rows, tail])
            rows = rows if mask is None else rows[mask[rows]]
            if len(rows) >= k:
                scores = self._cosines(query, rows)
                last = np.partition(scores, -k)[-k]
                if estimates[-1] < last - _SURE * codes.error:
                    found: Rows = rows[scores >= last - _MARGIN]
                    return found
            wanted *= _MORE
        return None

    def _current_codes(self) -> Codes | None:
        """The codes of all rows but a short tail; `None` while too few searches have asked for them."""
        rows = len(self._places)
        if self._codes is None and self._waits > 0:
            self._waits -= 1
            return None
        if self._codes is None or rows > _GROWTH * self._coded_first:
            self._codes, self._coded_first = Codes(self._vectors()), rows
        elif rows - len(self._codes) > _TAIL:
            self._codes.add(self._vectors()[len(self._codes) :])
        return self._codes

    def _vectors(self) -> Vectors:
        """All rows (rows, dim): good until rows are added or removed."""
        return self._room[: len(self._places)]

    def _cosines(self, query: Vectors, rows: Rows) -> Vectors:
        """Cosines (n,) of rows (n,) in single precision."""
        return _products(self._room[rows], query)

    def _best(self, query: Vectors, rows: Rows, k: int) -> tuple[Rids, NDArray[np.float64]]:
        """Rank by scores that do not depend on where a row lies: row by row, in double precision."""
        vectors = self._vectors()[rows].astype(np.float64)
        scores = np.round(np.einsum("ij,j->i", vectors, query.astype(np.float64)), _DIGITS)
        rids = self._places.rids[rows]
        order = np.lexsort((rids, -scores))[:k]
        return rids[order], scores[order]


def _roomier(room: Vectors, used: int, needed: int) -> Vectors:
    """Room for at least so many rows, and a quarter more, with the used ones in it."""
    larger = np.empty((max(needed, used + used // 4), room.shape[1]), dtype=np.float32)
    larger[:used] = room[:used]
    return larger


def _products(vectors: Vectors, query: Vectors) -> Vectors:
    """Products (n,) of vectors (n, dim) with one, in pieces that BLAS does not share out among threads.

    Starting those takes longer than the work, and where another process has the cores, it is waited for: 20 ms.
    """
    found, some = np.empty(len(vectors), dtype=np.float32), max(1, _PIECE // vectors.shape[1])
    for start in range(0, len(vectors), some):
        np.dot(vectors[start : start + some], query, out=found[start : start + some])
    return found


def _one_thread(search: Callable[..., Any], *args: Any) -> Any:
    """Run FAISS on one thread for one query: twice as fast as on two. The setting is the calling thread's own."""
    import faiss

    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        return search(*args)
    finally:
        faiss.omp_set_num_threads(before)
