"""What keeps things. A store knows nothing of language models, embedders or queries in words.

`Database` is the small port to SQL; stores are written against it, so that another database is one more file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from memagent.types import Note, Passage, Scope

Row = Mapping[str, Any]
Vectors = NDArray[np.float32]


class Writer(Protocol):
    """One open write transaction."""

    def execute(self, sql: str, params: Sequence[Any] = ()) -> int:
        """Run one statement and return the rowid of the last insert, or the number of rows changed for other verbs."""
        ...

    def read(self, sql: str, params: Sequence[Any] = ()) -> list[Row]:
        """Read inside the transaction."""
        ...


class Database(Protocol):
    """Reads, transactions and a counter that grows with every committed change, whoever made it."""

    def read(self, sql: str, params: Sequence[Any] = ()) -> list[Row]:
        """Run a query and return all its rows."""
        ...

    def write(self) -> AbstractContextManager[Writer]:
        """Open a write transaction: committed and on disk when the block ends, rolled back if it raises."""
        ...

    def changes(self) -> int:
        """Return the number of the newest committed change."""
        ...

    def close(self) -> None:
        """Close every connection. Reading or writing afterwards is an error."""
        ...


class VectorStore(Protocol):
    """Passages with their vectors and their full-text rows; every verb sees one scope only."""

    def add(self, scope: Scope, notes: Sequence[Note], vectors: Vectors, *, replace_sources: bool = False) -> list[str]:
        """Keep notes (n) with vectors (n, dim) in one transaction and return their ids, in order."""
        ...

    def get(self, scope: Scope, ids: Sequence[str]) -> list[Passage]:
        """Return the passages with these ids, in this order; an id that is not there raises `NotFound`."""
        ...

    def passages(self, scope: Scope, *, source: str | None = None) -> Iterator[Passage]:
        """Iterate over live passages in the order they were added."""
        ...

    def count(self, scope: Scope) -> int:
        """Return the number of live passages."""
        ...

    def nearest(self, scope: Scope, vector: NDArray[np.float32], k: int) -> list[tuple[str, float]]:
        """Return up to k (id, cosine) pairs, best first, for a vector (dim,)."""
        ...

    def match(self, scope: Scope, text: str, k: int) -> list[tuple[str, float]]:
        """Return up to k (id, BM25 score) pairs, best first; any word of `text` may match, in any script."""
        ...

    def replace(self, scope: Scope, id: str, text: str, vector: NDArray[np.float32]) -> None:
        """Give a passage another text and vector (dim,)."""
        ...

    def retire(self, scope: Scope, ids: Sequence[str]) -> int:
        """Hide passages from every read until they are restored; return how many."""
        ...

    def restore(self, scope: Scope, ids: Sequence[str]) -> int:
        """Bring retired passages back; return how many."""
        ...
