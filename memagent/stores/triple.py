"""Facts in a SQL database: subject, relation, object, with all that says so. What holds when is worked out on reading.

A fact is there as long as something says it: its evidence, each line with the words it was said in, where, and of what
time. Phrases and relations are there as long as a fact has them. Nothing is overwritten, and no validity is stored:
`validity` works it out from the evidence that a scope sees, so that what is deleted or forgotten leaves no trace in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from memagent.errors import Conflict, NotFound, UsageProblem
from memagent.stores import items, removal, tombstones
from memagent.stores.base import Database, FactMatch, Row, Writer
from memagent.stores.functional import Functional
from memagent.stores.items import LIVE, pages, utc
from memagent.stores.keys import content_id, fact_text, key
from memagent.stores.label import Label
from memagent.stores.projections import Projections
from memagent.stores.scoping import check_text, exact, marks, of_row, visible
from memagent.stores.validity import Evidence, stretches
from memagent.stores.word_index import bag
from memagent.types import Fact, Relation, Scope, Triple

Group = tuple[str, str]
"""The keys of a subject and a relation."""

LIVE_EVIDENCE = "items.retired_at IS NULL AND (evidence.passage IS NULL OR said.retired_at IS NULL)"
_JOINED = """
    FROM items JOIN facts ON facts.rid = items.rid
    JOIN items AS subjects ON subjects.rid = facts.subject
    JOIN items AS relations ON relations.rid = facts.relation
    JOIN items AS objects ON objects.rid = facts.object
    JOIN evidence ON evidence.fact = items.rid LEFT JOIN items AS said ON said.rid = evidence.passage"""
_LINES = f"""
    SELECT items.id AS fact, items.user, items.session, items.agent, evidence.*, said.id AS passage_id,
           subjects.id AS subject_key, relations.id AS relation_key, objects.id AS object_key {_JOINED}
    WHERE items.kind = 'fact' AND {LIVE_EVIDENCE}"""


class SQLTripleStore:
    """The `TripleStore` over any `Database`. Closing the database is left to whoever opened it.

    Args:
        embedder: the name of what the vectors come from, recorded with the first write.
        dim: the length of every vector.
        projections: indexes to share with other stores of the database; its own if not given.

    Raises:
        EmbedderMismatch: the database holds vectors of another embedder.
    """

    def __init__(self, database: Database, *, embedder: str, dim: int, projections: Projections | None = None) -> None:
        self._database = database
        self._label = Label(embedder, dim)
        self._indexes = projections or Projections(database, dim)
        self._functional = Functional(database)
        self._label.check(database)

    def __repr__(self) -> str:
        return f"SQLTripleStore(embedder={self.embedder!r}, dim={self._label.dim})"

    @property
    def embedder(self) -> str:
        """The name of what the vectors come from."""
        return self._label.embedder

    def unknown(self, scope: Scope, triples: Sequence[Triple]) -> list[str]:
        """Return the texts whose vectors `add` will ask for: of facts, phrases and relations that are new here."""
        wanted: dict[tuple[str, str], str] = {}
        for new in map(_New, triples):
            wanted["fact", new.id] = new.text
            wanted.update({("phrase", phrase): phrase for phrase in (new.subject, new.object)})
            wanted["relation", new.relation] = new.relation
        condition, own = exact(scope)
        for kind in ("fact", "phrase", "relation"):
            for some in pages([id for one, id in wanted if one == kind]):
                sql = f"SELECT id FROM items WHERE kind = ? AND {condition} AND id IN ({marks(some)})"
                for row in self._database.read(sql, [kind, *own, *some]):
                    del wanted[kind, row["id"]]
        return list(dict.fromkeys(wanted.values()))

    def add(
        self, scope: Scope, triples: Sequence[Triple], vectors: Mapping[str, NDArray[np.float32]], *, again: bool = False
    ) -> list[str]:
        """Keep triples in one transaction and return the ids of their facts, in order; what is known is kept once.

        A triple that was purged is not taken up again from the same source: its place in the result is ''. `again` lifts
        that. New evidence for a forgotten fact brings it back.

        Raises:
            UsageProblem: a triple or a vector is not fit to be kept. Nothing was written.
            NotFound: a triple names a passage that this exact scope does not have. Nothing was written.
            Conflict: a vector is missing, because another process removed its text meanwhile. Ask `unknown` again.
            EmbedderMismatch: another process has meanwhile written with another embedder. Nothing was written.
        """
        new = [_New(triple) for triple in triples]
        units = {text: self._label.row(vector) for text, vector in vectors.items()}
        with self._database.write() as writer:
            self._label.claim(writer)
            placed = _placed(writer, scope, new)
            said = [(source or one.triple.passage or "", one.id) for one, (_, source) in zip(new, placed, strict=True)]
            if again:
                tombstones.unbury(writer, scope, said)
            refused = tombstones.buried(writer, scope, said)
            keeper = _Keeper(writer, scope, units)
            return [
                "" if one_said in refused else keeper.keep(one, passage, source)
                for one, (passage, source), one_said in zip(new, placed, said, strict=True)
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
        lines = self._lines(scope, keys, ids)
        if ids is not None or "object" in keys:  # what took their place may have another object
            lines = self._groups(scope, {(line["subject_key"], line["relation_key"]) for line in lines})
        found = self._worked_out(scope, lines)
        chosen = [
            fact
            for fact in found
            if ("object" not in keys or key(fact.object) == keys["object"]) and (ids is None or fact.id in ids)
        ]
        if history:
            return chosen
        at = _at(as_of)
        return [fact for fact in chosen if holds(fact, at)]

    def relations(self, scope: Scope) -> list[Relation]:
        """Return the relations that live facts have, by name, and whether each is functional."""
        return [found[1] for found in sorted(self._functional.relations(scope).items())]

    def declare(self, scope: Scope, relation: str, functional: bool | None) -> None:
        """Say whether a relation is functional in this exact scope; `None` takes that back. It changes no stored fact."""
        check_text("the relation", relation)
        self._functional.declare(scope, key(relation), functional)

    def nearest(
        self, scope: Scope, vector: NDArray[np.float32], k: int, *, as_of: datetime | None = None
    ) -> list[FactMatch]:
        """Return up to k facts that hold, by cosine, best first, for a vector (dim,).

        Raises:
            UsageProblem: the vector has another length, or a component that is not finite.
            EmbedderMismatch: another process has meanwhile written with another embedder.
        """
        query = self._label.row(vector)
        self._label.check(self._database)

        def search(count: int) -> list[tuple[int, float, tuple[str, ...]]]:
            return [(rid, score, ()) for rid, score in self._indexes.nearest(scope, "fact", query, count)]

        return self._holding(scope, search, k, as_of)

    def match(self, scope: Scope, text: str, k: int, *, as_of: datetime | None = None) -> list[FactMatch]:
        """Return up to k facts that hold, by BM25, best first."""

        def search(count: int) -> list[tuple[int, float, tuple[str, ...]]]:
            found = self._indexes.match(scope, "fact", text, count)
            return [(rid, score, tuple(words)) for rid, score, words in found]

        return self._holding(scope, search, k, as_of)

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
        """Delete facts by id, and take away what a source says; return how many facts went. Unknown ids count nothing."""
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
        """The best k of what holds: looks further down while what was found does not."""
        at, wanted = _at(as_of), k
        while True:
            found = search(wanted)
            facts = self._by_rid(scope, [rid for rid, _, _ in found], at)
            best: dict[str, FactMatch] = {}
            for rid, score, words in found:
                if rid in facts:
                    best.setdefault(facts[rid].id, FactMatch(facts[rid], score, words))
            if len(best) >= k or len(found) < wanted:
                return list(best.values())[:k]
            wanted *= 2

    def _by_rid(self, scope: Scope, rids: Sequence[int], at: datetime) -> dict[int, Fact]:
        ids: dict[int, str] = {}
        for some in pages(rids):
            rows = self._database.read(f"SELECT rid, id FROM items WHERE rid IN ({marks(some)})", some)
            ids.update((row["rid"], row["id"]) for row in rows)
        facts = {fact.id: fact for fact in self.facts(scope, ids=sorted(set(ids.values())), as_of=at)}
        return {rid: facts[id] for rid, id in ids.items() if id in facts}

    def _lines(self, scope: Scope, keys: Mapping[str, str], ids: Sequence[str] | None) -> list[Row]:
        """The live evidence that the scope sees, of what fits."""
        condition, own = visible(scope)
        params: list[Any] = [*own]
        sql = f"{_LINES} AND {condition}"
        for name, wanted in keys.items():
            terms: list[Any] = self._terms(scope, "relation" if name == "relation" else "phrase", wanted)
            sql += f" AND facts.{name} IN ({marks(terms)})"
            params = [*params, *terms]
        if ids is None:
            return self._database.read(sql, params)
        return [row for some in pages(ids) for row in self._database.read(f"{sql} AND items.id IN ({marks(some)})", [*params, *some])]

    def _terms(self, scope: Scope, kind: str, wanted: str) -> list[Any]:
        condition, params = visible(scope)
        sql = f"SELECT rid FROM items WHERE kind = ? AND {condition} AND id = ?"
        return [row["rid"] for row in self._database.read(sql, [kind, *params, wanted])]

    def _groups(self, scope: Scope, groups: set[Group]) -> list[Row]:
        return [row for subject, relation in sorted(groups) for row in self._lines(scope, {"subject": subject, "relation": relation}, None)]

    def _worked_out(self, scope: Scope, rows: Iterable[Row]) -> list[Fact]:
        groups: dict[Group, list[Evidence]] = {}
        for row in rows:
            groups.setdefault((row["subject_key"], row["relation_key"]), []).append(_evidence(row))
        functional = self._functional.of(scope, {relation for _, relation in groups})
        return [
            fact
            for group in sorted(groups)
            for fact in stretches(groups[group], functional=functional[group[1]])
        ]


def holds(fact: Fact, at: datetime) -> bool:
    """Whether a fact holds at a moment."""
    return fact.at <= at and (fact.until is None or at < fact.until)


def check_triple(triple: Triple) -> None:
    """Refuse a triple that cannot be kept as it is."""
    for name in ("subject", "relation", "object"):
        check_text(f"the {name} of a triple", getattr(triple, name))
        if not getattr(triple, name).strip():
            raise UsageProblem(f"the {name} of {triple!r} is empty"[:300], hint="A fact has a subject, a relation and an object.")
    check_text("the source of a triple", triple.source)
    if not 0 < triple.confidence <= 1:
        raise UsageProblem(f"confidence must be above 0 and at most 1, got {triple.confidence!r}")
    at, until = utc(triple.at, "the time of a triple"), utc(triple.until, "the end of a triple")
    if at and until and until <= at:
        raise UsageProblem(f"a triple cannot end ({until}) before it begins ({at})", hint="Swap at and until?")


class _New:
    """A triple that was found fit to be kept, with its keys."""

    def __init__(self, triple: Triple) -> None:
        check_triple(triple)
        self.triple = triple
        self.subject, self.relation, self.object = map(key, (triple.subject, triple.relation, triple.object))
        self.id = content_id("fact", self.subject, self.relation, self.object)
        self.text = fact_text(self.subject, self.relation, self.object)


class _Keeper:
    """Writes facts in one transaction, each term once."""

    def __init__(self, writer: Writer, scope: Scope, vectors: Mapping[str, NDArray[np.float32]]) -> None:
        self._writer = writer
        self._scope = scope
        self._vectors = vectors
        self._rids: dict[tuple[str, str], int] = {}

    def keep(self, new: _New, passage: int | None, source: str) -> str:
        triple = new.triple
        row = self._find("fact", new.id)
        rid = row["rid"] if row is not None else self._insert(new)
        line = [rid, passage, source, utc(triple.at), utc(triple.until)]
        same = self._writer.read(
            "SELECT 1 FROM evidence WHERE fact = ? AND passage IS ? AND source = ? AND at IS ? AND until IS ?", line
        )
        if not same:
            said = [triple.subject, triple.relation, triple.object, triple.confidence, items.now()]
            self._writer.execute(
                """INSERT INTO evidence (fact, passage, source, at, until, subject, relation, object, confidence, recorded_at)
                   VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
                [*line, *said],
            )
            self._tell(rid, row)
        return new.id

    def _tell(self, rid: int, row: Row | None) -> None:
        """New evidence brings a forgotten fact back, and is a change of a known one."""
        if row is not None and row["retired_at"] is not None:
            items.set_retired(self._writer, [rid], None)
        elif row is not None:
            items.log(self._writer, [rid], "said")

    def _insert(self, new: _New) -> int:
        terms = [self._term("phrase", new.subject), self._term("relation", new.relation), self._term("phrase", new.object)]
        vector, words = self._vector(new.text), bag("", new.text)
        rid = items.insert(self._writer, "fact", self._scope, new.id, vector=vector, bag=words)
        self._writer.execute("INSERT INTO facts (rid, subject, relation, object) VALUES (?, ?, ?, ?)", [rid, *terms])
        return rid

    def _term(self, kind: str, id: str) -> int:
        if (kind, id) not in self._rids:
            row = self._find(kind, id)
            made = row["rid"] if row is not None else items.insert(self._writer, kind, self._scope, id, vector=self._vector(id))
            self._rids[kind, id] = made
        return self._rids[kind, id]

    def _find(self, kind: str, id: str) -> Row | None:
        condition, own = exact(self._scope)
        sql = f"SELECT rid, retired_at FROM items WHERE kind = ? AND {condition} AND id = ?"
        rows = self._writer.read(sql, [kind, *own, id])
        return rows[0] if rows else None

    def _vector(self, text: str) -> NDArray[np.float32]:
        if text not in self._vectors:
            raise Conflict(f"no vector was given for {text!r}", hint="Ask unknown() which texts are new, and add again.")
        return self._vectors[text]


