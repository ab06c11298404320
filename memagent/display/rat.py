"""RAT, down the page: each thought as it was drafted, what was looked up for it, and what the passages changed."""

from __future__ import annotations

from memagent.display import hits, lines
from memagent.display.answer_text import MEANING, html_of, text_of
from memagent.display.markup import PALE, Content, Markup, card, chip, folded, joined, quiet, tag
from memagent.display.shapes import changed, prose, strip, words
from memagent.display.view import View
from memagent.methods.taking_back import changes_words, is_refused, refused
from memagent.types import Answer, Change, Part

MOST = 20
"""Steps that a view shows; it says how many more there are."""

_CHANGES = 6  # of one step that are shown


def view_of(answer: Answer) -> View:
    """Return the view of an answer in steps that were revised."""
    shown = list(enumerate(answer.parts[:MOST], 1))
    more = f"… and {len(answer.parts) - MOST} more steps" if len(answer.parts) > MOST else ""
    drafted, revised = ("\n\n".join(text.strip() for text in texts) for texts in _before_and_after(answer))
    whole = folded("the whole text, draft against revised", changed(drafted, revised, around=40))
    html = [
        html_of(answer),
        strip(summary(answer)),
        *(_card(number, part) for number, part in shown),
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


def _card(number: int, part: Part) -> Markup:
    head = [tag("b", f"{number}. "), chip(part.decision, MEANING[part.decision]), " ", quiet(part.why)]
    body: list[Content] = [tag("div", *head)]
    is_new = part.text.split() != part.draft.split()
    body += [quiet("thought"), prose(part.draft)] if is_new else [prose(part.draft)]
    if part.queries:
        queries = joined((tag("q", lines.cut(one, 400)) for one in part.queries), " ")
        body.append(tag("div", quiet("looked up "), queries))
    body.append(hits.passages(part.hits))
    if is_new:
        body += [quiet("revised"), changed(part.draft, part.text, around=40)]
    body += [_because(part, change) for change in part.changes[:_CHANGES]]
    return card(*body, meaning=MEANING[part.decision])


def _because(part: Part, change: Change) -> Markup:
    """Which passage changed what; what was refused, and why; and what was changed by no passage."""
    if not change.taken and not changes_words(change):
        return Markup("")
    mark = chip("because", "good") if change.taken else chip("refused", "low")
    if not change.taken and not is_refused(part, change):
        mark = chip("by no passage", "warm")
    name = tag("b", hits.named(change.hit))
    head = joined([mark, " ", name, " ", quiet(change.why)])
    if not change.taken and is_refused(part, change):
        before, after = (" ".join(text.split()) for text in (change.before, change.after))
        what = tag("div", changed(before, after), style=f"opacity:{PALE}")
        return joined([tag("div", head), what])
    return folded(head, changed(change.before, change.after)) if changes_words(change) else tag("div", head)


def _text(number: int, part: Part) -> str:
    told = [lines.wrapped(f"{part.decision}: {part.why}".rstrip(": "), "   ", f"{number}. ")]
    told += [lines.wrapped(f"looked up: {query}", "     ", "   - ", most=300) for query in part.queries]
    is_new = part.text.split() != part.draft.split()
    told.append(lines.wrapped(lines.diff(part.draft, part.text, 30) if is_new else part.draft, "   ", most=1500))
    for change in part.changes[:_CHANGES]:
        if change.taken:
            told.append(lines.wrapped(f"because of {hits.named(change.hit)}: {change.why}", "     ", "   - "))
        elif is_refused(part, change):
            words_changed = lines.diff(" ".join(change.before.split()), " ".join(change.after.split()))
            told.append(lines.wrapped(f"refused ({change.why}): {words_changed}", "     ", "   - ", most=500))
        elif changes_words(change):
            told.append(lines.wrapped(f"by no passage: {change.why}", "     ", "   - "))
    return "\n".join(told)
