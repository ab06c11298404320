"""A passage store as it was at a moment: an object around an object, for retrievers that know nothing of time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from memagent.stores.base import Match, RareWords, VectorStore
from memagent.types import Scope


class AsOf:
    """Searches find only what had happened by `moment` (aware). Every other verb is the store's own."""

    def __init__(self, store: VectorStore, moment: datetime) -> None:
        self._store = store
        self.moment = moment

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def nearest(self, scope: Scope, vector: NDArray[np.float32], k: int) -> list[Match]:
        """Return up to k matches by cosine among what had happened by then."""
        return self._store.nearest(scope, vector, k, as_of=self.moment)

    def match(self, scope: Scope, text: str, k: int) -> list[Match]:
        """Return up to k matches by BM25 among what had happened by then."""
        return self._store.match(scope, text, k, as_of=self.moment)

    def rare(self, scope: Scope, words: Sequence[str], most: int) -> list[list[Match] | None]:
        """Return for each word its matches among what had happened by then, if they are fewer than `most`."""
        if isinstance(self._store, RareWords):
            return self._store.rare(scope, words, most, as_of=self.moment)
        every = [self.match(scope, word, most) for word in words]
        return [found if len(found) < most else None for found in every]
