"""Which embedder the vectors of a database come from: recorded with the first write, and never mixed."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from memagent.errors import EmbedderMismatch, UsageProblem
from memagent.stores import meta
from memagent.stores.base import Database, Vectors, Writer
from memagent.unit import unit_rows


class Origin(NamedTuple):
    """What vectors come from: the name of an embedder, and how long its vectors are, as it is written down."""

    embedder: str
    dim: str


class Label:
    """The embedder of a store, and the vectors that may come from it.

    Args:
        embedder: its name.
        dim: the length of its vectors.
    """

    def __init__(self, embedder: str, dim: int) -> None:
        self.embedder = embedder
        self.dim = dim

    def check(self, reader: Database | Writer) -> None:
        """Raise `EmbedderMismatch` if the database holds vectors of another embedder."""
        self._check(origin(reader))

    def claim(self, writer: Writer) -> None:
        """Record the embedder with the first write; refuse to mix its vectors with another's."""
        found = origin(writer)
        self._check(found)
        if found is None:
            record(writer, self._own)

    @property
    def _own(self) -> Origin:
        return Origin(self.embedder, str(self.dim))

    def _check(self, found: Origin | None) -> None:
        if found is not None and found != self._own:
            raise EmbedderMismatch(
                f"this memory was written with the embedder {found.embedder} ({found.dim} dimensions), and was "
                f"opened with {self.embedder} ({self.dim} dimensions)",
                hint=f"Open it with {found.embedder}, or change it over: memagent reembed --to {self.embedder}",
            )

    def rows(self, vectors: Any, count: int) -> Vectors:
        """Return vectors (count, dim) as float32 of length 1.

        Any other shape, NaN and infinity are a `UsageProblem`.
        """
        return unit_rows(vectors, (count, self.dim), of="the embedder", problem=UsageProblem)

    def row(self, vector: Any) -> NDArray[np.float32]:
        """Return one vector (dim,) as float32 of length 1."""
        unit: NDArray[np.float32] = self.rows(np.asarray(vector)[None], 1)[0]
        return unit


def origin(reader: Database | Writer, prefix: str = "") -> Origin | None:
    """Return what the vectors of a database come from; `None` while nothing was written.

    With a prefix, what those of another table do, as `record` wrote it.
    """
    embedder, dim = f"{prefix}embedder", f"{prefix}dim"
    found = meta.several(reader, embedder, dim)
    return Origin(found[embedder], found.get(dim, "")) if embedder in found else None


def record(writer: Writer, found: Origin, prefix: str = "") -> None:
    """Record what the vectors come from, from now on."""
    meta.put(writer, f"{prefix}embedder", found.embedder)
    meta.put(writer, f"{prefix}dim", found.dim)


def drop(writer: Writer, prefix: str) -> None:
    """Take away what was recorded with a prefix."""
    meta.drop(writer, f"{prefix}embedder", f"{prefix}dim")
