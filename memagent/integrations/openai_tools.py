"""A memory's tools for OpenAI's interfaces: their definitions, and a runner for the calls that a model makes.

tools = OpenAITools(memory.bind(user="alice"))
reply = client.chat.completions.create(model=..., messages=messages, tools=tools.chat())
message = reply.choices[0].message
messages += [message, *tools.run_chat(message)]
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from memagent.integrations.toolbox import MemoryTools, ToolResult
from memagent.memory.awaiting import awaitable


class OpenAITools(MemoryTools):
    """The tools of one handle in the two forms that OpenAI has: chat completions and responses.

    Both runners answer every call, each by its id and in order: a tool that is not there, arguments that are no JSON
    and ids that are unknown become results that say what was wrong. Whose memory is meant is fixed by the handle.
    """

    def chat(self) -> list[dict[str, Any]]:
        """Return the `tools` of a request for a chat completion."""
        return [{"type": "function", "function": one} for one in self._functions()]

    def responses(self) -> list[dict[str, Any]]:
        """Return the `tools` of a request for a response."""
        return [{"type": "function", "strict": False, **one} for one in self._functions()]

    def run_chat(self, message: Any) -> list[dict[str, Any]]:
        """Do what the tool calls of an assistant's message ask for and return the messages that answer them.

        Args:
            message: of a chat completion, as the client gives it or as a mapping. Without calls, nothing is returned.
        """
        answers = []
        for call in _get(message, "tool_calls") or []:
            function = _get(call, "function")
            done = self._ran(_get(function, "name"), _get(function, "arguments"))
            answers.append({"role": "tool", "tool_call_id": _get(call, "id"), "content": done.text})
        return answers

    def run_responses(self, response: Any) -> list[dict[str, Any]]:
        """Do what the function calls of a response ask for and return the items that answer them.

        Args:
            response: as the client gives it, or its `output`: items or mappings. Other items are passed over.
        """
        output = response if isinstance(response, list | tuple) else _get(response, "output") or []
        answers = []
        for item in output:
            if _get(item, "type") == "function_call":
                done = self._ran(_get(item, "name"), _get(item, "arguments"))
                answers.append({"type": "function_call_output", "call_id": _get(item, "call_id"), "output": done.text})
        return answers

    arun_chat = awaitable(run_chat)
    arun_responses = awaitable(run_responses)

    def _functions(self) -> list[dict[str, Any]]:
        return [
            {"name": one.name, "description": one.description, "parameters": dict(one.parameters)}
            for one in self.definitions
        ]

    def _ran(self, name: Any, arguments: Any) -> ToolResult:
        return self.call(str(name), arguments if isinstance(arguments, str | Mapping) else "{}")


def _get(thing: Any, name: str) -> Any:
    return thing.get(name) if isinstance(thing, Mapping) else getattr(thing, name, None)
