"""Values as other programs write them: times, roles, parts of a message, texts with half a character in them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

_ROLES = {
    "user": ("user", "human", "you", "prompter"),
    "assistant": ("assistant", "ai", "aimessagechunk", "gpt", "chatgpt", "bot", "model", "chatbot", "claude", "gemini"),
    "system": ("system", "developer"),
    "tool": ("tool", "function"),
}
_ROLE_OF = {name: role for role, names in _ROLES.items() for name in names}
_EARLIEST, _LATEST = 1e8, 1e11  # seconds: 1973 to 5138; what is larger counts milliseconds or less


def role_of(value: Any) -> str:
    """Return the role that a name stands for: `human` is `user`; '' for one that is not known."""
    return _ROLE_OF.get(value.strip().lower(), "") if isinstance(value, str) else ""


def time_of(value: Any) -> datetime | None:
    """Return a time as programs write it: ISO 8601, or seconds, milli-, micro- or nanoseconds since 1970.

    One without a zone is taken for UTC. `None` where it is none.
    """
    if isinstance(value, str):
        try:
            found = datetime.fromisoformat(value.strip())
        except ValueError:
            return _since_1970(value)
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    return _since_1970(value)


def _since_1970(value: Any) -> datetime | None:
    try:
        seconds = float(value) if not isinstance(value, bool) else math.nan
    except (TypeError, ValueError):
        return None
    while math.isfinite(seconds) and abs(seconds) >= _LATEST:
        seconds /= 1000
    if not math.isfinite(seconds) or seconds < _EARLIEST:
        return None
    return datetime.fromtimestamp(seconds, UTC)


def first_of(data: Mapping[str, Any], names: Iterable[str]) -> tuple[str, Any]:
    """Return the first of these names that has a value, and the value; '' and `None` where none has."""
    return next(((name, data[name]) for name in names if data.get(name) not in (None, "")), ("", None))


def name_of(value: Any) -> str:
    """Return a value as a name: a text without blanks round it, or a number; '' for what can be none."""
    return str(whole(value)).strip() if isinstance(value, str | int) and not isinstance(value, bool) else ""


def rest_of(data: Mapping[str, Any], used: Iterable[str]) -> dict[str, Any]:
    """Return what has a value and was not used."""
    names = set(used)
    return {name: whole(value) for name, value in data.items() if name not in names and value not in (None, "", [], {})}


def text_of(content: Any) -> tuple[str, list[str]]:
    """Return the text of a message, and the kinds of its parts that are no text, such as images.

    Args:
        content: a text, a list of texts and parts such as `{"type": "text", "text": ...}`, or one such part.
    """
    if isinstance(content, str):
        return whole(content), []
    parts = content if isinstance(content, list) else [content]
    texts, other = [], []
    for part in parts:
        kind = part.get("type") or part.get("content_type") or "part" if isinstance(part, Mapping) else ""
        text = part if isinstance(part, str) else part.get("text") if isinstance(part, Mapping) else None
        if isinstance(text, Mapping):  # OpenAI's assistants: {"text": {"value": ...}}
            text = text.get("value")
        if isinstance(text, str) and text.strip():
            texts.append(whole(text))
        elif kind:
            other.append(str(kind))
    return "\n".join(texts), other


def whole(value: Any) -> Any:
    """Return a value of JSON in which half a character, as cut exports have them, is a question mark."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode() if not _is_unicode(value) else value
    if isinstance(value, Mapping):
        return {whole(name): whole(part) for name, part in value.items()}
    if isinstance(value, list):
        return [whole(part) for part in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
