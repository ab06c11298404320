"""What the four stores share: a database, the embedder that their vectors come from, and indexes in memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from memagent.stores.base import Database
from memagent.stores.label import Label
from memagent.stores.projections import Projections, Ranked, Rids
from memagent.types import Scope

T = TypeVar("T")


class IndexedStore:
    """A store over any `Database`. Closing the database is left to whoever opened it.

    Args:
        embedder: the name of what the vectors come from, recorded with the first write.
        dim: the length of every vector.
        projections: indexes to share with other stores of the database; its own if not given.

    Raises:
        EmbedderMismatch: the database holds vectors of another embedder.
    """

    def __init__(self, database: Database, *, embedder: str, dim: int, projections: Projections | None = None) -> None:
        self._database = database
        self._label = Label(embedder, dim)
        self._indexes = projections or Projections(database, dim)
        self._label.check(database)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(embedder={self.embedder!r}, dim={self._label.dim})"

    @property
    def embedder(self) -> str:
        """The name of what the vectors come from."""
        return self._label.embedder

    def _near(
        self, scope: Scope, kind: str, vector: NDArray[np.float32], k: int, allowed: Rids | None = None
    ) -> list[tuple[int, float]]:
        """Up to k (rid, cosine) of live items of a kind, best first, for a vector (dim,).

        Another process may exchange the vectors for another embedder's at any moment, so the embedder is checked before
        and after; between the two an index may meet vectors of another length.
        """
        query = self._label.row(vector)
        return self._checked(lambda: self._indexes.nearest(scope, kind, query, k, allowed))

    def _ranked(self, scope: Scope, kind: str, vector: NDArray[np.float32], k: int, seq: int) -> Ranked:
        """The rids (r,) and cosines (r,) of what `_near` finds, in an index that shows the change `seq`.

        Where the index shows it already, no vector is read, and checking the embedder afterwards is enough.
        """
        query = self._label.row(vector)
        found = self._indexes.shown(scope, kind, query, k, seq)
        if found is None:
            return self._checked(lambda: self._indexes.ranked(scope, kind, query, k))
        self._label.check(self._database)
        return found

    def _checked(self, search: Callable[[], T]) -> T:
        self._label.check(self._database)
        try:
            found = search()
        except ValueError:
            self._label.check(self._database)
            raise
        self._label.check(self._database)
        return found
