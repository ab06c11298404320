"""Whether a relation says that something still is so, of what the sentence says used to be (English).

`Bo used to be a smith` is a fact, and a sure one: that he was, or used to be. That he is a smith it does not say.
"""

from __future__ import annotations

import re

from memagent.gate.english import is_finite
from memagent.gate.likeness import grounded
from memagent.types import Triple

_USED_TO = re.compile(r"(?i)(?<!\bam )(?<!\bis )(?<!\bare )(?<!\bget )(?<!\bgot )\bused to\b(?! \w+ing\b)")
_CLAUSE = re.compile(r"(?i)[,;:]|\b(?:but|and|while)\b")


def is_bygone(triple: Triple, sentence: str) -> bool:
    """Return whether every clause with the object has `used to`, while the relation is one of the present."""
    first = triple.relation.split()[0].lower()
    if first not in ("am", "are", "have") and not (first.endswith("s") and first != "was" and is_finite(first)):
        return False
    clauses = [clause for clause in _CLAUSE.split(sentence) if grounded(triple.object, clause)]
    return bool(clauses) and all(_USED_TO.search(clause) for clause in clauses)
