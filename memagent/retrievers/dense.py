"""Passages whose vectors point the same way as the query's."""

from __future__ import annotations

from memagent.embedders.base import Embedder, embedded
from memagent.stores.base import Match, VectorStore
from memagent.types import Hit, Scope


class Dense:
    """Ranks by cosine similarity; a hit's score is the cosine, and what has none above 0 is no hit.

    Args:
        store: where the passages are.
        embedder: the one the passages were embedded with.
    """

    name = "dense"

    def __init__(self, store: VectorStore, embedder: Embedder) -> None:
        self._store = store
        self._embedder = embedder

    def retrieve(self, query: str, k: int, scope: Scope) -> list[Hit]:
        """Return up to k hits, best first. An empty query finds nothing.

        Raises:
            UsageProblem: the embedder gave something else than one finite vector of its dimension.
        """
        if not query.strip() or k < 1:
            return []
        vector = embedded(self._embedder, [query], "query")[0]
        near = [match for match in self._store.nearest(scope, vector, k) if match.score > 0]
        return [_hit(rank, match) for rank, match in enumerate(near, 1)]


def _hit(rank: int, match: Match) -> Hit:
    passage, score = match.passage, min(1.0, match.score)
    return Hit(
        id=passage.id,
        text=passage.text,
        score=score,
        parts={Dense.name: score},
        why=f"{Dense.name} {score:.2f} (rank {rank})",
        title=passage.title,
        source=passage.source,
    )
