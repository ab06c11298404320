"""Rows of numbers as unit vectors: the one rule by which everything here makes and checks vectors."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from memagent.errors import BackendError, MemagentError

_CLOSE = 1e-6


def unit_rows(
    rows: Any,
    shape: tuple[int, int] | None = None,
    *,
    of: str = "the embedder",
    problem: type[MemagentError] = BackendError,
) -> NDArray[np.float32]:
    """Return `rows` (n, dim), an array or lists of numbers, as float32 with rows of length 1.

    A row of zeros has no direction and becomes the first unit vector, so that every text has a vector and no cosine is
    undefined. A row whose length is 1 already stays as it is, bit for bit.

    Args:
        rows: what is to be made into vectors.
        shape: the shape that they must have; any (n, dim) if not given.
        of: who gave them, for messages.
        problem: the kind of error to raise.

    Raises:
        MemagentError: of the kind `problem`: these are no numbers, rows differ in length, the shape is another, or a
            number is infinite or undefined.
    """
    if _is_unit(rows, shape):
        return np.array(rows, dtype=np.float32)
    array = _numbers(rows, of, problem)
    if shape is not None and shape[0] == 0 and array.size == 0:
        return np.zeros(shape, dtype=np.float32)
    if array.ndim != 2 or (shape is not None and array.shape != shape):
        wanted = shape or "(texts, dim)"
        raise problem(f"{of} gave vectors of shape {array.shape} instead of {wanted}", hint=_CHECK)
    bad = np.flatnonzero(~np.isfinite(array).all(axis=1))
    if bad.size:
        raise problem(f"{of} gave a vector (number {bad[0]}) with components that are not finite", hint=_HALF)
    wide = array.astype(np.float64)
    lengths = np.linalg.norm(wide, axis=1, keepdims=True)
    lengths[np.abs(lengths - 1.0) < _CLOSE] = 1.0
    unit = np.where(lengths > 0, wide / np.where(lengths > 0, lengths, 1.0), np.eye(1, wide.shape[1]))
    return unit.astype(np.float32)


def _is_unit(rows: Any, shape: tuple[int, int] | None) -> bool:
    """Whether this is one row that certainly stays as it is: the usual case of a query, told without a copy."""
    if not (isinstance(rows, np.ndarray) and rows.dtype == np.float32 and rows.shape == shape and len(rows) == 1):
        return False
    row = rows[0].astype(np.float64)
    return abs(float(row @ row) - 1.0) < _CLOSE


_CHECK = "It must give one vector for each text, all of its dimension."
_HALF = "The embedder is at fault; try it without half precision."


def _numbers(rows: Any, of: str, problem: type[MemagentError]) -> NDArray[Any]:
    try:
        array = np.asarray(rows)
    except ValueError as error:
        raise problem(f"{of} gave vectors of different lengths", hint=_CHECK) from error
    if array.dtype.kind not in "fiu":
        raise problem(f"{of} gave {type(rows).__name__} of {array.dtype} and not vectors of numbers", hint=_CHECK)
    return array
