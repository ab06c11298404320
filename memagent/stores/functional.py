"""Which relations have one value for a subject at a time: declared by somebody, or learnt from the facts themselves."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable

from memagent.stores.base import Database
from memagent.stores.scoping import columns, visible
from memagent.types import Relation, Scope

_SUBJECTS = 20
"""Of fewer subjects nothing is learnt: each of a handful may have one value by chance."""

_SHARE = 0.95
"""At least so many subjects for each distinct pair of subject and object. So high because a relation of many values
that is taken for one of one value hides facts, which is worse than an old one beside a new."""

_KEPT = 64


class Functional:
    """What is known of the relations of each scope, as of the newest change."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._reset()

    def of(self, scope: Scope, relations: Iterable[str]) -> dict[str, bool]:
        """Return whether each relation, by key, is functional."""
        wanted = list(relations)
        declared = self._declared(scope)
        if all(name in declared for name in wanted):
            return {name: declared[name] for name in wanted}
        known = self.relations(scope)
        return {name: known[name].functional if name in known else declared.get(name, False) for name in wanted}

    def relations(self, scope: Scope) -> dict[str, Relation]:
        """Return the relations that live facts have, by key, with how many subjects and distinct facts."""
        if self._pid != os.getpid():
            self._reset()
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

    def _counts(self, scope: Scope) -> dict[str, tuple[int, int]]:
        seq = self._database.changes()
        with self._lock:
            known = self._known.get(scope)
        if known is not None and known[0] == seq:
            return known[1]
        counts = self._counted(scope)
        with self._lock:
            self._known.pop(scope, None)
            self._known[scope] = seq, counts
            while len(self._known) > _KEPT:
                self._known.pop(next(iter(self._known)))
        return counts

    def _counted(self, scope: Scope) -> dict[str, tuple[int, int]]:
        """Subjects and distinct facts of each relation, over the live facts that the scope sees."""
        condition, params = visible(scope)
        sql = f"""
            SELECT relations.id AS name, count(DISTINCT subjects.id) AS subjects, count(DISTINCT items.id) AS facts
            FROM items JOIN facts ON facts.rid = items.rid
            JOIN items AS relations ON relations.rid = facts.relation
            JOIN items AS subjects ON subjects.rid = facts.subject
            WHERE items.kind = 'fact' AND items.retired_at IS NULL AND {condition} AND EXISTS (
                SELECT 1 FROM evidence LEFT JOIN items AS said ON said.rid = evidence.passage
                WHERE evidence.fact = items.rid AND (evidence.passage IS NULL OR said.retired_at IS NULL))
            GROUP BY relations.id"""
        return {row["name"]: (row["subjects"], row["facts"]) for row in self._database.read(sql, params)}

    def _reset(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[Scope, tuple[int, dict[str, tuple[int, int]]]] = {}
        self._pid = os.getpid()


def _judged(name: str, subjects: int, facts: int, declared: bool | None) -> Relation:
    if declared is not None:
        return Relation(name, subjects, facts, declared, "declared")
    learnt = subjects >= _SUBJECTS and subjects >= _SHARE * facts
    return Relation(name, subjects, facts, learnt, "learnt" if learnt else "")
