"""Rationales whose problem is like the one at hand: by its vector, and by words of problem and reasoning.

A hit's text is the whole rationale, as a prompt would show it. Merge the two with `Fusion`.
"""

from __future__ import annotations

from memagent.embedders.base import Embedder, embedded
from memagent.stores.base import RationaleMatch, RationaleStore
from memagent.types import Hit, Scope


class RationaleDense:
    """Ranks by the cosine of the problems; what has none above 0 is no hit.

    Args:
        store: where the rationales are.
        embedder: the one that their problems were embedded with.
        apart_from: a problem whose own rationales are left out.
    """

    name = "dense"

    def __init__(self, store: RationaleStore, embedder: Embedder, *, apart_from: str = "") -> None:
        self._store = store
        self._embedder = embedder
        self._apart_from = apart_from

    def retrieve(self, query: str, k: int, scope: Scope) -> list[Hit]:
        """Return up to k hits, best first. An empty query finds nothing.

        Raises:
            UsageProblem: the embedder gave something else than one finite vector of its dimension.
        """
        if not query.strip() or k < 1:
            return []
        vector = embedded(self._embedder, [query], "query")[0]
        found = self._store.nearest(scope, vector, k, apart_from=self._apart_from)
        near = [match for match in found if match.score > 0]
        return [_hit(self.name, match, f"rank {rank}") for rank, match in enumerate(near, 1)]


class RationaleKeyword:
    """Ranks by BM25 over problem and reasoning; any word may match.

    Args:
        store: where the rationales are.
        apart_from: a problem whose own rationales are left out.
    """

    name = "keyword"

    def __init__(self, store: RationaleStore, *, apart_from: str = "") -> None:
        self._store = store
        self._apart_from = apart_from

    def retrieve(self, query: str, k: int, scope: Scope) -> list[Hit]:
        """Return up to k hits, best first. An empty query, or one without words, finds nothing."""
        if not query.strip() or k < 1:
            return []
        found = self._store.match(scope, query, k, apart_from=self._apart_from)
        return [_hit(self.name, match, f"rank {rank}: {', '.join(match.terms)}") for rank, match in enumerate(found, 1)]


def _hit(name: str, match: RationaleMatch, place: str) -> Hit:
    rationale, score = match.rationale, min(1.0, max(0.0, match.score))
    return Hit(
        id=rationale.id,
        text=rationale.text,
        score=score,
        parts={name: score},
        why=f"{name} {score:.2f} ({place})",
        source=rationale.source,
        kind="rationale",
    )
