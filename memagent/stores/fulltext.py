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

from memagent.segment import terms, tokens
from memagent.stores.base import Database, Writer
from memagent.stores.scoping import columns
from memagent.types import Scope

# The quotient is BM25's share for frequency and length, in [0, 1): with weights without end that share is 1, so that
# the divisor is what FTS5 thinks the word is worth. A word in the title counts twice.
_SEARCH = """
    SELECT rowid AS rid, bm25(fulltext, 0.0, 2.0, 1.0) / bm25(fulltext, 0.0, 1e12, 1e12) AS part
    FROM fulltext WHERE fulltext MATCH ?"""
_INSERT = "INSERT INTO fulltext (rowid, scope, title, text) VALUES (?, ?, ?, ?)"
_DELETE = "INSERT INTO fulltext (fulltext, rowid, scope, title, text) VALUES ('delete', ?, ?, ?, ?)"


class Found(NamedTuple):
    """A row, its score in [0, 1] (the part of the query's weight that it has), and the words it has."""

    rid: int
    score: float
    terms: tuple[str, ...]


def index(writer: Writer, rid: int, scope: Scope, title: str, text: str) -> None:
    """Add the row of a passage."""
    writer.execute(_INSERT, [rid, " ".join(_scope_tokens(scope)), tokens(title), tokens(text)])


def unindex(writer: Writer, rid: int, scope: Scope, title: str, text: str) -> None:
    """Remove the row of a passage; title and text must be those it was indexed with."""
    writer.execute(_DELETE, [rid, " ".join(_scope_tokens(scope)), tokens(title), tokens(text)])


def search(database: Database, scope: Scope, query: str, total: int) -> list[Found]:
    """Return every passage of the scope that has a word of `query`, best first, ties by age.

    A query without words finds nothing; no query is an error.

    Args:
        total: how many passages the scope has.
    """
    scores: dict[int, float] = {}
    words: dict[int, list[str]] = {}
    possible = 0.0
    for term in terms(query):
        rows = database.read(_SEARCH, [_expression(scope, term)])
        weight = log(1 + (max(0, total - len(rows)) + 0.5) / (len(rows) + 0.5))
        possible += weight
        for row in rows:
            rid = row["rid"]
            scores[rid] = scores.get(rid, 0.0) + weight * row["part"]
            words.setdefault(rid, []).append("".join(term))
    ranked = sorted(scores.items(), key=lambda item: (-item[1], item[0]))
    return [Found(rid, score / possible, tuple(words[rid])) for rid, score in ranked]


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
