"""An answer: its text and passages, and how it came about in the way of the method that wrote it."""

from __future__ import annotations

from collections.abc import Callable

from memagent.display import flare, hits, lines, rat
from memagent.display.answer_text import html_of, text_of
from memagent.display.markup import Markup, card, folded, joined
from memagent.display.shapes import prose
from memagent.display.view import View
from memagent.types import Answer


def view_of(answer: Answer) -> View:
    """Return the view of an answer: that of FLARE or RAT where its parts are theirs, else text and passages."""
    return next((view for holds, view in _KINDS if holds(answer)), plain)(answer)


def plain(answer: Answer) -> View:
    """Return an answer's text, what was recited for it, and its passages."""
    recited = [part.draft for part in answer.parts if part.decision == "recited"]
    numbered = list(enumerate(answer.hits[: hits.MOST], 1))
    text = [text_of(answer)]
    text += [lines.wrapped(one, "      ", "  recited, unverified: ", most=400) for one in recited]
    text += [lines.wrapped(f"[{number}] {hits.named(hit, 200)}", "      ", "  ") for number, hit in numbered]
    cards = (card(prose(one), meaning="warm") for one in recited)
    unsure = folded("recited by the model, unverified", *cards) if recited else Markup("")
    return View("\n".join(text), joined([html_of(answer), unsure, hits.passages(answer.hits)]))


def _is_rat(answer: Answer) -> bool:
    decisions = {part.decision for part in answer.parts}
    return bool(decisions) and decisions <= {"accepted", "kept", "revised"}


def _is_flare(answer: Answer) -> bool:
    decisions = {part.decision for part in answer.parts}
    return "recited" not in decisions and (len(answer.parts) > 1 or any(part.tokens for part in answer.parts))


_KINDS: list[tuple[Callable[[Answer], bool], Callable[[Answer], View]]] = [
    (_is_rat, rat.view_of),
    (_is_flare, flare.view_of),
]
"""Which answers have a view of their own; the first that holds."""
