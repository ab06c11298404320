"""Writing TOML: the standard library only reads it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any


def table(values: Mapping[str, Any]) -> list[str]:
    """Return the lines of a table, a key a line; tables in it stand in braces."""
    return [f"{_key_of(name)} = {toml_of(value)}" for name, value in values.items()]


def _key_of(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _quoted(name)


def toml_of(value: Any) -> str:
    """Return a value as TOML. Of the author's own fields all kinds come: tables, dates, lists of anything."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(toml_of, value))}]"
    if isinstance(value, Mapping):
        return "{ " + ", ".join(table(value)) + " }" if value else "{}"
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _quoted(text: str) -> str:
    """Return a TOML string: a literal one where that spares escapes."""
    if ('"' in text or "\\" in text) and "'" not in text and text.isprintable():
        return f"'{text}'"
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
