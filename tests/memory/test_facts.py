"""`memory.facts`: adding, finding, searching and the history of what is known, as a caller uses it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from memagent.errors import Conflict, NotFound, ScopeRequired, UnknownName, UsageProblem
from memagent.memory import Memory
from memagent.memory.facts import Facts
from memagent.stores.database import SQLiteDatabase
from memagent.stores.vector import SQLVectorStore
from memagent.types import Note, Scope, Triple


@pytest.fixture
def memory(tmp_path):
    with Memory(tmp_path / "notes.db", embedder="hashing:64") as opened:
        yield opened


@pytest.fixture
def alice(memory):
    return memory.bind(user="alice")


def year(number):
    return datetime(number, 1, 1, tzinfo=UTC)


def test_the_example_in_the_docstring(alice):
    alice.facts.add(("Ida", "lives in", "Gull Point"))
    alice.facts.declare("lives in")
    alice.facts.add(Triple("Ida", "lives in", "Oslo"))
    assert [fact.text for fact in alice.facts.find("ida")] == ["Ida lives in Oslo"]
    assert [fact.text for fact in alice.facts] == ["Ida lives in Oslo"]
    older, newer = alice.facts.history("Ida", "lives in")
    assert (older.object, older.until, older.superseded_by) == ("Gull Point", newer.at, newer.id)


def test_one_or_many_triples_or_tuples(alice):
    one = alice.facts.add(("Ida", "keeps", "the lamp"))
    assert one == alice.facts.add(Triple("IDA", "keeps", "the  lamp"))
    ids = alice.facts.add([("Ida", "keeps", "the lamp"), Triple("Bo", "sees", "the lamp")])
    assert ids[0] == one[0] and len(set(ids)) == 2 and alice.facts.add([]) == []
    assert alice.facts.count() == len(alice.facts) == 2 and alice.facts
    assert "alice" in repr(alice.facts)


def test_a_generator_and_a_large_batch(alice):
    ids = alice.facts.add(("lamp", "number is", f"{number}") for number in range(1500))
    assert len(set(ids)) == alice.facts.count() == 1500


@pytest.mark.parametrize(
    "wrong",
    ["Ida keeps the lamp", 3, ("Ida", "keeps"), [("Ida", "keeps")], ["a", "b", "c"], ("Ida", "", "lamp"), (1, 2, 3)],
)
def test_what_is_no_triple_is_refused_before_anything_is_embedded(alice, wrong):
    with pytest.raises(UsageProblem):
        alice.facts.add(wrong)
    assert alice.facts.count() == 0


def test_get_gives_what_holds_or_else_the_last_stretch(alice):
    alice.facts.declare("lives in")
    oslo, voss = alice.facts.add(
        [Triple("Ida", "lives in", "Oslo", at=year(2019)), Triple("Ida", "lives in", "Voss", at=year(2020))]
    )
    alice.facts.add(Triple("Ida", "lives in", "Oslo", at=year(2015), until=year(2016)))
    assert (alice.facts.get(oslo).at, alice.facts.get(oslo).until) == (year(2019), year(2020))
    assert alice.facts.get(voss).until is None
    for unknown in ("fact:unknown", ""):
        with pytest.raises(NotFound, match="no fact"):
            alice.facts.get(unknown)


def test_find_by_parts_and_time(alice):
    alice.facts.add([Triple("Ida", "keeps", "the lamp", at=year(2000), until=year(2010)), ("Bo", "sees", "the lamp")])
    assert [fact.subject for fact in alice.facts.find(object="The Lamp")] == ["Bo"]
    assert [fact.subject for fact in alice.facts.find(object="the lamp", as_of=year(2005))] == ["Ida"]
    assert [fact.subject for fact in alice.facts.find(object="the lamp", history=True)] == ["Bo", "Ida"]
    assert alice.facts.find("Ida", "sees") == []


def test_search_merges_words_and_vectors(alice):
    alice.facts.add([("Ida", "keeps", "the lighthouse lamp"), ("Bo", "drives", "the night train")])
    [hit, *_] = alice.facts.search("Who keeps the lamp?")
    assert (hit.text, hit.kind) == ("Ida keeps the lighthouse lamp", "fact")
    assert set(hit.parts) == {"dense", "keyword"} and 0 < hit.score <= 1
    assert "keyword" in hit.why and "dense" in hit.why and "keep" in hit.why
    assert [*alice.facts.search("lamp", using="keyword")[0].parts] == ["keyword"]
    assert [*alice.facts.search("lamp", using="dense")[0].parts] == ["dense"]
    assert len(alice.facts.search("the", k=1, using="dense")) <= 1
    assert alice.facts.search("  ") == alice.facts.search("?!", using="keyword") == []


def test_search_names_the_sources(alice):
    [passage] = alice.add(Note("Ida keeps the lamp.", source="p.md"))
    alice.facts.add([Triple("Ida", "keeps", "the lamp", "b.md"), Triple("Ida", "keeps", "the lamp", passage=passage)])
    assert alice.facts.search("lamp")[0].source == "b.md, p.md"


def test_search_finds_what_held_then(alice):
    alice.facts.declare("lives in")
    alice.facts.add(
        [Triple("Ida", "lives in", place, at=year(when)) for place, when in (("Oslo", 2010), ("Voss", 2020))]
    )
    assert [hit.text for hit in alice.facts.search("Ida lives in Oslo")] == ["Ida lives in Voss"]
    assert [hit.text for hit in alice.facts.search("Ida", as_of=year(2015))] == ["Ida lives in Oslo"]
    with pytest.raises(UsageProblem, match="time zone"):
        alice.facts.search("Ida", as_of=datetime(2015, 1, 1))


@pytest.mark.parametrize("wrong", [{"query": 3}, {"query": "lamp", "k": 0}, {"query": "lamp", "k": True}])
def test_a_search_that_is_none(alice, wrong):
    with pytest.raises(UsageProblem):
        alice.facts.search(**wrong)


def test_an_unknown_way_of_searching(alice):
    with pytest.raises(UnknownName, match="hybrid, dense, keyword"):
        alice.facts.search("lamp", using="graph")


def test_relations_and_declarations(alice):
    alice.facts.add([("Ida", "keeps", "the lamp"), ("Ida", "keeps", "a cat")])
    alice.facts.declare("Keeps", functional=False)
    [relation] = alice.facts.relations()
    assert (relation.name, relation.subjects, relation.facts) == ("keeps", 1, 2)
    assert (relation.functional, relation.how) == (False, "declared")
    alice.facts.declare("keeps", None)
    assert alice.facts.relations()[0].how == ""
    for wrong in (3, " ", ""):
        with pytest.raises(UsageProblem):
            alice.facts.declare(wrong)
    with pytest.raises(UsageProblem):
        alice.facts.declare("keeps", "yes")


def test_forgetting_a_passage_hides_its_facts_and_brings_back_what_they_ended(alice):
    alice.facts.declare("lives in")
    alice.facts.add(Triple("Ida", "lives in", "Oslo", at=year(2010)))
    [passage] = alice.add("Ida moved to Voss.")
    alice.facts.add(Triple("Ida", "lives in", "Voss", passage=passage, at=year(2020)))
    alice.forget(passage)
    assert [fact.object for fact in alice.facts.find()] == ["Oslo"]
    assert all("Voss" not in hit.text for hit in alice.facts.search("Voss"))
    alice.restore(passage)
    assert [fact.object for fact in alice.facts.find()] == ["Voss"]


def test_a_fact_needs_the_very_scope_of_its_passage(memory, alice):
    [passage] = memory.bind(user="alice", session="one").add("Ida keeps the lamp.")
    with pytest.raises(NotFound, match="no passage"):
        alice.facts.add(Triple("Ida", "keeps", "the lamp", passage=passage))


def test_users_and_sessions_are_apart(memory, alice):
    one, two = (memory.bind(user="alice", session=name) for name in ("one", "two"))
    [id] = one.facts.add(("Ida", "keeps", "the lamp"))
    for other in (two, memory.bind(user="al"), memory.bind(user="bob")):
        assert other.facts.find() == other.facts.relations() == other.facts.search("lamp") == []
        with pytest.raises(NotFound):
            other.facts.get(id)
    assert alice.facts.get(id).scope == Scope(user="alice", session="one")
    with pytest.raises(ScopeRequired):
        memory.facts.find()


def test_what_somebody_removes_meanwhile_is_embedded_again(alice, monkeypatch):
    """Between unknown() and add() another process deletes a phrase that both facts share."""
    [known] = alice.facts.add(("Ida", "keeps", "the lamp"))
    store, calls = alice.core.triples, []
    unknown = store.unknown

    def interrupted(scope, triples):
        new = unknown(scope, triples)
        if not calls:
            store.delete(scope, [known])
        calls.append(new)
        return new

    monkeypatch.setattr(store, "unknown", interrupted)
    alice.facts.add(("Ida", "sees", "the lamp"))
    assert [len(new) for new in calls] == [2, 4]
    assert [fact.relation for fact in alice.facts.find()] == ["sees"]


def test_it_gives_up_when_that_never_ends(alice, monkeypatch):
    monkeypatch.setattr(alice.core.triples, "unknown", lambda scope, triples: [])
    with pytest.raises(Conflict, match="no vector was given"):
        alice.facts.add(("Ida", "keeps", "the lamp"))


def test_known_texts_cost_no_embedding(alice, monkeypatch):
    alice.facts.add(("Ida", "keeps", "the lamp"))
    asked = []
    embed = alice.core.embed
    monkeypatch.setattr(alice.core, "embed", lambda texts: asked.extend(texts) or embed(texts))
    alice.facts.add([Triple("Ida", "keeps", "the lamp", "b.md"), ("Ida", "keeps", "a cat")])
    assert asked == ["ida keeps a cat", "a cat"]


def test_purged_facts_are_refused_until_asked_for_again(alice):
    triple = Triple("Ida", "keeps", "the lamp", "a.md")
    [id] = alice.facts.add(triple)
    alice.purge(id)
    assert alice.facts.add([triple, ("Bo", "sees", "the lamp")])[0] == "" and alice.facts.count() == 1
    assert alice.facts.add(triple, again=True) == [id]


def test_a_memory_over_a_given_store_has_no_facts(tmp_path):
    database = SQLiteDatabase(tmp_path / "a.db")
    with Memory(SQLVectorStore(database, embedder="hashing-v1-64", dim=64)) as memory:
        facts = Facts(memory.core, Scope(user="alice"))
        with pytest.raises(UsageProblem, match="need a file"):
            facts.find()
    database.close()
