"""The schema, one function a version. A file records how many of them it has seen.

A version that was released is never edited: a change is a new function at the end of `MIGRATIONS`. The SQL is plain;
what only SQLite has (AUTOINCREMENT, FTS5) is marked.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    Schema = Any  # sqlite_utils.Database, which is imported only when there is something to migrate


def first(schema: Schema) -> None:
    """Passages, their vectors and full text, the change log and the settings of the file.

    `user`, `session` and `agent` are '' where the scope has none, so that unique keys and plain `=` work. The vectors
    are apart because a scan of `passages` would otherwise drag them along. Neither `rid` nor `seq` is ever used again:
    whoever saw a rid has seen its content, and whoever remembers a seq can ask what came after.
    """
    schema.execute("""
        CREATE TABLE passages (
            rid INTEGER PRIMARY KEY AUTOINCREMENT, -- SQLite
            id TEXT NOT NULL,
            user TEXT NOT NULL,
            session TEXT NOT NULL,
            agent TEXT NOT NULL,
            title TEXT NOT NULL,
            text TEXT NOT NULL,
            source TEXT NOT NULL,
            digest TEXT NOT NULL,
            metadata TEXT NOT NULL,
            at TEXT,
            recorded_at TEXT NOT NULL,
            retired_at TEXT,
            UNIQUE (user, id, session, agent)
        )""")
    schema.table("passages").create_index(["user", "digest"])
    schema.table("passages").create_index(["user", "source"])
    schema.table("passages").create_index(["user", "retired_at"])
    schema.execute("""
        CREATE TABLE vectors (
            rid INTEGER PRIMARY KEY REFERENCES passages (rid) ON DELETE CASCADE,
            vector BLOB NOT NULL
        )""")
    schema.execute("""
        CREATE TABLE changes (
            seq INTEGER PRIMARY KEY AUTOINCREMENT, -- SQLite
            rid INTEGER NOT NULL,
            op TEXT NOT NULL
        )""")
    # SQLite. Contentless: the text is kept once, in `passages`; a row leaves by an explicit 'delete'.
    schema.execute("""
        CREATE VIRTUAL TABLE fulltext USING fts5 (
            scope, title, text, content='', tokenize="porter unicode61 remove_diacritics 2 categories 'L* M* N* Co'"
        )""")
    schema.table("meta").create({"key": str, "value": str}, pk="key", not_null={"value"})


MIGRATIONS: tuple[Callable[[Schema], None], ...] = (first,)
"""Every version in order; the version of a file is the number of those it has been through."""
