"""RAT, down the page: each thought as it was drafted, what was looked up for it, and what the passages changed."""

from __future__ import annotations

from collections.abc import Collection

from memagent.display import hits, lines
from memagent.display.answer_text import MEANING, WORDS, html_of, text_of
from memagent.display.markup import PALE, Content, Markup, card, chip, folded, joined, quiet, tag
from memagent.display.shapes import changed, prose, strip, words
from memagent.display.view import View
from memagent.methods.taking_back import TAKEN_BACK, changes_words, is_refused, refused
from memagent.types import Answer, Change, Part

MOST = 20
"""Steps that a view shows; it says how many more there are."""

_CHANGES = 6  # of one step that are shown
_LOST = 0.5  # of what was to be revised: a reply shorter than this share of it is told as it came


def view_of(answer: Answer, *, open: Collection[int] = ()) -> View:
    """Return the view of an answer in steps that were revised; with `open`, the other steps are folded to a line."""
    shown = list(enumerate(answer.parts[:MOST], 1))
    more = f"… and {len(answer.parts) - MOST} more steps" if len(answer.parts) > MOST else ""
    drafted, revised = ("\n\n".join(text.strip() for text in texts) for texts in _before_and_after(answer))
    whole = folded("the whole text, draft against revised", changed(drafted, revised, around=40))
    html = [
        html_of(answer),
        strip(summary(answer)),
        *(_folded(number, part) if open and number not in open else _card(number, part) for number, part in shown),
        quiet(more),
        whole,
    ]
    text = [text_of(answer), "", words(summary(answer)), *(_text(number, part) for number, part in shown), more]
    return View("\n".join(text).rstrip(), joined(html))


def summary(answer: Answer) -> list[tuple[str, str]]:
    """Return names and values that sum an answer up: steps, searches, and how many steps were revised."""
    return [
        ("steps", str(len(answer.parts))),
        ("looked up", str(sum(bool(part.queries) for part in answer.parts))),
        ("revised", str(sum(part.decision == "revised" for part in answer.parts))),
        ("refused", str(sum(refused(part) is not None for part in answer.parts))),
        ("passages", str(len(answer.hits))),
    ]


def _before_and_after(answer: Answer) -> tuple[list[str], list[str]]:
    return [part.draft for part in answer.parts], [part.text for part in answer.parts]


def _word(part: Part) -> tuple[str, str]:
    """What became of a step, in words, and the tint of that."""
    if part.why == TAKEN_BACK:
        return "taken back", "warm"
    if part.decision == "kept":
        return ("refused", "low") if refused(part) is not None else (WORDS["kept"], "grey")
    return WORDS.get(part.decision, part.decision), MEANING[part.decision]


def _number(number: int, part: Part) -> str:
    """The number of a step, unless its text begins with it."""
    return "" if part.text.lstrip().startswith("STEP ") else f"{number}. "


def _folded(number: int, part: Part) -> Markup:
    word, meaning = _word(part)
    return folded(
        joined([_number(number, part), chip(word, meaning), " ", lines.line(part.text, 90)]), _card(number, part)
    )


def _card(number: int, part: Part) -> Markup:
    word, meaning = _word(part)
    head = [tag("b", _number(number, part)), chip(word, meaning), " ", quiet(part.why.removeprefix(word).strip())]
    body: list[Content] = [tag("div", *head)]
    is_new = part.text.split() != part.draft.split()
    body += [quiet("draft"), prose(part.draft)] if is_new else [prose(part.draft)]
    if part.queries:
        queries = joined((tag("q", lines.cut(one, 400)) for one in part.queries), " ")
        body.append(tag("div", quiet("looked up "), queries))
    body.append(hits.passages(part.hits))
    if is_new:
        body += [quiet("revised"), changed(part.draft, part.text, around=40)]
    body += [_because(part, change) for change in part.changes[:_CHANGES]]
    return card(*body, meaning=meaning)


def _because(part: Part, change: Change) -> Markup:
    """Which passage changed what; what was refused, and why; and what was changed by no passage."""
    if not change.taken and not changes_words(change):
        return Markup("")
    mark = chip("because", "good") if change.taken else chip("by no passage", "warm")
    if not change.taken and is_refused(part, change):
        ended = chip("revision taken back", "warm") if part.why == TAKEN_BACK else chip("revision refused", "low")
        mark = joined([ended, " ", quiet("it was shown")])
    name = tag("b", hits.named(change.hit))
    said_above = change.why and change.why in part.why
    head = joined([mark, " ", name, " ", quiet("" if said_above else change.why)])
    if not change.taken and is_refused(part, change):
        return joined([tag("div", head), tag("div", _came_back(change), style=f"opacity:{PALE}")])
    own = len(part.changes) > 1 and changes_words(change)  # one alone is what the card shows already
    return folded(head, changed(change.before, change.after)) if own else tag("div", head)


def _came_back(change: Change) -> Markup:
    """What a revision that was refused would have changed; where it lost most of the text, what it said in full."""
    before, after = (" ".join(text.split()) for text in (change.before, change.after))
    if len(after) < _LOST * len(before):
        return joined(["all that came back: ", tag("q", lines.cut(after, 600))])
    return changed(before, after)


def _text(number: int, part: Part) -> str:
    word, _ = _word(part)
    told = [lines.wrapped(f"{word}: {part.why}".rstrip(": "), "   ", f"{number}. ")]
    told += [lines.wrapped(f"looked up: {query}", "     ", "   - ", most=300) for query in part.queries]
    is_new = part.text.split() != part.draft.split()
    told.append(lines.wrapped(lines.diff(part.draft, part.text, 30) if is_new else part.draft, "   ", most=1500))
    for change in part.changes[:_CHANGES]:
        if change.taken:
            told.append(lines.wrapped(f"because of {hits.named(change.hit)}: {change.why}", "     ", "   - "))
        elif is_refused(part, change):
            told.append(lines.wrapped(_refused_text(change), "     ", "   - ", most=500))
        elif changes_words(change):
            told.append(lines.wrapped(f"by no passage: {change.why}", "     ", "   - "))
    return "\n".join(told)


def _refused_text(change: Change) -> str:
    before, after = (" ".join(text.split()) for text in (change.before, change.after))
    if len(after) < _LOST * len(before):
        return f"refused ({change.why}), all that came back: {after}"
    return f"refused ({change.why}): {lines.diff(before, after)}"
