"""Secrets in a text that is kept, told without showing them; and where its words begin."""

from __future__ import annotations

import re
from collections.abc import Iterator

from memagent.memory import secret_patterns

_WORD = re.compile(r"(?<!\w)\w")


def secrets(text: str) -> list[str]:
    """Return in words what looks like a secret, each once, with a quarter of it and at most four letters."""
    shown = [(one, text[one.start : one.end]) for one in secret_patterns.found(text)]
    return list(dict.fromkeys(one.what if one.kind == "private key" else _told(one, secret) for one, secret in shown))


def word_starts(text: str, before: int | None = None) -> Iterator[int]:
    """Yield where the words of a text begin, up to a place."""
    return (match.start() for match in _WORD.finditer(text, 0, len(text) if before is None else max(0, before)))


def _told(one: secret_patterns.Found, secret: str) -> str:
    letters = re.sub(r"[ -]", "", secret) if one.kind == "card number" else secret
    return f"{one.what}, beginning {letters[: min(4, len(letters) // 4)]!r}"
