"""What became of what was to be learnt: triples of one sentence, or attempts at a problem."""

from __future__ import annotations

from memagent.display import lines, rationales, triples
from memagent.display.markup import chip, joined, tag
from memagent.display.memllm import refusal_texts, refusals
from memagent.display.shapes import strip, words
from memagent.display.view import View
from memagent.methods.arm_rag_learning import Learnt as Attempts
from memagent.triples import Learnt

MOST = 40
"""Triples that a view shows."""


def view_of(learnt: Learnt | Attempts) -> View:
    """Return the view of what was kept and what was refused, with why."""
    if isinstance(learnt, Attempts):
        return rationales.of_attempts(learnt)
    counts = [("kept", str(len(learnt.kept))), ("refused", str(len(learnt.refused)))]
    kept = learnt.kept[:MOST]
    rows = (
        tag("div", chip("write", "good"), " ", triples.named((one.subject, one.relation, one.object))) for one in kept
    )
    text = [lines.wrapped(f"{one.subject} | {one.relation} | {one.object}", "      ", "    + ") for one in kept]
    return View(
        "\n".join([words(counts), *text, *refusal_texts(learnt.refused)]),
        joined([strip(counts), *rows, refusals(learnt.refused)]),
    )
