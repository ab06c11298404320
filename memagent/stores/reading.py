"""Triples by a query with one empty place, as MemLLM reads its memory (arXiv:2404.11672 and its published code).

The entity and the relation of a query are each compared with those that there are, apart from one another; the mean of
the two distances (1 - cosine) is the distance of the pair, and the facts of the nearest pairs are read.

Departures from the code: only facts that hold at the asked moment are read; entities and relations have an index each,
and the empty place is never embedded; values are put in order by distance and then by when they were first written,
where the code keeps any thirty; no pair is cut at 31 facts before values are counted; entities and relations are
counted by name, however many sessions and agents use one, and all that these say of it is read; and the caller is told
that there was more, or may have been, where one of these limits cut something.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from heapq import merge
from itertools import groupby, islice
from math import inf
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from memagent.stores.base import Database
from memagent.stores.evidence_reading import Groups
from memagent.stores.items import ids_of, pages
from memagent.stores.keys import key
from memagent.stores.newest import recency
from memagent.stores.scoping import marks, visible
from memagent.triples import EXACT, Limits, Query, Reading, Value
from memagent.types import Fact, Scope

_FIRST, _MORE = 8, 4  # rows looked at first, and how many times more while all of them are near enough
_SOME = 32  # facts judged at a time
_PAGE = 256
_DIGITS = 6

Vector = NDArray[np.float32]
Names = tuple[str, str]
"""The keys of an entity and a relation."""
Pair = tuple[int, int]
"""The rids of both in one exact scope."""
Together = Mapping[Names, Sequence[Pair]]
"""What is as near: each name of an entity and a relation, with where it stands in sessions and agents."""

# A fact and its terms share one exact scope, so that no more than that is looked through for each entity.
PAIRS = """
    SELECT entities.id AS entity_key, relations.id AS relation_key, entities.rid AS entity, relations.rid AS relation
    FROM items AS entities CROSS JOIN items AS relations
    WHERE entities.kind = 'phrase' AND {own} AND entities.id IN ({entities})
    AND relations.kind = 'relation' AND relations.user = entities.user AND relations.id IN ({relations})
    AND relations.session = entities.session AND relations.agent = entities.agent AND EXISTS (
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


class Candidates(NamedTuple):
    """Distances of what is near enough, by its key; and of the nearest that a limit on their number left out."""

    near: dict[str, float]
    beyond: float = inf


class Asked(NamedTuple):
    """A query with what it may mean: which place is given, which is looked for, and candidates for both terms."""

    place: str
    other: str
    entities: Candidates
    relations: Candidates

    @property
    def left_out(self) -> float:
        """How near a pair may be that was not looked at because there are too many candidates."""
        entities, relations = self.entities, self.relations
        if not entities.near or not relations.near:
            return inf
        nearest = min(entities.near.values()), min(relations.near.values())
        return round(min(entities.beyond + nearest[1], relations.beyond + nearest[0]) / 2, _DIGITS)


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
        more = False
        for query in queries:
            asked = self._asked(scope, query, vectors, limits)
            some = list(islice(self._values(scope, asked, limits, at), limits.values + 1))
            exact = limits.exact and bool(some) and some[0].distance < EXACT
            more = more or asked.left_out < (min(EXACT, limits.pair) if exact else limits.pair)
            found += some
        first: dict[str, Ranked] = {}
        for one in _in_order(found, limits):
            first.setdefault(one.key, one)
        values = [one.value for one in first.values()]
        return Reading(tuple(values[: limits.values]), more or len(values) > limits.values)

    def _asked(self, scope: Scope, query: Query, vectors: Mapping[str, Vector], limits: Limits) -> Asked:
        entity, relation = key(query.entity), key(query.relation)
        if limits.literal:
            found = Candidates({entity: 0.0}), Candidates({relation: 0.0})
        else:
            found = (
                self._candidates(scope, "phrase", vectors[entity], limits.entity, limits.entities),
                self._candidates(scope, "relation", vectors[relation], limits.relation, limits.relations),
            )
        places = ("subject", "object") if query.subject is not None else ("object", "subject")
        return Asked(*places, *found)

    def _values(self, scope: Scope, asked: Asked, limits: Limits, at: str) -> Iterator[Ranked]:
        """The values of one query, each once, nearest first."""
        holding = self._newest if limits.newest else self._holding
        seen: set[str] = set()
        exact = False
        for distance, together in self._pairs(scope, asked, limits.pair):
            if limits.exact and exact and distance >= EXACT:
                return
            for rid, fact in holding(scope, asked.place, together, at):
                text = str(getattr(fact, asked.other))
                if (known := key(text)) not in seen:
                    seen.add(known)
                    exact = exact or distance < EXACT
                    yield Ranked(distance, rid, known, Value(text, distance, fact))

    def _candidates(self, scope: Scope, kind: str, vector: Vector, limit: float, most: int) -> Candidates:
        """The names nearer than a limit; further down only while all that was found is, and names are wanted.

        A name has a row in each session and agent that used it. It counts once, however many those are.
        """
        count = _FIRST
        while True:
            distances = [
                (rid, max(0.0, round(1 - cosine, _DIGITS))) for rid, cosine in self._near(scope, kind, vector, count)
            ]
            near = [(rid, distance) for rid, distance in distances if distance < limit]
            ids = ids_of(self._database, [rid for rid, _ in near])
            names: dict[str, float] = {}
            for rid, distance in near:
                if rid in ids:  # else it was deleted a moment ago
                    names.setdefault(ids[rid], distance)
            if len(names) > most or len(near) < count:
                kept = dict(islice(names.items(), most))
                return Candidates(kept, next(islice(names.values(), most, None), inf))
            count *= _MORE

    def _pairs(self, scope: Scope, asked: Asked, limit: float) -> Iterator[tuple[float, dict[Names, list[Pair]]]]:
        """The pairs that have facts and are near enough, by distance, those of one distance together."""
        entities, relations = asked.entities.near, asked.relations.near
        own, params = visible(scope, "entities")
        found: dict[Names, list[Pair]] = {}
        for some in pages(list(entities)):
            for others in pages(list(relations)):
                sql = PAIRS.format(own=own, place=asked.place, entities=marks(some), relations=marks(others))
                for row in self._database.read(sql, [*params, *some, *others]):
                    names = row["entity_key"], row["relation_key"]
                    found.setdefault(names, []).append((row["entity"], row["relation"]))
        scored = [(round((entities[names[0]] + relations[names[1]]) / 2, _DIGITS), names) for names in found]
        for distance, together in groupby(sorted(one for one in scored if one[0] < limit), key=lambda one: one[0]):
            yield distance, {names: found[names] for _, names in together}

    def _holding(self, scope: Scope, place: str, together: Together, at: str) -> Iterator[tuple[int, Fact]]:
        """The facts of some pairs that hold, in the order in which they were first written.

        Where a subject has one value at a time, that one is asked for, and not all that it has had.
        """
        current, others = self._current(scope, place, together, at)
        known = [self._written(scope, facts) for facts in current]
        yield from merge(*known, self._judged(scope, place, others, at), key=lambda one: one[0])

    def _newest(self, scope: Scope, place: str, together: Together, at: str) -> Iterator[tuple[int, Fact]]:
        """The same, the newest first; of a subject no more is read than somebody asks for."""
        current, others = self._current(scope, place, together, at)
        if place == "subject":
            rest = self._groups.newest(scope, others, at)
        else:
            every = [fact for _, fact in self._judged(scope, place, others, at)]
            rest = iter(sorted(every, key=recency, reverse=True))
        known = [sorted(facts, key=recency, reverse=True) for facts in current]
        yield from ((0, fact) for fact in merge(*known, rest, key=recency, reverse=True))

    def _current(self, scope: Scope, place: str, together: Together, at: str) -> tuple[list[list[Fact]], list[Pair]]:
        """What holds of each subject and functional relation; and the pairs of which each fact is judged by itself."""
        current: list[list[Fact]] = []
        others: list[Pair] = []
        for names, pairs in together.items():
            facts = self._groups.current(scope, names, at) if place == "subject" else None
            if facts is None:
                others += pairs
            else:
                current.append(facts)
        return current, others

    def _written(self, scope: Scope, facts: Sequence[Fact]) -> list[tuple[int, Fact]]:
        """Facts, each with where it was first written, in that order."""
        by_id = {fact.id: fact for fact in facts}
        condition, params = visible(scope)
        found = [
            (row["rid"], by_id[row["id"]])
            for some in pages(list(by_id))
            for row in self._database.read(
                f"""SELECT min(items.rid) AS rid, items.id FROM items WHERE items.kind = 'fact' AND {condition}
                    AND items.id IN ({marks(some)}) GROUP BY items.id""",
                [*params, *some],
            )
        ]
        return sorted(found, key=lambda one: one[0])

    def _judged(self, scope: Scope, place: str, pairs: Sequence[Pair], at: str) -> Iterator[tuple[int, Fact]]:
        """The facts of some pairs that hold, each judged by itself, in the order in which they were first written."""
        rids = merge(*(self._rids(place, pair) for pair in pairs))
        judged: dict[str, Fact | None] = {}  # the whole history of a functional relation is, with its first fact
        while some := list(islice(rids, _SOME)):
            ids = ids_of(self._database, some)
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


def _in_order(found: Sequence[Ranked], limits: Limits) -> list[Ranked]:
    """By distance; of one distance by when they were first written, or the newest first."""
    if limits.newest:
        found = sorted(found, key=lambda one: recency(one.value.fact), reverse=True)
        return sorted(found, key=lambda one: one.distance)
    return sorted(found, key=lambda one: one[:2])
