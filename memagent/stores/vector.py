"""Passages in a SQL database, found by vector and by word. The one place that writes them.

Adding is one transaction: the verbatim text, its full-text row, its vector and the line in the change log. Rows are
never rewritten; an edit is a new row under the same id.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, count
from typing import Any

import numpy as np
from numpy.typing import NDArray

from memagent.errors import Conflict, EmbedderMismatch, NotFound, UsageProblem
from memagent.stores import fulltext
from memagent.stores.base import Database, Match, Row, Vectors, Writer
from memagent.stores.faiss_index import ScopedIndexes
from memagent.stores.rows import INSERT, digest, now, passage, values
from memagent.stores.scoping import columns, marks, of_row, visible
from memagent.types import Note, Passage, Scope
from memagent.unit import unit_rows

_PAGE = 500
_LIVE = "passages.retired_at IS NULL"
_OWN = "user = ? AND session = ? AND agent = ?"


class SQLVectorStore:
    """The `VectorStore` over any `Database`. Closing the database is left to whoever opened it.

    An id names one passage in the exact scope it was written in. A wider scope may see an id twice (two sessions of a
    user): `get` then returns the newer one, `replace` refuses, `retire` and `restore` take both.

    Args:
        embedder: the name of what the vectors come from, recorded with the first write.
        dim: the length of every vector.

    Raises:
        EmbedderMismatch: the database holds vectors of another embedder.
    """

    def __init__(self, database: Database, *, embedder: str, dim: int) -> None:
        self._database = database
        self._label = {"embedder": embedder, "dim": str(dim)}
        self._dim = dim
        self._indexes = ScopedIndexes(database, dim)
        self._check_label(_labels(database))

    def __repr__(self) -> str:
        return f"SQLVectorStore(embedder={self.embedder!r}, dim={self._dim})"

    @property
    def embedder(self) -> str:
        """The name of what the vectors come from."""
        return self._label["embedder"]

    def add(self, scope: Scope, notes: Sequence[Note], vectors: Vectors, *, replace_sources: bool = False) -> list[str]:
        """Keep notes (n) with vectors (n, dim) in one transaction and return their ids, in order.

        A note whose content the scope has already keeps that passage, and brings it back if it was retired. With
        `replace_sources`, passages of the sources that the notes name which are not among the notes are deleted.

        Raises:
            UsageProblem: a note or a vector is not fit to be kept.
            Conflict: an id is taken by another text. Nothing was written.
            EmbedderMismatch: another process has meanwhile written with another embedder.
        """
        rows = _units(vectors, len(notes), self._dim)
        columns_of = [values(scope, note) for note in notes]
        with self._database.write() as writer:
            self._claim(writer)
            if replace_sources:
                _drop_stale(writer, scope, notes)
            return [
                _keep(writer, scope, note, row, vector)
                for note, row, vector in zip(notes, columns_of, rows, strict=True)
            ]

    def known(self, scope: Scope, notes: Sequence[Note]) -> dict[int, NDArray[np.float32]]:
        """Return the vectors (dim,) of those notes that are kept already, by their place in `notes`."""
        places: dict[str, list[int]] = {}
        for place, note in enumerate(notes):
            places.setdefault(digest(note), []).append(place)
        found: dict[int, NDArray[np.float32]] = {}
        for some in _pages(list(places)):
            for row in self._database.read(
                f"""SELECT passages.digest, vectors.vector FROM passages JOIN vectors ON vectors.rid = passages.rid
                    WHERE {_OWN} AND digest IN ({marks(some)})""",
                [*columns(scope), *some],
            ):
                vector = np.frombuffer(row["vector"], dtype="<f4")
                found.update(dict.fromkeys(places[row["digest"]], vector))
        return found

    def get(self, scope: Scope, ids: Sequence[str]) -> list[Passage]:
        """Return the live passages with these ids, in this order; an id that is not there raises `NotFound`."""
        found = {row["id"]: passage(row) for row in self._rows(scope, ids, _LIVE)}
        missing = [id for id in ids if id not in found]
        if missing:
            raise NotFound(f"no passage with the id {', '.join(map(repr, missing[:5]))}", hint=_SCOPED)
        return [found[id] for id in ids]

    def passages(self, scope: Scope, *, source: str | None = None) -> Iterator[Passage]:
        """Iterate over live passages in the order they were written; an edit writes anew."""
        condition, params = visible(scope)
        if source is not None:
            condition, params = f"{condition} AND passages.source = ?", [*params, source]
        sql = f"SELECT * FROM passages WHERE {condition} AND {_LIVE} AND rid > ? ORDER BY rid LIMIT {_PAGE}"
        last = 0
        while rows := self._database.read(sql, [*params, last]):
            yield from map(passage, rows)
            last = rows[-1]["rid"]

    def sources(self, scope: Scope) -> list[str]:
        """Return the sources that live passages name, sorted."""
        condition, params = visible(scope)
        sql = f"SELECT DISTINCT source FROM passages WHERE {condition} AND {_LIVE} AND source <> '' ORDER BY source"
        return [row["source"] for row in self._database.read(sql, params)]

    def count(self, scope: Scope) -> int:
        """Return the number of live passages."""
        condition, params = visible(scope)
        rows = self._database.read(f"SELECT count(*) AS n FROM passages WHERE {condition} AND {_LIVE}", params)
        return int(rows[0]["n"])

    def nearest(self, scope: Scope, vector: NDArray[np.float32], k: int) -> list[Match]:
        """Return up to k matches by cosine, best first, for a vector (dim,).

        Raises:
            UsageProblem: the vector has another length, or a component that is not finite.
            EmbedderMismatch: another process has meanwhile written with another embedder.
        """
        query = _unit(vector, self._dim)
        self._check_label(_labels(self._database))
        found = self._indexes.search(scope, query, k)
        rows = self._live(scope, [rid for rid, _ in found])
        return [Match(passage(rows[rid]), score) for rid, score in found if rid in rows]

    def match(self, scope: Scope, text: str, k: int) -> list[Match]:
        """Return up to k matches by BM25, best first; any word of `text` may match, in any script."""
        found = fulltext.search(self._database, scope, text, k, total=self.count(scope))
        return [Match(passage(row), score, tuple(words)) for row, score, words in found]

    def replace(self, scope: Scope, id: str, text: str, vector: NDArray[np.float32]) -> None:
        """Give a passage another text and vector (dim,).

        Raises:
            UsageProblem: the text or the vector is not fit to be kept.
            NotFound: the scope has no live passage of that id.
            Conflict: the scope sees the id more than once.
            EmbedderMismatch: another process has meanwhile written with another embedder.
        """
        unit = _unit(vector, self._dim)
        with self._database.write() as writer:
            self._claim(writer)
            rows = self._rows(scope, [id], _LIVE, writer)
            if not rows:
                raise NotFound(f"no passage with the id {id!r}", hint=_SCOPED)
            if len(rows) > 1:
                raise Conflict(f"the id {id!r} is used in {len(rows)} sessions or agents", hint="Bind one of them.")
            old = passage(rows[0])
            if old.text != text:
                note = Note(text, old.title, old.source, id, old.at, old.metadata)
                _delete(writer, rows[0])
                _insert(writer, old.scope, note, [id, *values(old.scope, note)[1:]], unit)

    def retire(self, scope: Scope, ids: Sequence[str]) -> int:
        """Hide passages from every read until they are restored; return how many."""
        return self._mark(scope, ids, _LIVE, now())

    def restore(self, scope: Scope, ids: Sequence[str]) -> int:
        """Bring retired passages back; return how many."""
        return self._mark(scope, ids, "passages.retired_at IS NOT NULL", None)

    def delete(self, scope: Scope, ids: Sequence[str] = (), *, source: str | None = None) -> int:
        """Delete passages by id, or all of a source, retired ones included; return how many."""
        with self._database.write() as writer:
            rows = self._rows(scope, ids, "1 = 1", writer)
            if source is not None:
                condition, params = visible(scope)
                sql = f"SELECT * FROM passages WHERE {condition} AND passages.source = ? ORDER BY rid"
                rows += [row for row in writer.read(sql, [*params, source]) if row["id"] not in ids]
            for row in rows:
                _delete(writer, row)
        return len(rows)

    def _mark(self, scope: Scope, ids: Sequence[str], which: str, retired_at: str | None) -> int:
        with self._database.write() as writer:
            rows = self._rows(scope, ids, which, writer)
            for row in rows:
                _set_retired(writer, row, retired_at)
        return len(rows)

    def _rows(self, scope: Scope, ids: Sequence[str], which: str, reader: Database | Writer | None = None) -> list[Row]:
        """Rows of these ids that the scope sees, oldest first."""
        condition, params = visible(scope)
        source = reader or self._database
        rows: list[Row] = []
        for some in _pages(list(dict.fromkeys(ids))):
            sql = f"SELECT * FROM passages WHERE {condition} AND {which} AND id IN ({marks(some)}) ORDER BY rid"
            rows += source.read(sql, [*params, *some])
        return rows

    def _live(self, scope: Scope, rids: Sequence[int]) -> dict[int, Row]:
        """Full rows by rid; one that was deleted a moment ago, or that the scope may not see, is not among them."""
        condition, params = visible(scope)
        rows: list[Row] = []
        for some in _pages(rids):
            sql = f"SELECT * FROM passages WHERE rid IN ({marks(some)}) AND {condition} AND {_LIVE}"
            rows += self._database.read(sql, [*some, *params])
        return {row["rid"]: row for row in rows}

    def _claim(self, writer: Writer) -> None:
        """Record the embedder with the first write; refuse to mix its vectors with another's."""
        labels = _labels(writer)
        self._check_label(labels)
        if not labels:
            writer.executemany("INSERT INTO meta (key, value) VALUES (?, ?)", self._label.items())

    def _check_label(self, found: dict[str, str]) -> None:
        if found and found != self._label:
            raise EmbedderMismatch(
                f"this memory was written with the embedder {found['embedder']} ({found['dim']} dimensions), and was "
                f"opened with {self._label['embedder']} ({self._label['dim']} dimensions)",
                hint=f"Open it with {found['embedder']}, or add its passages to a new file.",
            )


