"""LangMem's tools over a memory: what an agent writes down is found again, by its tools and by the memory."""

from __future__ import annotations

import asyncio
import json
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from memagent import Memory

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # what the package and its dependencies warn of while they are imported
    langmem = pytest.importorskip("langmem", reason="pip install langmem", exc_type=ImportError)

from memagent.integrations.langgraph import MemagentStore


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Memory]:
    with Memory(tmp_path / "notes.db") as memory:
        yield memory.bind(user="alice")


def test_what_one_tool_writes_the_other_finds(memory: Memory) -> None:
    store = MemagentStore(memory)
    manage = langmem.create_manage_memory_tool(namespace=("memories", "{user}"), store=store)
    search = langmem.create_search_memory_tool(namespace=("memories", "{user}"), store=store)
    config = {"configurable": {"user": "alice"}}

    said = manage.invoke({"content": "Alice likes green tea."}, config=config)
    manage.invoke({"content": "Bob likes green coffee."}, config={"configurable": {"user": "bob"}})
    found = json.loads(search.invoke({"query": "Which tea?"}, config=config))
    assert [item["value"] for item in found] == [{"content": "Alice likes green tea."}]
    assert found[0]["namespace"] == ["memories", "alice"] and found[0]["key"] in said
    assert memory.search("green tea")[0].source == f"langgraph:memories/alice/#{found[0]['key']}"

    manage.invoke({"content": "Alice likes oolong.", "action": "update", "id": found[0]["key"]}, config=config)
    found = json.loads(search.invoke({"query": "Which tea?"}, config=config))
    assert [item["value"] for item in found] == [{"content": "Alice likes oolong."}]
    manage.invoke({"action": "delete", "id": found[0]["key"]}, config=config)
    assert json.loads(search.invoke({"query": "Which tea?"}, config=config)) == []


def test_the_tools_run_in_an_event_loop(memory: Memory) -> None:
    store = MemagentStore(memory)
    manage = langmem.create_manage_memory_tool(namespace=("memories",), store=store)
    search = langmem.create_search_memory_tool(namespace=("memories",), store=store)

    async def run() -> str:
        await asyncio.gather(*(manage.ainvoke({"content": f"The ferry leaves at {hour}."}) for hour in range(5, 10)))
        return str(await search.ainvoke({"query": "When does the ferry leave?", "limit": 3}))

    assert len(json.loads(asyncio.run(run()))) == 3
    assert len(store.search(("memories",))) == 5
