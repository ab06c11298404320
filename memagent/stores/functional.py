"""Which relations have one value for a subject at a time: declared by somebody, or learnt from the facts themselves."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Sequence

from memagent.stores.base import Database
from memagent.stores.items import LIVE_LINE, WITH_PASSAGE, pages
from memagent.stores.scoping import columns, marks, visible
from memagent.types import Relation, Scope

_SUBJECTS = 20
"""Of fewer subjects nothing is learnt: each of a handful may have one value by chance."""

_SHARE = 0.95
"""At least so many subjects for each distinct pair of subject and object. So high because a relation of many values
that is taken for one of one value hides facts, which is worse than an old one beside a new."""

_KEPT = 64  # scopes whose counts stay in memory

_Counts = dict[str, tuple[int, int]]


class Functional:
    """What is known of the relations of each scope, as of the newest change.

    Counts stay in memory; of what changed, only the relations that it touches are counted anew.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._reset()

    def of(self, scope: Scope, relations: Iterable[str]) -> dict[str, bool]:
        """Return whether each relation, by key, is functional."""
        wanted, declared = list(relations), self._declared(scope)
        counts = {} if all(name in declared for name in wanted) else self._counts(scope)
        return {name: _judged(name, *counts.get(name, (0, 0)), declared.get(name)).functional for name in wanted}

    def relations(self, scope: Scope) -> dict[str, Relation]:
        """Return the relations that live facts have, by key, with how many subjects and distinct facts."""
        declared = self._declared(scope)
        return {name: _judged(name, *counts, declared.get(name)) for name, counts in self._counts(scope).items()}

    def declare(self, scope: Scope, relation: str, functional: bool | None) -> None:
        """Declare a relation, by key, in this exact scope; `None` takes that back."""
        own = [*columns(scope), relation]
        with self._database.write() as writer:
            writer.execute(
                "DELETE FROM declarations WHERE user = ? AND session = ? AND agent = ? AND relation = ?", own
            )
            if functional is not None:
                sql = "INSERT INTO declarations (user, session, agent, relation, functional) VALUES (?, ?, ?, ?, ?)"
                writer.execute(sql, [*own, int(functional)])

    def _declared(self, scope: Scope) -> dict[str, bool]:
        """What holds in a scope: its own declarations go before those that its user made for everything."""
        user, session, agent = columns(scope)
        rows = self._database.read(
            """SELECT relation, functional FROM declarations WHERE user = ?
               AND ((session = ? AND agent = ?) OR (session = '' AND agent = ''))
               ORDER BY length(session) + length(agent)""",
            [user, session, agent],
        )
        return {row["relation"]: bool(row["functional"]) for row in rows}

    def _counts(self, scope: Scope) -> _Counts:
        if self._pid != os.getpid():
            self._reset()
        first, seq = self._ends()
        with self._lock:
            seen, known = self._known.get(scope, (None, {}))
        if seen == seq:
            return known
        touched = self._touched(seen) if seen is not None and seen + 1 >= first else None
        if touched is None:
            counts = self._counted(scope)
        else:
            kept = {name: found for name, found in known.items() if name not in touched}
            counts = kept | self._counted(scope, sorted(touched))
        with self._lock:
            self._known.pop(scope, None)
            self._known[scope] = seq, counts
            while len(self._known) > _KEPT:
                self._known.pop(next(iter(self._known)))
        return counts

    def _ends(self) -> tuple[int, int]:
        """The oldest change on record and the newest, 0 for none."""
        row = self._database.read(
            """SELECT coalesce((SELECT min(seq) FROM changes), 0) AS first,
                      coalesce((SELECT max(seq) FROM changes), 0) AS last"""
        )[0]
        return row["first"], row["last"]

    def _touched(self, seen: int) -> set[str] | None:
        """The relations of facts that changed since, or whose passages did; `None`, for any, where something went."""
        if self._database.read("SELECT 1 FROM changes WHERE seq > ? AND op = 'delete' LIMIT 1", [seen]):
            return None
        rows = self._database.read(
            """SELECT DISTINCT relations.id AS name FROM facts JOIN items AS relations ON relations.rid = facts.relation
               WHERE facts.rid IN (SELECT rid FROM changes WHERE seq > ?) OR facts.rid IN (
                   SELECT fact FROM evidence WHERE passage IN (SELECT rid FROM changes WHERE seq > ?))""",
            [seen, seen],
        )
        return {row["name"] for row in rows}

    def _counted(self, scope: Scope, names: Sequence[str] | None = None) -> _Counts:
        """Subjects and distinct facts of each relation, or of these, over the live facts that the scope sees."""
        if names is not None:
            return {
                name: found
                for some in pages(names)
                for name, found in self._aggregated(scope, f"AND relations.id IN ({marks(some)})", some).items()
            }
        return self._aggregated(scope, "", [])

    def _aggregated(self, scope: Scope, which: str, names: Sequence[str]) -> _Counts:
        condition, params = visible(scope, "relations")
        # CROSS JOIN: from the relations, which are few, to their facts. Terms and facts share one exact scope.
        sql = f"""
            SELECT relations.id AS name, count(DISTINCT subjects.id) AS subjects, count(DISTINCT items.id) AS facts
            FROM items AS relations CROSS JOIN facts CROSS JOIN items CROSS JOIN items AS subjects
            WHERE relations.kind = 'relation' AND {condition} {which} AND facts.relation = relations.rid
            AND items.rid = facts.rid AND items.retired_at IS NULL AND subjects.rid = facts.subject AND EXISTS (
                SELECT 1 FROM evidence {WITH_PASSAGE} WHERE evidence.fact = items.rid AND {LIVE_LINE})
            GROUP BY relations.id"""
        rows = self._database.read(sql, [*params, *names])
        return {row["name"]: (row["subjects"], row["facts"]) for row in rows}

    def _reset(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[Scope, tuple[int | None, _Counts]] = {}
        self._pid = os.getpid()


def _judged(name: str, subjects: int, facts: int, declared: bool | None) -> Relation:
    if declared is not None:
        return Relation(name, subjects, facts, declared, "declared")
    learnt = subjects >= _SUBJECTS and subjects >= _SHARE * facts
    return Relation(name, subjects, facts, learnt, "learnt" if learnt else "")
