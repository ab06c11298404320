"""A story as JSON lines, for programs: one object a paragraph, its text as it was written."""

from __future__ import annotations

import json

from memagent.story.edition import Edition


def jsonl(edition: Edition) -> str:
    """Return one line a paragraph: `chapter` and `paragraph` from 1, the chapter's `title` (may be empty), `text`."""
    return "".join(
        _line(chapter=section.number, title=section.chapter.title, paragraph=number, text=text)
        for section in edition.sections
        for number, text in enumerate(section.chapter.paragraphs, 1)
    )


def _line(**fields: int | str) -> str:
    line = json.dumps(fields, ensure_ascii=False).encode("utf-8", "replace").decode()
    for sign in "\u0085\u2028\u2029":  # some readers of lines end one there
        line = line.replace(sign, f"\\u{ord(sign):04x}")
    return line + "\n"
