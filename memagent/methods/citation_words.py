"""What sentences and passages are compared by: stems of their telling words, numbers as digits, names."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable

from memagent.terms import STOP_WORDS, fold, runs

_NUMBER = re.compile(r"(\d+(?:[.,]\d+)*)(?:(?:st|nd|rd|th)\b)?")
_THOUSANDS = re.compile(r",(?=\d{3}(?!\d))")
WORD = re.compile(r"[^\W\d_]{2,}")
_NUMBERS = {
    word: str(value)
    for value, word in enumerate(
        "two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
        "eighteen nineteen twenty".split(),
        start=2,
    )
} | {
    word: str(value)
    for value, word in zip(range(30, 100, 10), "thirty forty fifty sixty seventy eighty ninety".split(), strict=True)
}
_ENDINGS = ("ingly", "edly", "ings", "ing", "ies", "ied", "ers", "ed", "es", "er", "ly", "s", "e", "y")


def terms(text: str) -> set[str]:
    """Return what a text is compared by: stems of words, numbers as digits, pieces of scripts without blanks."""
    folded = fold(text)
    found = set(numbers_in(folded))
    for run in runs(_NUMBER.sub(" ", folded)):
        if run.width > 1:
            last = max(1, len(run.units) - run.width + 1)
            found.update("".join(run.units[start : start + run.width]) for start in range(last))
        elif (word := run.units[0]) not in STOP_WORDS and word not in _NUMBERS:
            found.add(_stem(word))
    return found


def numbers_in(text: str) -> list[str]:
    """Return the numbers of a text as digits, those in words from two on."""
    digits = [_THOUSANDS.sub("", found.group(1)) for found in _NUMBER.finditer(text)]
    return [*digits, *(_NUMBERS[word] for word in WORD.findall(text.casefold()) if word in _NUMBERS)]


def names_in(text: str) -> list[str]:
    """Return the words that begin with a capital and do not begin the text, as they are written."""
    words = list(WORD.finditer(text))
    later = [found.group() for found in words if found.start() and text[: found.start()].strip()]
    return [word for word in later if word[0].isupper() and fold(word) not in STOP_WORDS and fold(word) not in _NUMBERS]


def _stem(word: str) -> str:
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            word = word[: -len(ending)]
            break
    return word[:-1] if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "aeiou" else word


def cosine(one: Iterable[float], other: Iterable[float]) -> float:
    """Return the cosine of two rows of numbers; 0 where one has no length."""
    first, second = [*map(float, one)], [*map(float, other)]
    length = math.hypot(*first) * math.hypot(*second)
    return math.fsum(a * b for a, b in zip(first, second, strict=True)) / length if length else 0.0
