"""The text of an answer with what is to be heeded about it, as every view of an answer begins."""

from __future__ import annotations

from memagent.display import lines
from memagent.display.markup import Markup, joined, quiet, tag
from memagent.display.shapes import told
from memagent.types import Answer

MEANING = {
    "first": "grey",
    "accepted": "good",
    "retrieved": "told",
    "kept": "warm",
    "revised": "told",
    "recited": "warm",
}
"""The tint of each decision on a part."""

WORDS = {"retrieved": "looked up", "accepted": "stands", "kept": "unchanged"}
"""What people read for a decision, where it is not the word itself."""

_HEEDED = 12


def text_of(answer: Answer) -> str:
    """Return the text of an answer with its problems and notes, for a terminal."""
    heeded = [
        *(f"problem: {one}" for one in answer.problems[:_HEEDED]),
        *(f"note: {one}" for one in answer.notes[:_HEEDED]),
    ]
    text = lines.wrapped(answer.text or "(no answer)", most=4000)
    return "\n".join([text, *(lines.wrapped(one, "    ", "  ") for one in heeded)])


def html_of(answer: Answer) -> Markup:
    """Return the text of an answer with its problems and notes."""
    text = lines.cut(answer.text, 6000) or quiet("(no answer)")
    body = tag("div", text, style="white-space:pre-wrap;font-size:1.1em")
    return joined([body, told("low", answer.problems, _HEEDED), told("warm", answer.notes, _HEEDED)])
