"""What an embedder must offer: a name that identifies its vectors, their dimension, and one call."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

Kind = Literal["document", "query"]
Vectors = NDArray[np.float32]


@runtime_checkable
class Embedder(Protocol):
    """Turns texts into unit vectors. Vectors of two embedders with the same `name` are comparable; others are not."""

    name: str
    dim: int

    def embed(self, texts: Sequence[str], kind: Kind = "document") -> Vectors:
        """Return a float32 array (len(texts), dim) whose rows have length 1. No text gives an array (0, dim)."""
        ...
