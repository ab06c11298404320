"""Phrases and passages as one graph: a projection of facts and their evidence, and of links between phrases.

Two phrases are joined by a relation edge as often as a passage or source says a fact of the two, whether that fact
holds today or was superseded: it still tells that they have to do with each other. A passage is joined to the phrases
of what it says. Nodes are sorted by name, so that the graph does not depend on what was written first; a phrase, or an
id of a passage, that a scope sees in two sessions is one node.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from itertools import chain
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from memagent.errors import NotFound, UsageProblem
from memagent.stores import items
from memagent.stores.base import Database, GraphArrays, Link, Row
from memagent.stores.indexed import IndexedStore
from memagent.stores.items import LIVE, pages
from memagent.stores.keys import key
from memagent.stores.projections import Projections
from memagent.stores.scoping import check_text, exact, marks, visible
from memagent.types import Scope

Edges = tuple[NDArray[np.int32], NDArray[np.float32]]

_OWN = ("relation", "context")
_KEPT = 32  # graphs in memory, of as many scopes
_SAID = """
    SELECT subjects.id AS subject, objects.id AS object, told.id AS fact, said.id AS passage, evidence.source
    FROM items AS told CROSS JOIN facts CROSS JOIN evidence CROSS JOIN items AS subjects CROSS JOIN items AS objects
    LEFT JOIN items AS said ON said.rid = evidence.passage
    WHERE told.kind = 'fact' AND told.retired_at IS NULL AND facts.rid = told.rid AND evidence.fact = told.rid
    AND subjects.rid = facts.subject AND objects.rid = facts.object
    AND (evidence.passage IS NULL OR said.retired_at IS NULL)"""


class SQLGraphStore(IndexedStore):
    """The `GraphStore` over any `Database`. Closing the database is left to whoever opened it.

    Args:
        embedder: the name of what the vectors come from.
        dim: the length of every vector.
        projections: indexes to share with other stores of the database; its own if not given.

    Raises:
        EmbedderMismatch: the database holds vectors of another embedder.
    """

    def __init__(self, database: Database, *, embedder: str, dim: int, projections: Projections | None = None) -> None:
        super().__init__(database, embedder=embedder, dim=dim, projections=projections)
        self._reset()

    def arrays(self, scope: Scope) -> GraphArrays:
        """Return the graph that the scope sees, up to date with every process; built anew when anything has changed."""
        if self._pid != os.getpid():
            self._reset()
        seq = self._database.changes()
        with self._lock:
            known = self._graphs.get(scope)
        if known is None or known.seq != seq:
            known = self._built(scope, seq)
            with self._lock:
                self._graphs.pop(scope, None)
                self._graphs[scope] = known
                while len(self._graphs) > _KEPT:
                    self._graphs.pop(next(iter(self._graphs)))
        return known

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
        return sorted(set(chain.from_iterable((row["subject"], row["object"]) for row in self._said(scope))))

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

    def _reset(self) -> None:
        self._lock = threading.Lock()
        self._graphs: dict[Scope, GraphArrays] = {}
        self._pid = os.getpid()

    def _built(self, scope: Scope, seq: int) -> GraphArrays:
        """Whatever changes while this reads has a later number than `seq`, so that the next call builds anew."""
        said = self._said(scope)
        condition, params = visible(scope)
        rows = self._database.read(f"SELECT id FROM items WHERE kind = 'passage' AND {condition} AND {LIVE}", params)
        phrases = sorted(set(chain.from_iterable((row["subject"], row["object"]) for row in said)))
        passages = sorted({row["id"] for row in rows} | {row["passage"] for row in said if row["passage"] is not None})
        phrase = {name: place for place, name in enumerate(phrases)}
        passage = {name: place for place, name in enumerate(passages, len(phrases))}
        edges = _said_edges(said, phrase, passage) | self._linked(scope, phrase)
        kinds = ("phrase",) * len(phrases) + ("passage",) * len(passages)
        return GraphArrays(kinds, (*phrases, *passages), edges, seq)

    def _said(self, scope: Scope) -> list[Row]:
        """Live lines of evidence, with the keys of the two phrases and the id of the passage."""
        condition, params = visible(scope, "told")
        return self._database.read(f"{_SAID} AND {condition}", params)

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

    def _linked(self, scope: Scope, phrase: dict[str, int]) -> dict[str, Edges]:
        """Edges of each kind of link between phrases that are nodes; of two sessions' links the greater weight."""
        found: dict[str, dict[int, float]] = {}
        for row in self._link_rows(scope):
            if row["a"] in phrase and row["b"] in phrase:
                pairs, place = found.setdefault(row["kind"], {}), phrase[row["a"]] << 32 | phrase[row["b"]]
                pairs[place] = max(row["weight"], pairs.get(place, 0.0))
        return {
            kind: _edges(np.array(sorted(pairs)), np.array([pairs[place] for place in sorted(pairs)]))
            for kind, pairs in sorted(found.items())
        }


_CARRIES = """
    SELECT 1 FROM facts JOIN items AS told ON told.rid = facts.rid JOIN evidence ON evidence.fact = facts.rid
    LEFT JOIN items AS said ON said.rid = evidence.passage
    WHERE told.retired_at IS NULL AND (evidence.passage IS NULL OR said.retired_at IS NULL)"""


def _check(link: Link) -> None:
    for name in ("a", "b", "kind"):
        check_text(f"the {name} of a link", getattr(link, name))
    if not isfinite(link.weight) or link.weight <= 0:
        raise UsageProblem(f"a link needs a weight above 0, got {link.weight!r}")
    if key(link.a) == key(link.b):
        raise UsageProblem(f"{link.a!r} and {link.b!r} are one phrase and cannot be linked")
    if link.kind in _OWN:
        raise UsageProblem(f"{link.kind!r} edges come from facts alone", hint="Give the links another kind.")


def _said_edges(said: Sequence[Row], phrase: dict[str, int], passage: dict[str, int]) -> dict[str, Edges]:
    """Edges that follow from evidence: arrays all the way, a pair (a, b) as the one number a * 2^32 + b."""
    count = len(said)
    subject = np.fromiter((phrase[row["subject"]] for row in said), np.int64, count)
    object = np.fromiter((phrase[row["object"]] for row in said), np.int64, count)
    place = np.fromiter((passage.get(row["passage"], -1) for row in said), np.int64, count)
    facts: dict[str, int] = {}
    fact = np.fromiter((facts.setdefault(row["fact"], len(facts)) for row in said), np.int64, count)
    sources: dict[str, int] = {}
    source = np.fromiter((sources.setdefault(row["source"], len(sources)) for row in said), np.int64, count)
    sayer = np.where(place >= 0, place, len(phrase) + len(passage) + source)
    once = np.unique(fact << 32 | sayer, return_index=True)[1]  # a fact counts once for each passage or source
    pairs = np.minimum(subject, object) << 32 | np.maximum(subject, object)
    relation, weight = np.unique(pairs[once][(subject != object)[once]], return_counts=True)
    read = place >= 0
    context = np.unique(np.concatenate([subject[read] << 32 | place[read], object[read] << 32 | place[read]]))
    return {"relation": _edges(relation, weight), "context": _edges(context, np.ones(len(context)))}


def _edges(pairs: NDArray[np.int64], weights: NDArray[np.generic]) -> Edges:
    """Pairs (m,) as an array (m, 2), and weights (m,). Read-only: everybody is given the same ones."""
    ends = np.stack([pairs >> 32, pairs & 0xFFFFFFFF], axis=1).astype(np.int32)
    found = ends, weights.astype(np.float32)
    for array in found:
        array.flags.writeable = False
    return found
