"""The store of rationales and `memory.rationales`: the contract, who sees what, and how they are searched."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memagent.embedders.hashing import Hashing
from memagent.errors import EmbedderMismatch, NotFound, UnknownName, UsageProblem
from memagent.memory.core import opened
from memagent.memory.rationales import Rationales
from memagent.stores.database import SQLiteDatabase
from memagent.stores.rationale import SQLRationaleStore
from memagent.types import Rationale, Scope

ALICE, BOB = Scope(user="alice"), Scope(user="bob")
SPIDERS = Rationale("How many legs have 3 spiders?", "A spider has 8 legs, and 3 * 8 = 24.", "24", source="legs.md")
PEARS = Rationale("What do 4 pears cost at 2 each?", "4 * 2 = 8.", "8", source="fruit.md")


@pytest.fixture
def core():
    made = opened(":memory:", Hashing(256))
    yield made
    made.file().close()


def store_on(database, embedder="test", dim=4):
    return SQLRationaleStore(database, embedder=embedder, dim=dim)


def test_it_is_there_after_reopening_and_another_embedder_is_refused(tmp_path):
    database = SQLiteDatabase(tmp_path / "a.db")
    ids = store_on(database).add(ALICE, [SPIDERS], np.eye(1, 4))
    database.close()
    database = SQLiteDatabase(tmp_path / "a.db")
    assert store_on(database).get(ALICE, ids)[0].answer == "24"
    with pytest.raises(EmbedderMismatch):
        store_on(database, embedder="other")
    database.close()


def test_indexes_of_another_store_learn_what_is_shared_later(tmp_path):
    database = SQLiteDatabase(tmp_path / "a.db")
    here, there = store_on(database), store_on(database)
    ids = here.add(ALICE, [SPIDERS], np.eye(1, 4))
    assert there.nearest(BOB, np.eye(1, 4)[0], 3) == there.match(BOB, "spiders", 3) == []
    here.add(ALICE, [replace(SPIDERS, shared=True)], np.eye(1, 4))
    assert [match.rationale.id for match in there.nearest(BOB, np.eye(1, 4)[0], 3)] == ids
    assert [match.terms for match in there.match(BOB, "spiders", 3)] == [("spiders",)]
    database.close()


def test_nobody_takes_over_an_id_by_sharing_another_text_under_it(core):
    Rationales(core, ALICE).add(replace(SPIDERS, id="spiders", shared=True))
    Rationales(core, BOB).add(replace(SPIDERS, id="spiders", shared=True, answer="25"))
    carol, bob = Rationales(core, Scope(user="carol")), Rationales(core, BOB)
    assert carol.get("spiders").answer == "24"
    assert [hit.text.split("\n")[-1] for hit in carol.search(SPIDERS.problem)] == ["24"]
    assert [one.answer for one in carol.all()] == ["24"] and carol.count() == 1
    assert bob.get("spiders").answer == "25" and bob.count() == 1


def test_a_content_id_that_is_taken_is_a_conflict_and_nothing_is_written(core):
    alice = Rationales(core, ALICE)
    (id,) = alice.add(SPIDERS)
    alice.add(PEARS)
    core.rationales.delete(ALICE, [id])
    alice.add(replace(PEARS, answer="9", id=id))
    with pytest.raises(Exception, match="is taken by another rationale"):
        alice.add(SPIDERS)
    assert alice.count() == 2


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("problem", " \u00a0", "problem .* blank"),
        ("problem", 7, "must be a str"),
        ("verified", "\ud800", "not valid Unicode"),
        ("shared", "yes", "True or False"),
        ("metadata", {"n": float("nan")}, "metadata of a rationale"),
    ],
)
def test_what_cannot_be_kept_is_refused_before_it_is_embedded(core, field, value, words):
    core.embedder = None  # would fail
    with pytest.raises(UsageProblem, match=words):
        Rationales(core, ALICE).add([PEARS, replace(SPIDERS, **{field: value})])


@pytest.mark.parametrize("given", ["a text", 3, [SPIDERS, "a text"]])
def test_what_is_no_rationale_is_refused(core, given):
    with pytest.raises(UsageProblem, match=r"is no rationale|rationale 2 is a str"):
        Rationales(core, ALICE).add(given)


def test_search_says_what_each_retriever_gave(core):
    alice = Rationales(core, ALICE)
    ids = alice.add(one for one in (SPIDERS, PEARS))
    hit = alice.search("How many legs have 5 spiders?", k=1)[0]
    assert (hit.id, hit.kind, hit.text, hit.source) == (ids[0], "rationale", SPIDERS.text, "legs.md")
    assert set(hit.parts) == {"dense", "keyword"} and 0 < hit.score <= 1
    assert "dense" in hit.why and "spiders" in hit.why
    assert [set(found.parts) for found in alice.search("pears", 1, using="keyword")] == [{"keyword"}]
    assert [set(found.parts) for found in alice.search("pears", 1, using="dense")] == [{"dense"}]
    assert alice.search(" ") == []
    assert alice.search(SPIDERS.problem, apart_from=SPIDERS.problem.lower(), using="keyword") == []


@pytest.mark.parametrize(
    ("arguments", "options", "problem"),
    [
        ((3,), {}, UsageProblem),
        (("x", 0), {}, UsageProblem),
        (("x", True), {}, UsageProblem),
        (("x", 1), {"apart_from": None}, UsageProblem),
        (("x", 1), {"using": "fast"}, UnknownName),
        (("x", 1, ""), {}, TypeError),  # options are named
    ],
)
def test_wrong_arguments_of_a_search(core, arguments, options, problem):
    with pytest.raises(problem):
        Rationales(core, ALICE).search(*arguments, **options)


def test_outcomes_are_counted(core):
    alice = Rationales(core, ALICE)
    (id,) = alice.add(SPIDERS)
    alice.record(id)
    alice.record(id, success=False)
    assert (alice.get(id).successes, alice.get(id).failures, len(alice), bool(alice)) == (1, 1, 1, True)
    with pytest.raises(NotFound):
        alice.record("unknown")
    with pytest.raises(NotFound):
        Rationales(core, BOB).get(id)


def test_a_problem_that_many_share_is_embedded_once(core):
    class Counting(Hashing):
        texts = 0

        def embed(self, texts, kind="document"):
            self.texts += len(texts)
            return super().embed(texts, kind)

    core.embedder = counting = Counting(256)
    Rationales(core, ALICE).add([replace(SPIDERS, answer=str(number)) for number in range(9)])
    assert counting.texts == 1
    assert Rationales(core, ALICE).count() == 9


NAMES = st.sampled_from([None, "a", "al", "alice", "%", "'"])
SCOPES = st.builds(Scope, user=st.sampled_from(["al", "alice", "a'"]), session=NAMES, agent=NAMES)


@settings(max_examples=200, deadline=None)
@given(
    written=st.lists(st.tuples(SCOPES, st.integers(0, 3), st.booleans()), max_size=6),
    reader=SCOPES,
    verb=st.sampled_from(["retire", "delete"]),
)
def test_a_scope_sees_its_own_and_what_is_shared_and_changes_its_own_alone(written, reader, verb):
    core = opened(":memory:", Hashing(32))
    try:
        last = {}
        for scope, number, shared in written:
            (id,) = Rationales(core, scope).add(Rationale(f"problem {number}", "because", "yes", shared=shared))
            last[scope, id] = shared
        own = {id for scope, id in last if within(scope, reader)}
        seen = own | {id for (_, id), shared in last.items() if shared}
        here = Rationales(core, reader)
        assert {one.id for one in here.all()} == seen and here.count() == len(seen)
        assert {hit.id for hit in here.search("problem 0 1 2 3", 99, using="keyword")} == seen
        assert {m.rationale.id for m in core.rationales.nearest(reader, core.embed_query("problem"), 99)} == seen
        assert {one.id for one in here.all() if one.scope != Scope()} == own
        ids = sorted({id for _, id in last})
        rows = sum(within(scope, reader) for scope, _ in last)
        assert getattr(core.rationales, verb)(reader, ids) == rows
        left = {id for (scope, id), shared in last.items() if shared and not within(scope, reader)}
        assert {one.id for one in here.all()} == left
        others = {scope for scope, _ in last if not within(scope, reader) and not within(reader, scope)}
        for other in others:
            assert {id for scope, id in last if scope == other} <= {one.id for one in Rationales(core, other).all()}
    finally:
        core.file().close()


def within(scope, reader):
    """Whether what was written in `scope` belongs to `reader`."""
    parts = (reader.session, scope.session), (reader.agent, scope.agent)
    return scope.user == reader.user and all(wanted in (None, found) for wanted, found in parts)
