"""A cache file: keys to bytes in SQLite, for any number of threads and processes at once."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from memagent.errors import StorageError

_WAIT = 30.0
_MANY = 500  # parameters in one statement; SQLite takes at least 999


class CacheFile:
    """Keeps `bytes` under text keys in one table of the file `path`.

    The file is opened for each call, which takes some tenths of a millisecond and leaves nothing to close.

    Raises:
        StorageError: the file cannot be read or written, or is no SQLite file.
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
            with closing(sqlite3.connect(self._path, timeout=_WAIT, isolation_level=None)) as connection:
                connection.execute(
                    f"CREATE TABLE IF NOT EXISTS {self._table} (key TEXT PRIMARY KEY, value BLOB) WITHOUT ROWID"
                )
                yield connection
        except (sqlite3.Error, OSError) as error:
            raise StorageError(
                f"the cache {str(self._path)!r} cannot be used: {error}",
                hint="Check the path and the disk. A cache may be deleted at any time.",
            ) from error
