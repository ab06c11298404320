"""Making rows of numbers into unit vectors."""

from __future__ import annotations

from typing import Any

import numpy as np

from memagent.embedders.base import Vectors
from memagent.errors import BackendError


def unit_rows(rows: Any) -> Vectors:
    """Return `rows` (n, dim) as float32 with rows of length 1; a row of zeros becomes the first unit vector.

    Raises:
        BackendError: a number is infinite or not a number, or the rows differ in length.
    """
    try:
        wide = np.asarray(rows, dtype=np.float64)
    except ValueError as error:
        raise BackendError("the embedder gave vectors of different lengths", hint="Check its model.") from error
    if not np.isfinite(wide).all():
        raise BackendError(
            "the embedder gave numbers that are infinite or undefined", hint="Try it without half precision."
        )
    lengths = np.linalg.norm(wide, axis=1, keepdims=True)
    wide = np.where(lengths > 0, wide / np.where(lengths > 0, lengths, 1.0), np.eye(1, wide.shape[1]))
    return wide.astype(np.float32)
