"""A cache file: keys to bytes in SQLite, for any number of threads and processes at once."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

from memagent.errors import StorageError
from memagent.files import make_private

APPLICATION_ID = 0x6D656D63
"""Marks a file as a cache of ours ("memc"), in the place that the SQLite file format keeps for this."""

_WAIT = 30.0
# Held while a cache is open, and across a fork: a child that inherits an open file hangs, or trusts in locks that it
# does not have. Nobody asks a cache from within a transaction of a memory, whose connections a fork waits for as well.
_USING = threading.RLock()
_MANY = 500  # parameters in one statement; SQLite takes at least 999


class CacheFile:
    """Keeps `bytes` under text keys in one table of the file `path`.

    The file is opened for each call, which takes some tenths of a millisecond and leaves nothing to close.

    Raises:
        StorageError: the file cannot be read or written, or is no cache: another program's, or a memory. What is no
            cache is not touched.
    """

    def __init__(self, path: str | Path, table: str) -> None:
        self._path = Path(path)
        self._table = table

    def get(self, keys: Sequence[str]) -> dict[str, bytes]:
        """Return what is kept under those of the keys that are known."""
        found: dict[str, bytes] = {}
        if not keys or not self._path.exists():
            return found
        with self._open() as connection:
            for at in range(0, len(keys), _MANY):
                some = keys[at : at + _MANY]
                marks = ",".join("?" * len(some))
                found.update(connection.execute(f"SELECT key, value FROM {self._table} WHERE key IN ({marks})", some))
        return found

    def put(self, items: Mapping[str, bytes]) -> None:
        """Keep these, all in one transaction."""
        if not items:
            return
        with self._open() as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(f"INSERT OR REPLACE INTO {self._table} VALUES (?, ?)", items.items())
            connection.execute("COMMIT")

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with _USING:
                _check_owner(self._path)
                make_private(self._path)  # prompts and answers are in it
                with closing(sqlite3.connect(self._path, timeout=_WAIT, isolation_level=None)) as connection:
                    self._prepare(connection)
                    yield connection
        except (sqlite3.Error, OSError) as error:
            raise StorageError(
                f"the cache {str(self._path)!r} cannot be used: {error}",
                hint="Check the path and the disk. A cache may be deleted at any time.",
            ) from error

    def _prepare(self, connection: sqlite3.Connection) -> None:
        """Create the table if it is not there, in one transaction with the mark that the file is ours."""
        if connection.execute("SELECT 1 FROM sqlite_schema WHERE name = ?", [self._table]).fetchone():
            if _mark(connection) != APPLICATION_ID:
                raise _foreign(self._path)
            return
        connection.execute("BEGIN IMMEDIATE")
        if _mark(connection) != APPLICATION_ID and connection.execute("SELECT 1 FROM sqlite_schema").fetchone():
            raise _foreign(self._path)
        connection.execute(f"CREATE TABLE IF NOT EXISTS {self._table} (key TEXT PRIMARY KEY, value BLOB) WITHOUT ROWID")
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute("COMMIT")


def _check_owner(path: Path) -> None:
    """Refuse a file of somebody else before anything could write to it.

    `immutable` keeps SQLite from locking the file, from making others beside it, and from replaying a log. Without a
    lock, a file that another process is writing may look damaged: `_prepare` looks again, under its lock.
    """
    if not path.exists() or path.stat().st_size == 0:
        return
    try:
        with closing(sqlite3.connect(f"file:{quote(str(path.absolute()))}?mode=ro&immutable=1", uri=True)) as looking:
            found = _mark(looking)
    except sqlite3.DatabaseError as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF != sqlite3.SQLITE_CORRUPT:
            raise
        return
    if found != APPLICATION_ID:
        raise _foreign(path)


def _mark(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA application_id").fetchone()[0])


def _foreign(path: Path) -> StorageError:
    return StorageError(
        f"{str(path)!r} is not a cache but a database of something else; it was not touched",
        hint="Give a path of its own to the cache.",
    )


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_USING.acquire, after_in_parent=_USING.release, after_in_child=_USING.release)
