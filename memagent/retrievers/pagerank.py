"""Personalized PageRank over an undirected weighted graph: an exact solver, and two fast ones behind one method.

With W symmetric, D its row sums, P = D^-1 W, d the damping and v the reset vector of sum 1, the ranks are x with
x = (1 - d) v + d Pᵀ x, where a walk that is at a node without edges goes on from v. That last rule only scales the
ranks: they are solved without it and then divided by their sum. The sum is known beforehand, since only what is at a
node without edges is lost: 1 - d times the mass of v stays there, d times it is gone.

All of a graph of up to some hundred thousand edges is gone through (`pagerank_whole.py`); in a larger one only what is
near the seeds is (`pagerank_near.py`), unless the seeds are so many that this is a large part of the graph.
"""

from __future__ import annotations

import threading
from functools import cached_property
from math import ceil, log

import numpy as np
from numpy.typing import ArrayLike, NDArray

from memagent.errors import UsageProblem
from memagent.retrievers.adjacency import adjacency
from memagent.retrievers.pagerank_near import near
from memagent.retrievers.pagerank_whole import Seeds, Whole

Ranks = NDArray[np.float32]

_WHOLE = 150_000  # edges, up to which going through all of them is quicker than staying near the seeds
_MOST = 0.1  # of the edges: what may be read near the seeds before going through all of them is quicker
_OF_A_NODE = 0.05  # of the accuracy: how far off the rank of a node of mean degree may be, near the seeds


