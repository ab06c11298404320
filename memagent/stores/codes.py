"""Vectors as 2 bits a component: a quick scan that says which rows are worth an exact comparison.

What is left of a vector without the mean of all is rotated, which makes its components much like draws from one normal
distribution whatever they were before (the premise of RaBitQ, Gao and Long, 2024). Each is then rounded to one of the
four best levels for that distribution (Max, 1960), so that nothing is trained, and FAISS scans pairs of components as
product quantisation with look-up tables in registers (André et al., 2015). Differences from RaBitQ: 2 bits and not 1, a
rotation in two small steps and not a full one, and estimates that are corrected on average and not for each vector.

Measured on 100,000 real vectors by `benchmarks/index_scale.py`.
"""

from __future__ import annotations

from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
Rows = NDArray[np.int64]

_LEVELS = (-1.5104, -0.4528, 0.4528, 1.5104)  # for a standard deviation of 1
_LOST = 0.1175  # part of the variance that the levels lose
_BLOCK = 32  # the first step of the rotation mixes so many components
_SAMPLE = 8192  # rows that say where the centre is
_BATCH = 8192  # rows that are added to the scan at once: it copies what it has each time
_PAGE = 512  # rows that are rotated at once: about as many as stay in the cache


class Codes:
    """Codes of rows that are numbered from 0 in the order in which they were added.

    Args:
        vectors: the first rows (n, dim), which say where the centre of all lies and how far they are from it.

    Attributes:
        error: standard deviation of an estimated cosine.
    """

    def __init__(self, vectors: Vectors) -> None:
        self._dim = vectors.shape[1]
        self._blocks = -(-self._dim // _BLOCK)
        sample = vectors[:: -(-len(vectors) // _SAMPLE)]
        self._center = sample.mean(axis=0, dtype=np.float64).astype(np.float32)
        spread = sqrt(max(1e-6, 1.0 - float(self._center @ self._center)))  # of unit vectors round their mean
        width = self._blocks * _BLOCK
        self.error = spread * sqrt(_LOST / (1 - _LOST) / width)
        random = np.random.default_rng(0)
        self._within, self._across = _orthogonal(_BLOCK, random), _orthogonal(self._blocks, random)
        self._scan = _scan(width, spread / sqrt(width))
        self.add(vectors)

    def __len__(self) -> int:
        return int(self._scan.ntotal)

    def add(self, vectors: Vectors) -> None:
        """Append rows (n, dim)."""
        for start in range(0, len(vectors), _BATCH):
            batch = vectors[start : start + _BATCH]
            pages = [
                self._rotated(batch[first : first + _PAGE] - self._center) for first in range(0, len(batch), _PAGE)
            ]
            self._scan.add(np.concatenate(pages))

    def remove(self, rows: Rows) -> None:
        """Remove rows (n,); those behind them move up."""
        self._scan.remove_ids(rows)

    def nearest(self, query: Vectors, count: int) -> tuple[Rows, Vectors]:
        """Return `count` rows (count,), at most all there are, whose estimated cosine to a query (dim,) is best.

        The estimated cosines (count,) are beside them, best first.
        """
        scores, rows = self._scan.search(self._rotated(query[None]), count)
        return rows[0], scores[0] / np.float32(1 - _LOST) + query @ self._center

    def _rotated(self, vectors: Vectors) -> Vectors:
        """Rotate rows (n, dim) into (n, blocks * _BLOCK)."""
        width = self._blocks * _BLOCK
        if width > self._dim:
            vectors = np.pad(vectors, ((0, 0), (0, width - self._dim)))
        within = (vectors.reshape(-1, _BLOCK) @ self._within).reshape(-1, self._blocks, _BLOCK)
        return np.ascontiguousarray((self._across @ within).reshape(-1, width))


def _orthogonal(size: int, random: np.random.Generator) -> Vectors:
    return np.linalg.qr(random.standard_normal((size, size)))[0].astype(np.float32)


def _scan(width: int, deviation: float) -> Any:
    """An empty index of pairs of components, with the 4 levels of either as its 16 centroids."""
    import faiss

    scan: Any = faiss.IndexPQFastScan(width, width // 2, 4, faiss.METRIC_INNER_PRODUCT)
    pairs = np.array([(first, second) for first in _LEVELS for second in _LEVELS], dtype=np.float32) * deviation
    faiss.copy_array_to_vector(np.tile(pairs.ravel(), width // 2), scan.pq.centroids)
    scan.is_trained = True
    return scan
