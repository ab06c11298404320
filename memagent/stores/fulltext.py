"""Full text by SQLite's FTS5, ranked by BM25. Everything that is particular to FTS5 is in this file.

A row carries tokens for its scope beside those of its text, so that a search is cut to its scope before anything is
ranked. FTS5's own ranking is not used as it is: it weighs a word by how many passages of all users have it, and takes
a word that half of them have for worthless, which in a small memory is every word that matters. Here FTS5 finds the
passages and how much each is about a word (term frequency and length); how telling the word is comes from the scope.
"""

from __future__ import annotations

from hashlib import blake2b
from math import log
from typing import NamedTuple

from memagent.terms import terms, tokens
from memagent.stores.base import Database, Row, Writer
from memagent.stores.scoping import columns, visible
from memagent.types import Scope

_INSERT = "INSERT INTO fulltext (rowid, scope, title, text) VALUES (?, ?, ?, ?)"
_DELETE = "INSERT INTO fulltext (fulltext, rowid, scope, title, text) VALUES ('delete', ?, ?, ?, ?)"
_COUNT = "SELECT count(*) AS n FROM fulltext WHERE fulltext MATCH ?"
# The quotient is BM25's share for frequency and length, in [0, 1): with weights without end that share is 1, so that
# the divisor is what FTS5 thinks the word is worth. A word in the title counts twice. `bit` tells the words apart.
_PART = """
    SELECT rowid AS rid, ? * bm25(fulltext, 0.0, 2.0, 1.0) / bm25(fulltext, 0.0, 1e12, 1e12) AS part, ? AS bit
    FROM fulltext WHERE fulltext MATCH ?"""
_COMMON = 8
_SMALL = 8000  # below so many passages in a scope, no word that up to 1000 have is too common
_MOST_TERMS = 60  # the bits of one integer


class _Term(NamedTuple):
    shown: str
    expression: str
    weight: float


def index(writer: Writer, rid: int, scope: Scope, title: str, text: str) -> None:
    """Add the row of a passage."""
    writer.execute(_INSERT, [rid, " ".join(_scope_tokens(scope)), tokens(title), tokens(text)])


def unindex(writer: Writer, rid: int, scope: Scope, title: str, text: str) -> None:
    """Remove the row of a passage; title and text must be those it was indexed with."""
    writer.execute(_DELETE, [rid, " ".join(_scope_tokens(scope)), tokens(title), tokens(text)])


def search(database: Database, scope: Scope, query: str, k: int, *, total: int) -> list[tuple[Row, float, list[str]]]:
    """Return up to k passages of the scope that have a word of `query`, best first, ties by age.

    Each is a full row of `passages`, a score in [0, 1] (the part of the query's weight that it has) and its words. A
    query without words finds nothing; no query is an error. `total` is how many passages the scope has. Words that
    more than one in eight of them has are left out where others remain: they cost most and tell least.
    """
    chosen = _weighed(database, scope, query, total)
    if not chosen:
        return []
    condition, params = visible(scope)
    # Materialized, because bm25 does not work in a query that SQLite has merged with the one around it.
    sql = f"""
        WITH parts AS MATERIALIZED ({" UNION ALL ".join([_PART] * len(chosen))}), found AS (
            SELECT rid, sum(part) AS score, sum(bit) AS bits FROM parts GROUP BY rid ORDER BY score DESC, rid LIMIT ?)
        SELECT passages.*, found.score, found.bits FROM found JOIN passages ON passages.rid = found.rid
        WHERE {condition} AND passages.retired_at IS NULL
        ORDER BY found.score DESC, passages.rid"""
    parts = [value for bit, term in enumerate(chosen) for value in (term.weight, 1 << bit, term.expression)]
    possible = sum(term.weight for term in chosen)
    return [
        (row, row["score"] / possible, [term.shown for bit, term in enumerate(chosen) if row["bits"] >> bit & 1])
        for row in database.read(sql, [*parts, k, *params])
    ]


def _weighed(database: Database, scope: Scope, query: str, total: int) -> list[_Term]:
    """The words to search for, each with its weight in this scope (inverse document frequency, always positive)."""
    found = []
    for term in terms(query, limit=_MOST_TERMS):
        expression = _expression(scope, term)
        having = database.read(_COUNT, [expression])[0]["n"]
        weight = log(1 + (max(0, total - having) + 0.5) / (having + 0.5))
        found.append((having, _Term("".join(term), expression, weight)))
    telling = [term for having, term in found if having * _COMMON <= max(total, _SMALL)]
    useful = any(having for having, term in found if term in telling)
    return telling if useful else [term for _, term in found]


def _expression(scope: Scope, term: list[str]) -> str:
    scoped = " AND ".join(f'scope : "{token}"' for token in _scope_tokens(scope))
    return f'{scoped} AND {{title text}} : "{" ".join(term)}"'


def _scope_tokens(scope: Scope) -> list[str]:
    """One token for the user and one for each other part that is set; digits only, so that none is stemmed."""
    user, session, agent = columns(scope)
    named = [("user", user), *[(name, part) for name, part in (("session", session), ("agent", agent)) if part]]
    return [
        str(int.from_bytes(blake2b(f"{name}:{part}".encode(), digest_size=6).digest(), "big")) for name, part in named
    ]
