"""Whether the words of a name stand in a text, apart from case, accents, small words and endings."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from memagent.gate.words import SMALL
from memagent.stores.keys import key

_WORD = re.compile(r"[^\W_]+(?:['’.-][^\W_]+)*")
_ELIDED = re.compile(r"^(?:[jlmnstdc]|qu|dell|all|nell|un)'(?=\w)")  # as in French and Italian
_EAST = re.compile(r"[\u2e80-\u9fff\uac00-\ud7af\u0e00-\u0eff]")


def grounded(part: str, text: str) -> bool:
    """Whether every word of a name stands in a text, apart from case, accents, small words and endings."""
    if _EAST.search(part):
        return key(part) in key(text)
    wanted = words_of(part)
    wanted = tuple(word for word in wanted if word not in SMALL) or wanted
    there = words_of(text)
    return bool(wanted) and all(any(alike(word, other) for other in there) for word in wanted)


def words_of(text: str) -> tuple[str, ...]:
    """Return the words of a text as they are compared: without accents, tied articles and 's."""
    return _kept_words(text) if len(text) <= _LONGEST else _words(text)


def _words(text: str) -> tuple[str, ...]:
    bare = key(text)
    if not bare.isascii():
        folded = unicodedata.normalize("NFKD", bare)
        bare = "".join(char for char in folded if not unicodedata.combining(char)).replace("’", "'")
    return tuple(_ELIDED.sub("", word.removesuffix("'s")) for word in _WORD.findall(bare))


_LONGEST = 1000  # characters of a text of which the words are kept
_kept_words = lru_cache(maxsize=512)(_words)  # a sentence is held against each part of each of its triples
_ENDINGS = frozenset(
    "s es d ed ing n en ns e er ers em es ern y ly 's st est ning ting red ded ged ped ment t te ten".split()
)


def alike(word: str, other: str) -> bool:
    """Return whether two words are the same, or the same with another ending; numbers must be the same."""
    if word == other:
        return True
    if word[:3] != other[:3]:
        return False
    if any(char.isdigit() for char in word + other):
        return False
    short, long = sorted((word, other), key=len)
    if short.isascii():
        same = len(short) >= 3 and long.startswith(short)
        return same and (long[len(short) :] in _ENDINGS or (len(short) > 5 and len(long) - len(short) <= 3))
    stem = max(3, len(short) - 2)
    return len(short) >= 3 and long[:stem] == short[:stem] and len(long) - len(short) <= 3
