"""A story as Markdown: the title, the chapters as headings, the paragraphs as they were written."""

from __future__ import annotations

import re

from memagent.story.edition import Edition
from memagent.story.inline import clean, escape

_HEADING = re.compile(r"^[ \t]*(?=#{1,6}[ \t]+\S)", re.MULTILINE)
_UNDERLINE = re.compile(r"(?<=\S\n)[ \t]*(?=(?:=+|-+)[ \t]*$)", re.MULTILINE)


def markdown(edition: Edition) -> str:
    """Return the edition as Markdown. A line of the story that would be a heading gets a backslash."""
    parts = [f"# {edition.title}"] if edition.title else []
    parts += [f"*{escape(edition.author)}*"] if edition.author else []
    for section in edition.sections:
        parts += [f"## {section.heading}"] if section.heading else []
        parts += [_UNDERLINE.sub(r"\\", _HEADING.sub(r"\\", clean(text))) for text in section.chapter.paragraphs]
    return "\n\n".join(parts) + "\n"
