"""Which embedder the vectors of a database come from: recorded with the first write, and never mixed."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from memagent.errors import EmbedderMismatch, UsageProblem
from memagent.stores.base import Database, Vectors, Writer
from memagent.unit import unit_rows


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
        self._check(_recorded(reader))

    def claim(self, writer: Writer) -> None:
        """Record the embedder with the first write; refuse to mix its vectors with another's."""
        found = _recorded(writer)
        self._check(found)
        if not found:
            relabel(writer, self.embedder, self.dim)

    def _check(self, found: dict[str, str]) -> None:
        if found and found != {"embedder": self.embedder, "dim": str(self.dim)}:
            raise EmbedderMismatch(
                f"this memory was written with the embedder {found['embedder']} ({found['dim']} dimensions), and was "
                f"opened with {self.embedder} ({self.dim} dimensions)",
                hint=f"Open it with {found['embedder']}, or change it over: memagent reembed --to {self.embedder}",
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


def recorded_embedder(database: Database) -> str | None:
    """Return the name of the embedder whose vectors `database` holds; `None` while nothing was written."""
    return _recorded(database).get("embedder")


def relabel(writer: Writer, embedder: str, dim: int) -> None:
    """Record whose vectors the database holds from now on."""
    writer.executemany(
        "INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", [("embedder", embedder), ("dim", str(dim))]
    )


def _recorded(reader: Database | Writer) -> dict[str, str]:
    rows = reader.read("SELECT key, value FROM meta WHERE key IN ('embedder', 'dim')")
    return {row["key"]: row["value"] for row in rows}
