"""Beside the conversation: facts out of what users said, and summaries of what is long ago."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from memagent import Budget, Chat, Memory, Note
from memagent.errors import BackendError
from memagent.memory.conversation import Turn
from memagent.testing import ScriptedLLM
from memagent.types import Request

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
SAYS = {
    "I live in Lisbon.": "({MEM_WRITE-->I>>live in>>Lisbon})",
    "My boss Ingrid works at Philips.": "({MEM_WRITE-->Ingrid>>works at>>Philips})",
    "Tom likes jazz.": "({MEM_WRITE-->Tom>>likes>>jazz})",
}


def writer(request: Request) -> str:
    """A model that writes the facts of the sentences that it knows, and answers everything else with a guess."""
    if request.label == "memllm/write":
        shown = request.messages[-1].content
        return next((call for sentence, call in SAYS.items() if f"USER_ST}}){sentence}(" in shown), "({MEM_WRITE-->})")
    return "You probably own a yacht."


def facts(memory: Memory, user: str = "ana") -> set[str]:
    return {fact.text for fact in memory.bind(user=user).facts.find()}


def chat(memory: Memory, count: int = 40, **options: object) -> tuple[Chat, ScriptedLLM]:
    llm = ScriptedLLM([writer] * count, can=("stop",))
    return Chat(llm, memory, **options), llm  # type: ignore[arg-type]


def labels(llm: ScriptedLLM) -> list[str]:
    return [request.label for request in llm.requests]


def test_facts_come_in_a_batch_from_the_users_own_turns_and_no_call_is_made_while_one_waits(tmp_path: Path) -> None:
    with Memory(tmp_path / "a.db") as memory:
        bot, llm = chat(memory, system="The user Zed lives in Rome.")
        me = bot.bind(user="ana", session="s", speaker="Ana")
        me.memory.add("Tom likes jazz.")
        for text in ("I live in Lisbon.", "My boss Ingrid works at Philips.", "Do I live in Paris?"):
            me.send(text)
        me.turns.add("Tom likes jazz.", role="tool")
        assert labels(llm) == ["chat/reply"] * 3
        assert facts(memory) == set()
        learned = bot.flush()
        assert facts(memory) == {"Ana live in Lisbon", "Ingrid works at Philips"}
        assert (learned.turns, len(learned.facts), learned.failed) == (3, 2, {})
        assert "a question" in {refusal.why for refusal in learned.refused}
        fact = next(fact for fact in me.memory.facts.find() if fact.object == "Lisbon")
        turn = next(iter(me.turns))
        assert (fact.passages, fact.at) == ((turn.id,), turn.at)
        asked = len(llm.requests)
        assert bot.flush().turns == me.flush().turns == 0
        assert len(llm.requests) == asked
        assert [one.text for one in me.memory.extractions.pending()] == ["Tom likes jazz."]  # the note
        me.memory.forget(turn.id)
        assert facts(memory) == {"Ingrid works at Philips"}


def test_an_echo_of_the_assistant_teaches_nothing(tmp_path: Path) -> None:
    with Memory(tmp_path / "a.db") as memory:
        bot, _ = chat(memory)
        me = bot.bind(user="ana", session="s")
        me.turns.add("I live in Lisbon.", role="assistant")
        me.turns.add("I live in Lisbon.")
        assert bot.flush().turns == 1
        assert facts(memory) == set()


def test_a_batch_that_is_stopped_goes_on_and_what_failed_can_be_tried_again(tmp_path: Path) -> None:
    with Memory(tmp_path / "a.db") as memory:
        talk = memory.bind(user="ana", session="s")
        talk.turns.add_many(
            [Turn("I live in Lisbon."), Turn("My boss Ingrid works at Philips."), Turn("Tom likes jazz.")]
        )
        with pytest.raises(KeyboardInterrupt):
            Chat(ScriptedLLM([writer, BackendError("down"), _interrupted], can=("stop",)), memory, retries=0).flush()
        assert facts(memory) == {"ana live in Lisbon"}
        bot, llm = chat(memory)
        assert bot.flush().turns == 1
        assert facts(memory) == {"ana live in Lisbon", "Tom likes jazz"}
        assert len(llm.requests) == 1
        assert bot.flush(failed=True).turns == 1
        assert facts(memory) == {"ana live in Lisbon", "Tom likes jazz", "Ingrid works at Philips"}


def _interrupted(request: Request) -> str:
    raise KeyboardInterrupt


def test_each_turn_teaches_after_its_answer_within_the_budget_or_never(tmp_path: Path) -> None:
    with Memory(tmp_path / "a.db") as memory:
        bot, llm = chat(memory, extract="each", budget=Budget(calls=2))
        bot.bind(user="ana").send("I live in Lisbon.")
        assert labels(llm) == ["chat/reply", "memllm/write"]
        assert facts(memory) == {"ana live in Lisbon"}
        less, _ = chat(memory, extract="each", budget=Budget(calls=1))
        reply = less.bind(user="cat").send("I live in Lisbon.")
        assert (reply, facts(memory, "cat")) == ("You probably own a yacht.", set())
        assert reply.problems[0].startswith("after the answer: the limit of 1 calls ")
        never, quiet = chat(memory, extract="never")
        never.bind(user="ben").send("I live in Lisbon.")
        never.flush()
        assert (facts(memory, "ben"), labels(quiet)) == (set(), ["chat/reply"])


def test_a_failed_extraction_is_told_with_the_answer_and_by_each_flush_until_it_is_tried_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with Memory(tmp_path / "a.db") as memory:
        llm = ScriptedLLM([writer, BackendError("down"), *[writer] * 9], can=("stop",))
        bot = Chat(llm, memory, extract="each", retries=0)
        reply = bot.bind(user="ana").send("I live in Lisbon.")
        [problem] = reply.problems
        assert problem.startswith("after the answer: no facts were taken from 1 turn, for which the model failed: ")
        assert problem.endswith("flush(failed=True) tries again")
        assert problem.removeprefix("after the answer: ") in caplog.text
        for _ in range(2):
            learned = bot.flush()
            assert (learned.turns, learned.failed, list(learned.failed_before)) == (0, {}, [reply.turn])
            assert "failed before" in learned.problems[0]
        again = bot.flush(failed=True)
        assert (again.turns, again.problems, facts(memory)) == (1, (), {"ana live in Lisbon"})
        assert bot.flush().problems == ()


def test_a_fact_comes_back_in_another_conversation_as_a_fact(tmp_path: Path) -> None:
    with Memory(tmp_path / "a.db") as memory:
        bot, llm = chat(memory)
        bot.bind(user="ana", session="a", speaker="Ana").send("I live in Lisbon.")
        bot.flush()
        reply = bot.bind(user="ana", session="b").send("Where does Ana live?")
        today = f"{datetime.now(UTC):%Y-%m-%d (%A)}"
        assert f"(fact; since {today}; said by Ana) Ana live in Lisbon" in llm.requests[-1].messages[-1].content
        assert "semantic" in {one.kind for one in reply.why()}


def long_talk(memory: Memory, count: int = 80) -> Memory:
    talk = memory.bind(user="ana", session="s")
    talk.turns.add_many(
        Turn(
            ("I keep bees at Gull Point." if n == 4 else f"Line {n} says nothing much, honestly.")
            if n % 2 == 0
            else "Indeed.",
            "user" if n % 2 == 0 else "assistant",
            at=NOON + timedelta(minutes=n),
        )
        for n in range(count)
    )
    return talk


def test_the_summary_by_rules_is_word_for_word_and_goes_with_its_turns(tmp_path: Path) -> None:
    with Memory(tmp_path / "a.db") as memory:
        talk = long_talk(memory)
        llm = ScriptedLLM(["ok"] * 20)
        me = Chat(llm, memory, context_tokens=900, extract="never").bind(user="ana", session="s")
        assert talk.turns.summary() is None
        me.send("Well?")
        summary = talk.turns.summary()
        assert summary is not None
        assert (summary.by, summary.since) == ("rules", NOON)
        assert f"Taken word for word from {summary.turns} earlier turns, 2026-11-20 to 2026-11-20;" in summary.text
        assert "- 2026-11-20, ana: I keep bees at Gull Point." in summary.text
        reply = me.send("And now?")
        assert "<summary>\nTaken word for word" in llm.requests[-1].messages[-1].content
        assert reply.why().summarised == summary.turns
        assert "a summary of" in str(reply.why())
        for _ in range(16):
            me.send("On and on it goes, sentence after sentence, day after day.")
        later = talk.turns.summary()
        assert later is not None
        assert later.turns > summary.turns
        assert "I keep bees at Gull Point." in later.text
        bees = next(turn for turn in talk.turns if "bees" in turn.text)
        memory.bind(user="ana").purge(bees.id)
        assert talk.turns.summary() is None
        assert b"keep bees" not in b"".join(path.read_bytes() for path in tmp_path.glob("a.db*"))
        assert Chat(llm, memory, context_tokens=900, extract="never").flush().summaries == 1
        anew = talk.turns.summary()
        assert anew is not None
        assert "bees" not in anew.text


def test_a_model_writes_the_summary_only_when_it_is_asked_to(tmp_path: Path) -> None:
    with Memory(tmp_path / "a.db") as memory:
        talk = long_talk(memory, 200)
        llm = ScriptedLLM(["ok", "Ana keeps bees.", "Ana keeps bees at Gull Point."] + ["And more."] * 9)
        bot = Chat(llm, memory, context_tokens=2200, summary="llm", extract="never")
        bot.bind(user="ana", session="s").send("Well?")
        assert talk.turns.summary() is None
        assert bot.flush().summaries == 1
        summary = talk.turns.summary()
        assert summary is not None
        assert (summary.by, summary.turns) == ("scripted", 142)
        first, second = (request for request in llm.requests if request.label == "chat/summarise")
        assert "(none yet)" in first.messages[-1].content
        assert "<summary>\nAna keeps bees.\n</summary>" in second.messages[-1].content
        assert bot.flush().summaries == 0


def test_a_summary_whose_turns_changed_meanwhile_is_not_kept(tmp_path: Path) -> None:
    with Memory(tmp_path / "a.db") as memory:
        talk = long_talk(memory, 4)
        Chat(ScriptedLLM(), memory, extract="never").flush()
        seen = talk.turns.last_change()
        first = next(iter(talk.turns))
        talk.add(Note("a note changes nothing"))
        from memagent.chat.counting import cautious
        from memagent.chat.summarising import by_rules

        summary = by_rules(None, [first], "ana", cautious)
        assert talk.turns.keep_summary(summary, seen)
        talk.forget(first.id)
        assert talk.turns.summary() is None
        assert not talk.turns.keep_summary(summary, seen)
