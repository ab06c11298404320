"""An undirected weighted graph as one row of neighbours a node: compressed rows (CSR)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from memagent.errors import UsageProblem


class Adjacency(NamedTuple):
    """The neighbours of node `i` are `targets[starts[i]:starts[i + 1]]`, one twice for parallel edges; k is 2 m.

    Attributes:
        starts: int64 (n + 1,).
        targets: int32 (k,).
        weights: float32 (k,), positive.
        degree: the sum of the weights of each node's edges, float64 (n,).
    """

    starts: NDArray[np.int64]
    targets: NDArray[np.int32]
    weights: NDArray[np.float32]
    degree: NDArray[np.float64]


def adjacency(count: int, pairs: NDArray[np.int32], weights: NDArray[np.float32]) -> Adjacency:
    """Return the rows of a graph of `count` nodes and edges `pairs` (m, 2) of `weights` (m,).

    Edges from a node to itself are left out.

    Raises:
        UsageProblem: the shapes do not fit, a pair names no node, or a weight is not finite or not above 0.
    """
    _check(count, pairs, weights)
    kept = pairs[:, 0] != pairs[:, 1]
    first, second, own = (part[kept] for part in (pairs[:, 0], pairs[:, 1], weights))
    source = np.concatenate([first, second])
    # Numbers with their place in the lower half sort several times faster than places are sorted by numbers.
    keys = (source.astype(np.int64) << 32) | np.arange(len(source))
    keys.sort()
    order = keys & 0xFFFFFFFF
    starts = np.zeros(count + 1, dtype=np.int64)
    np.cumsum(np.bincount(source, minlength=count), out=starts[1:])
    both = np.concatenate([own, own])
    return Adjacency(
        starts,
        np.concatenate([second, first])[order].astype(np.int32, copy=False),
        both[order].astype(np.float32, copy=False),
        np.bincount(source, both, minlength=count).astype(np.float64, copy=False),  # int without edges
    )


def _check(count: int, pairs: NDArray[np.int32], weights: NDArray[np.float32]) -> None:
    if pairs.ndim != 2 or pairs.shape[1] != 2 or weights.shape != pairs.shape[:1]:
        raise UsageProblem(f"edges are pairs (m, 2) and weights (m,), got {pairs.shape} and {weights.shape}")
    if len(pairs) and not (0 <= pairs.min() and pairs.max() < count):
        raise UsageProblem(f"a pair names a node outside 0 to {count - 1}: {pairs.min()} or {pairs.max()}")
    if len(pairs) and not (weights.min() > 0 and np.isfinite(weights.max())):
        what = f"weights of edges must be finite and above 0, got {weights.min()} to {weights.max()}"
        raise UsageProblem(what, hint="Leave an edge of no weight out.")
