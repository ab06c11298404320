"""`Chat` as a developer meets it: ten lines, a restart, replies that know what they came from, events, scopes."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest

from memagent import Budget, Chat, Memory, Note, Rationale, Trace
from memagent.errors import BudgetExceeded, ScopeRequired, TraceError, UsageProblem
from memagent.testing import ScriptedLLM
from memagent.types import Hit, Scope

TEN_LINES = """
from memagent import Memory, Chat
mem = Memory("bot.db")
chat = Chat("offline", memory=mem)
me = chat.bind(user="alice", session="web-42")
{said}
r = me.send("Which city am I in?")
print(r)
print(r.why())
me.memory.edit(me.turns.recent(4)[0].id, "I moved to Lisbon in November.")
print(me.memory.forget([hit.id for hit in me.memory.search("moved")], dry_run=True))
"""


def run(code: str, folder: Path) -> str:
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout


def test_ten_lines_answer_from_an_earlier_turn_also_after_a_restart(tmp_path: Path) -> None:
    first = run(TEN_LINES.format(said='me.send("I moved to Lisbon last week.")'), tmp_path)
    assert first.startswith("Lisbon.\nLooked for: ")
    assert first.endswith("forget (dry run): 3 passages\n")  # with what was answered from it
    assert run(TEN_LINES.format(said=""), tmp_path).startswith("Lisbon.\n")
    other = TEN_LINES.format(said="").replace("web-42", "phone").split("me.memory.edit")[0]
    answered = run(other, tmp_path)
    assert answered.startswith("Lisbon.\n")
    assert "said by alice" in answered
    assert "in another conversation" in answered


def test_a_reply_is_a_text_that_knows_what_it_came_from(tmp_path: Path) -> None:
    with Memory(tmp_path / "a.db") as memory:
        ana = memory.bind(user="ana")
        ana.add(Note("Keys are under the mat.", title="House"))
        ana.facts.add(("Ana", "keeps keys in", "the shed"))
        ana.rationales.add(Rationale("Where are lost keys?", "Look where light is.", "the lamp", verified="exact"))
        ana.bind(session="old").turns.add("I lost my keys in Rome.", speaker="Ana")
        llm = ScriptedLLM(["Under the mat.", "Hi."])
        reply = Chat(llm, memory).bind(user="ana", session="s").send("Where are my keys, the lost ones?")
        assert (reply, isinstance(reply, str), reply.usage.calls) == ("Under the mat.", True, 1)
        kinds = {one.kind for one in reply.why()}
        assert kinds == {"episodic", "semantic", "procedural"}
        shown = llm.requests[0].messages[-1].content
        for label in ("(note, House;", "(turn; said by Ana;", "(fact; since 20", "(solved problem; checked by exact)"):
            assert label in shown
        assert {one.text for one in reply.memories} >= {"Keys are under the mat.", "I lost my keys in Rome."}
        assert f"The prompt had {reply.context.tokens} of 8000 tokens." in str(reply.why())
        assert max(map(len, str(reply.why()).splitlines())) <= 120
        used = {one.id: str(ana.why(one.id)) for one in reply.memories}
        assert all("used 1 times" in lines for lines in used.values())
        assert "procedural" not in {one.kind for one in Chat(llm, memory).bind(user="ana").send("Hello there!").why()}
        assert [turn.text for turn in memory.bind(user="ana", session="s").turns][-1] == "Under the mat."


def test_recent_turns_are_messages_and_are_not_recalled_once_more(tmp_path: Path) -> None:
    with Memory(tmp_path / "a.db") as memory:
        llm = ScriptedLLM(["One.", "Two.", "Three."])
        me = Chat(llm, memory, system="You are Otto.").bind(user="ana", session="s")
        for text in ("The tide is high.", "Is the tide high?"):
            me.send(text)
        reply = me.send("And the tide now?")
        system, *before, last = llm.requests[-1].messages
        assert system.content.startswith("You are Otto.")
        said = [
            ("user", "The tide is high."),
            ("assistant", "One."),
            ("user", "Is the tide high?"),
            ("assistant", "Two."),
        ]
        assert [(one.role, one.content) for one in before] == said
        assert "tide is high" not in last.content
        assert "<message>\nAnd the tide now?\n</message>" in last.content
        assert reply.memories == ()
        assert len(reply.why().turns) == 4


def test_the_same_events_come_blocking_and_on_a_loop(tmp_path: Path) -> None:
    async def listened(chat: Chat) -> list[str]:
        return [event.json() async for event in chat.bind(user="ana", session="b").astream("Hello there.")]

    with Memory(tmp_path / "a.db") as memory:
        chat = Chat(ScriptedLLM(["Good morning, Ana."] * 2), memory)
        blocking = [json.loads(event.json()) for event in chat.bind(user="ana", session="a").stream("Hello there.")]
        looped = [json.loads(line) for line in asyncio.run(listened(chat))]
        for events in (blocking, looped):
            kinds = [event["type"] for event in events]
            assert [kind for n, kind in enumerate(kinds) if kinds[n - 1 : n] != [kind]] == [
                "memory", *["query", "retrieved"] * 3, "text", "memory", "usage", "done"
            ]  # fmt: skip
            assert "".join(event["text"] for event in events if event["type"] == "text") == "Good morning, Ana."
            assert events[-1]["text"] == "Good morning, Ana."
            assert [event["role"] for event in events if event["type"] == "memory"] == ["user", "assistant"]


def test_what_a_model_thinks_aloud_is_neither_streamed_nor_kept(tmp_path: Path) -> None:
    with Memory(tmp_path / "a.db") as memory:
        me = Chat(ScriptedLLM(["<think>the user greets</think>\n\nHi Ana."]), memory).bind(user="ana")
        events = list(me.stream("Hello there."))
        assert "".join(one.as_json()["text"] for one in events if one.type == "text") == "Hi Ana."
        assert [turn.text for turn in me.turns] == ["Hello there.", "Hi Ana."]


def test_send_works_inside_a_running_loop_and_asend_gives_the_same(tmp_path: Path) -> None:
    async def both(chat: Chat) -> list[str]:
        return [chat.bind(user="ana").send("One?"), await chat.bind(user="ana").asend("Two?")]

    with Memory(tmp_path / "a.db") as memory:
        assert asyncio.run(both(Chat(ScriptedLLM(["1.", "2."]), memory))) == ["1.", "2."]


def test_a_trace_replays_a_turn_without_model_or_memory(tmp_path: Path) -> None:
    with Memory(tmp_path / "a.db") as memory:
        chat = Chat(ScriptedLLM(["Noted.", "Lisbon."]), memory, system="You are Otto.")
        chat.bind(user="ana", session="old").send("I moved to Lisbon.")
        reply = chat.bind(user="ana", session="s").send("Which city, after I moved?")
        reply.trace.save(tmp_path / "turn.jsonl")
        turns = memory.bind(user="ana").turns.count()
    with Memory(":memory:") as empty:
        saved = Trace.load(tmp_path / "turn.jsonl")
        again = Chat(ScriptedLLM(), empty, system="You are Otto.").bind(user="ana", session="s").replay(saved)
        assert (again, again.memories, again.context, again.usage) == (
            "Lisbon.", reply.memories, reply.context, reply.usage
        )  # fmt: skip
        assert (turns, empty.bind(user="ana").count()) == (4, 0)
        with pytest.raises(TraceError):
            Chat(ScriptedLLM(), empty, system="You are Ida.").bind(user="ana", session="s").replay(saved)
        with pytest.raises(TraceError, match="no turn"):
            Chat(ScriptedLLM(), empty).bind(user="ana").replay(Trace())


def test_nobody_hears_of_another_and_a_user_must_be_named(tmp_path: Path) -> None:
    with Memory(tmp_path / "a.db") as memory:
        llm = ScriptedLLM(["ok"] * 9)
        chat = Chat(llm, memory)
        chat.bind(user="alice", session="s").send("My password hint is heron.")
        for user in ("al", "alicee", "ALICE", "bob"):
            assert chat.bind(user=user, session="s").send("What is my password hint?").memories == ()
            assert "heron" not in "".join(message.content for message in llm.requests[-1].messages)
        for bad in ({}, {"session": "s"}):
            with pytest.raises(ScopeRequired, match="with whom"):
                chat.bind(**bad)
        for bad in ({"user": " "}, {"user": "ana", "session": " "}, {"user": "ana", "session": ""}):
            with pytest.raises(UsageProblem, match="blank"):
                chat.bind(**bad)
        with pytest.raises(UsageProblem, match="cannot become"):
            Chat(llm, memory.bind(user="ana")).bind(user="bob")
        with pytest.raises(UsageProblem, match="nothing to send"):
            chat.bind(user="ana").send("  ")
    with Memory(tmp_path / "one.db", single_user=True) as memory:
        assert Chat(ScriptedLLM(["Hi."]), memory).bind().send("Hello.") == "Hi."


def test_a_budget_holds_for_a_turn_and_loses_nothing(tmp_path: Path) -> None:
    with Memory(tmp_path / "a.db") as memory:
        me = Chat(ScriptedLLM(["a"]), memory, budget=Budget(tokens=20)).bind(user="ana")
        with pytest.raises(BudgetExceeded):
            me.send("A message that would cost more than it may.")
        assert [turn.text for turn in me.turns] == ["A message that would cost more than it may."]


def test_arguments_that_cannot_be_are_refused(tmp_path: Path) -> None:
    with Memory(tmp_path / "a.db") as memory:
        for bad in (
            {"context_tokens": 0}, {"context_tokens": 30}, {"window": 900, "max_tokens": 880}, {"extract": "often"},
            {"recall": ["moods"]}, {"pinned": "one text"}, {"summary": "long"},
        ):  # fmt: skip
            with pytest.raises(UsageProblem):
                Chat(ScriptedLLM(), memory, **bad)
        small = ScriptedLLM()
        small.window = 900  # type: ignore[attr-defined]
        assert Chat(small, memory, max_tokens=300).manner.tokens == 600
        assert Chat(small, memory, max_tokens=300, context_tokens=500, window=2000).manner.tokens == 500
        with pytest.raises(UsageProblem, match="writes no summaries"):
            Chat("offline", memory, summary="llm")
        with pytest.raises(UsageProblem, match="needs a Memory"):
            Chat(ScriptedLLM(), "a.db")  # type: ignore[arg-type]


def test_a_memory_over_a_store_of_ones_own_has_turns_alone(tmp_path: Path) -> None:
    from memagent.stores.database import SQLiteDatabase
    from memagent.stores.vector import SQLVectorStore

    store = SQLVectorStore(SQLiteDatabase(tmp_path / "a.db"), embedder="hashing-v1-32", dim=32)
    with Memory(store, embedder="hashing:32") as memory:
        me = Chat("offline", memory, recall=["episodic"]).bind(user="ana")
        me.send("I moved to Lisbon last week.")
        assert me.send("Which city am I in?") == "Lisbon."


def test_what_was_said_last_elsewhere_is_shown_where_a_search_finds_nothing_and_nowhere_else(tmp_path: Path) -> None:
    with Memory(tmp_path / "a.db") as memory:
        chat = Chat(ScriptedLLM(["Nice."] * 30), memory, using="keyword", k=3)
        for number, text in enumerate(("I moved to Lisbon.", "We sail on Sunday.", "Bees sleep.", "Sam owns a boat.")):
            chat.bind(user="ana", session=f"s{number}").send(text)
        chat.bind(user="ben", session="s9").send("Nobody else knows this.")
        reply = chat.bind(user="ana", session="new").send("Who owns the harbour?")
        assert [hit.text for hit in reply.memories] == ["Sam owns a boat."]
        assert "used 1 times" in str(memory.bind(user="ana").why(reply.memories[0].id))
        nothing = chat.bind(user="ana", session="newer").send("Zebras?")
        assert [(hit.text, hit.score) for hit in nothing.memories] == [("Sam owns a boat.", 0.0)]  # the newest alone
        assert "said last in another conversation" in str(nothing.why())
        assert "used 1 times" in str(memory.bind(user="ana").why(nothing.memories[0].id))
        again = chat.bind(user="ana", session="s3").send("Who owns the harbour?")
        assert "Sam owns a boat." not in {hit.text for hit in again.memories}  # it is a turn of this conversation


def test_an_echo_of_the_assistant_does_not_stand_for_what_the_user_said(tmp_path: Path) -> None:
    with Memory(tmp_path / "a.db") as memory:
        chat = Chat(ScriptedLLM(["The harbour is mine.", "ok"]), memory, using="keyword")
        chat.bind(user="ana", session="a").send("The harbour is mine.")
        reply = chat.bind(user="ana", session="b").send("Whose is the harbour?")
        assert [one.label.split(";")[1].strip() for one in reply.context.memories] == ["said by ana"]


class Last:
    """A retriever of one's own: the last passage that there is, whatever is asked."""

    name = "last"

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def retrieve(self, query: str, k: int, scope: Scope) -> list[Hit]:
        assert scope.user == "ana"
        return [Hit(one.id, one.text, 1.0) for one in self._memory.bind(user="ana").passages()][-k:]


