"""Leaving out what a model thinks aloud: `<think>...</think>` before its reply."""

from __future__ import annotations

import re

_THOUGHTS = re.compile(r"\A\s*<(think|thinking|thought|reasoning)>.*?</\1>\s*", re.DOTALL | re.IGNORECASE)
_OPEN = re.compile(r"\A\s*<(?:think|thinking|thought|reasoning)>", re.IGNORECASE)
_LATE = re.compile(r"\A(?:(?!<think).)*?</think(?:ing)?>\s*", re.DOTALL | re.IGNORECASE)


def after_thoughts(reply: str) -> int:
    """Return where a reply begins behind what the model thought aloud; its length where there is nothing but thoughts.

    Some servers leave out the mark that opens the thoughts: then they end at the mark that closes them.
    """
    found = _THOUGHTS.match(reply) or (None if _OPEN.match(reply) else _LATE.match(reply))
    if found:
        return found.end()
    return len(reply) if _OPEN.match(reply) else 0


def spoken(reply: str) -> str:
    """Return a reply without what the model thought aloud."""
    return reply[after_thoughts(reply) :]
