"""A graph's arrays, made from what a scope's state holds. Arrays all the way: no loop over edges.

A pair of nodes (a, b) is worked on as the one number a * 2^32 + b, so that sorting and counting go by pairs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from memagent.stores.base import GraphArrays
from memagent.stores.graph_state import FACT, OBJECT, PASSAGE, RID, SOURCE, SUBJECT, GraphState, Names, Numbers

Edges = tuple[NDArray[np.int32], NDArray[np.float32]]

_LOW = (1 << 32) - 1

NEIGHBOURS = 101
"""Synonyms that a phrase has at most of its own: the nearest. It may be among those of others besides."""


def arrays_of(state: GraphState, links: Iterable[tuple[str, str, str, float]]) -> GraphArrays:
    """Return the arrays of a graph.

    Args:
        state: the lines, passages and synonyms.
        links: kind, the keys of two phrases, and a weight, each.
    """
    lines = state.lines
    phrases, place = _places(state.phrases, lines[:, (SUBJECT, OBJECT)])
    numbers = np.fromiter((number for number, _ in state.passages.values()), np.int64, len(state.passages))
    ids = np.concatenate([numbers, lines[lines[:, PASSAGE] >= 0, PASSAGE]])
    passages, passage_place = _places(state.ids, ids)
    passage_place[passage_place >= 0] += len(phrases)
    said = place[lines[:, SUBJECT]], place[lines[:, OBJECT]]
    told = passage_place[lines[:, PASSAGE]]
    facts, ends, fact_rids = _facts(state, said)
    edges: dict[str, Edges] = {
        "relation": _relations(lines, said, told, len(phrases) + len(passages)),
        "context": _contexts(said, told),
        **_titles(state, place, passage_place),
        **_linked(state, place, links),
    }
    rids = np.fromiter(state.passages, np.int64, len(state.passages))
    return GraphArrays(
        kinds=("phrase",) * len(phrases) + ("passage",) * len(passages),
        names=(*phrases, *passages),
        edges=edges,
        seq=state.seq,
        facts=facts,
        ends=_fixed(ends.astype(np.int32)),
        rids={"passage": _looked_up(rids, passage_place[numbers]), "fact": fact_rids},
    )


def _places(names: Names, live: Numbers) -> tuple[list[str], Numbers]:
    """The names of live numbers in order, and each number's place among them; -1 for those not live, and for -1."""
    alive = np.zeros(len(names.all), dtype=np.bool_)
    alive[live] = True
    order = names.order()
    order = order[alive[order]]
    place = np.full(len(names.all) + 1, -1, dtype=np.int64)
    place[order] = np.arange(len(order))
    return np.array(names.all, dtype=object)[order].tolist(), place


def _facts(
    state: GraphState, said: tuple[Numbers, Numbers]
) -> tuple[tuple[str, ...], Numbers, tuple[NDArray[np.int64], NDArray[np.int32]]]:
    """The ids of the facts, the nodes of their ends, and where the rids of facts stand among them."""
    lines = state.lines
    facts, place = _places(state.facts, lines[:, FACT])
    ends = np.zeros((len(facts), 2), dtype=np.int64)
    ends[place[lines[:, FACT]]] = np.stack(said, axis=1)
    rids = _distinct(lines[:, RID] << 32 | place[lines[:, FACT]])
    return tuple(facts), ends, (rids >> 32, (rids & _LOW).astype(np.int32))


def _relations(lines: Numbers, said: tuple[Numbers, Numbers], told: Numbers, nodes: int) -> Edges:
    """How many facts join two phrases: a fact counts once for each passage or source that says it."""
    sayer = np.where(told >= 0, told, nodes + lines[:, SOURCE])
    ends = np.zeros((2, int(lines[:, FACT].max(initial=-1)) + 1), dtype=np.int64)
    ends[:, lines[:, FACT]] = said
    subject, object = ends[:, _distinct(lines[:, FACT] << 32 | sayer) >> 32]
    pairs = np.minimum(subject, object) << 32 | np.maximum(subject, object)
    return _edges(*np.unique(pairs[subject != object], return_counts=True))


def _contexts(said: tuple[Numbers, Numbers], told: Numbers) -> Edges:
    read = told >= 0
    pairs = _distinct(np.concatenate([end[read] << 32 | told[read] for end in said]))
    return _edges(pairs, np.ones(len(pairs)))


