"""Personalized PageRank over an undirected weighted graph: an exact solver, and two fast ones behind one method.

With W symmetric, D its row sums, P = D^-1 W, d the damping and v the reset vector of sum 1, the ranks are x with
x = (1 - d) v + d Pᵀ x, where a walk that is at a node without edges goes on from v. That last rule only scales v:
nodes without edges are left out of the solving, and the result is scaled to sum 1.

Up to some size all of the graph is gone through, by Chebyshev's acceleration of x = d S x + b with the symmetric
S = D^-1/2 W D^-1/2, whose eigenvalues lie in [-1, 1]: a step leaves d / (1 + sqrt(1 - d²)) of the error, .27 for
d = .5, where a plain step leaves d. Rows of similar length lie in blocks, column by column, so that NumPy adds up whole
columns; a product then takes less time than SciPy's with a CSR matrix.

Above that size mass is pushed from node to node where it is (Andersen, Chung and Lang, 2006): the work follows the
seeds and not the graph. A node holds back what is little for the weight of its edges.
"""

from __future__ import annotations

import threading
from functools import cached_property
from math import ceil, log, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from memagent.errors import UsageProblem

Ranks = NDArray[np.float32]

_SWEPT = 500_000  # edges, up to which going through all of them is quicker than pushing
_HELD = 1.8e-3  # of the accuracy: the mass that a node may hold back for the usual weight of an edge, when pushing
_ROUNDS = 200
_MANY = 16  # resets that are solved at once, to bound the memory


