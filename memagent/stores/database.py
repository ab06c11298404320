"""SQLite behind the `Database` port: one file, many threads, many processes.

Write-ahead logging lets readers go on while one writer works; a commit is on disk before `write()` returns. Every
thread has a connection of its own. Before a fork all idle connections are closed, in the parent too: SQLite keeps its
locks per process, and a child that inherits an open file believes in locks that it does not hold.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
import threading
import time
import weakref
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from memagent.errors import Busy, MemoryProblem, StorageDamaged, StorageError, UsageProblem, WrongKey
from memagent.files import make_private
from memagent.stores import sqlite_file
from memagent.stores.base import Row
from memagent.stores.engine import PLAIN, Cipher, Engine
from memagent.stores.migrations import MIGRATIONS

_PRAGMAS = "PRAGMA foreign_keys = ON; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON; PRAGMA cache_size = -16000;"


class _Link:
    """One thread's connection. The lock is held while it is used, so that `close` and `fork` can wait for it."""

    def __init__(self, raw: sqlite3.Connection) -> None:
        self.raw = raw
        self.lock = threading.RLock()
        self.closed = False
        # Runs when the thread ends or the database is dropped: a dead thread leaves no open file behind.
        self.finalizer = weakref.finalize(self, _close, raw)

    def close(self) -> None:
        self.closed = True
        self.finalizer()


