"""Over which phrases PageRank came to a passage: its largest inflows, followed back to where they began."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from memagent.retrievers.pagerank import PageRank

_LONGEST = 4


@dataclass(frozen=True)
class Route:
    """The nodes over which most of a passage's rank came, from where it began; empty where the passage began itself."""

    nodes: tuple[int, ...]


def route(
    walk: PageRank,
    passage: int,
    ranks: NDArray[np.float64],
    reset: NDArray[np.float32],
    total: float,
    *,
    damping: float,
) -> Route:
    """Follow the largest inflow of a passage back, never to a node twice, until a node that is more of a seed itself.

    The rank of a node is `1 - damping` times its part of `reset` (of sum `total`), plus what flows in over each edge:
    `damping` times the rank of the neighbour times the edge's part of the neighbour's weight.
    """
    seen, node, back = {passage}, passage, list[int]()
    for _ in range(_LONGEST):
        neighbours, weights = walk.neighbours(node)
        flows = ranks[neighbours] * weights / walk.degree[neighbours]
        for known in seen if back else ():  # the passage is no neighbour of its own
            flows[neighbours == known] = -1.0
        best = int(flows.argmax()) if len(flows) else -1
        if best < 0 or damping * flows[best] <= (1 - damping) * (float(reset[node]) / total):
            break
        node = int(neighbours[best])
        seen.add(node)
        back.append(node)
    return Route(tuple(reversed(back)))
