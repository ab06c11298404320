"""Which of many findings a person looks at first, and how many there are of each kind.

Worst first: contradictions and time that does not add up, in the order of the book, then names and lengths, and then
what is said again, by how many words a reader reads once too often.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from memagent.story.finding import Finding

ORDER = ("canon", "timeline", "name", "length", "repeat")


def worst_first(findings: Iterable[Finding]) -> list[Finding]:
    """Return findings in the order in which they matter."""
    return sorted(findings, key=lambda one: (ORDER.index(one.kind), -_words(one), one.place))


def by_kind(findings: Sequence[Finding]) -> dict[str, int]:
    """Return how many there are of each kind, the kinds in the order in which they matter."""
    counts = Counter(finding.kind for finding in findings)
    return {kind: counts[kind] for kind in ORDER if counts[kind]}


def _words(finding: Finding) -> int:
    """How many words are said again, at each place but the first; in scripts without blanks eight signs are one."""
    if finding.kind != "repeat":
        return 0
    signs = finding.quote
    return max(len(signs.split()), len(signs) // 8) * max(1, len(finding.places) - 1)
