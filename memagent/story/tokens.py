"""About how many tokens a text has, without a tokenizer."""

from __future__ import annotations

_LETTERS = 4  # of a token, about; of a script without blanks a token is about one letter


def about(text: str) -> int:
    """Return about how many tokens a text has."""
    wide = sum(char >= "\u2e80" for char in text)
    return wide + -(-(len(text) - wide) // _LETTERS)
