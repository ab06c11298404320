"""A conversation as LangChain's chat-message history."""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import Iterator

import pytest
from langchain_core.messages import (
    AIMessage,
    BaseMessage,
    ChatMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
)

from memagent import Memory, Note
from memagent.errors import Conflict, ScopeRequired, UsageProblem
from memagent.integrations.chat_history import MemagentChatMessageHistory


@pytest.fixture
def everybody() -> Iterator[Memory]:
    with Memory(":memory:") as memory:
        yield memory


@pytest.fixture
def session(everybody: Memory) -> Memory:
    return everybody.bind(user="alice", session="web-42")


@pytest.fixture
def history(session: Memory) -> MemagentChatMessageHistory:
    return session.as_chat_history()


MESSAGES: list[BaseMessage] = [
    SystemMessage("Be brief."),
    HumanMessage("Hi", name="Ana"),
    HumanMessage("Hi"),
    AIMessage(
        "",
        id="ai-1",
        tool_calls=[{"name": "look", "args": {"at": "灯塔"}, "id": "c1", "type": "tool_call"}],
        usage_metadata={"input_tokens": 3, "output_tokens": 4, "total_tokens": 7},
    ),
    ToolMessage("A lighthouse.", tool_call_id="c1", status="error"),
    AIMessage([{"type": "text", "text": "See: "}, {"type": "image_url", "image_url": {"url": "data:,x"}}], id="ai-2"),
    AIMessage([{"type": "text", "text": "One. "}, "Two."], id="ai-3", response_metadata={"model_name": "m"}),
    HumanMessage("  "),
    ChatMessage("I object.", role="critic"),
]


def test_messages_come_back_whole_in_order_and_with_ids(history: MemagentChatMessageHistory) -> None:
    history.add_messages(MESSAGES)
    back = history.messages
    assert [one.id for one in back[3:7:2]] == ["ai-1", "ai-2"]
    assert len({one.id for one in back}) == len(MESSAGES)
    assert [one.model_copy(update={"id": two.id}) for one, two in zip(back, MESSAGES, strict=True)] == MESSAGES


def test_a_message_is_a_turn_of_the_memory(history: MemagentChatMessageHistory, session: Memory) -> None:
    history.add_messages(MESSAGES)
    said = [(one.metadata["role"], one.metadata.get("speaker"), one.text) for one in session.passages() if one.text]
    assert said == [
        ("system", None, "Be brief."),
        ("user", "Ana", "Hi"),
        ("user", None, "Hi"),
        ("tool", None, "A lighthouse."),
        ("assistant", None, "See: "),
        ("assistant", None, "One. Two."),
        ("user", "critic", "I object."),
    ]
    assert all(one.at is not None and not one.title for one in session.passages())
    assert session.search("object", 1)[0].text == "I object."


def test_an_edited_passage_is_an_edited_message(history: MemagentChatMessageHistory, session: Memory) -> None:
    history.add_messages(MESSAGES[5:7])
    session.edit("ai-3", "Three.")
    session.edit("ai-2", "Look: ")
    first, second = history.messages
    assert first.content == [{"type": "text", "text": "Look: "}, {"type": "image_url", "image_url": {"url": "data:,x"}}]
    assert second.content == [{"type": "text", "text": "Three."}]


def test_clear_takes_the_turns_of_this_session_alone(everybody: Memory, session: Memory) -> None:
    other = everybody.bind(user="alice", session="web-43").as_chat_history()
    bob = everybody.bind(user="bob", session="web-42").as_chat_history()
    for history in (session.as_chat_history(), other, bob):
        history.add_user_message("Hi")
        history.add_ai_message("Hello.")
    agent = session.bind(agent="critic").as_chat_history()
    agent.add_user_message("Between the two of us.")
    session.add(Note("A note of the session.", id="note"))
    session.as_chat_history().clear()
    assert session.as_chat_history().messages == []
    assert [one.text for one in agent.messages] == ["Between the two of us."]
    assert [passage.id for passage in session.passages() if passage.scope == session.scope] == ["note"]
    assert [len(history.messages) for history in (other, bob)] == [2, 2]


def test_the_same_id_is_the_same_message(history: MemagentChatMessageHistory) -> None:
    for _ in range(2):
        history.add_messages([HumanMessage("Hi", id="h1"), AIMessage("Hello.", id="a1")])
    assert [one.id for one in history.messages] == ["h1", "a1"]
    with pytest.raises(Conflict, match="h1"):
        history.add_messages([HumanMessage("Bye", id="h1")])


def test_turns_of_others_are_read_but_for_those_of_tools(history: MemagentChatMessageHistory, session: Memory) -> None:
    session.add(Note("I moved.", id="t1", metadata={"role": "user", "speaker": "Ana"}))
    session.add(Note("42", id="t2", metadata={"role": "tool"}))
    session.add(Note("Where to?", id="t3", metadata={"role": "assistant"}))
    assert history.messages == [HumanMessage("I moved.", id="t1", name="Ana"), AIMessage("Where to?", id="t3")]


def test_a_history_in_an_event_loop(history: MemagentChatMessageHistory) -> None:
    async def run() -> list[BaseMessage]:
        await history.aadd_messages([HumanMessage("Hi"), AIMessage("Hello.")])
        found = await history.aget_messages()
        await history.aclear()
        return found + await history.aget_messages()

    assert [one.text for one in asyncio.run(run())] == ["Hi", "Hello."]


def test_a_runnable_with_history_goes_on_where_it_was(everybody: Memory) -> None:
    from langchain_core.runnables import RunnableLambda

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # LangChain calls it deprecated
        from langchain_core.runnables.history import RunnableWithMessageHistory

        chain = RunnableWithMessageHistory(
            RunnableLambda(lambda messages: AIMessage(f"{len(messages)} messages")),
            lambda session_id: everybody.bind(user="alice", session=session_id).as_chat_history(),
        )
        config = {"configurable": {"session_id": "s"}}
        assert chain.invoke([HumanMessage("Hi")], config=config).text == "1 messages"
        assert chain.invoke([HumanMessage("Hi")], config=config).text == "3 messages"


def test_a_history_needs_a_user_and_a_session(everybody: Memory) -> None:
    with pytest.raises(ScopeRequired):
        everybody.as_chat_history()
    with pytest.raises(UsageProblem, match="session"):
        everybody.bind(user="alice").as_chat_history()
