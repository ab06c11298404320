"""English by its words: whether a line is in it, which words are verbs, and which stand for one another.

The words are lists in `english.toml`; endings are known by rule, as well as is needed to compare.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

_WORD = re.compile(r"[^\W_]+(?:[-'’][^\W_]+)*")
_SHARED = frozenset(
    "a all an as at do for had her i in is me no of on or over so under was by".split()
)  # with Dutch, say


def is_english(text: str, foreign: int = 0) -> bool:
    """Return whether a line is English: of its words enough are known, and no fewer than are of another language.

    Args:
        text: a line.
        foreign: how many of its words are small words of the other language that it is most like.
    """
    words = [word.lower().replace("’", "'") for word in _WORD.findall(text)]
    known = [word for word in words if word in known_words() or _is_third(word) or _is_past(word)]
    small = sum(word in listed("small") or word in listed("finite") or word == "i" for word in known)
    if not _spelled(_WORD.findall(text)) or small < foreign or not known:
        return False
    if small == foreign > 0 and (3 * len(known) < len(words) or not text.isascii()):
        return False
    return 3 * len(known) >= len(words) or len(known) > 1 or known[0] not in _SHARED


def is_finite(word: str) -> bool:
    """Return whether an English word has the form of a verb in the third person or the past: lives, lived, wrote."""
    return re.fullmatch(r"[a-z-]+(?:[^su]s|ss?es|ed)", word) is not None or word in listed("finite") | listed("pasts")


def _is_past(word: str) -> bool:
    """Whether a word is a past of its own form; the shortest are words of other languages too."""
    return len(word) > 3 and word in listed("pasts")


def _is_third(word: str) -> bool:
    """Whether a word is a known verb in the third person, such as `repairs`."""
    return word.endswith("s") and not word.endswith("ss") and (_base(word) in listed("verbs") or word in _thirds())


@cache
def _thirds() -> frozenset[str]:
    """The words of the groups that have their form without -s beside them."""
    words = frozenset(_lists()["groups"].split())
    return frozenset(word for word in words if word.endswith("s") and word[:-1] in words)


def related(word: str, other: str) -> bool:
    """Whether two English words stand for one another in a relation: `spouse` and `married`, `keeps` and `kept`."""
    groups = _groups()
    return bool(groups.get(_base(word), frozenset()) & groups.get(_base(other), frozenset()))


def _base(word: str) -> str:
    """A word without the endings of English inflection; only good enough to compare by."""
    for ending in ("ing", "ied", "ies", "ed", "es", "s", "er", "or"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)] + ("y" if ending in ("ied", "ies") else "")
    return word.removesuffix("e")


@cache
def _groups() -> Mapping[str, frozenset[int]]:
    """Bases of words, with the numbers of the groups that they are in."""
    found: dict[str, set[int]] = {}
    for number, line in enumerate(_lists()["groups"].strip().splitlines()):
        for word in line.split():
            found.setdefault(_base(word), set()).add(number)
    return {word: frozenset(numbers) for word, numbers in found.items()}


def _spelled(words: Sequence[str]) -> bool:
    """Whether only names have letters that English has not."""
    return all(word.isascii() or word[0].isupper() for word in words)


@cache
def known_words() -> frozenset[str]:
    """Return the words that are known to be English, most of which are no names at the beginning of a line."""
    return frozenset("i").union(*(listed(name) for name in ("small", "finite", "verbs", "talk", "before")))


@cache
def listed(name: str) -> frozenset[str]:
    """Return the words of a list of `english.toml`."""
    return frozenset(_lists()[name].split())


@cache
def _lists() -> Mapping[str, str]:
    return tomllib.loads(Path(__file__).with_name("english.toml").read_text(encoding="utf-8"))
