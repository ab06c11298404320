"""What the standard suites leave out of the retriever, the chat model and the LangGraph store in a graph."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from langchain_core.caches import InMemoryCache
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.tools import tool
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.runtime import Runtime
from pydantic import BaseModel

from memagent import Memory, Note
from memagent.errors import CapabilityError, ScopeRequired, UnknownName, UsageProblem
from memagent.integrations.chat_model import MemagentChatModel, as_chat_model
from memagent.testing import ScriptedLLM
from memagent.types import Completion, Hit, Scope, Token, ToolCall, Triple, Usage


@pytest.fixture
def everybody() -> Iterator[Memory]:
    with Memory(":memory:") as memory:
        yield memory


@pytest.fixture
def memory(everybody: Memory) -> Memory:
    alice = everybody.bind(user="alice")
    when = datetime(2026, 3, 1, 12, tzinfo=UTC)
    metadata = {"page": 3, "score": "mine"}
    note = Note("Ida keeps the lighthouse.", title="People", source="a.md", at=when, metadata=metadata, id="ida")
    alice.add([note, Note("Bela lives in Oslo.", id="bela")])
    alice.facts.add([Triple("Ida", "keeps", "the lighthouse", passage="ida")])
    return alice


# --- the retriever


def test_a_document_says_where_it_is_from_and_why_it_was_found(memory: Memory) -> None:
    [hit] = memory.search("lighthouse", 1)
    [document] = memory.as_retriever(1).invoke("lighthouse")
    assert (document.id, document.page_content) == ("ida", "Ida keeps the lighthouse.")
    assert document.metadata == {
        "source": "a.md",
        "title": "People",
        "page": 3,
        "score": hit.score,
        "why": hit.why,
        "parts": dict(hit.parts),
        "kind": "passage",
        "at": "2026-03-01T12:00:00+00:00",
    }


def test_facts_and_paths_are_in_the_metadata_too(memory: Memory) -> None:
    [fact] = memory.as_retriever(using="facts").invoke("Who keeps the lighthouse?", k=1)
    assert (fact.metadata["kind"], fact.metadata["triple"]) == ("fact", ["Ida", "keeps", "the lighthouse"])
    [found] = memory.as_retriever(using="graph").invoke("Who keeps the lighthouse?", k=1)
    assert found.id == "ida" and found.metadata["parts"]


def test_a_retriever_of_ones_own_and_k_for_each_call(everybody: Memory, memory: Memory) -> None:
    class Newest:
        name = "newest"

        def retrieve(self, query: str, k: int, scope: Scope) -> list[Hit]:
            found = [Hit(one.id, one.text, 1.0) for one in memory.store.passages(scope)]
            return [*found[::-1], Hit("gone", "Removed meanwhile.", 0.5)][:k]

    retriever = memory.as_retriever(using=Newest())
    assert [one.id for one in retriever.invoke("x")] == ["bela", "ida", "gone"]
    assert [one.id for one in asyncio.run(retriever.ainvoke("x", k=2))] == ["bela", "ida"]
    assert everybody.bind(user="bob").as_retriever().invoke("lighthouse") == []
    with pytest.raises(ScopeRequired):
        everybody.as_retriever()
    with pytest.raises(ValueError, match="greater than or equal to 1"):
        memory.as_retriever(0)
    with pytest.raises(UnknownName, match="hybird"):
        memory.as_retriever(using="hybird")


# --- the chat model


def test_a_request_has_all_that_a_call_asks_for() -> None:
    llm = ScriptedLLM(["One two STOP three."] * 2, can=("stop", "seed", "logprobs"))
    model = as_chat_model(llm, temperature=0.5, stop=["STOP"])
    reply = model.invoke("Hi", max_tokens=9, seed=1, timeout=2.0, logprobs=True)
    request = llm.requests[0]
    assert (request.temperature, request.max_tokens, request.seed, request.timeout) == (0.5, 9, 1, 2.0)
    assert (request.stop, request.messages[0].role, reply.text) == (("STOP",), "user", "One two ")
    assert [one["token"] for one in reply.response_metadata["logprobs"]["content"]] == ["One", " two", " "]
    model.invoke("Hi", stop=["three"], temperature=0.0)
    assert (llm.requests[1].stop, llm.requests[1].temperature) == (("three",), 0.0)
    with pytest.raises(UsageProblem, match="top_k"):
        model.invoke("Hi", top_k=3)


@pytest.mark.parametrize("asynchronous", [False, True])
def test_a_stream_ends_with_calls_tokens_and_reason(asynchronous: bool) -> None:
    call = ToolCall("c1", "look", '{"at": "灯塔"}')
    tokens = (Token("I"), Token(" look."))
    done = Completion("I look.", tokens, usage=Usage(1, 5, 3, 0.25), model="m", calls=(call,))
    model = as_chat_model(ScriptedLLM([done], can=("tools",))).bind_tools([look])

    async def collected() -> list[Any]:
        return [chunk async for chunk in model.astream("Hi")]

    chunks = asyncio.run(collected()) if asynchronous else list(model.stream("Hi"))
    assert [chunk.text for chunk in chunks] == ["I", " look.", ""]
    whole = sum(chunks[1:], chunks[0])
    assert whole.tool_calls == [{"name": "look", "args": {"at": "灯塔"}, "id": "c1", "type": "tool_call"}]
    assert whole.usage_metadata == {"input_tokens": 5, "output_tokens": 3, "total_tokens": 8}
    assert (whole.response_metadata["finish_reason"], whole.response_metadata["cost"]) == ("tool_calls", 0.25)


@tool
def look(at: str) -> str:
    """Look at something."""
    return at


@tool
def listen(to: str) -> str:
    """Listen to something."""
    return to


def test_broken_calls_are_told_apart_and_go_back_as_they_came() -> None:
    broken = Completion("", calls=(ToolCall("c1", "look", '{"at": '), ToolCall("c2", "look", "[1]")))
    llm = ScriptedLLM([broken, "Sorry."], can=("tools",))
    model = as_chat_model(llm).bind_tools([look, listen], tool_choice="look")
    reply = model.invoke("Hi")
    assert reply.tool_calls == [] and [one["args"] for one in reply.invalid_tool_calls] == ['{"at": ', "[1]"]
    model.invoke([HumanMessage("Hi"), reply])
    assert llm.requests[1].messages[1].calls == broken.calls
    assert [one.name for one in llm.requests[0].tools] == ["look"]
    as_chat_model(none := ScriptedLLM(["No."])).bind_tools([look], tool_choice="none").invoke("Hi")
    assert none.requests[0].tools == ()


def test_what_a_model_cannot_do_is_refused_before_anything_is_spent() -> None:
    with pytest.raises(CapabilityError, match="tools"):
        as_chat_model("offline").bind_tools([look]).invoke("Hi")
    llm = ScriptedLLM(["Never."])
    picture = HumanMessage([{"type": "text", "text": "See"}, {"type": "image_url", "image_url": {"url": "x"}}])
    with pytest.raises(CapabilityError, match="image_url"):
        as_chat_model(llm).invoke([picture])
    assert llm.requests == []


class Place(BaseModel):
    """A place."""

    name: str


def test_a_form_is_told_in_words_and_sent_as_a_schema() -> None:
    llm = ScriptedLLM(['```json\n{"name": "Oslo"}\n```', "Oslo", '{"name": "Oslo"}'])
    asked = as_chat_model(llm).with_structured_output(Place)
    assert asked.invoke("Where?") == Place(name="Oslo")
    assert llm.requests[0].schema and '"name"' in llm.requests[0].messages[-1].content
    found: Any = as_chat_model(llm).with_structured_output(Place, include_raw=True).invoke("Where?")
    assert found["parsed"] is None and found["parsing_error"] is not None and found["raw"].text == "Oslo"
    found = as_chat_model(llm).with_structured_output(Place, include_raw=True).invoke("Where?")
    assert (found["parsed"], found["parsing_error"]) == (Place(name="Oslo"), None)
    with pytest.raises(UsageProblem, match="magic"):
        as_chat_model(llm).with_structured_output(Place, method="magic")


def test_two_models_do_not_share_what_a_cache_keeps() -> None:
    cache = InMemoryCache()
    first, second = ScriptedLLM(["One."], name="first"), ScriptedLLM(["Two."], name="second")
    for _ in range(2):
        assert MemagentChatModel(llm=first, cache=cache).invoke("Hi").text == "One."
        assert MemagentChatModel(llm=second, cache=cache).invoke("Hi").text == "Two."


def test_the_offline_model_answers_from_passages_in_a_chain(memory: Memory) -> None:
    from memagent.methods.plain import numbered
    from memagent.prompts import fill

    hits = memory.search("Who keeps the lighthouse?", 1)
    prompt = fill("plain/answer", passages=numbered(hits), question="Who keeps the lighthouse?")
    chain = as_chat_model("offline") | (lambda reply: reply.text)
    assert "Ida" in chain.invoke([(message.role, message.content) for message in prompt])


# --- the LangGraph store, in a graph


@pytest.mark.parametrize("asynchronous", [False, True])
def test_a_compiled_graph_reads_and_writes_the_store_of_a_memory(memory: Memory, asynchronous: bool) -> None:
    def keep(state: MessagesState, runtime: Runtime[Any]) -> dict[str, Any]:
        assert runtime.store is not None
        runtime.store.put(("notes",), "1", {"text": state["messages"][-1].text}, index=["text"])
        return {}

    async def akeep(state: MessagesState, runtime: Runtime[Any]) -> dict[str, Any]:
        assert runtime.store is not None
        await runtime.store.aput(("notes",), "1", {"text": state["messages"][-1].text}, index=["text"])
        return {}

    def answer(state: MessagesState, runtime: Runtime[Any]) -> dict[str, Any]:
        assert runtime.store is not None
        [item] = runtime.store.search(("notes",), query="Which tea?", limit=1)
        return {"messages": [AIMessage(json.dumps(item.value))]}

    async def aanswer(state: MessagesState, runtime: Runtime[Any]) -> dict[str, Any]:
        assert runtime.store is not None
        [item] = await runtime.store.asearch(("notes",), query="Which tea?", limit=1)
        return {"messages": [AIMessage(json.dumps(item.value))]}

    builder = StateGraph(MessagesState)
    builder.add_node("keep", akeep if asynchronous else keep)
    builder.add_node("answer", aanswer if asynchronous else answer)
    builder.add_edge(START, "keep")
    builder.add_edge("keep", "answer")
    graph = builder.compile(store=memory.as_langgraph_store())
    state: Any = {"messages": [HumanMessage("I like green tea.")]}
    done = asyncio.run(graph.ainvoke(state)) if asynchronous else graph.invoke(state)
    assert json.loads(done["messages"][-1].text) == {"text": "I like green tea."}
    assert memory.search("tea", 1)[0].source == "langgraph:notes/#1"
