"""A stream of a chatbot's runnable that is broken off, and what its chunks carry."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from langchain_core.callbacks import BaseCallbackHandler, get_usage_metadata_callback
from langchain_core.language_models.fake_chat_models import FakeListChatModel
from langchain_core.output_parsers import StrOutputParser

from memagent import Chat, Memory
from memagent.testing import ScriptedLLM
from memagent.types import Completion, Usage


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


class Heard(BaseCallbackHandler):
    """Writes down what LangChain tells of models."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def on_chat_model_start(self, serialized: Any, messages: Any, **named: Any) -> None:
        self.heard.append(f"begins: {messages[0][-1].content[-9:]}")

    def on_llm_new_token(self, token: str, **named: Any) -> None:
        self.heard.append(token)

    def on_llm_end(self, response: Any, **named: Any) -> None:
        self.heard.append(f"ends: {response.generations[0][0].text}")

    def on_llm_error(self, error: BaseException, **named: Any) -> None:
        self.heard.append(type(error).__name__)


@pytest.mark.parametrize("asynchronous", [False, True])
def test_callbacks_and_counters_hear_of_a_model_that_is_none_of_langchain(memory: Memory, asynchronous: bool) -> None:
    said = Completion("One two.", usage=Usage(1, 70, 5), model="fake")
    runnable = Chat(ScriptedLLM([said, said, ValueError("broken")]), memory).as_runnable()
    heard = Heard()
    given: Any = {**config("ann"), "callbacks": [heard]}
    with get_usage_metadata_callback() as counted:
        if asynchronous:
            answer: Any = asyncio.run(runnable.ainvoke("Count.", given))
            whole = sum_of(asyncio.run(all_of(runnable.astream("Count.", given))))
        else:
            answer = runnable.invoke("Count.", given)
            whole = sum_of(list(runnable.stream("Count.", given)))
    assert "GeneratorExit" not in heard.heard
    assert heard.heard.count("ends: One two.") == 2 and sum(one.startswith("begins") for one in heard.heard) == 2
    assert counted.usage_metadata == {
        "fake": answer.usage_metadata | {"total_tokens": 150, "input_tokens": 140, "output_tokens": 10}
    }
    assert whole.id in {turn.id for turn in memory.bind(user="ann", session="s").turns}
    with pytest.raises(ValueError, match="broken"):
        runnable.invoke("Count.", given)
    assert heard.heard[-1] == "ValueError"


def test_a_model_of_langchain_is_heard_of_once(memory: Memory) -> None:
    heard = Heard()
    runnable = Chat(FakeListChatModel(responses=["One."]), memory).as_runnable()
    runnable.invoke("Count.", {**config("ann"), "callbacks": [heard]})
    assert heard.heard.count("ends: One.") == 1


async def all_of(pieces: Any) -> list[Any]:
    return [piece async for piece in pieces]


def sum_of(chunks: list[Any]) -> Any:
    assert all(chunk.id for chunk in chunks)
    whole = chunks[0]
    for chunk in chunks[1:]:
        whole = whole + chunk
    return whole
