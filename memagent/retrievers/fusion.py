"""Several retrievers as one; of words and vectors it is the default, `hybrid`.

Each retriever's scores are divided by its best one and added up, with equal weights unless told otherwise. Compared by
`benchmarks/hybrid.py` on held-out halves of 50 MuSiQue questions, mean recall@2/5/10: this rule 0.564, min-max scaling
0.564, reciprocal ranks 0.562 (constant 10) and 0.546 (constant 60). The first three do not differ; this one keeps how
sure each retriever was.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from memagent.errors import UsageProblem
from memagent.retrievers.base import Retriever
from memagent.types import Hit, Scope

_Key = tuple[str, str]


class Fusion:
    """Ranks what its retrievers find by the weighted sum of their scores, each relative to the retriever's best.

    A hit's score is that sum, scaled by the weighted mean of the best scores: 1 needs a passage that every retriever
    finds perfect. `parts` holds what each retriever gave.

    Args:
        retrievers: what to merge; their names must differ.
        weights: a positive number for each; equal when not given.
        pool: how many hits each retriever is asked for, at least.

    Raises:
        UsageProblem: no retriever, a name twice, or weights that do not fit.
    """

    name = "hybrid"

    def __init__(
        self, retrievers: Iterable[Retriever], *, weights: Sequence[float] | None = None, pool: int = 50
    ) -> None:
        self._retrievers = list(retrievers)
        names = [retriever.name for retriever in self._retrievers]
        if not names or len(set(names)) < len(names):
            raise UsageProblem(f"fusion needs retrievers of different names, got {', '.join(names) or 'none'}")
        self._weights = _normalised(weights if weights is not None else [1.0] * len(names), len(names))
        self._pool = pool

    def retrieve(self, query: str, k: int, scope: Scope) -> list[Hit]:
        """Return up to k hits, best first; ties as the first retriever has them. An empty query finds nothing."""
        if not query.strip() or k < 1:
            return []
        found = [retriever.retrieve(query, max(k, self._pool), scope) for retriever in self._retrievers]
        best = [max((hit.score for hit in hits), default=0.0) for hits in found]
        scale = sum(weight * top for weight, top in zip(self._weights, best, strict=True))
        relative = self._sums(found, best)
        first = {_key(hit): hit for hits in reversed(found) for hit in reversed(hits)}
        ranked = sorted(_in_order(found), key=lambda key: -relative[key])[:k]
        by_key = [{_key(hit): hit for hit in reversed(hits)} for hits in found]
        return [self._merged(first[key], relative[key] * scale, by_key) for key in ranked]

    def _sums(self, found: list[list[Hit]], best: list[float]) -> dict[_Key, float]:
        sums: dict[_Key, float] = {}
        for weight, top, hits in zip(self._weights, best, found, strict=True):
            for hit in hits:
                sums[_key(hit)] = sums.get(_key(hit), 0.0) + (weight * hit.score / top if top > 0 else 0.0)
        return sums

    def _merged(self, hit: Hit, score: float, found: list[dict[_Key, Hit]]) -> Hit:
        key = _key(hit)
        named = [
            (retriever.name, hits[key]) for retriever, hits in zip(self._retrievers, found, strict=True) if key in hits
        ]
        parts = {name: other.score for name, other in named}
        why = ", ".join(other.why for _, other in named if other.why)
        return replace(hit, score=min(1.0, score), parts=parts, why=why)


def _key(hit: Hit) -> _Key:
    """A passage: its id, and its text because a wide scope may see an id in two sessions."""
    return hit.id, hit.text


def _in_order(found: list[list[Hit]]) -> list[_Key]:
    return list(dict.fromkeys(_key(hit) for hits in found for hit in hits))


def _normalised(weights: Sequence[float], count: int) -> list[float]:
    if len(weights) != count or not all(weight > 0 for weight in weights):
        raise UsageProblem(f"fusion of {count} retrievers needs as many positive weights, got {list(weights)}")
    return [weight / sum(weights) for weight in weights]
