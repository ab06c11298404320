"""Long conversations and many at once: the limit of tokens, what was said long ago, and no leak between users."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from memagent import Chat, Memory
from memagent.chat.counting import cautious, size
from memagent.chat.upkeep import AT_ONCE
from memagent.memory.conversation import Turn
from memagent.testing import ScriptedLLM
from memagent.types import Completion, Request, Token, Usage

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
USERS, SESSIONS, TURNS = ("alice", "bob"), 25, 3


class Measured(ScriptedLLM):
    """Answers at some length, and notes how many tokens each prompt had."""

    def __init__(self) -> None:
        super().__init__()
        self.sizes: list[int] = []

    def complete(self, request: Request) -> Completion:
        """Answer with so many words as the number of the call asks for."""
        self.sizes.append(size(request.messages, cautious))
        number = len(self.sizes)
        return Completion(f"Answer {number}: " + "the garden was warm, " * (number % 40), usage=Usage(1, 1, 1))


def test_a_session_of_5000_turns_keeps_to_its_limit_and_knows_what_was_said_in_turn_3(tmp_path: Path) -> None:
    before, sends, most = 4780, 110, 700
    said = [f"I read chapter {n} of the book on topic {n % 97} in the garden." for n in range(before)]
    said[2] = "My sister's name is Ana Pereira."
    roles = ["user" if n % 2 == 0 else "assistant" for n in range(before)]
    llm = Measured()
    with Memory(tmp_path / "a.db", embedder="hashing:128") as memory:
        talk = memory.bind(user="ana", session="s")
        turns = zip(said, roles, strict=True)
        talk.turns.add_many(Turn(text, role, at=NOON + timedelta(minutes=n)) for n, (text, role) in enumerate(turns))
        me = Chat(llm, memory, context_tokens=most, system="You are a librarian.").bind(user="ana", session="s")
        for number in range(sends):
            text = "with a long cup of tea, as one does in winter, " * (number % 50)
            reply = me.send(f"I read chapter {number} again, {text}and so on.")
            assert reply.context.tokens == llm.sizes[-1] <= most
        assert len(llm.sizes) == sends
        assert max(llm.sizes) > 0.9 * most  # the limit was felt
        assert talk.turns.count() == before + 2 * sends == 5000
        piece = talk.turns.summary()
        assert piece is not None
        assert 0 < piece.turns <= sends * AT_ONCE  # a piece after each answer, and the whole when asked to
        Chat("offline", memory, context_tokens=1000, extract="never").flush()
        summary = talk.turns.summary()
        last = Chat("offline", memory, context_tokens=1000).bind(user="ana", session="s")
        reply = last.send("What is my sister's name?")
        assert reply == "Ana Pereira."
        assert said[2] in {hit.text for hit in reply.memories}
        assert size(reply.context.messages, cautious) == reply.context.tokens <= 1000
        assert summary is not None
        assert summary.turns > 4900
        assert cautious(summary.text) <= 450
        assert reply.why().summarised == summary.turns


SENDS = """
import sys
from memagent import Chat, Memory
me = Chat("offline", Memory(sys.argv[1], embedder="hashing:128")).bind(user="ana", session="s")
for number in range(8):
    assert me.send(f"{sys.argv[2]} says that number {number} is mine.") == "I have kept that."
"""


def test_two_processes_in_one_conversation_lose_no_turn_and_the_file_is_sound(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    Memory(path, embedder="hashing:128").close()
    running = [subprocess.Popen([sys.executable, "-c", SENDS, path, name]) for name in ("one", "two")]
    assert [process.wait(60) for process in running] == [0, 0]
    with Memory(path) as memory:
        said = [turn.text for turn in memory.bind(user="ana", session="s").turns]
        assert len(said) == 32
        for name in ("one", "two"):
            own = [text for text in said if text.startswith(name)]
            assert own == [f"{name} says that number {number} is mine." for number in range(8)]
        Chat("offline", memory, context_tokens=300).bind(user="ana", session="s").send("One more is mine.")
        assert memory.bind(user="ana", session="s").turns.summary() is not None
        assert memory.doctor() == []


class Echo(ScriptedLLM):
    """Answers each message with its own words after a moment, so that the conversations really overlap."""

    def __init__(self) -> None:
        super().__init__()
        self.users: dict[str, list[str]] = {}
        self.most = self._now = 0
        self._count = threading.Lock()

    async def astream(self, request: Request) -> AsyncIterator[Token | Completion]:
        """Answer in one piece."""
        yield await self.acomplete(request)

    async def acomplete(self, request: Request) -> Completion:
        """Answer, and note what a user was shown."""
        shown = "\n".join(message.content for message in request.messages)
        user = re.search(r"^The message is from (.*)\.$", shown, re.MULTILINE)
        message = re.search(r"<message>\n(.*)\n</message>", shown)
        assert user is not None
        assert message is not None
        with self._count:
            self.requests.append(request)
            self.users.setdefault(user[1], []).append(shown)
            self._now += 1
            self.most = max(self.most, self._now)
        await asyncio.sleep(0.001)
        self._now -= 1
        return Completion(f"Heard: {message[1]}", usage=Usage(1, 1, 1))


def secret(user: str, session: int, number: int) -> str:
    return f"Number {number} of {session}: the colour of {user}-{session}-{number} is secret{user}."


async def talked(chat: Chat, user: str, session: int) -> list[str]:
    answers = []
    for number in range(TURNS):
        me = chat.bind(user=user, session=f"s{session}")  # nothing is kept in the process
        answers.append(await me.asend(secret(user, session, number)))
    return answers


async def all_of_them(chat: Chat) -> list[list[str]]:
    return await asyncio.gather(*(talked(chat, user, session) for user in USERS for session in range(SESSIONS)))


def test_fifty_conversations_at_once_leak_and_lose_nothing_and_write_without_a_call(tmp_path: Path) -> None:
    llm = Echo()
    with Memory(tmp_path / "a.db", embedder="hashing:128") as memory:
        answers = asyncio.run(all_of_them(Chat(llm, memory)))
        assert llm.most > 5
        assert [request.label for request in llm.requests] == ["chat/reply"] * (len(USERS) * SESSIONS * TURNS)
        places = [(user, session) for user in USERS for session in range(SESSIONS)]
        for (user, session), said in zip(places, answers, strict=True):
            wanted = [secret(user, session, number) for number in range(TURNS)]
            assert said == [f"Heard: {text}" for text in wanted]
            kept = [turn.text for turn in memory.bind(user=user, session=f"s{session}").turns]
            assert kept == [text for one in wanted for text in (one, f"Heard: {one}")]
        for user, other in (USERS, USERS[::-1]):
            assert memory.bind(user=user).turns.count() == SESSIONS * TURNS * 2
            assert not any(f"secret{other}" in shown for shown in llm.users[user])
        recalled = sum("in another conversation" in shown for shown in llm.users["alice"])
        assert recalled > SESSIONS  # the other conversations of the same user are found
