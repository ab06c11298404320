"""A session of OpenAI's Agents SDK that is kept in a memory. No key: the server is a script on this machine.

pip install "memagent[agents]"

Leave model and server out, and the agent talks to OpenAI.
"""

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory

from agents import Agent, OpenAIChatCompletionsModel, Runner, set_tracing_disabled
from openai import AsyncOpenAI

from memagent import Memory
from memagent.testing.server import FakeOpenAIServer

SCRIPT = ["Noted.", lambda payload: f"You said: {payload['messages'][1]['content']}"]  # what a model would say


async def ask(url: str, file: Path, text: str) -> str:
    """Ask as a program would that was started anew for each question."""
    async with AsyncOpenAI(base_url=url, api_key="none") as client:
        model = OpenAIChatCompletionsModel("gpt-4.1-mini", openai_client=client)
        agent = Agent(name="Assistant", instructions="Be brief.", model=model)
        with Memory(file) as memory:
            session = memory.bind(user="alice", session="web-42").as_agents_session()
            return str((await Runner.run(agent, text, session=session)).final_output)


set_tracing_disabled(True)
with TemporaryDirectory() as folder, FakeOpenAIServer(SCRIPT) as server:
    file = Path(folder) / "agent.db"
    for text in ("I moved to Lisbon.", "Which city am I in?"):
        print(f"{text}\n  {asyncio.run(ask(server.url, file, text))}")
    with Memory(file) as memory:
        for hit in memory.bind(user="alice").search("Lisbon", k=1):
            print(f"{hit.text} ({hit.why})")
