"""A stream of a chatbot's runnable that is broken off, and what its chunks carry."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from langchain_core.output_parsers import StrOutputParser

from memagent import Chat, Memory
from memagent.testing import ScriptedLLM


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Memory]:
    with Memory(tmp_path / "chat.db") as opened:
        yield opened


def config(user: str) -> Any:
    return {"configurable": {"user_id": user, "session_id": "s"}}


def answers(memory: Memory, user: str) -> list[Mapping[str, Any]]:
    turns = memory.bind(user=user, session="s").turns
    return [{"text": one.text, **one.metadata} for one in turns if one.metadata["role"] == "assistant"]


@pytest.mark.parametrize("chained", [False, True])
def test_of_a_stream_that_is_broken_off_the_answer_is_kept_once(memory: Memory, chained: bool) -> None:
    """The write of the whole answer is slow: the stream is closed while it is under way in its thread."""
    writing = threading.Event()
    store_add = memory.store.add

    def slow(scope: Any, notes: Any, *rest: Any, **named: Any) -> Any:
        if any(note.metadata.get("role") == "assistant" for note in notes):
            writing.set()
            threading.Event().wait(0.2)
        return store_add(scope, notes, *rest, **named)

    memory.store.add = slow  # type: ignore[method-assign]
    runnable: Any = Chat(ScriptedLLM(["One two."] * 3), memory).as_runnable()
    chain = runnable | StrOutputParser() if chained else runnable

    async def broken_off(user: str) -> None:
        stream = chain.astream("Count.", config(user))
        async for _ in stream:
            while not writing.is_set():
                await asyncio.sleep(0.01)
            break
        await stream.aclose()
        if chained:  # a sequence leaves the closing of its parts to the collector of garbage
            await asyncio.sleep(0.5)

    for user in ("ann", "bob"):
        writing.clear()
        asyncio.run(broken_off(user))
        assert [one["text"] for one in answers(memory, user)] == ["One two."]
