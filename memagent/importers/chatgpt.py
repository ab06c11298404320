"""ChatGPT's export: `conversations.json`, or the archive that it came in.

A conversation is a tree: an edit or a new answer makes a branch. Taken is the branch that was last looked at, from
`current_node` up to the root; the others are named as left out. Also left out is what nobody said to anybody: hidden
messages, custom instructions, the model's thinking, calls of tools, and messages of images alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import IO, Any

from memagent.importers.found import Found, Odd, Skipped
from memagent.importers.json_stream import elements
from memagent.importers.values import name_of, rest_of, role_of, text_of, time_of, whole

_THINKING = ("thoughts", "reasoning_recap")
_INSTRUCTIONS = ("user_editable_context", "model_editable_context")
_USED = ("id", "author", "content", "create_time", "weight", "end_turn", "recipient", "status", "channel")


def read(file: IO[bytes], name: str) -> Iterator[Found | Skipped]:
    """Yield the turns of all conversations in turn, one conversation in memory at a time.

    Raises:
        UsageProblem: the file is no such export, or is cut short; the message names the line.
    """
    for number, (line, one) in enumerate(elements(file, name), 1):
        if not isinstance(one, Mapping) or not isinstance(one.get("mapping"), Mapping):
            yield Odd(f"line {line}, entry {number}", "begins no conversation of ChatGPT: it has no 'mapping'")
            continue
        yield from _conversation(one)


def _conversation(one: Mapping[str, Any]) -> Iterator[Found | Skipped]:
    id = str(one.get("conversation_id") or one.get("id") or "")
    title = whole(str(one.get("title") or "untitled"))
    nodes = {key: node for key, node in one["mapping"].items() if isinstance(node, Mapping)}
    path = _path(nodes, one.get("current_node"))
    started = time_of(one.get("create_time"))
    for number, key in enumerate(path, 1):
        message = nodes[key].get("message")
        place = f"conversation {title!r}, message {number}"
        if isinstance(message, Mapping):
            found = _turn(message, key, place, id, title)
            if isinstance(found, Found):
                started = found.at or started
                found = replace(found, at=started)
            yield found
    taken = set(path)
    for key, node in nodes.items():
        if key not in taken and isinstance(node.get("message"), Mapping) and _said(node["message"]):
            yield Skipped(f"conversation {title!r}, node {key}", "is on a branch that was left")


def _path(nodes: Mapping[str, Mapping[str, Any]], current: Any) -> list[str]:
    """The keys from the root to the node that was last looked at; a tree that loops ends where it would begin again."""
    if current not in nodes:
        leaves = [key for key, node in nodes.items() if not node.get("children")]
        current = max(leaves, key=lambda key: _time(nodes[key]), default=None)
    path: dict[str, None] = {}
    while isinstance(current, str) and current in nodes and current not in path:
        path[current] = None
        current = nodes[current].get("parent")
    return list(reversed(path))


def _time(node: Mapping[str, Any]) -> float:
    message = node.get("message")
    at = time_of(message.get("create_time")) if isinstance(message, Mapping) else None
    return at.timestamp() if at is not None else 0.0


def _said(message: Mapping[str, Any]) -> bool:
    return isinstance(_turn(message, "", "", "", ""), Found)


def _turn(message: Mapping[str, Any], key: str, place: str, id: str, title: str) -> Found | Skipped:
    author = message.get("author") if isinstance(message.get("author"), Mapping) else {}
    content = message.get("content") if isinstance(message.get("content"), Mapping) else {}
    assert isinstance(author, Mapping) and isinstance(content, Mapping)
    role, kind = role_of(author.get("role")), str(content.get("content_type") or "text")
    text, other = text_of(content["parts"] if "parts" in content else content)
    if reason := _left_out(message, role, kind, text, other):
        return Skipped(place, reason)
    more = {**rest_of(message, _USED), **rest_of(content, ("content_type", "parts", "text"))}
    metadata: dict[str, Any] = {"conversation": title, **({"chatgpt": more} if more else {})}
    if kind != "text":
        metadata["content_type"] = kind
    if other:
        metadata["left_out"] = other
    return Found(
        text,
        place,
        role=role,
        speaker=name_of(author.get("name")),
        at=time_of(message.get("create_time")),
        conversation=id,
        message=str(message.get("id") or key),
        metadata=metadata,
    )


def _left_out(message: Mapping[str, Any], role: str, kind: str, text: str, other: list[str]) -> str:
    """Why a message is no turn; '' where it is one."""
    own = message.get("metadata")
    data = own if isinstance(own, Mapping) else {}
    recipient = message.get("recipient") or "all"
    if not role:
        return "has no role that is known"
    if kind in _INSTRUCTIONS or data.get("is_user_system_message"):
        return "is an instruction and was not said"
    if kind in _THINKING:
        return "is the model's thinking"
    if data.get("is_visually_hidden_from_conversation") or message.get("weight") == 0:
        return "is hidden"
    if recipient != "all":
        return "is a call of a tool"
    if not text.strip():
        return f"has no text, but {', '.join(sorted(set(other)))}" if other and kind != "text" else "has no text"
    return ""
