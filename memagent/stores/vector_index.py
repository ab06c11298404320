"""Unit vectors in memory, found by cosine: a projection of the vectors that are kept with the passages."""

from __future__ import annotations

import threading
from collections.abc import Callable, Set
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


class VectorIndex:
    """Vectors by rid. Any thread may call any method.

    Args:
        dim: length of every vector.
    """

    def __init__(self, dim: int) -> None:
        import faiss

        self._lock = threading.Lock()  # FAISS crashes when a search meets an add
        self._places = Places()
        self._dim = dim
        self._flat: Any = faiss.IndexFlatIP(dim)

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

    def search(self, vector: Vectors, k: int, allowed: Rids | None = None) -> list[tuple[int, float]]:
        """Return up to k (rid, cosine to 6 digits), best first, ties by rid.

        Args:
            vector: a unit vector (dim,).
            k: how many to find.
            allowed: only these rids (n,) may be found.
        """
        query = np.ascontiguousarray(vector, dtype=np.float32)
        with self._lock:
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
            scores, rows = _one_thread(self._flat.search, query[None], wanted, params=_only(mask))
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


def _only(mask: Mask | None) -> Any:
    """FAISS search parameters that find only the rows of a mask (rows,)."""
    import faiss

    if mask is None:
        return None
    return faiss.SearchParameters(sel=faiss.IDSelectorBitmap(np.packbits(mask, bitorder="little")))


def _one_thread(search: Callable[..., Any], *args: Any, **options: Any) -> Any:
    """Run a search of one query on one thread: twice as fast as on two. The setting is the calling thread's own."""
    import faiss

    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        return search(*args, **options)
    finally:
        faiss.omp_set_num_threads(before)
