"""Writing facts: what makes a triple fit to be kept, and its terms, fact and evidence in one open transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from numbers import Real
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from memagent.errors import Conflict, NotFound, UsageProblem, quoted
from memagent.stores import items
from memagent.stores.base import Row, Writer
from memagent.stores.derived import of_fact, of_term
from memagent.stores.items import LIVE_ONE, pages, utc
from memagent.stores.keys import content_id, key
from memagent.stores.scoping import check_text, exact, marks
from memagent.types import Scope, Triple


def check_triple(triple: Triple) -> None:
    """Refuse a triple that cannot be kept as it is."""
    for name in ("subject", "relation", "object"):
        check_text(f"the {name} of a triple", getattr(triple, name))
        if not key(getattr(triple, name)):
            said = " | ".join(quoted(part) for part in (triple.subject, triple.relation, triple.object))
            hint = "A fact has a subject, a relation and an object."
            raise UsageProblem(f"the {name} is empty: {said}", hint=hint)
    check_text("the source of a triple", triple.source)
    if triple.passage is not None:
        check_text("the passage of a triple", triple.passage)
    if not isinstance(triple.confidence, Real) or not 0 < triple.confidence <= 1:
        raise UsageProblem(f"confidence must be a number above 0 and at most 1, got {triple.confidence!r}")
    at, until = utc(triple.at, "the time of a triple"), utc(triple.until, "the end of a triple")
    if at:
        check_order(at, until)


def check_order(start: str, until: str | None) -> None:
    """Refuse an end that is not after the beginning; one without a time of its own begins when it is written."""
    if until and until <= start:
        hint = "Say since when it held, with at=; and if both are there, swap them?"
        raise UsageProblem(f"a triple cannot end ({until}) before it begins ({start})", hint=hint)


class NewTriple:
    """A triple that was found fit to be kept, with its keys and its times as they are stored."""

    def __init__(self, triple: Triple) -> None:
        check_triple(triple)
        self.triple = triple
        self.words = (triple.subject, triple.relation, triple.object)
        self.subject, self.relation, self.object = map(key, self.words)
        self.id = content_id("fact", self.subject, self.relation, self.object)
        self.derived = of_fact(self.subject, self.relation, self.object)
        self.at, self.until = utc(triple.at), utc(triple.until)
        self.confidence = float(triple.confidence)


# Every column but the first is wrapped, so that SQLite goes by the index of facts: the one of sources would lead it
# through all that one source, or none, has ever said.
SAME = """
    SELECT eid, subject, relation, object, confidence FROM evidence WHERE fact = ? AND coalesce(passage, 0) = ?
    AND coalesce(source, '') = ? AND coalesce(at, '') = ? AND coalesce(until, '') = ?"""


def same(writer: Writer, fact: int, passage: int | None, source: str, at: str | None, until: str | None) -> Row | None:
    """Return the line that says this fact already, by the same source or passage and of the same time."""
    rows = writer.read(SAME, [fact, passage or 0, source, at or "", until or ""])
    return rows[0] if rows else None


class EvidenceRow(NamedTuple):
    """A line of evidence as it is stored: which fact, who says it, of what time, in which words, how surely, when."""

    fact: int
    passage: int | None
    source: str
    at: str | None
    until: str | None
    subject: str
    relation: str
    object: str
    confidence: float
    recorded_at: str


def say(writer: Writer, said: EvidenceRow) -> None:
    """Write a line of evidence of a fact that is there, with the subject and the relation of that fact."""
    sql = f"""INSERT INTO evidence ({", ".join(EvidenceRow._fields)}, about, through)
              SELECT {marks(said)}, subject, relation FROM facts WHERE rid = ?"""
    writer.execute(sql, [*said, said.fact])


class Keeper:
    """Writes facts in one transaction, each term once. With `anew`, what is said already counts as written now."""

    def __init__(
        self, writer: Writer, scope: Scope, vectors: Mapping[str, NDArray[np.float32]], *, anew: bool = False
    ) -> None:
        self._anew = anew
        self._writer = writer
        self._scope = scope
        self._vectors = vectors
        self._rids: dict[tuple[str, str], int] = {}

    def keep(self, new: NewTriple, passage: int | None, source: str) -> str:
        """Write a fact unless it is there, and who says it unless that is known; return the id of the fact."""
        row = self._find("fact", new.id)
        rid = row["rid"] if row is not None else self._insert(new)
        known = same(self._writer, rid, passage, source, new.at, new.until)
        changed = self._agree(known, new) if known is not None else self._say(rid, new, passage, source)
        if row is not None and row["retired_at"] is not None and (known is None or passage is None):
            items.set_retired(self._writer, [rid], None)
        elif row is not None and changed:
            items.log(self._writer, [rid], "said")
        return new.id

    def _say(self, rid: int, new: NewTriple, passage: int | None, source: str) -> bool:
        now = items.now()
        check_order(new.at or now, new.until)
        say(self._writer, EvidenceRow(rid, passage, source, new.at, new.until, *new.words, new.confidence, now))
        return True

    def _agree(self, known: Row, new: NewTriple) -> bool:
        """The same once more, in other words or less sure: what is kept must not depend on which came first."""
        before = (known["subject"], known["relation"], known["object"]), known["confidence"]
        after = min(before[0], new.words), max(before[1], new.confidence)
        if after != before:
            sql = "UPDATE evidence SET subject = ?, relation = ?, object = ?, confidence = ? WHERE eid = ?"
            self._writer.execute(sql, [*after[0], after[1], known["eid"]])
        if self._anew:  # of two values of one moment the one that was written later stands
            sql = "UPDATE evidence SET recorded_at = ? WHERE eid = ?"
            self._writer.execute(sql, [items.now(), known["eid"]])
        return self._anew or after != before

    def _insert(self, new: NewTriple) -> int:
        named = ("phrase", new.subject), ("relation", new.relation), ("phrase", new.object)
        terms = [self._term(kind, id) for kind, id in named]
        vector = self._vector(new.derived.embedded)
        rid = items.insert(self._writer, "fact", self._scope, new.id, vector=vector, bag=new.derived.bag)
        self._writer.execute("INSERT INTO facts (rid, subject, relation, object) VALUES (?, ?, ?, ?)", [rid, *terms])
        return rid

    def _term(self, kind: str, id: str) -> int:
        if (kind, id) not in self._rids:
            row = self._find(kind, id)
            made = (
                row["rid"]
                if row is not None
                else items.insert(self._writer, kind, self._scope, id, vector=self._vector(of_term(id).embedded))
            )
            self._rids[kind, id] = made
        return self._rids[kind, id]

    def _find(self, kind: str, id: str) -> Row | None:
        condition, own = exact(self._scope)
        sql = f"SELECT rid, retired_at FROM items WHERE kind = ? AND {condition} AND id = ?"
        rows = self._writer.read(sql, [kind, *own, id])
        return rows[0] if rows else None

    def _vector(self, text: str) -> NDArray[np.float32]:
        if text not in self._vectors:
            raise Conflict(
                f"no vector was given for {text!r}", hint="Ask unknown() which texts are new, and add again."
            )
        return self._vectors[text]


class Placed(NamedTuple):
    """Where a triple comes from: the rid of its passage, or none, and its source."""

    passage: int | None
    source: str


def placed(writer: Writer, scope: Scope, new: Sequence[NewTriple]) -> list[Placed]:
    """The passage of each triple, by rid, and its source: that of the passage where there is one."""
    ids = [one.triple.passage for one in new if one.triple.passage is not None]
    condition, own = exact(scope)
    found: dict[str, Row] = {}
    for some in pages(list(dict.fromkeys(ids))):
        sql = f"""SELECT rid, id, source FROM items
                  WHERE kind = 'passage' AND {condition} AND {LIVE_ONE} AND id IN ({marks(some)})"""
        found.update((row["id"], row) for row in writer.read(sql, [*own, *some]))
    if missing := [id for id in ids if id not in found]:
        hint = "It was forgotten, or written in another scope: bind the session and agent it was written in."
        raise NotFound(f"no passage with the id {', '.join(map(repr, missing[:5]))}", hint=hint)
    rows = [found[one.triple.passage] if one.triple.passage is not None else None for one in new]
    return [
        Placed(None, one.triple.source) if row is None else Placed(row["rid"], row["source"])
        for one, row in zip(new, rows, strict=True)
    ]
