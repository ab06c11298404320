"""What keeps things. A store knows nothing of language models, embedders or queries in words.

`Database` is the small port to SQL; stores are written against it, so that another database is one more file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from memagent.types import Note, Passage, Scope

Vectors = NDArray[np.float32]


class Row(Protocol):
    """One row of a result, by column name."""

    def __getitem__(self, column: str, /) -> Any:
        """Return the value of a column."""
        ...


class Match(NamedTuple):
    """A passage that a search found. `score` is a cosine in [-1, 1], or a BM25 score in [0, 1].

    Where the search went by words, `terms` are those of the query that the passage has.
    """

    passage: Passage
    score: float
    terms: tuple[str, ...] = ()


class Writer(Protocol):
    """One open write transaction."""

    def execute(self, sql: str, params: Sequence[Any] = ()) -> int:
        """Run one statement and return the rowid of an insert, or the number of rows changed for other verbs."""
        ...

    def executemany(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """Run one statement for each row of parameters."""
        ...

    def read(self, sql: str, params: Sequence[Any] = ()) -> list[Row]:
        """Read inside the transaction."""
        ...


class Database(Protocol):
    """Reads, transactions and a counter that grows with every committed change, whoever made it."""

    def read(self, sql: str, params: Sequence[Any] = ()) -> list[Row]:
        """Run a query and return all its rows, all of them from one state of the database."""
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


@runtime_checkable
class VectorStore(Protocol):
    """Passages with their vectors and their full-text rows; every verb sees one scope only.

    The user of a scope must match exactly; its session and agent narrow further where they are set. Vectors come in
    with length 1. A store that records which embedder they come from has its name as the attribute `embedder`; a memory
    over the store then takes no other.

    What a verb reads or writes may also fail as storage does, with another `MemoryProblem`.
    """

    def add(self, scope: Scope, notes: Sequence[Note], vectors: Vectors, *, replace_sources: bool = False) -> list[str]:
        """Keep notes (n) with vectors (n, dim) in one transaction and return their ids, in order.

        A note whose content (title, text and source) the exact scope has already keeps that passage, and brings it
        back if it was retired. With `replace_sources`, passages of the exact scope whose source a note names, and that
        are not among the notes, are deleted in the same transaction.

        Raises:
            UsageProblem: a note or a vector is not fit to be kept. Nothing was written.
            Conflict: an id is taken by another text. Nothing was written.
            EmbedderMismatch: another process has meanwhile written with another embedder. Nothing was written.
        """
        ...

    def known(self, scope: Scope, notes: Sequence[Note]) -> dict[int, NDArray[np.float32]]:
        """Return the vectors (dim,) of those notes that the exact scope keeps already, by their place in `notes`."""
        ...

    def get(self, scope: Scope, ids: Sequence[str]) -> list[Passage]:
        """Return the live passages with these ids, in this order.

        Raises:
            NotFound: an id is not there, or is retired.
        """
        ...

    def passages(self, scope: Scope, *, source: str | None = None) -> Iterator[Passage]:
        """Iterate over live passages in the order they were written, those of one source where it is given.

        An edit writes anew.
        """
        ...

    def sources(self, scope: Scope) -> list[str]:
        """Return the sources that live passages name, sorted, each once."""
        ...

    def count(self, scope: Scope) -> int:
        """Return the number of live passages."""
        ...

    def nearest(self, scope: Scope, vector: NDArray[np.float32], k: int) -> list[Match]:
        """Return up to k live matches by cosine, best first, for a vector (dim,).

        Raises:
            UsageProblem: the vector has another length, or a component that is not finite.
            EmbedderMismatch: another process has meanwhile written with another embedder.
        """
        ...

    def match(self, scope: Scope, text: str, k: int) -> list[Match]:
        """Return up to k live matches by BM25, best first; any word of `text` may match, in any script.

        The score is the part of the query's weight that the passage has: 0 for nothing, near 1 for all its words. No
        text is an error; one without words finds nothing.
        """
        ...

    def replace(self, scope: Scope, id: str, text: str, vector: NDArray[np.float32]) -> None:
        """Give a passage another text and vector (dim,); id, title, source, time and metadata stay.

        Raises:
            UsageProblem: the text or the vector is not fit to be kept.
            NotFound: the scope has no live passage of that id.
            Conflict: the scope sees the id more than once.
            EmbedderMismatch: another process has meanwhile written with another embedder.
        """
        ...

    def retire(self, scope: Scope, ids: Sequence[str]) -> int:
        """Hide live passages from every read until they are restored; return how many. Unknown ids count nothing."""
        ...

    def restore(self, scope: Scope, ids: Sequence[str]) -> int:
        """Bring retired passages back; return how many. Unknown ids and live passages count nothing."""
        ...

    def delete(self, scope: Scope, ids: Sequence[str] = (), *, source: str | None = None) -> int:
        """Delete passages by id, and all of a source, retired ones included; return how many."""
        ...
