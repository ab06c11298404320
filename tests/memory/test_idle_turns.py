"""Turns that answer nothing have no place among what is shown, and stay in the memory."""

from __future__ import annotations

from pathlib import Path

import pytest

from memagent import Chat, Memory
from memagent.integrations.toolbox import MemoryTools
from memagent.memory.conversation import Turn
from memagent.memory.idle_turns import says_nothing
from memagent.testing import ScriptedLLM


@pytest.mark.parametrize(
    "text",
    [
        "I have kept that.",
        "Got it, thanks!",
        "I do not know: nothing that I remember says so.",
        "I'm sorry, I don't have any information about your sister.",
        "Das weiß ich leider nicht.",
        "Я не знаю.",
        "好的，我记住了。",
    ],
)
def test_a_receipt_and_not_knowing_say_nothing(text: str) -> None:
    assert says_nothing(text)


@pytest.mark.parametrize(
    "text",
    [
        "I kept your key under the mat.",
        "OK. You live in Rome.",
        "I don't know, but your sister has a boat.",
        "I don't have a boat.",
        "你住在上海。",
        "",
    ],
)
def test_what_tells_something_is_no_receipt(text: str) -> None:
    assert not says_nothing(text)


def test_old_questions_and_empty_answers_take_no_place_of_what_was_told(tmp_path: Path) -> None:
    with Memory(tmp_path / "a.db") as memory:
        ana = memory.bind(user="ana")
        old = ana.bind(session="old").turns
        question, empty = "What is the code of my locker?", "I do not know the code of your locker."
        for _ in range(5):
            old.add_many([Turn(question), Turn(empty, "assistant")])
        old.add_many([Turn("My locker code is 5533."), Turn("I have kept that.", "assistant")])
        old.add_many([Turn(f"Chapter {n} was about the sea and the weather.") for n in range(20)])
        llm = ScriptedLLM(["5533."])
        reply = Chat(llm, memory, k=3).bind(user="ana", session="new").send("What is the code of my locker, please?")
        searched = {hit.text: hit.score for hit in reply.memories}
        assert searched["My locker code is 5533."] > 0.2
        assert not {question, empty, "I have kept that."} & set(searched)
        assert not [text for text, score in searched.items() if text.startswith("Chapter") and 0 < score < 0.1]
        found = MemoryTools(ana).call("search_memory", {"query": question, "k": 3}).data["memories"]
        assert "My locker code is 5533." in [one["text"] for one in found]
        assert not {question, empty} & {one["text"] for one in found}
        assert question in {hit.text for hit in ana.search(question, 3)}  # a search of one's own finds all
