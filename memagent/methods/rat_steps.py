"""A step of RAT while it is worked on, and the part of the answer that it becomes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from memagent.methods.rat_calls import Found
from memagent.methods.rat_options import Options
from memagent.methods.rat_passages import reference_parts, relevant
from memagent.methods.rat_reading import tidy
from memagent.types import Change, Hit, Part, Token, estimate_tokens


@dataclass(slots=True)
class StepInWork:
    """A step while it is worked on.

    Attributes:
        draft: as it was drafted.
        text: as it stands.
        decision: what came of it so far.
        why: reasons, in words.
        confidence: how sure the model is of the draft, where a gate said so.
        tokens: those of the draft, where the gate goes by them.
        found: what was looked up for it.
        shown: the ids of the passages that a reviser saw.
        changes: what each of them changed.
    """

    draft: str
    text: str
    decision: Literal["accepted", "kept", "revised"] = "kept"
    why: list[str] = field(default_factory=list)
    confidence: float | None = None
    tokens: tuple[Token, ...] = ()
    found: Found | None = None
    shown: set[str] = field(default_factory=set)
    changes: list[Change] = field(default_factory=list)

    def part(self, blank: str) -> Part:
        """Return it as a part of the answer, behind a blank."""
        return Part(
            text=blank + self.text,
            draft=self.draft,
            decision=self.decision,
            why="; ".join(self.why) or self._reason(),
            confidence=self.confidence,
            tokens=self.tokens,
            queries=(self.found.query,) if self.found else (),
            hits=tuple(hit for hit in self.found.hits if hit.id in self.shown) if self.found else (),
            changes=tuple(self.changes),
        )

    def _reason(self) -> str:
        if self.decision != "revised":
            return "what was found changed nothing"
        taken = sum(change.taken for change in self.changes)
        if not taken:
            return "the reviser changed it, and with no word of a passage"
        shown = len(self.changes)
        return f"changed by {taken} of the {shown} passages that were shown" if shown > 1 else "changed by the passage"


def shown_together(hits: Sequence[Hit], query: str, options: Options) -> list[list[Hit]]:
    """Return the passages that each revision of a step is shown, cut to what has to do with the query."""
    tidied = [replace(hit, text=text) for hit in hits if (text := tidy(hit.text).strip())]
    if options.compat:
        parts = [(hit, part) for hit in tidied for part in reference_parts(hit.text, estimate_tokens(hit.text))[:2]]
        return [[replace(hit, text=part)] for hit, part in parts if part.strip()]
    batches = [[hit] for hit in tidied] if options.revisions == "each" else [tidied]
    return [shown for batch in batches if (shown := relevant(batch, query, options.passage_tokens))]


def passages_of(parts: Iterable[Part]) -> tuple[Hit, ...]:
    """Return the passages of some parts, each once, in the order in which they were first shown."""
    hits: dict[tuple[str, str], Hit] = {}
    for hit in (hit for part in parts for hit in part.hits):
        hits.setdefault((hit.id, hit.text), hit)
    return tuple(hits.values())
