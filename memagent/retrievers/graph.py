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
    Start,
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
        self.settings = settings or Settings()

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
        start = self.start(query, scope, facts)
        if not len(start.seeds.nodes):
            return self.fallback(scope, start, k)[:k]
        walk = self.walk(start.graph)
        return self.hits(scope, start, walk, self.ranks(start, walk), k)[:k]

    def start(self, query: str, scope: Scope, facts: Sequence[str] | None = None) -> Start:
        """Return where the search for a query begins; the arguments are those of `retrieve`."""
        graph = self._graph.arrays(scope)
        vector = embedded(self._embedder, [query], "query")[0]
        prior, parts = self._prior(scope, graph, query, vector)
        seeds, reason = self._seeds(scope, graph, query, vector, facts, parts)
        return Start(graph, prior, parts, seeds, "" if len(seeds.nodes) else reason, self.settings.prior)

    def ranks(self, start: Start, walk: PageRank) -> NDArray[np.float64]:
        """Return what passages are ranked by, and what reaches each phrase, float64 (n,); where there are seeds."""
        solve = walk.exact if self.settings.exact else walk.fast
        ranks = np.asarray(solve(start.reset, damping=self.settings.damping), dtype=np.float64)
        return _with_unlinked(ranks, start.graph, walk, start.prior) if self.settings.unlinked else ranks

    # --- where it begins

    def _prior(
        self, scope: Scope, graph: GraphArrays, query: str, vector: Vector
    ) -> tuple[Ranking, dict[str, Ranking]]:
        """The passages that fit the query by themselves, with scores in [0, 1], and what each way of finding gave."""
        parts = {"dense": self._graph.rank(scope, graph, "passage", vector, self.settings.passages)}
        if self.settings.words:
            parts["keyword"] = self._graph.rank(scope, graph, "passage", query, self.settings.passages)
        found = merged(list(parts.values())) if self.settings.words else parts["dense"]
        most = self.settings.passages
        return scaled(Ranking(found.places[:most], found.scores[:most]), self.settings.scale), parts

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
        if facts is None and len(linked.places) < self.settings.facts and len(found.places) >= _POOL:
            found = self._found(scope, graph, query, vector, facts, parts, pool=None)  # most of the best have ended
            linked, texts = self._linked(scope, graph, found, facts)

        def nearness(nodes: NDArray[np.int64]) -> NDArray[np.float32]:
            return self._graph.cosines(scope, [graph.names[node] for node in nodes.tolist()], vector)

        seeds = replace(of_facts(graph, linked, self.settings, nearness), texts=texts)
        if facts is not None and not len(linked.places):
            return _nowhere(), "none of the facts to begin with is there" if facts else "no fact survived the filter"
        if self.settings.mention:
            seeds = with_mentions(seeds, self._graph.mentioned(scope, graph, query), self.settings.mention)
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
        most = None if self.settings.scale == "range" or facts is not None else pool
        ways = {"dense": self._graph.rank(scope, graph, "fact", vector, most)}
        if self.settings.words:
            ways["keyword"] = self._graph.rank(scope, graph, "fact", query, most)
        found = scaled(merged(list(ways.values())) if self.settings.words else ways["dense"], self.settings.scale)
        if self.settings.scale == "range":
            return found
        return Ranking(found.places, found.scores * np.float32(weight_of(ways, parts)))

    def _linked(
        self, scope: Scope, graph: GraphArrays, found: Ranking, facts: Sequence[str] | None
    ) -> tuple[Ranking, dict[int, str]]:
        """The first few facts that hold today, or else those that were asked for; and their texts, by their places."""
        count, chosen, texts = self.settings.facts, list[int](), dict[int, str]()
        places = found.places.tolist()
        if facts is not None:
            wanted = set(facts)
            asked = [rank for rank, place in enumerate(places) if graph.facts[place] in wanted]
            found, count = Ranking(found.places[asked], found.scores[asked]), len(asked)
            places = found.places.tolist()
        history = facts is not None or not self.settings.current
        start, size = 0, max(1, count)
        while start < len(places) and len(chosen) < count:
            some = {graph.facts[place]: start + rank for rank, place in enumerate(places[start : start + size])}
            told = {fact.id: fact.text for fact in self._triples.facts(scope, ids=list(some), history=history)}
            chosen += [rank for id, rank in some.items() if id in told]
            texts.update((places[rank], told[id]) for id, rank in some.items() if id in told)
            start, size = start + size, 2 * size
        return Ranking(found.places[chosen[:count]], found.scores[chosen[:count]]), texts

    def walk(self, graph: GraphArrays) -> PageRank:
        """Return PageRank over a graph with the weights of the settings; made once for a graph."""
        known = graph.memo.get(("walk", self.settings))
        if known is None:
            known = graph.memo[("walk", self.settings)] = PageRank(len(graph.names), *weighted(graph, self.settings))
        walk: PageRank = known
        return walk

    # --- what it says

    def fallback(self, scope: Scope, start: Start, k: int) -> list[Hit]:
        """Return the passages that fit the query by themselves: where there are no seeds."""
        graph, prior, parts, reason = start.graph, start.prior, start.parts, start.reason
        kind = "hybrid" if self.settings.words else "dense"
        nodes = prior.places[:k][prior.scores[:k] > 0] if kind == "hybrid" else prior.places[:k]
        given = _given(parts, nodes)
        scores = [float(np.mean([one.get(part, 0.0) for part in parts])) for one in given]
        whys = [f"{kind}-fallback: {reason} ({kind} rank {rank})" for rank in range(1, len(nodes) + 1)]
        texts = self._texts(scope, graph, nodes.tolist())
        return _found(texts, nodes, scores, given, whys, [()] * len(nodes))

    def best(self, start: Start, ranks: NDArray[np.float64], k: int) -> NDArray[np.int64]:
        """Return the nodes of the best k passages, int64 (k or fewer,), ties by node."""
        return _best(ranks, start.graph.phrases, k, reached=self.settings.scale == "best")

    def routes(self, start: Start, walk: PageRank, ranks: NDArray[np.float64], nodes: NDArray[np.int64]) -> list[Route]:
        """Return for each of some passages the way that most of its rank came."""
        total = float(start.reset.sum(dtype=np.float64))
        damping = self.settings.damping
        return [route(walk, node, ranks, start.reset, total, damping=damping) for node in nodes.tolist()]

    def hits(self, scope: Scope, start: Start, walk: PageRank, ranks: NDArray[np.float64], k: int) -> list[Hit]:
        """Return the best k passages by `ranks`, with the way to each; one id may have several in a wide scope."""
        graph, parts, seeds = start.graph, start.parts, start.seeds
        nodes = self.best(start, ranks, k)
        routes = self.routes(start, walk, ranks, nodes)
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

    def labels(self, scope: Scope, graph: GraphArrays, nodes: Sequence[int]) -> dict[int, str]:
        """Return names to show: phrases as they are written, passages by title or beginning, in quotation marks."""
        ordered = sorted(nodes)
        return self._spelt(scope, graph, ordered, self._texts(scope, graph, [n for n in ordered if n >= graph.phrases]))

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
