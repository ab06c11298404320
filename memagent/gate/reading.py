"""Whether a text is a task to read: a statement, and behind it a question that is put in the words of the statement.

`Ida runs the mill. Who runs the mill?` is an exercise: who asks because of what he tells asks for something that he did
not say. Writings without blanks between their words are not covered.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from memagent.gate.echoes import words
from memagent.gate.english import listed
from memagent.gate.words import EMPTY

_ASKS = re.compile(r"[?？]\W*$")
_LEAST = 2  # words that the question shares with what stands before it


def asks_what_was_said(sentences: Sequence[str]) -> bool:
    """Return whether the last sentence asks, and each of its words but the first and the small ones was said before."""
    if len(sentences) < 2 or not _ASKS.search(sentences[-1]):
        return False
    wanted = [word for word in words(sentences[-1])[1:] if word not in EMPTY and word not in listed("small")]
    said = {word for sentence in sentences[:-1] if not _ASKS.search(sentence) for word in words(sentence)}
    return len({*wanted}) >= _LEAST and said.issuperset(wanted)
