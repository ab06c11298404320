"""Phrases and passages as one graph: a projection of facts and their evidence, and of links between phrases.

Two phrases are joined by a relation edge as often as a passage or source says a fact of the two, whether that fact
holds today or was superseded: it still tells that they have to do with each other. A passage is joined to the phrases
of what it says.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from memagent.errors import NotFound, UsageProblem
from memagent.stores import items
from memagent.stores.base import Database, GraphArrays, Link, Row
from memagent.stores.items import LIVE
from memagent.stores.keys import key
from memagent.stores.label import Label
from memagent.stores.projections import Projections
from memagent.stores.scoping import exact, visible
from memagent.types import Scope

Edges = tuple[NDArray[np.int32], NDArray[np.float32]]

_KEPT = 32  # graphs in memory, of as many scopes
_LIVE_EVIDENCE = """
    FROM evidence JOIN items ON items.rid = evidence.fact JOIN facts ON facts.rid = evidence.fact
    LEFT JOIN items AS said ON said.rid = evidence.passage
    WHERE items.retired_at IS NULL AND (evidence.passage IS NULL OR said.retired_at IS NULL)"""


class SQLGraphStore:
    """The `GraphStore` over any `Database`. Closing the database is left to whoever opened it.

    Args:
        embedder: the name of what the vectors come from.
        dim: the length of every vector.
        projections: indexes to share with other stores of the database; its own if not given.

    Raises:
        EmbedderMismatch: the database holds vectors of another embedder.
    """

    def __init__(self, database: Database, *, embedder: str, dim: int, projections: Projections | None = None) -> None:
        self._database = database
        self._label = Label(embedder, dim)
        self._indexes = projections or Projections(database, dim)
        self._label.check(database)
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
            UsageProblem: a weight is not positive and finite, or a phrase is linked with itself.
        """
        for one in links:
            _check(one)
        new = 0
        with self._database.write() as writer:
            condition, own = exact(scope)
            sql = f"SELECT rid FROM items WHERE kind = 'phrase' AND {condition} AND id = ?"
            for one in links:
                ends = [writer.read(sql, [*own, key(phrase)]) for phrase in (one.a, one.b)]
                for phrase, found in zip((one.a, one.b), ends, strict=True):
                    if not found:
                        raise NotFound(f"no phrase {phrase!r}", hint="A phrase is there as long as a fact has it.")
                a, b = sorted(found[0]["rid"] for found in ends)
                place = [a, b, one.kind]
                changed = writer.execute(
                    "UPDATE links SET weight = ? WHERE a = ? AND b = ? AND kind = ?", [one.weight, *place]
                )
                if not changed:
                    writer.execute("INSERT INTO links (a, b, kind, weight) VALUES (?, ?, ?, ?)", [*place, one.weight])
                    new += 1
                items.log(writer, [a, b], "link")
        return new

    def links(self, scope: Scope) -> list[Link]:
        """Return the links that the scope sees, in order of their phrases."""
        rows = self._link_rows(scope)
        return sorted(
            Link(min(row["a"], row["b"]), max(row["a"], row["b"]), row["weight"], row["kind"]) for row in rows
        )

    def phrases(self, scope: Scope) -> list[str]:
        """Return the keys of the phrases that live facts of the scope have, sorted."""
        return sorted(set(self._names(self._said(scope)).values()))

    def nearest(self, scope: Scope, vector: NDArray[np.float32], k: int) -> list[tuple[str, float]]:
        """Return up to k phrases by cosine, best first, for a vector (dim,).

        Raises:
            UsageProblem: the vector has another length, or a component that is not finite.
            EmbedderMismatch: another process has meanwhile written with another embedder.
        """
        query = self._label.row(vector)
        self._label.check(self._database)
        live = set(self.phrases(scope))
        wanted = k
        while True:
            near = self._indexes.nearest(scope, "phrase", query, wanted)
            names = self._names([rid for rid, _ in near])
            best: dict[str, float] = {}
            for rid, score in near:
                if rid in names and names[rid] in live:
                    best.setdefault(names[rid], score)
            if len(best) >= k or len(near) < wanted:
                return list(best.items())[:k]
            wanted *= 2

    def _reset(self) -> None:
        self._lock = threading.Lock()
        self._graphs: dict[Scope, GraphArrays] = {}
        self._pid = os.getpid()

    def _built(self, scope: Scope, seq: int) -> GraphArrays:
        condition, params = visible(scope)
        lines = self._database.read(
            f"""SELECT facts.subject, facts.object, evidence.passage, evidence.source, evidence.fact
                {_LIVE_EVIDENCE} AND {condition}""",
            params,
        )
        passages = self._database.read(
            f"SELECT rid, id FROM items WHERE kind = 'passage' AND {condition} AND {LIVE}", params
        )
        names = self._names([rid for row in lines for rid in (row["subject"], row["object"])])
        phrases = sorted(set(names.values()))
        ordered = sorted(passages, key=lambda row: (row["id"], row["rid"]))
        number = {phrase: place for place, phrase in enumerate(phrases)}
        node = {rid: number[name] for rid, name in names.items()}
        node.update({row["rid"]: len(phrases) + place for place, row in enumerate(ordered)})
        edges = {"relation": _relations(lines, node), "context": _contexts(lines, node)}
        edges.update(self._linked(scope, number))
        kinds = ("phrase",) * len(phrases) + ("passage",) * len(ordered)
        return GraphArrays(kinds, (*phrases, *(row["id"] for row in ordered)), edges, seq)

    def _said(self, scope: Scope) -> list[int]:
        condition, params = visible(scope)
        sql = f"SELECT DISTINCT facts.subject, facts.object {_LIVE_EVIDENCE} AND {condition}"
        return [rid for row in self._database.read(sql, params) for rid in (row["subject"], row["object"])]

    def _names(self, rids: Sequence[int]) -> dict[int, str]:
        names: dict[int, str] = {}
        for some in items.pages(sorted(set(rids))):
            sql = f"SELECT rid, id FROM items WHERE rid IN ({', '.join('?' * len(some))})"
            names.update((row["rid"], row["id"]) for row in self._database.read(sql, some))
        return names

    def _link_rows(self, scope: Scope) -> list[Row]:
        condition, params = visible(scope)
        sql = f"""SELECT items.id AS a, other.id AS b, links.weight, links.kind FROM links
                  JOIN items ON items.rid = links.a JOIN items AS other ON other.rid = links.b WHERE {condition}"""
        return self._database.read(sql, params)

    def _linked(self, scope: Scope, number: dict[str, int]) -> dict[str, Edges]:
        """Edges of each kind of link between phrases that are nodes; of several sessions the greatest weight."""
        found: dict[str, dict[tuple[int, int], float]] = {}
        for row in self._link_rows(scope):
            if row["a"] in number and row["b"] in number:
                a, b = sorted((number[row["a"]], number[row["b"]]))
                pairs = found.setdefault(row["kind"], {})
                pairs[a, b] = max(row["weight"], pairs.get((a, b), 0.0))
        return {kind: _edges(list(found[kind]), list(found[kind].values())) for kind in sorted(found)}


