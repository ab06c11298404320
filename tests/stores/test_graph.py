"""The graph over facts and passages: the contract, the numbers of the HippoRAG corpus, and following its stores."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memagent.errors import EmbedderMismatch
from memagent.stores.base import Link
from memagent.stores.database import SQLiteDatabase
from memagent.stores.graph import SQLGraphStore
from memagent.stores.triple import SQLTripleStore
from memagent.stores.vector import SQLVectorStore
from memagent.testing.kept import HOME, KEEPS, SEES, Kept
from memagent.types import Note, Scope, Triple

ALICE = Scope(user="alice")
DIM = 4
fresh_names = (f"user-{number}" for number in itertools.count())


def made(database):
    own = {"embedder": "test", "dim": DIM}
    return SQLVectorStore(database, **own), SQLTripleStore(database, **own), SQLGraphStore(database, **own)


@pytest.fixture(scope="module")
def one_file(tmp_path_factory):
    opened = SQLiteDatabase(tmp_path_factory.mktemp("graph") / "a.db")
    yield opened
    opened.close()


@pytest.fixture
def kept(database):
    return Kept(*made(database), DIM)


def edges(graph, kind):
    ends, weights = graph.edges[kind]
    return {(graph.names[a], graph.names[b]): weight for (a, b), weight in zip(ends.tolist(), weights, strict=True)}


def equal(one, other):
    """Equal in every array and every name."""
    assert (one.kinds, one.names, list(one.edges)) == (other.kinds, other.names, list(other.edges))
    for kind in one.edges:
        for mine, its in zip(one.edges[kind], other.edges[kind], strict=True):
            np.testing.assert_array_equal(mine, its)
            assert mine.dtype == its.dtype
    return True


def test_another_embedder_is_refused(kept, database):
    kept.add(ALICE, HOME)
    with pytest.raises(EmbedderMismatch):
        SQLGraphStore(database, embedder="other", dim=DIM)


CORPUS = {
    "P1": [("Erik Hort", "born in", "Montebello"), ("Erik Hort", "is a", "soccer player")],
    "P2": [("Montebello", "part of", "Rockland County")],
    "P3": [("Hertfordshire", "is a", "county"), ("Hertfordshire", "located in", "England")],
}


def index(kept, scope, names):
    for name in names:
        passage = kept.note(scope, name)
        kept.add(scope, *(Triple(*parts, passage=passage) for parts in CORPUS[name]))


def test_the_corpus_of_hipporag_has_10_nodes_5_relations_and_8_contexts(kept):
    index(kept, ALICE, CORPUS)
    kept.graph.link(ALICE, [Link("county", "rockland county", 0.82)])
    graph = kept.graph.arrays(ALICE)
    assert len(graph.names) == 10 and graph.kinds.count("phrase") == 7
    assert [len(graph.edges[kind][0]) for kind in ("relation", "context", "synonym")] == [5, 8, 1]
    assert edges(graph, "synonym") == {("county", "rockland county"): np.float32(0.82)}


def test_unrelated_additions_leave_a_link_as_it_is(kept):
    index(kept, ALICE, CORPUS)
    kept.graph.link(ALICE, [Link("county", "rockland county", 0.82)])
    kept.add(ALICE, HOME)
    kept.add(ALICE, SEES)
    assert edges(kept.graph.arrays(ALICE), "synonym") == {("county", "rockland county"): np.float32(0.82)}


def test_a_relation_said_three_times_and_a_synonym_are_both_there(kept):
    for name in "ABC":
        passage = kept.note(ALICE, name)
        kept.add(ALICE, Triple("NYC", "is", "New York City", passage=passage))
    kept.graph.link(ALICE, [Link("nyc", "new york city", 0.9)])
    graph = kept.graph.arrays(ALICE)
    assert edges(graph, "relation") == {("new york city", "nyc"): 3.0}
    assert edges(graph, "synonym") == {("new york city", "nyc"): np.float32(0.9)}


def test_deleting_a_passage_takes_its_edges_alone(kept):
    scopes = Scope(user="both"), Scope(user="one")
    a = kept.note(scopes[0], "A")
    kept.add(scopes[0], Triple("a", "r", "b", passage=a))
    for scope in scopes:
        b = kept.note(scope, "B")
        kept.add(scope, Triple("a", "r2", "c", passage=b), Triple("b", "r3", "c", passage=b))
    assert ("a", "b") in edges(kept.graph.arrays(scopes[0]), "relation")
    kept.passages.delete(scopes[0], [a])
    assert equal(*(kept.graph.arrays(scope) for scope in scopes))


def test_a_superseded_fact_still_joins_its_phrases(kept):
    kept.store.declare(ALICE, "lives in", True)
    for year, place in ((2020, "Oslo"), (2021, "Voss")):
        kept.add(ALICE, Triple("Ida", "lives in", place, at=datetime(year, 1, 1, tzinfo=UTC)))
    assert edges(kept.graph.arrays(ALICE), "relation") == {("ida", "oslo"): 1.0, ("ida", "voss"): 1.0}


def test_a_source_that_no_longer_says_a_fact_weakens_its_edge(kept):
    kept.add(ALICE, HOME, replace(HOME, source="z.md"))
    assert edges(kept.graph.arrays(ALICE), "relation") == {("gull point", "ida"): 2.0}
    kept.store.delete(ALICE, source="z.md")
    assert edges(kept.graph.arrays(ALICE), "relation") == {("gull point", "ida"): 1.0}


def test_a_graph_is_made_once_until_something_changes(kept, database):
    kept.add(ALICE, HOME)
    first = kept.graph.arrays(ALICE)
    assert kept.graph.arrays(ALICE) is first and first.seq == database.changes()
    with pytest.raises(ValueError, match="read-only"):
        first.edges["relation"][1][0] = 2.0
    SQLTripleStore(database, embedder="test", dim=DIM).add(ALICE, [KEEPS], kept.vectors(ALICE, [KEEPS]))
    assert "the lighthouse" in kept.graph.arrays(ALICE).names


def test_links_change_the_graph_of_every_process(kept, database):
    kept.add(ALICE, HOME)
    other = SQLGraphStore(database, embedder="test", dim=DIM)
    assert "synonym" not in other.arrays(ALICE).edges
    kept.graph.link(ALICE, [Link("ida", "gull point", 0.5)])
    kept.graph.link(ALICE, [Link("ida", "gull point", 0.75)])
    assert edges(other.arrays(ALICE), "synonym") == {("gull point", "ida"): 0.75}


def test_an_empty_graph_has_arrays_of_no_length(kept):
    graph = kept.graph.arrays(ALICE)
    assert graph.names == graph.kinds == () and [ends.shape for ends, _ in graph.edges.values()] == [(0, 2)] * 2
    passage = kept.note(ALICE, "alone")
    assert kept.graph.arrays(ALICE).names == (passage,)


def test_no_more_graphs_are_kept_than_are_needed(kept, monkeypatch):
    monkeypatch.setattr("memagent.stores.graph._KEPT", 2)
    for name in "abc":
        kept.graph.arrays(Scope(user=name))
    assert [scope.user for scope in kept.graph._followed] == ["b", "c"]


def test_after_a_fork_a_lock_that_was_held_is_nobodys(kept):
    kept.graph._lock.acquire()
    kept.graph._pid = -1
    assert kept.graph.arrays(ALICE).names == ()


PHRASES = st.sampled_from(["Ida", "ida", "Bo", "Oslo", "fog"])
TOLD = st.tuples(PHRASES, st.sampled_from(["keeps", "sees"]), PHRASES, st.sampled_from(["", "a.md", "P1", "P2"]))


def tell(kept, scope, told):
    for subject, relation, object, where in told:
        passage = kept.note(scope, where) if where.startswith("P") else None
        kept.add(scope, Triple(subject, relation, object, where, passage))


@settings(max_examples=200, deadline=None)
@given(st.lists(TOLD, max_size=6), st.randoms(use_true_random=False))
def test_the_order_of_adding_changes_nothing(one_file, told, random):
    kept, scopes = Kept(*made(one_file), DIM), [Scope(user=next(fresh_names)) for _ in range(2)]
    tell(kept, scopes[0], told)
    tell(kept, scopes[1], random.sample(told, len(told)))
    assert equal(*(kept.graph.arrays(scope) for scope in scopes))
    weights = kept.graph.arrays(scopes[0]).edges["relation"][1]
    apart = {(s.lower(), r, o.lower(), where) for s, r, o, where in told if s.lower() != o.lower()}
    assert weights.sum() == len(apart)


@settings(max_examples=200, deadline=None)
@given(st.lists(TOLD, max_size=5), st.lists(TOLD, max_size=5))
def test_two_sessions_are_one_graph_to_their_user(one_file, first, second):
    """What a user sees of two sessions is what one session would have that was told both."""
    kept, user, alone = Kept(*made(one_file), DIM), next(fresh_names), Scope(user=next(fresh_names))
    tell(kept, Scope(user, "one"), first)
    before = kept.graph.arrays(Scope(user, "one"))
    tell(kept, Scope(user, "two"), second)
    tell(kept, alone, first + second)
    assert equal(kept.graph.arrays(Scope(user)), kept.graph.arrays(alone))
    assert equal(kept.graph.arrays(Scope(user, "one")), before)


def test_a_passage_that_a_note_replaces_stays_in_the_graph_with_what_it_says(kept, database):
    """The graph that follows the change log is the one that is read anew."""
    note = Note("Ida keeps the light.", id="x")
    kept.passages.add(ALICE, [note], kept.vector("a")[None])
    kept.add(ALICE, Triple("Ida", "keeps", "the light", passage="x"))
    before = kept.graph.arrays(ALICE)
    for changed in (replace(note, metadata={"n": 1}), replace(note, source="b.md"), replace(note, title="ida")):
        kept.passages.add(ALICE, [changed], kept.vector("a")[None], replace_ids=True)
        followed, anew = kept.graph.arrays(ALICE), made(database)[2].arrays(ALICE)
        assert followed.names == anew.names == before.names
        for kind, (ends, weights) in anew.edges.items():
            assert np.array_equal(followed.edges[kind][0], ends) and np.array_equal(followed.edges[kind][1], weights)
        assert set(followed.edges) == set(anew.edges)
    assert "title" in anew.edges
