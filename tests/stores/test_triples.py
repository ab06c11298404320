"""Facts in SQL: the contract, what is kept row for row, what scopes see, learning, purging, indexes and caches."""

from __future__ import annotations

import itertools
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memagent.errors import EmbedderMismatch
from memagent.stores import evidence_reading, tombstones
from memagent.stores.database import SQLiteDatabase
from memagent.stores.triple import SQLTripleStore
from memagent.stores.validity import holds
from memagent.stores.vector import SQLVectorStore
from memagent.testing.kept import HOME, KEEPS, SEES, Kept
from memagent.triples import Limits, Query
from memagent.types import Scope, Triple

ALICE, BOB = Scope(user="alice"), Scope(user="bob")
DIM = 4
NOW, LITERAL = datetime(2030, 1, 1, tzinfo=UTC), Limits(literal=True)
often = settings(max_examples=200, deadline=None)
fresh_names = (f"user-{number}" for number in itertools.count())


@pytest.fixture(scope="module")
def one_file(tmp_path_factory):
    """One file for all examples of a property: each takes users of its own."""
    opened = SQLiteDatabase(tmp_path_factory.mktemp("facts") / "a.db")
    yield opened
    opened.close()


def stores(database):
    own = {"embedder": "test", "dim": DIM}
    return Kept(SQLVectorStore(database, **own), SQLTripleStore(database, **own), None, DIM)


@pytest.fixture
def kept(database):
    return stores(database)


def contents(database, user):
    """All that a user has but numbers of rows and times of writing."""
    read = database.read
    mine = read("SELECT rid, kind, id, session FROM items WHERE user = ?", [user])
    name = {row["rid"]: (row["kind"], row["id"], row["session"]) for row in mine}
    found = {"items": sorted(name.values())}
    for table, columns in {
        "vectors": "rid vector",
        "words": "rid bag",
        "facts": "rid subject relation object",
        "evidence": "fact passage source subject relation object at until confidence",
        "links": "a b kind weight",
    }.items():
        own, *others = columns.split()
        rows = read(f"SELECT * FROM {table} WHERE {own} IN (SELECT rid FROM items WHERE user = ?)", [user])
        ends = {"rid", "fact", "passage", "a", "b"} | ({"subject", "relation", "object"} if table == "facts" else set())
        found[table] = sorted(
            (tuple(name.get(row[one]) if one in ends else row[one] for one in (own, *others)) for row in rows), key=repr
        )
    return found


def test_another_embedder_is_refused(kept, database):
    kept.add(ALICE, HOME)
    with pytest.raises(EmbedderMismatch):
        SQLTripleStore(database, embedder="other", dim=DIM)


def test_one_line_of_each_thing_for_one_fact_said_twice(kept, database):
    kept.add(ALICE, HOME, replace(HOME, subject="IDA"), replace(HOME, source="b.md"))
    found = contents(database, "alice")
    kinds = [kind for kind, _, _ in found["items"]]
    assert kinds == ["fact", "phrase", "phrase", "relation"]
    assert [len(found[table]) for table in ("vectors", "words", "facts", "evidence")] == [4, 1, 1, 2]
    assert [row[3] for row in found["evidence"]] == ["IDA", "Ida"]


def test_saying_a_forgotten_fact_again(kept):
    """In person it comes back; from a passage that was read before it stays forgotten."""
    passage = kept.note(ALICE, "Ida keeps the lighthouse.")
    read = replace(KEEPS, passage=passage)
    home, keeps = kept.add(ALICE, HOME, read)
    kept.store.retire(ALICE, [home, keeps])
    assert kept.add(ALICE, HOME, read) == [home, keeps]
    assert [fact.id for fact in kept.store.facts(ALICE)] == [home]
    kept.add(ALICE, KEEPS)
    assert len(kept.store.facts(ALICE)) == 2


# Learning and purging


def people(count, value=lambda number: f"number {number}", relation="born in"):
    return [Triple(f"person {number}", relation, value(number)) for number in range(count)]


