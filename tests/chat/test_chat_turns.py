"""`memory.turns`: order, identity and reach of what was said."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from memagent import Chat, Memory, Note
from memagent.errors import ScopeRequired, UsageProblem
from memagent.memory.conversation import Turn
from memagent.stores.database import SQLiteDatabase
from memagent.stores.vector import SQLVectorStore
from memagent.testing import ScriptedLLM
from memagent.types import Summary

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def texts(memory: Memory) -> list[str]:
    return [turn.text for turn in memory.turns]


def test_a_turn_is_a_passage_with_its_role_speaker_and_time(tmp_path: Path) -> None:
    with Memory(tmp_path / "a.db") as memory:
        talk = memory.bind(user="ana", session="s")
        id = talk.turns.add("I moved to Lisbon.", speaker="Ana", at=NOON)
        passage = memory.bind(user="ana").get(id)
        assert (passage.text, passage.title, passage.at) == ("I moved to Lisbon.", "", NOON)
        assert (passage.metadata, passage.scope.session) == ({"role": "user", "speaker": "Ana"}, "s")
        assert [hit.id for hit in memory.bind(user="ana").search("Lisbon")] == [id]


def test_the_same_words_twice_are_two_turns_and_the_same_id_twice_is_one(tmp_path: Path) -> None:
    with Memory(tmp_path / "a.db") as memory:
        talk = memory.bind(user="ana", session="s")
        assert talk.turns.add("Yes.") != talk.turns.add("Yes.")
        assert talk.turns.add("No.", id="x") == talk.turns.add("No.", id="x")
        assert texts(talk) == ["Yes.", "Yes.", "No."]


def test_turns_come_in_the_order_of_time_and_an_edited_one_stays_in_its_place(tmp_path: Path) -> None:
    with Memory(tmp_path / "a.db") as memory:
        talk = memory.bind(user="ana", session="s")
        ids = talk.turns.add_many(Turn(f"turn {n}", at=NOON + timedelta(seconds=n)) for n in range(300))
        talk.edit(ids[2], "turn two")
        earlier = talk.turns.add("before all", at=NOON - timedelta(days=1))
        assert [turn.text for turn in talk.turns][:5] == ["before all", "turn 0", "turn 1", "turn two", "turn 3"]
        assert [turn.text for turn in talk.turns.recent(2)] == ["turn 298", "turn 299"]
        assert talk.turns.recent(1000)[0].id == earlier
        assert [turn.text for turn in talk.turns.since(ids[297], 5)] == ["turn 298", "turn 299"]
        assert len(talk.turns) == talk.turns.count() == 301


def test_sessions_are_listed_by_what_was_said_last_and_notes_are_none(tmp_path: Path) -> None:
    with Memory(tmp_path / "a.db") as memory:
        ana = memory.bind(user="ana")
        for number, session in enumerate(["first", "second", "first", "third"]):
            last = ana.bind(session=session).turns.add("Yes.", at=NOON + timedelta(seconds=number))
        ana.bind(session="notes").add(Note("No turn.", metadata={"kind": "role"}))
        ana.turns.add("In no session.")
        assert ana.turns.sessions() == ["third", "first", "second"]
        ana.forget(last)
        assert ana.turns.sessions() == ["first", "second"] == asyncio.run(ana.turns.asessions())
        assert ana.bind(session="first").turns.sessions() == ["first"]
        assert memory.bind(user="an").turns.sessions() == []


def test_turns_without_a_time_keep_the_order_in_which_they_were_given(tmp_path: Path) -> None:
    with Memory(tmp_path / "a.db") as memory:
        talk = memory.bind(user="ana", session="s")
        talk.turns.add_many([Turn("a", at=NOON), Turn("b"), Turn("c"), Turn("d", at=NOON + timedelta(1)), Turn("e")])
        assert texts(talk) == ["a", "b", "c", "d", "e"]


def test_what_has_no_role_is_no_turn_and_no_conversation_sees_another(tmp_path: Path) -> None:
    with Memory(tmp_path / "a.db") as memory:
        ana = memory.bind(user="ana")
        ana.bind(session="s").add(["a note", Note("another", metadata={"role": "guide"})])
        ana.bind(session="s").turns.add("here")
        ana.bind(session="ss").turns.add("there")
        memory.bind(user="an").turns.add("somebody else's")
        assert texts(ana.bind(session="s")) == ["here"]
        assert texts(ana) == ["here", "there"]
        ana.forget([turn.id for turn in ana.bind(session="s").turns])
        assert texts(ana) == ["there"]


def test_a_turn_that_cannot_be_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    with Memory(tmp_path / "a.db") as memory:
        talk = memory.bind(user="ana", session="s")
        for turn in (Turn("hm", "guide"), Turn("  "), Turn("when?", at=datetime(2026, 1, 1))):
            with pytest.raises(UsageProblem):
                talk.turns.add_many([Turn("fine"), turn])
        with pytest.raises(UsageProblem, match="count"):
            talk.turns.recent(0)
        with pytest.raises(ScopeRequired):
            _ = memory.turns
        assert texts(talk) == []


async def _said(talk: Memory) -> list[str]:
    await talk.turns.aadd("hello")
    return [turn.text for turn in await talk.turns.arecent(3)]


def test_turns_are_there_for_event_loops_and_over_a_store_of_ones_own(tmp_path: Path) -> None:
    store = SQLVectorStore(SQLiteDatabase(tmp_path / "a.db"), embedder="hashing-v1-32", dim=32)
    with Memory(store, embedder="hashing:32", single_user=True) as memory:
        talk = memory.bind(session="s")
        talk.turns.add_many([Turn("second", at=NOON), Turn("first", at=NOON - timedelta(1))])
        assert asyncio.run(_said(talk)) == ["first", "second", "hello"]


def test_a_purged_turn_takes_its_answers_and_the_summary_with_it(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with Memory(path) as memory:
        me = Chat(ScriptedLLM(["So you have Zorbitis.", "Nice weather."]), memory).bind(user="ana", session="s")
        reply = me.send("My diagnosis is Zorbitis.")
        other = me.send("It is sunny.")
        partial = me.turns.add("You have Zorb", role="assistant", metadata={"answers": reply.turn, "partial": True})
        at = NOON
        me.turns.keep_summary(Summary("Zorbitis", other.turn, 2, at, at, "rules"), me.turns.last_change())
        assert set(me.memory.purge(reply.turn, answers=False, dry_run=True).ids) == {reply.turn}
        planned = me.memory.purge(reply.turn, dry_run=True)
        done = me.memory.purge(reply.turn)
        assert set(done.ids) == set(planned.ids) == {reply.turn, reply.id, partial}
        assert set(done.reasons) == {reply.id, partial}
        assert [turn.text for turn in me.turns] == ["It is sunny.", "Nice weather."]
        assert me.turns.summary() is None
    assert not any(b"Zorb" in file.read_bytes() for file in tmp_path.iterdir())
