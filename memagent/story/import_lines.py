"""The paragraphs of a text: by blank lines, or by lines where no blank lines part them; hard-wrapped lines are joined.

A text counts as hard-wrapped when its lines end where the next word would have passed a margin, and not at the ends of
sentences. Then a line that ends far before the margin, as those of verses do, keeps its line break. Widths are counted
in columns, so that this holds for Chinese as well.
"""

from __future__ import annotations

import re
import unicodedata
from itertools import pairwise

from memagent.story.inline import is_break

HEADING = re.compile(r" {0,3}(#{1,6})[ \t]+(\S.*?)(?:[ \t]+#+)?[ \t]*")
UNDERLINE = re.compile(r" {0,3}(=+|-{3,})[ \t]*")
_FINAL = ".!?…:;。！？：；”\"’'»」』)）*_—"
_HARD_BREAK = re.compile(r"(?:  +|\\)$")

Block = list[str]


def paragraphs(text: str) -> list[str]:
    """Return the paragraphs of a text, in order; headings, underlined titles and scene breaks are ones of their own."""
    parts = _parts(text)
    prose = [block for block in parts if not _is_sign(block)]
    inside = sum(len(block) - 1 for block in prose)
    between = sum(1 for one, two in pairwise(parts) if not _is_sign(one) and not _is_sign(two))
    margin = _margin(prose)
    by_lines = not margin and inside > 4 * between and inside >= len(prose)
    return [part for block in parts for part in _split(block, margin, by_lines)]


def _parts(text: str) -> list[Block]:
    """Return the runs of lines between blank ones; what is a heading or a scene break stands alone."""
    parts: list[Block] = [[]]
    for line in text.split("\n"):
        if not line.strip():
            parts.append([])
        elif len(parts[-1]) == 1 and _underlines(line, parts[-1][0]):
            parts[-1].append(line)
            parts.append([])
        elif HEADING.fullmatch(line) or is_break(line):
            parts += [[line], []]
        else:
            parts[-1].append(line)
    return [part for part in parts if part]


def _underlines(line: str, title: str) -> bool:
    """Whether a line makes a title of the one above it; a dashed line does so only under what may be a title."""
    found = UNDERLINE.fullmatch(line)
    return found is not None and (found[1][0] == "=" or _may_be_title(title))


def _may_be_title(line: str) -> bool:
    return len(line.strip()) <= 80 and line.strip()[-1] not in '.!?…。！？,，”"'


def _is_sign(block: Block) -> bool:
    """Whether a block is a heading, an underlined title or a scene break."""
    if len(block) == 2 and UNDERLINE.fullmatch(block[1]):
        return True
    return len(block) == 1 and bool(HEADING.fullmatch(block[0]) or is_break(block[0]))


def _margin(prose: list[Block]) -> int:
    """Return the column at which a text was wrapped, 0 for one that was not."""
    joints = [(one, two) for block in prose for one, two in pairwise(block)]
    if not joints:
        return 0
    widths = sorted(_columns(line.rstrip()) for block in prose for line in block)
    margin = widths[int(0.97 * (len(widths) - 1))] if len(widths) > 30 else widths[-1]
    full = sum(_reach(one, two) > 0.85 * margin for one, two in joints)
    final = sum(one.rstrip()[-1] in _FINAL for one, _ in joints)
    return margin if 40 <= margin <= 120 and full > 0.6 * len(joints) and final < 0.5 * len(joints) else 0


def _split(block: Block, margin: int, by_lines: bool) -> list[str]:
    """Return the paragraphs of a block."""
    if _is_sign(block):
        return ["\n".join(line.strip() for line in block)]
    indented = [_indent(line) for line in block]
    marks = not all(indented) or block[0].startswith("\u3000")
    found = [[block[0].strip()]]
    for before, line, first in zip(block, block[1:], indented[1:], strict=False):
        if by_lines or (first and marks):
            found.append([line.strip()])
        else:
            found[-1] += [_between(before, line, margin), line.strip()]
    return [re.sub(r"\\(?=\n|$)", "", "".join(pieces)) for pieces in found]


def _between(before: str, line: str, margin: int) -> str:
    """Return what stands between two lines of one paragraph: a line break, or what joins them."""
    if _HARD_BREAK.search(before) or not margin or _reach(before, line) < 0.75 * margin:
        return "\n"
    return _glue(before.strip(), line.strip())


def _glue(text: str, line: str) -> str:
    """Return what stands between two lines that are joined: nothing in scripts without blanks, and behind a hyphen."""
    last, first = text[-1], line[0]
    hyphen = last in "-\u2010—" and len(text) > 1 and not text[-2].isspace()
    return "" if hyphen or (_unspaced(last) and _unspaced(first)) else " "


def _unspaced(letter: str) -> bool:
    """Whether a letter is of a script that is written without blanks (Hangul is not), or a sign that goes with it."""
    wide = unicodedata.east_asian_width(letter) in "WF" and not "\uac00" <= letter <= "\ud7af"
    return wide or letter in "“”‘’…—" or "\u0e00" <= letter <= "\u0eff"


def _indent(line: str) -> bool:
    return line.startswith(("  ", "\t", "\u3000", " \u3000", "\u00a0\u00a0"))


def _reach(line: str, after: str) -> int:
    """Return the column that a line would have come to with the next word on it."""
    text = after.strip()
    word = text[:1] if _unspaced(text[:1]) else text.split(maxsplit=1)[0]
    return _columns(line.rstrip()) + 1 + _columns(word)


def _columns(text: str) -> int:
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(sign) else 1 + (unicodedata.east_asian_width(sign) in "WF") for sign in text)