_SCOPED = "It was never added, was forgotten, or belongs to another user, session or agent."


def recorded_embedder(database: Database) -> str | None:
    """Return the name of the embedder whose vectors `database` holds; `None` while nothing was written."""
    return _labels(database).get("embedder")


def _labels(reader: Database | Writer) -> dict[str, str]:
    rows = reader.read("SELECT key, value FROM meta WHERE key IN ('embedder', 'dim')")
    return {row["key"]: row["value"] for row in rows}


def _keep(writer: Writer, scope: Scope, note: Note, row: list[Any], vector: NDArray[np.float32]) -> str:
    """Write one note unless its content is there; return its id."""
    mark, own = digest(note), columns(scope)
    if note.id is None:
        same = writer.read(f"SELECT * FROM passages WHERE {_OWN} AND digest = ? ORDER BY rid LIMIT 1", [*own, mark])
    else:
        same = writer.read(f"SELECT * FROM passages WHERE {_OWN} AND id = ?", [*own, note.id])
        _check_same(note, same, mark)
    if same:
        if same[0]["retired_at"] is not None:
            _set_retired(writer, same[0], None)
        return str(same[0]["id"])
    id = note.id if note.id is not None else _free_id(writer, own, mark)
    return _insert(writer, scope, note, [id, *row[1:]], vector)


