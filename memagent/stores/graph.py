"""Phrases and passages as one graph: a projection of facts and their evidence, and of links between phrases.

Two phrases are joined by a relation edge as often as a passage or source says a fact of the two, whether that fact
holds today or was superseded: it still tells that they have to do with each other. A passage is joined to the phrases
of what it says, and to the phrase that is its title. Nodes are sorted by name, so that the graph does not depend on
what was written first; a phrase, or an id of a passage, that a scope sees in two sessions is one node.
"""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from memagent.errors import NotFound, UsageProblem
from memagent.stores import items
from memagent.stores.base import Database, GraphArrays, Link, Ranking, Row
from memagent.stores.graph_edges import arrays_of, found_at
from memagent.stores.graph_state import GraphState
from memagent.stores.indexed import IndexedStore
from memagent.stores.items import LIVE_LINE, WITH_PASSAGE, pages
from memagent.stores.keys import key
from memagent.stores.projections import Projections
from memagent.stores.scoping import check_text, exact, marks, visible
from memagent.stores.synonyms import Synonyms
from memagent.types import Scope

_OWN = ("relation", "context", "title")
_ALL = 1 << 40
_FURTHER = 4
_KEPT = 32  # graphs in memory, of as many scopes
_NODES = "nodes of phrases"
_ONCE = "each place once"


