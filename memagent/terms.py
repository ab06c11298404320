"""Text as search terms, in any script.

Words of alphabets with spaces stay whole. Scripts written without spaces (and Hangul, whose words carry endings) become
single characters with their marks: then found by phrases of adjacent ones, with no dictionary.
Folded alike on both sides: compatibility forms, case, and the diacritics of Latin, Greek, Cyrillic, Hebrew and Arabic.
"""

from __future__ import annotations

import re
import threading
import unicodedata
from functools import cache
from typing import Any, NamedTuple

_IDEOGRAPHIC = (
    "\u1100-\u11ff\u3005-\u3007\u3040-\u30ff\u3100-\u312f\u3130-\u318f\u31a0-\u31bf\u31f0-\u31ff\u3400-\u4dbf"
    "\u4e00-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\U0001b000-\U0001b16f\U00020000-\U0003ffff"
)
_ALPHABETIC = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\ua9e0-\ua9ff\uaa60-\uaa7f"  # Thai, Lao, Myanmar, Khmer
UNSPACED = _IDEOGRAPHIC + _ALPHABETIC
"""Scripts that are written without blanks, and Hangul, as ranges of a character class."""
_ASCII_WORD = re.compile("[A-Za-z0-9]+")  # the same words, found much faster
_STEMMING = threading.Lock()  # a stemmer keeps the word it works on in itself
_FOLDED_MARKS = re.compile("[\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed\u0640]")

STOP_WORDS = frozenset(
    "a about after again all also am an and any are as at be because been before being between both but by can "
    "could did do does doing during each few for from further had has have having he her here hers herself him "
    "himself his how i if in into is it its itself just me more most my myself no nor not now of off on once "
    "only or other our ours out over own same she should so some such than that the their theirs them "
    "themselves then there these they this those through to too under until up very was we were what when "
    "where which while who whom why will with would you your yours s t".split()
)
"""English words that say nothing about what is searched."""


class Run(NamedTuple):
    """Characters that belong together: one word, or a run of a script without spaces. `width` is the phrase length."""

    units: list[str]
    width: int


def fold(text: str) -> str:
    """Return text with case, compatibility forms and foldable diacritics removed."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
    return unicodedata.normalize("NFKC", _FOLDED_MARKS.sub("", decomposed))


def pieces(text: str) -> list[str]:
    """Return the words and runs of `text` as they are written, in order."""
    if text.isascii():
        return _ASCII_WORD.findall(text)
    return [found.group() for found in _patterns()[0].finditer(unicodedata.normalize("NFC", text))]


def runs(text: str) -> list[Run]:
    """Return the words and runs of `text`, folded, in order."""
    if text.isascii():
        return [Run([word], 1) for word in _ASCII_WORD.findall(text.lower())]
    pattern, unit = _patterns()
    return [_run(found, unit) for found in pattern.finditer(fold(text))]


def _run(found: re.Match[str], unit: re.Pattern[str]) -> Run:
    kind, text = found.lastgroup, found.group()
    if kind == "word":
        return Run([text], 1)
    return Run(unit.findall(text), 2 if kind == "ideographic" else 3)


def stem(word: str) -> str:
    """Return a folded English word without its ending; a word of other letters as it is.

    By Porter's algorithm of 1980, chosen over its successor because it does not change any more.
    """
    if not (word.isascii() and word.isalpha()):
        return word
    with _STEMMING:
        return str(_stemmer().stemWord(word))


@cache
def _stemmer() -> Any:
    from snowballstemmer.porter_stemmer import PorterStemmer  # by its module: `stemmer()` may return another package's

    return PorterStemmer()


def tokens(text: str) -> str:
    """Return `text` as it is indexed: words and single characters with spaces between them."""
    return " ".join(unit for run in runs(text) for unit in run.units)


def terms(text: str, *, limit: int = 64) -> list[list[str]]:
    """Return what to look for: each term a list of adjacent tokens, without repeats, at most `limit`.

    A run longer than its width becomes overlapping windows: 東京大学 is found by 東京, 京大 and 大学. Stop words are
    left out where other words remain.
    """
    found = [tuple(window) for run in runs(text) for window in _windows(run)]
    telling = [term for term in found if term[0] not in STOP_WORDS or len(term) > 1]
    return [list(term) for term in list(dict.fromkeys(telling or found))[:limit]]


def _windows(run: Run) -> list[list[str]]:
    last = max(1, len(run.units) - run.width + 1)
    return [run.units[start : start + run.width] for start in range(last)]


@cache
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    marks = _marks()
    word = f"(?:[^\\W_{UNSPACED}][{marks}]*)+"
    kinds = [("ideographic", f"(?:[{_IDEOGRAPHIC}][{marks}]*)+"), ("alphabetic", f"(?:[{_ALPHABETIC}][{marks}]*)+")]
    pattern = "|".join(f"(?P<{kind}>{body})" for kind, body in [*kinds, ("word", word)])
    return re.compile(pattern), re.compile(f"[{UNSPACED}][{marks}]*")


def _marks() -> str:
    """Combining marks as a character class: a plain word class leaves them out, and many scripts need them."""
    ranges: list[list[int]] = []
    for point in (p for p in range(0x300, 0x1E000) if unicodedata.category(chr(p)).startswith("M")):
        if ranges and ranges[-1][1] == point - 1:
            ranges[-1][1] = point
        else:
            ranges.append([point, point])
    return "".join(f"{chr(first)}-{chr(last)}" for first, last in ranges)
