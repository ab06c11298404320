"""Chapters that are much shorter or longer than was asked."""

from __future__ import annotations

from collections.abc import Sequence

from memagent.sentences import count_words
from memagent.story.finding import Finding
from memagent.story.manuscript import Manuscript, Place

TOLERANCE = 0.2
"""The part of what was asked by which a chapter may be off."""


def length(manuscript: Manuscript, asked: Sequence[int | None], tolerance: float = TOLERANCE) -> list[Finding]:
    """Return a finding for each chapter that is off by more than `tolerance`, 0.2 for a fifth.

    `asked` has the words of each chapter, in order; 0 or `None` asks for nothing, as for one that is still being
    written; chapters beyond its end are not looked at.
    """
    findings = []
    for number, (chapter, wanted) in enumerate(zip(manuscript.chapters, asked, strict=False), 1):
        got = sum(map(count_words, chapter.paragraphs))
        if wanted and abs(got - wanted) > tolerance * wanted:
            text = f"{got:,} of {wanted:,} words asked"
            findings.append(Finding("length", Place(number), text, key=f"ch.{number}: {wanted}"))
    return findings