def _titles(state: GraphState, place: Numbers, passage_place: Numbers) -> dict[str, Edges]:
    named = [
        (phrase, number)
        for number, title in set(state.passages.values())
        if title and (phrase := state.phrases.known(title)) >= 0 and place[phrase] >= 0
    ]
    if not named:
        return {}
    phrases, passages = np.array(named, dtype=np.int64).T
    pairs = _distinct(place[phrases] << 32 | passage_place[passages])
    return {"title": _edges(pairs, np.ones(len(pairs)))}


def _linked(state: GraphState, place: Numbers, links: Iterable[tuple[str, str, str, float]]) -> Mapping[str, Edges]:
    """Edges of each kind of link between live phrases; of several weights of one pair the greatest."""
    found: dict[str, list[tuple[int, float]]] = {}
    for kind, a, b, weight in links:
        ends = sorted(place[number] if (number := state.phrases.known(name)) >= 0 else -1 for name in (a, b))
        if ends[0] >= 0:
            found.setdefault(kind, []).append((int(ends[0]) << 32 | int(ends[1]), weight))
    pairs, cosines = _nearest(state, place)
    if len(pairs):
        found.setdefault("synonym", [])
    kinds = {}
    for kind, given in sorted(found.items()):
        own = np.array([pair for pair, _ in given], dtype=np.int64)
        weights = np.array([weight for _, weight in given], dtype=np.float32)
        if kind == "synonym":
            own, weights = np.concatenate([own, pairs]), np.concatenate([weights, cosines])
        kinds[kind] = _greatest(own, weights)
    return kinds


def _nearest(state: GraphState, place: Numbers) -> tuple[Numbers, NDArray[np.float32]]:
    """The synonyms: pairs of live phrases, among the nearest of one of the two that says enough to have synonyms."""
    ends, cosines = place[state.synonyms], state.cosines
    live = (ends >= 0).all(axis=1) if len(ends) else np.zeros(0, dtype=np.bool_)
    ends, cosines = np.sort(ends[live], axis=1), cosines[live]
    if not len(ends):
        return np.zeros(0, dtype=np.int64), cosines
    starts = np.zeros(len(place), dtype=np.bool_)
    starts[place[:-1][place[:-1] >= 0]] = np.array(state.starts, dtype=np.bool_)[place[:-1] >= 0]
    both = np.concatenate([ends, ends[:, ::-1]])
    pair = np.tile(np.arange(len(ends)), 2)
    order = np.lexsort((both[:, 1], -np.tile(cosines, 2), both[:, 0]))
    source = both[order, 0]
    rank = np.arange(len(source)) - np.searchsorted(source, source)
    kept = _distinct(pair[order][(rank < NEIGHBOURS) & starts[source]])
    return ends[kept, 0] << 32 | ends[kept, 1], cosines[kept]


def _greatest(pairs: Numbers, weights: NDArray[np.float32]) -> Edges:
    order = np.lexsort((-weights, pairs))
    distinct, first = np.unique(pairs[order], return_index=True)
    return _edges(distinct, weights[order][first])


def _distinct(numbers: Numbers) -> Numbers:
    """The different numbers in order. `np.unique` without counts hashes them, which takes twenty times as long here."""
    return np.unique(numbers, return_counts=True)[0]


def _edges(pairs: Numbers, weights: NDArray[np.generic]) -> Edges:
    """Pairs (m,) as an array (m, 2), and weights (m,)."""
    ends = np.stack([pairs >> 32, pairs & _LOW], axis=1).astype(np.int32)
    return _fixed(ends), _fixed(weights.astype(np.float32))


def _looked_up(rids: NDArray[np.int64], places: Numbers) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    order = np.argsort(rids)
    return rids[order], places[order].astype(np.int32)


def _fixed(array: NDArray) -> NDArray:  # type: ignore[type-arg]
    """Read-only: everybody is given the same ones."""
    array.flags.writeable = False
    return array


def found_at(graph: GraphArrays, kind: str, rids: ArrayLike) -> NDArray[np.int64]:
    """Return the places (n,) in a graph of items (n,) that a search of the store found; -1 for what it has not."""
    known, places = graph.rids[kind]
    wanted = np.asarray(rids, dtype=np.int64)
    if not len(known):
        return np.full(len(wanted), -1, dtype=np.int64)
    at = np.searchsorted(known, wanted)
    np.minimum(at, len(known) - 1, out=at)
    found = places[at].astype(np.int64)
    found[known[at] != wanted] = -1
    return found
