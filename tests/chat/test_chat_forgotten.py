"""What is forgotten takes along what the assistant said from it, wherever that is; and what stays is named."""

from __future__ import annotations

from pathlib import Path

from memagent import Chat, Memory
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
        assert len(ana.forget("chinese").ids) == 2


def test_nobody_elses_answers_are_looked_at(tmp_path: Path) -> None:
    with Memory(tmp_path / "a.db") as memory:
        for user in ("ana", "ben"):
            talk = memory.bind(user=user, session="s")
            talk.turns.add_many([Turn("My cat is Zorbo.", id=f"{user}-1"), Turn("Zorbo.", "assistant", id=f"{user}-2")])
        assert memory.bind(user="ana").forget("ana-1").ids == ("ana-1", "ana-2")
        assert [one.text for one in memory.bind(user="ben").turns] == ["My cat is Zorbo.", "Zorbo."]
