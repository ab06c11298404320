"""Which relations have one value for a subject at a time: those that somebody has declared, and no others.

What the facts look like decides nothing: each of forty people may like one thing by chance, and a rule that was taken
from that would hide the second thing that one of them likes. Where it looks so, it is suggested to whoever lists the
relations.
"""

from __future__ import annotations

from collections.abc import Iterable

from memagent.stores.base import Database, Writer
from memagent.stores.items import LIVE_LINE, WITH_PASSAGE, pages
from memagent.stores.scoping import columns, marks, visible
from memagent.types import Relation, Scope

_SUBJECTS = 20
"""Of fewer subjects nothing is suggested: each of a handful may have one value by chance."""

_SHARE = 0.95
"""At least so many subjects for each distinct pair of subject and object."""


class Declared:
    """What is declared of the relations of each scope, and what there is of each."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, scope: Scope, relations: Iterable[str], reader: Writer | None = None) -> dict[str, bool]:
        """Return whether each relation, by key, is declared to have one value at a time.

        A scope's own declarations go before those that its user made for everything. Within a transaction, `reader` is
        its writer.
        """
        names = list(dict.fromkeys(relations))
        return dict.fromkeys(names, False) | self._said(scope, names, reader or self._database)

    def relations(self, scope: Scope) -> dict[str, Relation]:
        """Return the relations that live facts have, by key, with how many subjects and distinct facts."""
        counts = self._counts(scope)
        said = self._said(scope, list(counts), self._database)
        return {name: _told(name, *counts[name], said.get(name)) for name in counts}

    def declare(self, writer: Writer, scope: Scope, relation: str, functional: bool | None) -> None:
        """Declare a relation, by key, in this exact scope; `None` takes that back."""
        own = [*columns(scope), relation]
        writer.execute("DELETE FROM declarations WHERE user = ? AND session = ? AND agent = ? AND relation = ?", own)
        if functional is not None:
            sql = "INSERT INTO declarations (user, session, agent, relation, functional) VALUES (?, ?, ?, ?, ?)"
            writer.execute(sql, [*own, int(functional)])

    def _said(self, scope: Scope, names: list[str], reader: Database | Writer) -> dict[str, bool]:
        user, session, agent = columns(scope)
        found: dict[str, bool] = {}
        for some in pages(names):
            sql = f"""
                SELECT relation, functional FROM declarations WHERE user = ? AND relation IN ({marks(some)})
                AND ((session = ? AND agent = ?) OR (session = '' AND agent = ''))
                ORDER BY length(session) + length(agent)"""
            rows = reader.read(sql, [user, *some, session, agent])
            found.update((row["relation"], bool(row["functional"])) for row in rows)
        return found

    def _counts(self, scope: Scope) -> dict[str, tuple[int, int]]:
        """Subjects and distinct facts of each relation, over the live facts that the scope sees."""
        condition, params = visible(scope, "relations")
        # CROSS JOIN: from the relations, which are few, to their facts. Terms and facts share one exact scope.
        sql = f"""
            SELECT relations.id AS name, count(DISTINCT subjects.id) AS subjects, count(DISTINCT items.id) AS facts
            FROM items AS relations CROSS JOIN facts CROSS JOIN items CROSS JOIN items AS subjects
            WHERE relations.kind = 'relation' AND {condition} AND facts.relation = relations.rid
            AND items.rid = facts.rid AND items.retired_at IS NULL AND subjects.rid = facts.subject AND EXISTS (
                SELECT 1 FROM evidence {WITH_PASSAGE} WHERE evidence.fact = items.rid AND {LIVE_LINE})
            GROUP BY relations.id"""
        rows = self._database.read(sql, params)
        return {row["name"]: (row["subjects"], row["facts"]) for row in rows}


def _told(name: str, subjects: int, facts: int, said: bool | None) -> Relation:
    if said is not None:
        return Relation(name, subjects, facts, said, "declared")
    looks = subjects >= _SUBJECTS and subjects >= _SHARE * facts
    return Relation(name, subjects, facts, functional=False, suggested=looks)
