"""What a turn of a chatbot costs: tokens, calls and milliseconds, with many conversations at once and in a long one.

    python benchmarks/chat.py [--turns 5000] [--conversations 50] [--rounds 10] [--tokens 2000] [--json]

The model is a stand-in that answers at once, so that the time is memagent's own; tokens are those of the prompts, by
`memagent.chat.counting.cautious`. First, conversations of two users talk at once in one file, each turn by a handle of
its own. Then one session is filled with turns, and the same questions are asked in it as in an empty one.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from memagent import Chat, Memory
from memagent.chat.reply import Reply
from memagent.memory.conversation import Turn
from memagent.types import Completion, Request, Token, Usage

START = datetime(2026, 1, 1, 12, tzinfo=UTC)
FACT, QUESTION, ANSWER = "My sister's name is Ana Pereira.", "What is my sister's name?", "Ana"


class Instant:
    """A model that answers at once, and counts what it is asked for, by label."""

    name = "instant"
    can: frozenset[str] = frozenset()

    def __init__(self) -> None:
        self.calls: dict[str, int] = {}

    def complete(self, request: Request) -> Completion:
        """Answer."""
        self.calls[request.label] = self.calls.get(request.label, 0) + 1
        return Completion("I see, and I will think about it.", usage=Usage(calls=1, output_tokens=9))

    async def acomplete(self, request: Request) -> Completion:
        """Answer."""
        return self.complete(request)

    def stream(self, request: Request) -> Any:
        """Answer in one piece."""
        completion = self.complete(request)
        yield Token(completion.text)
        yield completion

    async def astream(self, request: Request) -> Any:
        """Answer in one piece."""
        for piece in self.stream(request):
            yield piece


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--turns", type=int, default=5000, help="of the long session")
    parser.add_argument("--conversations", type=int, default=50, help="at once")
    parser.add_argument("--rounds", type=int, default=10, help="turns of each of them")
    parser.add_argument("--tokens", type=int, default=2000, help="of a prompt at most")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rows = [
            at_once(Path(folder), options.conversations, options.rounds, options.tokens),
            *in_a_long_one(Path(folder), options.turns, options.tokens),
        ]
    print(json.dumps(rows, indent=2) if options.json else report(rows))


def at_once(folder: Path, conversations: int, rounds: int, tokens: int) -> dict[str, Any]:
    """Let many conversations of two users run at once; check that nothing was lost or mixed up."""
    llm, times, replies = Instant(), list[float](), list[Reply]()
    with Memory(folder / "many.db") as memory:
        chat = Chat(llm, memory, context_tokens=tokens)

        async def talk(user: str, session: str) -> None:
            for number in range(rounds):
                started = time.perf_counter()
                text = f"{user} says in {session} that turn {number} is about {text_of(number)}"
                replies.append(await chat.bind(user=user, session=session).asend(text))
                times.append(time.perf_counter() - started)

        async def everybody() -> None:
            pairs = [(("alice", "bob")[n % 2], f"s{n}") for n in range(conversations)]
            await asyncio.gather(*(talk(user, session) for user, session in pairs))

        started = time.perf_counter()
        asyncio.run(everybody())
        seconds = time.perf_counter() - started
        for number in range(conversations):
            user = ("alice", "bob")[number % 2]
            said = [turn.text for turn in memory.bind(user=user, session=f"s{number}").turns][::2]
            assert [text.split(" is about")[0] for text in said] == [
                f"{user} says in s{number} that turn {n}" for n in range(rounds)
            ], "a turn was lost or is out of order"
    row = described(f"{conversations} at once", replies, times, llm)
    return {**row, "turns_a_second": round(len(replies) / seconds, 1)}


def in_a_long_one(folder: Path, turns: int, tokens: int) -> list[dict[str, Any]]:
    """Ask the same in an empty session and in one that has many turns already."""
    rows = []
    for count in (0, turns):
        llm = Instant()
        with Memory(folder / f"long{count}.db") as memory:
            talk = memory.bind(user="alice", session="s")
            talk.turns.add_many(
                Turn(FACT if n == 2 else text_of(n), "assistant" if n % 2 else "user", at=START + timedelta(minutes=n))
                for n in range(count)
            )
            chat = Chat(llm, memory, context_tokens=tokens, extract="never")
            chat.flush()  # the summary of what was said before
            me = chat.bind(user="alice", session="s")
            if not count:
                me.turns.add(FACT, at=START)
            me.send("Hello, are you there?")  # opens the indexes
            replies, times = [], []
            for number in range(20):
                started = time.perf_counter()
                replies.append(me.send(QUESTION if number % 4 == 0 else text_of(7 * number)))
                times.append(time.perf_counter() - started)
            shown = "".join(message.content for message in replies[0].context.messages)
        row = described(f"{count} turns before", replies, times, llm)
        rows.append({**row, "fact_of_turn_3_shown": ANSWER in shown})
    return rows


def text_of(number: int) -> str:
    """Return what a turn says: a sentence out of a few thousand."""
    return (
        f"chapter {number} of the book on {('bees', 'tides', 'glass', 'salt', 'maps')[number % 5]} and {number % 97}."
    )


def described(name: str, replies: list[Reply], times: list[float], llm: Instant) -> dict[str, Any]:
    """Return a row of figures: of prompts the tokens, of turns the calls and the milliseconds."""
    sizes = [reply.context.tokens for reply in replies]
    times = sorted(times)
    return {
        "run": name,
        "turns": len(replies),
        "tokens": round(statistics.mean(sizes)),
        "most_tokens": max(sizes),
        "limit": replies[0].context.limit,
        "calls_a_turn": round(statistics.mean(reply.usage.calls for reply in replies), 2),
        "calls_besides": sum(count for label, count in llm.calls.items() if label != "chat/reply"),
        "ms": round(1000 * statistics.median(times), 1),
        "ms_95": round(1000 * times[int(0.95 * (len(times) - 1))], 1),
    }


def report(rows: list[dict[str, Any]]) -> str:
    """Return the rows as a table."""
    names = ("run", "turns", "tokens", "most_tokens", "limit", "calls_a_turn", "calls_besides", "ms", "ms_95")
    heads = ("run", "turns", "tokens", "most", "limit", "calls a turn", "besides", "ms", "ms (95 %)")
    table = [heads, *(tuple(str(row[name]) for name in names) for row in rows)]
    widths = [max(len(line[column]) for line in table) for column in range(len(heads))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in table]
    lines.append(f"{rows[0]['turns_a_second']} turns a second at once; no turn lost, order kept, users apart")
    lines += [f"{row['run']}: the fact of turn 3 is shown: {row['fact_of_turn_3_shown']}" for row in rows[1:]]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
