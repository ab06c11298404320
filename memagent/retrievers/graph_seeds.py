"""Where a graph search begins: the facts that are like the query, the phrases that it names, the passages that fit it.

Arrays all the way; a place is the place of a fact among the facts of a graph, or of a node among its nodes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from memagent.stores.base import GraphArrays, Ranking

Weights = NDArray[np.float64]


@dataclass(frozen=True)
class Settings:
    """What a graph search weighs, and how much. The defaults are ours; `PAPER` are those of HippoRAG 2's text.

    Ours were chosen on 50 MuSiQue questions by repeated splits, and differ where that paid: see `benchmarks/`.

    Attributes:
        words: facts and passages are found by words as well as by vectors, half and half.
        scale: how scores are made comparable: by the `best` one, or over the `range` of all there are.
        facts: how many facts link the query with the graph.
        phrases: how many of their phrases it begins at.
        passages: how many passages it begins at besides; `None` for all of them.
        prior: the weight of the best of these passages; that of the best fact is 1.
        mention: the weight of a phrase that the query names, where it could not be more telling; 0 for none.
        relation: the weight of an edge between two phrases, for each fact.
        context: the weight of an edge between a passage and a phrase of what it says.
        title: the weight of an edge between a passage and the phrase that is its title.
        synonym: the weight of an edge between two synonyms, for a cosine of 1.
        spread: the power by which a context edge is weaker, the more passages its phrase is in.
        specific: a phrase of a linked fact counts the less, the more passages it is in (HippoRAG 1, and the published
            code of HippoRAG 2).
        current: facts that have ended do not link.
        unlinked: a passage of which no facts are known, and which no walk can reach, counts by how well it fits the
            query: as much as the best passage that has some, if it fits best of all.
        damping: the probability of following an edge.
        exact: solve PageRank by the exact solver.
    """

    words: bool = True
    scale: Literal["best", "range"] = "best"
    facts: int = 5
    phrases: int = 4
    passages: int | None = 200
    prior: float = 0.05
    mention: float = 0.5
    relation: float = 1.0
    context: float = 1.0
    title: float = 2.0
    synonym: float = 1.0
    spread: float = 0.5
    specific: bool = False
    current: bool = True
    unlinked: bool = True
    damping: float = 0.5
    exact: bool = False


PAPER = Settings(
    words=False,
    scale="range",
    phrases=5,
    passages=None,
    mention=0.0,
    title=0.0,
    spread=0.0,
    current=False,
    unlinked=False,
    exact=True,
)
"""As the text of the paper has it (arXiv:2502.14802, section 3)."""


@dataclass(frozen=True)
class Seeds:
    """Where a search begins.

    Attributes:
        nodes: the phrases, int32 (s,), and their weights, float64 (s,).
        by_fact: for a node the place of the best fact that brought it in.
        texts: the texts of the linked facts, by their places.
        named: the nodes that the query names.
    """

    nodes: NDArray[np.int32]
    weights: Weights
    by_fact: dict[int, int] = field(default_factory=dict)
    texts: dict[int, str] = field(default_factory=dict)
    named: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Start:
    """Where a search begins.

    Attributes:
        graph: the graph.
        prior: the passages that fit the query by themselves, by their nodes, with scores in [0, 1].
        parts: what each way of finding passages gave.
        seeds: the phrases.
        reason: why there are none, if there are none.
        weight: that of the best passage of `prior`; that of the best fact is 1.
    """

    graph: GraphArrays
    prior: Ranking
    parts: dict[str, Ranking]
    seeds: Seeds
    reason: str = ""
    weight: float = 0.0

    @cached_property
    def reset(self) -> NDArray[np.float32]:
        """What each node weighs as a beginning, float32 (n,)."""
        reset = np.zeros(len(self.graph.names), dtype=np.float32)
        reset[self.prior.places] = self.weight * self.prior.scores
        reset[self.seeds.nodes] += self.seeds.weights
        return reset


def merged(rankings: Sequence[Ranking]) -> Ranking:
    """Return one ranking of several: by the mean of the scores, each relative to its ranking's best; ties by place."""
    some = [one for one in rankings if len(one.scores) and one.scores[0] > 0]
    if not some:
        return Ranking(np.zeros(0, dtype=np.int32), np.zeros(0, dtype=np.float32))
    places = np.concatenate([one.places for one in some])
    parts = np.concatenate([np.maximum(one.scores, 0) / one.scores[0] / len(rankings) for one in some])
    order = np.argsort(places, kind="stable")
    places = places[order]
    fresh = np.ones(len(places), dtype=np.bool_)
    np.not_equal(places[1:], places[:-1], out=fresh[1:])
    first = np.flatnonzero(fresh)
    sums = np.add.reduceat(parts[order], first, dtype=np.float64)
    best = np.argsort(-sums, kind="stable")
    best = best[sums[best] > 0]
    return Ranking(places[first[best]], sums[best].astype(np.float32))


