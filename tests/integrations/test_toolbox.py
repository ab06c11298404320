"""The tools of a memory, and OpenAI's forms of them: what a model gets wrong is told to it; whose it is, is fixed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import openai
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openai.types.responses import ResponseFunctionToolCall

from memagent import Memory, Note
from memagent.errors import MemagentError, ScopeRequired, UnknownName
from memagent.integrations.openai_tools import OpenAITools
from memagent.integrations.toolbox import NAMES, MemoryTools, ToolResult
from memagent.testing.server import FakeOpenAIServer, Fault
from memagent.types import Triple


@pytest.fixture
def everybody() -> Iterator[Memory]:
    with Memory(":memory:") as memory:
        memory.bind(user="bob").add(Note("Bob likes green coffee.", id="coffee"))
        yield memory


@pytest.fixture
def memory(everybody: Memory) -> Memory:
    return everybody.bind(user="alice")


@pytest.fixture
def tools(memory: Memory) -> MemoryTools:
    return MemoryTools(memory)


def done(result: ToolResult) -> Any:
    assert not result.failed, result.text
    return json.loads(result.text)


def test_what_is_saved_is_found_listed_and_explained(tools: MemoryTools) -> None:
    id = done(tools.call("save_memory", '{"text": "我喜欢绿茶。", "at": "2026-03-01T12:00:00+01:00"}'))["id"]
    [found] = done(tools.call("search_memory", {"query": "绿茶"}))["memories"]
    assert (found["id"], found["text"], found["at"]) == (id, "我喜欢绿茶。", "2026-03-01T11:00:00+00:00")
    assert 0 < found["score"] <= 1 and found["why"]
    tools.call("save_memory", {"text": "The ferry leaves at nine."})
    listed = done(tools.call("list_memories", {"limit": 2}))["memories"]
    assert [one["text"] for one in listed] == ["The ferry leaves at nine.", "我喜欢绿茶。"]
    explained = done(tools.call("explain_memory", {"id": id}))
    assert explained["kind"] == "passage" and explained["verdict"] == "live"


def test_nothing_is_forgotten_before_it_was_shown(memory: Memory, tools: MemoryTools) -> None:
    ids = memory.add(["Ida keeps the lighthouse.", "Ida paints the ferry."])
    first = done(tools.call("forget_memory", {"ids": ids}))
    assert first["done"] is False and memory.count() == 2
    assert [one["text"] for one in first["would_forget"]] == ["Ida keeps the lighthouse.", "Ida paints the ferry."]
    assert tools.call("forget_memory", {"ids": ids[:1], "confirm": first["confirm"]}).failed
    assert memory.count() == 2
    assert done(tools.call("forget_memory", {"ids": ids, "confirm": first["confirm"]}))["done"] is True
    assert memory.count() == 0
    assert done(tools.call("restore_memory", {"ids": ids}))["restored"] == ids
    assert memory.count() == 2


def test_a_code_does_not_hold_for_more_than_was_shown(memory: Memory, tools: MemoryTools) -> None:
    [id] = memory.add("Ida lives in Gull Point.")
    code = done(tools.call("forget_memory", {"ids": [id]}))["confirm"]
    memory.facts.add(Triple("Ida", "lives in", "Gull Point", passage=id))
    assert tools.call("forget_memory", {"ids": [id], "confirm": code}).failed
    assert memory.count() == 1


def test_facts_are_found_by_their_parts_or_in_words(memory: Memory, tools: MemoryTools) -> None:
    memory.facts.add([("Ida", "lives in", "Gull Point"), ("Bela", "lives in", "Oslo")])
    assert [one["fact"] for one in done(tools.call("find_facts", {"subject": "ida"}))["facts"]] == [
        ["Ida", "lives in", "Gull Point"]
    ]
    assert done(tools.call("find_facts", {"query": "Who lives in Oslo?"}))["facts"][0]["fact"][0] == "Bela"
    some = done(tools.call("find_facts", {"relation": "lives in", "limit": 1}))
    assert (len(some["facts"]), some["more"]) == (1, 1)
    assert tools.call("find_facts", {"subject": "Ida", "query": "Oslo"}).failed


@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        ("serch_memory", {"query": "tea"}, "Did you mean search_memory?"),
        ("search_memory", '{"query": "tea"', "no JSON"),
        ("search_memory", '["tea"]', "JSON list"),
        ("search_memory", {}, "query: Field required"),
        ("search_memory", {"query": "tea", "k": 0}, "k: Input should be greater than"),
        ("search_memory", {"query": "tea", "user": "bob"}, "user: there is no such argument"),
        ("search_memory", {"query": "tea", "user_id": "bob"}, "It takes: query, k (optional)."),
        ("save_memory", {"text": "  "}, "is empty"),
        ("save_memory", {"text": "tea", "at": "2026-03-01"}, "timezone"),
        ("explain_memory", {"id": "coffee"}, "another user"),
        ("forget_memory", {"ids": ["coffee"]}, "nothing to forget"),
        ("forget_memory", {"ids": []}, "ids: List should have at least 1 item"),
        ("restore_memory", {"ids": ["coffee"]}, "coffee"),
    ],
)
def test_what_a_model_gets_wrong_is_told_to_it(tools: MemoryTools, name: str, arguments: Any, said: str) -> None:
    result = tools.call(name, arguments)
    assert result.failed
    told = json.loads(result.text)
    assert set(told) == {"error", "hint"} and said in told["error"] + told["hint"]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=())),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=4,
)
names = st.sampled_from(["query", "k", "text", "at", "ids", "id", "confirm", "limit", "subject", "history"])


@pytest.fixture(scope="module")
def fuzzed() -> Iterator[MemoryTools]:
    with Memory(":memory:") as memory:
        yield MemoryTools(memory.bind(user="fuzz"))


@settings(max_examples=40)
@given(
    name=st.sampled_from(NAMES) | st.text(max_size=5),
    arguments=st.dictionaries(names, json_values, max_size=3) | st.text(max_size=20),
)
def test_no_call_of_a_model_raises(fuzzed: MemoryTools, name: str, arguments: Any) -> None:
    for given_as in (arguments, json.dumps(arguments)):
        json.loads(fuzzed.call(name, given_as).text)


def test_no_definition_has_a_place_for_a_user(tools: MemoryTools) -> None:
    assert tuple(one.name for one in tools.definitions) == NAMES
    for one in tools.definitions:
        said = json.dumps(one.parameters)
        assert one.parameters["additionalProperties"] is False
        assert not {"user", "user_id", "session", "scope", "agent"} & set(one.parameters["properties"])
        assert not any(word in said for word in ('"title"', '"anyOf"', "null", "$ref"))
        assert one.description


def test_other_tools_than_were_offered_do_nothing(memory: Memory) -> None:
    tools = MemoryTools(memory, only=["search_memory"])
    assert [one.name for one in tools.definitions] == ["search_memory"]
    assert tools.call("save_memory", {"text": "I was never here."}).failed
    assert memory.count() == 0
    with pytest.raises(UnknownName, match="delete_everything"):
        MemoryTools(memory, only=["delete_everything"])


def test_tools_need_a_user(everybody: Memory) -> None:
    with pytest.raises(ScopeRequired):
        MemoryTools(everybody)


def test_a_memory_that_fails_is_no_fault_of_the_model(tools: MemoryTools, everybody: Memory) -> None:
    everybody.close()
    with pytest.raises(MemagentError, match="closed"):
        tools.call("save_memory", {"text": "tea"})


# --- OpenAI


def test_a_model_on_a_server_works_the_memory_by_chat_completions(memory: Memory) -> None:
    tools = OpenAITools(memory)
    script: list[Any] = [
        Fault(
            reply="",
            calls=(
                ("save_memory", '{"text": "Alice moved to Lisbon."}'),
                ("search_memory", '{"query": "Lisbon"'),
                ("drop_tables", "{}"),
            ),
        ),
        Fault(reply="", calls=(("search_memory", '{"query": "Lisbon"}'),)),
        lambda payload: json.loads(payload["messages"][-1]["content"])["memories"][0]["text"],
    ]
    with FakeOpenAIServer(script) as server, openai.OpenAI(base_url=server.url, api_key="x") as client:
        messages: list[Any] = [{"role": "user", "content": "I moved to Lisbon. Which city am I in?"}]
        while True:
            reply = client.chat.completions.create(model="fake", messages=messages, tools=tools.chat())
            message = reply.choices[0].message
            if not message.tool_calls:
                break
            messages += [message.model_dump(exclude_none=True), *tools.run_chat(message)]
    assert message.content == "Alice moved to Lisbon."
    answers = [one for one in messages if one["role"] == "tool"]
    assert [one["tool_call_id"] for one in answers] == ["call_0", "call_1", "call_2", "call_0"]
    assert "no JSON" in answers[1]["content"] and "drop_tables" in answers[2]["content"]
    assert [tool["function"]["name"] for tool in server.requests[0].payload["tools"]] == list(NAMES)


def test_the_function_calls_of_a_response_are_answered(memory: Memory) -> None:
    tools = memory.as_openai_tools(only=["save_memory", "search_memory"])
    assert [(one["type"], one["name"], one["strict"]) for one in tools.responses()] == [
        ("function", "save_memory", False),
        ("function", "search_memory", False),
    ]
    call = ResponseFunctionToolCall(
        type="function_call", call_id="c1", name="save_memory", arguments='{"text": "Alice likes tea."}'
    )
    output = [{"type": "reasoning", "summary": []}, call, {"type": "message", "content": []}]
    [answer] = tools.run_responses(output)
    assert (answer["type"], answer["call_id"]) == ("function_call_output", "c1")
    [again] = asyncio.run(
        tools.arun_responses({"output": [{**call.model_dump(), "name": "search_memory", "arguments": None}]})
    )
    assert "query: Field required" in again["output"]
    assert [passage.text for passage in memory.passages()] == ["Alice likes tea."]
