"""Facts in a SQL database: subject, relation, object, with all that says so. What holds when is worked out on reading.

A fact is there as long as something says it: its evidence, each line with the words it was said in, where, and of what
time. Phrases and relations are there as long as a fact has them. Nothing is overwritten, and no validity is stored:
`validity` works it out from the evidence that a scope sees, so that what is deleted or forgotten leaves no trace in it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from memagent.errors import UsageProblem
from memagent.stores import editing, removal, tombstones
from memagent.stores.base import Database, FactMatch, Writer
from memagent.stores.declared import Declared
from memagent.stores.derived import of_term
from memagent.stores.evidence import Keeper, NewTriple, placed
from memagent.stores.evidence_reading import Groups
from memagent.stores.indexed import IndexedStore
from memagent.stores.items import LIVE, ids_of, pages, utc
from memagent.stores.keys import key
from memagent.stores.projections import Projections
from memagent.stores.reading import Reader
from memagent.stores.scoping import check_text, exact, marks
from memagent.stores.tombstones import who
from memagent.stores.validity import holds
from memagent.triples import Limits, Query, Reading
from memagent.types import Fact, Relation, Scope, Triple

_MORE = 8  # times as far down as before


class SQLTripleStore(IndexedStore):
    """The `TripleStore` over any `Database`. Closing the database is left to whoever opened it.

    Args:
        embedder: the name of what the vectors come from, recorded with the first write.
        dim: the length of every vector.
        projections: indexes to share with other stores of the database; its own if not given.

    Raises:
        EmbedderMismatch: the database holds vectors of another embedder.
    """

    def __init__(self, database: Database, *, embedder: str, dim: int, projections: Projections | None = None) -> None:
        super().__init__(database, embedder=embedder, dim=dim, projections=projections)
        self._declared = Declared(database)
        self._groups = Groups(database, self._declared)
        self._reader = Reader(database, self._near, self._groups)

    def unknown(self, scope: Scope, triples: Sequence[Triple]) -> list[str]:
        """Return the texts whose vectors `add` will ask for: of facts, phrases and relations that are new here."""
        wanted: dict[tuple[str, str], str] = {}
        for new in map(NewTriple, triples):
            wanted["fact", new.id] = new.derived.embedded
            wanted.update({("phrase", phrase): of_term(phrase).embedded for phrase in (new.subject, new.object)})
            wanted["relation", new.relation] = of_term(new.relation).embedded
        condition, own = exact(scope)
        for kind in ("fact", "phrase", "relation"):
            for some in pages([id for one, id in wanted if one == kind]):
                sql = f"SELECT id FROM items WHERE kind = ? AND {condition} AND id IN ({marks(some)})"
                for row in self._database.read(sql, [kind, *own, *some]):
                    del wanted[kind, row["id"]]
        return list(dict.fromkeys(wanted.values()))

    def add(
        self,
        scope: Scope,
        triples: Sequence[Triple],
        vectors: Mapping[str, NDArray[np.float32]],
        *,
        again: bool = False,
        one_value: bool = False,
    ) -> list[str]:
        """Keep triples in one transaction and return the ids of their facts, in order; what is known is kept once.

        A triple that was purged is not taken up again from the same source: its place in the result is ''. `again`
        lifts that. New evidence for a forgotten fact brings it back, and so does saying it once more without a passage;
        reading a passage once more does not. With `one_value`, the relations of what was kept are declared functional
        in the same transaction.

        Raises:
            UsageProblem: a triple or a vector is not fit to be kept. Nothing was written.
            NotFound: a triple names a passage that this exact scope has not, or has forgotten. Nothing was written.
            Conflict: a vector is missing, because another process removed its text meanwhile. Ask `unknown` again.
            EmbedderMismatch: another process has meanwhile written with another embedder. Nothing was written.
        """
        with self._database.write() as writer:
            ids = self.add_within(writer, scope, triples, vectors, again=again)
            for name in {key(one.relation) for one, id in zip(triples, ids, strict=True) if id and one_value}:
                self._declared.declare(writer, scope, name, True)
            return ids

    def edit(
        self, scope: Scope, triple: Triple, vectors: Mapping[str, NDArray[np.float32]], *, one_value: bool = False
    ) -> str:
        """Give a functional relation another value, since the triple's time or now; return the id of its fact.

        Of two values of one moment the one that was edited last stands. With `one_value`, the relation is declared
        functional in the same transaction.

        Raises:
            UsageProblem: the relation is not functional, or the triple was purged. Nothing was written.
        """
        with self._database.write() as writer:
            name = key(triple.relation)
            if not one_value and not self._declared.of(scope, [name], writer)[name]:
                raise editing.many_values(triple.relation)
            dated = editing.dated(writer, scope, triple)
            [id] = self.add_within(writer, scope, [dated], vectors, anew=True)
            if not id:
                raise editing.not_learnt_again()
            if one_value:
                self._declared.declare(writer, scope, name, True)
            return id

    def add_within(
        self,
        writer: Writer,
        scope: Scope,
        triples: Sequence[Triple],
        vectors: Mapping[str, NDArray[np.float32]],
        *,
        again: bool = False,
        anew: bool = False,
    ) -> list[str]:
        """Do what `add` does inside an open transaction of the same database, which an error must roll back.

        With `anew`, what is said already counts as written now.
        """
        new = [NewTriple(triple) for triple in triples]
        units = {text: self._label.row(vector) for text, vector in vectors.items()}
        self._label.claim(writer)
        homes = placed(writer, scope, new)
        told_by = [who(home.source, one.triple.passage) for one, home in zip(new, homes, strict=True)]
        said = [(teller, one.id) for teller, one in zip(told_by, new, strict=True)]
        if again:
            tombstones.unbury(writer, scope, said)
        refused = tombstones.buried(writer, scope, said)
        keeper = Keeper(writer, scope, units, anew=anew)
        return [
            "" if one_said in refused else keeper.keep(one, passage, source)
            for one, (passage, source), one_said in zip(new, homes, said, strict=True)
        ]

    def facts(
        self,
        scope: Scope,
        *,
        ids: Sequence[str] | None = None,
        subject: str | None = None,
        relation: str | None = None,
        object: str | None = None,
        as_of: datetime | None = None,
        history: bool = False,
    ) -> list[Fact]:
        """Return the facts that fit all that is given, by subject, relation and time.

        Those that hold at `as_of`, which is now if not given; with `history`, those of all times.
        """
        wanted = {"subject": subject, "relation": relation, "object": object}
        keys = {name: key(text) for name, text in wanted.items() if text is not None}
        if history:
            return self._groups.stretches(scope, keys, ids)
        at = _at(as_of)
        if ids is None and {"subject", "relation"} <= keys.keys():
            pair = keys["subject"], keys["relation"]
            if (current := self._groups.current(scope, pair, utc(at) or "")) is not None:
                return [fact for fact in current if keys.get("object") in (None, key(fact.object))]
        return [fact for fact in self._groups.stretches(scope, keys, ids) if holds(fact, at)]

    def relations(self, scope: Scope) -> list[Relation]:
        """Return the relations that live facts have, by name, and whether each is functional."""
        return [found[1] for found in sorted(self._declared.relations(scope).items())]

    def functional(self, scope: Scope, relation: str) -> bool:
        """Whether a relation is declared to have one value for a subject at a time."""
        return self._declared.of(scope, [key(relation)])[key(relation)]

    def declare(self, scope: Scope, relation: str, functional: bool | None) -> None:
        """Say whether a relation is functional in this exact scope.

        `None` takes that back. It changes no stored fact.
        """
        check_text("the relation", relation)
        if not relation.strip() or functional not in (True, False, None):
            raise UsageProblem(f"cannot declare {relation!r} as {functional!r}", hint="Give a name, and True or False.")
        with self._database.write() as writer:
            self._declared.declare(writer, scope, key(relation), functional)

    def nearest(
        self, scope: Scope, vector: NDArray[np.float32], k: int, *, as_of: datetime | None = None
    ) -> list[FactMatch]:
        """Return up to k facts that hold, by cosine, best first, for a vector (dim,).

        Raises:
            UsageProblem: the vector has another length, or a component that is not finite.
            EmbedderMismatch: another process has meanwhile written with another embedder.
        """

        def search(count: int) -> list[tuple[int, float, tuple[str, ...]]]:
            return [(rid, score, ()) for rid, score in self._near(scope, "fact", vector, count)]

        return self._holding(scope, search, k, as_of)

    def match(self, scope: Scope, text: str, k: int, *, as_of: datetime | None = None) -> list[FactMatch]:
        """Return up to k facts that hold, by BM25, best first."""

        def search(count: int) -> list[tuple[int, float, tuple[str, ...]]]:
            found = self._indexes.match(scope, "fact", text, count)
            return [(rid, score, tuple(words)) for rid, score, words in found]

        return self._holding(scope, search, k, as_of)

    def term_vectors(self, scope: Scope, queries: Sequence[Query]) -> dict[str, NDArray[np.float32]]:
        """Return the vectors (dim,), by key, of the entities and relations of queries that are kept here already."""
        return self._reader.vectors(scope, queries)

    def read(
        self,
        scope: Scope,
        queries: Sequence[Query],
        vectors: Mapping[str, NDArray[np.float32]],
        limits: Limits,
        *,
        as_of: datetime | None = None,
    ) -> Reading:
        """Return what stands in the empty place of facts that hold, by queries as `stores.reading` tells.

        Args:
            scope: who asks.
            queries: what is asked.
            vectors: the vector (dim,) of each entity and relation of the queries, by its key.
            limits: how near a fact must be.
            as_of: the moment (aware); now if not given.
        """
        units = {term: self._label.row(vector) for term, vector in vectors.items()}
        return self._reader.read(scope, queries, units, limits, utc(_at(as_of), "as_of") or "")

    def retire(self, scope: Scope, ids: Sequence[str]) -> int:
        """Hide facts until they are restored; return how many. What they had superseded holds again."""
        with self._database.write() as writer:
            rows = removal.chosen(writer, scope, ids, which=LIVE, kinds=["fact"])
            return removal.retire(writer, rows)["facts"]

    def restore(self, scope: Scope, ids: Sequence[str]) -> int:
        """Bring retired facts back; return how many."""
        with self._database.write() as writer:
            rows = removal.chosen(writer, scope, ids, which=removal.RETIRED, kinds=["fact"])
            return removal.restore(writer, rows)["facts"]

    def delete(self, scope: Scope, ids: Sequence[str] = (), *, source: str | None = None) -> int:
        """Delete facts by id, and take away what a source says.

        Return how many facts went. Unknown ids count nothing.

        Raises:
            UsageProblem: the source is ''.
        """
        removal.check_source(source)
        with self._database.write() as writer:
            rows = removal.chosen(writer, scope, ids, kinds=["fact"])
            return removal.remove(writer, scope, rows, source=source)["facts"]

    def _holding(
        self,
        scope: Scope,
        search: Callable[[int], list[tuple[int, float, tuple[str, ...]]]],
        k: int,
        as_of: datetime | None,
    ) -> list[FactMatch]:
        """The best k of what holds: looks further down while what was found does not, and judges nothing twice."""
        at, wanted = utc(_at(as_of), "as_of") or "", k
        ids: dict[int, str] = {}
        judged: dict[str, Fact | None] = {}
        while True:
            found = search(wanted)
            ids.update(ids_of(self._database, [rid for rid, _, _ in found if rid not in ids]))
            new = {ids[rid] for rid, _, _ in found if rid in ids}.difference(judged)
            judged.update(self._groups.judged(scope, sorted(new), at))
            best: dict[str, FactMatch] = {}
            for rid, score, words in found:
                if (fact := judged.get(ids.get(rid, ""))) is not None:
                    best.setdefault(fact.id, FactMatch(fact, score, words))
            if len(best) >= k or len(found) < wanted:
                return list(best.values())[:k]
            wanted *= _MORE


def _at(as_of: datetime | None) -> datetime:
    if as_of is None:
        return datetime.now(UTC)
    utc(as_of, "as_of")
    return as_of
