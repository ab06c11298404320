"""What is forgotten takes along what the assistant said from it, wherever that is; and what stays is named."""

from __future__ import annotations

from pathlib import Path
from time import process_time

import pytest

from memagent import Chat, Memory, Note
from memagent.memory.conversation import Turn
from memagent.testing import ScriptedLLM


def sister(memory: Memory, *more: str) -> Chat:
    """Ana names her sister in one conversation, and asks for her in two."""
    answers = ["I have kept that.", "Quuxzorb.", "The sky is blue.", "Your sister is called Quuxzorb.", *more]
    chat = Chat(ScriptedLLM([*answers, "ok", "ok", "ok"]), memory, extract="never")
    chat.bind(user="ana", session="a").send("My sister Quuxzorb lives in Berlin.")
    chat.bind(user="ana", session="a").send("What is my sister called?")
    chat.bind(user="ana", session="a").send("What colour is the sky?")
    chat.bind(user="ana", session="b").send("Who is my sister?")
    return chat


def texts(memory: Memory) -> list[str]:
    return [one.text for one in memory.bind(user="ana").passages()]


def test_a_forgotten_turn_takes_the_answers_that_repeat_it_and_brings_them_back(tmp_path: Path) -> None:
    with Memory(tmp_path / "a.db") as memory:
        chat = sister(memory)
        ana = memory.bind(user="ana")
        before = texts(memory)
        turn = next(iter(chat.bind(user="ana", session="a").turns))
        planned = ana.forget(turn.id, dry_run=True)
        assert ana.forget(turn.id, answers=False, dry_run=True).ids == (turn.id,)
        done = ana.forget(turn.id)
        assert (done.ids, len(done.ids), len(done.reasons)) == (planned.ids, 4, 3)
        assert texts(memory) == [
            "What is my sister called?",
            "What colour is the sky?",
            "The sky is blue.",
            "Who is my sister?",
        ]
        assert "Quuxzorb" not in str(ana.search("Quuxzorb"))
        for session in ("a", "b", "c"):
            reply = chat.bind(user="ana", session=session).send("And my sister?")
            assert "Quuxzorb" not in str(reply.context.messages)
        ana.forget([one.id for one in ana.passages() if one.text == "The sky is blue."])
        assert set(ana.restore(turn.id).ids) == set(done.ids)  # and not what was forgotten at another time
        assert set(before) - set(texts(memory)) == {"The sky is blue."}


def test_of_a_purged_turn_no_byte_is_left_and_what_says_the_same_is_named(tmp_path: Path) -> None:
    with Memory(tmp_path / "a.db") as memory:
        chat = sister(memory)
        ana = memory.bind(user="ana")
        turn = next(iter(chat.bind(user="ana", session="a").turns))
        own = ana.turns.add("Quuxzorb comes for tea on Sunday.")
        done = ana.purge(turn.id)
        assert own not in done.ids
        assert list(done.left) == [own]
        ana.purge(list(done.left))
        assert not any("Quuxzorb" in text for text in texts(memory))
        assert not any(b"Quuxzorb" in file.read_bytes() for file in tmp_path.iterdir())


def test_what_others_say_too_and_what_was_said_before_stays(tmp_path: Path) -> None:
    with Memory(tmp_path / "a.db") as memory:
        ana = memory.bind(user="ana", session="s")
        ana.turns.add_many(
            [
                Turn("I like Berlin."),
                Turn("Your train to Berlin leaves at nine, from the other side.", "assistant"),
                Turn("My sister lives in Berlin, next to a bakery.", id="said"),
                Turn("Noted.", "assistant", metadata={"answers": "said"}),
                Turn("How was the flight?"),
                Turn("Berlin has two airports, of which one is closed.", "assistant"),
                Turn("我妹妹叫李雷，住在柏林。", id="chinese"),
                Turn("你妹妹叫什么名字？是李雷。", "assistant"),
            ]
        )
        ana.forget("said")
        assert {one.text for one in ana.forgotten()} == {"Noted.", "My sister lives in Berlin, next to a bakery."}
        left = [one.text for one in ana.turns]
        assert "Berlin has two airports, of which one is closed." in left
        assert "Your train to Berlin leaves at nine, from the other side." in left
        receipt = ana.forget("chinese")
        assert receipt.ids == ("chinese",)  # the answer has more words of its own; it is named
        assert [ana.get(id).text for id in receipt.left] == ["你妹妹叫什么名字？是李雷。"]


