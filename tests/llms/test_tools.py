"""Tools: sent as the interface has them, calls read whole and streamed, cached, traced, and refused where unknown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from memagent import Controller
from memagent.errors import CapabilityError
from memagent.flow import generate
from memagent.llms.cached import Cached
from memagent.llms.openai import OpenAI
from memagent.llms.openai_format import Assembly
from memagent.testing import FakeOpenAIServer, Fault, ScriptedLLM
from memagent.trace import Trace
from memagent.types import Completion, Message, Request, Tool, ToolCall

TOOL = Tool("look_up", "Looks a thing up.", {"type": "object", "properties": {"thing": {"type": "string"}}})
ASKS = Fault(reply="One moment.", calls=(("look_up", '{"thing": "lamp"}'), ("look_up", '{"thing": "tide"}')))
CALLS = (ToolCall("call_0", "look_up", '{"thing": "lamp"}'), ToolCall("call_1", "look_up", '{"thing": "tide"}'))
REQUEST = Request((Message("user", "The lamp?"),), tools=(TOOL,), temperature=0.0)


def test_calls_come_back_whole_and_streamed_and_their_results_go_out() -> None:
    with FakeOpenAIServer([ASKS, ASKS, "It is lit."]) as server:
        llm = OpenAI("fake", base_url=server.url)
        whole = llm.complete(REQUEST)
        *_, streamed = llm.stream(REQUEST)
        assert isinstance(streamed, Completion)
        assert (whole.text, whole.calls, whole.finish_reason) == ("One moment.", CALLS, "stop")
        assert (streamed.text, streamed.calls) == (whole.text, whole.calls)
        answered = (
            *REQUEST.messages,
            Message("assistant", "One moment.", CALLS),
            Message("tool", "lit", answers="call_0"),
        )
        assert llm.complete(Request(answered, tools=(TOOL,))).text == "It is lit."
        first, _, last = (received.payload for received in server.requests)
    assert first["tools"] == [
        {
            "type": "function",
            "function": {"name": TOOL.name, "description": TOOL.description, "parameters": TOOL.parameters},
        }
    ]
    assert last["messages"][1]["tool_calls"][0]["function"] == {"name": "look_up", "arguments": '{"thing": "lamp"}'}
    assert last["messages"][2] == {"role": "tool", "content": "lit", "tool_call_id": "call_0"}


def test_a_reply_of_calls_alone_is_a_reply() -> None:
    body = {"choices": [{"message": {"content": None, "tool_calls": [{"function": {"name": "look_up"}}]}}]}
    with FakeOpenAIServer([Fault(body=body)]) as server:
        reply = OpenAI("fake", base_url=server.url).complete(REQUEST)
    assert (reply.text, reply.calls) == ("", (ToolCall("", "look_up", ""),))


def piece(index: int | None, id: str | None, name: str | None, arguments: str | None) -> dict[str, Any]:
    numbered = {} if index is None else {"index": index}
    return {**numbered, "id": id, "type": "function", "function": {"name": name, "arguments": arguments}}


@pytest.mark.parametrize(
    "pieces",
    [
        [piece(0, "a", "look_up", "{1}"), piece(0, "b", "look_up", "{2}")],
        [piece(None, "a", "look_up", "{1}"), piece(None, "b", "look_up", "{2}")],
        [
            piece(0, "a", "look_up", ""),
            piece(0, "b", "look_up", "{"),
            piece(0, "a", None, "{1}"),
            piece(0, "b", "", "2}"),
        ],
        [
            piece(0, "a", "look_up", "{"),
            piece(0, "x", None, "1}"),
            piece(1, "b", "look_up", "{2"),
            piece(1, "y", "", "}"),
        ],
        [piece(1, "b", "look_up", "{2}"), piece(0, "a", "look_up", "{1"), piece(0, None, None, "}")],
        [
            piece(0, None, "look_up", "{1"),
            piece(0, "a", None, "}"),
            piece(0, "b", "look_up", None),
            piece(0, None, None, "{2}"),
        ],
    ],
    ids=["one index", "no index", "one index, by id", "an id a piece", "by index", "late id"],
)
def test_streamed_calls_are_told_apart_by_index_and_id(pieces: list[Any]) -> None:
    reply = Assembly(REQUEST, "fake", None)
    for one in pieces:
        reply.add({"choices": [{"delta": {"tool_calls": [one]}}]})
    assert reply.completion().calls == (ToolCall("a", "look_up", "{1}"), ToolCall("b", "look_up", "{2}"))


def test_a_server_that_refuses_tools_is_one_without_them() -> None:
    with FakeOpenAIServer(["unused"], refuses=["tools"]) as server:
        llm = OpenAI("fake", base_url=server.url)
        assert "tools" in llm.can
        with pytest.raises(CapabilityError, match="tools"):
            llm.complete(REQUEST)
        assert "tools" not in llm.can


def test_a_model_without_tools_refuses_them_before_anything_is_spent() -> None:
    llm = ScriptedLLM(["unused"])
    with pytest.raises(CapabilityError, match="tools"):
        llm.complete(REQUEST)
    with pytest.raises(CapabilityError, match="tools"):
        llm.complete(Request((Message("tool", "lit", answers="call_0"),)))


def test_calls_are_kept_by_the_cache_and_the_trace(tmp_path: Path) -> None:
    llm = ScriptedLLM([Completion("", calls=CALLS)], can=["tools"])
    cached = Cached(llm, tmp_path / "cache.db")
    assert cached.complete(REQUEST).calls == cached.complete(REQUEST).calls == CALLS

    def flow():  # type: ignore[no-untyped-def]
        reply = yield from generate("The lamp?", tools=[TOOL], temperature=0.0)
        return reply.calls

    controller = Controller(ScriptedLLM([Completion("", calls=CALLS)], can=["tools"]))
    assert controller.run(flow(), trace=tmp_path / "trace.jsonl").value == CALLS
    assert Trace.load(tmp_path / "trace.jsonl").replay(flow()) == CALLS