def test_a_retriever_of_ones_own_is_asked_and_what_is_none_is_refused(tmp_path: Path) -> None:
    with Memory(tmp_path / "a.db") as memory:
        memory.bind(user="ana").add("Bees sleep in flowers.")
        reply = Chat(ScriptedLLM(["ok"]), memory, using=Last(memory)).bind(user="ana").send("Where is the key?")
        assert [hit.text for hit in reply.memories] == ["Bees sleep in flowers."]
        with pytest.raises(UsageProblem):
            Chat(ScriptedLLM(), memory, using=7)  # type: ignore[arg-type]
        with pytest.raises(UsageProblem, match="nothing is called"):
            Chat(ScriptedLLM(), memory, using="moonlight").bind(user="ana").send("Where is the key?")


def test_a_saved_trace_has_no_secret_and_replays(tmp_path: Path) -> None:
    secret = "hunter2zebra"
    with Memory(tmp_path / "a.db") as memory:
        llm = ScriptedLLM(["I will not repeat it."])
        me = Chat(llm, memory).bind(user="ana", session="s")
        reply = me.send(f"My password is {secret}, keep it well.")
        assert secret in llm.requests[0].messages[-1].content
        reply.trace.save(tmp_path / "trace.jsonl")
        written = (tmp_path / "trace.jsonl").read_text()
        assert secret not in written and "[masked password]" in written
        assert me.replay(Trace.load(tmp_path / "trace.jsonl")) == me.replay(reply.trace) == reply
    with Memory(tmp_path / "b.db", secrets="keep") as memory:
        reply = Chat(ScriptedLLM(["Yes."]), memory).bind(user="ana").send(f"My password is {secret}.")
        reply.trace.save(tmp_path / "kept.jsonl")
        assert secret in (tmp_path / "kept.jsonl").read_text()


def test_of_several_who_speak_each_is_known_by_what_they_said_of_themselves(tmp_path: Path) -> None:
    with Memory(tmp_path / "a.db") as memory:
        chat = Chat("offline", memory, extract="never")
        for name, city in (("Ana", "Porto"), ("Ben", "Rome")):
            chat.bind(user="fam", session="1", speaker=name).send(f"I live in {city}.")
        for number, (speaker, question, answer) in enumerate(
            [
                ("Ben", "Where does Ana live?", "Porto."),
                ("Ana", "Where does Ben live?", "Rome."),
                ("Ana", "Where does Ana live?", "Porto."),
                ("Ben", "Where do I live?", "Rome."),
                ("Ben", "Does Ana live in Porto?", 'Yes: Ana said "I live in Porto".'),
            ]
        ):
            assert chat.bind(user="fam", session=f"q{number}", speaker=speaker).send(question) == answer
        unknown = chat.bind(user="fam", session="q9", speaker="Ben").send("Where does Cem live?")
        assert unknown.startswith("I do not know")
