"""The marks before what a line says: of lists, of numbers and scores, of quotations."""

from __future__ import annotations

import re

_MARKS = re.compile(
    r"^\s*(?:[-*•·+–—>#]+\s+|>+\s*|\(?\d{1,3}[.)、:：]\s*|\[\d{1,3}\]\s*|[\[(]?[01][.,]\d+[\])]?\s+|[\[(][^\[\]()\n]{1,40}[\])]\s+)+"
)


def unlisted(line: str) -> str:
    """Return a line without the mark of a list, a number, a score, or a note in brackets before it."""
    return _MARKS.sub("", line)
