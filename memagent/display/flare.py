"""FLARE: each sentence with its tokens tinted by how unlikely they were, what was looked up, and what became of it.

Under the sentences, what another threshold would have looked up, over the same probabilities and without a call.
"""

from __future__ import annotations

from collections.abc import Sequence

from memagent.display import hits, lines
from memagent.display.answer_text import MEANING, WORDS, html_of, text_of
from memagent.display.markup import STRONGEST, TINTS, Content, Markup, card, chip, joined, quiet, tag
from memagent.display.redecided import panels
from memagent.display.shapes import TEXT, changed, strip, words
from memagent.display.view import View
from memagent.methods.confidence import probabilities
from memagent.methods.redeciding import is_measured
from memagent.types import Answer, Part, Token

SURE = 0.95
"""A token at least this likely has no tint."""

UNLIKELY = 0.5
"""A token less likely than this has a frame, and is named in the text."""

MOST = 30
"""Sentences that a view shows; it says how many more there are."""

_KEY = "dotted frame: less likely than not · struck out: gone · underlined: new"
THETAS = (0.2, 0.5, 0.8)
_TOKENS = 120  # of one sentence that are tinted


def view_of(answer: Answer) -> View:
    """Return the view of an answer that was written sentence by sentence."""
    more = f"… and {len(answer.parts) - MOST} more sentences" if len(answer.parts) > MOST else ""
    shown = list(enumerate(answer.parts[:MOST], 1))
    text = [text_of(answer), "", words(summary(answer)), *(_text(number, part) for number, part in shown), more]
    html: list[Content] = [
        html_of(answer),
        strip(summary(answer)),
        quiet(_KEY),
        *(_card(number, part) for number, part in shown),
    ]
    html += [quiet(more)]
    if len(answer.parts) > 1 and any(map(is_measured, answer.parts)):
        html += [panels(answer, THETAS)]
    return View("\n".join(text).rstrip(), joined(html))


def summary(answer: Answer) -> list[tuple[str, str]]:
    """Return names and values that sum an answer up: sentences, and how many of them were looked up."""
    later = [part for part in answer.parts if part.decision != "first"]
    searched = str(sum(len(part.queries) for part in answer.parts))
    if all(len(part.queries) <= 1 for part in answer.parts):  # several questions for a sentence: nobody knows how many
        searched += f" (if every sentence were looked up: {1 + len(later)})"
    return [
        ("sentences", str(len(answer.parts))),
        ("looked up", f"{sum(bool(part.queries) for part in later)} of {len(later)} after the first"),
        ("searches", searched),
        ("passages", str(len(answer.hits))),
    ]


def tinted_tokens(tokens: Sequence[Token]) -> Markup:
    """Return tokens on tints, the stronger the less likely each was; its probability is in its title.

    One that was less likely than not has a frame as well, for who does not see the tint; lines are for what is new.
    """
    pieces: list[Content] = []
    lead = len(tokens[0].text) - len(tokens[0].text.lstrip()) if tokens else 0
    for at, (token, likely) in enumerate(zip(tokens[:_TOKENS], probabilities(tokens), strict=False)):
        text = token.text if at else token.text[lead:]
        if token.logprob is None:
            pieces.append(text)
            continue
        tint = _tint(likely)
        pieces.append(tag("mark" if tint else "span", text, title=f"{likely:.2f}", style=tint))
    pieces.append("".join(token.text for token in tokens[_TOKENS:]))
    return tag("div", *pieces, style=TEXT)


def _tint(likely: float) -> str | None:
    if likely >= SURE:
        return None
    colour = TINTS["low"].format(0.12 + (STRONGEST - 0.12) * (1 - likely))
    line = ";outline:1px dotted" if likely < UNLIKELY else ""
    return f"background:{colour};color:inherit{line}"


def _card(number: int, part: Part) -> Markup:
    sure = "" if part.confidence is None else f"least likely token {part.confidence:.2f}"
    head = [tag("b", f"{number}. "), chip(_word(part), MEANING[part.decision]), " ", quiet(part.why or sure)]
    body: list[Content] = [tag("div", *head)]
    body.append(
        tinted_tokens(part.tokens) if is_measured(part) else tag("div", lines.cut(part.draft.strip(), 2000), style=TEXT)
    )
    if part.queries and part.decision != "first":
        body += [_queried(part.queries)]
    body.append(hits.passages(part.hits))
    if part.text.strip() != part.draft.strip():
        body += [quiet("written anew"), changed(part.draft, part.text)]
    return card(*body, meaning=MEANING[part.decision])


def _word(part: Part) -> str:
    return WORDS.get(part.decision, part.decision)


def _queried(queries: Sequence[str]) -> Markup:
    told = joined((tag("q", lines.cut(one, 300)) for one in queries[:8]), " ")
    return tag("div", quiet("looked up "), told)


def _text(number: int, part: Part) -> str:
    told = [lines.wrapped(f"{_word(part)}: {part.why}".rstrip(": "), "   ", f"{number}. ")]
    told.append(lines.wrapped(part.draft, "   ", most=600))
    if low := [_with_chance(token) for token in part.tokens if _is_low(token)]:
        told.append(lines.wrapped(f"unlikely: {', '.join(low[:12])}", "     ", "   - "))
    if part.decision != "first":
        told += [lines.wrapped(f"looked up: {query}", "     ", "   - ", most=300) for query in part.queries[:8]]
    if part.hits:
        told.append(lines.wrapped(f"passages: {hits.names(part.hits)}", "     ", "   - "))
    if part.text.strip() != part.draft.strip():
        told.append(lines.wrapped(f"written anew: {lines.diff(part.draft, part.text)}", "     ", "   - "))
    return "\n".join(told)


def _is_low(token: Token) -> bool:
    return bool(token.text.strip()) and token.logprob is not None and probabilities([token])[0] < UNLIKELY


def _with_chance(token: Token) -> str:
    return f"{lines.line(token.text, 30)} {probabilities([token])[0]:.2f}"
