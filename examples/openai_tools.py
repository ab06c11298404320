"""A model that works a user's memory by OpenAI's tool calls. No key: the server is a script on this machine.

pip install memagent

Leave the server out, and the client talks to OpenAI.
"""

import json
from typing import Any

from openai import OpenAI

from memagent import Memory
from memagent.testing.server import FakeOpenAIServer, Fault

SCRIPT = [  # what a model would say
    Fault(reply="", calls=(("save_memory", '{"text": "Alice moved to Lisbon."}'),)),
    Fault(reply="", calls=(("search_memory", '{"query": "Lisbon", "user": "bob"}'),)),  # whose is not for it to say
    Fault(reply="", calls=(("search_memory", '{"query": "Lisbon"}'),)),
    lambda payload: f"I found: {json.loads(payload['messages'][-1]['content'])['memories'][0]['text']}",
]

with Memory(":memory:") as memory, FakeOpenAIServer(SCRIPT) as server:
    tools = memory.bind(user="alice").as_openai_tools()
    messages: list[Any] = [{"role": "user", "content": "I moved to Lisbon. Where do I live?"}]
    with OpenAI(base_url=server.url, api_key="none") as client:
        while True:
            reply = client.chat.completions.create(model="gpt-4.1-mini", messages=messages, tools=tools.chat())
            message = reply.choices[0].message
            if not message.tool_calls:
                break
            results = tools.run_chat(message)
            messages += [message.model_dump(exclude_none=True), *results]
            print(f"{message.tool_calls[0].function.name}: {results[0]['content'][:78]}")
    print(message.content)