def test_one_value_for_nearly_all_subjects_is_a_suggestion_and_hides_nothing(kept):
    def told():
        [relation] = kept.store.relations(ALICE)
        return relation.subjects, relation.facts, relation.suggested, relation.functional, relation.how

    kept.add(ALICE, *people(19))
    assert told() == (19, 19, False, False, "")
    kept.add(ALICE, Triple("person 19", "born in", "number 19"))
    assert told() == (20, 20, True, False, "")
    kept.add(ALICE, Triple("person 1", "born in", "elsewhere"))  # 20 / 21 is 0.952
    assert told() == (20, 21, True, False, "")
    assert [fact.object for fact in kept.store.facts(ALICE, subject="person 1")] == ["number 1", "elsewhere"]
    kept.add(ALICE, Triple("person 2", "born in", "elsewhere"))  # 20 / 22 is 0.909
    assert told() == (20, 22, False, False, "")
    assert not kept.store.relations(BOB)


def test_what_is_declared_either_way_is_not_suggested(kept):
    kept.add(ALICE, *people(30), Triple("person 1", "born in", "elsewhere"))
    for said, values in ((False, 2), (True, 1), (None, 2)):
        kept.store.declare(ALICE, "born in", said)
        assert len(kept.store.facts(ALICE, subject="person 1")) == values
        [relation] = kept.store.relations(ALICE)
        assert (relation.functional, relation.suggested) == (said is True, said is None)


def test_what_was_purged_is_not_learnt_again_from_the_same_source(kept, database):
    [home] = kept.add(ALICE, HOME)
    passage = kept.note(ALICE, "text")
    assert not database.read("SELECT * FROM meta WHERE key = 'salt'")
    with database.write() as writer:
        assert tombstones.buried(writer, ALICE, [("a.md", home)]) == set()
        tombstones.bury(writer, ALICE, [("a.md", home), (passage, home)])
    kept.store.delete(ALICE, [home])
    read = replace(HOME, passage=passage)
    assert kept.add(ALICE, HOME, KEEPS, read)[::2] == ["", ""]
    assert [fact.object for fact in kept.store.facts(ALICE)] == ["the Lighthouse"]
    assert kept.add(Scope(user="alice", session="s"), HOME) == [""]
    assert kept.add(BOB, HOME) == kept.add(ALICE, replace(HOME, source="b.md")) == [home]
    assert kept.add(ALICE, HOME, again=True) == kept.add(ALICE, HOME) == [home]
    assert kept.add(ALICE, read) == [""]
    texts = [row["digest"] for row in database.read("SELECT digest FROM purged")]
    assert len(texts) == 1 and home[5:] not in texts[0]


# What is read


def test_lookups_go_by_index(kept, database):
    """<subject, relation, *> by one index and <*, relation, object> by the other; ids by their own."""
    kept.add(ALICE, HOME, KEEPS, SEES)
    [id, *_] = [fact.id for fact in kept.store.facts(ALICE)]
    used: list[str] = []

    class Watched:
        def __getattr__(self, name):
            return getattr(database, name)

        def read(self, sql, params=()):
            if "FROM items" in sql or "FROM facts" in sql or "FROM wanted" in sql:
                used.extend(row["detail"] for row in database.read(f"EXPLAIN QUERY PLAN {sql}", params))
            return database.read(sql, params)

    store = SQLTripleStore(Watched(), embedder="test", dim=DIM)
    for relation in ("lives in", "keeps", "sees"):
        store.declare(ALICE, relation, True)
    for parts, wanted in {
        ("subject", "relation"): "facts USING INDEX facts_by_subject (subject=? AND relation=?)",
        ("relation", "object"): "facts USING INDEX facts_by_object (object=? AND relation=?)",
        ("subject",): "facts USING INDEX facts_by_subject (subject=?)",
        ("object",): "facts USING INDEX facts_by_object (object=?)",
        ("relation",): "facts USING INDEX facts_by_relation (relation=?)",
        ("ids",): "items USING INDEX sqlite_autoindex_items_1 (kind=? AND user=? AND id=?)",
    }.items():
        used.clear()
        asked = {"subject": "ida", "relation": "keeps", "object": "the lighthouse", "ids": [id]}
        store.facts(ALICE, **{part: asked[part] for part in parts})
        assert any(wanted in line for line in used), (parts, used)
        assert not [
            line
            for line in used
            if line.startswith("SCAN") and not any(word in line for word in ("CONSTANT", "wanted", "subquery"))
        ]


