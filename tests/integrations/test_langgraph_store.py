"""The LangGraph face, held to what LangGraph's own store in memory does, and to what that store leaves open."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from memagent import Memory, Note
from memagent.embedders.base import Kind, Vectors
from memagent.embedders.hashing import Hashing
from memagent.errors import ExtraMissing, ScopeRequired, UsageProblem
from memagent.unit import unit_rows

base = pytest.importorskip("langgraph.store.base", reason='pip install "memagent[langgraph]"')

from langgraph.store.base import (  # noqa: E402
    GetOp,
    InvalidNamespaceError,
    ListNamespacesOp,
    MatchCondition,
    PutOp,
    SearchOp,
)
from langgraph.store.memory import InMemoryStore  # noqa: E402

from memagent.integrations import langgraph as module  # noqa: E402
from memagent.integrations.langgraph import MemagentStore  # noqa: E402


@pytest.fixture
def memory() -> Iterator[Memory]:
    with Memory(":memory:") as memory:
        yield memory.bind(user="alice")


@pytest.fixture
def store(memory: Memory) -> MemagentStore:
    return MemagentStore(memory)


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.now += timedelta(microseconds=1)
        return self.now

    def pass_minutes(self, minutes: float) -> None:
        self.now += timedelta(minutes=minutes)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(module, "_now", clock)
    return clock


# --- the same as LangGraph's own, whatever is done

LABELS = st.sampled_from(["a", "ab", "b", "a/b", "%2F", "#", "a#b", "日本", "*"])
SPACES = st.lists(LABELS, min_size=1, max_size=3).map(tuple)
KEYS = st.sampled_from(["k", "kk", "k/#%", ""])
WORDS = st.lists(st.sampled_from(["tea", "ferry", "ida", "storm", "lamp"]), min_size=1, max_size=3).map(" ".join)
VALUES = st.fixed_dictionaries(
    {"text": WORDS},
    optional={
        "n": st.integers(-3, 3) | st.sampled_from([0.5, "2"]),
        "deep": st.fixed_dictionaries(
            {"kind": st.sampled_from(["x", "y"]), "tags": st.lists(WORDS, max_size=3, unique=True)}
        ),
    },
)
INDEXES = st.sampled_from([None, False, ["text"], ["deep.tags[*]"], ["text", "deep.kind"], ["missing"]])
FILTERS = st.sampled_from(
    [
        None,
        {},
        {"text": "tea"},
        {"text": {"$ne": "tea"}},
        {"deep": {"kind": "x"}},
        {"deep": {"kind": {"$eq": "y"}}},
        {"deep": {"tags": ["tea"]}},
        {"n": {"$eq": 2}},
        {"missing": None},
        {"n": {"$ne": None}, "text": {"$ne": "ida"}},
    ]
)
PUTS = st.builds(PutOp, SPACES, KEYS, st.none() | VALUES | VALUES | VALUES, INDEXES, ttl=st.none())
GETS = st.builds(GetOp, SPACES, KEYS)
SEARCHES = st.builds(
    SearchOp, st.just(()) | SPACES, FILTERS, st.integers(0, 12), st.integers(0, 4), st.none() | st.just("") | WORDS
)
CONDITIONS = st.lists(
    st.builds(MatchCondition, st.sampled_from(["prefix", "suffix"]), st.lists(LABELS, max_size=3).map(tuple)),
    max_size=2,
).map(tuple)
LISTS = st.builds(ListNamespacesOp, CONDITIONS, st.none() | st.integers(1, 3), st.integers(0, 5), st.integers(0, 3))
BATCHES = st.lists(st.lists(PUTS | PUTS | GETS | SEARCHES | LISTS, min_size=1, max_size=6), min_size=1, max_size=6)


class Reference:
    """LangGraph's store with its quirks taken out, each by asking it in another way.

    It fails where an item has a text twice, so none has. It orders by insertion and pages the items without a score
    anew on each page, so everything is asked for and cut here. It lists namespaces that are empty, so they are listed
    from a copy that has only what is there. It keeps the vectors of what a key had before, so a key is deleted before
    it is put.
    """

    def __init__(self, embedder: Hashing) -> None:
        self._index = {"dims": embedder.dim, "embed": lambda texts: embedder.embed(texts).tolist(), "fields": ["$"]}
        self.store = InMemoryStore(index=self._index)  # type: ignore[arg-type]

    def search(self, op: SearchOp) -> list[Any]:
        found: list[Any] = self.store.batch([op._replace(limit=10_000, offset=0)])[0]
        return found

    def list(self, op: ListNamespacesOp) -> list[Any]:
        copy = InMemoryStore()
        copy.batch([PutOp(item.namespace, item.key, item.value) for item in self.search(SearchOp((), None))])
        found: list[Any] = copy.batch([op])[0]
        return found

    def put(self, ops: list[PutOp]) -> None:
        last = {(op.namespace, op.key): op for op in ops}
        self.store.batch([op._replace(value=None) for op in last.values()])
        for op in last.values():  # one at a time: it fails where one batch has a text twice
            self.store.batch([op])


def address(item: Any) -> tuple[Any, ...]:
    return item.namespace, item.key


def check_search(op: SearchOp, ours: list[Any], all_: list[Any]) -> None:
    expected = all_[op.offset : op.offset + op.limit]
    assert [rounded(one.score) for one in ours] == [rounded(one.score) for one in expected]
    values = {address(one): (one.value, rounded(one.score)) for one in all_}
    assert len({address(one) for one in ours}) == len(ours)
    assert all(values[address(one)] == (one.value, rounded(one.score)) for one in ours)


def rounded(score: float | None) -> float | None:
    return None if score is None else round(score, 4)


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(batches=BATCHES, few=st.sampled_from([0, 256]))
def test_it_does_as_the_store_in_memory_does(batches: list[list[Any]], few: int) -> None:
    embedder = Hashing(64)
    reference = Reference(embedder)
    with pytest.MonkeyPatch.context() as patch, Memory(":memory:", embedder=embedder, single_user=True) as memory:
        patch.setattr(module, "_FEW", few)  # both ways of reading
        memory.add(["a ferry that is no item", "nor is tea"])
        store = MemagentStore(memory)
        for batch in batches:
            results = store.batch(batch)
            assert len(results) == len(batch)
            for op, ours in zip(batch, results, strict=True):
                if isinstance(op, GetOp):
                    theirs = reference.store.batch([op])[0]
                    assert (ours and (address(ours), ours.value)) == (theirs and (address(theirs), theirs.value))
                elif isinstance(op, SearchOp):
                    check_search(op, ours, reference.search(op))
                elif isinstance(op, ListNamespacesOp):
                    assert ours == reference.list(op)
                else:
                    assert ours is None
            reference.put([op for op in batch if isinstance(op, PutOp)])
        everything = SearchOp((), None, 10_000)
        assert len(store.batch([everything])[0]) == len(reference.search(everything))


NUMBERS = st.integers(-3, 3) | st.floats(-3, 3) | st.sampled_from(["1", "2.5", "-1"])


@given(
    st.lists(NUMBERS, min_size=1, max_size=6), st.sampled_from(["$eq", "$ne", "$gt", "$gte", "$lt", "$lte"]), NUMBERS
)
def test_operators_are_those_of_the_store_in_memory(values: list[Any], operator: str, wanted: Any) -> None:
    theirs = InMemoryStore()
    with Memory(":memory:", single_user=True) as memory:
        ours = MemagentStore(memory)
        puts = [PutOp(("n",), str(place), {"n": value}) for place, value in enumerate(values)]
        op = SearchOp(("n",), {"n": {operator: wanted}}, 100)
        found = []
        for store in (ours, theirs):
            store.batch(puts)
            found.append(sorted(item.key for item in store.batch([op])[0]))
    assert found[0] == found[1]


def test_what_has_no_order_does_not_pass(store: MemagentStore) -> None:
    for key, value in {"none": {}, "list": {"n": [1]}, "text": {"n": "x"}, "time": {"n": "2026-05-01"}}.items():
        store.put(("a",), key, value)
    assert store.search(("a",), filter={"n": {"$gt": 0}}) == []
    assert [item.key for item in store.search(("a",), filter={"n": {"$gte": "2026-01-01", "$lt": "2027"}})] == ["time"]
    with pytest.raises(UsageProblem, match=r"no operator '\$in'"):
        store.search(("a",), filter={"n": {"$in": [1]}})


# --- values, names, times

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
any_label = st.text(st.characters(codec="utf-8", exclude_characters=".\0"), min_size=1, max_size=8)


@settings(deadline=None)
@given(
    namespace=st.lists(any_label, min_size=1, max_size=4).map(tuple).filter(lambda path: path[0] != "langgraph"),
    key=st.text(st.characters(codec="utf-8"), max_size=8),
    value=st.dictionaries(st.text(), json_values, max_size=4),
)
def test_namespaces_keys_and_values_come_back(namespace: tuple[str, ...], key: str, value: dict[str, Any]) -> None:
    with Memory(":memory:", single_user=True) as memory:
        store = MemagentStore(memory)
        store.put(namespace, key, value, index=False)
        item = store.get(namespace, key)
        assert item is not None and (item.namespace, item.key, item.value) == (namespace, key, value)
        assert store.list_namespaces() == [namespace]
        for end in range(len(namespace) + 1):
            assert [found.key for found in store.search(namespace[:end])] == [key]
        assert store.search((*namespace[:-1], namespace[-1] + "x")) == []


def test_no_namespace_leaks_into_one_that_begins_like_it(store: MemagentStore) -> None:
    for path in [("a",), ("ab",), ("a", "b"), ("a", "b", "c"), ("a/b",), ("a%2Fb",), ("a", "#")]:
        store.put(path, "k", {"path": list(path)})
    assert {item.namespace for item in store.search(("a", "b"))} == {("a", "b"), ("a", "b", "c")}
    assert {item.namespace for item in store.search(("a",), query="b")} == {
        ("a",),
        ("a", "b"),
        ("a", "b", "c"),
        ("a", "#"),
    }
    assert [item.namespace for item in store.search(("a/b",))] == [("a/b",)]
    assert store.get(("a",), "b") is None


def test_times(store: MemagentStore, clock: Clock) -> None:
    store.put(("a",), "k", {"n": 1})
    first = store.get(("a",), "k")
    clock.pass_minutes(5)
    store.put(("a",), "k", {"n": 2})
    second = store.get(("a",), "k")
    assert first and second and second.created_at == first.created_at == first.updated_at
    assert timedelta(minutes=5) <= second.updated_at - first.updated_at < timedelta(minutes=6)
    store.delete(("a",), "k")
    store.put(("a",), "k", {"n": 3})
    third = store.get(("a",), "k")
    assert third and third.created_at > second.updated_at


def test_what_was_put_last_comes_first(store: MemagentStore) -> None:
    for key in ["1", "2", "3", "1"]:
        store.put(("a",), key, {"n": key})
    assert [item.key for item in store.search(("a",))] == ["1", "3", "2"]
    assert [item.key for item in store.search(("a",), limit=1, offset=1)] == ["3"]


def test_a_value_is_the_callers_own(store: MemagentStore) -> None:
    value = {"tags": ["x"]}
    store.put(("a",), "k", value)
    value["tags"].append("y")
    found = store.get(("a",), "k")
    assert found and found.value == {"tags": ["x"]}
    found.value["tags"].append("z")
    again = store.get(("a",), "k")
    assert again and again.value == {"tags": ["x"]}


def test_a_new_value_under_an_old_text_is_kept(store: MemagentStore) -> None:
    store.put(("a",), "k", {"text": "tea", "n": 1}, index=["text"])
    store.put(("a",), "k", {"text": "tea", "n": 2}, index=["text"])
    found = store.get(("a",), "k")
    assert found and found.value == {"text": "tea", "n": 2}
    assert store.memory.count() == 1


def test_what_is_no_json_is_refused_and_nothing_of_the_batch_written(store: MemagentStore) -> None:
    for value in ({"x": object()}, {"x": float("nan")}, {"x": {1, 2}}):
        with pytest.raises(UsageProblem, match="JSON"):
            store.batch([PutOp(("a",), "fine", {"n": 1}), PutOp(("a",), "bad", value)])
    assert store.memory.count() == 0
    with pytest.raises(InvalidNamespaceError):
        store.put(("a.b",), "k", {})
    with pytest.raises(ValueError, match="Unknown operation"):
        store.batch(["get"])  # type: ignore[list-item]


def test_a_batch_reads_before_it_writes_and_the_last_write_counts(store: MemagentStore) -> None:
    store.put(("a",), "k", {"n": 0})
    ops = [
        PutOp(("a",), "k", {"n": 1}),
        GetOp(("a",), "k"),
        PutOp(("a",), "k", None),
        PutOp(("a",), "k", {"n": 2}),
        PutOp(("a",), "gone", {"n": 3}),
        PutOp(("a",), "gone", None),
        SearchOp(("a",), None),
    ]
    results = store.batch(ops)
    assert results[1].value == {"n": 0} and [item.value for item in results[6]] == [{"n": 0}]  # type: ignore[union-attr]
    assert [item.value for item in store.search(("a",))] == [{"n": 2}]


# --- search


def test_fields_are_indexed_each_for_itself(memory: Memory) -> None:
    store = MemagentStore(memory, fields=["title", "body[*]"])
    store.put(("a",), "1", {"title": "lighthouse", "body": ["storm in March", "the ferry"], "note": "tea"})
    store.put(("a",), "2", {"title": "ferry", "body": []})
    assert [item.key for item in store.search(("a",), query="storm in March")] == ["1", "2"]
    best = store.search(("a",), query="the ferry")
    assert [item.key for item in best] == ["1", "2"] and best[0].score == pytest.approx(1.0, abs=1e-5)
    assert memory.count() == 4
    assert memory.search("tea") == []


def test_items_are_found_by_the_memory_and_what_is_not_indexed_is_not(memory: Memory, store: MemagentStore) -> None:
    store.put(("users", "alice"), "drink", {"text": "Alice likes green tea."}, index=["text"])
    for number in range(30):
        store.put(("secret",), str(number), {"text": "Alice likes green tea, in secret."}, index=False)
    for using in ("hybrid", "dense", "keyword"):
        hits = memory.search("green tea", k=5, using=using)
        assert [(hit.text, hit.source) for hit in hits] == [("Alice likes green tea.", "langgraph:users/alice/#drink")]
    assert len(store.search(("secret",), limit=50)) == 30
    found = store.search((), query="green tea", limit=3)
    assert found[0].key == "drink" and [item.score for item in found[1:]] == [None, None]
    store.put(("users", "alice"), "drink", {"text": "Alice likes green tea."}, index=False)
    assert memory.search("green tea") == []


class Leaning(Hashing):
    """Vectors as of a language model: all lean one way, so that none is at a right angle to a query."""

    name = "leaning"

    def embed(self, texts: Sequence[str], kind: Kind = "document") -> Vectors:
        return unit_rows(super().embed(texts, kind) + np.float32(0.05))


def test_what_is_not_indexed_takes_no_place_in_a_ranking() -> None:
    with Memory(":memory:", embedder=Leaning(64), single_user=True) as memory:
        store = MemagentStore(memory)
        for number in range(30):
            store.put(("secret",), str(number), {"n": number}, index=False)
        store.put(("a",), "k", {"text": "tea"}, index=["text"])
        for using in ("hybrid", "dense"):
            assert [hit.text for hit in memory.search("ferry", k=5, using=using)] == ["tea"]


def test_what_a_value_said_before_is_not_found(memory: Memory, store: MemagentStore) -> None:
    store.put(("a",), "k", {"text": "lighthouse", "more": "ferry"}, index=["text", "more"])
    store.put(("a",), "k", {"text": "lighthouse"}, index=["text", "more"])
    assert memory.search("ferry", using="keyword") == []
    store.delete(("a",), "k")
    assert memory.count() == 0


@pytest.mark.parametrize("few", [0, 256])
def test_search_goes_down_to_the_last_that_fits(
    store: MemagentStore, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_FEW", few)
    store.memory.add([f"lighthouse {n}" for n in range(100)])
    store.batch([PutOp(("big",), str(n), {"text": f"lighthouse {n}", "n": n}, ["text"]) for n in range(100)])
    store.put(("small",), "x", {"text": "a lighthouse at last"}, index=["text"])
    assert [item.key for item in store.search(("small",), query="lighthouse 7")] == ["x"]
    assert [item.key for item in store.search(("big",), query="lighthouse 7", limit=1)] == ["7"]
    found = store.search(("big",), query="lighthouse", filter={"n": {"$gte": 95}}, limit=10)
    assert sorted(item.value["n"] for item in found) == [95, 96, 97, 98, 99]
    pages = [store.search(("big",), query="lighthouse", limit=30, offset=start) for start in range(0, 120, 30)]
    assert [len(page) for page in pages] == [30, 30, 30, 10]
    assert len({item.key for page in pages for item in page}) == 100


def test_nothing_is_embedded_twice(memory: Memory, store: MemagentStore, monkeypatch: pytest.MonkeyPatch) -> None:
    embedded: list[str] = []
    embed = memory.embedder.embed
    monkeypatch.setattr(
        memory.embedder, "embed", lambda texts, kind="document": embedded.extend(texts) or embed(texts, kind)
    )
    store.batch([PutOp(("a",), key, {"text": "tea", "key": key}, ["text"]) for key in "xyz"])
    store.put(("a",), "x", {"text": "tea", "key": "new"}, index=["text"])
    assert embedded == ["tea"]


# --- lifetimes


def test_an_expired_item_is_gone_everywhere(memory: Memory, clock: Clock) -> None:
    store = MemagentStore(memory)
    assert store.supports_ttl
    store.put(("a",), "k", {"text": "tea"}, ttl=10)
    store.put(("a",), "stays", {"text": "tea"}, ttl=None)
    clock.pass_minutes(11)
    assert store.get(("a",), "k") is None
    assert [item.key for item in store.search(("a",))] == ["stays"]
    assert [item.key for item in store.search(("a",), query="tea")] == ["stays"]
    store.put(("b",), "k", {}, ttl=1)
    clock.pass_minutes(2)
    assert store.list_namespaces() == [("a",)]
    assert store.sweep_ttl() == 2
    assert memory.count() == 1


def test_reading_prolongs_a_life_unless_told_otherwise(memory: Memory, clock: Clock) -> None:
    store = MemagentStore(memory)
    for key in ("read", "searched", "neither"):
        store.put((key,), "k", {"text": "tea"}, ttl=10)
    before = store.get(("read",), "k", refresh_ttl=False)
    for _ in range(3):
        clock.pass_minutes(6)
        assert store.get(("read",), "k") == before
        assert len(store.search(("searched",), query="tea")) == 1
        store.search(("neither",), refresh_ttl=False)
        store.get(("neither",), "k", refresh_ttl=False)
    assert store.list_namespaces() == [("read",), ("searched",)]
    assert store.sweep_ttl() == 1
    assert store.list_namespaces() == [("read",), ("searched",)]
    clock.pass_minutes(11)
    assert store.sweep_ttl() == 2
    assert memory.count() == 0


def test_the_settings_of_a_store_hold(memory: Memory, clock: Clock) -> None:
    store = MemagentStore(memory, ttl={"default_ttl": 10, "refresh_on_read": False})
    store.put(("a",), "default", {})
    store.put(("a",), "forever", {}, ttl=None)
    store.put(("a",), "short", {}, ttl=1)
    clock.pass_minutes(6)
    assert {item.key for item in store.search(("a",))} == {"default", "forever"}
    clock.pass_minutes(6)
    assert {item.key for item in store.search(("a",))} == {"forever"}


def test_a_new_value_has_a_life_of_its_own(memory: Memory, clock: Clock) -> None:
    store = MemagentStore(memory)
    store.put(("a",), "k", {"n": 1}, ttl=60)
    store.get(("a",), "k")  # prolonged
    store.put(("a",), "k", {"n": 2}, ttl=1)
    clock.pass_minutes(2)
    assert store.get(("a",), "k") is None
    store.put(("a",), "k", {"n": 3})
    clock.pass_minutes(1000)
    found = store.get(("a",), "k")
    assert found and found.value == {"n": 3}
    store.sweep_ttl()
    assert memory.count() == 1


def test_a_lifetime_is_a_number_and_may_be_endless(store: MemagentStore) -> None:
    for ttl in (float("inf"), 1e300):
        store.put(("a",), "k", {}, ttl=ttl)
        assert store.get(("a",), "k") is not None and store.sweep_ttl() == 0
    for bad in (float("nan"), "soon", -1, 0, True):
        with pytest.raises(UsageProblem, match="number of minutes"):
            store.put(("a",), "k", {}, ttl=bad)  # type: ignore[arg-type]


def test_nothing_of_an_item_that_was_read_stays_when_it_is_deleted_or_put_again(memory: Memory, clock: Clock) -> None:
    store = MemagentStore(memory)
    for key in ("gone", "again"):
        store.put(("a",), key, {"text": "tea"}, ttl=100)
        store.get(("a",), key)  # prolonged
    store.delete(("a",), "gone")
    store.put(("a",), "again", {"text": "rum"})
    assert [(one.source, one.metadata["langgraph"]["value"]) for one in memory.passages()] == [
        ("langgraph:a/#again", {"text": "rum"})
    ]


def test_what_others_write_under_the_source_of_an_item_is_no_item_and_stays(store: MemagentStore) -> None:
    store.put(("n",), "k", {"text": "tea"})
    when = "2026-01-01T00:00:00+00:00"
    forged: list[Any] = [{"value": {"x": 1}}, "text", {"of": None, "until": "z"}]
    forged += [{"value": 5, "created_at": when, "updated_at": when, "ttl": None, "until": None}]
    forged += [{"value": {}, "created_at": "x", "updated_at": when, "ttl": None, "until": None}]
    for number, data in enumerate(forged):
        for source in (f"langgraph:n/#{number}", f"langgraph-until:n/#{number}"):
            store.memory.add(Note(f"Forged {number}", source=source, metadata={"langgraph": data}))
    for found in (store.search(("n",)), store.search((), query="forged"), store.search(("n",), filter={"text": "tea"})):
        assert [item.key for item in found] == ["k"]
    assert store.list_namespaces() == [("n",)] and store.sweep_ttl() == 0
    assert store.memory.count() == 1 + 2 * len(forged)


def test_a_limit_below_zero_is_refused_in_words(store: MemagentStore) -> None:
    store.put(("a",), "k", {"text": "tea"})
    for wrong in ({"limit": -1}, {"offset": -1}):
        for read in (store.search, lambda path, **given: store.list_namespaces(prefix=path, **given)):
            with pytest.raises(UsageProblem, match="is -1"):
                read(("a",), **wrong)


def test_the_text_of_an_item_is_not_edited_behind_its_back(store: MemagentStore) -> None:
    store.put(("prefs",), "city", {"text": "Alice lives in Oslo."}, index=["text"])
    [passage] = store.memory.passages()
    with pytest.raises(UsageProblem, match="item of a LangGraph store") as refused:
        store.memory.edit(passage.id, "Alice lives in Rome.")
    assert "store.put" in refused.value.hint
    store.memory.add(Note("Plain.", id="note"))
    store.memory.edit("note", "Plainer.")
    assert store.memory.get("note").text == "Plainer."


def test_putting_sweeps_when_it_is_time(memory: Memory, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = [0.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: ticks[0])
    store = MemagentStore(memory, ttl={"default_ttl": 1, "sweep_interval_minutes": 5})
    store.put(("a",), "1", {})
    clock.pass_minutes(2)
    store.put(("a",), "2", {})
    assert memory.count() == 2
    ticks[0] = 301.0
    store.put(("a",), "3", {})
    assert memory.count() == 2 and store.get(("a",), "1") is None


# --- whose, where, from where


def test_users_and_sessions_are_apart() -> None:
    with Memory(":memory:") as memory:
        with pytest.raises(ScopeRequired):
            MemagentStore(memory)
        alice, bob = (MemagentStore(memory.bind(user=user)) for user in ("alice", "bob"))
        session = MemagentStore(memory.bind(user="alice", session="s1"))
        for number, store in enumerate((alice, bob, session)):
            store.put(("a",), "k", {"n": number})
        assert [store.search(("a",))[0].value["n"] for store in (alice, bob, session)] == [0, 1, 2]
        alice.delete(("a",), "k")
        assert [len(store.search((), query="n")) for store in (alice, bob, session)] == [0, 1, 1]
        assert alice.list_namespaces() == []


def test_it_survives_reopening_and_other_handles_see_it(tmp_path: Path) -> None:
    path = tmp_path / "notes.db"
    with Memory(path) as memory, Memory(path) as other:
        store = MemagentStore(memory.bind(user="alice"))
        store.put(("users", "日本"), "k", {"text": "tea", "n": [1, None]})
        written = store.get(("users", "日本"), "k")
        assert MemagentStore(other.bind(user="alice")).get(("users", "日本"), "k") == written
    with Memory(path) as memory:
        store = MemagentStore(memory.bind(user="alice"))
        assert store.get(("users", "日本"), "k") == written
        assert [item.key for item in store.search(("users",), query="tea")] == ["k"]


def test_threads_and_tasks_at_once(tmp_path: Path) -> None:
    with Memory(tmp_path / "notes.db") as memory:
        store = MemagentStore(memory.bind(user="alice"))

        def work(number: int) -> None:
            store.put(("t", str(number % 4)), str(number), {"text": f"ferry {number}"}, ttl=60)
            store.put(("shared",), "k", {"text": "ferry", "n": number}, ttl=60)
            assert store.get(("t", str(number % 4)), str(number))
            assert len(store.search(("shared",), query="ferry")) == 1

        async def task(number: int) -> None:
            await store.aput(("task",), str(number), {"text": f"lamp {number}"})
            item = await store.aget(("task",), str(number))
            assert item and item.value == {"text": f"lamp {number}"}
            assert await store.asearch(("task",), query="lamp", limit=1)

        async def run() -> None:
            await asyncio.gather(*(task(number) for number in range(20)))
            await store.adelete(("task",), "0")
            assert await store.alist_namespaces(prefix=("task",)) == [("task",)]

        with ThreadPoolExecutor(4) as pool:
            jobs = [pool.submit(work, number) for number in range(40)]
            asyncio.run(run())
            for job in jobs:
                job.result()
        assert [len(store.search((root,), limit=100)) for root in ("t", "shared", "task")] == [40, 1, 19]


def test_without_the_package_the_hint_is_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith(("langgraph.store", "memagent.integrations"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "langgraph.store.base", None)
    with pytest.raises(ExtraMissing) as caught:
        import memagent.integrations.langgraph  # noqa: F401
    assert caught.value.hint == 'pip install "memagent[langgraph]"'


def test_a_compiled_graph_gets_the_store(store: MemagentStore) -> None:
    graphs = pytest.importorskip("langgraph.graph", reason="langgraph is not installed")
    from langgraph.store.base import BaseStore

    def remember(state: dict[str, Any], *, store: BaseStore) -> dict[str, Any]:
        store.put(("facts",), "drink", {"text": state["text"]})
        return {"found": [item.value["text"] for item in store.search(("facts",), query="tea")]}

    class State(dict[str, Any]):
        __annotations__ = {"text": str, "found": list}

    graph = graphs.StateGraph(State)
    graph.add_node("remember", remember)
    graph.add_edge(graphs.START, "remember")
    compiled = graph.compile(store=store)
    assert compiled.invoke({"text": "She likes tea."})["found"] == ["She likes tea."]
    assert asyncio.run(compiled.ainvoke({"text": "He likes tea."}))["found"] == ["He likes tea."]
    assert len(store.search(("facts",))) == 1
