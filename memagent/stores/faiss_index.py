"""FAISS over the vectors table: a projection that is built when it is first searched and can be dropped at any time.

One exact index for each scope that is searched, so that a scope is cut before top-k and never after. Before a search an
index reads the change log from where it stopped, and thereby sees what other threads and processes have written.
"""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from memagent.stores.base import Database, Row
from memagent.stores.scoping import visible
from memagent.types import Scope

_PAGE = 4096


class ScopedIndexes:
    """The indexes of one database, the least recently searched dropped first.

    Args:
        dim: length of every vector.
        keep: how many scopes have an index in memory.
    """

    def __init__(self, database: Database, dim: int, *, keep: int = 32) -> None:
        self._database = database
        self._dim = dim
        self._keep = keep
        self._reset()

    def search(self, scope: Scope, vector: NDArray[np.float32], k: int) -> list[tuple[int, float]]:
        """Return up to k (rid, cosine) of live passages, best first, ties by rid. The vector is (dim,), unit."""
        return self._index(scope).search(vector, k)

    def _index(self, scope: Scope) -> _Index:
        if self._pid != os.getpid():  # forked: a lock may have been held, and nobody here will release it
            self._reset()
        with self._lock:
            index = self._indexes.pop(scope, None) or _Index(self._database, scope, self._dim)
            self._indexes[scope] = index
            while len(self._indexes) > self._keep:
                self._indexes.popitem(last=False)
        return index

    def _reset(self) -> None:
        self._lock = threading.Lock()
        self._indexes: OrderedDict[Scope, _Index] = OrderedDict()
        self._pid = os.getpid()


class _Index:
    """A flat inner-product index of one scope. FAISS crashes when a search meets an add, hence one lock round both."""

    def __init__(self, database: Database, scope: Scope, dim: int) -> None:
        self._database = database
        self._condition, self._params = visible(scope)
        self._dim = dim
        self._lock = threading.Lock()
        self._faiss: Any = None
        self._held: set[int] = set()
        self._seen = 0

    def search(self, vector: NDArray[np.float32], k: int) -> list[tuple[int, float]]:
        with self._lock:
            self._build() if self._faiss is None else self._catch_up()
            return self._top(np.ascontiguousarray(vector[None, :], dtype=np.float32), k)

    def _build(self) -> None:
        """Read every vector of the scope, a page at a time; what changes meanwhile is caught up with after it."""
        import faiss

        self._seen = self._database.changes()
        self._faiss = faiss.IndexIDMap2(faiss.IndexFlatIP(self._dim))
        last = 0
        while rows := self._page(last):
            self._add(rows)
            last = rows[-1]["rid"]
        self._catch_up()

    def _page(self, last: int) -> list[Row]:
        sql = f"""
            SELECT passages.rid, vectors.vector FROM passages JOIN vectors ON vectors.rid = passages.rid
            WHERE {self._condition} AND passages.retired_at IS NULL AND passages.rid > ?
            ORDER BY passages.rid LIMIT {_PAGE}"""
        return self._database.read(sql, [*self._params, last])

    def _catch_up(self) -> None:
        """Ask what the rows that changed are now, whatever was done to them: a rid never gets another vector."""
        if self._database.changes() <= self._seen:
            return
        sql = f"""
            SELECT changed.seq, changed.rid, vectors.vector
            FROM (SELECT max(seq) AS seq, rid FROM changes WHERE seq > ? GROUP BY rid) AS changed
            LEFT JOIN passages ON passages.rid = changed.rid AND {self._condition} AND passages.retired_at IS NULL
            LEFT JOIN vectors ON vectors.rid = passages.rid
            ORDER BY changed.rid"""
        rows = self._database.read(sql, [self._seen, *self._params])
        self._remove({row["rid"] for row in rows if row["vector"] is None} & self._held)
        self._add([row for row in rows if row["vector"] is not None and row["rid"] not in self._held])
        self._seen = max((row["seq"] for row in rows), default=self._seen)

    def _add(self, rows: list[Row]) -> None:
        if rows:
            rids = [row["rid"] for row in rows]
            vectors = np.frombuffer(b"".join(row["vector"] for row in rows), dtype="<f4").reshape(-1, self._dim)
            self._faiss.add_with_ids(vectors.astype(np.float32, copy=False), np.array(rids, dtype=np.int64))
            self._held.update(rids)

    def _remove(self, rids: set[int]) -> None:
        if rids:
            self._faiss.remove_ids(np.array(sorted(rids), dtype=np.int64))
            self._held -= rids

    def _top(self, vectors: NDArray[np.float32], k: int) -> list[tuple[int, float]]:
        """Rank, and look further down until the last place is not part of a tie that was cut."""
        total = int(self._faiss.ntotal)
        wanted = min(k + 8, total)
        while wanted:
            scores, rids = _one_thread(self._faiss.search, vectors, wanted)
            ranked = [
                (int(rid), round(float(score), 6)) for rid, score in zip(rids[0], scores[0], strict=True) if rid >= 0
            ]
            if wanted == total or ranked[-1][1] < ranked[min(k, wanted) - 1][1]:
                return sorted(ranked, key=lambda pair: (-pair[1], pair[0]))[:k]
            wanted = min(4 * wanted, total)
        return []


def _one_thread(search: Callable[..., Any], *args: Any) -> Any:
    """Run a search of one query on one thread: twice as fast as on two. The setting is the calling thread's own."""
    import faiss

    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        return search(*args)
    finally:
        faiss.omp_set_num_threads(before)