def scaled(ranking: Ranking, scale: str) -> Ranking:
    """Return a ranking with scores in [0, 1]: relative to the best, or to the range of all; 1 where that is nothing."""
    scores = ranking.scores.astype(np.float64)
    if not len(scores):
        return ranking
    if scale == "best":
        scores = np.maximum(scores, 0) / scores[0] if scores[0] > 0 else np.zeros(len(scores))
    else:
        low, high = scores.min(), scores.max()
        scores = (scores - low) / (high - low) if high > low else np.ones(len(scores))
    return Ranking(ranking.places, scores.astype(np.float32))


def weight_of(facts: Mapping[str, Ranking], passages: Mapping[str, Ranking]) -> float:
    """Return how much the best fact weighs, in [0, 1]: 1 if it is as like the query as the best passage is.

    Else the square of the part that it comes to, so that a fact that is like nothing but the least unlike of all leads
    nowhere. Both have been found by the same ways.
    """
    best = [
        sum(max(0.0, float(one.scores[0])) for one in ways.values() if len(one.scores)) for ways in (facts, passages)
    ]
    return min(1.0, best[0] / best[1]) ** 2 if best[1] > 0 else 1.0


def of_facts(
    graph: GraphArrays,
    linked: Ranking,
    settings: Settings,
    nearness: Callable[[NDArray[np.int64]], NDArray[np.float32]],
) -> Seeds:
    """Return the phrases of linked facts: each weighs the mean of its facts' scores; the best ones are kept.

    Args:
        graph: the graph.
        linked: the facts, by their places.
        settings: how many phrases, and whether specific ones count for more.
        nearness: how near phrases (n,) are to the query; asked only where phrases of equal weight are at the cut.
    """
    nodes = graph.ends[linked.places].ravel()
    scores = np.repeat(linked.scores.astype(np.float64), 2)
    if settings.specific:
        scores = scores / np.maximum(passages_of(graph)[nodes], 1)
    distinct, place = np.unique(nodes, return_inverse=True)
    means = np.round(np.bincount(place, scores) / np.bincount(place), 7)
    order = np.lexsort((distinct, -means))
    if len(order) > settings.phrases and means[order[settings.phrases - 1]] == means[order[settings.phrases]]:
        order = np.lexsort((distinct, -nearness(distinct.astype(np.int64)), -means))
    order = order[: settings.phrases]
    order = order[means[order] > 0]
    by_fact: dict[int, int] = {}
    telling = linked.places[linked.scores > 0]
    for node, fact in zip(graph.ends[telling].ravel().tolist(), np.repeat(telling, 2).tolist(), strict=True):
        by_fact.setdefault(node, fact)
    return Seeds(distinct[order].astype(np.int32), means[order], by_fact)


def with_mentions(seeds: Seeds, mentioned: Ranking, weight: float) -> Seeds:
    """Return seeds to which the phrases that the query names are added, more telling ones with far more weight."""
    telling = weight * mentioned.scores.astype(np.float64) ** 2
    nodes, place = np.unique(np.concatenate([seeds.nodes, mentioned.places]), return_inverse=True)
    weights = np.zeros(len(nodes))
    np.add.at(weights, place, np.concatenate([seeds.weights, telling]))
    named = frozenset(mentioned.places.tolist())
    return replace(seeds, nodes=nodes.astype(np.int32), weights=weights, named=named)


def passages_of(graph: GraphArrays) -> NDArray[np.int64]:
    """Return for each node (n,) how many context edges it has: for a phrase, in how many passages it is."""
    known = graph.memo.get("context degree")
    if known is None:
        ends = graph.edges["context"][0].ravel()
        known = graph.memo["context degree"] = np.bincount(ends, minlength=len(graph.names))
    found: NDArray[np.int64] = known
    return found
