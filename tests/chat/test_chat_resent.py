"""What is sent twice has one answer, and one that broke off leaves nothing behind once the whole one is there."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

from memagent import Chat, Memory
from memagent.errors import BackendError
from memagent.testing import ScriptedLLM


def roles_and_texts(memory: Memory) -> list[tuple[str, str]]:
    return [(str(one.metadata["role"]), one.text) for one in memory.bind(user="ana", session="s").turns]


def test_a_message_that_is_sent_twice_by_its_id_is_answered_once(tmp_path: Path) -> None:
    with Memory(tmp_path / "a.db") as memory:
        llm = ScriptedLLM([f"Answer {number}." for number in range(9)])
        chat = Chat(llm, memory)
        first = chat.bind(user="ana", session="s").send("Where?", id="X1")
        me = chat.bind(user="ana", session="s")
        again = me.send("Where?", id="X1")
        waited = asyncio.run(me.asend("Where?", id="X1"))
        events = list(me.stream("Where?", id="X1"))
        assert [first, again, waited, events[-1].reply] == ["Answer 0."] * 4  # type: ignore[attr-defined]
        assert {one.id for one in (first, again, waited)} == {first.id}
        assert (again.turn, again.usage.calls, [event.type for event in events]) == ("X1", 0, ["text", "usage", "done"])
        assert len(llm.requests) == 1
        for number in range(70):  # far out of sight
            me.turns.add(f"Line {number}.")
        assert me.send("Where?", id="X1") == "Answer 0."
        assert roles_and_texts(memory)[:2] == [("user", "Where?"), ("assistant", "Answer 0.")]
        assert chat.bind(user="ben", session="s").send("Where?", id="X2") == "Answer 1."


def test_a_message_that_is_sent_again_while_it_is_being_answered_has_one_answer(tmp_path: Path) -> None:
    within: list[str] = []

    def model(messages: object) -> str:
        if not within:
            within.append("asked")
            within.append(chat.bind(user="ana", session="s").send("Where?", id="X1"))
            return "The later answer."
        return "The first answer."

    with Memory(tmp_path / "a.db") as memory:
        chat = Chat(model, memory)
        reply = chat.bind(user="ana", session="s").send("Where?", id="X1")
        assert (str(reply), within[1]) == ("The first answer.", "The first answer.")
        assert roles_and_texts(memory) == [("user", "Where?"), ("assistant", "The first answer.")]


def test_what_had_come_of_an_answer_goes_when_the_whole_one_is_there(tmp_path: Path) -> None:
    def broken(messages: object) -> object:
        yield "The ci"
        raise BackendError("gone", retryable=False)

    with Memory(tmp_path / "a.db") as memory:
        for user, same_handle in (("ana", True), ("ben", False)):
            me = Chat(broken, memory, retries=0).bind(user=user, session="s")
            with contextlib.suppress(BackendError):
                list(me.stream("Which city?"))
            llm = ScriptedLLM(["Lisbon.", "Yes."])
            me._chat.llm = llm
            other = me if same_handle else Chat(llm, memory).bind(user=user, session="s")
            assert other.send("Which city?") == "Lisbon."
            other.send("Is it?")
            shown = "".join(message.content for message in llm.requests[-1].messages)
            assert (shown.count("Which city?"), shown.count("broken off"), shown.count("Lisbon.")) == (1, 0, 1)
        assert ("assistant", "The ci") not in roles_and_texts(memory)
