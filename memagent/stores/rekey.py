"""Changing how a memory's file is encrypted: with a key for the first time, with another one, or no more.

The file is written anew beside the old one and takes its place when it is whole and on disk; killed at any moment, the
one or the other is there. Bytes of the old file may stay on the disk until they are overwritten: of a file that was not
encrypted before, that is its text.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from memagent.errors import Busy, StorageError, UsageProblem
from memagent.files import make_private
from memagent.stores import sqlite_file
from memagent.stores.database import SQLiteDatabase, is_open
from memagent.stores.engine import Cipher, engine_for, quoted

_WAIT = 2.0  # seconds for whoever has the file open


def rekey(path: str | os.PathLike[str], old: str | bytes | None, new: str | bytes | None) -> None:
    """Encrypt the file of a memory by another key.

    Args:
        path: the file. Nobody may have it open, this process included.
        old: its key so far; `None` where it is not encrypted.
        new: its key from now on; `None` to keep it unencrypted.

    Raises:
        WrongKey: `old` does not open it.
        UsageProblem: a key is none, or both are `None`.
        Busy: somebody has the file open. Nothing was changed.
        StorageError: the new file cannot be written. Nothing was changed.
    """
    place = Path(path).absolute()
    if old is None and new is None:
        raise UsageProblem("there is neither an old nor a new key", hint="Give the key that it is to have.")
    if is_open(place):  # here, where locks do not tell
        raise Busy(f"{place} is open in this process", hint="Close it, then do this again; nothing was changed.")
    SQLiteDatabase(place, engine=engine_for(old)).close()  # it opens, and is of the newest schema
    aside = place.with_name(f".{place.name}.{os.getpid()}.rekeyed")
    aside.unlink(missing_ok=True)
    try:
        make_private(aside)
        _written_anew(place, aside, old, new)
        aside.chmod(place.stat().st_mode & 0o777)
        SQLiteDatabase(aside, engine=engine_for(new)).close()  # the very file that is to take its place opens
        _sync(aside)
        aside.replace(place)
        _sync(place.parent)
    finally:
        for left in aside.parent.glob(f"{aside.name}*"):
            left.unlink()


def _written_anew(place: Path, aside: Path, old: str | bytes | None, new: str | bytes | None) -> None:
    engine = engine_for(old if old is not None else new)
    assert isinstance(engine, Cipher)
    raw: Any = engine.without_key(str(place)) if old is None else engine.connect(str(place))
    with closing(raw), _said(raw, engine, place):
        raw.isolation_level = None
        raw.execute(f"PRAGMA busy_timeout = {int(_WAIT * 1000)}")
        raw.execute("PRAGMA temp_store = MEMORY")
        _alone(raw, place)
        key = Cipher(new).spec if new is not None else ""
        raw.execute("ATTACH DATABASE ? AS anew KEY " + quoted(key), [str(aside)])
        raw.execute("SELECT sqlcipher_export('anew')")
        for mark in ("application_id", "user_version"):
            value = int(raw.execute(f"PRAGMA main.{mark}").fetchone()[0])
            raw.execute(f"PRAGMA anew.{mark} = {value}")
        raw.execute("DETACH DATABASE anew")


def _alone(raw: Any, place: Path) -> None:
    """Leave write-ahead logging, which SQLite allows to nobody who is not alone with the file, and lock it."""
    if raw.execute("PRAGMA journal_mode = DELETE").fetchone()[0] != "delete":
        raise Busy(f"{place} is open elsewhere", hint="Close it everywhere, then do this again; nothing was changed.")
    raw.execute("PRAGMA locking_mode = EXCLUSIVE")
    raw.execute("BEGIN EXCLUSIVE")
    raw.execute("COMMIT")  # the lock stays until the connection is closed


@contextmanager
def _said(raw: Any, engine: Cipher, place: Path) -> Iterator[None]:
    try:
        yield
    except engine.Error as error:
        if sqlite_file.is_busy(error):
            hint = "Close it everywhere, then do this again; nothing was changed."
            raise Busy(f"{place} is open elsewhere", hint=hint) from error
        problem = sqlite_file.problem(error, place)
        raise problem or StorageError(f"{place} could not be written anew ({error})", hint="See the disk.") from error


def _sync(path: Path) -> None:
    if os.name == "nt" and path.is_dir():
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
