"""Small tools for plain text that the rest of `offline` shares: sentences, words, articles, lists, stable
choices.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")

_END = re.compile(r"(?<=[.!?…])[\"”’')\]]*\s+(?=[\"“‘'(\[]?[^\W_a-z])|(?<=[。！？])[」』”]*\s*")
_SHORT = re.compile(r"(?:\b(?:Mr|Mrs|Ms|Dr|St|Prof|No|vs|etc|e\.g|i\.e)|\b[A-Z])\.$")
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")


def sentences(text: str) -> list[str]:
    """Return the sentences of `text`, trimmed, in order. Blank lines end a sentence too."""
    found: list[str] = []
    for block in re.split(r"\n\s*\n|\n(?=\s*(?:[-*•]|\d+[.)])\s)", text):
        found.extend(_of_block(" ".join(block.split())))
    return found


def _of_block(block: str) -> list[str]:
    found: list[str] = []
    start = 0
    for match in _END.finditer(block):
        end = match.end()
        piece = block[start:end].strip()
        if piece and not _SHORT.search(piece):
            found.append(piece)
            start = end
    rest = block[start:].strip()
    return [*found, rest] if rest else found


def words(text: str) -> list[str]:
    """Return the words of `text` as they are written, without punctuation."""
    return _WORD.findall(text)


def count_words(text: str) -> int:
    """Count words as a person would, by the spaces between them."""
    return len(text.split())


def capital(text: str) -> str:
    """Return `text` with its first letter in upper case; a leading quotation mark is stepped over."""
    for at, char in enumerate(text):
        if char.isalpha():
            return text[:at] + char.upper() + text[at + 1 :]
        if char not in "\"“‘'(":
            return text
    return text


def article(phrase: str) -> str:
    """Put `a` or `an` before a noun phrase that has no article."""
    first = phrase.lstrip("\"“‘'").lower()
    silent = first.startswith(("hour", "honest", "heir", "honour"))
    like_you = first.startswith(("uni", "use", "euro", "one", "once", "ewe")) and not first.startswith(("unin", "unim"))
    vowel = first[:1] in "aeiou" and first[:1] != ""
    return f"{'an' if silent or (vowel and not like_you) else 'a'} {phrase}"


def bare(phrase: str) -> str:
    """Return a noun phrase without its leading article or possessive."""
    return re.sub(r"^(?:the|an?|his|her|their|its|my|our|your)\s+", "", phrase.strip(), flags=re.IGNORECASE)


def listed(items: Sequence[str]) -> str:
    """Join with commas and `and`: `a`, `a and b`, `a, b and c`."""
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} and {items[-1]}"


def unlisted(text: str) -> list[str]:
    """Take a list written by `listed` (or by a person, with a comma before `and`) apart again."""
    parts = re.split(r",\s+and\s+|,\s+|\s+and\s+", text.strip().rstrip("."))
    return [part.strip() for part in parts if part.strip()]


def normal(text: str) -> str:
    """Return `text` for comparison: lower case, words only."""
    return " ".join(words(text.lower()))


def stable(*parts: object) -> int:
    """Hash `parts` to a number that is the same in every process."""
    digest = hashlib.blake2b("\x1f".join(map(str, parts)).encode("utf-8", "surrogatepass"), digest_size=8)
    return int.from_bytes(digest.digest(), "big")


def pick(options: Sequence[T], *key: object) -> T:
    """Choose one of `options` by `key`; the same key chooses the same one."""
    return options[stable(*key) % len(options)]


def shuffled(options: Sequence[T], *key: object) -> list[T]:
    """Return `options` in an order that `key` decides."""
    order = sorted(range(len(options)), key=lambda at: stable(at, *key))
    return [options[at] for at in order]
