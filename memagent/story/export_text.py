"""A story as plain text: titles are underlined, prose has lost its marks, paragraphs are not wrapped."""

from __future__ import annotations

import unicodedata

from memagent.story.edition import Edition
from memagent.story.inline import SCENE_BREAK, plain


def text(edition: Edition) -> str:
    """Return the edition as plain text: blank lines between paragraphs, one more before a chapter."""
    head = [_underlined(edition.title, "=")] if edition.title else []
    head += [edition.author] if edition.author else []
    chapters = []
    for section in edition.sections:
        parts = [_underlined(section.heading, "-")] if section.heading else []
        parts += [SCENE_BREAK if block is None else plain(block) for block in section.blocks]
        chapters.append("\n\n".join(parts))
    front = "\n\n".join(head)
    several = "\n\n\n".join(chapters)
    return (f"{front}\n\n{several}" if front else several) + "\n"


def _underlined(title: str, sign: str) -> str:
    columns = sum(
        0 if unicodedata.combining(letter) else 1 + (unicodedata.east_asian_width(letter) in "WF") for letter in title
    )
    return f"{title}\n{sign * min(columns, 79)}"
