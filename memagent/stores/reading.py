"""Triples by a query with one empty place, as MemLLM reads its memory (arXiv:2404.11672 and its published code).

The entity and the relation of a query are each compared with those that there are, apart from one another; the mean of
the two distances (1 - cosine) is the distance of the pair, and the facts of the nearest pairs are read.

Departures from the code: only facts that hold at the asked moment are read; entities and relations have an index each,
and the empty place is never embedded; values are put in order by distance and then by when they were first written,
where the code keeps any thirty; no pair is cut at 31 facts before values are counted; and the caller is told that there
was more.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from heapq import merge
from itertools import groupby, islice
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from memagent.stores.base import Database
from memagent.stores.evidence_reading import Groups
from memagent.stores.items import pages
from memagent.stores.keys import key
from memagent.stores.scoping import marks, visible
from memagent.triples import EXACT, Limits, Query, Reading, Value
from memagent.types import Fact, Scope

_FIRST, _MORE = 8, 4  # candidates at first, and how many times more while all of them are near enough
_SOME = 32  # facts judged at a time
_PAGE = 256
_DIGITS = 6

Vector = NDArray[np.float32]
Pair = tuple[int, int]

PAIRS = """
    SELECT entities.rid AS entity, relations.rid AS relation FROM items AS entities CROSS JOIN items AS relations
    WHERE entities.rid IN ({entities}) AND relations.rid IN ({relations}) AND EXISTS (
        SELECT 1 FROM facts WHERE facts.{place} = entities.rid AND facts.relation = relations.rid)"""
FACTS = """
    SELECT rid FROM facts WHERE {place} = ? AND relation = ? AND rid > ? ORDER BY rid LIMIT ?"""


class Near(Protocol):
    """Finds the nearest items of a kind: `IndexedStore._near`."""

    def __call__(self, scope: Scope, kind: str, vector: Vector, k: int) -> list[tuple[int, float]]:
        """Return up to k (rid, cosine), best first."""
        ...


class Ranked(NamedTuple):
    """A value on its way: how near, the rid of its fact, and the key that it is known by."""

    distance: float
    rid: int
    key: str
    value: Value


class Reader:
    """Reads the facts of one database by queries.

    Args:
        database: where they are.
        near: finds phrases and relations by vector.
        groups: judges which facts hold.
    """

    def __init__(self, database: Database, near: Near, groups: Groups) -> None:
        self._database = database
        self._near = near
        self._groups = groups

    def vectors(self, scope: Scope, queries: Sequence[Query]) -> dict[str, Vector]:
        """Return the vectors (dim,), by key, of the entities and relations of queries that are kept here already."""
        wanted = {"phrase": [key(query.entity) for query in queries], "relation": [key(q.relation) for q in queries]}
        condition, params = visible(scope)
        found: dict[str, Vector] = {}
        for kind, keys in wanted.items():
            for some in pages(list(dict.fromkeys(keys))):
                sql = f"""SELECT items.id, vectors.vector FROM items JOIN vectors ON vectors.rid = items.rid
                          WHERE items.kind = ? AND {condition} AND items.id IN ({marks(some)})"""
                rows = self._database.read(sql, [kind, *params, *some])
                found.update((row["id"], np.frombuffer(row["vector"], dtype="<f4")) for row in rows)
        return found

    def read(
        self, scope: Scope, queries: Sequence[Query], vectors: Mapping[str, Vector], limits: Limits, at: str
    ) -> Reading:
        """Return what queries find of what holds at a moment, as it is stored; `vectors` has each key's."""
        found: list[Ranked] = []
        for query in queries:
            found += islice(self._values(scope, query, vectors, limits, at), limits.values + 1)
        first: dict[str, Ranked] = {}
        for one in sorted(found, key=lambda one: one[:2]):
            first.setdefault(one.key, one)
        values = [one.value for one in first.values()]
        return Reading(tuple(values[: limits.values]), len(values) > limits.values)

    def _values(
        self, scope: Scope, query: Query, vectors: Mapping[str, Vector], limits: Limits, at: str
    ) -> Iterator[Ranked]:
        """The values of one query, each once, nearest first."""
        place, other = ("subject", "object") if query.subject is not None else ("object", "subject")
        if limits.literal:
            entities = self._spelt(scope, "phrase", key(query.entity))
            relations = self._spelt(scope, "relation", key(query.relation))
        else:
            entity, relation = vectors[key(query.entity)], vectors[key(query.relation)]
            entities = self._candidates(scope, "phrase", entity, limits.entity, limits.entities)
            relations = self._candidates(scope, "relation", relation, limits.relation, limits.relations)
        seen: set[str] = set()
        exact = False
        for distance, pairs in self._pairs(place, entities, relations, limits.pair):
            if limits.exact and exact and distance >= EXACT:
                return
            for rid, fact in self._holding(scope, place, pairs, at):
                text = str(getattr(fact, other))
                if (known := key(text)) not in seen:
                    seen.add(known)
                    exact = exact or distance < EXACT
                    yield Ranked(distance, rid, known, Value(text, distance, fact))

    def _candidates(self, scope: Scope, kind: str, vector: Vector, limit: float, most: int) -> dict[int, float]:
        """Distances by rid of what is nearer than a limit; further down only while all that was found is."""
        count = min(_FIRST, most)
        while True:
            found = {
                rid: max(0.0, round(1 - cosine, _DIGITS)) for rid, cosine in self._near(scope, kind, vector, count)
            }
            near = {rid: distance for rid, distance in found.items() if distance < limit}
            if len(near) < count or count >= most:
                return near
            count = min(count * _MORE, most)

    def _spelt(self, scope: Scope, kind: str, term: str) -> dict[int, float]:
        """What has just this key, in every session and agent that the scope sees."""
        condition, params = visible(scope)
        rows = self._database.read(
            f"SELECT rid FROM items WHERE kind = ? AND {condition} AND id = ?", [kind, *params, term]
        )
        return {row["rid"]: 0.0 for row in rows}

    def _pairs(
        self, place: str, entities: Mapping[int, float], relations: Mapping[int, float], limit: float
    ) -> Iterator[tuple[float, list[Pair]]]:
        """The pairs that have facts and are near enough, by distance, those of one distance together."""
        if not entities or not relations:
            return
        sql = PAIRS.format(place=place, entities=marks(entities), relations=marks(relations))
        rows = self._database.read(sql, [*entities, *relations])
        scored = [
            (round((entities[row["entity"]] + relations[row["relation"]]) / 2, _DIGITS), row["entity"], row["relation"])
            for row in rows
        ]
        for distance, some in groupby(sorted(one for one in scored if one[0] < limit), key=lambda one: one[0]):
            yield distance, [(entity, relation) for _, entity, relation in some]

    def _holding(self, scope: Scope, place: str, pairs: Sequence[Pair], at: str) -> Iterator[tuple[int, Fact]]:
        """The facts of some pairs that hold, in the order in which they were first written.

        Where a subject has one value at a time, that one is asked for, and not all that it has had.
        """
        current = {pair: self._current(scope, pair, at) for pair in pairs} if place == "subject" else {}
        known = [found for found in current.values() if found is not None]
        others = [pair for pair in pairs if current.get(pair) is None]
        yield from merge(*known, self._judged(scope, place, others, at), key=lambda one: one[0])

    def _current(self, scope: Scope, pair: Pair, at: str) -> list[tuple[int, Fact]] | None:
        """What holds of a subject and a functional relation, each with where it was first written; else `None`."""
        rows = self._database.read("SELECT rid, id FROM items WHERE rid IN (?, ?)", list(pair))
        ids = {row["rid"]: row["id"] for row in rows}
        if len(ids) < 2:  # one of them was deleted a moment ago
            return []
        facts = self._groups.current(scope, (ids[pair[0]], ids[pair[1]]), at)
        if not facts:
            return None if facts is None else []
        by_id = {fact.id: fact for fact in facts}
        condition, params = visible(scope)
        rows = self._database.read(
            f"""SELECT min(items.rid) AS rid, items.id FROM items WHERE items.kind = 'fact' AND {condition}
                AND items.id IN ({marks(by_id)}) GROUP BY items.id ORDER BY 1""",
            [*params, *by_id],
        )
        return [(row["rid"], by_id[row["id"]]) for row in rows]

    def _judged(self, scope: Scope, place: str, pairs: Sequence[Pair], at: str) -> Iterator[tuple[int, Fact]]:
        """The facts of some pairs that hold, each judged by itself, in the order in which they were first written."""
        rids = merge(*(self._rids(place, pair) for pair in pairs))
        judged: dict[str, Fact | None] = {}  # the whole history of a functional relation is, with its first fact
        while some := list(islice(rids, _SOME)):
            rows = self._database.read(f"SELECT rid, id FROM items WHERE rid IN ({marks(some)})", some)
            ids = {row["rid"]: row["id"] for row in rows}
            if new := {*ids.values()}.difference(judged):
                judged.update(self._groups.judged(scope, sorted(new), at))
            yield from ((rid, fact) for rid in some if (fact := judged.get(ids.get(rid, ""))) is not None)

    def _rids(self, place: str, pair: Pair) -> Iterator[int]:
        last = 0
        while rows := self._database.read(FACTS.format(place=place), [*pair, last, _PAGE]):
            yield from (row["rid"] for row in rows)
            last = rows[-1]["rid"]
            if len(rows) < _PAGE:
                return
