"""Where a stretch of lines ends that was recalled or printed: at its closing tag, its fence, the end of its list.

What stands behind is somebody's again. A paragraph is what blank lines, tags and fences part.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from memagent.gate.labels import is_heading
from memagent.gate.reasons import MACHINE, PROMPT, RECALLED
from memagent.gate.unfit import unfit

_TAG = re.compile(r"^\s*<(?P<end>/?)\s*(?P<name>[^\W\d][\w-]{0,30})(?:\s[^<>]{0,200})?>")
_CLOSED = re.compile(r"^\s*</\s*([^\W\d][\w-]{0,30})\s*>|</\s*([^\W\d][\w-]{0,30})\s*>\s*$")
_FENCE = re.compile(r"^\s*(?:```|~~~)")
_ITEM = re.compile(r"^\s*(?:[-*•–—]|\d{1,2}[.)])\s")
_TIED = re.compile(r"(?m)^([ \t]*(?:<([^\W\d][\w-]{0,30})>[^\n]{0,2000}?</\2>|</[^\W\d][\w-]{0,30}>))[ \t]*(?=\S)")


@dataclass(frozen=True, slots=True)
class Piece:
    """A line, whose turn it belongs to, and why it is refused already; blank lines are pieces too."""

    text: str
    turn: int
    why: str = ""
    indented: bool = False


def untied(text: str) -> str:
    """Return a text with a line of its own for what stands behind a closing tag."""
    return _TIED.sub(r"\1\n", text)


def enclosed(turn: Sequence[Piece]) -> list[Piece]:
    """Return the lines of a turn, those between a tag and its end refused as recalled, those of a fence as printed.

    A line outside that speaks of what is in a tag by its name (`The context is ...`) is part of the prompt.
    """
    closed = {name.lower() for piece in turn for match in _CLOSED.finditer(piece.text) for name in match.groups("")}
    closed.discard("")
    named = re.compile(rf"(?i)\b(?:{'|'.join(map(re.escape, sorted(closed)))})\b") if closed else None
    tag, fenced, found = "", False, []
    left = sum(_FENCE.match(piece.text) is not None for piece in turn)
    for piece in turn:
        match, fence = _TAG.match(piece.text), _FENCE.match(piece.text) is not None
        name = match["name"].lower() if match else ""
        opened = name in closed and match is not None and not match["end"]
        tag = tag or (name if opened else "")
        fence = fence and (fenced or left > 1)
        why = RECALLED if tag else (MACHINE if fence or fenced else "")
        if not why and named and named.search(piece.text):
            why = PROMPT
        found.append(replace(piece, why=piece.why or why))
        fenced, left = fenced != fence, left - fence
        if tag and re.search(rf"(?i)</\s*{re.escape(tag)}\s*>\s*$", piece.text):
            tag = ""
    return found


def paragraphs(turn: Sequence[Piece]) -> Iterator[list[Piece]]:
    """Yield the lines of a turn by paragraphs: a blank line parts them, and where refused lines begin or end."""
    paragraph: list[Piece] = []
    for piece in turn:
        if paragraph and (not piece.text or bool(paragraph[-1].why) != bool(piece.why)):
            yield paragraph
            paragraph = []
        if piece.text:
            paragraph.append(piece)
    if paragraph:
        yield paragraph


def recalled_list(paragraph: Sequence[Piece]) -> list[bool]:
    """Return for each line of a paragraph whether it is the heading of a recalled list or stands under it.

    Where the list has items, the first line that is none and is not indented ends it.
    """
    found, recalled, items = [], False, False
    for piece in paragraph:
        if is_heading(piece.text) or (piece.text.endswith((":", "：")) and unfit(piece.text) == RECALLED):
            recalled, items = True, False
        elif is_item(piece.text):
            items = True
        elif items and not piece.indented:
            recalled = False
        found.append(recalled)
    return found


def is_item(line: str) -> bool:
    """Return whether a line is an item of a list."""
    return _ITEM.match(line) is not None
