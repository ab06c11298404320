"""A conversation as a session of OpenAI's Agents SDK, with the SDK's own runner against a server on this machine."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import agents
import openai
import pytest
from agents.memory import Session, SessionSettings

from memagent import Memory, Note
from memagent.errors import ScopeRequired, UsageProblem
from memagent.integrations.agents import MemagentSession
from memagent.testing.server import FakeOpenAIServer, Fault

agents.set_tracing_disabled(True)

ITEMS: list[Any] = [
    {"role": "user", "content": "Hi"},
    {
        "role": "user",
        "content": [{"type": "input_text", "text": "看："}, {"type": "input_image", "image_url": "data:,x"}],
    },
    {"id": "rs_1", "type": "reasoning", "summary": []},
    {"type": "function_call", "call_id": "c1", "name": "look", "arguments": "{}"},
    {"type": "function_call_output", "call_id": "c1", "output": "A lighthouse."},
    {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "status": "completed",
        "content": [{"type": "output_text", "text": "A lighthouse.", "annotations": []}],
    },
    {"role": "developer", "content": "Be brief."},
    {"role": "user", "content": ""},
]


@pytest.fixture
def everybody() -> Iterator[Memory]:
    with Memory(":memory:") as memory:
        yield memory


@pytest.fixture
def session(everybody: Memory) -> MemagentSession:
    return everybody.bind(user="alice", session="web-42").as_agents_session()


def test_items_come_back_whole_and_in_order(session: MemagentSession) -> None:
    async def talk() -> None:
        assert isinstance(session, Session) and session.session_id == "web-42"
        await session.add_items(ITEMS[:3])
        await session.add_items(ITEMS[3:])
        assert await session.get_items() == ITEMS
        assert await session.get_items(limit=3) == ITEMS[-3:]
        assert await session.get_items(limit=0) == []
        assert await session.pop_item() == ITEMS[-1]
        assert await session.pop_item() == ITEMS[-2]
        assert await session.get_items() == ITEMS[:-2]
        await session.clear_session()
        assert await session.get_items() == [] and await session.pop_item() is None

    asyncio.run(talk())


def test_messages_are_turns_and_the_rest_is_found_by_no_search(session: MemagentSession) -> None:
    asyncio.run(session.add_items(ITEMS))
    said = [(one.metadata["role"], one.text) for one in session.memory.passages() if one.text]
    assert said == [("user", "Hi"), ("user", "看："), ("assistant", "A lighthouse."), ("system", "Be brief.")]
    assert [hit.text for hit in session.memory.search("lighthouse look", 20, using="keyword")] == ["A lighthouse."]
    [id] = [one.id for one in session.memory.passages() if one.text == "A lighthouse."]
    session.memory.edit(id, "A tower.")
    edited = [item for item in asyncio.run(session.get_items()) if item.get("id") == "msg_1"]
    assert edited[0]["content"] == [{"type": "output_text", "text": "A tower.", "annotations": []}]


def test_a_session_is_one_conversation_and_leaves_the_rest(everybody: Memory, session: MemagentSession) -> None:
    others = [everybody.bind(user=user, session=name) for user, name in (("alice", "web-43"), ("bob", "web-42"))]
    session.memory.add(Note("A note.", id="note"))
    session.memory.add(Note("42", id="orphan", metadata={"role": "tool"}))
    for one in (session.memory, *others):
        asyncio.run(one.as_agents_session().add_items(ITEMS))
    assert asyncio.run(session.get_items()) == ITEMS
    asyncio.run(session.clear_session())
    assert [one.id for one in session.memory.passages()] == ["note"]
    assert [len(asyncio.run(one.as_agents_session().get_items())) for one in others] == [len(ITEMS)] * 2


def test_what_is_no_item_and_what_is_no_conversation_is_refused(everybody: Memory, session: MemagentSession) -> None:
    with pytest.raises(UsageProblem, match="not a str"):
        asyncio.run(session.add_items([ITEMS[0], "Hi"]))  # type: ignore[list-item]
    assert session.memory.count() == 0
    with pytest.raises(ScopeRequired):
        everybody.as_agents_session()
    with pytest.raises(UsageProblem, match="session"):
        everybody.bind(user="alice").as_agents_session()


def test_the_runner_of_the_sdk_goes_on_with_a_session_after_a_restart(tmp_path: Any) -> None:
    @agents.function_tool
    def weather(city: str) -> str:
        """Tell the weather of a city."""
        return f"It rains in {city}."

    def answers(payload: dict[str, Any]) -> str:
        return f"{len(payload['messages'])} messages; first: {payload['messages'][1]['content']}"

    script = [Fault(reply="", calls=(("weather", json.dumps({"city": "Lisbon"})),)), "It rains.", answers]

    async def ask(url: str, text: str) -> str:
        async with openai.AsyncOpenAI(base_url=url, api_key="x") as client:
            model = agents.OpenAIChatCompletionsModel("fake", openai_client=client)
            made = agents.Agent(name="a", instructions="Be brief.", model=model, tools=[weather])
            with Memory(tmp_path / "bot.db") as memory:
                session = memory.bind(user="alice", session="s").as_agents_session()
                done = await agents.Runner.run(made, text, session=session)
                return str(done.final_output)

    with FakeOpenAIServer(script) as server:
        assert asyncio.run(ask(server.url, "How is it in Lisbon?")) == "It rains."
        second = asyncio.run(ask(server.url, "And now?"))
    assert second == "6 messages; first: How is it in Lisbon?"
    roles = [one["role"] for one in server.requests[-1].payload["messages"]]
    assert roles == ["system", "user", "assistant", "tool", "assistant", "user"]
    with Memory(tmp_path / "bot.db") as memory:
        kept = memory.bind(user="alice", session="s")
        assert [one.text for one in kept.passages() if one.text] == [
            "How is it in Lisbon?",
            "It rains.",
            "And now?",
            second,
        ]
        kind = [str(item.get("type", item.get("role"))) for item in asyncio.run(kept.as_agents_session().get_items())]
        assert kind == ["user", "function_call", "function_call_output", "message", "user", "message"]


def test_the_limit_of_the_settings_holds_where_none_is_given(everybody: Memory) -> None:
    memory = everybody.bind(user="alice", session="s")
    session = MemagentSession(memory, session_settings=SessionSettings(limit=2))
    asyncio.run(session.add_items(ITEMS))
    assert asyncio.run(session.get_items()) == ITEMS[-2:]
    assert asyncio.run(session.get_items(limit=1)) == ITEMS[-1:]