def test_what_holds_of_a_long_history_is_found_by_time(kept, database, monkeypatch):
    """Neither what was before is read, nor what comes after, however much it is; who is asked for makes no odds."""
    kept.store.declare(ALICE, "is", True)
    start = datetime(2000, 1, 1, tzinfo=UTC)
    kept.add(ALICE, *(Triple("fog", "is", f"thick {day}", at=start + timedelta(days=day)) for day in range(500)))
    kept.add(ALICE, *people(30, lambda number: "the same place"))
    read, rows, plans = database.read, [], []

    def watched(sql, params=()):
        found = read(sql, params)
        if "evidence.confidence" in sql:
            rows.extend(found)
            plans.extend(row["detail"] for row in read(f"EXPLAIN QUERY PLAN {sql}", params))
        return found

    monkeypatch.setattr(database, "read", watched)
    for day, at in ((499, None), (250, start + timedelta(days=250, hours=1)), (0, start)):
        rows.clear()
        asked, asked_back = Query("fog", "is", None), Query(None, "is", f"thick {day}")
        assert kept.store.read(ALICE, [asked], {}, LITERAL, as_of=at or NOW).texts == (f"thick {day}",)
        assert kept.store.read(ALICE, [asked_back], {}, LITERAL, as_of=at or NOW).texts == ("fog",)
        [fact] = kept.store.facts(ALICE, subject="fog", relation="is", as_of=at)
        assert fact.object == f"thick {day}"
        assert len(rows) < 100
    assert any("evidence USING INDEX evidence_by_time" in line for line in plans)
    assert not any("TEMP B-TREE" in line for line in plans)


def test_hundreds_of_values_of_one_moment_are_gone_through_once(kept):
    kept.store.declare(ALICE, "is", True)
    start, later = datetime(2000, 1, 1, tzinfo=UTC), datetime(2001, 1, 1, tzinfo=UTC)
    for at in (start, later):
        kept.add(ALICE, *(Triple("fog", "is", f"thick {number}", at=at) for number in range(600)))
    [before] = [fact for fact in kept.store.facts(ALICE, history=True) if holds(fact, start)]
    for at, objects in ((start, [before.object]), (later, None), (start - timedelta(days=1), [])):
        [*found] = kept.store.facts(ALICE, subject="fog", relation="is", as_of=at)
        assert [fact.object for fact in found] == (objects if objects is not None else [found[0].object])
        assert kept.store.read(ALICE, [Query("fog", "is", None)], {}, LITERAL, as_of=at).texts == tuple(
            fact.object for fact in found
        )


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_what_is_found_by_time_is_what_going_through_all_finds(one_file, data):
    """Of several sessions, with values that come back, end by themselves, are of one moment, retired or deleted."""
    kept, user = stores(one_file), next(fresh_names)
    scopes = [Scope(user), Scope(user, "one"), Scope(user, "two")]
    kept.store.declare(scopes[0], "is", True)
    start, ids = datetime(2000, 1, 1, tzinfo=UTC), []
    for _ in range(data.draw(st.integers(1, 9))):
        at, length = start + timedelta(days=data.draw(st.integers(0, 6))), data.draw(st.integers(0, 3))
        until = at + timedelta(days=length) if length else None
        value, source = data.draw(st.sampled_from("abc")), data.draw(st.sampled_from("xy"))
        ids += kept.add(data.draw(st.sampled_from(scopes)), Triple("fog", "is", value, source, at=at, until=until))
    gone = data.draw(st.sets(st.sampled_from(ids), max_size=1))
    (kept.store.retire if data.draw(st.booleans()) else kept.store.delete)(data.draw(st.sampled_from(scopes)), [*gone])
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(evidence_reading, "_SMALL", -1)
        patched.setattr(evidence_reading, "_PAGE", 1)
        for scope in scopes:
            every = kept.store.facts(scope, history=True)
            for at in (start + timedelta(days=day) for day in range(-1, 9)):
                wanted = [fact for fact in every if holds(fact, at)]
                assert kept.store.facts(scope, subject="fog", relation="is", as_of=at) == wanted
                found = kept.store.read(scope, [Query("fog", "is", None)], {}, LITERAL, as_of=at)
                assert {value.fact.id: value.fact for value in found.values} == {fact.id: fact for fact in wanted}
                for value in "abc":
                    found = kept.store.read(scope, [Query(None, "is", value)], {}, LITERAL, as_of=at)
                    assert [one.fact for one in found.values] == [fact for fact in wanted if fact.object == value][:1]


