"""Reading evidence: the live lines that a scope sees, and what takes part in deciding whether they hold.

Whether a fact of a functional relation holds depends on every value that its subject has had. Of such relations whole
groups are read, that is all of one subject and relation; of others only the facts that were asked for. Of a group that
is large only those lines are read that decide what holds at the moment: by an index, from there back and forth in time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from heapq import merge

from memagent.stores.base import Database, Row
from memagent.stores.declared import Declared
from memagent.stores.items import LIVE_LINE, WITH_PASSAGE, pages
from memagent.stores.newest import newest_first
from memagent.stores.scoping import marks, of_row, visible
from memagent.stores.validity import Evidence, deciding, held, stretches
from memagent.types import Fact, Scope

_PAIRS = 200
_SMALL = 64  # lines of a group that is read whole
_PAGE, _MOST = 8, 256  # lines that are read at a time at first, and at most
_START = "coalesce(evidence.at, evidence.recorded_at)"

Pair = tuple[str, str]
"""The keys of a subject and a relation."""
Place = tuple[int, int]
"""The rids of both in one exact scope."""

_COLUMNS = """
    items.id AS fact, items.user, items.session, items.agent, said.id AS passage_id,
    subjects.id AS subject_key, relations.id AS relation_key, objects.id AS object_key,
    evidence.subject, evidence.relation, evidence.object, evidence.source, evidence.at, evidence.until,
    evidence.recorded_at, evidence.confidence, evidence.eid"""
# CROSS JOIN keeps the order that is written, and coalesce keeps SQLite from taking the index of what is live: knowing
# nothing of the values, it would else begin with all facts of a user. A fact and its terms share one exact scope, so
# that it is enough to ask for that of either.
_TERMS_AND_EVIDENCE = f"""
    CROSS JOIN items AS subjects CROSS JOIN items AS relations CROSS JOIN items AS objects
    CROSS JOIN evidence {WITH_PASSAGE}"""
_JOINED = f"""
    facts.rid = items.rid AND items.kind = 'fact' AND coalesce(items.retired_at, '') = ''
    AND subjects.rid = facts.subject AND relations.rid = facts.relation AND objects.rid = facts.object
    AND evidence.fact = facts.rid AND {LIVE_LINE}"""
_SAME_PLACE = """subjects.kind = 'phrase' AND {own} AND subjects.id = wanted.subject
    AND relations.kind = 'relation' AND relations.id = wanted.relation AND relations.user = subjects.user
    AND relations.session = subjects.session AND relations.agent = subjects.agent"""


class Groups:
    """The facts of one database as they follow from their evidence."""

    def __init__(self, database: Database, declared: Declared) -> None:
        self._database = database
        self._declared = declared

    def stretches(self, scope: Scope, keys: Mapping[str, str], ids: Sequence[str] | None = None) -> list[Fact]:
        """Return each stretch of the facts that fit, by the keys of subject and relation, then by time and object.

        Args:
            scope: who asks.
            keys: the keys of `subject`, `relation` and `object`, as far as they are asked for.
            ids: of the facts that are meant; any if not given.
        """
        asked = self._asked(scope, keys, ids)
        wanted = {row["fact"] for row in asked}
        whole = ids is not None or "object" in keys  # what took their place has another object
        return [
            fact
            for rows, functional in self._grouped(scope, asked, whole=whole)
            for fact in stretches(map(_evidence, rows), functional=functional)
            if fact.id in wanted
        ]

    def judged(self, scope: Scope, ids: Sequence[str], at: str) -> dict[str, Fact | None]:
        """Return these facts by id as they hold at a moment, `None` where one does not, with all that is judged along.

        Of a functional relation that is all that the subject has had; who goes on looking need not ask for it again.

        Args:
            scope: who asks.
            ids: of the facts that are meant.
            at: the moment, as it is stored.
        """
        found: dict[str, Fact | None] = dict.fromkeys(ids)
        for rows, functional in self._grouped(scope, self._asked(scope, {}, ids), whole=True, at=at):
            found.update((row["fact"], None) for row in rows)
            found.update((fact.id, fact) for fact in held(map(_evidence, rows), at, functional=functional))
        return found

    def current(self, scope: Scope, pair: Pair, at: str) -> list[Fact] | None:
        """Return the facts of a subject and relation, by key, that hold at a moment, by object.

        `None` where the relation is not functional: then each fact is judged by itself.
        """
        if not self._declared.of(scope, [pair[1]])[pair[1]]:
            return None
        rows = self._of_pairs(scope, [pair], at)
        return held(map(_evidence, rows), at, functional=True) if rows else []

    def newest(self, scope: Scope, places: Sequence[Place], at: str) -> Iterator[Fact]:
        """Yield the facts of subjects and relations, by their rids, that hold at a moment, the newest first.

        Of relations that are not functional; read back in time as far as somebody goes on asking.
        """
        lines = self._in_time(places, at, {}, back=True)
        return newest_first(lines, lambda ids: self.judged(scope, ids, at))

    def _grouped(
        self, scope: Scope, asked: Sequence[Row], *, whole: bool, at: str | None = None
    ) -> list[tuple[list[Row], bool]]:
        """The lines of each subject and relation, by their keys, and whether that is functional.

        With `whole`, all lines of functional ones, or with `at` those that decide what holds then.
        """
        functional = self._declared.of(scope, {row["relation_key"] for row in asked})
        lines = {row["eid"]: row for row in asked}
        if whole:
            pairs = sorted({_pair(row) for row in asked if functional[row["relation_key"]]})
            if at is not None:  # a line beside those that decide would take part in judging
                lines = {eid: row for eid, row in lines.items() if not functional[row["relation_key"]]}
            found = self._whole(scope, pairs) if at is None else self._of_pairs(scope, pairs, at)
            lines.update((row["eid"], row) for row in found)
        by_pair: dict[tuple[str, str], list[Row]] = {}
        for row in lines.values():
            by_pair.setdefault(_pair(row), []).append(row)
        return [(by_pair[pair], functional[pair[1]]) for pair in sorted(by_pair)]

    def _asked(self, scope: Scope, keys: Mapping[str, str], ids: Sequence[str] | None) -> list[Row]:
        """The live lines of the facts that fit."""
        condition, params = visible(scope)
        where, first = f"{_JOINED} AND {condition}", "facts CROSS JOIN items" if keys else "items CROSS JOIN facts"
        for name, wanted in keys.items():
            own, its = visible(scope, "terms")
            terms = f"SELECT terms.rid FROM items AS terms WHERE terms.kind = ? AND {own} AND terms.id = ?"
            where += f" AND facts.{name} IN ({terms})"
            params = [*params, "relation" if name == "relation" else "phrase", *its, wanted]
        sql = f"SELECT {_COLUMNS} FROM {first} {_TERMS_AND_EVIDENCE} WHERE {where}"
        if ids is None:
            return self._database.read(sql, params)
        return [
            row
            for some in pages(list(dict.fromkeys(ids)))
            for row in self._database.read(f"{sql} AND items.id IN ({marks(some)})", [*params, *some])
        ]

    def _of_pairs(self, scope: Scope, pairs: Sequence[Pair], at: str) -> list[Row]:
        """The lines that decide what holds at a moment: of a small group all of them, which are read together."""
        places, large = self._places(scope, pairs)
        rows = self._whole(scope, [pair for pair in pairs if pair not in large])
        for pair in large:
            by_eid: dict[int, Row] = {}
            before, after = (self._in_time(places[pair], at, by_eid, back=back) for back in (True, False))
            rows += [by_eid[line.eid] for line in deciding(before, after)]
        return rows

    def _places(self, scope: Scope, pairs: Sequence[Pair]) -> tuple[dict[Pair, list[Place]], list[Pair]]:
        """Where each pair stands, in every session and agent that the scope sees; and those with many lines."""
        own, params = visible(scope, "subjects")
        places: dict[Pair, list[Place]] = {}
        counts: Counter[Pair] = Counter()
        for some in pages(pairs, _PAIRS):
            sql = f"""
                WITH wanted (subject, relation) AS (VALUES {", ".join(["(?, ?)"] * len(some))})
                SELECT subjects.id AS subject_key, relations.id AS relation_key, subjects.rid AS subject,
                relations.rid AS relation, (SELECT count(*) FROM (
                    SELECT 1 FROM evidence WHERE about = subjects.rid AND through = relations.rid LIMIT {_SMALL + 1}
                )) AS lines FROM wanted CROSS JOIN items AS subjects CROSS JOIN items AS relations
                WHERE {_SAME_PLACE.format(own=own)}"""
            for row in self._database.read(sql, [*(part for pair in some for part in pair), *params]):
                places.setdefault(_pair(row), []).append((row["subject"], row["relation"]))
                counts[_pair(row)] += row["lines"]
        return places, [pair for pair in places if counts[pair] > _SMALL]

    def _in_time(self, places: Sequence[Place], at: str, by_eid: dict[int, Row], *, back: bool) -> Iterator[Evidence]:
        """The lines of a pair from a moment on, back in time or forth; their rows are put into `by_eid`."""
        several = [self._along(place, at, by_eid, back=back) for place in places]
        return merge(*several, key=lambda line: line.start, reverse=back)

    def _along(self, place: Place, at: str, by_eid: dict[int, Row], *, back: bool) -> Iterator[Evidence]:
        """The same of one place, read page by page, as far as anybody goes on asking."""
        first, beyond, order = ("<=", "<", "DESC") if back else (">", ">", "ASC")
        start, eid, count = at, None, _PAGE
        while True:
            further = f"AND ({_START} {beyond} ? OR evidence.eid {beyond} ?)" if eid is not None else ""
            sql = f"""
                SELECT {_COLUMNS} FROM evidence CROSS JOIN facts CROSS JOIN items
                CROSS JOIN items AS subjects CROSS JOIN items AS relations CROSS JOIN items AS objects {WITH_PASSAGE}
                WHERE evidence.about = ? AND evidence.through = ? AND {_START} {first} ? {further} AND {_JOINED}
                ORDER BY {_START} {order}, evidence.eid {order} LIMIT {count}"""
            rows = self._database.read(sql, [*place, start, *((start, eid) if eid is not None else ())])
            by_eid.update((row["eid"], row) for row in rows)
            yield from map(_evidence, rows)
            if len(rows) < count:
                return
            first = "<=" if back else ">="
            start, eid, count = rows[-1]["at"] or rows[-1]["recorded_at"], rows[-1]["eid"], min(4 * count, _MOST)

    def _whole(self, scope: Scope, pairs: Sequence[tuple[str, str]]) -> list[Row]:
        """All live lines of these pairs of subject and relation."""
        own, params = visible(scope, "subjects")
        rows: list[Row] = []
        for some in pages(pairs, _PAIRS):
            sql = f"""
                WITH wanted (subject, relation) AS (VALUES {", ".join(["(?, ?)"] * len(some))})
                SELECT {_COLUMNS} FROM wanted
                CROSS JOIN items AS subjects CROSS JOIN items AS relations CROSS JOIN facts CROSS JOIN items
                CROSS JOIN items AS objects CROSS JOIN evidence {WITH_PASSAGE}
                WHERE {_JOINED} AND {_SAME_PLACE.format(own=own)}"""
            rows += self._database.read(sql, [*(part for pair in some for part in pair), *params])
        return rows


def _pair(row: Row) -> Pair:
    return row["subject_key"], row["relation_key"]


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
        eid=row["eid"],
    )
