"""What can be wrong with a SQLite file, found out without touching it, and how it is said."""

from __future__ import annotations

import re
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from memagent.errors import MemoryProblem, StorageDamaged, StorageError, StorageFull, WrongKey
from memagent.stores.engine import PLAIN, Cipher, Engine

APPLICATION_ID = 0x6D656D61
"""Marks a file as ours ("mema"), in the place that the SQLite file format keeps for this."""

_QUICKLY = 64 << 20  # bytes that SQLite checks in about 20 ms
_WAIT = 1.0  # seconds; a file that somebody holds for longer is gone through another time
_HEADER = 100  # bytes that every database begins with
_TABLES = (
    "items|passages|vectors|vectors_next|words|facts|evidence|links|rationales|declarations|purged|changes|meta|"
    "extractions|synonyms|synonym_marks"
)
_BROKEN = re.compile(rf"no such table: (?:{_TABLES})$|could not decode to utf-?8|malformed", re.IGNORECASE)
_UNREADABLE = {sqlite3.SQLITE_CORRUPT: "is damaged or cut short", sqlite3.SQLITE_NOTADB: "is not a memagent file"}
_UNWRITABLE = {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_IOERR}


def check_place(path: Path) -> None:
    """Refuse a path at which no file can be."""
    if path.is_dir():
        raise StorageError(f"{path} is a folder", hint="Give the path of a file, such as notes.db.")
    if not path.parent.is_dir():
        raise StorageError(f"the folder {path.parent} does not exist", hint=f"Create it first: mkdir -p {path.parent}")


def check_owner(path: Path, engine: Engine = PLAIN) -> None:
    """Refuse a file of somebody else, or of another key, before anything could write to it.

    Through SQLite and not `open`: closing a file that this process has open elsewhere would drop SQLite's locks on it.
    `immutable` keeps SQLite from making files beside it or replaying a log.
    """
    if not path.exists() or path.stat().st_size == 0:
        return
    if path.stat().st_size < _HEADER:
        hint = "Restore it from a copy, or give another path."
        raise StorageDamaged(f"{path} is cut short, or no memagent file; it was not touched", hint=hint)
    found = APPLICATION_ID
    try:
        found = _application_id(path, engine)
    except engine.Error as error:
        if isinstance(engine, Cipher) and _code(error) == sqlite3.SQLITE_NOTADB:
            _check_key(path, engine)
        elif _code(error) != sqlite3.SQLITE_CORRUPT:  # half created by another process? Look again under its lock
            hint = "Give another path, or check that you may read this file; or the key, if it is encrypted."
            kind = StorageDamaged if _code(error) == sqlite3.SQLITE_NOTADB else StorageError
            raise kind(f"{path} is not a memagent file ({error}); it was not touched", hint=hint) from error
    if found != APPLICATION_ID:
        hint = "Give a path of its own to the memory."
        raise StorageError(f"{path} is a database of another program; it was not touched", hint=hint)


def _check_key(path: Path, engine: Cipher) -> None:
    """Refuse a file that the key does not open; one that another process is just creating is looked at under its lock.

    Only the first page is read: of nothing but noise, no more can be said than that the key does not fit.
    """
    with closing(engine.connect(f"file:{quote(str(path))}?mode=ro", uri=True, timeout=_WAIT)) as raw:
        try:
            raw.execute("PRAGMA application_id").fetchone()
            return
        except engine.Error as error:
            if _code(error) != sqlite3.SQLITE_NOTADB:  # held by somebody: opening it says so
                return
    if _is_plain(path, engine):
        hint = "Open it without a key, or encrypt it with: memagent rekey"
        raise WrongKey(f"{path} is not encrypted, and a key was given; it was not touched", hint=hint)
    raise WrongKey(
        f"{path} is encrypted by another key, or is no memagent file; it was not touched",
        hint="Give the key that it was made with, to the letter: a passphrase has no line end.",
    )


