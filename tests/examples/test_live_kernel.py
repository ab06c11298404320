"""A kernel that lives, as a person has it before them: within its running loop, interrupted, and a cell run twice."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("nbclient")
pytest.importorskip("nbconvert")

import notebooks
from jupyter_client.manager import AsyncKernelManager

BEGIN = """
import asyncio
from pathlib import Path
from memagent import Chat, Controller, Memory, Story, plain
from memagent.indexing.files import notes_from
from memagent.story.config import StoryConfig
from memagent.story.writing import write

memory = Memory("bot.db").bind(user="reader")
agent = Controller("offline", memory)
question = "Who keeps the lighthouse of Holm?"
"""
KEEP = f"""
memory.add(notes_from({str(notebooks.EXAMPLES / "island.md")!r}))
print(memory.count())
"""
SYNC = """
print(asyncio.get_running_loop().is_running(), agent.run(plain(question)).value.text)
print([type(event).__name__ for event in agent.stream(plain(question))][-1])
"""
ASYNC = """
result = await agent.arun(plain(question))
both = await asyncio.gather(agent.arun(plain(question)), agent.arun(plain("Where was Mara Venn born?")))
reply = await Chat("offline", memory).bind(user="reader", session="s").asend("Hello.")
print(result.value.text, len(both), bool(reply))
"""
LONG = """
Story.create("light", "A lighthouse keeper stops believing that her brother is dead.", StoryConfig(select="first"))
story = Story("light")
print("writing", flush=True)
with story.editing():
    write(story, Controller("offline", story.memory), 100_000, select="first")
"""
ON = """
before = len(story.record.paragraphs)
with story.editing():
    write(story, Controller("offline", story.memory), before + 1, select="first")
again = Story("light")
print(before > 0, len(again.record.paragraphs) - before, agent.run(plain(question)).value.text)
"""


class Kernel:
    """A kernel to which cells are given one by one."""

    def __init__(self, manager: AsyncKernelManager, client: Any) -> None:
        self.manager, self.client = manager, client

    async def run(self, cell: str, interrupt_at: str = "") -> tuple[str, str]:
        """Return what a cell printed, and its state or the name of its error; interrupt it when it has said a word."""
        said: list[str] = []

        def heard(message: Any) -> None:
            content = message["content"]
            if message["msg_type"] == "stream":
                said.append(content["text"])
                if interrupt_at and interrupt_at in content["text"]:
                    asyncio.get_running_loop().call_later(0.5, lambda: asyncio.ensure_future(self.interrupted()))

        reply = await self.client.execute_interactive(cell, output_hook=heard, timeout=60)
        return "".join(said).strip(), reply["content"].get("ename", reply["content"]["status"])

    async def interrupted(self) -> None:
        await self.manager.interrupt_kernel()


async def lived(home: Path) -> list[tuple[str, str]]:
    with notebooks.kernel_environment(home) as environment:
        manager = notebooks.kernel_manager(home)
        await manager.start_kernel(env=environment, cwd=str(home))
        client = manager.client()
        client.start_channels()
        try:
            await client.wait_for_ready(timeout=60)
            kernel = Kernel(manager, client)
            told = [await kernel.run(cell) for cell in (BEGIN, KEEP, KEEP, SYNC, ASYNC)]
            return [*told, await kernel.run(LONG, "writing"), await kernel.run(ON)]
        finally:
            client.stop_channels()
            await manager.shutdown_kernel(now=True)


def test_a_living_kernel_runs_within_its_loop_is_interrupted_and_goes_on() -> None:
    home = Path(tempfile.mkdtemp(prefix="nb"))  # short, as the paths of sockets have to be
    try:
        begun, kept, kept_again, ran, awaited, stopped, went_on = asyncio.run(lived(home))
    finally:
        shutil.rmtree(home, ignore_errors=True)
    assert begun == ("", "ok")
    assert kept == kept_again == ("10", "ok")
    assert ran == ("True Mara Venn [1].\nRunDone", "ok")
    assert awaited == ("Mara Venn [1]. 2 True", "ok")
    assert stopped == ("writing", "KeyboardInterrupt")
    assert went_on == ("True 1 Mara Venn [1].", "ok")
