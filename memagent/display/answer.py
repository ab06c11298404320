"""An answer: its text and passages, and how it came about in the way of the method that wrote it."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from memagent.display import hits, lines
from memagent.display.markup import Markup, card, folded, joined, quiet, tag
from memagent.display.shapes import prose, told
from memagent.display.view import View
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


def view_of(answer: Answer) -> View:
    """Return the view of an answer: that of FLARE or RAT where its parts are theirs, else text and passages."""
    for holds, module in _KINDS:
        if holds(answer):
            made: View = import_module(f"memagent.display.{module}").view_of(answer)
            return made
    return plain(answer)


def plain(answer: Answer) -> View:
    """Return an answer's text, what was recited for it, and its passages."""
    recited = [part.draft for part in answer.parts if part.decision == "recited"]
    text = [text_of(answer)]
    text += [lines.wrapped(one, "      ", "  recited, unverified: ", most=400) for one in recited]
    text += [lines.wrapped(f"[{number}] {hits.named(hit, 200)}", "      ", "  ") for number, hit in _numbered(answer)]
    if recited:
        unsure = folded("recited by the model, unverified", *(card(prose(one), meaning="warm") for one in recited))
    else:
        unsure = Markup("")
    body = joined([html_of(answer), unsure, hits.passages(answer.hits)])
    return View("\n".join(text), body)


def text_of(answer: Answer) -> str:
    """Return the text of an answer with what is to be heeded about it, for a terminal."""
    heeded = [lines.wrapped(f"{name}: {one}", "    ", "  ") for name, one in _heeded(answer)]
    return "\n".join([lines.wrapped(answer.text or "(no answer)", most=4000), *heeded])


def html_of(answer: Answer) -> Markup:
    """Return the text of an answer with what is to be heeded about it."""
    text = tag("div", lines.cut(answer.text, 6000) or quiet("(no answer)"), style="white-space:pre-wrap;font-size:1.1em")
    return joined([text, told("low", answer.problems), told("warm", answer.notes)])


def _heeded(answer: Answer) -> list[tuple[str, str]]:
    return [*(("problem", one) for one in answer.problems[:12]), *(("note", one) for one in answer.notes[:12])]


def _numbered(answer: Answer) -> list[tuple[int, hits.Hit]]:
    return list(enumerate(answer.hits[: hits.MOST], 1))


def _is_rat(answer: Answer) -> bool:
    decisions = {part.decision for part in answer.parts}
    return bool(decisions) and decisions <= {"accepted", "kept", "revised"}


def _is_flare(answer: Answer) -> bool:
    decisions = {part.decision for part in answer.parts}
    return "recited" not in decisions and (len(answer.parts) > 1 or any(part.tokens for part in answer.parts))


_KINDS: list[tuple[Callable[[Answer], bool], str]] = [(_is_rat, "rat"), (_is_flare, "flare")]
"""Which answers a module of this folder has a view of its own for; the first that holds."""
