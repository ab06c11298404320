"""Personalized PageRank: our solvers beside igraph, networkx and SciPy, in one run, on graphs of growing size.

    python benchmarks/pagerank.py [--sizes 5 6 7] [--graph FILE.npz] [--json]

The graphs are like those of a memory: passages with about ten phrases each, few phrases in many passages; relations
between phrases of one passage; synonyms. A query begins at five phrases and, weakly, at 200 passages. `--sizes` are
powers of ten of edges. `--graph` takes another graph: `count`, `phrases` (the nodes that come first), `pairs` (m, 2),
`weights` (m,) and `resets` (q, count). Errors and the overlap of the best 20 passages are against our exact solver.
igraph (PRPACK), networkx and SciPy are measured where they are installed; networkx up to 10^6 edges.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from memagent.retrievers.pagerank import PageRank

TOP = 20
SLOW = 2_000_000  # edges, above which networkx would take minutes


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--sizes", type=int, nargs="*", default=[5, 6, 7], help="powers of ten of edges")
    parser.add_argument("--graph", type=Path, help="another graph, as an .npz file")
    parser.add_argument("--queries", type=int, default=10)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    graphs = [knowledge(10**size, options.queries) for size in options.sizes]
    if options.graph:
        graphs.insert(0, dict(np.load(options.graph)))
    results = [measure(graph) for graph in graphs]
    print(json.dumps(results, indent=2) if options.json else "\n\n".join(map(report, results)))


def knowledge(edges: int, queries: int) -> dict[str, Any]:
    """Return a graph of about so many edges: 44 % context, 37 % relations, 19 % synonyms, as in a MuSiQue sample."""
    rng = np.random.default_rng(edges)
    passages, phrases = edges // 24, int(edges * 0.36)
    context = np.stack(
        [_often(rng, phrases, int(0.44 * edges)), phrases + rng.integers(0, passages, int(0.44 * edges))], 1
    )
    order = context[np.argsort(context[:, 1], kind="stable"), 0]
    relation = np.stack([order[:-1], order[1:]], 1)[: int(0.37 * edges)]
    synonym = rng.integers(0, phrases, (int(0.19 * edges), 2))
    pairs = np.concatenate([context, relation, synonym]).astype(np.int32)
    weights = np.concatenate([np.ones(len(context) + len(relation)), 0.8 + 0.2 * rng.random(len(synonym))])
    resets = np.zeros((queries, phrases + passages), dtype=np.float32)
    for reset in resets:
        reset[rng.integers(0, phrases, 5)] = 1 - 0.1 * np.arange(5)
        reset[phrases + rng.integers(0, passages, 200)] = 0.05 / np.arange(1, 201) ** 0.5
    return {
        "count": phrases + passages,
        "phrases": phrases,
        "pairs": pairs,
        "weights": weights.astype(np.float32),
        "resets": resets,
    }


def _often(rng: np.random.Generator, count: int, size: int) -> NDArray[np.int64]:
    """Draw numbers below `count`, low ones far more often: most once, a few a thousand times and more."""
    return (count * rng.random(size) ** 2.5).astype(np.int64)


def measure(graph: dict[str, Any]) -> dict[str, Any]:
    """Return size, time to make the graph ready, and for each solver its times, error and overlap."""
    count, first, pairs, weights, resets = (graph[name] for name in ("count", "phrases", "pairs", "weights", "resets"))
    count, first = int(count), int(first)
    started = time.perf_counter()
    walk = PageRank(count, pairs, weights)
    walk.fast(resets[0])
    ready = time.perf_counter() - started
    exact = [walk.exact(reset) for reset in resets]
    solvers: dict[str, Callable[[NDArray[np.float32]], Any]] = {"ours, fast": walk.fast, "ours, exact": walk.exact}
    solvers |= peers(count, pairs, weights)
    rows = {}
    for name, solve in solvers.items():
        times, errors, overlaps = [], [], []
        for reset, ranks in zip(resets, exact, strict=True):
            started = time.perf_counter()
            found = np.asarray(solve(reset), dtype=np.float64)
            times.append(1000 * (time.perf_counter() - started))
            errors.append(float(np.abs(found - ranks).max()))
            overlaps.append(len(_best(found, first) & _best(ranks, first)) / TOP)
        rows[name] = {
            "median_ms": statistics.median(times),
            "p95_ms": float(np.percentile(times, 95)),
            "largest_error": max(errors),
            "overlap": statistics.mean(overlaps),
        }
    return {"nodes": count, "edges": len(pairs), "ready_ms": 1000 * ready, "solvers": rows}


def _best(ranks: NDArray[np.float64], first: int) -> set[int]:
    return set(np.argsort(-ranks[first:], kind="stable")[:TOP].tolist())


def peers(count: int, pairs: NDArray[np.int32], weights: NDArray[np.float32]) -> dict[str, Callable[[Any], Any]]:
    """Return the other solvers that are installed."""
    found: dict[str, Callable[[Any], Any]] = {}
    if importlib.util.find_spec("scipy"):
        found["scipy CSR, Chebyshev"] = _scipy(count, pairs, weights)
    if importlib.util.find_spec("igraph"):
        import igraph

        graph = igraph.Graph(n=count, edges=pairs)
        own = weights.tolist()
        found["igraph, PRPACK"] = lambda reset: graph.personalized_pagerank(
            damping=0.5, reset=reset.tolist(), weights=own, directed=False, implementation="prpack"
        )
    if importlib.util.find_spec("scipy") and len(pairs) <= SLOW:
        import networkx

        nodes = networkx.Graph()
        nodes.add_nodes_from(range(count))
        for (a, b), weight in zip(pairs.tolist(), weights.tolist(), strict=True):
            if a != b:
                nodes.add_edge(a, b, weight=nodes.get_edge_data(a, b, {"weight": 0.0})["weight"] + weight)

        def theirs(reset: NDArray[np.float32]) -> list[float]:
            own = dict(enumerate(reset.tolist()))
            ranks = networkx.pagerank(nodes, alpha=0.5, personalization=own, dangling=own, tol=1e-10)
            return [ranks[node] for node in range(count)]

        found["networkx.pagerank"] = theirs
    return found


def _scipy(count: int, pairs: NDArray[np.int32], weights: NDArray[np.float32]) -> Callable[[Any], Any]:
    """The line to beat: Chebyshev's steps with a cached CSR matrix in single precision."""
    from scipy.sparse import coo_array, dia_array

    apart = pairs[:, 0] != pairs[:, 1]
    a, b, own = pairs[apart, 0], pairs[apart, 1], weights[apart]
    matrix = coo_array((np.r_[own, own], (np.r_[a, b], np.r_[b, a])), shape=(count, count)).tocsr()
    degree = matrix.sum(axis=1)
    inverse = np.divide(1.0, degree, out=np.zeros(count), where=degree > 0)
    walk = (matrix @ dia_array((inverse[None], [0]), shape=(count, count))).tocsr().astype(np.float32)

    def solve(reset: NDArray[np.float32]) -> NDArray[np.float32]:
        given = np.float32(0.5) * reset / reset.sum()
        before, now, factor = given, np.float32(0.5) * (walk @ given) + given, 1 / (1 - 0.125)
        for _ in range(6):
            before, now = now, np.float32(factor) * (np.float32(0.5) * (walk @ now) + given - before) + before
            factor = 1 / (1 - 0.0625 * factor)
        ranks: NDArray[np.float32] = now / now.sum()
        return ranks

    return solve


def report(result: dict[str, Any]) -> str:
    """Return a table."""
    lines = [f"{result['nodes']:,} nodes, {result['edges']:,} edges; ready in {result['ready_ms']:.0f} ms"]
    lines.append(f"{'':<22}{'median ms':>11}{'p95 ms':>11}{'largest error':>15}{'best 20':>9}{'times ours':>12}")
    ours = result["solvers"]["ours, fast"]["median_ms"]
    for name, row in result["solvers"].items():
        lines.append(
            f"{name:<22}{row['median_ms']:>11.2f}{row['p95_ms']:>11.2f}{row['largest_error']:>15.1e}"
            f"{row['overlap']:>9.3f}{row['median_ms'] / ours:>12.1f}"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
