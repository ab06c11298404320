"""The indexes of a database, in memory: projections that are built when first searched and can be dropped at any time.

One index of vectors and one of words for each scope and kind that is searched, so that a scope is cut before top-k and
never after. Before a search an index reads the change log from where it stopped, and thereby sees what other threads
and processes have written.
"""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence, Set
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from memagent.stores.base import Database, Row
from memagent.stores.items import LIVE
from memagent.stores.scoping import visible
from memagent.stores.vector_index import VectorIndex
from memagent.stores.word_index import WordIndex
from memagent.types import Scope

T = TypeVar("T")
Rids = NDArray[np.int64]
Query = str | NDArray[np.float32]
Ranked = tuple[Rids, NDArray[np.float64]]

_PAGE = 4096


class Projections:
    """The indexes of one database, the least recently searched dropped first.

    Args:
        dim: length of every vector.
        shared: the kinds of which a scope also sees what others have marked as shared.
        keep: how many scopes and kinds have indexes in memory.
    """

    def __init__(self, database: Database, dim: int, *, shared: Sequence[str] = ("rationale",), keep: int = 64) -> None:
        self._database = database
        self._dim = dim
        self._shared = shared
        self._keep = keep
        self._reset()

    def nearest(
        self, scope: Scope, kind: str, vector: NDArray[np.float32], k: int, allowed: Rids | None = None
    ) -> list[tuple[int, float]]:
        """Return up to k (rid, cosine) of live items, best first, ties by rid, for a unit vector (dim,)."""
        return self._follower(scope, kind, "vectors").run(lambda index: index.search(vector, k, allowed))

    def match(
        self, scope: Scope, kind: str, query: str, k: int, allowed: Rids | None = None
    ) -> list[tuple[int, float, list[str]]]:
        """Return up to k (rid, score in [0, 1], words of the query that it has), best first, ties by rid."""
        return self._follower(scope, kind, "words").run(lambda index: index.search(query, k, allowed))

    def matches(
        self, scope: Scope, kind: str, queries: Sequence[str], k: int, allowed: Rids | None = None
    ) -> list[list[tuple[int, float, list[str]]]]:
        """Return what `match` does for each of some queries, all by the same state of the index."""
        return self._follower(scope, kind, "words").run(
            lambda index: [index.search(query, k, allowed) for query in queries]
        )

    def ranked(self, scope: Scope, kind: str, query: Query, k: int) -> Ranked:
        """Return the rids (r,) and scores (r,) that `match` finds for words, or `nearest` for a unit vector (dim,)."""
        found: Ranked = self._follower(scope, kind, _table(query)).run(lambda index: index.ranked(query, k))
        return found

    def shown(self, scope: Scope, kind: str, query: Query, k: int, seq: int) -> Ranked | None:
        """Return what `ranked` does without reading anything; `None` if the index does not show the change `seq`."""
        return self._follower(scope, kind, _table(query)).as_it_is(lambda index: index.ranked(query, k), seq)

    def cosines(self, scope: Scope, kind: str, vector: NDArray[np.float32]) -> tuple[Rids, NDArray[np.float32]]:
        """Return the rids (n,), in any order, and the cosines (n,) of all live items with a unit vector (dim,)."""

        def search(index: _Index) -> Any:
            return index.cosines(vector)  # type: ignore[attr-defined]

        found: tuple[Rids, NDArray[np.float32]] = self._follower(scope, kind, "vectors").run(search)
        return found

    def pairs(self, scope: Scope, kind: str, rids: Rids, least: float) -> tuple[Rids, Rids, NDArray[np.float32]]:
        """Return the pairs of one of `rids` (n,) and another live item whose cosine is at least `least`."""

        def search(index: _Index) -> Any:
            return index.above(rids, least)  # type: ignore[attr-defined]

        found: tuple[Rids, Rids, NDArray[np.float32]] = self._follower(scope, kind, "vectors").run(search)
        return found

    def held(self, scope: Scope, kind: str, table: str) -> set[int]:
        """Return the rids that an index has, brought up to date: of `vectors` or of `words`."""
        return set(self._follower(scope, kind, table).run(lambda index: [*index.held]))

    def _follower(self, scope: Scope, kind: str, table: str) -> _Follower:
        if self._pid != os.getpid():  # forked: a lock may have been held, and nobody here will release it
            self._reset()
        with self._lock:
            place = (scope, kind, table)
            follower = self._followers.pop(place, None) or self._new(scope, kind, table)
            self._followers[place] = follower
            while len(self._followers) > self._keep:
                self._followers.popitem(last=False)
        return follower

    def _new(self, scope: Scope, kind: str, table: str) -> _Follower:
        condition, params = visible(scope, shared=kind in self._shared)
        where = f"items.kind = ? AND {condition} AND {LIVE}"
        if table == "words":
            return _Follower(self._database, where, [kind, *params], "words", "bag", _Words)
        return _Follower(self._database, where, [kind, *params], "vectors", "vector", lambda: _Vectors(self._dim))

    def _reset(self) -> None:
        self._lock = threading.Lock()
        self._followers: OrderedDict[tuple[Scope, str, str], _Follower] = OrderedDict()
        self._pid = os.getpid()


