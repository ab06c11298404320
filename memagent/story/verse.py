"""What is set off as verse, and so may be said again on purpose: a song's refrain, a rhyme, a motto, a letter's line.

Told by how it stands there, in any script: several short lines; or all of a short paragraph in italics or in a block
quotation; or in quotation marks, with a few words that say who sings, where it sounds like a song: a word comes back at
once ("Row, brothers, row"; of scripts without blanks, two characters). Speech that does not is prose, and said twice
it is found. So is prose that an editor has broken into lines, which are all about as long as the longest, end anywhere,
and begin with small letters. Any other paragraph of prose is none, however it sounds.
"""

from __future__ import annotations

import re
import unicodedata

from memagent.story.wording import narration, spaceless, words

_LINE = 60
"""Columns of a line of verse, at most; letters of East Asia take two."""
_MOST = 40
"""Words of what is set off by italics alone, at most; characters count as half a word in scripts without blanks."""
_QUOTED, _TAG = 25, 5
"""Likewise of what is set off by quotation marks, and of what stands outside of them in the same paragraph."""
_MARGIN, _REGULAR = 40, 0.7
"""Columns of the longest line, at least, in prose that is broken into lines, and how much of that the others have."""
_SIGNS = frozenset('.,;:!?…—–-"”’»“)*_。，、；：！？」』')
_MARKS = frozenset('"“”«»„‘’「」『』')
_ITALIC = re.compile(r"(\*|_)(?!\1)(?:(?!\1).)+\1[.,;:!?…]?", re.DOTALL)


def is_verse(paragraph: str) -> bool:
    """Say whether a paragraph is set off as verse."""
    lines = [line.strip() for line in paragraph.split("\n") if line.strip()]
    if not lines:
        return False
    if all(line.startswith(">") for line in lines):
        return _length(paragraph) <= _MOST
    if len(lines) > 1 and all(_columns(line) <= _LINE for line in lines):
        return not _broken(lines)
    if all(map(_ITALIC.fullmatch, lines)) or _ITALIC.fullmatch(paragraph.strip()):
        return _length(paragraph) <= _MOST
    return _is_sung(paragraph.strip())


def _broken(lines: list[str]) -> bool:
    """Say whether lines are those of prose that was broken at a margin: see above."""
    longest = max(map(_columns, lines))
    if longest < _MARGIN or any(_columns(line) < _REGULAR * longest for line in lines[:-1]):
        return False
    if not any(line[0].islower() for line in lines[1:]):  # scripts without small letters: by the ends alone
        return any(sign.isalpha() and sign.lower() == sign.upper() for sign in lines[0]) and not _at_signs(lines)
    return not _at_signs(lines)


def _at_signs(lines: list[str]) -> bool:
    """Say whether most lines but the last end where a sentence or a part of one does."""
    return 2 * sum(line[-1] in _SIGNS for line in lines[:-1]) > len(lines) - 1


def _is_sung(paragraph: str) -> bool:
    if not _MARKS.issuperset((paragraph[0], paragraph[-1])) or _length(paragraph) > _QUOTED:
        return False
    ones, size = [word.text for word in words(paragraph)], 2 if spaceless(paragraph) else 1
    parts = [tuple(ones[at : at + size]) for at in range(len(ones) - size + 1)]
    comes_back = any(part in parts[at + size : at + 2 * size + 1] for at, part in enumerate(parts))
    return comes_back and len(words(narration(paragraph))) <= _TAG


def _length(text: str) -> int:
    count = len(words(text))
    return count // 2 if spaceless(text) else count


def _columns(line: str) -> int:
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in line)
