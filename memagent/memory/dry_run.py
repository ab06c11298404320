"""A transaction that is taken back: what a dry run shows is what the real run would have done."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from memagent.stores.base import Writer
from memagent.stores.database import SQLiteDatabase


class _TakenBack(Exception):
    """Ends a transaction so that nothing of it is kept."""


@contextmanager
def undoable(database: SQLiteDatabase, dry_run: bool) -> Iterator[Writer]:
    """Open a write transaction; of a dry run nothing is kept when the block ends."""
    try:
        with database.write() as writer:
            yield writer
            if dry_run:
                raise _TakenBack
    except _TakenBack:
        pass
