"""Passages by personalized PageRank over facts and passages: HippoRAG 2 (Gutiérrez et al., arXiv:2502.14802).

The query is linked with facts, PageRank spreads from the phrases of these facts and, weakly, from passages that fit the
query by themselves, and passages are ranked by what reaches them. No language model is called; a filter of the linked
facts by one is a method's business, which then says which facts to begin with.

Departures from the paper, each a setting (`PAPER` turns all of them off):
- facts and passages are found by words as well as by vectors;
- phrases that the query names word for word are seeds as well;
- a passage has an edge to the phrase that is its title, and a phrase that is in many passages a weaker edge to each;
- scores are relative to the best one, not to the range of all there are, so that one outlier does not move the others;
  and where no fact is nearly as like the query as the best passage is, facts weigh less, down to nothing;
- facts that ended because a newer one took their place do not link;
- a passage of which no facts are known counts by how well it fits the query, where the paper's hardly counts at all;
- phrases keep signs (`C++` is not `C`), where the code takes all but ASCII letters and digits out of them;
- PageRank begins at the best 200 passages, not at all of them, and is solved to what ranking needs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from memagent.embedders.base import Embedder, embedded
from memagent.errors import NotFound
from memagent.retrievers.graph_path import Route, route
from memagent.retrievers.graph_seeds import (
    Seeds,
    Settings,
    merged,
    of_facts,
    passages_of,
    scaled,
    weight_of,
    with_mentions,
)
from memagent.retrievers.pagerank import PageRank
from memagent.stores.base import GraphArrays, GraphStore, Ranking, TripleStore, VectorStore
from memagent.types import Hit, Passage, Scope

Vector = NDArray[np.float32]

_POOL = 50  # facts that words and vectors each bring in


class Graph:
    """Ranks by PageRank; a hit's score is the probability that a walk from the query's seeds is at the passage.

    Where nothing links the query with the graph, passages are ranked by themselves, and each hit says so and why:
    `hybrid-fallback` or, where words are left out, `dense-fallback`.

    Args:
        graph: the graph over facts and passages.
        triples: the facts.
        passages: the passages.
        embedder: what all of them were embedded with.
        settings: what is weighed, and how much.
    """

    name = "graph"

    def __init__(
        self,
        graph: GraphStore,
        triples: TripleStore,
        passages: VectorStore,
        embedder: Embedder,
        settings: Settings | None = None,
    ) -> None:
        self._graph = graph
        self._triples = triples
        self._passages = passages
        self._embedder = embedder
        self._settings = settings or Settings()

    def retrieve(self, query: str, k: int, scope: Scope, *, facts: Sequence[str] | None = None) -> list[Hit]:
        """Return up to k hits, best first. An empty query finds nothing.

        Args:
            query: what is looked for.
            k: how many hits at most.
            scope: whose memory.
            facts: the ids of the facts to begin with, such as those that a filter has left; found if not given. Ids
                that are not in the graph are passed over.

        Raises:
            UsageProblem: the embedder gave something else than one finite vector of its dimension.
        """
        if not query.strip() or k < 1:
            return []
        graph = self._graph.arrays(scope)
        vector = embedded(self._embedder, [query], "query")[0]
        prior, parts = self._prior(scope, graph, query, vector)
        seeds, reason = self._seeds(scope, graph, query, vector, facts, parts)
        if not len(seeds.nodes):
            return self._fallback(scope, graph, prior, parts, reason, k)[:k]
        reset = np.zeros(len(graph.names), dtype=np.float32)
        reset[prior.places] = self._settings.prior * prior.scores
        reset[seeds.nodes] += seeds.weights
        walk = self._walk(graph)
        solve = walk.exact if self._settings.exact else walk.fast
        ranks = np.asarray(solve(reset, damping=self._settings.damping), dtype=np.float64)
        if self._settings.unlinked:
            ranks = _with_unlinked(ranks, graph, walk, prior)
        best = _best(ranks, graph.phrases, k, reached=self._settings.scale == "best")
        return self._hits(scope, graph, best, ranks, parts, reset, seeds)[:k]

    # --- where it begins

    def _prior(
        self, scope: Scope, graph: GraphArrays, query: str, vector: Vector
    ) -> tuple[Ranking, dict[str, Ranking]]:
        """The passages that fit the query by themselves, with scores in [0, 1], and what each way of finding gave."""
        parts = {"dense": self._graph.rank(scope, graph, "passage", vector, self._settings.passages)}
        if self._settings.words:
            parts["keyword"] = self._graph.rank(scope, graph, "passage", query, self._settings.passages)
        found = merged(list(parts.values())) if self._settings.words else parts["dense"]
        most = self._settings.passages
        return scaled(Ranking(found.places[:most], found.scores[:most]), self._settings.scale), parts

    def _seeds(
        self,
        scope: Scope,
        graph: GraphArrays,
        query: str,
        vector: Vector,
        facts: Sequence[str] | None,
        parts: dict[str, Ranking],
    ) -> tuple[Seeds, str]:
        """The phrases to begin at, and why there are none if there are none."""
        if not graph.facts:
            return _nowhere(), "the memory holds no facts"
        found = self._found(scope, graph, query, vector, facts, parts)
        linked, texts = self._linked(scope, graph, found, facts)
        if facts is None and len(linked.places) < self._settings.facts and len(found.places) >= _POOL:
            found = self._found(scope, graph, query, vector, facts, parts, pool=None)  # most of the best have ended
            linked, texts = self._linked(scope, graph, found, facts)

        def nearness(nodes: NDArray[np.int64]) -> NDArray[np.float32]:
            return self._graph.cosines(scope, [graph.names[node] for node in nodes.tolist()], vector)

        seeds = replace(of_facts(graph, linked, self._settings, nearness), texts=texts)
        if facts is not None and not len(linked.places):
            return _nowhere(), "none of the facts to begin with is there" if facts else "no fact survived the filter"
        if self._settings.mention:
            seeds = with_mentions(seeds, self._graph.mentioned(scope, graph, query), self._settings.mention)
        return seeds, "no fact is like the query"

    def _found(
        self,
        scope: Scope,
        graph: GraphArrays,
        query: str,
        vector: Vector,
        facts: Sequence[str] | None,
        parts: dict[str, Ranking],
        pool: int | None = _POOL,
    ) -> Ranking:
        """The facts that may link, best first, with scores in [0, 1]; each way brings in `pool` of them, or all."""
        most = None if self._settings.scale == "range" or facts is not None else pool
        ways = {"dense": self._graph.rank(scope, graph, "fact", vector, most)}
        if self._settings.words:
            ways["keyword"] = self._graph.rank(scope, graph, "fact", query, most)
        found = scaled(merged(list(ways.values())) if self._settings.words else ways["dense"], self._settings.scale)
        if self._settings.scale == "range":
            return found
        return Ranking(found.places, found.scores * np.float32(weight_of(ways, parts)))

    def _linked(
        self, scope: Scope, graph: GraphArrays, found: Ranking, facts: Sequence[str] | None
    ) -> tuple[Ranking, dict[int, str]]:
        """The first few facts that hold today, or else those that were asked for; and their texts, by their places."""
        count, chosen, texts = self._settings.facts, list[int](), dict[int, str]()
        places = found.places.tolist()
        if facts is not None:
            wanted = set(facts)
            asked = [rank for rank, place in enumerate(places) if graph.facts[place] in wanted]
            found, count = Ranking(found.places[asked], found.scores[asked]), len(asked)
            places = found.places.tolist()
        history = facts is not None or not self._settings.current
        start, size = 0, max(1, count)
        while start < len(places) and len(chosen) < count:
            some = {graph.facts[place]: start + rank for rank, place in enumerate(places[start : start + size])}
            told = {fact.id: fact.text for fact in self._triples.facts(scope, ids=list(some), history=history)}
            chosen += [rank for id, rank in some.items() if id in told]
            texts.update((places[rank], told[id]) for id, rank in some.items() if id in told)
            start, size = start + size, 2 * size
        return Ranking(found.places[chosen[:count]], found.scores[chosen[:count]]), texts

    def _walk(self, graph: GraphArrays) -> PageRank:
        """PageRank over the graph with the weights of the settings; made once for a graph."""
        known = graph.memo.get(("walk", self._settings))
        if known is None:
            known = graph.memo[("walk", self._settings)] = PageRank(len(graph.names), *weighted(graph, self._settings))
        walk: PageRank = known
        return walk

    # --- what it says

    def _fallback(
        self, scope: Scope, graph: GraphArrays, prior: Ranking, parts: dict[str, Ranking], reason: str, k: int
    ) -> list[Hit]:
        kind = "hybrid" if self._settings.words else "dense"
        nodes = prior.places[:k][prior.scores[:k] > 0] if kind == "hybrid" else prior.places[:k]
        given = _given(parts, nodes)
        scores = [float(np.mean([one.get(part, 0.0) for part in parts])) for one in given]
        whys = [f"{kind}-fallback: {reason} ({kind} rank {rank})" for rank in range(1, len(nodes) + 1)]
        texts = self._texts(scope, graph, nodes.tolist())
        return _found(texts, nodes, scores, given, whys, [()] * len(nodes))

    def _hits(
        self,
        scope: Scope,
        graph: GraphArrays,
        nodes: NDArray[np.int64],
        ranks: NDArray[np.float64],
        parts: dict[str, Ranking],
        reset: NDArray[np.float32],
        seeds: Seeds,
    ) -> list[Hit]:
        walk, damping = self._walk(graph), self._settings.damping
        total = float(reset.sum(dtype=np.float64))
        routes = [route(walk, node, ranks, reset, total, damping=damping) for node in nodes.tolist()]
        on_them = sorted({on_it for one in routes for on_it in one.nodes})
        texts = self._texts(scope, graph, sorted({*nodes.tolist(), *(n for n in on_them if n >= graph.phrases)}))
        spelt = self._spelt(scope, graph, on_them, texts)
        scores = [float(ranks[node]) for node in nodes]
        given = [{"graph": score, **own} for score, own in zip(scores, _given(parts, nodes), strict=True)]
        paths = [tuple(spelt.get(on_it, "…") for on_it in one.nodes) for one in routes]
        whys = [
            f"graph {score:.4f} (rank {rank}: {_told(one, path, seeds, walk.degree[node] > 0)})"
            for rank, (node, score, one, path) in enumerate(zip(nodes.tolist(), scores, routes, paths, strict=True), 1)
        ]
        return _found(texts, nodes, scores, given, whys, paths)

    def _spelt(
        self, scope: Scope, graph: GraphArrays, nodes: Sequence[int], texts: Mapping[int, Sequence[Passage]]
    ) -> dict[int, str]:
        """Phrases as they are written, and passages by their titles, or else by how they begin."""
        phrases = [node for node in nodes if node < graph.phrases]
        spelt = dict(zip(phrases, self._graph.words(scope, [graph.names[node] for node in phrases]), strict=True))
        for node in nodes[len(phrases) :]:
            if node in texts:
                spelt[node] = f"“{texts[node][0].title or texts[node][0].text[:40]}”"
        return spelt

    def _texts(self, scope: Scope, graph: GraphArrays, nodes: Sequence[int]) -> dict[int, list[Passage]]:
        """The passages of nodes, without those that have gone since the graph was read.

        A node has several where a wide scope sees an id in two sessions.
        """
        ids = {graph.names[node]: node for node in nodes}
        found: Iterable[Passage]
        try:
            found = self._passages.get(scope, list(ids))
        except NotFound:
            found = self._passages.passages(scope)
        if _shared(graph) & set(nodes):
            found = self._passages.passages(scope)
        texts: dict[int, list[Passage]] = {}
        for passage in found:
            if passage.id in ids:
                texts.setdefault(ids[passage.id], []).append(passage)
        return texts


def _with_unlinked(
    ranks: NDArray[np.float64], graph: GraphArrays, walk: PageRank, prior: Ranking
) -> NDArray[np.float64]:
    """Ranks (n,) in which passages without edges stand by how they fit the query, beside the best that has some."""
    linked = walk.degree[graph.phrases :] > 0
    if linked.all() or not linked.any():
        return ranks
    best = ranks[graph.phrases :][linked].max()
    alone = walk.degree[prior.places] == 0
    changed = ranks.copy()
    changed[graph.phrases :][~linked] = 0.0
    changed[prior.places[alone]] = best * prior.scores[alone]
    changed[prior.places[alone & (prior.scores >= 1)]] *= 1 + 1e-9  # it fits better than the one that it would tie with
    return changed


def _shared(graph: GraphArrays) -> set[int]:
    """The nodes of ids that more than one passage has."""
    known = graph.memo.get("shared")
    if known is None:
        places = graph.rids["passage"][1] if "passage" in graph.rids else np.zeros(0, dtype=np.int32)
        nodes, counts = np.unique(places, return_counts=True)
        known = graph.memo["shared"] = set(nodes[counts > 1].tolist())
    shared: set[int] = known
    return shared


def _found(
    texts: Mapping[int, Sequence[Passage]],
    nodes: NDArray[np.int64] | NDArray[np.int32],
    scores: Sequence[float],
    parts: Sequence[dict[str, float]],
    whys: Sequence[str],
    paths: Sequence[tuple[str, ...]],
) -> list[Hit]:
    """Hits of these nodes, without those that have no text: they have gone since the graph was read."""
    hits = []
    for node, score, part, why, path in zip(nodes.tolist(), scores, parts, whys, paths, strict=True):
        for passage in texts.get(node, ()):
            score = min(1.0, max(0.0, score))
            hits.append(Hit(passage.id, passage.text, score, part, why, passage.title, passage.source, path=path))
    return hits


def weighted(graph: GraphArrays, settings: Settings) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Return the pairs (m, 2) and weights (m,) of all edges: by kind as the settings say, links with their own."""
    times = {name: getattr(settings, name) for name in ("relation", "context", "title", "synonym")}
    pairs, weights = [np.zeros((0, 2), dtype=np.int32)], [np.zeros(0, dtype=np.float32)]
    for kind, (ends, own) in graph.edges.items():
        if times.get(kind, 1.0):
            if kind == "context" and settings.spread:
                own = own * passages_of(graph)[ends[:, 0]] ** -settings.spread
            pairs.append(ends)
            weights.append((times.get(kind, 1.0) * own).astype(np.float32))
    return np.concatenate(pairs), np.concatenate(weights)


