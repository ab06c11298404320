"""What `offline` answers when it is asked of one's own life: right, or that it does not know, and hardly ever wrong."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from memagent import Chat, Memory
from memagent.chat.own_life import told_by
from memagent.llms.offline import Offline
from memagent.offline.days import resolved
from memagent.prompts import fill, tagged
from memagent.types import Message, Request

DATA = Path(__file__).parents[1] / "data" / "own_life.tsv"
DAY = "2026-11-26 (Thursday)"
UNKNOWN = "I do not know"
HERE, ELSEWHERE = "in this conversation", "in another one"

SAID = """My name is Joana. I have two cats. I am allergic to peanuts. My boss is Ms Petrova. I drive a blue Volvo.
I weigh 71 kg. My phone is a Pixel 8. I hate horror films. I studied physics. I play chess on Sundays. I drink my coffee
black. My passport expires in 2029. I bought a bike on Monday. My favourite colour is teal. I read a lot of poetry.
My garden is full of roses. I broke a cup this morning. I am never late. I keep my tools in a red box. I cannot whistle.
I water the plants on Fridays. My father was a baker. I like thunderstorms. I own a tent. I swim twice a week.
I lost an umbrella. I sleep badly at full moon. My dentist is kind. I never learnt to juggle. I paint my own walls.
I collect stamps. I have a cold. My desk is made of oak. I bake bread. I dislike loud places. I trust my barber."""


def ask(question: str, said: list[str], where: str) -> str:
    before = [message for text in said for message in (Message("user", text), Message("assistant", "Noted."))]
    entries = [f"[{n}] (turn; said by alice; {DAY}; in another conversation) {text}" for n, text in enumerate(said, 1)]
    here = where == HERE
    first, last = fill(
        "chat/answer",
        system="",
        blocks="" if here else tagged("memories", "\n".join(entries)),
        message=question,
        now=f"{DAY}. All turns above are of today" if here else DAY,
        speaker="alice",
    )
    return Offline().complete(Request((first, *(before if here else ()), last))).text


def judged(half: str, where: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {"right": [], "honest": [], "wrong": []}
    for line in DATA.read_text("utf-8").splitlines():
        if line.startswith(f"{half}\t"):
            _, said, question, wanted = line.split("\t")
            reply = ask(question, said.split(" | "), where)
            known = not reply.startswith(UNKNOWN)
            right = not known if wanted == "-" else known and re.search(wanted, reply)
            found["right" if right else "wrong" if known else "honest"].append(f"{said} {question} {reply}")
    return found


@pytest.mark.parametrize("where", [HERE, ELSEWHERE])
@pytest.mark.parametrize(("half", "count"), [("dev", 30), ("more", 229)])
def test_what_was_worked_on_is_answered_and_never_wrongly(half: str, count: int, where: str) -> None:
    found = judged(half, where)
    assert found["wrong"] == []
    assert len(found["right"]) >= count, found["honest"]


@pytest.mark.parametrize("where", [HERE, ELSEWHERE])
def test_what_was_held_out_is_never_answered_wrongly(where: str) -> None:
    found = judged("held", where)
    assert found["wrong"] == []
    assert len(found["right"]) >= 27


def test_a_move_is_remembered_in_another_conversation_among_thirty_six_statements(tmp_path: Path) -> None:
    with Memory(tmp_path / "m.db") as memory:
        chat = Chat("offline", memory)
        me = chat.bind(user="joana", session="first")
        said = re.findall(r"\S[^.]*\.", " ".join(SAID.split()))
        assert len(said) == 36
        for text in ["I live in Porto.", "Actually, I moved to Oslo yesterday.", *said]:
            me.send(text)
        reply = chat.bind(user="joana", session="second").send("Which city am I in?")
        assert str(reply) == "Oslo."
        assert len(reply.context.memories) <= 8
        assert str(chat.bind(user="joana", session="third").send("What is my name?")) == "Joana."
        assert str(chat.bind(user="ben", session="fourth").send("Which city am I in?")).startswith(UNKNOWN)


def test_of_turns_of_one_day_the_newest_is_shown_last_and_keeps_the_number_of_its_rank(tmp_path: Path) -> None:
    with Memory(tmp_path / "m.db") as memory:
        chat = Chat("offline", memory)
        for session, text in enumerate(["I live in Bern.", "I live in Graz now.", "I like jam."]):
            chat.bind(user="ana", session=str(session)).send(text)
        reply = chat.bind(user="ana", session="new").send("Where do I live now?")
        prompt = reply.context.messages[-1].content
        assert prompt.index("I live in Bern.") < prompt.index("I live in Graz now.")
        ranks = [memory.hit.text for memory in reply.context.memories]
        assert (
            f"[{ranks.index('I live in Graz now.') + 1}] (turn;"
            in prompt.split("I live in Graz now.")[0].splitlines()[-1]
        )
        assert str(reply) == "Graz."


def test_tomorrow_is_reckoned_from_the_day_on_which_it_was_said() -> None:
    said = "[1] (turn; said by alice; 2026-11-20 (Friday)) I have a doctor's appointment tomorrow."
    first, last = fill(
        "chat/answer",
        system="",
        blocks=tagged("memories", said),
        message="When is my doctor's appointment?",
        now=DAY,
        speaker="alice",
    )
    assert Offline().complete(Request((first, last))).text == "2026-11-21 (tomorrow, as you said on 2026-11-20)."
    assert resolved("next Tuesday", "2026-11-26") == "2026-12-01"
    assert resolved("next Friday", "2026-11-26") == ""  # the day after, or a week later
    assert resolved("three days ago", "2026-11-26") == "2026-11-23"


def test_only_what_everybody_asks_of_themselves_is_looked_for_in_other_words() -> None:
    assert "moved" in told_by("Which city am I in?")
    assert "переехал" in told_by("Где я живу?")
    assert told_by("Where is the museum?") == ""
    assert told_by("How do I bake bread?") == ""
