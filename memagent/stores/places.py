"""Which row of an index in memory holds which rid. The row of a removed rid stays, dead, until the index is packed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Rids = NDArray[np.int64]
Mask = NDArray[np.bool_]

_WASTE = 8


class Places:
    """The rids of the rows of an index, in the order of the rows.

    Attributes:
        rids: rid of each row, dead ones too, int64 (rows,).
        live: whether a row counts, bool (rows,).
        held: the rids of live rows. Not to be changed from outside.
    """

    def __init__(self) -> None:
        self.rids: Rids = np.zeros(0, dtype=np.int64)
        self.live: Mask = np.zeros(0, dtype=np.bool_)
        self.held: set[int] = set()

    def __len__(self) -> int:
        return len(self.rids)

    def add(self, rids: Rids) -> None:
        """Append a live row for each of rids (n,), none of which is held."""
        self.rids = np.concatenate([self.rids, rids])
        self.live = np.concatenate([self.live, np.ones(len(rids), dtype=np.bool_)])
        self.held.update(rids.tolist())

    def remove(self, rids: Rids) -> NDArray[np.intp]:
        """Mark the rows of those of rids (n,) that are held as dead, and return these rows."""
        rows = np.flatnonzero(np.isin(self.rids, rids) & self.live)
        self.live[rows] = False
        self.held.difference_update(rids.tolist())
        return rows

    def chosen(self, allowed: Rids | None) -> Mask:
        """Return which rows a search may find (rows,): the live ones, of `allowed` where it is given."""
        return self.live if allowed is None else self.live & np.isin(self.rids, allowed)

    def wasteful(self) -> bool:
        """Return whether so many rows are dead that packing pays: its cost is shared by as many removals."""
        return (len(self.rids) - len(self.held)) * _WASTE > len(self.rids)

    def pack(self) -> Mask:
        """Forget the dead rows and return which rows were kept (rows before,); their order stays."""
        kept = self.live
        self.rids = self.rids[kept]
        self.live = np.ones(len(self.rids), dtype=np.bool_)
        return kept
