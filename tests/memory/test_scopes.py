"""One scope never sees another: every verb of a memory, users whose names begin alike included."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from memagent.errors import NotFound, ScopeRequired
from memagent.memory import Memory
from memagent.memory.retention import AtMost
from memagent.stores.base import Link
from memagent.types import Note, Rationale, Triple

USERS = st.sampled_from(["al", "alice", "al ice", "Alice", "a%", "a_ice"])
PARTS = st.sampled_from([None, "s", "s1", "S"])
SCOPES = st.tuples(USERS, PARTS, PARTS)
WORDS = ["fog", "lamp", "harbour", "boat"]
SETTINGS = settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))


def sees(mine, other) -> bool:
    return mine[0] == other[0] and all(
        part is None or part == theirs for part, theirs in zip(mine[1:], other[1:], strict=True)
    )


def bound(memory: Memory, scope) -> Memory:
    user, session, agent = scope
    return memory.bind(user=user, session=session, agent=agent)


def put(memory: Memory, scope, word: str) -> dict[str, str]:
    """Something of every kind, each naming the scope it was written in."""
    handle, mark = bound(memory, scope), f"{word} {scope}"
    [passage] = handle.add(Note(f"Passage {mark}", source=f"source {mark}"))
    [fact] = handle.facts.add(Triple(f"subject {mark}", f"rel {mark}", f"object {mark}", passage=passage))
    [rationale] = handle.rationales.add(
        Rationale(f"Problem {mark}", "think", f"answer {mark}", source=f"source {mark}")
    )
    handle.core.graph.link(handle.scope, [Link(f"subject {mark}", f"object {mark}", 0.9)])
    return {"passage": passage, "fact": fact, "rationale": rationale, "mark": mark}


@SETTINGS
@given(st.lists(SCOPES, min_size=2, max_size=4, unique=True), SCOPES)
def test_reads_see_what_their_scope_may_see_and_nothing_else(tmp_path_factory, written, reader):
    with Memory(tmp_path_factory.mktemp("s") / "m.db", embedder="hashing:32") as memory:
        put_by = [(scope, put(memory, scope, word)) for scope, word in zip(written, WORDS, strict=False)]
        handle = bound(memory, reader)
        mine = [ids for scope, ids in put_by if sees(reader, scope)]
        others = [ids for scope, ids in put_by if not sees(reader, scope)]
        marks = {ids["mark"] for ids in mine}
        query = " ".join(WORDS) + " passage subject problem"
        found = {
            "passages": [passage.text.removeprefix("Passage ") for passage in handle.passages()],
            "sources": [source.removeprefix("source ") for source in handle.sources()],
            "search": [hit.text.removeprefix("Passage ") for hit in handle.search(query, 50)],
            "dense": [hit.text.removeprefix("Passage ") for hit in handle.search(query, 50, using="dense")],
            "facts": [fact.subject.removeprefix("subject ") for fact in handle.facts.find(history=True)],
            "fact search": [hit.source.removeprefix("source ") for hit in handle.facts.search(query, 50)],
            "relations": [one.name for one in handle.facts.relations()],
            "rationales": [one.problem.removeprefix("Problem ") for one in handle.rationales.all()],
            "rationale search": [hit.source.removeprefix("source ") for hit in handle.rationales.search(query, 50)],
        }
        assert (
            len(found["passages"]) == handle.count() == len(mine) == handle.facts.count() == handle.rationales.count()
        )
        assert len(found["relations"]) == len(mine)
        for name in ("search", "dense", "facts", "fact search", "rationales", "rationale search"):
            assert set(found[name]) <= marks, name
        assert set(found["passages"]) == set(found["sources"]) == set(found["facts"]) == marks
        graph = handle.core.graph.arrays(handle.scope)
        assert graph.kinds.count("passage") == len(mine) and graph.kinds.count("phrase") == 2 * len(mine)
        assert len(handle.core.graph.links(handle.scope)) == len(mine)
        for ids in others:
            assert all(ids["mark"].casefold() not in name for name in graph.names)
            refused(handle, ids)
        for ids in mine:
            assert handle.why(ids["fact"]).verdict == "live" and handle.get(ids["passage"])


def refused(handle: Memory, ids: dict[str, str]) -> None:
    """No verb finds, changes or removes what belongs to somebody else."""
    every = [ids["passage"], ids["fact"], ids["rationale"]]
    source = f"source {ids['mark']}"
    for act in (
        lambda: handle.get(ids["passage"]),
        lambda: handle.edit(ids["passage"], "mine"),
        lambda: handle.facts.get(ids["fact"]),
        lambda: handle.rationales.get(ids["rationale"]),
        lambda: handle.rationales.record(ids["rationale"], success=False),
        lambda: handle.forget(every),
        lambda: handle.forget(source=source),
        lambda: handle.restore(every),
        lambda: handle.delete(every),
        lambda: handle.delete(source=source),
        lambda: handle.purge(every, dry_run=True),
        lambda: handle.purge(source=source),
        lambda: handle.weigh(ids["passage"], 2.0),
        *(lambda id=id: handle.why(id) for id in every),
    ):
        with pytest.raises(NotFound):
            act()
    assert handle.used(every) == 0
    assert all(handle.why_not(id, "fog").verdict == "absent" for id in every)


@SETTINGS
@given(st.lists(SCOPES, min_size=2, max_size=3, unique=True), st.data())
def test_what_one_scope_removes_leaves_every_other_as_it_was(tmp_path_factory, written, data):
    with Memory(tmp_path_factory.mktemp("s") / "m.db", embedder="hashing:32") as memory:
        put_by = [(scope, put(memory, scope, word)) for scope, word in zip(written, WORDS, strict=False)]
        actor = data.draw(st.sampled_from(written))
        handle = bound(memory, actor)
        verb = data.draw(st.sampled_from(["forget", "delete", "purge", "retain"]))
        if verb == "retain":
            handle.retain(AtMost(0))
        else:
            ids = [ids[kind] for _, ids in put_by for kind in ("passage", "fact", "rationale")]
            getattr(handle, verb)(ids)
        for scope, ids in put_by:
            other = bound(memory, scope)
            assert (
                other.count() == other.facts.count() == other.rationales.count() == 0
                if sees(actor, scope)
                else (
                    other.get(ids["passage"])
                    and other.facts.get(ids["fact"])
                    and other.rationales.get(ids["rationale"])
                )
            )


def test_no_verb_works_without_a_user(tmp_path):
    with Memory(tmp_path / "m.db", embedder="hashing:32") as memory:
        for act in (
            lambda: memory.facts,
            lambda: memory.rationales,
            lambda: memory.purge("x"),
            lambda: memory.retain(AtMost(1)),
            lambda: memory.used("x"),
            lambda: memory.weigh("x", 1),
            lambda: memory.why("x"),
            lambda: memory.why_not("x", "fog"),
            lambda: memory.audit(),
            lambda: memory.export(tmp_path / "out.jsonl"),
            lambda: memory.import_(tmp_path / "out.jsonl"),
            lambda: memory.as_vectorstore(),
            lambda: asyncio.run(memory.aadd("x")),
        ):
            with pytest.raises(ScopeRequired):
                act()


def test_a_newer_value_of_another_session_has_no_effect_on_a_session_of_its_own(tmp_path):
    with Memory(tmp_path / "m.db", embedder="hashing:32") as memory:
        user = memory.bind(user="alice")
        user.facts.declare("lives in")
        one, two = user.bind(session="one"), user.bind(session="two")
        then = datetime(2020, 1, 1, tzinfo=UTC)
        one.facts.add(Triple("I", "lives in", "Paris", at=then))
        two.facts.add(Triple("I", "lives in", "Oslo", at=then + timedelta(days=900)))
        assert [fact.object for fact in user.facts.find()] == ["Oslo"]
        assert [fact.object for fact in one.facts.find()] == ["Paris"]
        assert [fact.superseded_by for fact in one.facts.history("I", "lives in")] == [None]


def test_a_shared_rationale_is_seen_by_all_and_changed_by_its_writer_alone(tmp_path):
    with Memory(tmp_path / "m.db", embedder="hashing:32") as memory:
        alice, bob = memory.bind(user="alice"), memory.bind(user="bob")
        [id] = alice.rationales.add(Rationale("What is 2 + 2?", "count", "4", source="alice's diary", shared=True))
        alice.rationales.add(Rationale("What is my pin?", "remember", "1234"))
        assert [one.answer for one in bob.rationales.all()] == ["4"]
        assert "alice" not in repr(bob.rationales.get(id)) and bob.rationales.search("2 + 2")[0].source == ""
        assert "alice" not in str(bob.why(id))
        for act in (lambda: bob.forget(id), lambda: bob.delete(id), lambda: bob.purge(id)):
            with pytest.raises(NotFound):
                act()
        bob.rationales.record(id, success=False)
        assert alice.rationales.get(id).failures == 1
