"""Facts that hold, by vector and by word. Merge the two with `Fusion`."""

from __future__ import annotations

from datetime import datetime

from memagent.embedders.base import Embedder, embedded
from memagent.stores.base import FactMatch, TripleStore
from memagent.types import Hit, Scope


class FactDense:
    """Ranks by the cosine of query and fact; what has none above 0 is no hit.

    Args:
        store: where the facts are.
        embedder: the one that they were embedded with.
        as_of: facts that hold at this moment (aware); now if not given.
    """

    name = "dense"

    def __init__(self, store: TripleStore, embedder: Embedder, *, as_of: datetime | None = None) -> None:
        self._store = store
        self._embedder = embedder
        self._as_of = as_of

    def retrieve(self, query: str, k: int, scope: Scope) -> list[Hit]:
        """Return up to k hits, best first. An empty query finds nothing."""
        if not query.strip() or k < 1:
            return []
        vector = embedded(self._embedder, [query], "query")[0]
        near = [match for match in self._store.nearest(scope, vector, k, as_of=self._as_of) if match.score > 0]
        return [_hit(self.name, match, f"rank {rank}") for rank, match in enumerate(near, 1)]


class FactKeyword:
    """Ranks by BM25 over subject, relation and object; any word may match.

    Args:
        store: where the facts are.
        as_of: facts that hold at this moment (aware); now if not given.
    """

    name = "keyword"

    def __init__(self, store: TripleStore, *, as_of: datetime | None = None) -> None:
        self._store = store
        self._as_of = as_of

    def retrieve(self, query: str, k: int, scope: Scope) -> list[Hit]:
        """Return up to k hits, best first. An empty query, or one without words, finds nothing."""
        if not query.strip() or k < 1:
            return []
        found = self._store.match(scope, query, k, as_of=self._as_of)
        return [_hit(self.name, match, f"rank {rank}: {', '.join(match.terms)}") for rank, match in enumerate(found, 1)]


def _hit(name: str, match: FactMatch, place: str) -> Hit:
    fact, score = match.fact, min(1.0, max(0.0, match.score))
    why = f"{name} {score:.2f} ({place})"
    triple = fact.subject, fact.relation, fact.object
    return Hit(
        fact.id, fact.text, score, {name: score}, why, source=", ".join(fact.sources), kind="fact", triple=triple
    )
