"""Passages that have the query's words."""

from __future__ import annotations

from memagent.stores.base import Match, VectorStore
from memagent.types import Hit, Scope


class Keyword:
    """Ranks by BM25; any word may match.

    BM25 has no upper end, so that a hit's score is made of two things that have one: the share of the query's words
    that the best hit has, times the hit's BM25 as a part of the best hit's. The order is that of BM25.
    """

    name = "keyword"

    def __init__(self, store: VectorStore) -> None:
        self._store = store

    def retrieve(self, query: str, k: int, scope: Scope) -> list[Hit]:
        """Return up to k hits, best first. An empty query, or one without words, finds nothing."""
        if not query.strip() or k < 1:
            return []
        matches = self._store.match(scope, query, k)
        scale = _coverage(matches) / max((match.score for match in matches), default=1.0)
        return [_hit(rank, match, scale) for rank, match in enumerate(matches, 1)]


def _coverage(matches: list[Match]) -> float:
    return len(matches[0].terms) / max(1, matches[0].asked) if matches else 0.0


def _hit(rank: int, match: Match, scale: float) -> Hit:
    passage, score = match.passage, min(1.0, max(0.0, match.score * scale))
    return Hit(
        id=passage.id,
        text=passage.text,
        score=score,
        parts={Keyword.name: score},
        why=f"{Keyword.name} {score:.2f} (rank {rank}: {', '.join(match.terms)})",
        title=passage.title,
        source=passage.source,
    )
