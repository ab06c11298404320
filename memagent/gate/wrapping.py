"""Lines that an editor or a terminal broke, put together again: what is judged is what was written, not how wide.

A line goes on in the next where it is long, ends without the end of a sentence, and the next begins with a small
letter, or where it ends in a comma or a small word that something must follow. Scripts without small letters are left
as they are, and so are lists, headings and lines that are short, as those of a chat are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_LONG = 40  # characters of a line that may have been broken; what people send as lines of a chat is mostly shorter
_OPEN = re.compile(
    r"(?i)(?:,|\b(?:the|an?|of|and|or|to|in|on|at|by|for|with|from|that|which|who|is|are|must|will|der|die|das|ein|"
    r"eine|"
    r"und|oder|zu|mit|le|la|les|une?|de|des|et|ou|que|el|los|las|y|il|lo|che|e|и|в|на|что|не|never|always|not|"
    r"every))$"
)
_ITEM = re.compile(r"^\s*(?:[-*•+>#|\[{<]|\d{1,3}[.)]\s)")


def unwrapped(lines: Iterable[str]) -> list[str]:
    """Return lines with those put together that are one; blank lines stay."""
    whole: list[str] = []
    for line in lines:
        if whole and _goes_on(whole[-1].rpartition("\n")[2], line):
            whole[-1] = f"{whole[-1].rstrip()}\n{line.strip()}"
        else:
            whole.append(line)
    return [line.replace("\n", " ") for line in whole]


def _goes_on(line: str, following: str) -> bool:
    line, following = line.rstrip(), following.strip()
    if len(line) < _LONG or not following or _ITEM.match(following) or line[-1] in '.!?。！？…:：;|"”»':
        return False
    return following[0].islower() or _OPEN.search(line) is not None