class PageRank:
    """A graph made ready for many solutions. Never changed once it is made; any thread may call any method.

    Attributes:
        degree: the sum of the weights of each node's edges, float64 (n,).

    Args:
        count: the number of nodes n.
        pairs: the edges, int32 (m, 2). Parallel edges add up, an edge from a node to itself is left out.
        weights: positive, float32 (m,).

    Raises:
        UsageProblem: a weight is not finite, or not above 0.
    """

    def __init__(self, count: int, pairs: NDArray[np.int32], weights: NDArray[np.float32]) -> None:
        if len(weights) and not (np.isfinite(weights).all() and (weights > 0).all()):
            raise UsageProblem("weights of edges must be finite and above 0", hint="Leave an edge of no weight out.")
        apart = pairs[:, 0] != pairs[:, 1]
        first, second, own = pairs[apart, 0], pairs[apart, 1], weights[apart]
        source = np.concatenate([first, second])
        order = np.argsort(source, kind="stable")
        self._count = count
        self._targets = np.concatenate([second, first])[order].astype(np.int32, copy=False)
        self._weights = np.concatenate([own, own])[order].astype(np.float32, copy=False)
        self._sizes = np.bincount(source, minlength=count)
        self._starts = np.concatenate([[0], np.cumsum(self._sizes)])
        self.degree: NDArray[np.float64] = np.bincount(source[order], self._weights, minlength=count).astype(np.float64)
        self._inverse = _inverse(self.degree)
        self._usual = float(own.mean(dtype=np.float64)) if len(own) else 1.0

    def neighbours(self, node: int) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """Return the ends of a node's edges, int32 (k,), and their weights (k,); one twice for parallel edges."""
        edges = slice(self._starts[node], self._starts[node + 1])
        return self._targets[edges], self._weights[edges]

    def exact(self, resets: ArrayLike, *, damping: float = 0.5, tolerance: float = 1e-12) -> NDArray[np.float64]:
        """Return the ranks by power iteration in double precision: what the fast solvers are measured against.

        Args:
            resets: where walks begin, (n,) or (q, n); any scale.
            damping: the probability of following an edge, in [0, 1).
            tolerance: how far from the solution the result may be, in the sum over all nodes.

        Returns:
            Ranks of the shape of `resets`; each row adds up to 1.

        Raises:
            UsageProblem: a reset has another length, is negative, not finite or nothing; or the damping is not fit.
        """
        rows = self._checked(resets, damping)
        found = np.array([self._iterated(row, damping, tolerance) for row in rows]).reshape(rows.shape)
        return found.reshape(np.shape(resets))

    def fast(self, resets: ArrayLike, *, damping: float = 0.5, accuracy: float = 2e-4) -> Ranks:
        """Return the ranks to what ranking needs, in single precision.

        Args:
            resets: as for `exact`.
            damping: as for `exact`.
            accuracy: a bound on the error, relative to the mass that leaves the seeds, when all is gone through. In
                practice the largest error of a node is about a tenth of it, of passages a thousandth.

        Raises:
            UsageProblem: as for `exact`, or the accuracy is not between 0 and 1.
        """
        rows = self._checked(resets, damping)
        if not 0 < accuracy < 1:
            raise UsageProblem(f"accuracy must be between 0 and 1, got {accuracy!r}")
        if len(self._targets) > 2 * _SWEPT:
            found = np.array([self._pushed(row, damping, accuracy) for row in rows])
        else:
            parts = [self._swept(rows[at : at + _MANY], damping, accuracy) for at in range(0, len(rows), _MANY)]
            found = np.concatenate([np.zeros((0, self._count), dtype=np.float32), *parts])
        return found.astype(np.float32, copy=False).reshape(np.shape(resets))

    def _checked(self, resets: ArrayLike, damping: float) -> NDArray[np.float64]:
        """Resets as rows (q, n) of sum 1."""
        rows = np.asarray(resets, dtype=np.float64)
        if rows.ndim not in (1, 2) or rows.shape[-1] != self._count:
            raise UsageProblem(f"a reset vector needs {self._count} numbers, got an array of shape {rows.shape}")
        if not 0 <= damping < 1:
            raise UsageProblem(f"damping is a probability below 1, got {damping!r}")
        rows = np.atleast_2d(rows)
        sums = rows.sum(axis=1)
        if not np.isfinite(sums).all() or (rows < 0).any() or not (sums > 0).all():
            raise UsageProblem("a reset vector needs numbers of at least 0 that are finite, and one above 0")
        checked: NDArray[np.float64] = rows / sums[:, None]
        return checked

    # --- exact

    def _iterated(self, reset: NDArray[np.float64], damping: float, tolerance: float) -> NDArray[np.float64]:
        source = np.repeat(np.arange(self._count), self._sizes)
        given = (1 - damping) * reset
        ranks = given
        for _ in range(2 + ceil(log(tolerance) / log(max(damping, 1e-9)))):
            flow = self._weights * (ranks * self._inverse)[self._targets]
            ranks = given + damping * np.bincount(source, flow, minlength=self._count)
        found: NDArray[np.float64] = ranks / ranks.sum()
        return found

    # --- going through all of it

    @cached_property
    def _blocks(self) -> _Blocks:
        return _Blocks(self._sizes, self._starts, self._targets, self._weights, np.sqrt(self._inverse))

    def _swept(self, resets: NDArray[np.float64], damping: float, accuracy: float) -> NDArray[np.float64]:
        blocks, given = self._blocks, (1 - damping) * resets
        shrinking = damping / (1 + sqrt(1 - damping**2))
        steps = max(1, ceil(log(accuracy / 2) / log(max(shrinking, 1e-9))))
        scaled = (given * blocks.scale)[:, blocks.order].astype(np.float32)
        swept = _accelerated(blocks, scaled[0] if len(scaled) == 1 else np.ascontiguousarray(scaled.T), damping, steps)
        ranks = swept.T.reshape(len(scaled), -1)[:, blocks.row] * blocks.unscale
        if blocks.alone.any():
            ranks[:, blocks.alone] = given[:, blocks.alone]
        np.maximum(ranks, 0, out=ranks)
        found: NDArray[np.float64] = ranks / ranks.sum(axis=1, keepdims=True)
        return found

    # --- pushing

    def _pushed(self, reset: NDArray[np.float64], damping: float, accuracy: float) -> NDArray[np.float64]:
        """Rounds in which every node that holds enough passes it all on; the rest is counted where it is."""
        held, ranks = reset.copy(), np.zeros(self._count)
        stamp = np.zeros(self._count, dtype=np.int32)
        front = np.flatnonzero(held)
        for _ in range(_ROUNDS):
            front = front[held[front] > _HELD * accuracy / self._usual * self.degree[front]]
            front = front[self._sizes[front] > 0]
            if not len(front):
                break
            mass = held[front]
            held[front] = 0.0
            ranks[front] += (1 - damping) * mass
            front = self._spread(front, damping * mass * self._inverse[front], held, stamp)
        ranks += (1 - damping) * held
        found: NDArray[np.float64] = ranks / ranks.sum()
        return found

    def _spread(
        self, front: NDArray[np.int64], mass: NDArray[np.float64], held: NDArray[np.float64], stamp: NDArray[np.int32]
    ) -> NDArray[np.int64]:
        """Add to `held` what nodes (f,) pass on for a weight of 1 (f,); return who got anything, each once."""
        sizes = self._sizes[front]
        before = np.cumsum(sizes) - sizes
        edges = np.arange(sizes.sum()) + np.repeat(self._starts[front] - before, sizes)
        targets = self._targets[edges]
        np.add.at(held, targets, np.repeat(mass, sizes) * self._weights[edges])
        numbers = np.arange(len(targets), dtype=np.int32)
        stamp[targets] = numbers
        reached: NDArray[np.int64] = targets[stamp[targets] == numbers].astype(np.int64)
        return reached


