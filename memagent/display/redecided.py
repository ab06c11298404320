"""What FLARE would have looked up at other thresholds: a bar a sentence, as high as its least likely token."""

from __future__ import annotations

from collections.abc import Sequence

from memagent.display import lines
from memagent.display.markup import Content, Markup, chip, joined, quiet, solid, table, tag
from memagent.display.shapes import TEXT, strip, svg, words
from memagent.display.view import View
from memagent.methods.redeciding import Decision, Redecided, redecided
from memagent.types import Answer

HOLDS = (
    "Worked out from the trial sentences of this run. After the first that is decided otherwise, a real run at another "
    "threshold would have gone on from another text."
)
_BARS = (
    "A bar is a sentence, as high as the probability of its least likely token, which stands over it. Where it ends "
    "below the dashed line (red), the sentence would be looked up; else it stands (green). A dot is a sentence that is "
    "not decided by this, such as the first."
)
_HEIGHT, _STEP, _MOST = 84.0, 28.0, 40
_ABOVE = 12.0  # room for the number over a full bar


_FLOOR = _HEIGHT + _ABOVE
_NUMBER = {"text_anchor": "middle", "font_size": "10", "font_family": "sans-serif", "fill": "currentColor"}


def view_of(again: Redecided) -> View:
    """Return the view of decisions: each sentence, whether it is looked up, and with what query."""
    shown = list(enumerate(again.decisions[:_MOST], 1))
    rows = [_row(number, one) for number, one in shown]
    text = [words(_summary(again)), *(_text(number, one) for number, one in shown)]
    head = ("", "least likely", "decision", "sentence", "would be looked up")
    html = [strip(_summary(again)), picture(again), table(head, rows), quiet(HOLDS)]
    return View("\n".join([*text, lines.wrapped(HOLDS)]), joined(html))


def panels(answer: Answer, thetas: Sequence[float]) -> Markup:
    """Return small pictures side by side of what some thresholds would have looked up."""
    made = [redecided(answer, theta=theta) for theta in thetas]
    cells = [
        tag(
            "div",
            tag("div", tag("b", f"theta {one.theta:g}"), quiet(f" {one.looked_up} of {_count(one)} looked up")),
            picture(one),
            style="display:inline-block;margin:.5em 1.5em .2em 0;vertical-align:top",
        )
        for one in made
    ]
    return joined([tag("div", *cells), quiet(f"{_BARS} {HOLDS}")])


def picture(again: Redecided) -> Markup:
    """Return one bar a sentence with its number, and a line at the threshold; those without a measure are dots."""
    shown = again.decisions[:_MOST]
    width = max(6, len(shown)) * _STEP + 4
    marks: list[Content] = []
    for at, one in enumerate(shown):
        left = 2 + at * _STEP
        if one.lowest is None:
            marks.append(tag("circle", cx=left + 12, cy=_FLOOR - 3, r=2.5, fill=solid("grey")))
            continue
        height = max(1.0, _HEIGHT * one.lowest)
        fill = solid("low" if one.looked_up else "good")
        top = round(_FLOOR - height, 1)
        marks.append(tag("rect", x=left, y=top, width=_STEP - 4, height=round(height, 1), fill=fill))
        marks.append(tag("text", f"{one.lowest:.2f}", x=left + 12, y=top - 2, **_NUMBER))
    level = round(_FLOOR - _HEIGHT * again.theta, 1)
    rule = {"stroke": "currentColor", "stroke_opacity": "0.5"}
    marks.append(tag("line", x1=0, x2=width, y1=level, y2=level, stroke_dasharray="3 3", **rule))
    marks.append(tag("line", x1=0, x2=width, y1=_FLOOR, y2=_FLOOR, **rule))
    title = f"at {again.theta:g}, {again.looked_up} of {_count(again)} sentences are looked up"
    return svg(width, _FLOOR + 2, *marks, title=title)


def _summary(again: Redecided) -> list[tuple[str, str]]:
    changed = sum(one.changed for one in again.decisions)
    return [
        ("theta", f"{again.theta:g}"),
        ("beta", f"{again.beta:g}"),
        ("looked up", f"{again.looked_up} of {_count(again)}"),
        ("decided otherwise than in the run", str(changed)),
    ]


def _count(again: Redecided) -> int:
    """How many sentences are decided at all."""
    return sum(one.lowest is not None for one in again.decisions)


def _decided(one: Decision) -> str:
    if one.lowest is None:
        return "not decided"
    return "looked up" if one.looked_up else "stands"


def _row(number: int, one: Decision) -> tuple[Content, ...]:
    mark: list[Content] = [
        chip(_decided(one), "told" if one.looked_up else "good" if one.lowest is not None else "grey")
    ]
    mark += [" ", chip("otherwise in the run", "warm")] if one.changed else []
    query = tag("q", lines.cut(one.query, 300)) if one.query else ""
    asked = quiet(f"unsure of {'; '.join(lines.cut(span, 80) for span in one.doubtful[:6])}") if one.doubtful else ""
    sentence = tag("div", lines.cut(one.draft.strip(), 300), style=TEXT)
    lowest = "" if one.lowest is None else f"{one.lowest:.2f}"
    return number, lowest, joined(mark), sentence, joined([query, tag("div", asked) if asked else ""])


def _text(number: int, one: Decision) -> str:
    lowest = "    " if one.lowest is None else f"{one.lowest:.2f}"
    mark = " (otherwise in the run)" if one.changed else ""
    told = [lines.wrapped(f"{lowest} {_decided(one)}{mark}: {lines.cut(one.draft.strip(), 200)}", "   ", f"{number}. ")]
    return "\n".join(
        [*told, *([lines.wrapped(f"query: {one.query}", "     ", "   - ", most=300)] if one.query else [])]
    )
