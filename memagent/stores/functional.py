"""Which relations have one value for a subject at a time: declared by somebody, or learnt from the facts themselves."""

from __future__ import annotations

import os
import threading
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

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


@dataclass
class _Known:
    """Counts of a scope's relations, and by how much they may be off since: facts that changed, by relation or any."""

    seq: int
    counts: _Counts
    changed: Counter[str] = field(default_factory=Counter)
    gone: int = 0

    def surely(self, name: str) -> bool | None:
        """Whether a relation is functional by its counts; `None` where what changed since might make it otherwise."""
        subjects, facts = self.counts.get(name, (0, 0))
        off = self.changed[name] + self.gone
        if _learnt(subjects - off, facts + off):
            return True
        return None if _learnt(subjects + off, max(0, facts - off)) else False


class Functional:
    """What is known of the relations of each scope, as of the newest change.

    Counts stay in memory. A relation is counted anew only when so many of its facts have changed that it might now be
    judged otherwise, or when somebody asks for the counts: so a read after a write does not go through all facts.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._reset()

    def of(self, scope: Scope, relations: Iterable[str]) -> dict[str, bool]:
        """Return whether each relation, by key, is functional."""
        wanted, found = list(relations), self._declared(scope)
        if unsaid := [name for name in wanted if name not in found]:
            known = self._followed(scope)
            if unsure := [name for name in unsaid if known.surely(name) is None]:
                known = self._recounted(scope, known, unsure)
            found |= {name: _learnt(*known.counts.get(name, (0, 0))) for name in unsure}
            found |= {name: bool(known.surely(name)) for name in unsaid if name not in found}
        return {name: found[name] for name in wanted}

    def relations(self, scope: Scope) -> dict[str, Relation]:
        """Return the relations that live facts have, by key, with how many subjects and distinct facts."""
        declared = self._declared(scope)
        counts = self._exact(scope)
        return {name: _judged(name, *counts[name], declared.get(name)) for name in counts}

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

    def _followed(self, scope: Scope) -> _Known:
        """The counts of a scope with what has changed since they were made; counted where too much has."""
        if self._pid != os.getpid():
            self._reset()
        first, seq = self._ends()
        with self._lock:
            known = self._known.get(scope)
        if known is not None and known.seq == seq:
            return known
        if known is None or known.seq + 1 < first:
            return self._keep(scope, _Known(seq, self._counted(scope)))
        changed, gone = self._changes(known.seq)
        return self._keep(scope, _Known(seq, known.counts, known.changed + changed, known.gone + gone))

    def _recounted(self, scope: Scope, known: _Known, names: Sequence[str]) -> _Known:
        """The same with these relations counted anew; all of them, where it is not known which facts are gone."""
        if known.gone:
            return self._keep(scope, _Known(known.seq, self._counted(scope)))
        left = Counter({name: count for name, count in known.changed.items() if name not in names})
        kept = {name: found for name, found in known.counts.items() if name not in names}
        return self._keep(scope, _Known(known.seq, kept | self._counted(scope, names), left))

    def _exact(self, scope: Scope) -> _Counts:
        known = self._followed(scope)
        if known.gone or known.changed:
            known = self._recounted(scope, known, sorted(known.changed))
        return known.counts

    def _keep(self, scope: Scope, known: _Known) -> _Known:
        with self._lock:
            self._known.pop(scope, None)
            self._known[scope] = known
            while len(self._known) > _KEPT:
                self._known.pop(next(iter(self._known)))
        return known

    def _ends(self) -> tuple[int, int]:
        """The oldest change on record and the newest, 0 for none."""
        row = self._database.read(
            """SELECT coalesce((SELECT min(seq) FROM changes), 0) AS first,
                      coalesce((SELECT max(seq) FROM changes), 0) AS last"""
        )[0]
        return row["first"], row["last"]

    def _changes(self, seen: int) -> tuple[Counter[str], int]:
        """How many facts of each relation changed since, or their passages did; and how many items are gone."""
        gone = self._database.read("SELECT count(*) AS n FROM changes WHERE seq > ? AND op = 'delete'", [seen])[0]["n"]
        rows = self._database.read(
            """SELECT relations.id AS name, count(*) AS facts
               FROM facts JOIN items AS relations ON relations.rid = facts.relation
               WHERE facts.rid IN (SELECT rid FROM changes WHERE seq > ?) OR facts.rid IN (
                   SELECT fact FROM evidence WHERE passage IN (SELECT rid FROM changes WHERE seq > ?))
               GROUP BY relations.id""",
            [seen, seen],
        )
        return Counter({row["name"]: row["facts"] for row in rows}), gone

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
        self._known: dict[Scope, _Known] = {}
        self._pid = os.getpid()


def _judged(name: str, subjects: int, facts: int, declared: bool | None) -> Relation:
    if declared is not None:
        return Relation(name, subjects, facts, declared, "declared")
    learnt = _learnt(subjects, facts)
    return Relation(name, subjects, facts, learnt, "learnt" if learnt else "")


def _learnt(subjects: int, facts: int) -> bool:
    return subjects >= _SUBJECTS and subjects >= _SHARE * facts
