"""How a question spreads over the graph: the part of it that a search goes through, to look at and to try things on.

What is shown is what the search itself computes: its seeds, its weights, its ranks. A seed or an edge may be taken out
to see what hung on it; nothing in the memory changes by that.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from memagent.errors import NotFound
from memagent.retrievers.graph import Graph, weighted
from memagent.retrievers.graph_seeds import Start
from memagent.retrievers.graph_spread import Asked, Candidate, Edge, Ground, Node, Spread
from memagent.retrievers.pagerank import PageRank
from memagent.stores.base import GraphArrays, TripleStore
from memagent.types import Hit, Scope

STEPS = 5
"""Steps of the iteration that are told, besides the beginning; the last is within a sixteenth of the ranks."""

WHOLE = 60
"""Nodes of the largest graph whose pictures all stand on the same ground; see `Ground`."""

_FACTS = 300  # whose texts are read for the edges


def spread(search: Graph, triples: TripleStore, asked: Asked, scope: Scope, dense: Sequence[Hit] = ()) -> Spread:
    """Return how a question spreads.

    Args:
        search: the graph search.
        triples: the facts.
        asked: what is to be spread.
        scope: whose memory.
        dense: the passages as vectors alone rank them.

    Raises:
        NotFound: a seed, an edge or a passage that was named is not there.
    """
    start = search.start(asked.question, scope, asked.facts)
    started = tuple(start.graph.facts[place] for place in start.seeds.texts)
    facts = _facts(search, triples, asked, scope, started)
    named = _Names(search, start.graph, scope)
    start, walk, taken = _without(search, start, named, asked)
    made = Spread(asked.question, facts=facts, dense=tuple(dense), taken=taken, reason=start.reason)
    if not len(start.seeds.nodes):
        return replace(made, hits=tuple(search.fallback(scope, start, asked.k)[: asked.k]))
    ranks = search.ranks(start, walk)
    hits = tuple(search.hits(scope, start, walk, ranks, asked.k)[: asked.k])
    best = search.best(start, ranks, asked.k)
    routes = [
        (*one.nodes, node) for one, node in zip(search.routes(start, walk, ranks, best), best.tolist(), strict=True)
    ]
    path = routes[0] if routes else ()
    if asked.passage:
        node = named.node(asked.passage, passage=True)
        [found] = search.routes(start, walk, ranks, np.array([node], dtype=np.int64))
        path = (*found.nodes, node)
    shown = _shown(start, ranks, path, routes, [fact.id for fact in facts], asked.most)
    nodes = _nodes(search, scope, start, walk, ranks, shown)
    return replace(
        made,
        nodes=nodes,
        edges=_edges(search, triples, scope, start.graph, shown, facts, named.ends(asked.cut)),
        path=tuple(shown.index(node) for node in path),
        hits=hits,
        more=len(start.graph.names) - len(shown),
        ground=_ground(search, start.graph, shown),
    )


def _facts(
    search: Graph, triples: TripleStore, asked: Asked, scope: Scope, started: Sequence[str]
) -> tuple[Candidate, ...]:
    """The candidates, each with whether the search began with it; those that were kept first, as they were given."""
    kept = started if asked.facts is None else asked.facts
    others: Sequence[str] = asked.candidates
    if asked.facts is not None and not others:  # what the search would have begun with by itself
        own = search.start(asked.question, scope)
        others = [own.graph.facts[place] for place in own.seeds.texts]
    wanted = list(dict.fromkeys([*kept, *others]))
    texts = {fact.id: fact.text for fact in triples.facts(scope, ids=wanted, history=True)}
    return tuple(Candidate(id, texts[id], id in kept) for id in wanted if id in texts)


def _without(search: Graph, start: Start, named: _Names, asked: Asked) -> tuple[Start, PageRank, tuple[str, ...]]:
    """The start without the seeds, and the walk without the edges, that are to be taken out; and these in words."""
    taken = [f"the seed {name}" for name in asked.without] + [f"the edge {a} – {b}" for a, b in asked.cut]
    if asked.without:
        gone = [named.seed(start, name) for name in asked.without]
        stays = ~np.isin(start.seeds.nodes, gone)
        seeds = replace(start.seeds, nodes=start.seeds.nodes[stays], weights=start.seeds.weights[stays])
        start = replace(start, seeds=seeds, reason="" if stays.any() else "all seeds were taken out")
    if not asked.cut:
        return start, search.walk(start.graph), tuple(taken)
    pairs, weights = weighted(start.graph, search.settings)
    stays = ~_among(pairs, named.ends(asked.cut))
    return start, PageRank(len(start.graph.names), pairs[stays], weights[stays]), tuple(taken)


class _Names:
    """Nodes by what people call them: a phrase in any case, a passage by its id or title."""

    def __init__(self, search: Graph, graph: GraphArrays, scope: Scope) -> None:
        self._search, self._graph, self._scope = search, graph, scope

    def node(self, name: str, *, passage: bool = False) -> int:
        """The node of a name. Raises `NotFound`."""
        names, first = self._graph.names, self._graph.phrases
        if not passage and _plain(name) in names[:first]:
            return names.index(_plain(name))
        if name in names[first:]:
            return names.index(name, first)
        which = range(first if passage else 0, len(names))
        for node, label in self._search.labels(self._scope, self._graph, which).items():
            if _plain(label.strip("“”")) == _plain(name.strip("“”")):
                return node
        what = "passage" if passage else "phrase or passage"
        raise NotFound(f"the graph has no {what} {name!r}", hint="See memory.graph.to_networkx() for those there are.")

    def seed(self, start: Start, name: str) -> int:
        """The node of a seed. Raises `NotFound`."""
        node = self.node(name)
        if node not in start.seeds.nodes:
            labels = self._search.labels(self._scope, self._graph, start.seeds.nodes.tolist())
            raise NotFound(
                f"{name!r} is no seed of this question", hint=f"Seeds: {', '.join(labels.values()) or 'none'}."
            )
        return node

    def ends(self, cut: Iterable[tuple[str, str]]) -> set[tuple[int, int]]:
        """The nodes of edges, the smaller first. Raises `NotFound`."""
        found = set()
        for a, b in cut:
            low, high = sorted((self.node(a), self.node(b)))
            if not any(_among(ends, {(low, high)}).any() for ends, _ in self._graph.edges.values()):
                raise NotFound(f"no edge joins {a!r} and {b!r}", hint="Name two nodes that the picture joins.")
            found.add((low, high))
        return found


def _plain(name: str) -> str:
    return " ".join(name.casefold().split())


def _among(pairs: NDArray[np.int32], some: Iterable[tuple[int, int]]) -> NDArray[np.bool_]:
    """Which of some pairs (m, 2), the smaller first, are among others."""
    found = np.zeros(len(pairs), dtype=np.bool_)
    for a, b in some:
        found |= (pairs[:, 0] == a) & (pairs[:, 1] == b)
    return found


def _shown(
    start: Start,
    ranks: NDArray[np.float64],
    path: Sequence[int],
    routes: Sequence[Sequence[int]],
    facts: Sequence[str],
    most: int,
) -> list[int]:
    """The nodes to show, the highest rank first: the path, seeds, what was found and how, candidates, then by rank."""
    graph = start.graph
    seeds = start.seeds.nodes[np.argsort(-start.seeds.weights, kind="stable")].tolist()
    places = [place for place, id in enumerate(graph.facts) if id in set(facts)]
    best = np.argsort(-ranks, kind="stable")[:most]
    found = [*path, *seeds[:most], *(one[-1] for one in routes), *(node for one in routes for node in one)]
    found += [*graph.ends[places].ravel().tolist(), *best[ranks[best] > 0].tolist()]
    shown = list(dict.fromkeys(found))[: max(most, len(path))]
    return sorted(shown, key=lambda node: (-ranks[node], node))


def _nodes(
    search: Graph, scope: Scope, start: Start, walk: PageRank, ranks: NDArray[np.float64], shown: Sequence[int]
) -> tuple[Node, ...]:
    graph = start.graph
    labels = search.labels(scope, graph, shown)
    weights = dict(zip(start.seeds.nodes.tolist(), start.seeds.weights.tolist(), strict=True))
    steps = walk.steps(start.reset, STEPS, damping=search.settings.damping)
    return tuple(
        Node(
            labels.get(node, graph.names[node]).strip("“”"),
            graph.kinds[node],
            float(ranks[node]),
            float(weights.get(node, 0.0)),
            tuple(steps[:, node].tolist()),
            graph.names[node] if node >= graph.phrases else "",
            node,
        )
        for node in shown
    )


def _ground(search: Graph, graph: GraphArrays, shown: Sequence[int]) -> Ground:
    count = len(graph.names)
    nodes = range(count) if count <= WHOLE else sorted(shown)
    weighs = [ends for kind, (ends, _) in graph.edges.items() if getattr(search.settings, kind, 1.0)]
    pairs = {(a, b) for ends in weighs for a, b in ends[np.isin(ends, list(nodes)).all(axis=1)].tolist() if a != b}
    return Ground(tuple(nodes), tuple(sorted(pairs)))


def _edges(
    search: Graph,
    triples: TripleStore,
    scope: Scope,
    graph: GraphArrays,
    shown: Sequence[int],
    facts: Sequence[Candidate],
    cut: set[tuple[int, int]],
) -> tuple[Edge, ...]:
    place = {node: at for at, node in enumerate(shown)}
    joined = _joined(graph, shown)
    ids = [id for some in joined.values() for id in some[:3]][:_FACTS]
    texts = {fact.id: fact.text for fact in triples.facts(scope, ids=ids, history=True)} if ids else {}
    left_out = {fact.id for fact in facts if not fact.kept}
    found = []
    for kind, (ends, weights) in graph.edges.items():
        times = float(getattr(search.settings, kind, 1.0))
        inside = np.isin(ends, list(shown)).all(axis=1) & ~_among(ends, cut)
        for (a, b), weight in zip(ends[inside].tolist(), weights[inside].tolist(), strict=True):
            if a == b or not times:
                continue
            both = joined.get((a, b), []) if kind == "relation" else []
            told = tuple(texts[id] for id in both if id in texts)
            dropped = bool(both) and left_out.issuperset(both)
            found.append(Edge(place[a], place[b], kind, times * weight, told, dropped))
    return tuple(found)


def _joined(graph: GraphArrays, shown: Sequence[int]) -> Mapping[tuple[int, int], list[str]]:
    """The facts whose both ends are shown, by their ends, the smaller first."""
    found: dict[tuple[int, int], list[str]] = {}
    for at in np.flatnonzero(np.isin(graph.ends, list(shown)).all(axis=1)).tolist():
        low, high = sorted(graph.ends[at].tolist())
        found.setdefault((low, high), []).append(graph.facts[at])
    return found