def _is_plain(path: Path, engine: Cipher) -> bool:
    with closing(engine.without_key(f"file:{quote(str(path))}?mode=ro&immutable=1")) as raw:
        try:
            return raw.execute("PRAGMA schema_version").fetchone() is not None
        except engine.Error:
            return False


def check_whole(path: Path, engine: Engine = PLAIN) -> None:
    """Refuse a file whose structure is damaged, where it is small enough to be gone through in some 20 ms.

    A larger one is gone through by the doctor, and fails when a damaged part of it is read. A file with a log beside it
    is in use: as long as nobody has one, no connection that could write is made, so that nothing comes to lie there.
    """
    if not path.exists() or not 0 < path.stat().st_size <= _QUICKLY:
        return
    with closing(_looked_at(path, engine)) as raw:
        try:
            found = str(raw.execute("PRAGMA quick_check(1)").fetchone()[0])
        except engine.Error as error:
            if _code(error) not in _UNREADABLE:  # held by somebody, or not to be read at all: opening it says so
                return
            found = str(error)
    if found != "ok":
        what = f"{path} is damaged or cut short ({' '.join(found.split())[:200]}); it was not touched"
        raise StorageDamaged(what, hint="Restore it from a copy.")


def check_version(path: Path, newest: int, engine: Engine = PLAIN) -> None:
    """Refuse a file whose schema is newer than those that are known."""
    if not path.exists() or not path.stat().st_size:
        return
    with closing(_looked_at(path, engine)) as raw:
        try:
            found = int(raw.execute("PRAGMA user_version").fetchone()[0])
        except engine.Error:  # opening it says what is wrong with it
            return
    if found > newest:
        raise newer(path, found, newest)


def newer(path: Path, found: int, newest: int) -> StorageError:
    """Return the error for a schema that is not known yet."""
    what = f"{path} has schema version {found}, and this memagent knows versions up to {newest}"
    return StorageError(what, hint="Upgrade: pip install -U memagent")


def is_busy(error: sqlite3.Error) -> bool:
    """Whether another connection was in the way for longer than we wait."""
    return _code(error) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def problem(error: sqlite3.Error, path: Path) -> MemoryProblem | None:
    """Return what an error of SQLite means for the file at `path`; None where it says nothing about the file."""
    code = _code(error)
    if code == sqlite3.SQLITE_FULL or (code == sqlite3.SQLITE_IOERR and _disk_is_full(path)):
        return StorageFull(f"no room left to write {path}", hint="Free some space; nothing was changed.")
    if code in _UNREADABLE:
        return StorageDamaged(f"{path} {_UNREADABLE[code]} ({error})", hint="Restore it from a copy.")
    if _BROKEN.search(str(error)):
        what = str(error).partition(" with text ")[0]  # what somebody wrote is no part of an error
        return StorageDamaged(f"{path} is damaged: {what}", hint="Restore it from a copy.")
    if code in _UNWRITABLE:
        hint = "Check that you may write the file and the folder it is in."
        return StorageError(f"{path} cannot be opened or written ({error})", hint=hint)
    return None


def _code(error: sqlite3.Error) -> int:
    """The primary result code; 0 where the error does not come from SQLite itself."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


def _application_id(path: Path, engine: Engine) -> int:
    with closing(_at_rest(path, engine)) as raw:
        found = int(raw.execute("PRAGMA application_id").fetchone()[0])
        if found == APPLICATION_ID and isinstance(engine, Cipher):
            engine.settle(raw)
        return found


def _at_rest(path: Path, engine: Engine) -> sqlite3.Connection:
    return engine.connect(f"file:{quote(str(path))}?mode=ro&immutable=1", uri=True)


def _looked_at(path: Path, engine: Engine) -> sqlite3.Connection:
    """A connection that sees what is in the log and leaves it there; one that could write brings it in as it closes."""
    if not path.with_name(f"{path.name}-wal").exists():
        return _at_rest(path, engine)
    return engine.connect(f"file:{quote(str(path))}?mode=ro", uri=True, timeout=_WAIT)


def _disk_is_full(path: Path) -> bool:
    return shutil.disk_usage(path.parent).free < 1 << 20