def _nowhere() -> Seeds:
    return Seeds(np.zeros(0, dtype=np.int32), np.zeros(0))


def _best(ranks: NDArray[np.float64], first: int, k: int, *, reached: bool) -> NDArray[np.int64]:
    """The nodes of the best k from node `first` on, ties by node; if `reached`, without those that nothing reaches."""
    scores = ranks[first:]
    some = np.argpartition(-scores, k - 1)[:k] if k < len(scores) else np.arange(len(scores))
    if k < len(scores):
        some = np.flatnonzero(scores >= scores[some].min())
    order = some[np.lexsort((some, -scores[some]))][:k]
    return order[(scores[order] > 0) | (not reached)].astype(np.int64) + first


def _given(parts: dict[str, Ranking], nodes: NDArray[np.int64] | NDArray[np.int32]) -> list[dict[str, float]]:
    """What each way of finding gave each node, where it gave anything."""
    found: list[dict[str, float]] = [{} for _ in nodes]
    for name, ranking in parts.items():
        which, ranks = np.nonzero(nodes[:, None] == ranking.places)
        for one, score in zip(which.tolist(), ranking.scores[ranks].tolist(), strict=True):
            found[one][name] = min(1.0, max(0.0, score))
    return found


def _told(one: Route, path: Sequence[str], seeds: Seeds, linked: bool) -> str:
    if not path:
        return "fits the query by itself" if linked else "fits the query by itself; no facts of it are known"
    first = one.nodes[0]
    fact = seeds.texts.get(seeds.by_fact.get(first, -1), "")
    begins = f"fact “{fact}”" if fact else "named in the query" if first in seeds.named else "near the query"
    return f"{begins}: {' → '.join(path)} → here"
