"""The graph as the published code of HippoRAG 2 makes it, over a graph of ours: for comparing, not for use.

What it does otherwise, and is defective in it: all but A-Z, a-z, 0-9 and blanks is lost from phrases, so that names in
other scripts become one empty phrase; each edge between phrases counts from both its ends; a synonym takes the place of
the relations that the same two phrases have.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from memagent.retrievers.graph_seeds import PAPER
from memagent.stores.base import GraphArrays, GraphStore, Link, Ranking
from memagent.types import Scope

PUBLISHED = replace(PAPER, specific=True)
"""The settings of the published code, which divides a seed by how many passages its phrase is in."""

_LOST = re.compile("[^A-Za-z0-9 ]")
_ENOUGH = 3


def plain(phrase: str) -> str:
    """Return a phrase as the published code names it."""
    return _LOST.sub(" ", phrase.lower()).strip()


class Published:
    """A `GraphStore` over another one, with the nodes and edges of the published code.

    Args:
        graph: the graph that is shown otherwise.
    """

    def __init__(self, graph: GraphStore) -> None:
        self._graph = graph

    def arrays(self, scope: Scope) -> GraphArrays:
        """Return the graph; made anew only when the one below is."""
        below = self._graph.arrays(scope)
        if "published" not in below.memo:
            spelt = self._graph.words(scope, below.names[: below.phrases])
            below.memo["published"] = _made(below, [plain(phrase) for phrase in spelt])
        made: GraphArrays = below.memo["published"]
        return made

    def rank(
        self, scope: Scope, graph: GraphArrays, kind: str, query: str | NDArray[np.float32], k: int | None = None
    ) -> Ranking:
        """Rank as the graph below does."""
        found = self._graph.rank(scope, graph.memo["below"], kind, query, k)
        return found if kind == "fact" else _moved(found, graph)

    def mentioned(self, scope: Scope, graph: GraphArrays, text: str) -> Ranking:
        """Return what the graph below does, by the nodes here."""
        return _moved(self._graph.mentioned(scope, graph.memo["below"], text), graph)

    def words(self, scope: Scope, names: Sequence[str]) -> list[str]:
        """Return the names as they are."""
        return list(names)

    def cosines(self, scope: Scope, names: Sequence[str], vector: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the cosines (n,) of the first phrases below that have become these; -1 for one that has gone."""
        first = self.arrays(scope).memo["first"]
        return self._graph.cosines(scope, [first.get(name, name) for name in names], vector)

    def phrases(self, scope: Scope) -> list[str]:
        """Return the phrases, sorted."""
        graph = self.arrays(scope)
        return list(graph.names[: graph.phrases])

    def nearest(self, scope: Scope, vector: NDArray[np.float32], k: int) -> list[tuple[str, float]]:
        """Return the nearest phrases of the graph below."""
        return self._graph.nearest(scope, vector, k)

    def links(self, scope: Scope) -> list[Link]:
        """Return the links of the graph below."""
        return self._graph.links(scope)

    def link(self, scope: Scope, links: Sequence[Link]) -> int:
        """Keep links in the graph below."""
        return self._graph.link(scope, links)

    def find_synonyms(self, scope: Scope) -> int:
        """Find synonyms in the graph below."""
        return self._graph.find_synonyms(scope)


def _moved(found: Ranking, graph: GraphArrays) -> Ranking:
    """By the nodes here, each once."""
    places = graph.memo["node"][found.places]
    first = np.sort(np.unique(places, return_index=True)[1])
    return Ranking(places[first].astype(np.int32), found.scores[first])


def _made(below: GraphArrays, spelt: Sequence[str]) -> GraphArrays:
    names = sorted(set(spelt))
    number = {name: place for place, name in enumerate(names)}
    phrase = np.array([number[name] for name in spelt], dtype=np.int64)
    passages = below.names[below.phrases :]
    node = np.concatenate([phrase, np.arange(len(names), len(names) + len(passages))])
    ends = node[below.ends] if len(below.ends) else below.ends.astype(np.int64)
    context = np.unique(np.sort(node[below.edges["context"][0]], axis=1), axis=0)
    made = GraphArrays(
        kinds=("phrase",) * len(names) + ("passage",) * len(passages),
        names=(*names, *passages),
        edges={
            "relation": _doubled(below, node, names),
            "context": (context.astype(np.int32), np.ones(len(context), dtype=np.float32)),
        },
        seq=below.seq,
        facts=below.facts,
        ends=ends.astype(np.int32),
    )
    inner = {name: inner for inner, name in reversed(list(zip(below.names, spelt, strict=False)))}
    made.memo.update({"below": below, "node": node, "first": inner})
    return made


def _doubled(
    below: GraphArrays, node: NDArray[np.int64], names: Sequence[str]
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """The edges between phrases: from each end the cosine of synonyms, or else how many relations there are."""
    enough = np.array([sum(map(str.isalnum, name)) >= _ENOUGH for name in names], dtype=np.bool_)
    weights: dict[tuple[int, int], float] = {}
    for (a, b), count in _pairs(below, "relation", node):
        if a != b:
            weights[a, b] = weights[b, a] = weights.get((a, b), 0.0) + count
    for (a, b), cosine in _pairs(below, "synonym", node):
        for one, other in ((a, b), (b, a)):
            if one != other and enough[one] and names[other]:
                weights[one, other] = cosine
    total: dict[tuple[int, int], float] = {}
    for (a, b), weight in weights.items():
        pair = (min(a, b), max(a, b))
        total[pair] = total.get(pair, 0.0) + weight
    order = sorted(total)
    ends = np.array(order, dtype=np.int32).reshape(-1, 2)
    return ends, np.array([total[pair] for pair in order], dtype=np.float32)


def _pairs(below: GraphArrays, kind: str, node: NDArray[np.int64]) -> list[tuple[tuple[int, int], float]]:
    if kind not in below.edges:
        return []
    ends, weights = below.edges[kind]
    return [((a, b), weight) for (a, b), weight in zip(node[ends].tolist(), weights.tolist(), strict=True)]