def test_many_ids_and_many_groups(kept):
    kept.store.declare(ALICE, "born in", True)
    ids = kept.add(ALICE, *people(1200, lambda number: "the same place"))
    assert len(kept.store.facts(ALICE, ids=ids)) == len(kept.store.facts(ALICE, object="the same place")) == 1200


def test_a_search_looks_further_down_until_it_has_k(kept):
    kept.store.declare(ALICE, "is", True)
    start = datetime(2000, 1, 1, tzinfo=UTC)
    several = [Triple("fog", "is", f"thick {day}", at=start + timedelta(days=day)) for day in range(100)]
    kept.add(ALICE, *several, Triple("rain", "is", "thick 5"))
    assert [match.fact.subject for match in kept.store.match(ALICE, "fog is thick", 2)] == ["fog", "rain"]
    near = kept.store.nearest(ALICE, kept.vector("fog is thick 3"), 2)
    assert sorted(match.fact.subject for match in near) == ["fog", "rain"]
    assert kept.store.nearest(ALICE, kept.vector("fog"), 0) == []


def test_a_search_judges_no_value_twice(kept, database, monkeypatch):
    """Each look further down once judged again all that the subject had ever had."""
    kept.store.declare(ALICE, "is", True)
    start = datetime(2000, 1, 1, tzinfo=UTC)
    kept.add(ALICE, *(Triple("fog", "is", f"thick {day}", at=start + timedelta(days=day)) for day in range(600)))
    read, rows = database.read, []

    def counted(sql, params=()):
        found = read(sql, params)
        rows.extend([len(found)] * ("evidence.confidence" in sql))
        return found

    monkeypatch.setattr(database, "read", counted)
    [match] = kept.store.match(ALICE, "fog thick", 2)
    assert match.fact.object == "thick 599"
    assert 600 <= sum(rows) < 700


def test_a_fact_of_two_sessions_is_found_once_with_all_that_says_it(kept):
    one, two = Scope("alice", "one"), Scope("alice", "two")
    kept.add(one, HOME)
    kept.add(two, replace(HOME, source="b.md"))
    for found in (kept.store.match(ALICE, "Ida", 5), kept.store.nearest(ALICE, kept.vector("ida"), 5)):
        [match] = found
        assert match.fact.sources == ("a.md", "b.md")


def test_two_handles_of_one_file_agree_after_each_change(kept, database):
    """Counts by a store that was there before equal those by a new one, whatever happened in between."""
    own = Scope(user="alice", session="one")
    passage = kept.note(own, "Ida lives at Gull Point.")

    def agree():
        anew = stores(database).store
        for scope in (ALICE, own, BOB):
            assert kept.store.relations(scope) == anew.relations(scope)

    [home, _] = kept.add(own, replace(HOME, passage=passage), KEEPS)
    for change in (
        lambda: kept.add(ALICE, HOME, SEES),
        lambda: kept.passages.retire(own, [passage]),
        lambda: kept.passages.restore(own, [passage]),
        lambda: kept.store.retire(own, [home]),
        lambda: kept.add(own, replace(HOME, source="z.md")),
        lambda: kept.store.delete(ALICE, source="a.md"),
        lambda: kept.passages.delete(own, [passage]),
        lambda: kept.store.delete(ALICE, source="z.md"),
        lambda: kept.store.delete(ALICE, [fact.id for fact in kept.store.facts(ALICE)]),
    ):
        agree()
        change()
    agree()
    assert kept.store.relations(ALICE) == []