class SQLGraphStore(IndexedStore):
    """The `GraphStore` over any `Database`. Closing the database is left to whoever opened it.

    Args:
        embedder: the name of what the vectors come from.
        dim: the length of every vector.
        projections: indexes to share with other stores of the database; its own if not given.
        synonyms: the cosine from which two phrases are joined by a synonym edge; no such edges if not given.

    Raises:
        EmbedderMismatch: the database holds vectors of another embedder.
    """

    def __init__(
        self,
        database: Database,
        *,
        embedder: str,
        dim: int,
        projections: Projections | None = None,
        synonyms: float | None = None,
    ) -> None:
        super().__init__(database, embedder=embedder, dim=dim, projections=projections)
        self._synonyms = None if synonyms is None else Synonyms(database, self._indexes, synonyms)
        self._reset()

    def arrays(self, scope: Scope) -> GraphArrays:
        """Return the graph that the scope sees, up to date with every process; only what has changed is read again."""
        followed = self._of(scope)
        with followed.lock:
            if followed.state.follow() or followed.arrays is None:
                links = ((row["kind"], row["a"], row["b"], row["weight"]) for row in self._link_rows(scope))
                followed.arrays = arrays_of(followed.state, links)
            return followed.arrays

    def link(self, scope: Scope, links: Sequence[Link]) -> int:
        """Keep links between phrases of the exact scope, each kind of a pair once; return how many are new.

        Raises:
            NotFound: a phrase is not there. Nothing was written.
            UsageProblem: a weight is not positive and finite, a phrase is linked with itself, or the kind is one of the
                edges that follow from facts (`relation`, `context`).
        """
        for one in links:
            _check(one)
        with self._database.write() as writer:
            rids: dict[str, int] = {}
            condition, own = exact(scope)
            for some in pages(sorted({key(phrase) for one in links for phrase in (one.a, one.b)})):
                sql = f"SELECT rid, id FROM items WHERE kind = 'phrase' AND {condition} AND id IN ({marks(some)})"
                rids.update((row["id"], row["rid"]) for row in writer.read(sql, [*own, *some]))
            new = 0
            for one in links:
                ends = sorted((key(one.a), key(one.b)))
                if missing := [phrase for phrase in ends if phrase not in rids]:
                    raise NotFound(f"no phrase {missing[0]!r}", hint="A phrase is there as long as a fact has it.")
                place = [*(rids[phrase] for phrase in ends), one.kind]
                sql = "UPDATE links SET weight = ? WHERE a = ? AND b = ? AND kind = ?"
                if not writer.execute(sql, [one.weight, *place]):
                    writer.execute("INSERT INTO links (a, b, kind, weight) VALUES (?, ?, ?, ?)", [*place, one.weight])
                    new += 1
            items.log(writer, sorted(rids.values()), "link")
        return new

    def links(self, scope: Scope) -> list[Link]:
        """Return the links that the scope sees, in order of their phrases; of two sessions' the greater weight."""
        live = set(self.phrases(scope))
        weights: dict[tuple[str, str, str], float] = {}
        for row in self._link_rows(scope):
            if row["a"] in live and row["b"] in live:
                place = row["a"], row["b"], row["kind"]
                weights[place] = max(row["weight"], weights.get(place, 0.0))
        return [Link(a, b, weights[a, b, kind], kind) for a, b, kind in sorted(weights)]

    def phrases(self, scope: Scope) -> list[str]:
        """Return the keys of the phrases that live facts of the scope have, sorted."""
        graph = self.arrays(scope)
        return list(graph.names[: graph.phrases])

    def nearest(self, scope: Scope, vector: NDArray[np.float32], k: int) -> list[tuple[str, float]]:
        """Return up to k phrases by cosine, best first, for a vector (dim,).

        Raises:
            UsageProblem: the vector has another length, or a component that is not finite.
            EmbedderMismatch: another process has meanwhile written with another embedder.
        """
        wanted = k
        while True:  # looks further down while what was found is a phrase of hidden facts only
            near = self._near(scope, "phrase", vector, wanted)
            names = self._live(scope, [rid for rid, _ in near])
            best: dict[str, float] = {}
            for rid, score in near:
                if rid in names:
                    best.setdefault(names[rid], score)
            if len(best) >= k or len(near) < wanted:
                return list(best.items())[:k]
            wanted *= 2

    def rank(
        self, scope: Scope, graph: GraphArrays, kind: str, query: str | NDArray[np.float32], k: int | None = None
    ) -> Ranking:
        """Rank the passages (as nodes) or facts (as places in `graph.facts`) of a graph for a query; all if k is None.

        By cosine for a vector (dim,), by BM25 in [0, 1] for words. `kind` is `passage` or `fact`. A fact is ranked
        whether it holds today or not. What was written after the graph was made need not be seen.

        Raises:
            UsageProblem: the vector has another length, or a component that is not finite.
            EmbedderMismatch: another process has meanwhile written with another embedder.
        """
        wanted = _ALL if k is None else k
        while True:  # looks further down while what was found is a fact of hidden passages only
            if isinstance(query, str):
                shown = self._indexes.shown(scope, kind, query, wanted, graph.seq)
                rids, scores = shown or self._indexes.ranked(scope, kind, query, wanted)
            else:
                rids, scores = self._ranked(scope, kind, query, wanted, graph.seq)
            found = _ranking(found_at(graph, kind, rids), scores, once=_once(graph, kind))
            if len(rids) < wanted or len(found.places) >= wanted or (k is not None and len(found.places) >= k):
                return Ranking(found.places[:k], found.scores[:k])
            wanted *= _FURTHER

    def mentioned(self, scope: Scope, graph: GraphArrays, text: str) -> Ranking:
        """Return the phrases (as nodes) that a text names word for word, the longest only where one lies in another.

        The score in (0, 1] is how telling the phrase is: its rarest word's share of what a word can tell at most.
        """
        followed = self._of(scope)
        with followed.lock:
            found = [
                (followed.state.phrases.all[number], score) for number, score in followed.state.mentions.find(text)
            ]
        node = graph.memo.get(_NODES) or graph.memo.setdefault(_NODES, _nodes(graph))
        places = np.array([node.get(name, -1) for name, _ in found], dtype=np.int64)
        return _ranking(places, np.array([score for _, score in found]))

    def words(self, scope: Scope, names: Sequence[str]) -> list[str]:
        """Return phrases, given by their keys, as facts of the scope spell them; of several spellings the first."""
        condition, params = visible(scope, "told")
        spelt: dict[str, str] = {}
        for some in pages(list(dict.fromkeys(names))):
            sql = " UNION ALL ".join(
                f"""
                SELECT terms.id AS name, min(evidence.{end}) AS spelt
                FROM items AS terms CROSS JOIN facts CROSS JOIN items AS told CROSS JOIN evidence {WITH_PASSAGE}
                WHERE terms.kind = 'phrase' AND terms.user = ? AND terms.id IN ({marks(some)})
                AND facts.{end} = terms.rid AND told.rid = facts.rid AND +told.retired_at IS NULL
                AND evidence.fact = facts.rid AND {LIVE_LINE} AND {condition} GROUP BY terms.id"""
                for end in ("subject", "object")
            )
            for row in self._database.read(sql, 2 * [params[0], *some, *params]):
                spelt[row["name"]] = min(row["spelt"], spelt.get(row["name"], row["spelt"]))
        return [spelt.get(name, name) for name in names]

    def cosines(self, scope: Scope, names: Sequence[str], vector: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the cosines (n,) of phrases, given by their keys, with a vector (dim,); -1 for unknown ones.

        Raises:
            UsageProblem: the vector has another length, or a component that is not finite.
            EmbedderMismatch: another process has meanwhile written with another embedder.
        """
        query = self._label.row(vector)
        condition, params = visible(scope)
        found: dict[str, float] = {}
        for some in pages(list(dict.fromkeys(names))):
            sql = f"""SELECT items.id, vectors.vector FROM items JOIN vectors ON vectors.rid = items.rid
                      WHERE items.kind = 'phrase' AND {condition} AND items.id IN ({marks(some)})"""
            for row in self._database.read(sql, [*params, *some]):
                found[row["id"]] = float(np.frombuffer(row["vector"], dtype="<f4") @ query)
        self._label.check(self._database)
        return np.array([found.get(name, -1.0) for name in names], dtype=np.float32)

    def find_synonyms(self, scope: Scope) -> int:
        """Find the pairs of phrases of the user that are near by vector and keep them; return how many are new.

        Only phrases that are new since the last time are compared. A graph has its synonyms without this; it then
        compares what is not kept when it is first asked for.
        """
        self._label.check(self._database)
        return 0 if self._synonyms is None else self._synonyms.catch_up(scope, self._label.check)

    def _reset(self) -> None:
        self._lock = threading.Lock()
        self._followed: OrderedDict[Scope, _Followed] = OrderedDict()
        self._pid = os.getpid()

    def _of(self, scope: Scope) -> _Followed:
        if self._pid != os.getpid():  # forked: a lock may have been held, and nobody here will release it
            self._reset()
        with self._lock:
            found = self._followed.pop(scope, None) or _Followed(GraphState(self._database, scope, self._synonyms))
            self._followed[scope] = found
            while len(self._followed) > _KEPT:
                self._followed.popitem(last=False)
        return found

    def _live(self, scope: Scope, rids: Sequence[int]) -> dict[int, str]:
        """The keys of those of these phrases that a live fact has."""
        condition, params = visible(scope)
        names: dict[int, str] = {}
        for some in pages(rids):
            sql = f"""
                SELECT items.rid, items.id FROM items WHERE items.rid IN ({marks(some)}) AND {condition}
                AND (EXISTS ({_CARRIES} AND facts.subject = items.rid)
                     OR EXISTS ({_CARRIES} AND facts.object = items.rid))"""
            names.update((row["rid"], row["id"]) for row in self._database.read(sql, [*some, *params]))
        return names

    def _link_rows(self, scope: Scope) -> list[Row]:
        """Links with the keys of their phrases, the smaller first."""
        condition, params = visible(scope)
        sql = f"""SELECT items.id AS a, other.id AS b, links.weight, links.kind FROM links
                  JOIN items ON items.rid = links.a JOIN items AS other ON other.rid = links.b WHERE {condition}"""
        return self._database.read(sql, params)


class _Followed:
    """The state of a scope's graph with the arrays that were last made from it. One lock round both."""

    def __init__(self, state: GraphState) -> None:
        self.state = state
        self.arrays: GraphArrays | None = None
        self.lock = threading.Lock()


_CARRIES = """
    SELECT 1 FROM facts JOIN items AS told ON told.rid = facts.rid JOIN evidence ON evidence.fact = facts.rid
    LEFT JOIN items AS said ON said.rid = evidence.passage
    WHERE told.retired_at IS NULL AND (evidence.passage IS NULL OR said.retired_at IS NULL)"""


def _once(graph: GraphArrays, kind: str) -> bool:
    """Whether each place of the graph is found under one number alone, as it is where nothing is in two sessions."""
    known: bool | None = graph.memo.get((_ONCE, kind))
    if known is None:
        places = graph.rids[kind][1]
        known = graph.memo[_ONCE, kind] = len(np.unique(places)) == len(places)
    return known


def _ranking(places: NDArray[np.int64], scores: NDArray[np.float64], *, once: bool = False) -> Ranking:
    """Places (n,) best first with their scores (n,), each place once and without those that are not in the graph.

    With `once`, no place in the graph is there twice.
    """
    if once:
        there = places >= 0
        return Ranking(places[there].astype(np.int32), scores[there].astype(np.float32))
    first = np.unique(places, return_index=True)[1]
    first = np.sort(first[places[first] >= 0])
    return Ranking(places[first].astype(np.int32), scores[first].astype(np.float32))


def _nodes(graph: GraphArrays) -> dict[str, int]:
    return {name: node for node, name in enumerate(graph.names[: graph.phrases])}


def _check(link: Link) -> None:
    for name in ("a", "b", "kind"):
        check_text(f"the {name} of a link", getattr(link, name))
    with np.errstate(over="ignore", under="ignore"):
        kept = np.float32(link.weight)  # as the graph's arrays have it
    if not 0 < kept < np.inf:
        raise UsageProblem(f"a link needs a weight above 0 that a float32 can hold, got {link.weight!r}")
    if key(link.a) == key(link.b):
        raise UsageProblem(f"{link.a!r} and {link.b!r} are one phrase and cannot be linked")
    if link.kind in _OWN:
        raise UsageProblem(f"{link.kind!r} edges come from facts alone", hint="Give the links another kind.")