class _Index(Protocol):
    """What a follower keeps up: rows in and out by rid."""

    def reserve(self, rows: int) -> None: ...
    def take(self, rows: Sequence[Row]) -> None: ...
    def drop(self, rids: set[int]) -> None: ...
    @property
    def held(self) -> Set[int]: ...
    def search(self, query: Any, k: int, allowed: Rids | None) -> list[Any]: ...
    def ranked(self, query: Any, k: int) -> Ranked: ...


class _Vectors:
    def __init__(self, dim: int) -> None:
        self._index = VectorIndex(dim)
        self._dim = dim
        self.search = self._index.search
        self.ranked = self._index.ranked
        self.above = self._index.above
        self.cosines = self._index.cosines
        self.reserve = self._index.reserve

    def take(self, rows: Sequence[Row]) -> None:
        vectors = np.frombuffer(b"".join(row["value"] for row in rows), dtype="<f4").reshape(-1, self._dim)
        self._index.add(_rids(rows), vectors.astype(np.float32, copy=False))

    def drop(self, rids: set[int]) -> None:
        self._index.remove(np.array(sorted(rids), dtype=np.int64))

    @property
    def held(self) -> Set[int]:
        return self._index.held


class _Words:
    def __init__(self) -> None:
        self._index = WordIndex()
        self.search = self._index.search
        self.ranked = self._index.ranked

    def reserve(self, rows: int) -> None:
        """Postings grow as they come."""

    def take(self, rows: Sequence[Row]) -> None:
        self._index.add(_rids(rows), [row["value"] for row in rows])

    def drop(self, rids: set[int]) -> None:
        self._index.remove(np.array(sorted(rids), dtype=np.int64))

    @property
    def held(self) -> Set[int]:
        return self._index.held


class _Follower:
    """One index and how far it has read the change log. One lock round both, since a search must not meet an add."""

    def __init__(
        self, database: Database, where: str, params: list[str], table: str, column: str, make: Callable[[], _Index]
    ) -> None:
        self._database = database
        self._where = where
        self._params = params
        self._table = table
        self._column = column
        self._make = make
        self._lock = threading.Lock()
        self._index: _Index | None = None
        self._seen = 0

    def run(self, search: Callable[[_Index], T]) -> T:
        with self._lock:
            return search(self._ready())

    def as_it_is(self, search: Callable[[_Index], T], seq: int) -> T | None:
        with self._lock:
            return search(self._index) if self._index is not None and self._seen >= seq else None

    def _ready(self) -> _Index:
        first, last = self._ends()
        if self._index is None or first > self._seen + 1:
            self._index, self._seen = self._built(), last  # what changes meanwhile is caught up with below
            last = self._ends()[1]
        if last > self._seen:
            self._catch_up(self._index)
        return self._index

    def _ends(self) -> tuple[int, int]:
        return changes(self._database)

    def _built(self) -> _Index:
        """Read all there is, a page at a time."""
        index, last = self._make(), 0
        count = self._database.read(f"SELECT count(*) AS n FROM items WHERE {self._where}", self._params)[0]["n"]
        index.reserve(count)
        while rows := self._page(last):
            index.take(rows)
            last = rows[-1]["rid"]
        return index

    def _page(self, last: int) -> list[Row]:
        sql = f"""
            SELECT items.rid AS rid, hung.{self._column} AS value
            FROM items JOIN {self._table} AS hung ON hung.rid = items.rid
            WHERE {self._where} AND items.rid > ? ORDER BY items.rid LIMIT {_PAGE}"""
        return self._database.read(sql, [*self._params, last])

    def _catch_up(self, index: _Index) -> None:
        """Ask what the items that changed are now, whatever was done to them: a rid never gets another content."""
        sql = f"""
            SELECT changed.seq, changed.rid AS rid, hung.{self._column} AS value
            FROM (SELECT max(seq) AS seq, rid FROM changes WHERE seq > ? GROUP BY rid) AS changed
            LEFT JOIN items ON items.rid = changed.rid AND {self._where}
            LEFT JOIN {self._table} AS hung ON hung.rid = items.rid
            ORDER BY changed.rid"""
        rows = self._database.read(sql, [self._seen, *self._params])
        gone = {row["rid"] for row in rows if row["value"] is None and row["rid"] in index.held}
        new = [row for row in rows if row["value"] is not None and row["rid"] not in index.held]
        if gone:
            index.drop(gone)
        if new:
            index.take(new)
        self._seen = max((row["seq"] for row in rows), default=self._seen)


def changes(database: Database) -> tuple[int, int]:
    """Return the numbers of the oldest change on record, 0 for none, and of the newest."""
    row = database.read("""
        SELECT coalesce((SELECT min(seq) FROM changes), 0) AS first,
               coalesce((SELECT max(seq) FROM changes), 0) AS last""")[0]
    return row["first"], row["last"]


def _table(query: Query) -> str:
    return "words" if isinstance(query, str) else "vectors"


def _rids(rows: Sequence[Row]) -> Rids:
    return np.array([row["rid"] for row in rows], dtype=np.int64)
