"""Solved problems with their reasoning in a SQL database, found by the problem.

A scope sees what it wrote itself and what others have marked as shared; of a shared one it does not learn who wrote it.
An id stands for one rationale in the eyes of a scope: its own goes before one that is shared, among its own the newer,
and among shared ones the older, so that nobody takes over an id by sharing another text under it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from memagent.errors import Conflict, NotFound, UsageProblem
from memagent.stores import items, removal
from memagent.stores.base import Database, RationaleMatch, Row, Vectors, Writer
from memagent.stores.derived import of_rationale
from memagent.stores.indexed import IndexedStore
from memagent.stores.items import LIVE, moment, pages
from memagent.stores.keys import content_id, key, problem_key
from memagent.stores.passage_rows import as_json
from memagent.stores.scoping import check_text, exact, marks, of_row, visible
from memagent.types import ORIGINAL, REFUTED, TRIED, Rationale, Scope

KIND = "rationale"

_FULL = """items.*, rationales.problem, rationales.reasoning, rationales.answer, rationales.verified,
    rationales.metadata, rationales.successes, rationales.failures"""
_FROM = "FROM rationales JOIN items ON items.rid = rationales.rid"
_FURTHER = 4  # where too much was left out, look so many times as far down
_SCOPED = "It was never added, was forgotten, or belongs to another scope that does not share it."

_Found = list[tuple[int, float, tuple[str, ...]]]


class SQLRationaleStore(IndexedStore):
    """The `RationaleStore` over any `Database`. Closing the database is left to whoever opened it.

    Args:
        embedder: the name of what the vectors come from, recorded with the first write.
        dim: the length of every vector.
        projections: indexes to share with other stores of the database; its own if not given.

    Raises:
        EmbedderMismatch: the database holds vectors of another embedder.
    """

    def add(self, scope: Scope, rationales: Sequence[Rationale], vectors: Vectors) -> list[str]:
        """Keep rationales (n) with vectors (n, dim) of their problems in one transaction; return their ids, in order.

        What the exact scope has already (same problem, reasoning, answer and source, or the same `id`) stays as it is,
        with its counts; it is brought back if it was retired, and is shared or not as was said last.

        Raises:
            UsageProblem: a rationale or a vector is not fit to be kept. Nothing was written.
            Conflict: an id is taken by another rationale. Nothing was written.
            EmbedderMismatch: another process has meanwhile written with another embedder.
        """
        rows = self._label.rows(vectors, len(rationales))
        new = [_New(rationale) for rationale in rationales]
        with self._database.write() as writer:
            self._label.claim(writer)
            return [_keep(writer, scope, one, vector) for one, vector in zip(new, rows, strict=True)]

    def get(self, scope: Scope, ids: Sequence[str]) -> list[Rationale]:
        """Return the live rationales with these ids, in this order; an id that is not there raises `NotFound`."""
        found = _shown(self._database, scope, ids)
        missing = [id for id in ids if id not in found]
        if missing:
            raise NotFound(f"no rationale with the id {', '.join(map(repr, missing[:5]))}", hint=_SCOPED)
        return [_rationale(found[id]) for id in ids]

    def rationales(self, scope: Scope, *, problem: str = "") -> Iterator[Rationale]:
        """Iterate over the live rationales that the scope sees, in the order they were written.

        With a problem, over all attempts at it, however it is spelt and also where they were kept by its structure: of
        the scope's own those that are retired as well, since they may be judged again. Two that were kept under one id
        are then both there.
        """
        if problem:
            own, params = visible(scope)
            sql = f"""SELECT {_FULL}, ({own}) AS own {_FROM} WHERE items.kind = '{KIND}' AND rationales.known_by = ?
                      AND ({own} OR (items.shared = 1 AND {LIVE})) ORDER BY items.rid"""
            rows = self._database.read(sql, [*params, problem_key(problem), *params])
            yield from map(_rationale, rows)
            return
        rids = sorted(row["rid"] for row in _by_id(self._database.read(*_seen(scope, "items.rid, items.id"))).values())
        sql, params = _seen(scope, _FULL)
        for some in pages(rids):
            rows = self._database.read(f"{sql} AND items.rid IN ({marks(some)}) ORDER BY items.rid", [*params, *some])
            yield from map(_rationale, rows)

    def count(self, scope: Scope) -> int:
        """Return the number of live rationales that the scope sees."""
        condition, params = visible(scope, shared=True)
        sql = f"SELECT count(DISTINCT id) AS n FROM items WHERE kind = '{KIND}' AND {condition} AND {LIVE}"
        return int(self._database.read(sql, params)[0]["n"])

    def nearest(
        self, scope: Scope, vector: NDArray[np.float32], k: int, *, apart_from: str = ""
    ) -> list[RationaleMatch]:
        """Return up to k rationales by cosine of their problems, best first; none of the problem `apart_from`.

        Raises:
            UsageProblem: the vector has another length, or a component that is not finite.
            EmbedderMismatch: another process has meanwhile written with another embedder.
        """

        def search(count: int) -> _Found:
            return [(rid, score, ()) for rid, score in self._near(scope, KIND, vector, count)]

        return self._best(scope, search, k, apart_from)

    def match(self, scope: Scope, text: str, k: int, *, apart_from: str = "") -> list[RationaleMatch]:
        """Return up to k rationales by BM25 over problem and reasoning, best first.

        None of the problem `apart_from`.
        """

        def search(count: int) -> _Found:
            return [(rid, score, tuple(words)) for rid, score, words in self._indexes.match(scope, KIND, text, count)]

        return self._best(scope, search, k, apart_from)

    def rejudge(self, scope: Scope, rationales: Sequence[Rationale]) -> list[str]:
        """Change what this scope wrote of the same problems and reasonings, where one is refuted and the other is not.

        Answer and source need not be the same. `verified`, and the metadata that is given, are then those of the given
        rationale, as they are where it is one of more attempts (`TRIED`); all else stays, the counts too. Forgotten
        ones are changed as well, and stay forgotten: so they are right or refuted when they are brought back. One
        without `verified` says nothing and changes nothing.

        Returns:
            The ids of those that are judged otherwise now, in the order they were written.

        Raises:
            UsageProblem: a rationale is not fit to be kept. Nothing was changed.
        """
        for one in rationales:
            check_rationale(one)
        return _rejudged(self._database, scope, rationales)

    def record(self, scope: Scope, id: str, *, success: bool) -> None:
        """Count one more time that a rationale was followed by success or by failure; a shared one counts for all.

        Raises:
            NotFound: the scope sees no live rationale of that id.
        """
        column = "successes" if success else "failures"
        with self._database.write() as writer:
            shown = _shown(writer, scope, [id])
            if id not in shown:
                raise NotFound(f"no rationale with the id {id!r}", hint=_SCOPED)
            writer.execute(f"UPDATE rationales SET {column} = {column} + 1 WHERE rid = ?", [shown[id]["rid"]])

    def retire(self, scope: Scope, ids: Sequence[str]) -> int:
        """Hide rationales that this scope wrote from every read, in every scope; return how many."""
        with self._database.write() as writer:
            rows = removal.chosen(writer, scope, ids, which=LIVE, kinds=[KIND])
            return removal.retire(writer, rows)["rationales"]

    def restore(self, scope: Scope, ids: Sequence[str]) -> int:
        """Bring retired rationales back; return how many."""
        with self._database.write() as writer:
            rows = removal.chosen(writer, scope, ids, which=removal.RETIRED, kinds=[KIND])
            return removal.restore(writer, rows)["rationales"]

    def delete(self, scope: Scope, ids: Sequence[str] = (), *, source: str | None = None) -> int:
        """Delete rationales that this scope wrote, by id, and all of a source, retired ones included.

        Return how many.

        Raises:
            UsageProblem: the source is ''.
        """
        removal.check_source(source)
        with self._database.write() as writer:
            rows = removal.chosen(writer, scope, ids, source=source, kinds=[KIND])
            return removal.remove(writer, scope, rows)["rationales"]

    def _best(self, scope: Scope, search: Callable[[int], _Found], k: int, apart_from: str) -> list[RationaleMatch]:
        """The best k, looking further down for as long as some are left out and there are more."""
        aside, count = problem_key(apart_from), k
        while True:
            found = search(count)
            rows = _shown_by_rid(self._database, scope, [rid for rid, _, _ in found])
            there = ((_rationale(rows[rid]), score, words) for rid, score, words in found if rid in rows)
            best = [
                RationaleMatch(one, score, words) for one, score, words in there if not aside or _known_by(one) != aside
            ]
            if len(best) >= k or len(found) < count:
                return best[:k]
            count *= _FURTHER


def check_rationale(rationale: Rationale) -> None:
    """Refuse what cannot be kept as it is, or says nothing.

    Raises:
        UsageProblem: a text is none or blank, `shared` is no bool, or the metadata is no JSON.
    """
    for name in ("problem", "reasoning", "answer", "verified", "source", "id"):
        check_text(f"the {name} of a rationale", getattr(rationale, name))
    if not key(rationale.problem):
        raise UsageProblem("the problem of a rationale is blank", hint="Say which problem was solved.")
    if not key(rationale.reasoning + rationale.answer):
        raise UsageProblem("a rationale has neither reasoning nor an answer", hint="Give one of them.")
    if not isinstance(rationale.shared, bool):
        raise UsageProblem(f"shared must be True or False, not {rationale.shared!r}")
    as_json(rationale.metadata, _METADATA)


_METADATA = "the metadata of a rationale"


class _New:
    """A rationale that was found fit to be kept, with what is worked out from it before a transaction is open."""

    def __init__(self, rationale: Rationale) -> None:
        check_rationale(rationale)
        derived = of_rationale(rationale.problem, rationale.reasoning, rationale.answer, rationale.source)
        self.rationale = rationale
        self.id = rationale.id or content_id(KIND, *derived.identity)
        self.digest = derived.digest
        self.metadata = as_json(rationale.metadata, _METADATA)
        self.bag = derived.bag


def _rejudged(database: Database, scope: Scope, rationales: Sequence[Rationale]) -> list[str]:
    """Change what a scope wrote of the same problems and reasonings; see `SQLRationaleStore.rejudge`."""
    given = {(_known_by(one), one.reasoning): one for one in rationales if one.verified}
    if not _otherwise(database, scope, given):
        return []
    with database.write() as writer:
        changed = _otherwise(writer, scope, given)
        for row, one in changed:
            metadata = as_json({**json.loads(row["metadata"]), **one.metadata}, _METADATA)
            sql = "UPDATE rationales SET verified = ?, metadata = ? WHERE rid = ?"
            writer.execute(sql, [one.verified, metadata, row["rid"]])
    return [row["id"] for row, one in changed if _turned(row, one)]


def _known_by(rationale: Rationale) -> str:
    """Return what the problem of a rationale is known by, also where it is kept by its structure."""
    return problem_key(rationale.problem, rationale.metadata.get(ORIGINAL))


def _otherwise(
    reader: Database | Writer, scope: Scope, given: Mapping[tuple[str, str], Rationale]
) -> list[tuple[Row, Rationale]]:
    """The rows that a scope wrote whose problem and reasoning are given and said otherwise there, in order."""
    own, params = visible(scope)
    rows: list[Row] = []
    for some in pages(list(dict.fromkeys(reasoning for _, reasoning in given))):
        sql = f"""SELECT {_FULL} {_FROM}
                  WHERE items.kind = '{KIND}' AND {own} AND rationales.reasoning IN ({marks(some)})"""
        rows += reader.read(sql, [*params, *some])
    found: list[tuple[Row, Rationale]] = []
    for row in sorted(rows, key=lambda row: int(row["rid"])):
        metadata = json.loads(row["metadata"])
        one = given.get((problem_key(row["problem"], metadata.get(ORIGINAL)), row["reasoning"]))
        if one is not None and (_turned(row, one) or _tried(metadata) < _tried(one.metadata)):
            found.append((row, one))
    return found


def _turned(row: Row, one: Rationale) -> bool:
    return one.verified.startswith(REFUTED) != str(row["verified"]).startswith(REFUTED)


def _tried(metadata: Mapping[str, Any]) -> int:
    tried = metadata.get(TRIED, 0)
    return tried if isinstance(tried, int) else 0


def _seen(scope: Scope, wanted: str, ids: Sequence[str] = ()) -> tuple[str, list[str]]:
    """A query, open at its end, for the live rationales that a scope sees; its column `own` says which it wrote.

    With `ids`, for those alone. Its own and the shared ones are looked up apart, each by an index of their own.
    """
    own, params = visible(scope)
    some = f" AND id IN ({marks(ids)})" if ids else ""
    sql = f"""SELECT {wanted}, ({own}) AS own {_FROM} WHERE {LIVE} AND rationales.rid IN (
                  SELECT rid FROM items WHERE kind = '{KIND}' AND {own}{some} UNION
                  SELECT rid FROM items WHERE kind = '{KIND}' AND shared = 1{some})"""
    return sql, [*params, *params, *ids, *ids]


def _shown(reader: Database | Writer, scope: Scope, ids: Sequence[str]) -> dict[str, Row]:
    """For each of these ids that the scope sees the full row that it stands for."""
    rows: list[Row] = []
    for some in pages(list(dict.fromkeys(ids))):
        rows += reader.read(*_seen(scope, _FULL, some))
    return _by_id(rows)


def _shown_by_rid(database: Database, scope: Scope, rids: Sequence[int]) -> dict[int, Row]:
    """Those of these rids that an id stands for; one that was deleted a moment ago is not among them."""
    ids: list[str] = []
    for some in pages(rids):
        ids += [row["id"] for row in database.read(f"SELECT id FROM items WHERE rid IN ({marks(some)})", some)]
    return {row["rid"]: row for row in _shown(database, scope, ids).values()}


def _by_id(rows: Sequence[Row]) -> dict[str, Row]:
    return {row["id"]: row for row in sorted(rows, key=_precedence)}


def _precedence(row: Row) -> tuple[int, int]:
    """Orders the rows of one id; the last is the one that it stands for."""
    return (1, row["rid"]) if row["own"] else (0, -row["rid"])


def _rationale(row: Row) -> Rationale:
    """The rationale of a full row; who wrote it, and where it comes from, is for its own scope only."""
    return Rationale(
        problem=row["problem"],
        reasoning=row["reasoning"],
        answer=row["answer"],
        verified=row["verified"],
        source=row["source"] if row["own"] else "",
        shared=bool(row["shared"]),
        metadata=json.loads(row["metadata"]),
        id=row["id"],
        scope=of_row(row) if row["own"] else Scope(),
        recorded_at=moment(row["recorded_at"]),
        successes=row["successes"],
        failures=row["failures"],
    )


def _keep(writer: Writer, scope: Scope, new: _New, vector: NDArray[np.float32]) -> str:
    """Write one rationale unless its content is there; return its id."""
    rows = [] if new.rationale.id else _there(writer, scope, "digest", new.digest)
    rows = rows or _there(writer, scope, "id", new.id)
    if not rows:
        return _insert(writer, scope, new, vector)
    row = rows[0]
    if row["digest"] != new.digest:
        state = "a forgotten rationale" if row["retired_at"] else "another rationale"
        raise Conflict(f"the id {new.id!r} is taken by {state}", hint="Delete that one, or give another id.")
    if row["retired_at"] is not None:
        items.set_retired(writer, [row["rid"]], None)
    if bool(row["shared"]) != new.rationale.shared:
        _share(writer, row["rid"], new.rationale.shared)
    return str(row["id"])


def _there(writer: Writer, scope: Scope, column: str, value: str) -> list[Row]:
    condition, own = exact(scope)
    sql = f"SELECT * FROM items WHERE kind = '{KIND}' AND {condition} AND {column} = ? ORDER BY rid LIMIT 1"
    return writer.read(sql, [*own, value])


def _share(writer: Writer, rid: int, shared: bool) -> None:
    """Show a rationale to every scope, or to its own again; the indexes of the others learn it from the change log."""
    writer.execute("UPDATE items SET shared = ? WHERE rid = ?", [int(shared), rid])
    items.log(writer, [rid], "share" if shared else "unshare")


def _insert(writer: Writer, scope: Scope, new: _New, vector: NDArray[np.float32]) -> str:
    one = new.rationale
    rid = items.insert(
        writer,
        KIND,
        scope,
        new.id,
        source=one.source,
        digest=new.digest,
        shared=one.shared,
        vector=vector,
        bag=new.bag,
    )
    said = [rid, one.problem, one.reasoning, one.answer, one.verified, new.metadata, _known_by(one)]
    columns = "rid, problem, reasoning, answer, verified, metadata, known_by"
    writer.execute(f"INSERT INTO rationales ({columns}) VALUES ({marks(said)})", said)
    return new.id
