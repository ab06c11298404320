"""How many tokens a prompt has, counted before it is sent, and texts cut to so many."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import ceil

from memagent.types import Message, estimate_tokens

Counter = Callable[[str], int]
"""How many tokens a text has."""

MARK = "[… cut …]"
"""Stands where something was cut out of a text."""

_MESSAGE, _REPLY = 4, 3  # tokens around each message and before the reply, in the formats of chat models


def cautious(text: str) -> int:
    """About how many tokens a text has, and rather more than fewer.

    A quarter of its bytes in UTF-8, and what `estimate_tokens` says where that is more. Prose in English, Russian and
    Chinese has fewer with current tokenizers; code and digits may have more. A model's own tokenizer is exact.
    """
    return max(ceil(len(text.encode("utf-8", "replace")) / 4), estimate_tokens(text))


def size(messages: Sequence[Message], count: Counter) -> int:
    """Return how many tokens a prompt has."""
    return _REPLY + sum(count(message.content) + _MESSAGE for message in messages)


def shortened(text: str, tokens: int, count: Counter) -> str:
    """Return a text with its middle left out, and a mark there, so that it has at most so many tokens.

    Empty where not even the mark has room.
    """
    if count(text) <= tokens:
        return text
    text = _within_reach(text, tokens, count)
    low, high = 0, len(text)  # characters that are kept; `low` fits
    if count(_kept(text, 0)) > tokens:
        return ""
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if count(_kept(text, middle)) <= tokens else (low, middle)
    return _kept(text, low)


def _within_reach(text: str, tokens: int, count: Counter) -> str:
    """The ends of a text that has too many tokens, as much of it as may still be kept: it is not counted as a whole.

    As many characters are taken as have too many tokens themselves.
    """
    characters = max(64, 8 * tokens)
    while characters < len(text) and count(_kept(text, characters)) <= tokens:
        characters *= 2
    return text if characters >= len(text) else text[: characters - characters // 3] + text[-(characters // 3) :]


def _kept(text: str, characters: int) -> str:
    """Two thirds of them from the beginning and one from the end."""
    tail = characters // 3
    return f"{text[: characters - tail]} {MARK} {text[len(text) - tail :]}".strip()