class PageRank:
    """A graph made ready for many solutions. Never changed once it is made; any thread may call any method.

    Attributes:
        degree: the sum of the weights of each node's edges, float64 (n,).

    Args:
        count: the number of nodes n.
        pairs: the edges, int32 (m, 2). Parallel edges add up, an edge from a node to itself is left out.
        weights: positive, float32 (m,).

    Raises:
        UsageProblem: the shapes do not fit, a pair names no node, or a weight is not finite or not above 0.
    """

    def __init__(self, count: int, pairs: NDArray[np.int32], weights: NDArray[np.float32]) -> None:
        self._count = count
        self._rows = adjacency(count, pairs, weights)
        self.degree = self._rows.degree
        self._kept = threading.local()

    def neighbours(self, node: int) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """Return the ends of a node's edges, int32 (k,), and their weights (k,); one twice for parallel edges."""
        edges = slice(self._rows.starts[node], self._rows.starts[node + 1])
        return self._rows.targets[edges], self._rows.weights[edges]

    def exact(self, resets: ArrayLike, *, damping: float = 0.5, tolerance: float = 1e-12) -> NDArray[np.float64]:
        """Return the ranks by power iteration in double precision: what the fast solvers are measured against.

        Args:
            resets: where walks begin, (n,) or (q, n); any scale.
            damping: the probability of following an edge, in [0, 1).
            tolerance: how far from the solution the result may be, in the sum over all nodes.

        Returns:
            Ranks of the shape of `resets`; each row adds up to 1.

        Raises:
            UsageProblem: a reset has another length, is negative, not finite or nothing; or the damping or the
                tolerance is not fit.
        """
        rows = self._checked(resets, damping, "tolerance", tolerance)
        found = np.zeros(rows.shape)
        for row, seeds in zip(found, map(_seeds, rows), strict=True):
            row[:] = self._iterated(seeds, damping, tolerance)
        return found.reshape(np.shape(resets))

    def fast(self, resets: ArrayLike, *, damping: float = 0.5, accuracy: float = 2e-4) -> Ranks:
        """Return the ranks to what ranking needs, in single precision.

        Args:
            resets: as for `exact`. The fewer seeds, the faster in a large graph.
            damping: as for `exact`.
            accuracy: a bound on the error, relative to the mass that leaves the seeds, where all is gone through. In
                practice the largest error of a node is about a tenth of it. Near the seeds of a larger graph, a
                twentieth of it bounds the error of a node of mean degree, and others' in proportion to their degree.
                (The mean is over the nodes with edges.)

        Returns:
            Ranks of the shape of `resets`. In a large graph a row adds up to less than 1: what is too little to follow
            is left out, and no rank is above its true value but by rounding.

        Raises:
            UsageProblem: as for `exact`, or the accuracy is not between 0 and 1.
        """
        rows = self._checked(resets, damping, "accuracy", accuracy)
        found = np.zeros(rows.shape, dtype=np.float32)
        for row, seeds in zip(found, map(_seeds, rows), strict=True):
            close = self._near(seeds, damping, _OF_A_NODE * accuracy)
            if close is None:
                row[:] = self._whole.solve(seeds, damping, accuracy)
            else:
                row[close[0]] = close[1]
        return found.reshape(np.shape(resets))

    def steps(self, reset: ArrayLike, count: int, *, damping: float = 0.5) -> NDArray[np.float64]:
        """Return where a walk is after 0, 1, ... steps of the power iteration: what the ranks come to, to look at.

        Args:
            reset: where walks begin, (n,); any scale.
            count: how many steps at least 0.
            damping: as for `exact`.

        Returns:
            Float64 (count + 1, n); each row adds up to 1, and the first is the reset itself. A row differs from the
            ranks by at most twice `damping` to the power of its number, in the sum over all nodes.

        Raises:
            UsageProblem: as for `exact`, or the count is below 0.
        """
        if count < 0:
            raise UsageProblem(f"count={count} is no number of steps", hint="Give 0 or more.")
        [row] = self._checked(np.reshape(reset, (1, -1)), damping, "tolerance", 0.5)
        begins = np.zeros(self._count)
        nodes, mass = _seeds(row)
        begins[nodes] = mass
        source = np.repeat(np.arange(self._count), np.diff(self._rows.starts))
        inverse = np.divide(1.0, self.degree, out=np.zeros(self._count), where=self.degree > 0)
        found = [begins]
        for _ in range(count):
            now = found[-1]
            flow = self._rows.weights * (now * inverse)[self._rows.targets]
            back = 1 - damping * float(now[self.degree > 0].sum())
            found.append(back * begins + damping * np.bincount(source, flow, minlength=self._count))
        return np.array(found)

    @cached_property
    def _whole(self) -> Whole:
        return Whole(self._rows)

    # --- near the seeds

    @cached_property
    def _share(self) -> Ranks:
        """The degree of each node over the mean; 1 for a node without edges."""
        alone = self.degree == 0
        mean = self.degree.sum() / max(1, self._count - np.count_nonzero(alone))
        return np.where(alone, 1, self.degree / (mean or 1)).astype(np.float32)

    def _near(
        self, seeds: Seeds, damping: float, accuracy: float
    ) -> tuple[NDArray[np.int32], NDArray[np.float64]] | None:
        """The nodes near the seeds and their ranks; None if going through all of the graph is quicker."""
        nodes, mass = seeds
        edges = len(self._rows.targets)
        if edges <= 2 * _WHOLE:
            return None
        total = 1 - damping * float(mass[self.degree[nodes] == 0].sum())
        limit = accuracy * total * (1 - damping) / damping if damping > 0 else float("inf")
        place: NDArray[np.int32] | None = self._kept.__dict__.pop("place", None)  # left away if this is interrupted
        if place is None:
            place = np.full(self._count, -1, dtype=np.int32)
        found = near(self._rows, self._share, place, seeds, damping, limit, _MOST * edges)
        self._kept.place = place
        return found and (found[0], found[1] / total)

    # --- exact

    def _iterated(self, seeds: Seeds, damping: float, tolerance: float) -> NDArray[np.float64]:
        source = np.repeat(np.arange(self._count), np.diff(self._rows.starts))
        inverse = np.divide(1.0, self.degree, out=np.zeros(self._count), where=self.degree > 0)
        given = np.zeros(self._count)
        given[seeds[0]] = (1 - damping) * seeds[1]
        ranks = given
        for _ in range(2 + ceil(log(tolerance) / log(max(damping, 1e-9)))):
            flow = self._rows.weights * (ranks * inverse)[self._rows.targets]
            ranks = given + damping * np.bincount(source, flow, minlength=self._count)
        found: NDArray[np.float64] = ranks / ranks.sum()
        return found

    def _checked(self, resets: ArrayLike, damping: float, name: str, value: float) -> NDArray[np.generic]:
        """Resets as rows (q, n)."""
        rows = np.asarray(resets)
        if rows.ndim not in (1, 2) or rows.shape[-1] != self._count:
            raise UsageProblem(f"a reset vector needs {self._count} numbers, got an array of shape {rows.shape}")
        if not 0 <= damping < 1:
            raise UsageProblem(f"damping is a probability below 1, got {damping!r}")
        if not 0 < value < 1:
            raise UsageProblem(f"{name} must be between 0 and 1, got {value!r}")
        return np.atleast_2d(rows)


def _seeds(row: NDArray[np.generic]) -> Seeds:
    """The nodes at which a walk may begin, and how probably."""
    nodes = np.flatnonzero(row != 0)
    mass = row[nodes].astype(np.float64)
    if not (len(nodes) and mass.min() > 0 and np.isfinite(mass.max())):
        raise UsageProblem("a reset vector needs numbers of at least 0 that are finite, and one above 0")
    mass /= mass.max()  # so that no sum overflows
    return nodes, mass / mass.sum()