def _check_same(note: Note, rows: list[Row], mark: str) -> None:
    if rows and rows[0]["digest"] != mark:
        state = "a forgotten passage" if rows[0]["retired_at"] else "another text"
        raise Conflict(f"the id {note.id!r} is taken by {state}", hint="Use edit() to change it, or another id.")


def _set_retired(writer: Writer, row: Row, retired_at: str | None) -> None:
    """Retire a row or bring it back. Full text holds live rows only: what is retired must not weigh on the rest."""
    writer.execute("UPDATE passages SET retired_at = ? WHERE rid = ?", [retired_at, row["rid"]])
    change = fulltext.unindex if retired_at else fulltext.index
    change(writer, row["rid"], of_row(row), row["title"], row["text"])
    _log(writer, row["rid"], "retire" if retired_at else "restore")


def _free_id(writer: Writer, own: tuple[str, str, str], mark: str) -> str:
    """The digest; with a number behind it where an edit has given the passage of that id another text."""
    rows = writer.read(f"SELECT id FROM passages WHERE {_OWN} AND id >= ? AND id < ?", [*own, mark, mark + "."])
    taken = {row["id"] for row in rows}
    return next(id for id in chain([mark], (f"{mark}-{n}" for n in count(1))) if id not in taken)


def _insert(writer: Writer, scope: Scope, note: Note, row: list[Any], vector: NDArray[np.float32]) -> str:
    rid = writer.execute(INSERT, row)
    writer.execute("INSERT INTO vectors (rid, vector) VALUES (?, ?)", [rid, vector.astype("<f4").tobytes()])
    fulltext.index(writer, rid, scope, note.title, note.text)
    _log(writer, rid, "add")
    return str(row[0])


def _delete(writer: Writer, row: Row) -> None:
    if row["retired_at"] is None:
        fulltext.unindex(writer, row["rid"], of_row(row), row["title"], row["text"])
    writer.execute("DELETE FROM passages WHERE rid = ?", [row["rid"]])
    _log(writer, row["rid"], "delete")


def _drop_stale(writer: Writer, scope: Scope, notes: Sequence[Note]) -> None:
    """Delete what the sources of the notes held and the notes do not, retired passages included."""
    wanted = {(note.id, digest(note)) for note in notes}
    for source in dict.fromkeys(note.source for note in notes if note.source):
        for row in writer.read(f"SELECT * FROM passages WHERE {_OWN} AND source = ?", [*columns(scope), source]):
            if not {(row["id"], row["digest"]), (None, row["digest"])} & wanted:
                _delete(writer, row)


def _log(writer: Writer, rid: int, op: str) -> None:
    writer.execute("INSERT INTO changes (rid, op) VALUES (?, ?)", [rid, op])


def _units(vectors: Vectors, rows: int, dim: int) -> Vectors:
    """Return vectors (rows, dim) as float32 of length 1; refuse any other shape, NaN and infinity."""
    return unit_rows(vectors, (rows, dim), of="the embedder", problem=UsageProblem)


def _unit(vector: NDArray[np.float32], dim: int) -> NDArray[np.float32]:
    rows = _units(np.asarray(vector)[None], 1, dim)
    unit: NDArray[np.float32] = rows[0]
    return unit


def _pages(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    return (values[start : start + _PAGE] for start in range(0, len(values), _PAGE))
