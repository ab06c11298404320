"""Unit vectors in memory, found by cosine: a projection of the vectors that are kept with the passages.

Few vectors are all compared. Of many, a scan of short codes chooses the candidates and the vectors themselves rank
them, so that a score is always the exact cosine. The codes are product quantisation at one bit a component, read
eight to sixteen at a time (André et al., VLDB 2015; FAISS calls it fast scan), after a rotation
that spreads what a sparse vector has over all components.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Set
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from memagent.stores.places import Mask, Places, Rids

__all__ = ["VectorIndex"]

Vectors = NDArray[np.float32]

_DIGITS = 6
_MARGIN = 4e-6  # how far a score of FAISS in single precision may be from the exact one, and rounding on top
_SPARE = 8  # candidates beyond k, so that most ties at the last place are seen at once
_FEW = 1000  # fewer rows than that are compared directly
_SCANNED = 1 << 23  # so many components are compared one by one; above, codes are quicker (`benchmarks/index_scale.py`)
_CANDIDATES = 600  # at least so many are ranked by their vectors: recall@10 of 1.00 and recall@50 of 0.997
_PER_HIT = 12  # and so many for each that is wanted
_TAIL = 2048  # rows that have no code yet; they are compared one by one, and coded together
_SAMPLE, _ROUNDS, _SEED = 2048, 8, 7  # for learning the codes


class VectorIndex:
    """Vectors by rid. Any thread may call any method.

    Args:
        dim: length of every vector.
        scanned: up to so many components, rows times dim, all vectors are compared.
    """

    def __init__(self, dim: int, *, scanned: int = _SCANNED) -> None:
        import faiss

        self._lock = threading.Lock()  # FAISS crashes when a search meets an add
        self._places = Places()
        self._dim = dim
        self._flat: Any = faiss.IndexFlatIP(dim)
        self._scanned = scanned
        self._codes: _Codes | None = None

    def __len__(self) -> int:
        return len(self._places.held)

    @property
    def held(self) -> Set[int]:
        """The rids of the vectors in the index: a view, not a copy."""
        return self._places.held

    def add(self, rids: Rids, vectors: Vectors) -> None:
        """Add unit vectors (n, dim) by rid (n,), in any order and none of them held."""
        if not len(rids):
            return
        with self._lock:
            self._flat.add(np.ascontiguousarray(vectors, dtype=np.float32))
            self._places.add(np.asarray(rids, dtype=np.int64))

    def remove(self, rids: Rids) -> None:
        """Remove vectors by rid (n,); those that are not held are passed over."""
        with self._lock:
            self._places.remove(np.asarray(rids, dtype=np.int64))
            if self._places.wasteful():
                self._flat.remove_ids(np.flatnonzero(~self._places.pack()))
                self._codes = None  # rows have other numbers now

    def search(self, vector: Vectors, k: int, allowed: Rids | None = None) -> list[tuple[int, float]]:
        """Return up to k (rid, cosine to 6 digits), best first, ties by rid.

        Args:
            vector: a unit vector (dim,).
            k: how many to find.
            allowed: only these rids (n,) may be found.
        """
        query = np.ascontiguousarray(vector, dtype=np.float32)
        with self._lock:
            coded = allowed is None and k >= 1 and self._coded(k)
            with _one_thread():
                rows = self._by_codes(query, k) if coded else np.zeros(0, dtype=np.int64)
                return self._ranked(query, rows, k) if len(rows) >= max(1, k) else self._by_all(query, k, allowed)

    def _coded(self, k: int) -> bool:
        """Whether to choose candidates by code. Makes the codes up to date."""
        rows = len(self._places)
        if rows * self._dim <= self._scanned or _PER_HIT * k > rows // 4:
            return False
        if self._codes is None:
            self._codes = _Codes(self._flat)
        if rows - len(self._codes) > _TAIL:
            self._codes.extend(self._flat)
        return True

    def _by_codes(self, query: Vectors, k: int) -> NDArray[np.int64]:
        """The rows (n,) of the candidates that may be among the k best."""
        assert self._codes is not None
        near = self._codes.nearest(query, max(_CANDIDATES, _PER_HIT * k))
        rows = np.concatenate([near, np.arange(len(self._codes), len(self._places))])
        rows = np.ascontiguousarray(rows[self._places.live[rows]], dtype=np.int64)
        if len(rows) <= k:
            return rows
        scores = _compared(self._flat, query, rows)
        return rows[scores >= np.partition(scores, -k)[-k] - _MARGIN]

    def _by_all(self, query: Vectors, k: int, allowed: Rids | None) -> list[tuple[int, float]]:
        mask = None if allowed is None and len(self) == len(self._places) else self._places.chosen(allowed)
        total = len(self._places) if mask is None else int(np.count_nonzero(mask))
        if k < 1 or not total:
            return []
        rows = self._all(mask) if total <= max(k, _FEW) else self._candidates(query, k, total, mask)
        return self._ranked(query, rows, k)

    def _all(self, mask: Mask | None) -> NDArray[np.int64]:
        return np.arange(len(self._places)) if mask is None else np.flatnonzero(mask)

    def _candidates(self, query: Vectors, k: int, total: int, mask: Mask | None) -> NDArray[np.int64]:
        """The rows (n,) among which the k best are, and all that may tie with the last of them."""
        wanted = min(k + _SPARE, total)
        while True:
            scores, rows = self._flat.search(query[None], wanted, params=_only(mask))
            if wanted == total or scores[0, -1] < scores[0, k - 1] - _MARGIN:
                return np.asarray(rows[0], dtype=np.int64)
            wanted = min(4 * wanted, total)

    def _ranked(self, query: Vectors, rows: NDArray[np.int64], k: int) -> list[tuple[int, float]]:
        """Rank by scores that do not depend on where a row lies: row by row, in double precision."""
        vectors = self._flat.reconstruct_batch(rows).astype(np.float64)
        scores = np.round((vectors * query).sum(axis=1), _DIGITS)
        rids = self._places.rids[rows]
        order = np.lexsort((rids, -scores))[:k]
        return list(zip(rids[order].tolist(), scores[order].tolist(), strict=True))


class _Codes:
    """Codes of the first rows of a flat index, in the same order."""

    def __init__(self, flat: Any) -> None:
        import faiss

        self._rotation: Any = faiss.HadamardRotation(flat.d, _SEED)
        dim = self._rotation.d_out
        self._index: Any = faiss.IndexPQFastScan(dim, max(1, dim // 4), 4, faiss.METRIC_INNER_PRODUCT)
        self._index.pq.cp.niter = _ROUNDS
        self._index.pq.cp.seed = _SEED
        step = max(1, flat.ntotal // _SAMPLE)
        sample = flat.reconstruct_batch(np.arange(0, flat.ntotal, step)[:_SAMPLE])
        self._index.train(self._rotation.apply(sample))
        self.extend(flat)

    def __len__(self) -> int:
        return int(self._index.ntotal)

    def extend(self, flat: Any) -> None:
        """Code the rows that have none yet, some thousand at a time to keep what is rotated small."""
        while len(self) < flat.ntotal:
            some = min(8192, flat.ntotal - len(self))
            self._index.add(self._rotation.apply(flat.reconstruct_n(len(self), some)))

    def nearest(self, query: Vectors, count: int) -> NDArray[np.int64]:
        """The rows whose codes are nearest to a query (dim,)."""
        wanted = min(count, len(self))
        _, rows = self._index.search(self._rotation.apply(query[None]), wanted)
        found: NDArray[np.int64] = rows[0][rows[0] >= 0]
        return found


def _compared(flat: Any, query: Vectors, rows: NDArray[np.int64]) -> NDArray[np.float32]:
    """Inner products (n,) of a query (dim,) with rows (n,)."""
    import faiss

    scores = np.empty(len(rows), dtype=np.float32)
    pointers = (faiss.swig_ptr(query), len(rows), faiss.swig_ptr(scores), faiss.swig_ptr(rows))
    flat.compute_distance_subset(1, *pointers)
    return scores


def _only(mask: Mask | None) -> Any:
    """FAISS search parameters that find only the rows of a mask (rows,)."""
    import faiss

    if mask is None:
        return None
    return faiss.SearchParameters(sel=faiss.IDSelectorBitmap(np.packbits(mask, bitorder="little")))


@contextmanager
def _one_thread() -> Iterator[None]:
    """Let FAISS work on one thread: for one query that is quicker than on many, which mostly wait for each other.

    The setting is the calling thread's own.
    """
    import faiss

    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(before)