def _check(link: Link) -> None:
    if not isfinite(link.weight) or link.weight <= 0:
        raise UsageProblem(f"a link needs a weight above 0, got {link.weight!r}")
    if key(link.a) == key(link.b):
        raise UsageProblem(f"{link.a!r} and {link.b!r} are one phrase and cannot be linked")


def _relations(lines: Sequence[Row], node: dict[int, int]) -> Edges:
    """How many facts, counted once for each passage or source that says them, join two phrases."""
    said = {(line["fact"], line["passage"], line["source"]): line for line in lines}
    pairs = [(node[line["subject"]], node[line["object"]]) for line in said.values()]
    return _edges([pair for pair in pairs if pair[0] != pair[1]], None)


def _contexts(lines: Sequence[Row], node: dict[int, int]) -> Edges:
    pairs = {
        (node[line[end]], node[line["passage"]])
        for line in lines
        if line["passage"] in node
        for end in ("subject", "object")
    }
    return _edges(sorted(pairs), None)


def _edges(pairs: Sequence[tuple[int, int]], weights: Sequence[float] | None) -> Edges:
    """Pairs as an array (m, 2), the smaller node first, in order and without repeats; weights (m,) are added up."""
    ends = np.sort(np.array(pairs, dtype=np.int32).reshape(-1, 2), axis=1)
    distinct, place = np.unique(ends, axis=0, return_inverse=True)
    summed = np.bincount(place.reshape(-1), weights, minlength=len(distinct))
    return distinct.astype(np.int32), summed.astype(np.float32)