class _Transaction:
    """The `Writer` of one transaction."""

    def __init__(self, raw: sqlite3.Connection) -> None:
        self._raw = raw

    def execute(self, sql: str, params: Sequence[Any] = ()) -> int:
        cursor = self._raw.execute(sql, params)
        return int(cursor.lastrowid or 0) if sql.lstrip()[:6].upper() == "INSERT" else cursor.rowcount

    def executemany(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        self._raw.executemany(sql, rows)

    def read(self, sql: str, params: Sequence[Any] = ()) -> list[Row]:
        return self._raw.execute(sql, params).fetchall()


class SQLiteDatabase:
    """One SQLite file, created or upgraded as needed.

    A new file is for its owner alone, whatever is usual elsewhere: it holds what people said. SQLite gives the files
    that it makes beside it the same rights; who shares a memory with a group gives them more.

    `:memory:` is a private temporary file that goes away on `close`: SQLite's own in-memory databases belong to one
    connection, and its shared cache has locks that no timeout waits for.

    Args:
        path: the file; its folder must exist.
        timeout: seconds to wait for another writer before `Busy`.
        engine: what opens the file: Python's own SQLite, or `Cipher` with a key.

    Raises:
        WrongKey: the file is encrypted by another key, or not at all. It was not touched.
        StorageError: the file cannot be read or written, is not ours, or was written by a newer version. It was not
            touched.
        Busy: another process held it for longer than `timeout`.
    """

    def __init__(self, path: str | os.PathLike[str], *, timeout: float = 60.0, engine: Engine = PLAIN) -> None:
        self._timeout = timeout
        self._engine = engine
        self._discard: weakref.finalize[..., Any] | None = None
        self._path = self._temporary_file() if os.fspath(path) == ":memory:" else Path(path).absolute()
        self._local = threading.local()
        self._links: weakref.WeakSet[_Link] = weakref.WeakSet()
        self._registry = threading.Lock()
        self._writing = threading.Lock()
        self._held: list[_Link] = []
        self._closed = False
        with _CONNECTING:  # what looks at the file has it open as well
            sqlite_file.check_place(self._path)
            self._check_alike()
            sqlite_file.check_owner(self._path, engine)
            sqlite_file.check_whole(self._path, engine)
            sqlite_file.check_version(self._path, len(MIGRATIONS), engine)
            make_private(self._path)
            _OPEN.add(self)  # before it has a connection, which a fork must find
        try:
            self._prepare()
        except MemoryProblem:
            self.close()
            raise

    @property
    def path(self) -> Path:
        """Where the file is."""
        return self._path

    @property
    def encrypted(self) -> bool:
        """Whether the file is encrypted."""
        return self._engine.encrypted

    def read(self, sql: str, params: Sequence[Any] = ()) -> list[Row]:
        """Run a query and return all its rows, all of them from one state of the database."""
        try:  # what `_typed` and `_link` do, without them: they take as long as a small read
            while True:
                link = self._current()
                with link.lock:
                    if not link.closed:
                        rows: list[Row] = link.raw.execute(sql, params).fetchall()
                        return rows
        except self._engine.Error as error:
            problem = self._problem(error)
            if problem is None:
                raise
            raise problem from error

    @contextmanager
    def write(self) -> Iterator[_Transaction]:
        """Open a write transaction: committed and on disk when the block ends, rolled back if it raises."""
        with self._sole_writer(), self._typed(), self._link() as link, _immediate(link.raw):
            yield _Transaction(link.raw)

    @contextmanager
    def snapshot(self) -> Iterator[_Transaction]:
        """Open a transaction that only reads: one state of the database for as long as it is open, and no writer waits.

        It has a connection of its own, so that this thread may write meanwhile. A purge waits, because it cannot
        rewrite the file while somebody reads an old state of it; so does a fork.
        """
        with self._typed(), self._own_link() as link:
            link.raw.execute("BEGIN")
            try:
                yield _Transaction(link.raw)
            finally:
                link.raw.execute("ROLLBACK")

    def changes(self) -> int:
        """Return the number of the newest committed change; 0 for a new file."""
        return int(self.read("SELECT coalesce(max(seq), 0) AS seq FROM changes")[0]["seq"])

    def erase_traces(self) -> None:
        """Rewrite the file without what was deleted from it, and empty its log: no byte of that is left in either.

        `secure_delete` overwrites a deleted row where it lies, but not the copies that moving rows between pages has
        left in the gaps of others; only a rewritten file has none. It takes about as long as copying the file, and
        needs room for two more of it. Where it does not come to its end, the rows are gone all the same, and calling
        it again finishes it.

        Raises:
            Busy: another connection kept reading, or held the write lock, for longer than `timeout`.
            StorageFull: there is no room for the copy.
        """
        with self._typed(), self._sole_writer(), self._link() as link:
            link.raw.execute("VACUUM")
            self._truncate_log(link.raw)

    def close(self) -> None:
        """Close the connections of all threads, after what they are doing. Closing twice does no harm."""
        self._closed = True
        with self._registry:
            links = list(self._links)
        for link in links:
            with link.lock:
                link.close()
        if self._discard is not None:
            self._discard()

    @contextmanager
    def _sole_writer(self) -> Iterator[None]:
        """One writer at a time in this process; SQLite sees to the others."""
        if getattr(self._local, "writing", False):
            raise UsageProblem("this thread has a write transaction open already", hint="Use that one.")
        if not self._writing.acquire(timeout=self._timeout):
            raise self._busy()
        self._local.writing = True
        try:
            yield
        finally:
            self._local.writing = False
            self._writing.release()

    def _check_alike(self) -> None:
        """Two libraries must not have one file open in one process: closing it in one drops the locks of the other."""
        others = [one for one in _OPEN if not one._closed and one.encrypted != self.encrypted]
        if any(one.path.exists() and self._path.exists() and one.path.samefile(self._path) for one in others):
            raise WrongKey(
                f"{self._path} is open in this process {'without a key' if self.encrypted else 'with a key'}",
                hint="Open it the same way, or close the other first.",
            )

    def _temporary_file(self) -> Path:
        folder = tempfile.mkdtemp(prefix="memagent-")
        self._discard = weakref.finalize(self, _remove_folder, folder, os.getpid())
        return Path(folder, "memory.db")

    @contextmanager
    def _link(self) -> Iterator[_Link]:
        while True:
            link = self._current()
            with link.lock:
                if not link.closed:
                    yield link
                    return

    def _current(self) -> _Link:
        """The connection of this thread, a new one if it has none; until its lock is held, others may close it."""
        if self._closed:
            raise self._is_closed()
        link: _Link | None = getattr(self._local, "link", None)
        if link is None or link.closed:
            link = self._local.link = self._connect()
        return link

    @contextmanager
    def _own_link(self) -> Iterator[_Link]:
        """A connection that is closed when the block ends."""
        while True:
            if self._closed:
                raise self._is_closed()
            link = self._connect()
            with link.lock:
                if link.closed:  # by a fork, before it was held
                    continue
                try:
                    yield link
                finally:
                    link.close()
                return

    def _is_closed(self) -> StorageError:
        return StorageError(f"{self._path} is closed", hint="Open the memory again before using it.")

    def _connect(self) -> _Link:
        with _CONNECTING:
            raw = self._engine.connect(str(self._path), timeout=self._timeout)
            _CONNECTIONS.add(raw)
            link = _Link(raw)
            raw.executescript(_PRAGMAS)
            with self._registry:
                self._links.add(link)
        return link

    def _prepare(self) -> None:
        """Create or upgrade the schema in one transaction, then turn on write-ahead logging.

        In this order, because the mark that the file is ours has to be in the file itself and not in its log.
        """
        with self._typed(), self._link() as link:
            if _version(link.raw) != len(MIGRATIONS):
                with _immediate(link.raw):
                    self._migrate(link.raw)
            if isinstance(self._engine, Cipher):
                self._engine.settle(link.raw)
            self._log_ahead(link.raw)

    def _migrate(self, raw: sqlite3.Connection) -> None:
        found = _version(raw)
        if found > len(MIGRATIONS):
            raise sqlite_file.newer(self._path, found, len(MIGRATIONS))
        if not found and raw.execute("SELECT 1 FROM sqlite_master WHERE name IN ('items', 'passages')").fetchall():
            what = f"{self._path} does not say which schema version it has, and is not new; it was not touched"
            raise StorageDamaged(what, hint="Restore it from a copy.")
        from sqlite_utils import Database as Schema

        schema = Schema(raw)
        for migration in MIGRATIONS[found:]:
            migration(schema)
        raw.execute(f"PRAGMA application_id = {sqlite_file.APPLICATION_ID}")
        raw.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")

    def _log_ahead(self, raw: sqlite3.Connection) -> None:
        """Switch to WAL. SQLite does not wait for other connections here, so that we do."""
        deadline = time.monotonic() + self._timeout
        while True:
            try:
                if raw.execute("PRAGMA journal_mode = WAL").fetchone()[0] == "wal":
                    return
            except self._engine.Error as error:
                if not sqlite_file.is_busy(error):
                    raise
            if time.monotonic() > deadline:
                raise self._busy()
            time.sleep(0.02)

    def _truncate_log(self, raw: sqlite3.Connection) -> None:
        """Bring all of the log into the file and cut it to nothing, as soon as nobody reads from it."""
        deadline = time.monotonic() + self._timeout
        while raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
            if time.monotonic() > deadline:
                raise self._busy()
            time.sleep(0.02)

    @contextmanager
    def _typed(self) -> Iterator[None]:
        try:
            yield
        except self._engine.Error as error:
            problem = self._problem(error)
            if problem is None:
                raise
            raise problem from error

    def _problem(self, error: sqlite3.Error) -> MemoryProblem | None:
        """Say what an error of SQLite means; None where it is a mistake of ours, to be seen as it is."""
        if sqlite_file.is_busy(error):
            return self._busy()
        return sqlite_file.problem(error, self._path)

    def _busy(self) -> Busy:
        return Busy(
            f"{self._path} has been held by another writer for {self._timeout:g} s",
            hint="Try again; find the process that keeps a transaction open.",
        )

    def before_fork(self) -> None:
        """Wait for every thread and close its connection; the locks stay held until `after_fork`."""
        self._registry.acquire()
        self._held = list(self._links)
        for link in self._held:
            link.lock.acquire()
            if not link.closed and not link.raw.in_transaction:
                link.close()

    def held(self) -> list[_Link]:
        """Return the connections that `before_fork` has waited for."""
        return self._held

    def after_fork(self, *, child: bool) -> None:
        """Let the threads go on; each opens a new connection when it needs one."""
        for link in self._held:
            if child and not link.closed:  # forked inside a transaction: it belongs to the parent, so hands off
                link.closed = True
                link.finalizer.detach()
                _ABANDONED.append(link.raw)
            link.lock.release()
        self._held = []
        self._registry.release()
        if child:
            self._writing = threading.Lock()
            self._local = threading.local()


def is_open(path: Path) -> bool:
    """Whether this process has a file open as a database."""
    others = [one for one in _OPEN if not one._closed]
    return any(one.path.exists() and path.exists() and one.path.samefile(path) for one in others)


def _version(raw: sqlite3.Connection) -> int:
    return int(raw.execute("PRAGMA user_version").fetchone()[0])


@contextmanager
def _immediate(raw: sqlite3.Connection) -> Iterator[None]:
    """Take the write lock at once: a transaction that starts as a reader cannot wait for it later."""
    raw.execute("BEGIN IMMEDIATE")
    try:
        yield
        raw.execute("COMMIT")
    finally:
        if raw.in_transaction:
            raw.execute("ROLLBACK")


# A child must not inherit a connection that is half made or half closed: neither it nor SQLite's own locks would be in
# order there. Whoever closes holds nothing else that a fork waits for, since a thread that ends may do so anywhere.
_CONNECTING = threading.RLock()
_CLOSING = threading.RLock()
_OPEN: weakref.WeakSet[SQLiteDatabase] = weakref.WeakSet()
_FORKING: list[SQLiteDatabase] = []
_CONNECTIONS: set[sqlite3.Connection] = set()  # that are open
_ABANDONED: list[sqlite3.Connection] = []


def _close(raw: sqlite3.Connection) -> None:
    with _CLOSING:
        _CONNECTIONS.discard(raw)
        raw.close()


def _remove_folder(folder: str, owner: int) -> None:
    if os.getpid() == owner:
        shutil.rmtree(folder, ignore_errors=True)


def _before_fork() -> None:
    _CONNECTING.acquire()
    _FORKING.extend(_OPEN)
    for database in _FORKING:
        database.before_fork()
    _CLOSING.acquire()  # last: a thread that holds a link may be about to close another
    known = {link.raw for database in _FORKING for link in database.held()}
    for raw in _CONNECTIONS - known:  # of threads and databases that have ended and were about to close them
        _close(raw)


def _after_fork(*, child: bool) -> None:
    _CLOSING.release()
    while _FORKING:
        _FORKING.pop().after_fork(child=child)
    _CONNECTING.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_before_fork,
        after_in_parent=lambda: _after_fork(child=False),
        after_in_child=lambda: _after_fork(child=True),
    )
