"""Items: what everything that is kept has in common, whatever kind it is.

An item has an owner, times and a state. Its vector and its words hang on it, and each change to it is a line in the
change log, which is how the indexes of every process find out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from memagent.errors import UsageProblem
from memagent.stores.base import Database, Writer
from memagent.stores.scoping import columns, marks, visible
from memagent.types import Scope

LIVE = "items.retired_at IS NULL"
LIVE_ONE = "+items.retired_at IS NULL"
"""`LIVE` for a look-up by id or source: the plus keeps SQLite from going through all live items of a user instead."""
WITH_PASSAGE = "LEFT JOIN items AS said ON said.rid = evidence.passage"
"""Joins each line of `evidence` with the item of its passage, if it has one."""
LIVE_LINE = "(evidence.passage IS NULL OR said.retired_at IS NULL)"
"""A line of `evidence`, joined by `WITH_PASSAGE`, counts: no passage says it, or one that is not retired."""
HAPPENED = "coalesce(items.at, items.recorded_at)"
"""When an item counts as of: its own time, else that of writing."""

_PAGE = 500
_KEPT_CHANGES = 50_000  # a process that is further behind reads its index anew
_TRIM_EVERY = 1024


def now() -> str:
    """Return the present moment as it is stored: ISO 8601, UTC, microseconds, so that text order is time order."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


def utc(at: datetime | None, name: str = "the time of a note") -> str | None:
    """Return a time as it is stored; one without a time zone is refused."""
    if at is None:
        return None
    if not isinstance(at, datetime) or at.tzinfo is None or at.utcoffset() is None:
        hint = "Say which zone it is in: datetime(..., tzinfo=UTC)."
        raise UsageProblem(f"{name} has no time zone: {at!r}", hint=hint)
    try:
        return at.astimezone(UTC).isoformat(timespec="microseconds")
    except OverflowError as error:
        raise UsageProblem(
            f"{name} cannot be told in UTC: {at!r}", hint="Give a time of the years 1 to 9999."
        ) from error


def moment(stored: str) -> datetime:
    """Return a stored time as an aware datetime."""
    return datetime.fromisoformat(stored)


def insert(
    writer: Writer,
    kind: str,
    scope: Scope,
    id: str,
    *,
    source: str = "",
    digest: str = "",
    at: str | None = None,
    shared: bool = False,
    vector: NDArray[np.float32] | None = None,
    bag: bytes | None = None,
) -> int:
    """Write an item with its vector (dim,) and its words, where it has them, and return its rid."""
    rid = writer.execute(
        """INSERT INTO items (kind, id, user, session, agent, source, digest, at, recorded_at, shared)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
        [kind, id, *columns(scope), source, digest, at, now(), int(shared)],
    )
    if vector is not None:
        writer.execute("INSERT INTO vectors (rid, vector) VALUES (?, ?)", [rid, stored_vector(vector)])
    if bag is not None:
        writer.execute("INSERT INTO words (rid, bag) VALUES (?, ?)", [rid, bag])
    log(writer, [rid], "add")
    return rid


def set_retired(writer: Writer, rids: Sequence[int], retired_at: str | None) -> None:
    """Retire items, or bring them back."""
    for some in pages(rids):
        writer.execute(f"UPDATE items SET retired_at = ? WHERE rid IN ({marks(some)})", [retired_at, *some])
    log(writer, rids, "retire" if retired_at else "restore")


def erase(writer: Writer, rids: Sequence[int]) -> None:
    """Delete items with all that hangs on them by key. What shares evidence with them is `removal`'s to see to."""
    for some in pages(rids):
        writer.execute(f"DELETE FROM items WHERE rid IN ({marks(some)})", some)
    log(writer, rids, "delete")


def log(writer: Writer, rids: Sequence[int], op: str) -> None:
    """Write a line for each item in the change log, and now and then drop its oldest lines."""
    writer.executemany("INSERT INTO changes (rid, op) VALUES (?, ?)", ((rid, op) for rid in rids))
    last = _last(writer)
    if last % _TRIM_EVERY < len(rids):
        writer.execute("DELETE FROM changes WHERE seq <= ?", [last - _KEPT_CHANGES])


def happened_by(database: Database, scope: Scope, kind: str, as_of: datetime | None) -> NDArray[np.int64] | None:
    """Return the rids (n,) of the live items that had happened by a moment.

    `None`, for all, where there is no moment.
    """
    if as_of is None:
        return None
    condition, params = visible(scope)
    sql = f"SELECT rid FROM items WHERE kind = ? AND {condition} AND {LIVE} AND {HAPPENED} <= ? ORDER BY rid"
    rows = database.read(sql, [kind, *params, utc(as_of, "as_of")])
    return np.array([row["rid"] for row in rows], dtype=np.int64)


def ids_of(database: Database, rids: Sequence[int]) -> dict[int, str]:
    """Return the ids of items by their rids; of one that was deleted meanwhile there is none."""
    found: dict[int, str] = {}
    for some in pages(rids):
        rows = database.read(f"SELECT rid, id FROM items WHERE rid IN ({marks(some)})", some)
        found.update((row["rid"], row["id"]) for row in rows)
    return found


def stored_vector(vector: NDArray[np.float32]) -> bytes:
    """Return a vector (dim,) as it is stored: little-endian float32."""
    return vector.astype("<f4").tobytes()


def pages(values: Sequence[Any], size: int = _PAGE) -> Iterator[Sequence[Any]]:
    """Cut values into pieces that fit the parameters of one statement."""
    return (values[start : start + size] for start in range(0, len(values), size))


def _last(writer: Writer) -> int:
    return int(writer.read("SELECT coalesce(max(seq), 0) AS seq FROM changes")[0]["seq"])
