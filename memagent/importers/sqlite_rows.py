"""Rows of somebody else's SQLite file, which is read only and never changed."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Set
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from memagent.errors import UsageProblem

MAGIC = b"SQLite format 3\0"


@contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a database for reading.

    Raises:
        UsageProblem: it cannot be read, or is damaged.
    """
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as raw:
            raw.row_factory = sqlite3.Row
            yield raw
    except sqlite3.Error as error:
        raise UsageProblem(f"{path} cannot be read as a SQLite file: {error}", hint="Take another copy.") from error


def tables_with(raw: sqlite3.Connection, wanted: Set[str]) -> list[str]:
    """Return the tables that have all of these columns."""
    names = [row[0] for row in raw.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
    return [name for name in names if wanted <= {row[1] for row in raw.execute(f"PRAGMA table_info({_quoted(name)})")}]


def rows(raw: sqlite3.Connection, table: str) -> Iterator[dict[str, Any]]:
    """Yield the rows of a table in the order in which they were written, with their `rowid`."""
    for row in raw.execute(f"SELECT rowid AS rowid, * FROM {_quoted(table)} ORDER BY rowid"):
        yield {**{name: row[name] for name in row.keys()}, "rowid": row[0]}


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
