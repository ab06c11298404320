"""How far facts have been looked for in passages: done, failed and why, or yet to be gone through.

A row hangs on its passage and goes with it. An edit writes a passage anew, so that it is to be gone through again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from memagent.errors import NotFound
from memagent.stores import removal
from memagent.stores.base import Database, Row, Writer
from memagent.stores.items import LIVE, now, pages
from memagent.stores.passage_rows import passage
from memagent.stores.scoping import exact, marks, visible
from memagent.stores.triple import SQLTripleStore
from memagent.types import Extraction, Passage, Scope, Triple

DONE, FAILED, PENDING = "done", "failed", "pending"

_STATE = f"""
    FROM items JOIN passages ON passages.rid = items.rid LEFT JOIN extractions ON extractions.rid = items.rid
    WHERE items.kind = 'passage' AND {LIVE} AND passages.text <> ''"""


class SQLExtractionStore:
    """The state of each passage, over any `Database`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def pending(self, scope: Scope, limit: int | None = None, *, also: Sequence[str] = ()) -> list[Passage]:
        """Return the live passages that are yet to be gone through, in the order they were written.

        Args:
            scope: whose.
            limit: at most so many.
            also: those of these states too: `done`, `failed`.
        """
        condition, params = visible(scope)
        states = [PENDING, *also]
        sql = f"""SELECT items.*, passages.title, passages.text, passages.metadata {_STATE}
                  AND coalesce(extractions.status, '{PENDING}') IN ({marks(states)}) AND {condition}
                  ORDER BY items.rid{"" if limit is None else f" LIMIT {int(limit)}"}"""
        return [passage(row) for row in self._database.read(sql, [*states, *params])]

    def waiting(self, scope: Scope) -> int:
        """Return how many live turns of users are yet to be gone through; of all users, where the scope names none."""
        condition, params = visible(scope) if scope.user is not None else ("1 = 1", [])
        sql = f"""SELECT count(*) AS n {_STATE} AND extractions.status IS NULL AND {condition}
                  AND json_extract(passages.metadata, '$.role') = 'user'"""
        return int(self._database.read(sql, params)[0]["n"])

    def counts(self, scope: Scope) -> Mapping[str, int]:
        """Return how many live passages are `done`, `failed` and `pending`."""
        condition, params = visible(scope)
        sql = f"SELECT coalesce(extractions.status, '{PENDING}') AS status, count(*) AS n {_STATE} AND {condition}"
        found = {row["status"]: row["n"] for row in self._database.read(f"{sql} GROUP BY 1", params)}
        return {status: found.get(status, 0) for status in (DONE, FAILED, PENDING)}

    def failed(self, scope: Scope) -> Mapping[str, str]:
        """Return why it failed, by the ids of the passages."""
        return {row["id"]: row["problem"] for row in self._rows(scope, FAILED)}

    def entities(self, scope: Scope) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Yield the id of each passage that is done with the entities that were found in it."""
        for row in self._rows(scope, DONE):
            yield row["id"], tuple(json.loads(row["entities"]))

    def keep(
        self,
        of: Passage,
        extractor: str,
        found: Extraction,
        triples: Sequence[Triple],
        vectors: Mapping[str, NDArray[np.float32]],
        into: SQLTripleStore,
    ) -> int:
        """Keep what was found in a passage, in one transaction; return how many facts it says by that.

        What an earlier extraction found in it, and this one did not, goes. What somebody else has said of the passage
        is not the extraction's, and stays when a later one does not find it.

        Args:
            of: the passage, in its own scope.
            extractor: what found it.
            found: the names are taken from it.
            triples: the facts, each with this passage.
            vectors: as `into.add` takes them.
            into: the store of facts, over the same database.

        Raises:
            NotFound: the passage has gone meanwhile, or is forgotten, or has another text now.
            Conflict: as `into.add` says.
        """
        with self._database.write() as writer:
            rid = self._rid(writer, of)
            before, said = self._facts(writer, rid), _said(writer, rid)
            ids = {id for id in into.add_within(writer, of.scope, triples, vectors) if id}
            removal.unsay(writer, rid, _fact_rids(writer, of.scope, sorted(before - ids)))
            self._write(writer, rid, DONE, extractor, list(found.entities), sorted(ids - (said - before)))
        return len(ids)

    def fail(self, of: Passage, extractor: str, problem: str) -> None:
        """Record that nothing could be found in a passage, and why. What was found before stays.

        Raises:
            NotFound: as for `done`.
        """
        with self._database.write() as writer:
            rid = self._rid(writer, of)
            rows = writer.read("SELECT entities, facts FROM extractions WHERE rid = ?", [rid])
            entities, facts = (json.loads(rows[0][name]) if rows else [] for name in ("entities", "facts"))
            self._write(writer, rid, FAILED, extractor, entities, facts, problem)

    def again(self, scope: Scope, status: str = FAILED) -> int:
        """Have passages of that status gone through again; return how many. What they say stays until then."""
        condition, params = visible(scope)
        with self._database.write() as writer:
            return writer.execute(
                f"""UPDATE extractions SET status = '{PENDING}' WHERE status = ? AND rid IN
                    (SELECT items.rid FROM items WHERE items.kind = 'passage' AND {LIVE} AND {condition})""",
                [status, *params],
            )

    def _rows(self, scope: Scope, status: str) -> list[Row]:
        condition, params = visible(scope)
        sql = f"SELECT items.id, extractions.problem, extractions.entities {_STATE} AND {condition}"
        return self._database.read(f"{sql} AND extractions.status = ? ORDER BY items.rid", [*params, status])

    def _facts(self, writer: Writer, rid: int) -> set[str]:
        rows = writer.read("SELECT facts FROM extractions WHERE rid = ?", [rid])
        return set(json.loads(rows[0]["facts"])) if rows else set()

    def _rid(self, writer: Writer, of: Passage) -> int:
        condition, own = exact(of.scope)
        sql = f"""SELECT items.rid FROM items JOIN passages ON passages.rid = items.rid
                  WHERE items.kind = 'passage' AND {LIVE} AND {condition} AND items.id = ? AND passages.text = ?"""
        rows = writer.read(sql, [*own, of.id, of.text])
        if not rows:
            raise NotFound(f"the passage {of.id!r} has gone meanwhile, or has another text")
        return int(rows[0]["rid"])

    def _write(
        self,
        writer: Writer,
        rid: int,
        status: str,
        extractor: str,
        entities: Sequence[str],
        facts: Sequence[str],
        problem: str = "",
    ) -> None:
        writer.execute("DELETE FROM extractions WHERE rid = ?", [rid])
        writer.execute(
            """INSERT INTO extractions (rid, status, extractor, entities, facts, problem, recorded_at)
               VALUES (?, ?, ?, ?, ?, ?, ?)""",
            [rid, status, extractor, json.dumps(entities), json.dumps(facts), problem, now()],
        )


def _said(writer: Writer, rid: int) -> set[str]:
    """The ids of the facts that a passage says, whoever found them in it, at no given time."""
    sql = """SELECT items.id FROM evidence JOIN items ON items.rid = evidence.fact
             WHERE evidence.passage = ? AND evidence.at IS NULL AND evidence.until IS NULL"""
    return {row["id"] for row in writer.read(sql, [rid])}


def _fact_rids(writer: Writer, scope: Scope, ids: Sequence[str]) -> list[int]:
    condition, own = exact(scope)
    found: list[int] = []
    for some in pages(ids):
        sql = f"SELECT rid FROM items WHERE kind = 'fact' AND {condition} AND id IN ({marks(some)})"
        found += [row["rid"] for row in writer.read(sql, [*own, *some])]
    return found
