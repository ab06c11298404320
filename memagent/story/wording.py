"""The words of a paragraph and where they stand; its narration without what people say; its sentences.

Words of alphabets with blanks are whole, scripts without blanks give one word a character.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from memagent.terms import fold

_SPACELESS = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\U00020000-\U0003ffff"
)
_WORD = re.compile(rf"[{_SPACELESS}]|(?:(?![{_SPACELESS}])[^\W_])+(?:['’](?![{_SPACELESS}])[^\W_]+)*")
_SPACELESS_CHARACTER = re.compile(f"[{_SPACELESS}]")
_SPEECH = re.compile(
    r'"[^"]*(?:"|$)|“[^”]*(?:”|$)|«[^»]*(?:»|$)|„[^“”]*(?:[“”]|$)|「[^」]*(?:」|$)|『[^』]*(?:』|$)'
    r"|(?<!\w)‘[^’]*(?:’\w[^’]*)*(?:’|$)"
)
_SENTENCE = re.compile(r"\S(?:[^.!?…]|(?<=\bMr)\.|(?<=\bMrs)\.|(?<=\bDr)\.|(?<=\bSt)\.|\.(?=\w))*[.!?…]*[\"”»’']*")


_ENDS = frozenset(".!?…。！？")


class Word(NamedTuple):
    """A word: folded (case, accents), and where it stands in its paragraph."""

    text: str
    start: int
    end: int


folded = lru_cache(maxsize=1 << 16)(fold)
"""`fold` for single words, of which a book has few; 65,536 are kept."""


def words(text: str) -> list[Word]:
    """Return the words of a text in order."""
    text = text.replace("’", "'")
    return [Word(folded(found.group()), *found.span()) for found in _WORD.finditer(text)]


def sentence_numbers(text: str, ones: list[Word]) -> list[int]:
    """Return in which sentence of a text each of its words stands, by the signs between them alone."""
    numbers, number, end = [], 0, 0
    for word in ones:
        if not _ENDS.isdisjoint(text[end : word.start]):
            number += 1
        numbers.append(number)
        end = word.end
    return numbers


def spaceless(text: str) -> bool:
    """Say whether most of a text is in a script without blanks."""
    return 2 * len(_SPACELESS_CHARACTER.findall(text)) > len(_WORD.findall(text))


def narration(text: str) -> str:
    """Return a paragraph with what is said in quotation marks blanked out; all else stands where it stood.

    Knows "…", “…”, «…», „…“, ‘…’, 「…」 and 『…』; a quotation that is not closed goes on to the end. Speech after a
    dash, or between straight single marks, is not recognised.
    """
    return _SPEECH.sub(lambda found: found.group()[0] + "," + " " * (len(found.group()) - 2), text)


def sentences(text: str) -> list[tuple[int, str]]:
    """Return the sentences of a paragraph, each with where it begins. Fast and rough: Latin full stops alone."""
    return [(found.start(), found.group()) for found in _SENTENCE.finditer(text)]
