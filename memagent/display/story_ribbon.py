"""How long the short memory of a story was, step by step: a row of bars, with its limit over them."""

from __future__ import annotations

from collections.abc import Sequence

from memagent.display.markup import Content, Markup, quiet, solid, tag
from memagent.display.shapes import svg

MOST = 240
"""Steps that are drawn."""

_FEW = 14  # of these, with a number each
_TALL, _FLOOR = 40.0, 46.0
_LETTERS = {"font_size": "11", "font_family": "sans-serif", "fill": "currentColor"}


def ribbon(words: Sequence[int], limit: int = 0) -> Markup:
    """Return a bar for each step, as high as the short memory was long, in words; a few bars have their number too.

    The newest `MOST` are drawn. `limit` is that of the short memory, drawn as a dashed line; 0 where it is not known.
    """
    sizes = words[-MOST:]
    if len(sizes) < 2:
        return Markup("")
    few = len(sizes) <= _FEW
    wide = 34.0 if few else 12.0 if len(sizes) <= 40 else 480 / len(sizes)
    top = max(*sizes, limit, 1)
    marks: list[Content] = []
    for at, size in enumerate(sizes):
        left, high = round(at * wide, 1), round(_TALL * size / top, 1)
        bar = {"x": left, "y": round(_FLOOR - high, 1), "width": round(wide * 0.8, 1), "height": high}
        marks.append(tag("rect", fill=solid("told"), **bar))
        if few:
            marks.append(
                tag("text", size, x=round(left + wide * 0.4, 1), y=_FLOOR + 12, text_anchor="middle", **_LETTERS)
            )
    across = len(sizes) * wide
    if limit:
        y = round(_FLOOR - _TALL * limit / top, 1)
        marks.append(tag("line", x1=0, x2=across, y1=y, y2=y, stroke="currentColor", stroke_dasharray="4 3"))
        marks.append(tag("text", f"limit {limit:,}", x=across + 4, y=y + 4, **_LETTERS))
    title = f"words of the short memory, step by step: {sizes[0]} in the first bar, {sizes[-1]} in the last"
    return tag("div", svg(across + (70 if limit else 0), _FLOOR + 16, *marks, title=title), tag("div", quiet(title)))