class _Block(NamedTuple):
    """Rows of similar length: where their edges lie, how many for each row and how many rows, and which rows."""

    edges: slice
    width: int
    height: int
    rows: slice


class _Blocks:
    """The matrix S in blocks of rows of similar length, padded to one length.

    Attributes:
        order: the nodes in the order of the rows, int64 (n,); `row` the row of each node.
        scale: D^-1/2, float64 (n,), 0 for a node without edges; `unscale` is D^1/2.
        alone: the nodes without edges, bool (n,).
    """

    def __init__(
        self,
        sizes: NDArray[np.int64],
        starts: NDArray[np.int64],
        targets: NDArray[np.int32],
        weights: NDArray[np.float32],
        scale: NDArray[np.float64],
    ) -> None:
        widths = _widths(int(sizes.max(initial=1)))
        bucket = np.searchsorted(widths, np.maximum(sizes, 1))
        self.order = np.argsort(bucket, kind="stable")
        self.scale, self.unscale = scale, _inverse(scale)
        self.alone = sizes == 0
        self.row = row = np.empty(len(sizes), dtype=np.int32)
        row[self.order] = np.arange(len(sizes), dtype=np.int32)
        ends = np.searchsorted(bucket[self.order], np.arange(len(widths)), side="right")
        firsts = np.concatenate([[0], ends[:-1]])
        counts = ends - firsts
        bases = np.concatenate([[0], np.cumsum(counts * widths)])
        source = np.repeat(np.arange(len(sizes)), sizes)
        own = bucket[source]
        place, slot = row[source] - firsts[own], np.arange(len(source)) - starts[source]
        lying = widths[own] > counts[own]
        at = bases[own] + np.where(lying, place * widths[own] + slot, slot * counts[own] + place)
        self._columns = np.zeros(bases[-1], dtype=np.intp)  # what `take` need not convert
        self._values = np.zeros(bases[-1], dtype=np.float32)
        self._columns[at] = row[targets]
        self._values[at] = weights * scale[source] * scale[targets]
        self._blocks = [
            _Block(slice(bases[number], bases[number + 1]), int(width), int(count), slice(first, first + count))
            for number, (width, count, first) in enumerate(zip(widths, counts, firsts, strict=True))
            if count
        ]
        self._kept = threading.local()

    def times(self, x: Ranks, out: Ranks) -> None:
        """Put S times x, (n,) or (n, q), into `out`."""
        flow, sums = self._room(x.shape[1:])
        np.take(x, self._columns, axis=0, out=flow, mode="clip")
        np.multiply(flow, self._values if x.ndim == 1 else self._values[:, None], out=flow)
        for values, axis, rows in sums:
            np.add.reduce(values, axis=axis, out=out[rows])

    def _room(self, more: tuple[int, ...]) -> _Room:
        """Room for the flow over every edge; kept by each thread, since getting it anew takes longer than a product."""
        kept: _Room | None = getattr(self._kept, "room", None)
        if kept is None or kept.flow.shape[1:] != more:
            flow = np.empty((len(self._columns), *more), dtype=np.float32)
            sums = []
            for edges, width, height, rows in self._blocks:
                lying = width > height
                shape = (height, width) if lying else (width, height)
                sums.append((flow[edges].reshape(*shape, *more), int(lying), rows))
            kept = self._kept.room = _Room(flow, sums)
        return kept


class _Room(NamedTuple):
    """The flow over every edge, and what of it to add up: views of it, along which axis, and for which rows."""

    flow: Ranks
    sums: list[tuple[Ranks, int, slice]]


def _accelerated(blocks: _Blocks, given: Ranks, damping: float, steps: int) -> Ranks:
    """Chebyshev's semi-iteration for x = damping S x + given, from x = given (Golub and Van Loan, 10.1.5)."""
    before, now, after = given, np.empty_like(given), np.empty_like(given)
    blocks.times(given, now)
    now *= damping
    now += given
    factor = 1 / (1 - damping**2 / 2)
    for _ in range(1, steps):
        blocks.times(now, after)
        after *= damping
        after += given
        after -= before
        after *= np.float32(factor)
        after += before
        before, now, after = now, after, np.empty_like(given) if before is given else before
        factor = 1 / (1 - damping**2 * factor / 4)
    return now


def _widths(most: int) -> NDArray[np.int64]:
    """1, 2, 3, 4, 6, 8, 12, ...: powers of two and what lies half way between them, up to `most` or above."""
    widths = [1, 2]
    while widths[-1] < most:
        widths.append(widths[-1] * 3 // 2 if widths[-1] & (widths[-1] - 1) == 0 else widths[-1] * 4 // 3)
    return np.array(widths)


def _inverse(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """1 / values, 0 where they are 0."""
    found: NDArray[np.float64] = np.divide(1.0, values, out=np.zeros(len(values)), where=values > 0)
    return found