def test_nobody_elses_answers_are_looked_at(tmp_path: Path) -> None:
    with Memory(tmp_path / "a.db") as memory:
        for user in ("ana", "ben"):
            talk = memory.bind(user=user, session="s")
            talk.turns.add_many([Turn("My cat is Zorbo.", id=f"{user}-1"), Turn("Zorbo.", "assistant", id=f"{user}-2")])
        assert memory.bind(user="ana").forget("ana-1").ids == ("ana-1", "ana-2")
        assert [one.text for one in memory.bind(user="ben").turns] == ["My cat is Zorbo.", "Zorbo."]


APART = [
    ("I have 2 cats.", "List ideas.", "1. Try foo\n2. Try bar"),
    ("I have 2 cats.", "What is 1 plus 1?", "2"),
    ("My rent is 900 euros.", "When did the Vikings come?", "The Vikings came in 900."),
    ("Yes, I drink coffee every day.", "Is water wet?", "Yes."),
    ("My son is Max.", "Recommend a film.", "Mad Max is a good film."),
    ("My sister lives in Oslo.", "What is the capital of Norway?", "Oslo."),
    ("Thanks, I live in Rome.", "Say something wise.", "Thanks! All roads lead to Rome."),
    ("My English is bad.", "What is the English for Hund?", "In English the word is dog."),
    ("I have 2 cats.", "What shall I read?", "1. Dracula\n2. Emma"),
    ("我喜欢喝茶。", "你喜欢什么？", "我喜欢聊天。"),
    ("У меня 2 кошки.", "Назови фрукты.", "1. Яблоки\n2. Груши"),
]


@pytest.mark.parametrize(("turn", "question", "answer"), APART)
def test_an_answer_that_has_a_word_of_a_turn_by_chance_stays(turn: str, question: str, answer: str) -> None:
    with Memory(":memory:") as memory:
        talk = Chat(ScriptedLLM(["Noted.", answer]), memory, extract="never").bind(user="ana", session="s")
        talk.send(turn)
        talk.send(question)
        first = next(iter(talk.turns))
        memory.bind(user="ana").purge(first.id)
        assert [one.text for one in talk.turns] == [question, answer]


def test_a_private_word_that_an_answer_says_in_passing_is_named() -> None:
    told = "For dinner choose fish with rice, a salad of the season, and because of your diabetes no dessert at all."
    with Memory(":memory:") as memory:
        talk = Chat(ScriptedLLM(["Noted.", told]), memory, extract="never").bind(user="ana", session="s")
        talk.send("I have diabetes.")
        talk.send("What shall I cook tonight?")
        receipt = memory.bind(user="ana").purge(next(iter(talk.turns)).id)
        assert [memory.bind(user="ana").get(id).text for id in receipt.left] == [told]


def test_what_another_forgotten_turn_told_does_not_come_back_with_the_first() -> None:
    both = "Clara lives in Berlin, her employer is Siemens."
    with Memory(":memory:") as memory:
        talk = Chat(ScriptedLLM(["One.", "Two.", both]), memory, extract="never").bind(user="ana", session="s")
        for text in ("My sister Clara lives in Berlin.", "Her employer is Siemens.", "Tell me about my sister."):
            talk.send(text)
        ana, (first, _, second, *_) = memory.bind(user="ana"), list(talk.turns)
        for one in (first, second):
            ana.forget(one.id)
        ana.restore(first.id)
        assert "Siemens" not in str(texts(memory)) and "Clara" in str(texts(memory))


def test_a_document_that_goes_takes_no_answer_along_and_holds_nobody_up() -> None:
    with Memory(":memory:", embedder="hashing:64") as memory:
        ana = memory.bind(user="ana", session="s")
        ana.add([Note(f"Chapter {n} of the report: Oslo had {n} meetings in 2024.", source="book") for n in range(400)])
        for n in range(1500):
            answer = Turn(f"Oslo, {n}.", "assistant", metadata={"answers": f"q{n}"})
            ana.turns.add_many([Turn(f"Question {n}?", id=f"q{n}"), answer])
        began = process_time()
        receipt = ana.delete(source="book", dry_run=True)
        assert (receipt.counts["passages"], receipt.left) == (400, {})
        assert process_time() - began < 5
