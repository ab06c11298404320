"""Full text by SQLite's FTS5, ranked by BM25. Everything that is particular to FTS5 is in this file.

A row carries tokens for its scope beside those of its text. They narrow a search before anything is scored, so that
its cost follows what one user keeps; the scope columns of `passages` decide.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

from memagent.stores.base import Database, Row, Writer
from memagent.stores.scoping import columns, marks, visible
from memagent.segment import terms, tokens
from memagent.types import Scope

_TITLE_WEIGHT = 2.0
_INSERT = "INSERT INTO fulltext (rowid, scope, title, text) VALUES (?, ?, ?, ?)"
_DELETE = "INSERT INTO fulltext (fulltext, rowid, scope, title, text) VALUES ('delete', ?, ?, ?, ?)"


def index(writer: Writer, rid: int, scope: Scope, title: str, text: str) -> None:
    """Add the row of a passage."""
    writer.execute(_INSERT, [rid, " ".join(_scope_tokens(scope)), tokens(title), tokens(text)])


def unindex(writer: Writer, rid: int, scope: Scope, title: str, text: str) -> None:
    """Remove the row of a passage; title and text must be those it was indexed with."""
    writer.execute(_DELETE, [rid, " ".join(_scope_tokens(scope)), tokens(title), tokens(text)])


def search(database: Database, scope: Scope, query: str, k: int) -> list[Row]:
    """Return up to k passages of the scope with their BM25 `score` (at least 0), best first, ties by age.

    Any word may match. A query without words finds nothing; no query is an error.
    """
    phrases = [_phrase(term) for term in terms(query)]
    if not phrases:
        return []
    condition, params = visible(scope)
    sql = f"""
        SELECT passages.*, -bm25(fulltext, 0.0, {_TITLE_WEIGHT}, 1.0) AS score
        FROM fulltext JOIN passages ON passages.rid = fulltext.rowid
        WHERE fulltext MATCH ? AND {condition} AND passages.retired_at IS NULL
        ORDER BY score DESC, passages.rid LIMIT ?"""
    return database.read(sql, [_expression(scope, phrases), *params, k])


def matched(database: Database, query: str, rids: Sequence[int]) -> dict[int, list[str]]:
    """Return, for each of these rows, the words of `query` that it has, in the order of the query."""
    found: dict[int, list[str]] = {rid: [] for rid in rids}
    sql = f"SELECT rowid AS rid FROM fulltext WHERE fulltext MATCH ? AND rowid IN ({marks(rids)})"
    for term in terms(query) if rids else []:
        for row in database.read(sql, [f"{{title text}} : {_phrase(term)}", *rids]):
            found[row["rid"]].append(_shown(term))
    return found


def _shown(term: list[str]) -> str:
    return "".join(term)


def _phrase(term: list[str]) -> str:
    return f'"{" ".join(term)}"'


def _expression(scope: Scope, phrases: list[str]) -> str:
    scoped = " AND ".join(f'scope : "{token}"' for token in _scope_tokens(scope))
    return f"{scoped} AND {{title text}} : ({' OR '.join(phrases)})"


def _scope_tokens(scope: Scope) -> list[str]:
    """One token for the user and one for each other part that is set; digits only, so that none is stemmed."""
    user, session, agent = columns(scope)
    named = [("user", user), *[(name, part) for name, part in (("session", session), ("agent", agent)) if part]]
    return [
        str(int.from_bytes(blake2b(f"{name}:{part}".encode(), digest_size=6).digest(), "big")) for name, part in named
    ]
