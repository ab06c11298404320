"""A memory as a LangGraph store.

store = memory.bind(user="alice").as_langgraph_store()
store.put(("users", "alice"), "drink", {"text": "Alice likes green tea."})
store.search(("users",), query="What does she drink?")
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from memagent.errors import ExtraMissing
from memagent.integrations.deeper import deeper
from memagent.memory import Memory
from memagent.types import Note, Passage

try:
    from langgraph.store.base import (
        BaseStore,
        GetOp,
        Item,
        ListNamespacesOp,
        Op,
        PutOp,
        Result,
        SearchItem,
        SearchOp,
        TTLConfig,
    )
except ImportError as error:
    raise ExtraMissing(
        f"a LangGraph store needs langgraph-checkpoint: {error}", hint='pip install "memagent[langgraph]"'
    ) from error

from memagent.integrations import items
from memagent.integrations.items import ITEM, Kept

_FEW = 256  # so many items are read one by one; for more, the whole scope is read in one go
_SWEEP = 60


class MemagentStore(BaseStore):
    """The items of one handle, kept in its memory. It may be used from any number of threads, tasks and processes.

    Every text that an item is indexed by is a passage, so `memory.search` finds items too; those that were put with
    `index=False` it does not. Items belong to the very scope of the handle: a handle that is bound more narrowly has
    items of its own. Values are JSON; what JSON cannot hold is refused.

    Where stores differ among each other, this one does as follows. An update keeps `created_at`. Without a query, what
    was put last comes first. With one, items follow by the cosine of their best text, and then, without a score, those
    that are not indexed. A namespace is listed as long as an item is in it. `$gt` and its kin compare numbers, or two
    texts; anything else does not pass. The puts of one batch are written in one transaction, and its deletions in
    another. An expired item is never returned and goes for good with the next sweep.

    Args:
        memory: a bound handle, or a memory that was opened with `single_user=True`.
        fields: what an item is indexed by where `put` does not say: paths into the value, each text for itself; `$` is
            all of it, as JSON.
        ttl: LangGraph's settings of lifetimes in minutes: `default_ttl`, `refresh_on_read` (yes, if not given) and
            `sweep_interval_minutes` (60). Expired items are swept when something is put and the interval is over.

    Raises:
        ScopeRequired: no user is bound.
    """

    supports_ttl = True

    def __init__(self, memory: Memory, *, fields: Sequence[str] = ("$",), ttl: TTLConfig | None = None) -> None:
        memory.count()  # says here, and not at the first item, that no user is bound
        self.ttl_config = ttl
        self._memory = memory
        self._fields = list(fields)
        self._expiring = bool(ttl)
        self._swept = float("-inf")

    @property
    def memory(self) -> Memory:
        """The handle that this store reads and writes."""
        return self._memory

    def batch(self, ops: Iterable[Op]) -> list[Result]:
        """Do several things at once and return their results, in order.

        Reads see the state before the batch; of several puts and deletions of one key, the last counts.

        Raises:
            UsageProblem: a value is no JSON, a filter has an unknown operator, a limit or offset is below 0, or a time
            to live is no number of minutes above 0.
        """
        given = list(ops)
        results = [self._read(op) for op in given]
        writes = {(op.namespace, op.key): op for op in given if isinstance(op, PutOp)}
        if writes:
            self._write(list(writes.values()))
        return results

    async def abatch(self, ops: Iterable[Op]) -> list[Result]:
        """As `batch`, in a thread."""
        return await asyncio.to_thread(self.batch, list(ops))

    def sweep_ttl(self) -> int:
        """Delete what has expired and return how many items that were."""
        now, gone, ids = _now(), 0, list[str]()
        slips: dict[str, list[Passage]] = {}
        for kept in self._scan("", slips):
            spent = slips.pop(items.slip_of(items.address(kept.namespace, kept.key)), [])
            if items.expired(kept, now):
                gone += 1
                ids += kept.ids
            elif kept.until is not None:
                spent = [slip for slip in spent if items.of(slip) != kept.ids[0]]
            ids += [slip.id for slip in spent]
        ids += [slip.id for left in slips.values() for slip in left]
        self._delete(ids)
        self._swept = time.monotonic()
        return gone

    # --- reading

    def _read(self, op: Op) -> Result:
        if isinstance(op, GetOp):
            kept = self._get(op.namespace, op.key)
            if kept is not None and op.refresh_ttl:
                self._prolong([kept])
            return None if kept is None else Item(**_item(kept))
        if isinstance(op, SearchOp):
            return self._search(op)
        if isinstance(op, ListNamespacesOp):
            return self._namespaces(op)
        if isinstance(op, PutOp):
            return None
        raise ValueError(f"Unknown operation type: {type(op)}")

    def _get(self, namespace: tuple[str, ...], key: str) -> Kept | None:
        kept = self._one(items.address(namespace, key))
        return None if kept is None or items.expired(kept, _now()) else kept

    def _search(self, op: SearchOp) -> list[SearchItem]:
        items.check_page(op.limit, op.offset)
        now = _now()
        fitting = (
            (score, kept)
            for score, kept in self._ranking(op)
            if not items.expired(kept, now) and items.fits(kept.value, op.filter or {})
        )
        found = list(islice(fitting, op.offset, op.offset + op.limit))
        if op.refresh_ttl:
            self._prolong([kept for _, kept in found])
        return [SearchItem(**_item(kept), score=score) for score, kept in found]

    def _namespaces(self, op: ListNamespacesOp) -> list[tuple[str, ...]]:
        items.check_page(op.limit, op.offset)
        now, conditions = _now(), op.match_conditions or ()
        live = {kept.namespace for kept in self._under(()) if not items.expired(kept, now)}
        fitting = (one for one in live if all(items.matches(one, condition) for condition in conditions))
        cut = sorted({one if op.max_depth is None else one[: op.max_depth] for one in fitting})
        return cut[op.offset : op.offset + op.limit]

    # --- ranking

    def _ranking(self, op: SearchOp) -> Iterator[tuple[float | None, Kept]]:
        """Items at and below a namespace, best first, each once; no deeper than the caller goes."""
        prefix = tuple(op.namespace_prefix)
        if not op.query or not op.query.strip():
            yield from ((None, kept) for kept in self._under(prefix))
            return
        vector = self._memory.core.embed_query(op.query)
        sources = self._sources(prefix)
        if op.filter or len(sources) <= _FEW:  # a filter may pass over any number of the nearest
            yield from self._scored(
                [kept for kept in self._under(prefix) if items.fits(kept.value, op.filter or {})], vector
            )
            return
        seen: set[tuple[str, ...]] = set()
        for score, kept in self._nearest(items.address(prefix), vector, op.offset + op.limit):
            seen.add((*kept.namespace, kept.key))
            yield score, kept
        yield from ((None, kept) for kept in self._under(prefix) if (*kept.namespace, kept.key) not in seen)

    def _scored(self, found: list[Kept], vector: NDArray[np.float32]) -> list[tuple[float | None, Kept]]:
        """Items by the cosine of their best text, exactly; those without a text last."""
        notes = [Note(one.text, one.title, one.source) for kept in found for one in kept.passages]
        owners = [number for number, kept in enumerate(found) for _ in kept.passages]
        best: dict[int, float] = {}
        for place, row in self._memory.store.known(self._memory.scope, notes).items():
            best[owners[place]] = max(best.get(owners[place], -1.0), round(float(row @ vector), 6))
        ranked = sorted(best, key=lambda number: -best[number])
        rest = items.newest_first(kept for number, kept in enumerate(found) if number not in best)
        return [*((best[number], found[number]) for number in ranked), *((None, kept) for kept in rest)]

    def _nearest(self, start: str, vector: NDArray[np.float32], k: int) -> Iterator[tuple[float, Kept]]:
        """Items below a namespace down the ranking of all passages: for a namespace that has much of the scope."""
        store, scope = self._memory.store, self._memory.scope
        seen: set[str] = set()
        for passage, score, _ in deeper(lambda k: store.nearest(scope, vector, k), max(1, k), lambda m: m.passage.id):
            if passage.source.startswith(start) and passage.source not in seen and passage.text:
                seen.add(passage.source)
                kept = self._one(passage.source)
                if kept is not None:
                    yield score, kept

    # --- from and to passages

    def _sources(self, prefix: tuple[str, ...]) -> list[str]:
        start = items.address(prefix)
        return [source for source in self._memory.store.sources(self._memory.scope) if source.startswith(start)]

    def _one(self, source: str) -> Kept | None:
        parts = list(self._passages(source))
        kept = items.kept_of(parts)
        if kept is None or kept.ttl is None:
            return kept
        return items.kept_of(parts, self._passages(items.slip_of(source)))

    def _passages(self, source: str | None = None) -> Iterator[Passage]:
        """Passages of this very scope; the handle may see those of narrower ones."""
        scope = self._memory.scope
        return (one for one in self._memory.store.passages(scope, source=source) if one.scope == scope)

    def _under(self, prefix: tuple[str, ...]) -> list[Kept]:
        """Items at and below a namespace, those that were put last first."""
        sources = self._sources(prefix)
        if len(sources) <= _FEW:
            return items.newest_first(kept for kept in map(self._one, sources) if kept)
        return items.newest_first(self._scan(items.address(prefix), {}))

    def _scan(self, start: str, slips: dict[str, list[Passage]]) -> list[Kept]:
        """Items whose source begins so, from one reading of the whole scope; fills in the slips by their source."""
        groups: dict[str, list[Passage]] = {}
        for passage in self._passages():
            if items.is_slip(passage):
                slips.setdefault(passage.source, []).append(passage)
            elif passage.source.startswith(start or ITEM):
                groups.setdefault(passage.source, []).append(passage)
        found = (items.kept_of(group, slips.get(items.slip_of(source), ())) for source, group in groups.items())
        return [kept for kept in found if kept is not None]

    # --- writing

    def _write(self, ops: Sequence[PutOp]) -> None:
        now, notes, ids = _now(), list[Note](), list[str]()
        for op in ops:
            old = self._one(items.address(op.namespace, op.key))
            if op.value is not None:
                created = now if old is None or items.expired(old, now) else old.created_at
                notes += self._notes(op, created, now)
            elif old is not None:
                ids += old.ids
            if old is not None and old.ttl is not None:
                slips = self._passages(items.slip_of(items.address(op.namespace, op.key)))
                ids += [slip.id for slip in slips if items.is_slip(slip)]
        self._add(notes)
        self._delete(ids)
        self._expiring = self._expiring or any(op.ttl is not None for op in ops)
        minutes = (self.ttl_config or {}).get("sweep_interval_minutes") or _SWEEP
        if self._expiring and time.monotonic() - self._swept >= 60 * minutes:
            self.sweep_ttl()

    def _notes(self, op: PutOp, created_at: datetime, now: datetime) -> list[Note]:
        fields = self._fields if op.index is None else op.index
        value = self._memory.core.guard.value(items.plain(op.value or {}), field="value")
        return items.notes_of(tuple(op.namespace), op.key, value, fields, op.ttl, created_at, now)

    def _prolong(self, found: Iterable[Kept]) -> None:
        now = _now()
        self._add([items.slip(kept, now) for kept in found if kept.ttl is not None])

    def _add(self, notes: list[Note]) -> None:
        """Write notes in place of whatever their sources had, in one transaction."""
        if notes:
            vectors = self._memory.core.vectors(self._memory.scope, notes)
            self._memory.store.add(self._memory.scope, notes, vectors, replace_sources=True)

    def _delete(self, ids: list[str]) -> None:
        if ids:
            self._memory.store.delete(self._memory.scope, ids)


def _now() -> datetime:
    return datetime.now(UTC)


def _item(kept: Kept) -> Mapping[str, Any]:
    names = ("namespace", "key", "value", "created_at", "updated_at")
    return {name: getattr(kept, name) for name in names}
