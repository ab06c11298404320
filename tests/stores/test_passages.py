"""The store of passages: ids, sources, scopes, vectors that must be sound, and the projection that follows it."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from memagent.errors import Conflict, EmbedderMismatch, NotFound, UsageProblem
from memagent.stores.projections import Projections
from memagent.stores.vector import SQLVectorStore
from memagent.types import Note, Scope

ALICE, BOB = Scope(user="alice"), Scope(user="bob")
DIM = 4


@pytest.fixture
def store(database):
    return SQLVectorStore(database, embedder="test", dim=DIM)


def unit(*values):
    array = np.zeros(DIM, dtype=np.float32)
    array[: len(values)] = values
    return array


def put(store, scope, *notes, vectors=None, **options):
    rows = np.tile(unit(1), (len(notes), 1)) if vectors is None else np.stack(vectors)
    return store.add(scope, list(notes), rows, **options)


def rows(database, table):
    return database.read(f"SELECT count(*) AS n FROM {table}")[0]["n"]


def test_one_content_is_one_passage(store, database):
    [first, second] = put(store, ALICE, Note("fog"), Note("fog"))
    assert [first] == [second] == put(store, ALICE, Note("fog"))
    assert store.count(ALICE) == rows(database, "passages") == rows(database, "vectors") == 1
    put(store, ALICE, Note("fog", title="Weather"), Note("fog", source="a.md"))
    assert store.count(ALICE) == 3


def test_explicit_ids(store):
    assert put(store, ALICE, Note("fog", id="x")) == put(store, ALICE, Note("fog", id="x")) == ["x"]
    assert put(store, BOB, Note("sun", id="x")) == ["x"]
    with pytest.raises(Conflict, match="another text"):
        put(store, ALICE, Note("new", id="y"), Note("rain", id="x"))
    assert [passage.text for passage in store.passages(ALICE)] == ["fog"]
    assert put(store, ALICE, Note("fog")) == ["x"]


def test_an_edited_passage_keeps_its_id_and_gives_its_old_text_free(store):
    [id] = put(store, ALICE, Note("fog", title="T", source="s", metadata={"a": [1]}))
    store.replace(ALICE, id, "rain", unit(0, 1))
    [passage] = store.get(ALICE, [id])
    assert (passage.text, passage.title, passage.source, passage.metadata) == ("rain", "T", "s", {"a": [1]})
    assert [match.passage.text for match in store.match(ALICE, "fog", 5)] == []
    assert [(match.passage.id, match.score) for match in store.nearest(ALICE, unit(0, 1), 5)] == [(id, 1.0)]
    [again] = put(store, ALICE, Note("fog", title="T", source="s"))
    assert again == f"{id}-1"
    assert put(store, ALICE, Note("rain", title="T", source="s")) == [id]


def test_replace_sources_deletes_what_the_source_no_longer_has(store, database):
    put(store, ALICE, Note("one", source="a"), Note("two", source="a"), Note("three", source="b"), Note("four"))
    put(store, BOB, Note("one", source="a"))
    put(store, ALICE, Note("two", source="a"), Note("five", source="a"), replace_sources=True)
    assert [passage.text for passage in store.passages(ALICE)] == ["two", "three", "four", "five"]
    assert store.count(BOB) == 1
    assert rows(database, "vectors") == rows(database, "passages") == 5
    assert store.match(ALICE, "one", 5) == []


def test_replace_sources_takes_an_explicit_id_over(store):
    put(store, ALICE, Note("old", source="a", id="x"))
    assert put(store, ALICE, Note("new", source="a", id="x"), replace_sources=True) == ["x"]
    assert store.get(ALICE, ["x"])[0].text == "new"


def test_a_delete_leaves_the_store_as_if_it_had_never_been(store):
    put(store, ALICE, Note("fog and rain", source="a"), Note("fog", source="b"))
    put(store, ALICE, Note("sun", source="a"), replace_sources=True)
    with_delete = [(match.passage.text, match.score) for match in store.match(ALICE, "fog", 5)]
    put(store, BOB, Note("fog", source="b"), Note("sun", source="a"))
    assert [(match.passage.text, pytest.approx(match.score)) for match in store.match(BOB, "fog", 5)] == with_delete


def test_retired_is_invisible_until_restored(store):
    ids = put(store, ALICE, Note("fog"), Note("rain"), vectors=[unit(1), unit(0, 1)])
    assert store.retire(BOB, ids) == 0
    assert store.retire(ALICE, ids[:1]) == 1
    assert store.retire(ALICE, ids[:1]) == 0
    assert store.count(ALICE) == 1
    assert store.match(ALICE, "fog", 5) == []
    assert [match.passage.text for match in store.nearest(ALICE, unit(1), 5)] == ["rain"]
    with pytest.raises(NotFound):
        store.get(ALICE, ids[:1])
    with pytest.raises(NotFound):
        store.replace(ALICE, ids[0], "x", unit(1))
    assert store.restore(ALICE, ids) == 1
    assert [match.passage.text for match in store.match(ALICE, "fog", 5)] == ["fog"]
    assert [match.passage.text for match in store.nearest(ALICE, unit(1), 5)] == ["fog", "rain"]


def test_adding_what_was_retired_brings_it_back(store):
    [id] = put(store, ALICE, Note("fog"))
    store.retire(ALICE, [id])
    assert put(store, ALICE, Note("fog")) == [id]
    assert store.get(ALICE, [id])[0].text == "fog"
    assert [match.passage.id for match in store.match(ALICE, "fog", 5)] == [id]


def test_the_same_id_in_two_sessions(store):
    one, two = Scope("alice", "s1"), Scope("alice", "s2")
    put(store, one, Note("fog", id="x"))
    put(store, two, Note("rain", id="x"))
    assert store.get(one, ["x"])[0].text == "fog"
    assert store.get(ALICE, ["x"])[0].text == "rain"
    assert {match.passage.text for match in store.nearest(ALICE, unit(1), 5)} == {"fog", "rain"}
    with pytest.raises(Conflict, match="2 sessions"):
        store.replace(ALICE, "x", "sun", unit(1))
    assert store.retire(ALICE, ["x"]) == 2


@pytest.mark.parametrize(
    ("vectors", "message"),
    [
        (np.full((1, DIM), np.nan), "not finite"),
        (np.full((1, DIM), np.inf), "not finite"),
        (np.ones((1, DIM + 1)), "shape"),
        (np.ones((2, DIM)), "shape"),
        (np.ones(DIM), "shape"),
    ],
)
def test_unsound_vectors_are_refused(store, vectors, message):
    with pytest.raises(UsageProblem, match=message):
        store.add(ALICE, [Note("fog")], vectors)
    assert store.count(ALICE) == 0


def test_vectors_come_back_as_unit_vectors(store):
    put(store, ALICE, Note("fog"), vectors=[unit(3, 4)])
    known = store.known(ALICE, [Note("sun"), Note("fog")])
    assert list(known) == [1]
    assert np.allclose(known[1], unit(0.6, 0.8))
    assert store.known(BOB, [Note("fog")]) == {}


def test_ties_are_broken_by_age_and_k_may_be_large(store):
    notes = [Note(str(number)) for number in range(60)]
    ids = store.add(ALICE, notes, np.tile(unit(1), (60, 1)))
    assert [match.passage.id for match in store.nearest(ALICE, unit(1), 5)] == ids[:5]
    assert [match.passage.id for match in store.nearest(ALICE, unit(1), 1000)] == ids
    store.retire(ALICE, ids[:1])
    store.restore(ALICE, ids[:1])
    assert [match.passage.id for match in store.nearest(ALICE, unit(1), 5)] == ids[:5]
    assert store.nearest(BOB, unit(1), 5) == []


def test_many_ids_at_once(store):
    notes = [Note(str(number)) for number in range(1200)]
    ids = store.add(ALICE, notes, np.tile(unit(1), (1200, 1)))
    assert [passage.text for passage in store.get(ALICE, ids)] == [note.text for note in notes]
    assert len(list(store.passages(ALICE))) == len(store.known(ALICE, notes)) == 1200
    assert store.retire(ALICE, ids) == 1200


def test_another_embedder_is_refused_when_opening_writing_and_searching(store, database):
    late = SQLVectorStore(database, embedder="other", dim=DIM)
    put(store, ALICE, Note("fog"))
    with pytest.raises(EmbedderMismatch, match=r"test .*other"):
        SQLVectorStore(database, embedder="other", dim=DIM)
    with pytest.raises(EmbedderMismatch):
        put(late, ALICE, Note("rain"))
    with pytest.raises(EmbedderMismatch):
        late.nearest(ALICE, unit(1), 5)
    assert store.count(ALICE) == 1


def test_indexes_that_are_not_searched_are_dropped_and_come_back(store, database):
    indexes = Projections(database, DIM, keep=2)
    for name in "abcabc":
        scope = Scope(user=name)
        put(store, scope, Note("fog"))
        assert len(indexes.nearest(scope, "passage", unit(1), 5)) == 1
    assert len(indexes._followers) == 2


def test_an_index_follows_adds_edits_and_retirements_among_searches(store):
    ids = put(store, ALICE, Note("one"), Note("two"), vectors=[unit(1), unit(0, 1)])
    found = lambda: [match.passage.text for match in store.nearest(ALICE, unit(1), 5)]  # noqa: E731
    assert found() == ["one", "two"]
    put(store, ALICE, Note("three"), vectors=[unit(0, 0, 1)])
    put(store, BOB, Note("bobs"))
    assert found() == ["one", "two", "three"]
    store.replace(ALICE, ids[1], "two again", unit(1, 0.1))
    assert found() == ["one", "two again", "three"]
    store.retire(ALICE, ids[:1])
    assert found() == ["two again", "three"]


def test_search_beside_add(store):
    """FAISS without a lock crashes here or answers with vectors that were never added."""
    errors, stop = [], threading.Event()

    def search():
        while not stop.is_set():
            for match in store.nearest(ALICE, unit(1), 10):
                if match.passage.text != str(int(match.passage.text)):
                    errors.append(match)

    searchers = [threading.Thread(target=search) for _ in range(3)]
    for thread in searchers:
        thread.start()
    random = np.random.default_rng(0)
    for number in range(60):
        put(store, ALICE, Note(str(number)), vectors=[random.normal(size=DIM).astype(np.float32)])
    stop.set()
    for thread in searchers:
        thread.join()
    assert not errors
    assert len(store.nearest(ALICE, unit(1), 100)) == 60
