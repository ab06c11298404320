"""By no way does a memory show a model more tokens than it may; what is left out is told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain_core.messages import HumanMessage, ToolMessage

from memagent import Memory, Note
from memagent.chat.counting import cautious
from memagent.errors import NotFound, UsageProblem
from memagent.integrations.agents import MemagentSession
from memagent.integrations.capped import written
from memagent.integrations.chat_model import as_chat_model
from memagent.integrations.excerpts import excerpt
from memagent.integrations.langchain_tools import memory_tools
from memagent.integrations.mcp_server import mcp_server
from memagent.integrations.middleware import MemagentMiddleware
from memagent.integrations.openai_tools import OpenAITools
from memagent.integrations.retriever import MemagentRetriever
from memagent.testing import ScriptedLLM
from memagent.types import Completion, Request, ToolCall

CAN = ("stop", "tools")
FILLER = "Nothing is said in this line but that the weather was dull.\n" * 250


@pytest.fixture
def everybody() -> Iterator[Memory]:
    """Six reports of alice, each of about 30 KB, with one sentence in the middle that says something."""
    with Memory(":memory:") as memory:
        for n in range(6):
            text = f"{FILLER}The quark of report {n} weighs {n} grams.\n{FILLER}"
            memory.bind(user="alice").add(Note(text, title=f"Report {n}", id=f"r{n}"))
        yield memory


@pytest.fixture
def alice(everybody: Memory) -> Memory:
    return everybody.bind(user="alice")


@pytest.mark.parametrize(
    ("text", "query", "found"),
    [
        (f"{FILLER}The quark weighs 7 grams.\n{FILLER}", "How heavy are quarks?", "The quark weighs 7 grams."),
        ("天气很好。" * 3000 + "我的猫叫小白。" + "天气很好。" * 3000, "猫叫什么名字", "我的猫叫小白。"),
        ("Дождь идёт. " * 3000 + "Кошку зовут Мурка. " + "Дождь идёт. " * 3000, "как зовут кошку?", "зовут Мурка."),
        ("a" * 90_000 + " lighthouse " + "b" * 90_000, "lighthouse", "lighthouse"),
    ],
)
def test_of_a_long_text_the_piece_around_what_is_asked_is_shown(text: str, query: str, found: str) -> None:
    shown = excerpt(text, query, 200)
    assert found in shown and cautious(shown) <= 200
    assert shown.startswith("[…]") and shown.endswith("[…]")
    assert all(part.strip() in text for part in shown.split("[…]"))


def test_a_text_that_fits_is_the_very_same_and_one_without_a_match_shows_its_beginning() -> None:
    assert excerpt("Short.", "lighthouse", 10) == "Short."
    assert excerpt(FILLER, "lighthouse", 60).startswith("Nothing is said in this line")


def test_no_tool_returns_more_tokens_than_it_may(alice: Memory) -> None:
    alice.facts.add([(f"quark {n} {'x ' * 5000}", "is", "a particle") for n in range(30)])
    for tokens in (400, 4000):
        tools = OpenAITools(alice, tokens=tokens)
        searched = tools.call("search_memory", {"query": "What does the quark weigh?", "k": 6})
        listed = tools.call("list_memories", {"limit": 50})
        facts = tools.call("find_facts", {"relation": "is"})
        explained = tools.call("explain_memory", {"id": "r1"})
        for result in (searched, listed, facts, explained):
            assert not result.failed and cautious(result.text) <= tokens
        assert all("weighs" in one["text"] and "tokens" in one["left_out"] for one in searched.data["memories"])
        assert "shown in pieces" in searched.data["left_out"]
        assert facts.data["more"] == 30 - len(facts.data["facts"])
    assert len(searched.data["memories"]) == 6


def test_what_would_be_forgotten_is_shown_whole_in_number_or_refused(alice: Memory) -> None:
    tools = OpenAITools(alice, tokens=400)
    first = tools.call("forget_memory", {"ids": ["r0", "r1"]})
    assert [one["id"] for one in first.data["would_forget"]] == ["r0", "r1"] and cautious(first.text) <= 400
    assert tools.call("forget_memory", {"ids": ["r0", "r1"], "confirm": first.data["confirm"]}).data["done"] is True
    ids = alice.add([f"Note {n}" for n in range(50)])
    refused = tools.call("forget_memory", {"ids": ids})
    assert refused.failed and refused.data["hint"] == "Give fewer of them at once."


def test_short_memories_are_shown_as_ever(everybody: Memory) -> None:
    bob = everybody.bind(user="bob")
    bob.add([Note("Bob likes tea.", id="a"), Note("Bob likes rum.", id="b")])
    result = OpenAITools(bob).call("search_memory", {"query": "tea"})
    assert [one["text"] for one in result.data["memories"]] == ["Bob likes tea."]
    assert "left_out" not in str(result.data)


def test_the_tools_of_agents_and_of_mcp_have_the_same_limit(everybody: Memory, alice: Memory) -> None:
    call = Completion("", calls=(ToolCall("c", "search_memory", '{"query": "quark", "k": 6}'),))
    llm = ScriptedLLM([call, "Done."], can=CAN)
    made = create_agent(as_chat_model(llm), memory_tools(everybody, tokens=500), context_schema=dict)
    state = made.invoke({"messages": [("user", "Look.")]}, context={"user_id": "alice"})
    [told] = [one for one in state["messages"] if isinstance(one, ToolMessage)]
    assert cautious(str(told.content)) <= 500 and "weighs" in str(told.content)
    for wrong in (0, 399, True, "many"):
        with pytest.raises(UsageProblem, match="whole number of 400 or more"):
            memory_tools(everybody, tokens=wrong)  # type: ignore[arg-type]
        with pytest.raises(UsageProblem, match="whole number of 400 or more"):
            mcp_server(alice, tokens=wrong)  # type: ignore[arg-type]


class Counted:
    """A retriever that counts how often it is asked."""

    name = "counted"

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self.asked: list[str] = []

    def retrieve(self, query: str, k: int, scope: Any) -> Any:
        self.asked.append(query)
        return self._memory.search(query, k)


@pytest.mark.parametrize("asynchronous", [False, True])
def test_the_middleware_looks_once_for_a_message_and_shows_no_more_than_it_may(
    everybody: Memory, alice: Memory, asynchronous: bool
) -> None:
    def forgets(request: Request) -> Completion:
        alice.forget("r1")
        alice.edit("r2", "The quark of report 2 was never weighed.")
        return Completion("", calls=(ToolCall("c2", "list_memories", "{}"),))

    call = Completion("", calls=(ToolCall("c1", "list_memories", "{}"),))
    llm = ScriptedLLM([call, forgets, "Done.", "Again."], can=CAN)
    counted = Counted(alice)
    own = MemagentMiddleware(everybody, tokens=900, k=6, using=counted, tools=["list_memories"])
    made = create_agent(as_chat_model(llm), middleware=[own], context_schema=dict)
    counted.asked.clear()
    asked = {"messages": [HumanMessage("What do the quarks weigh?", id="h1")]}
    context = {"user_id": "alice"}

    def ask() -> None:
        if asynchronous:
            asyncio.run(made.ainvoke(asked, context=context))
        else:
            made.invoke(asked, context=context)

    ask()
    assert [query for query in counted.asked if query] == ["What do the quarks weigh?"]
    first, second, third = [request.messages[0].content for request in llm.requests]
    assert first == second and first.endswith("\n\nWhat do the quarks weigh?")
    assert "The quark of report 1 weighs 1 grams." in first and '"left_out": ' in first
    for content in (first, third):
        assert cautious(content.removesuffix("\n\nWhat do the quarks weigh?")) <= 900
    assert "report 1 weighs" not in third and "report 2 was never weighed" in third
    ask()
    assert len([query for query in counted.asked if query]) == 2


def test_a_retriever_fills_a_prompt_with_no_more_than_it_may(alice: Memory) -> None:
    found = alice.as_retriever(6).invoke("What does the quark weigh?")
    assert len(found) == 6 and sum(cautious(one.page_content) for one in found) <= 8000
    assert all("weighs" in one.page_content and "tokens" in one.metadata["left_out"] for one in found)
    whole = MemagentRetriever(memory=alice, k=6, tokens=None).invoke("What does the quark weigh?")
    assert all(len(one.page_content) > 20_000 and "left_out" not in one.metadata for one in whole)
    few = MemagentRetriever(memory=alice, k=6, tokens=400).invoke("What does the quark weigh?")
    assert sum(cautious(one.page_content) for one in few) <= 400
    assert f"{6 - len(few)} more had no room" in few[-1].metadata["left_out"]


def test_a_session_of_agents_gives_the_latest_items_that_fit_and_says_so(everybody: Memory) -> None:
    talk = everybody.bind(user="alice", session="s")
    session = MemagentSession(talk, tokens=1000)
    call = {"type": "function_call", "call_id": "c", "name": "look", "arguments": json.dumps({"at": "sea " * 100})}
    found = {"type": "function_call_output", "call_id": "c", "output": "It is wet. " * 100}
    old: list[Any] = [{"role": "user", "content": "tide " * 900}, call, found, {"role": "assistant", "content": "Wet."}]
    new: list[Any] = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Ho"}]
    asyncio.run(session.add_items([*old, *new]))
    shown = asyncio.run(session.get_items())
    assert shown[1:] == new and "4 earlier items" in str(shown[0]) and written(shown) <= 1000
    assert asyncio.run(MemagentSession(talk, tokens=None).get_items()) == [*old, *new]
    last: list[Any] = [{"role": "user", "content": "stone " * 9000}, call, {**found, "output": "deep " * 9000}]
    asyncio.run(session.add_items(last))
    shown = asyncio.run(session.get_items())
    assert written(shown) <= 1000 and "6 earlier items" in str(shown[0])
    assert [one.get("type", one.get("role")) for one in shown[1:]] == ["user", "function_call", "function_call_output"]
    assert shown[2] == call and shown[1]["content"].endswith("[…]")


def test_of_several_who_pop_at_once_each_gets_another_item(everybody: Memory) -> None:
    session = everybody.bind(user="alice", session="s").as_agents_session()

    async def pops() -> list[Any]:
        await session.add_items([{"role": "user", "content": f"q{n}"} for n in range(20)])
        return await asyncio.gather(*[session.pop_item() for _ in range(24)])

    popped = [one["content"] for one in asyncio.run(pops()) if one is not None]
    assert sorted(popped) == sorted(f"q{n}" for n in range(20))
    with pytest.raises(NotFound):
        session.memory.delete("gone")
