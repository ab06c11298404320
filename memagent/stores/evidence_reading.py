"""Reading evidence: the live lines that a scope sees, and what takes part in deciding whether they hold.

Whether a fact of a functional relation holds depends on every value that its subject has had. Of such relations whole
groups are read, that is all of one subject and relation; of others only the facts that were asked for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from memagent.stores.base import Database, Row
from memagent.stores.functional import Functional
from memagent.stores.items import LIVE_LINE, WITH_PASSAGE, pages
from memagent.stores.scoping import marks, of_row, visible
from memagent.stores.validity import Evidence, held, stretches
from memagent.types import Fact, Scope

_PAIRS = 200
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


class Groups:
    """The facts of one database as they follow from their evidence."""

    def __init__(self, database: Database, functional: Functional) -> None:
        self._database = database
        self._functional = functional

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
        for rows, functional in self._grouped(scope, self._asked(scope, {}, ids), whole=True):
            found.update((row["fact"], None) for row in rows)
            found.update((fact.id, fact) for fact in held(map(_evidence, rows), at, functional=functional))
        return found

    def _grouped(self, scope: Scope, asked: Sequence[Row], *, whole: bool) -> list[tuple[list[Row], bool]]:
        """The lines of each subject and relation, by their keys, and whether that is functional.

        With `whole`, all lines of functional ones.
        """
        functional = self._functional.of(scope, {row["relation_key"] for row in asked})
        lines = {row["eid"]: row for row in asked}
        if whole:
            pairs = {_pair(row) for row in asked if functional[row["relation_key"]]}
            lines.update((row["eid"], row) for row in self._whole(scope, sorted(pairs)))
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

    def _whole(self, scope: Scope, pairs: Sequence[tuple[str, str]]) -> list[Row]:
        """All live lines of these pairs of subject and relation."""
        own, params = visible(scope, "subjects")
        same = "relations.user = subjects.user AND relations.session = subjects.session"
        rows: list[Row] = []
        for start in range(0, len(pairs), _PAIRS):
            some = pairs[start : start + _PAIRS]
            sql = f"""
                WITH wanted (subject, relation) AS (VALUES {", ".join(["(?, ?)"] * len(some))})
                SELECT {_COLUMNS} FROM wanted
                CROSS JOIN items AS subjects CROSS JOIN items AS relations CROSS JOIN facts CROSS JOIN items
                CROSS JOIN items AS objects CROSS JOIN evidence {WITH_PASSAGE}
                WHERE {_JOINED} AND subjects.kind = 'phrase' AND {own} AND subjects.id = wanted.subject
                AND relations.kind = 'relation' AND relations.id = wanted.relation AND {same}
                AND relations.agent = subjects.agent"""
            rows += self._database.read(sql, [*(part for pair in some for part in pair), *params])
        return rows


def _pair(row: Row) -> tuple[str, str]:
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
    )
