"""Leaving out what a model thinks aloud: `<think>...</think>` before its reply, and between its sentences.

Only what stands where a sentence may begin counts, so that a text about such marks keeps them.
"""

from __future__ import annotations

import re

_THOUGHTS = re.compile(r"\A\s*<(think|thinking|thought|reasoning)>.*?</\1>\s*", re.DOTALL | re.IGNORECASE)
_OPEN = re.compile(r"\A\s*<(?:think|thinking|thought|reasoning)>", re.IGNORECASE)
_LATE = re.compile(r"\A(?:(?!<think).)*?</think(?:ing)?>\s*", re.DOTALL | re.IGNORECASE)
_ALOUD = re.compile(
    r"(?:<(think|thinking|thought|reasoning)>.*?</\1>\s*)+|<(think|thinking|thought|reasoning)>(?!.*</\2>).*\Z",
    re.DOTALL | re.IGNORECASE,
)
_MAY_BEGIN = re.compile(r"(?:\A|\n|[.!?…。！？][\"”’»)\]*_]*)\s*\Z")
READ = 1_000_000
"""Of a longer reply so many characters are read, and that is told: one without end is not worked through."""

_BEFORE = 80  # characters before a thought that tell whether a sentence may begin there


def thoughts_in(reply: str) -> list[tuple[int, int]]:
    """Return where a reply thinks aloud, as (start, end) in its characters; thoughts that are not closed go to its end.

    The blanks behind them count as theirs, unless there are none before them.
    """
    found = []
    for one in _ALOUD.finditer(reply):
        start, end = one.span()
        if _MAY_BEGIN.search(reply[max(0, start - _BEFORE) : start]):
            bare = start + len(one.group().rstrip())
            found.append((start, end if start == 0 or reply[start - 1].isspace() else bare))
    return found


def after_thoughts(reply: str) -> int:
    """Return where a reply begins behind what the model thought aloud; its length where there is nothing but thoughts.

    Some servers leave out the mark that opens the thoughts: then they end at the mark that closes them.
    """
    found = _THOUGHTS.match(reply) or (None if _OPEN.match(reply) else _LATE.match(reply))
    if found:
        return found.end()
    return len(reply) if _OPEN.match(reply) else 0


def whole(text: str) -> str:
    """Return a text with halves of characters joined, with a replacement character where the other half never came.

    A server may send half of an emoji's surrogate pair; no file can hold it.
    """
    if text.isascii():
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def spoken(reply: str) -> str:
    """Return a reply without what the model thought aloud, before it and between its sentences."""
    reply = reply[after_thoughts(reply) :]
    for start, end in reversed(thoughts_in(reply)):
        reply = reply[:start] + reply[end:]
    return reply
