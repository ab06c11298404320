"""A chatbot as a LangChain runnable: every way to call it, and whose memory it is."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.language_models import FakeListChatModel
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate, PromptTemplate

from memagent import Chat, Memory
from memagent.errors import ScopeRequired, UsageProblem
from memagent.testing import ScriptedLLM

ANA: Any = {"configurable": {"user_id": "ana", "session_id": "s"}}
BEN: Any = {"configurable": {"user_id": "ben", "thread_id": "s"}}


class Heard(BaseCallbackHandler):
    """Notes which callbacks were called."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def on_chain_start(self, *_: Any, **__: Any) -> None:
        self.names.append("chain")

    def on_chat_model_start(self, *_: Any, **__: Any) -> None:
        self.names.append("model")


def test_a_chain_is_invoked_streamed_batched_and_awaited(tmp_path: Path) -> None:
    async def awaited(chain: Any) -> tuple[Any, list[Any], list[Any]]:
        chunks = [chunk async for chunk in chain.astream("Five?", ANA)]
        return await chain.ainvoke("Four?", ANA), chunks, await chain.abatch(["Six?", "Seven?"], [ANA, BEN])

    with Memory(tmp_path / "a.db") as memory:
        chat = Chat(ScriptedLLM(["The answer is here."] * 9), memory).as_runnable()
        assert [spec.id for spec in chat.config_specs] == ["user_id", "session_id"]
        message = chat.invoke("One?", ANA)
        assert isinstance(message, AIMessage)
        assert message.usage_metadata is not None
        assert message.usage_metadata["total_tokens"] > 0
        assert message.response_metadata["memagent"]["text"] == message.content == "The answer is here."
        whole = None
        for chunk in chat.stream({"question": "Two?"}, ANA):
            whole = chunk if whole is None else whole + chunk  # type: ignore[operator]
        assert whole is not None
        assert (whole.content, whole.response_metadata["memagent"]["turn"] != "") == ("The answer is here.", True)
        chain = PromptTemplate.from_template("{what}?") | chat | StrOutputParser()
        assert (
            chain.invoke({"what": "Three"}, ANA) == "".join(chain.stream({"what": "3"}, ANA)) == "The answer is here."
        )
        one, chunks, several = asyncio.run(awaited(chat))
        assert [one.content, *(each.content for each in several)] == ["The answer is here."] * 3
        assert "".join(chunk.content for chunk in chunks) == "The answer is here."
        said = {turn.text for turn in memory.bind(user="ana", session="s").turns}
        assert said == {"One?", "Two?", "Three?", "3?", "Four?", "Five?", "Six?", "The answer is here."}
        assert [turn.text for turn in memory.bind(user="ben", session="s").turns] == ["Seven?", "The answer is here."]


def test_no_input_says_whose_memory_it_is(tmp_path: Path) -> None:
    with Memory(tmp_path / "a.db") as memory:
        llm = ScriptedLLM(["ok"] * 5)
        chat = Chat(llm, memory)
        chat.bind(user="ana", session="s").send("My PIN begins with forty-two.")
        runnable = chat.as_runnable()
        runnable.invoke({"input": "What does my PIN begin with?", "user_id": "ana", "configurable": ANA}, BEN)
        assert "forty-two" not in str(llm.requests[-1])
        with pytest.raises(ScopeRequired, match="The config names no user"):
            runnable.invoke({"input": "Hello", "user_id": "ana"})
        bound = chat.bind(user="ben", session="s").as_runnable()
        bound.invoke("What does my PIN begin with?", ANA)
        assert "forty-two" not in str(llm.requests[-1])


def test_what_a_runnable_cannot_take_is_refused(tmp_path: Path) -> None:
    with Memory(tmp_path / "a.db") as memory:
        chat = Chat(ScriptedLLM(["ok"]), memory).as_runnable()
        prompt = ChatPromptTemplate.from_messages([("system", "Be brief."), ("human", "{text}")])
        for given in (prompt.invoke({"text": "Hi"}), [AIMessage("Hi")], {}, {"text": "Hi"}, 7, []):
            with pytest.raises(UsageProblem):
                chat.invoke(given, ANA)
        assert chat.invoke([HumanMessage("Earlier"), AIMessage("Yes"), HumanMessage("Now")], ANA).content == "ok"
        assert [turn.text for turn in memory.bind(user="ana").turns] == ["Now", "ok"]


def test_callbacks_reach_the_model_inside(tmp_path: Path) -> None:
    with Memory(tmp_path / "a.db") as memory:
        heard = Heard()
        chat = Chat(FakeListChatModel(responses=["Lisbon."]), memory).as_runnable()
        config: Any = {**ANA, "callbacks": [heard]}
        assert chat.invoke("Which city?", config).content == "Lisbon."
        assert heard.names == ["chain", "model"]
