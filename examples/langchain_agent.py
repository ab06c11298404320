"""A LangChain agent that remembers each user across sessions. No key, no network.

pip install "memagent[langchain]"

The model is a stand-in that reads its first memory aloud; give `create_agent` any other, such as "openai:gpt-4.1-mini".
"""

import json
from pathlib import Path
from tempfile import TemporaryDirectory

from langchain.agents import create_agent

from memagent import Memory
from memagent.integrations.chat_model import as_chat_model
from memagent.integrations.middleware import MemagentMiddleware


def stand_in(messages: list[dict[str, str]]) -> str:
    """Answer with the first memory that the middleware has put before the question."""
    shown = messages[-1]["content"].partition("<memories>\n")[2]
    return f"You told me: {json.loads(shown.splitlines()[0])['text']}" if shown else "I will remember that."


with TemporaryDirectory() as folder, Memory(Path(folder) / "agent.db") as memory:
    agent = create_agent(as_chat_model(stand_in), middleware=[MemagentMiddleware(memory)], context_schema=dict)
    for user, session, text in (
        ("alice", "monday", "I moved to Lisbon."),
        ("alice", "friday", "Which city did I move to?"),
        ("bob", "friday", "Which city did I move to?"),
    ):
        context = {"user_id": user, "session_id": session}  # from your login, never from what somebody says
        state = agent.invoke({"messages": [("user", text)]}, context=context)
        print(f"{user}, {session}: {text}\n  {state['messages'][-1].text}")

    for document in memory.bind(user="alice").as_retriever(k=1).invoke("Lisbon"):
        print(f"{document.page_content} ({document.metadata['why']})")
