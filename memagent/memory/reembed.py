"""Changing a file over to another embedder, while others go on reading and writing with the old one.

New vectors gather in the table `vectors_next`, a batch at a time. When none is missing, one transaction exchanges the
two tables and the embedder on record. A run that ended early goes on where it stopped. The rows of `vectors_next`
count only while the file says whose they are; what is there otherwise, such as the old vectors after the exchange, is
litter and cleared away in small pieces: one statement over all of it would hold the write lock, and the log would
grow by its size.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Sequence

import numpy as np

from memagent.embedders.base import Embedder, Kind, Vectors, embedded
from memagent.errors import ConfigError, Conflict
from memagent.memory.core import Core
from memagent.stores import label, synonyms
from memagent.stores.base import Database, Writer
from memagent.stores.database import SQLiteDatabase
from memagent.stores.derived import of_row
from memagent.stores.engine import engine_for
from memagent.stores.items import stored_vector
from memagent.stores.label import Origin, origin

Progress = Callable[[int, int], object]
"""Called with how many vectors there are, and how many there have to be."""

_CLEARED = 4096
_NEXT = "next_"  # before the names under which the file says what an unfinished change is to
_log = logging.getLogger("memagent")

_TEXTS = """
    SELECT items.rid AS rid, items.kind AS kind, items.id AS id, items.source AS source,
           passages.title AS title, passages.text AS text,
           rationales.problem AS problem, rationales.reasoning AS reasoning, rationales.answer AS answer,
           subjects.id AS subject, relations.id AS relation, objects.id AS object
    FROM items LEFT JOIN passages ON passages.rid = items.rid LEFT JOIN rationales ON rationales.rid = items.rid
    LEFT JOIN facts ON facts.rid = items.rid LEFT JOIN items AS subjects ON subjects.rid = facts.subject
    LEFT JOIN items AS relations ON relations.rid = facts.relation
    LEFT JOIN items AS objects ON objects.rid = facts.object"""
# As a CASE, for the sake of speed: of an OR, SQLite makes a search by kind, and sorts all there is for each page.
_EMBEDDABLE = """
    CASE items.kind
        WHEN 'passage' THEN CASE passages.text WHEN '' THEN NULL ELSE passages.rid END
        WHEN 'rationale' THEN rationales.rid
        WHEN 'fact' THEN subjects.rid + relations.rid + objects.rid
        WHEN 'phrase' THEN items.rid WHEN 'relation' THEN items.rid
    END IS NOT NULL"""


def reembed(core: Core, embedder: Embedder, *, batch: int = 256, on_progress: Progress | None = None) -> int:
    """Make the file's vectors anew with another embedder, switch to it, and return how many vectors were made.

    Interrupted at any point, even by a kill, it goes on from there when called again with the same embedder; with
    another one it starts anew. Handles that are open with the old embedder are refused from the switch on, and write
    and search as ever until then. With the embedder on record there is nothing to do but to clear away an unfinished
    change.

    Args:
        core: the open memory.
        embedder: what to change over to.
        batch: how many texts are embedded and committed at a time.
        on_progress: called after each batch.

    Raises:
        Conflict: another process began to change over to yet another embedder meanwhile.
        UsageProblem: the embedder did not give one finite vector for each text.
    """
    database = core.file()
    wanted = Origin(embedder.name, str(int(embedder.dim)))
    if origin(database) == wanted:
        drop_unfinished(database)
        return 0
    made = _change_over(database, embedder, wanted, batch, on_progress)
    _clear(database)
    core.use(embedder)
    return made


def unfinished(reader: Database | Writer) -> tuple[str, int] | None:
    """Return the embedder that a change has not come to its end with, and how many vectors it has; `None` for none."""
    target = origin(reader, _NEXT)
    return (target.embedder, _count(reader, "vectors_next")) if target is not None else None


def drop_unfinished(database: Database) -> int:
    """Give up an unfinished change of embedder and clear what it has left; return how many vectors that were."""
    with database.write() as writer:
        label.drop(writer, _NEXT)
    return _clear(database)


def vectorless(reader: Database | Writer, table: str, last: int, most: int) -> list[tuple[int, str]]:
    """Return (rid, text) of up to `most` items after the rid `last` that have no row in `table` and should, by rid."""
    sql = f"""{_TEXTS} WHERE items.rid > ? AND {_EMBEDDABLE}
              AND NOT EXISTS (SELECT 1 FROM {table} AS made WHERE made.rid = items.rid) ORDER BY items.rid LIMIT ?"""
    return [(row["rid"], of_row(row["kind"], row).embedded) for row in reader.read(sql, [last, most])]


def texts_of(reader: Database | Writer, rids: Sequence[int]) -> list[tuple[int, str]]:
    """Return (rid, text) for those of these items, at most some hundreds, that must have a vector."""
    marks = ", ".join("?" * len(rids))
    rows = reader.read(f"{_TEXTS} WHERE items.rid IN ({marks}) AND {_EMBEDDABLE} ORDER BY items.rid", list(rids))
    return [(row["rid"], of_row(row["kind"], row).embedded) for row in rows]


class DeferredEmbedder:
    """The embedder that a file records, made only when it is first asked for vectors.

    Looking after a file needs its vectors and seldom new ones; so that goes without the key, package or model of its
    embedder, or for one that has no name here at all.
    """

    def __init__(self, name: str, dim: int) -> None:
        self.name = name
        self.dim = dim
        self._made: Embedder | None = None

    def embed(self, texts: Sequence[str], kind: Kind = "document") -> Vectors:
        """Return vectors (n, dim) by the embedder of that name.

        Raises:
            ConfigError: the name does not say how to make it.
        """
        if not texts:
            return np.empty((0, self.dim), dtype=np.float32)
        if self._made is None:
            self._made = _made(self.name)
        return embedded(self._made, texts, kind)


def deferred_embedder(path: str | os.PathLike[str], key: str | bytes | None = None) -> DeferredEmbedder | None:
    """Return the embedder of an existing file, or `None` if nothing was ever written there."""
    database = SQLiteDatabase(path, engine=engine_for(key))
    try:
        found = origin(database)
    finally:
        database.close()
    return DeferredEmbedder(found.embedder, int(found.dim)) if found is not None else None


def _made(name: str) -> Embedder:
    from memagent import registry

    found = registry.embedder_from_record(name)
    if found is None:
        hint = (
            "Name it with --embedder or embedder=, or change the file over to another one: memagent reembed --to NAME"
        )
        said = "which its name does not say how to make"
        raise ConfigError(f"the file was written with the embedder {name}, {said}", hint=hint)
    return found


def _change_over(
    database: Database, embedder: Embedder, wanted: Origin, batch: int, on_progress: Progress | None
) -> int:
    made = 0
    try:
        _begin(database, wanted)
        while True:
            made += _fill(database, embedder, wanted, batch, on_progress)
            if _switch(database, wanted):
                return made
    except Conflict:
        if origin(database) != wanted:  # else another process did the same and came to its end first
            raise
    return made


def _begin(database: Database, wanted: Origin) -> None:
    """Record what the rows of `vectors_next` come from, after clearing away all that come from elsewhere.

    It looks and records under one lock, so that of two processes that begin the same change neither clears what the
    other has made.
    """
    while True:
        with database.write() as writer:
            found = origin(writer, _NEXT)
            if found == wanted or origin(writer) == wanted:
                return
            left = _count(writer, "vectors_next")
            if found is not None:
                _log.warning("giving up %d vectors of an unfinished change to the embedder %s", left, found.embedder)
                label.drop(writer, _NEXT)
            elif not left:
                label.record(writer, wanted, _NEXT)
                return
        _clear(database)


def _fill(database: Database, embedder: Embedder, wanted: Origin, batch: int, on_progress: Progress | None) -> int:
    """Embed what has no new vector yet, in batches; return how many were made."""
    made, last = 0, 0
    before, total = _count(database, "vectors_next"), _count(database, "items")
    while todo := vectorless(database, "vectors_next", last, batch):
        vectors = embedded(embedder, [text for _, text in todo])
        with database.write() as writer:
            _check_target(writer, wanted)
            writer.executemany(
                """INSERT OR IGNORE INTO vectors_next (rid, vector)
                   SELECT rid, ? FROM items WHERE rid = ?""",  # unless it was deleted meanwhile
                ((stored_vector(vector), rid) for (rid, _), vector in zip(todo, vectors, strict=True)),
            )
        made += len(todo)
        last = todo[-1][0]
        if on_progress is not None:
            on_progress(before + made, max(total, before + made))
    return made


def _switch(database: Database, wanted: Origin) -> bool:
    """Put the new vectors in the place of the old ones, unless something was written meanwhile that has none."""
    with database.write() as writer:
        _check_target(writer, wanted)
        if vectorless(writer, "vectors_next", 0, 1):
            return False
        for old, new in (("vectors", "vectors_old"), ("vectors_next", "vectors"), ("vectors_old", "vectors_next")):
            writer.execute(f"ALTER TABLE {old} RENAME TO {new}")
        label.record(writer, wanted)
        label.drop(writer, _NEXT)
        synonyms.drop_all(writer)
    return True


def _clear(database: Database) -> int:
    """Delete the rows of `vectors_next` that belong to no change of embedder; return how many."""
    cleared = 0
    while True:
        with database.write() as writer:
            if origin(writer, _NEXT) is not None:  # a new change has begun: the rows are its own
                return cleared
            sql = "DELETE FROM vectors_next WHERE rid IN (SELECT rid FROM vectors_next ORDER BY rid LIMIT ?)"
            some = writer.execute(sql, [_CLEARED])
        cleared += some
        if some < _CLEARED:
            return cleared


def _check_target(writer: Writer, wanted: Origin) -> None:
    found = origin(writer, _NEXT)
    if found != wanted:
        what = f"began a change to {found.embedder}" if found is not None else "gave the change up"
        hint = "Let one of them come to its end. What is stored is intact."
        raise Conflict(f"while this was changing over to {wanted.embedder}, another process {what}", hint=hint)


def _count(reader: Database | Writer, table: str) -> int:
    return int(reader.read(f"SELECT count(*) AS n FROM {table}")[0]["n"])
