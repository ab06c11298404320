"""What the first words of a paragraph say of the rest of it: whose it is, under which label, behind which closing.

A record goes on under its label (`Source: chat` and what it says on the next line), an assistant's turn goes on behind
the sentence that shows whose it is, and behind `Kind regards,` stand a name and an address. Where somebody speaks of
himself, a label or the end of a memory's sentence says nothing of what is behind.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from memagent.memory.assistants import about_me, of_a_turn, of_its_memory
from memagent.memory.fields import is_field
from memagent.memory.reasons import GREETING, LABELLED, MODEL, RECALLED
from memagent.memory.unfit import is_closing, unfit
from memagent.sentences import split_sentences

_GOES_ON = re.compile(r"[.!?。！？]\s*\S")
_LONGEST = 20_000  # characters of a line of which the sentences are looked at
_FEW = 6  # words of a line of a signature
_STOPPED = re.compile(r"[.!?。！？]\W*$")


def of_others(paragraph: Sequence[str]) -> list[str]:
    """Return for each line of a paragraph why its beginning, or the lines before it, say that it teaches nothing."""
    if not paragraph:
        return []
    text = " ".join(paragraph)
    if len(text) <= _LONGEST and any(map(of_a_turn, split_sentences(text))):
        return [MODEL] * len(paragraph)
    if is_field(paragraph[0]) and not about_me(text):
        return [LABELLED] * len(paragraph)
    found, closed = [], False
    for line in paragraph:
        signed = closed and len(line.split()) <= _FEW and not _STOPPED.search(line)
        found.append(GREETING if signed else retold(line))
        closed = signed or is_closing(line)
    return found


def heads_rows(paragraph: Sequence[str], rows: Sequence[bool]) -> bool:
    """Return whether the first line of a paragraph is the heading of rows and of nothing else."""
    head = paragraph[0] if paragraph else ""
    return (
        len(rows) > 2
        and all(rows[1:])
        and not rows[0]
        and not _STOPPED.search(head)
        and not about_me(" ".join(paragraph))
    )


def retold(line: str) -> str:
    """Return why a line comes out of a memory or stands under a label, by its first sentence, or ''."""
    if of_its_memory(line):
        return RECALLED
    if not _GOES_ON.search(line):
        return ""
    sentences = split_sentences(line) if len(line) <= _LONGEST else []
    if len(sentences) < 2 or about_me(" ".join(sentences[1:])):
        return ""
    why = unfit(sentences[0])
    return {RECALLED: RECALLED, MODEL: RECALLED, LABELLED: LABELLED}.get(why, "")
