"""What the marks in the picture of a spread mean: one small picture with its word for each mark that is there."""

from __future__ import annotations

from collections.abc import Iterable

from memagent.display import lines
from memagent.display.graph_picture import DASHES, LEFT_OUT, distinct, unnamed
from memagent.display.markup import TINTS, Content, Markup, tag
from memagent.display.shapes import svg
from memagent.retrievers.graph_spread import Spread

_WIDE, _NARROW, _HIGH = 34.0, 18.0, 16.0
_MIDDLE = {"cx": _NARROW / 2, "cy": _HIGH / 2}
_NAMES = {
    "relation": "a fact",
    "context": "a name in a passage",
    "title": "a passage's title",
    "synonym": "names that are alike",
}


_RANKS = (
    tag(
        "g",
        *(
            tag("circle", cx=x, cy=_HIGH / 2, r=r, fill=TINTS["warm"].format(heat))
            for x, r, heat in ((4, 3, 0.1), (13, 4.5, 0.45), (26, 6.5, 0.95))
        ),
        stroke="currentColor",
        stroke_opacity="0.7",
    ),
    "larger and warmer: the walk is there more often",
)


def key(spread: Spread) -> Markup:
    """Return the key of the picture of a spread."""
    items = [*((_NARROW, *one) for one in _nodes(spread)), (_WIDE, *_RANKS), *((_WIDE, *one) for one in _edges(spread))]
    told = (
        tag("span", svg(wide, _HIGH, mark, title=word), tag("small", f" {word}"), style=_ITEM)
        for wide, mark, word in items
    )
    return tag("div", *told, style="display:flex;flex-wrap:wrap;gap:0 1.1em;margin:.2em 0")


_ITEM = "display:inline-flex;align-items:center;gap:.35em;white-space:nowrap"


def _nodes(spread: Spread) -> Iterable[tuple[Markup, str]]:
    kinds = {node.kind for node in spread.nodes}
    drawn = {"stroke": "currentColor", "stroke_opacity": "0.7", "fill": TINTS["warm"].format(0.4)}
    if "phrase" in kinds:
        yield tag("circle", r=5, **_MIDDLE, **drawn), "name"
    if "passage" in kinds:
        yield tag("rect", x=_NARROW / 2 - 5, y=_HIGH / 2 - 5, width=10, height=10, rx=2, **drawn), "passage"
    if spread.seeds:
        ring = tag("circle", r=7, **_MIDDLE, fill="none", stroke="currentColor", stroke_width="2")
        yield tag("g", tag("circle", r=3.5, **_MIDDLE, **drawn), ring), "ring: seed, where the walk begins"
    if rest := len(unnamed(spread)):
        look = {"stroke": "currentColor", "stroke_opacity": "0.5", "stroke_width": "6", "stroke_linecap": "round"}
        dot = tag("path", d=f"M{_NARROW / 2:g} {_HIGH / 2:g}h0", **look)
        yield dot, f"{lines.number(rest, 'node')} that the walk does not reach, or hardly"


def _edges(spread: Spread) -> Iterable[tuple[Markup, str]]:
    path = {frozenset(hop) for hop in zip(spread.path, spread.path[1:], strict=False)}
    drawn = distinct(spread.edges)
    thin = [edge for edge in drawn if not edge.dropped and frozenset((edge.a, edge.b)) not in path]
    by_look: dict[str | None, list[str]] = {}
    for kind in dict.fromkeys(edge.kind for edge in thin):
        by_look.setdefault(DASHES.get(kind), []).append(_NAMES.get(kind, f"a link: {lines.line(kind, 30)}"))
    for dashes, words in by_look.items():
        yield _line(stroke_dasharray=dashes), " or ".join(words)
    if any(edge.dropped for edge in drawn):
        yield _line(stroke_dasharray=LEFT_OUT), "a fact that the filter left out"
    if len(spread.path) > 1:
        yield _line(stroke_width="3.5", stroke_opacity="1"), "the path"


def _line(**look: Content) -> Markup:
    ends = {"x1": 1, "x2": _WIDE - 1, "y1": _HIGH / 2, "y2": _HIGH / 2}
    return tag("line", **{"stroke": "currentColor", "stroke_opacity": "0.55", "stroke_width": "1.2"} | ends | look)
