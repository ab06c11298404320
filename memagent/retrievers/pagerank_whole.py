"""Personalized PageRank by going through all of the graph, in Chebyshev's steps.

With S = D^-1/2 W D^-1/2, which is symmetric and has its eigenvalues in [-1, 1], the ranks are D^1/2 y where
y = d S y + (1 - d) D^-1/2 v. A step of Chebyshev's leaves d / (1 + sqrt(1 - d²)) of the error, .27 for d = .5, where a
plain step leaves d.

Rows of similar length lie in blocks, column by column, so that NumPy adds up whole columns; a product then takes less
time than SciPy's with a CSR matrix. Several resets at once save a fifth at best, with 8 of them, and lose from 32 on.
"""

from __future__ import annotations

import threading
from math import ceil, log, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from memagent.retrievers.adjacency import Adjacency

Ranks = NDArray[np.float32]
Seeds = tuple[NDArray[np.int64], NDArray[np.float64]]
"""The nodes at which a walk begins, each once, and how probably: these add up to 1."""


class Whole:
    """The matrix S in blocks of rows of similar length, padded to one length. Any thread may call `solve`.

    Args:
        rows: the graph.
    """

    def __init__(self, rows: Adjacency) -> None:
        sizes = np.diff(rows.starts)
        widths = _widths(int(sizes.max(initial=1)))
        bucket = np.searchsorted(widths, sizes).astype(np.uint8)  # which NumPy sorts by counting
        order = np.argsort(bucket, kind="stable")
        self._row = np.empty(len(sizes), dtype=np.intp)
        self._row[order] = np.arange(len(sizes))
        self._unscale = np.sqrt(rows.degree)
        self._scale = np.divide(1.0, self._unscale, out=np.zeros(len(sizes)), where=rows.degree > 0)
        heights = np.bincount(bucket, minlength=len(widths))
        firsts = np.cumsum(heights) - heights
        bases = np.concatenate([[0], np.cumsum(heights * widths)])
        self._blocks = [
            _Block(slice(bases[k], bases[k + 1]), width, height, slice(firsts[k], firsts[k] + height))
            for k, (width, height) in enumerate(zip(widths.tolist(), heights.tolist(), strict=True))
            if height
        ]
        # A row's edges lie `stride` apart from `begin` on; the n-th edge of all is the (n - start)-th of its row.
        flat = widths > heights
        stride = np.where(flat, 1, heights)[bucket]
        begin = bases[bucket] + (self._row - firsts[bucket]) * np.where(flat, widths, 1)[bucket]
        at = np.repeat(begin - rows.starts[:-1] * stride, sizes)
        at += np.arange(len(rows.targets)) * np.repeat(stride, sizes)
        self._columns = np.zeros(bases[-1], dtype=np.intp)  # what `take` need not convert
        self._columns[at] = self._row[rows.targets]
        self._values = np.zeros(bases[-1], dtype=np.float32)
        self._values[at] = rows.weights * np.repeat(self._scale, sizes) * self._scale[rows.targets]
        self._kept = threading.local()

    def solve(self, seeds: Seeds, damping: float, accuracy: float) -> Ranks:
        """Return the ranks (n,), which add up to 1.

        Args:
            seeds: where walks begin.
            damping: below 1.
            accuracy: a bound on the error, relative to the mass that leaves the seeds.
        """
        nodes, mass = seeds
        given = (1 - damping) * mass
        shrinking = damping / (1 + sqrt(1 - damping**2))
        steps = max(1, ceil(log(accuracy / 2) / log(max(shrinking, 1e-9))))
        scaled = np.zeros(len(self._row), dtype=np.float32)
        scaled[self._row[nodes]] = given * self._scale[nodes]
        ranks = self._accelerated(scaled, damping, steps)[self._row] * self._unscale
        alone = self._unscale[nodes] == 0
        ranks[nodes[alone]] = given[alone]
        np.maximum(ranks, 0, out=ranks)
        ranks /= ranks.sum()
        return ranks.astype(np.float32)

    def _accelerated(self, given: Ranks, damping: float, steps: int) -> Ranks:
        """Chebyshev's semi-iteration for y = damping S y + given, from y = given (Golub and Van Loan, 10.1.5)."""
        before, now, after = given, np.empty_like(given), np.empty_like(given)
        self._times(given, now)
        now *= damping
        now += given
        factor = 1 / (1 - damping**2 / 2)
        for _ in range(1, steps):
            self._times(now, after)
            after *= damping
            after += given
            after -= before
            after *= np.float32(factor)
            after += before
            before, now, after = now, after, np.empty_like(given) if before is given else before
            factor = 1 / (1 - damping**2 * factor / 4)
        return now

    def _times(self, vector: Ranks, out: Ranks) -> None:
        """Put S times a vector into `out`."""
        flow, sums = self._room()
        vector.take(self._columns, out=flow, mode="clip")
        np.multiply(flow, self._values, out=flow)
        for values, axis, rows in sums:
            np.add.reduce(values, axis=axis, out=out[rows])

    def _room(self) -> _Room:
        """Room for the flow over every edge; kept by each thread, since getting it anew takes longer than a product."""
        kept: _Room | None = getattr(self._kept, "room", None)
        if kept is None:
            flow = np.empty(len(self._columns), dtype=np.float32)
            sums = []
            for edges, width, height, rows in self._blocks:
                lying = width > height
                shape = (height, width) if lying else (width, height)
                sums.append((flow[edges].reshape(shape), int(lying), rows))
            kept = self._kept.room = _Room(flow, sums)
        return kept


class _Block(NamedTuple):
    """Rows of similar length: where their edges lie, how many for each row and how many rows, and which rows."""

    edges: slice
    width: int
    height: int
    rows: slice


class _Room(NamedTuple):
    """The flow over every edge, and what of it to add up: views of it, along which axis, and for which rows."""

    flow: Ranks
    sums: list[tuple[Ranks, int, slice]]


def _widths(most: int) -> NDArray[np.int64]:
    """1, 2, 3, 4, 6, 8, 12, ...: powers of two and what lies half way between them, up to `most` or above."""
    widths = [1, 2]
    while widths[-1] < most:
        widths.append(widths[-1] * 3 // 2 if widths[-1] & (widths[-1] - 1) == 0 else widths[-1] * 4 // 3)
    return np.array(widths)
