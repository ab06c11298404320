"""What is set off as verse, and so may be said again on purpose: a song's refrain, a rhyme, a motto, a letter's line.

Told by how it stands there, in any script: several short lines; or all of a short paragraph in italics, in a block
quotation, or in one pair of quotation marks. A paragraph of plain prose is none, however it sounds.
"""

from __future__ import annotations

import re
import unicodedata

from memagent.story.wording import spaceless, words

_LINE = 60
"""Columns of a line of verse, at most; letters of East Asia take two."""
_MOST = 40
"""Words of what is set off by italics alone, at most; characters count as half a word in scripts without blanks."""
_QUOTED = 25
"""Likewise of what is set off by quotation marks, which speech is as well."""
_ITALIC = re.compile(r"(\*|_)(?!\1)(?:(?!\1).)+\1[.,;:!?…]?", re.DOTALL)
_QUOTE = re.compile(r'"[^"]+"|“[^“”]+”|«[^«»]+»|„[^„“”]+[“”]|「[^「」]+」|『[^『』]+』|‘[^‘]+’', re.DOTALL)


def is_verse(paragraph: str) -> bool:
    """Say whether a paragraph is set off as verse."""
    lines = [line.strip() for line in paragraph.split("\n") if line.strip()]
    if not lines:
        return False
    if all(line.startswith(">") for line in lines):
        return _length(paragraph) <= _MOST
    if len(lines) > 1 and all(_columns(line) <= _LINE for line in lines):
        return True
    if all(map(_ITALIC.fullmatch, lines)) or _ITALIC.fullmatch(paragraph.strip()):
        return _length(paragraph) <= _MOST
    return _QUOTE.fullmatch(paragraph.strip()) is not None and _length(paragraph) <= _QUOTED


def _length(text: str) -> int:
    count = len(words(text))
    return count // 2 if spaceless(text) else count


def _columns(line: str) -> int:
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in line)
