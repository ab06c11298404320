"""Prose as elements of HTML and XHTML, which here are the same: every element is closed, every attribute quoted."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape as _escape

from memagent.story.edition import Block
from memagent.story.inline import parse


def escape(text: str) -> str:
    """Return a text that may stand in an element or in a quoted attribute."""
    return _escape(text, quote=True)


def paragraphs(blocks: Iterable[Block]) -> str:
    """Return paragraphs and scene breaks, one element a line. A paragraph that follows a break has a class for it."""
    lines, broken = [], True
    for block in blocks:
        opening = '<p class="first">' if broken else "<p>"
        lines.append("<hr/>" if block is None else f"{opening}{inline(block)}</p>")
        broken = block is None
    return "\n".join(lines)


def inline(text: str) -> str:
    """Return one paragraph's text with its marks as elements and its line breaks as such."""
    pieces = (f"<{piece}>" if mark else escape(piece) for piece, mark in parse(text))
    return "".join(pieces).replace("\n", "<br/>\n")
