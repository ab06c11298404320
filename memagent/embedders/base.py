"""What an embedder must offer: a name that identifies its vectors, their dimension, and one call."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from memagent.errors import UsageProblem
from memagent.unit import unit_rows

Kind = Literal["document", "query"]
Vectors = NDArray[np.float32]


@runtime_checkable
class Embedder(Protocol):
    """Turns texts into unit vectors. Vectors of two embedders with the same `name` are comparable; others are not.

    `dim` may be a property that finds out when it is first read.
    """

    name: str
    dim: int

    def embed(self, texts: Sequence[str], kind: Kind = "document") -> Vectors:
        """Return a float32 array (len(texts), dim) whose rows have length 1. No text gives an array (0, dim)."""
        ...


def embedded(embedder: Embedder, texts: Sequence[str], kind: Kind = "document") -> Vectors:
    """Return what `embedder` makes of `texts` as unit vectors (len(texts), dim), whoever wrote it.

    Lists of numbers and rows of any length are taken as well; `memagent.unit` has the rule.

    Raises:
        UsageProblem: it gave something else than one finite vector of its dimension for each text.
    """
    shape = (len(texts), int(embedder.dim))
    return unit_rows(embedder.embed(texts, kind=kind), shape, of=f"the embedder {embedder.name}", problem=UsageProblem)
