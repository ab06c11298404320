"""All checks of a story, without a model: repetition, names, timeline, canon and length."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from memagent.errors import UsageProblem
from memagent.story.check_canon import Canon, canon, contradictions, moment, triples
from memagent.story.check_length import length
from memagent.story.check_names import names
from memagent.story.check_repetition import repetition
from memagent.story.check_timeline import timeline
from memagent.story.finding import Finding, placed, unwaived
from memagent.story.manuscript import Manuscript
from memagent.story.reading import Attribute, Reads, attributes
from memagent.story.tired import tired

KINDS = ("repetition", "names", "timeline", "canon", "length")

__all__ = [
    "KINDS", "Attribute", "Canon", "Finding", "attributes", "canon", "check", "contradictions", "length", "moment",
    "names", "repetition", "timeline", "tired", "triples", "unwaived",
]  # fmt: skip


def check(
    manuscript: Manuscript,
    kinds: Collection[str] = KINDS,
    *,
    asked: Sequence[int | None] = (),
    waivers: Iterable[Sequence[str]] = (),
    reads: Reads | None = None,
) -> list[Finding]:
    """Run the checks of these kinds and return what they find, in the order of the book.

    Args:
        manuscript: the story.
        kinds: which of `KINDS`.
        asked: how many words each chapter is to have; see `length`.
        waivers: findings that are meant; see `Finding.waiver`.
        reads: as in `attributes`.

    Raises `UsageProblem` for a kind that there is not.
    """
    if unknown := sorted(set(kinds) - set(KINDS)):
        raise UsageProblem(f"there is no check {unknown[0]!r}", hint=f"There are: {', '.join(KINDS)}.")
    meant = frozenset(tuple(waiver) for waiver in waivers)
    facts = attributes(manuscript, reads) if {"timeline", "canon"} & set(kinds) else []
    runs = {
        "repetition": lambda: repetition(manuscript),
        "names": lambda: names(manuscript),
        "timeline": lambda: timeline(manuscript, facts),
        "canon": lambda: canon(manuscript, facts, meant),
        "length": lambda: length(manuscript, asked),
    }
    found = [finding for kind in KINDS if kind in kinds for finding in runs[kind]()]
    found = placed(sorted(found, key=lambda finding: finding.place), dict(manuscript.paragraphs))
    return unwaived(found, meant)