class _Placed(NamedTuple):
    passage: int | None
    source: str


def _placed(writer: Writer, scope: Scope, new: Sequence[_New]) -> list[_Placed]:
    """The passage of each triple, by rid, and its source: that of the passage where there is one."""
    ids = [one.triple.passage for one in new if one.triple.passage is not None]
    condition, own = exact(scope)
    found: dict[str, Row] = {}
    for some in pages(list(dict.fromkeys(ids))):
        sql = f"SELECT rid, id, source FROM items WHERE kind = 'passage' AND {condition} AND id IN ({marks(some)})"
        found.update((row["id"], row) for row in writer.read(sql, [*own, *some]))
    if missing := [id for id in ids if id not in found]:
        hint = "A fact belongs to the very scope of its passage: bind the session and agent it was written in."
        raise NotFound(f"no passage with the id {', '.join(map(repr, missing[:5]))}", hint=hint)
    rows = [found[one.triple.passage] if one.triple.passage is not None else None for one in new]
    return [
        _Placed(None, one.triple.source) if row is None else _Placed(row["rid"], row["source"])
        for one, row in zip(new, rows, strict=True)
    ]


def _evidence(row: Row) -> Evidence:
    return Evidence(
        fact=row["fact"],
        key=row["object_key"],
        subject=row["subject"],
        relation=row["relation"],
        object=row["object"],
        scope=of_row(row),
        source=row["source"],
        passage=row["passage_id"] or "",
        at=row["at"] or "",
        until=row["until"] or "",
        recorded_at=row["recorded_at"],
        confidence=row["confidence"],
    )


def _at(as_of: datetime | None) -> datetime:
    if as_of is None:
        return datetime.now(UTC)
    utc(as_of, "as_of")
    return as_of
