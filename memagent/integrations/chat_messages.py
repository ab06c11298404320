"""LangChain's messages and ours, in both directions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from langchain_core.messages import (
    AIMessage,
    BaseMessage,
    ChatMessage,
    FunctionMessage,
    HumanMessage,
    InvalidToolCall,
    SystemMessage,
    ToolMessage,
)
from langchain_core.messages import ToolCall as LangChainCall
from langchain_core.messages.ai import UsageMetadata
from langchain_core.messages.tool import ToolCallChunk, tool_call_chunk

from memagent.errors import CapabilityError
from memagent.integrations.turns import text_of
from memagent.types import Completion, Message, Role, ToolCall, Usage

_ROLES: tuple[tuple[type[BaseMessage], Role], ...] = (
    (AIMessage, "assistant"),
    (SystemMessage, "system"),
    (ToolMessage, "tool"),
    (FunctionMessage, "tool"),
    (HumanMessage, "user"),
)
_NAMED: dict[str, Role] = {
    "user": "user",
    "assistant": "assistant",
    "system": "system",
    "developer": "system",
    "tool": "tool",
}
_WORDLESS = ("image", "image_url", "input_image", "audio", "input_audio", "video", "file", "input_file", "document")


def role_of(message: BaseMessage) -> Role:
    """Return whose message it is; who has a role of his own, such as `critic`, speaks as a user."""
    if isinstance(message, ChatMessage):
        return _NAMED.get(message.role, "user")
    return next((role for kind, role in _ROLES if isinstance(message, kind)), "user")


def to_message(message: BaseMessage) -> Message:
    """Return a LangChain message as one of ours: its texts, the calls in it, and the call that it answers.

    Raises:
        CapabilityError: a part of it is a picture, a sound or a file, which our models are not shown.
    """
    parts = message.content if isinstance(message.content, list) else []
    kinds = [str(part.get("type")) for part in parts if isinstance(part, Mapping)]
    if shown := [kind for kind in kinds if kind in _WORDLESS]:
        hint = "Say it in words, or use LangChain's own chat model for that server."
        raise CapabilityError(f"a message has a part of the kind {shown[0]!r}, and only texts are taken", hint=hint)
    calls: tuple[ToolCall, ...] = ()
    if isinstance(message, AIMessage):
        whole = [ToolCall(str(one["id"] or ""), one["name"], _json(one["args"])) for one in message.tool_calls]
        broken = [ToolCall(one["id"] or "", one["name"] or "", one["args"] or "") for one in message.invalid_tool_calls]
        calls = (*whole, *broken)
    answers = message.tool_call_id if isinstance(message, ToolMessage) else ""
    return Message(role_of(message), text_of(message.content), calls, answers)


def calls_in(completion: Completion) -> tuple[list[LangChainCall], list[InvalidToolCall]]:
    """Return the calls of a completion as LangChain has them: those whose arguments are an object, and the others."""
    good: list[LangChainCall] = []
    bad: list[InvalidToolCall] = []
    for call in completion.calls:
        try:
            arguments = json.loads(call.arguments or "{}")
        except ValueError:
            arguments = None
        if isinstance(arguments, dict):
            good.append(LangChainCall(name=call.name, args=arguments, id=call.id, type="tool_call"))
        else:
            why = "the arguments are no JSON object"
            broken = InvalidToolCall(
                name=call.name, args=call.arguments, id=call.id, error=why, type="invalid_tool_call"
            )
            bad.append(broken)
    return good, bad


def call_chunks(completion: Completion) -> list[ToolCallChunk]:
    """Return the calls of a completion as the end of a stream has them."""
    return [
        tool_call_chunk(name=call.name, args=call.arguments or "{}", id=call.id, index=number)
        for number, call in enumerate(completion.calls)
    ]


def usage_metadata(usage: Usage) -> UsageMetadata:
    """Return token counts as LangChain adds them up."""
    return UsageMetadata(input_tokens=usage.input_tokens, output_tokens=usage.output_tokens, total_tokens=usage.tokens)


def response_metadata(completion: Completion, name: str) -> dict[str, Any]:
    """Return what is known of a reply besides: the model, why it ended, what it cost, and log-probabilities, if any."""
    known = [
        {"token": token.text, "logprob": token.logprob} for token in completion.tokens if token.logprob is not None
    ]
    said: dict[str, Any] = {
        "model_name": completion.model or name,
        "model_provider": "memagent",
        "finish_reason": "tool_calls" if completion.calls else completion.finish_reason,
        "cost": completion.usage.cost,
        "estimated": completion.usage.estimated,
    }
    return {**said, "logprobs": {"content": known}} if known else said


def _json(arguments: Any) -> str:
    return json.dumps(arguments, ensure_ascii=False)
