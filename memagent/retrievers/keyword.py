"""Passages that have the query's words."""

from __future__ import annotations

from collections.abc import Sequence

from memagent.stores.base import Match, RareWords, VectorStore
from memagent.types import Hit, Scope


class Keyword:
    """Ranks by BM25; any word may match. A hit's score is the part of the query's weight that its words make up.

    Args:
        store: where the passages are.
    """

    name = "keyword"

    def __init__(self, store: VectorStore) -> None:
        self._store = store

    def retrieve(self, query: str, k: int, scope: Scope) -> list[Hit]:
        """Return up to k hits, best first. An empty query, or one without words, finds nothing."""
        if not query.strip() or k < 1:
            return []
        return _hits(self._store.match(scope, query, k))

    def rare(self, words: Sequence[str], most: int, scope: Scope) -> list[list[Hit] | None]:
        """Return for each word, none of them empty, its hits, best first; `None` where there are `most` or more."""
        if isinstance(self._store, RareWords):
            every = self._store.rare(scope, words, most)
        else:
            found = (self._store.match(scope, word, most) for word in words)
            every = [matches if len(matches) < most else None for matches in found]
        return [None if matches is None else _hits(matches) for matches in every]


def _hits(matches: Sequence[Match]) -> list[Hit]:
    return [_hit(rank, match) for rank, match in enumerate(matches, 1)]


def _hit(rank: int, match: Match) -> Hit:
    passage, score = match.passage, min(1.0, max(0.0, match.score))
    return Hit(
        id=passage.id,
        text=passage.text,
        score=score,
        parts={Keyword.name: score},
        why=f"{Keyword.name} {score:.2f} (rank {rank}: {', '.join(match.terms)})",
        title=passage.title,
        source=passage.source,
    )
