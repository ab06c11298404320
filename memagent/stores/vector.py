"""Passages in a SQL database, found by vector and by word.

Adding is one transaction: the verbatim text, its words, its vector and the line in the change log. Rows are never
rewritten; an edit is a new row under the same id.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from memagent.errors import Conflict, NotFound
from memagent.stores import items, passage_writing, removal
from memagent.stores.base import Changed, Database, Match, Row, Vectors, Writer
from memagent.stores.derived import of_passage
from memagent.stores.indexed import IndexedStore
from memagent.stores.items import LIVE, LIVE_ONE, pages
from memagent.stores.passage_rows import FULL, passage
from memagent.stores.passage_writing import NewPassage
from memagent.stores.projections import changes
from memagent.stores.scoping import exact, marks, visible
from memagent.types import Note, Passage, Scope

_PAGE = 500
_FROM = "FROM items JOIN passages ON passages.rid = items.rid WHERE items.kind = 'passage'"


class SQLVectorStore(IndexedStore):
    """The `VectorStore` over any `Database`. Closing the database is left to whoever opened it.

    An id names one passage in the exact scope it was written in. A wider scope may see an id twice (two sessions of a
    user): `get` then returns the newer one, `replace` refuses, `retire` and `restore` take both.

    Args:
        embedder: the name of what the vectors come from, recorded with the first write.
        dim: the length of every vector.
        projections: indexes to share with other stores of the database; its own if not given.

    Raises:
        EmbedderMismatch: the database holds vectors of another embedder.
    """

    moment: datetime | None = None
    """No limit: `Feed`."""

    def add(
        self,
        scope: Scope,
        notes: Sequence[Note],
        vectors: Vectors,
        *,
        replace_sources: bool = False,
        replace_ids: bool = False,
    ) -> list[str]:
        """Keep notes (n) with vectors (n, dim) in one transaction and return their ids, in order.

        A note whose content the scope has already keeps that passage, and brings it back if it was retired. With
        `replace_sources`, passages of the sources that the notes name which are not among the notes are deleted. With
        `replace_ids`, a note takes the place of the passage that has its id; the facts of a text that stays are kept.

        Raises:
            UsageProblem: a note or a vector is not fit to be kept.
            Conflict: an id is taken by another text. Nothing was written.
            EmbedderMismatch: another process has meanwhile written with another embedder.
        """
        rows = self._label.rows(vectors, len(notes))
        new = [NewPassage(note) for note in notes]
        with self._database.write() as writer:
            self._label.claim(writer)
            if replace_sources:
                passage_writing.drop_stale(writer, scope, new, replace_ids=replace_ids)
            put = passage_writing.put if replace_ids else passage_writing.keep
            return [put(writer, scope, one, vector) for one, vector in zip(new, rows, strict=True)]

    def known(self, scope: Scope, notes: Sequence[Note]) -> dict[int, NDArray[np.float32]]:
        """Return the vectors (dim,) of those notes that are kept already, by their place in `notes`."""
        places: dict[str, list[int]] = {}
        for place, note in enumerate(notes):
            places.setdefault(of_passage(note.title, note.text, note.source).digest, []).append(place)
        condition, params = exact(scope)
        found: dict[int, NDArray[np.float32]] = {}
        for some in pages(list(places)):
            for row in self._database.read(
                f"""SELECT items.digest, vectors.vector FROM items JOIN vectors ON vectors.rid = items.rid
                    WHERE items.kind = 'passage' AND {condition} AND digest IN ({marks(some)})""",
                [*params, *some],
            ):
                vector = np.frombuffer(row["vector"], dtype="<f4")
                found.update(dict.fromkeys(places[row["digest"]], vector))
        return found

    def get(self, scope: Scope, ids: Sequence[str]) -> list[Passage]:
        """Return the live passages with these ids, in this order; an id that is not there raises `NotFound`."""
        found = {row["id"]: passage(row) for row in _rows(self._database, scope, ids)}
        missing = [id for id in ids if id not in found]
        if missing:
            raise NotFound(f"no passage with the id {', '.join(map(repr, missing[:5]))}", hint=_SCOPED)
        return [found[id] for id in ids]

    def passages(self, scope: Scope, *, source: str | None = None) -> Iterator[Passage]:
        """Iterate over live passages in the order they were written; an edit writes anew."""
        yield from (one for _, one in self._all(scope, source))

    def sources(self, scope: Scope) -> list[str]:
        """Return the sources that live passages name, sorted."""
        condition, params = visible(scope)
        sql = f"""SELECT DISTINCT source FROM items
                  WHERE kind = 'passage' AND {condition} AND {LIVE} AND source <> '' ORDER BY source"""
        return [row["source"] for row in self._database.read(sql, params)]

    def count(self, scope: Scope) -> int:
        """Return the number of live passages."""
        condition, params = visible(scope)
        sql = f"SELECT count(*) AS n FROM items WHERE kind = 'passage' AND {condition} AND {LIVE}"
        return int(self._database.read(sql, params)[0]["n"])

    def nearest(
        self, scope: Scope, vector: NDArray[np.float32], k: int, *, as_of: datetime | None = None
    ) -> list[Match]:
        """Return up to k matches by cosine, best first, for a vector (dim,); `as_of` as the contract says.

        Raises:
            UsageProblem: the vector has another length, or a component that is not finite.
            EmbedderMismatch: another process has meanwhile written with another embedder.
        """
        allowed = items.happened_by(self._database, scope, "passage", as_of)
        found = self._near(scope, "passage", vector, k, allowed)
        rows = self._live(scope, [rid for rid, _ in found])
        return [Match(passage(rows[rid]), score) for rid, score in found if rid in rows]

    def match(self, scope: Scope, text: str, k: int, *, as_of: datetime | None = None) -> list[Match]:
        """Return up to k matches by BM25, best first; any word of `text` may match, in any script."""
        allowed = items.happened_by(self._database, scope, "passage", as_of)
        found = self._indexes.match(scope, "passage", text, k, allowed)
        rows = self._live(scope, [rid for rid, _, _ in found])
        return [Match(passage(rows[rid]), score, tuple(words)) for rid, score, words in found if rid in rows]

    def rare(
        self, scope: Scope, words: Sequence[str], most: int, *, as_of: datetime | None = None
    ) -> list[list[Match] | None]:
        """Return for each word what `match` finds for it, if that is fewer than `most`; else `None`."""
        allowed = items.happened_by(self._database, scope, "passage", as_of)
        every = self._indexes.matches(scope, "passage", words, most, allowed)
        wanted = {rid for found in every if len(found) < most for rid, _, _ in found}
        read = {rid: passage(row) for rid, row in self._live(scope, sorted(wanted)).items()}
        return [
            [Match(read[rid], score, tuple(terms)) for rid, score, terms in found if rid in read]
            if len(found) < most
            else None
            for found in every
        ]

    def replace(self, scope: Scope, id: str, text: str, vector: NDArray[np.float32]) -> None:
        """Give a passage another text and vector (dim,). Facts that only its old text said go.

        Raises:
            UsageProblem: the text or the vector is not fit to be kept.
            NotFound: the scope has no live passage of that id.
            Conflict: the scope sees the id more than once.
            EmbedderMismatch: another process has meanwhile written with another embedder.
        """
        unit = self._label.row(vector)
        with self._database.write() as writer:
            self._label.claim(writer)
            rows = _rows(writer, scope, [id])
            if not rows:
                raise NotFound(f"no passage with the id {id!r}", hint=_SCOPED)
            if len(rows) > 1:
                raise Conflict(f"the id {id!r} is used in {len(rows)} sessions or agents", hint="Bind one of them.")
            old = passage(rows[0])
            if old.text != text:
                new = NewPassage(Note(text, old.title, old.source, id, old.at, old.metadata))
                [item] = removal.chosen(writer, scope, [id], which=LIVE, kinds=["passage"])
                passage_writing.rewrite(writer, old.scope, item, new, unit)

    def retire(self, scope: Scope, ids: Sequence[str]) -> int:
        """Hide passages from every read until they are restored; return how many."""
        with self._database.write() as writer:
            rows = removal.chosen(writer, scope, ids, which=LIVE, kinds=["passage"])
            return removal.retire(writer, rows)["passages"]

    def restore(self, scope: Scope, ids: Sequence[str]) -> int:
        """Bring retired passages back; return how many."""
        with self._database.write() as writer:
            rows = removal.chosen(writer, scope, ids, which=removal.RETIRED, kinds=["passage"])
            return removal.restore(writer, rows)["passages"]

    def delete(self, scope: Scope, ids: Sequence[str] = (), *, source: str | None = None) -> int:
        """Delete passages by id, or all of a source, retired ones included; return how many.

        Facts that nothing else says go with them.

        Raises:
            UsageProblem: the source is ''.
        """
        removal.check_source(source)
        with self._database.write() as writer:
            rows = removal.chosen(writer, scope, ids, source=source, kinds=["passage"])
            return removal.remove(writer, scope, rows)["passages"]

    @cached_property
    def memo(self) -> dict[str, Any]:
        """What those who follow the store work out from it, by a name of theirs."""
        return {}

    def changed(self, scope: Scope, since: int | None) -> Changed:
        """Return what has changed after the change `since`, by whichever process; all there is for `None`."""
        first, last = changes(self._database)
        if since is None or first > since + 1:
            return Changed(last, True, (), self._all(scope))
        if last == since:
            return Changed(last, False, (), ())
        sql = "SELECT seq, rid FROM changes WHERE seq > ? ORDER BY seq"
        rows = self._database.read(sql, [since])
        rids = sorted({row["rid"] for row in rows})
        seq = max((row["seq"] for row in rows), default=since)
        return Changed(seq, False, rids, sorted(self.read(scope, rids).items()))

    def read(self, scope: Scope, rids: Sequence[int]) -> dict[int, Passage]:
        """Return the live passages of the scope by their rids."""
        return {rid: passage(row) for rid, row in self._live(scope, rids).items()}

    def cosines(self, scope: Scope, vector: NDArray[np.float32]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return the rids (n,), in any order, and the cosines (n,) of all live passages with a vector (dim,).

        Raises:
            UsageProblem: the vector has another length, or a component that is not finite.
            EmbedderMismatch: another process has meanwhile written with another embedder.
        """
        query = self._label.row(vector)
        return self._checked(lambda: self._indexes.cosines(scope, "passage", query))

    def _all(self, scope: Scope, source: str | None = None) -> Iterator[tuple[int, Passage]]:
        """Live passages by rid, in the order they were written."""
        condition, params = visible(scope)
        if source is not None:
            condition, params = f"{condition} AND items.source = ?", [*params, source]
        sql = f"SELECT {FULL} {_FROM} AND {condition} AND {LIVE} AND items.rid > ? ORDER BY items.rid LIMIT {_PAGE}"
        last = 0
        while rows := self._database.read(sql, [*params, last]):
            yield from ((row["rid"], passage(row)) for row in rows)
            last = rows[-1]["rid"]

    def _live(self, scope: Scope, rids: Sequence[int]) -> dict[int, Row]:
        """Full rows by rid; one that was deleted a moment ago, or that the scope may not see, is not among them."""
        condition, params = visible(scope)
        rows: list[Row] = []
        for some in pages(rids):
            sql = f"SELECT {FULL} {_FROM} AND items.rid IN ({marks(some)}) AND {condition} AND {LIVE}"
            rows += self._database.read(sql, [*some, *params])
        return {row["rid"]: row for row in rows}


_SCOPED = "It was never added, was forgotten, or belongs to another user, session or agent."


def _rows(reader: Database | Writer, scope: Scope, ids: Sequence[str]) -> list[Row]:
    """Full rows of the live passages with these ids that the scope sees, oldest first."""
    condition, params = visible(scope)
    rows: list[Row] = []
    for some in pages(list(dict.fromkeys(ids))):
        sql = f"SELECT {FULL} {_FROM} AND {condition} AND {LIVE_ONE} AND items.id IN ({marks(some)}) ORDER BY items.rid"
        rows += reader.read(sql, [*params, *some])
    return rows