def test_threads_that_add_the_same_phrases_at_once(kept, database):
    def work(number):
        kept.add(ALICE, replace(HOME, source=f"{number}.md"), KEEPS)
        assert kept.store.relations(ALICE) and kept.store.match(ALICE, "Ida", 3)

    threads = [threading.Thread(target=work, args=[number]) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(kept.store.facts(ALICE)) == 2
    assert [len(fact.sources) for fact in kept.store.facts(ALICE)] == [1, 8]


# Properties over a real file


DAYS = st.integers(0, 6).map(lambda day: datetime(2020, 1, 1 + day, tzinfo=UTC))
DATED = st.builds(
    Triple,
    st.sampled_from(["Ida", "IDA", "Bo"]),
    st.sampled_from(["lives in", "keeps"]),
    st.sampled_from(["Oslo", "oslo", "Bo"]),
    source=st.sampled_from(["a.md", "b.md"]),
    at=DAYS,
    confidence=st.sampled_from([0.5, 1.0]),
)


def told(kept, scope):
    """What a scope is told, apart from whose it is and when it was written down."""
    nobody, never = Scope(), datetime(1, 1, 1, tzinfo=UTC)
    found = kept.store.facts(scope, history=True)
    return [replace(fact, scope=nobody, recorded_at=never) for fact in found], kept.store.relations(scope)


def own(triples, source):
    return [replace(triple, source=source) for triple in triples]


@often
@given(st.lists(DATED, max_size=6), st.randoms(use_true_random=False))
def test_the_order_of_adding_changes_nothing(one_file, triples, random):
    kept, users = stores(one_file), [next(fresh_names) for _ in range(2)]
    for user, order in zip(users, (triples, random.sample(triples, len(triples))), strict=True):
        kept.store.declare(Scope(user=user), "lives in", True)
        for triple in order:
            kept.add(Scope(user=user), triple)
    assert contents(one_file, users[0]) == contents(one_file, users[1])
    times = [
        [(fact.id, fact.at, fact.until, fact.superseded_by, fact.sources) for fact in told(kept, Scope(user=user))[0]]
        for user in users
    ]
    if len({(triple.subject.lower(), triple.relation, triple.at) for triple in triples}) == len(triples):
        assert times[0] == times[1]  # of one moment, what was written later stands


@often
@given(st.lists(DATED, min_size=1, max_size=5), st.lists(DATED, max_size=5), st.booleans())
def test_add_a_add_b_delete_a_equals_add_b(one_file, first, second, by_source):
    kept, users = stores(one_file), [Scope(user=next(fresh_names)) for _ in range(2)]
    for user in users:
        kept.store.declare(user, "lives in", True)
    if by_source:
        kept.add(users[0], *own(first, "first"))
        kept.add(users[0], *own(second, "second"))
        kept.store.delete(users[0], source="first")
    else:
        passage = kept.note(users[0], "What the first say.")
        kept.add(users[0], *(replace(triple, passage=passage) for triple in first))
        kept.add(users[0], *own(second, "second"))
        kept.passages.delete(users[0], [passage])
    kept.add(users[1], *own(second, "second"))
    assert contents(one_file, users[0].user) == contents(one_file, users[1].user)
    assert told(kept, users[0]) == told(kept, users[1])


@often
@given(st.data())
def test_no_verb_reaches_or_shows_in_another_scope(one_file, data):
    """Whatever is done in the other scopes, this one reads as before, and its rows are the same."""
    kept, user = stores(one_file), next(fresh_names)
    mine = Scope(user, "one")
    others = [Scope(user, "two"), Scope(user, agent="one"), Scope(user[:-1]), Scope(user + "1", "one")]
    kept.store.declare(mine, "lives in", True)
    ids = kept.add(mine, *data.draw(st.lists(DATED, min_size=1, max_size=4)))

    def seen():
        vector = kept.vector("ida lives in oslo")
        found = kept.store.nearest(mine, vector, 9), kept.store.match(mine, "Ida Oslo", 9)
        rows = [row for row in contents(one_file, user)["evidence"] if row[0][2] == "one"]
        return kept.store.facts(mine, history=True), kept.store.relations(mine), found, rows

    before = seen()
    for _ in range(data.draw(st.integers(1, 3))):
        other = data.draw(st.sampled_from(others))
        verb = data.draw(st.sampled_from(["add", "declare", "retire", "restore", "delete", "source"]))
        if verb == "add":
            kept.add(other, *data.draw(st.lists(DATED, min_size=1, max_size=3)))
        elif verb == "declare":
            kept.store.declare(other, "keeps", True)
        elif verb == "source":
            kept.store.delete(other, source="a.md")
        else:
            getattr(kept.store, verb)(other, ids)
    assert seen() == before


def test_vectors_of_any_length_are_taken_as_directions(kept):
    vectors = {text: np.full(DIM, 3.0) for text in kept.store.unknown(ALICE, [HOME])}
    kept.store.add(ALICE, [HOME], vectors)
    [match] = kept.store.nearest(ALICE, np.full(DIM, 0.1, dtype=np.float32), 1)
    assert abs(match.score - 1.0) < 1e-6
