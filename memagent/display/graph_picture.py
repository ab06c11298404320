"""The pictures of a spread: one of nodes, edges and the path in bold, and small ones of the iteration, step by step."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from math import hypot, sqrt

import numpy as np
from numpy.typing import NDArray

from memagent.display import lines
from memagent.display.graph_layout import Box, Label, beside, freest, labels, layout
from memagent.display.markup import TINTS, Markup, joined, quiet, tag
from memagent.display.shapes import svg
from memagent.retrievers.graph_spread import Edge, Ground, Node, Spread

WIDTH, HEIGHT = 800.0, 460.0
SMALL = (256.0, 147.0)
_MARGIN, _SIDE = 26.0, 34.0  # the side has room for half a name besides
_LEVELS = 12  # of heat, in the small pictures
_NAME = 22  # columns of a name
_BOLD = 4  # thin lines that a name rather stands on than on one of the path
DASHES = {"context": "1 3", "title": "1 3", "synonym": "6 3"}
"""How the lines of some kinds are broken; the others are whole."""

_UNDER = {"stroke": "currentColor", "stroke_opacity": "0.45", "stroke_width": "5", "stroke_linecap": "round"}
LEFT_OUT = "9 4 2 4"
"""How the line of a fact is broken that the filter left out."""


def picture(spread: Spread, at: NDArray[np.float64]) -> Markup:
    """Return the subgraph: heat by rank, seeds ringed, the edges of dropped facts greyed, the path in bold.

    `at` is where the nodes stand, (n, 2): see `places`.
    """
    radii = [_radius(node, spread) for node in spread.nodes]
    hops = list(zip(spread.path, spread.path[1:], strict=False))
    drawn = [_line(edge, spread, at, radii, hops) for edge in distinct(spread.edges)]
    told, taken = _hop_labels(hops, at, radii, spread)
    shapes = [
        _shape(node, point, radius, spread)
        for node, point, radius in zip(spread.nodes, at.tolist(), radii, strict=True)
    ]
    names = [_text(one, bold) for one, bold in _names(spread, at, radii, taken)]
    words = f"{len(spread.nodes)} nodes and {len(drawn)} edges; the path: {path_told(spread) or 'none'}"
    return svg(
        WIDTH,
        HEIGHT,
        _unnamed(spread),
        tag("g", *drawn, stroke="currentColor", stroke_opacity="0.55", stroke_width="1.2"),
        tag("g", *shapes, stroke="currentColor", stroke_opacity="0.7"),
        tag("g", *told, *names, fill="currentColor", font_family="sans-serif"),
        title=words,
    )


def multiples(spread: Spread, at: NDArray[np.float64]) -> Markup:
    """Return small pictures of how the iteration begins, of its first step and of its end; `at` as for `picture`.

    They are on one scale of heat. What lies between them hardly differs to the eye, and is told in numbers below.
    """
    width, height = SMALL
    at = at * np.array([width / WIDTH, height / HEIGHT])
    edges = "".join(
        f"M{at[a][0]:.0f} {at[a][1]:.0f}L{at[b][0]:.0f} {at[b][1]:.0f}"
        for a, b in sorted({(e.a, e.b) for e in spread.edges})
    )
    most = max((value for node in spread.nodes for value in node.steps), default=0.0) or 1.0
    made = []
    grey = tag("path", d=edges, fill="none", stroke="currentColor", stroke_opacity="0.35")
    under = tag("path", d="".join(f"M{x:.0f} {y:.0f}h0" for x, y in at.tolist()), **_UNDER)
    count = min((len(node.steps) for node in spread.nodes), default=0)
    reached = [sum(node.steps[step] for node in spread.nodes if node.kind == "passage") for step in range(count)]
    for step in sorted({0, 1, count - 1} & set(range(count))):
        dots = _dots([node.steps[step] / most for node in spread.nodes], at)
        name = "where it begins" if step == 0 else f"after {lines.number(step, 'step')}"
        told = f"{name}: {reached[step]:.0%} at passages"
        drawn = svg(width, height, grey, under, *dots, title=told)
        made.append(tag("div", drawn, tag("div", quiet(told)), style="flex:0 1 auto"))
    shares = " · ".join(f"{share:.0%}" for share in reached)
    pictures = tag("div", *made, style="display:flex;flex-wrap:wrap;gap:.4em 1.2em")
    return joined([pictures, tag("div", quiet(f"share of the walk at passages, from the beginning on: {shares}"))])


def _dots(shares: Sequence[float], at: NDArray[np.float64]) -> list[Markup]:
    """A dot for each share, the larger the warmer and wider; those of one level of heat are one path, to be small."""
    levels: dict[int, list[str]] = {}
    for share, (x, y) in zip(shares, at.tolist(), strict=True):
        levels.setdefault(round(_LEVELS * sqrt(share)), []).append(f"M{x:.0f} {y:.0f}h0")
    return [
        tag(
            "path",
            d="".join(where),
            stroke=_heat((level / _LEVELS) ** 2),
            stroke_width=f"{4 + 14 * level / _LEVELS:.1f}",
            stroke_linecap="round",
        )
        for level, where in sorted(levels.items())
        if level
    ]


def path_told(spread: Spread) -> str:
    """Return the names along the path."""
    return " → ".join(spread.nodes[place].label for place in spread.path)


def places(spread: Spread) -> NDArray[np.float64]:
    """Return where the nodes of a spread stand, (n, 2): in the same place wherever the ground is the same."""
    at = _laid_out(spread.ground)
    return np.array([at[node.number] for node in spread.nodes]).reshape(-1, 2)


@lru_cache(maxsize=8)
def _laid_out(ground: Ground) -> dict[int, tuple[float, float]]:
    """Where each node of a ground stands, by its number."""
    turned = {number: place for place, number in enumerate(ground.nodes)}
    edges = ((turned[a], turned[b]) for a, b in ground.edges)
    at = layout(len(turned), edges, WIDTH - 2 * _SIDE, HEIGHT, _MARGIN)
    return {number: (x + _SIDE, y) for number, (x, y) in zip(ground.nodes, at.tolist(), strict=True)}


def unnamed(spread: Spread) -> list[int]:
    """Return the numbers of the nodes that the ground has and the spread does not show."""
    return sorted(set(spread.ground.nodes) - {node.number for node in spread.nodes})


def _unnamed(spread: Spread) -> Markup:
    """The rest of the ground: small dots, and the lines between them."""
    at, rest = _laid_out(spread.ground), set(unnamed(spread))
    if not rest:
        return Markup("")
    ends = [(at[a], at[b]) for a, b in spread.ground.edges if a in rest and b in rest]
    d = " ".join(f"M{x1:.0f} {y1:.0f}L{x2:.0f} {y2:.0f}" for (x1, y1), (x2, y2) in ends)
    dots = "".join(f"M{at[one][0]:.0f} {at[one][1]:.0f}h0" for one in sorted(rest))
    return tag(
        "g",
        *([tag("path", d=d, stroke_dasharray="1 3")] if d else []),
        tag("path", d=dots, stroke_width="6", stroke_linecap="round"),
        stroke="currentColor",
        stroke_opacity="0.5",
        fill="none",
    )


def _share(node: Node, spread: Spread) -> float:
    return node.rank / (max((one.rank for one in spread.nodes), default=0.0) or 1.0)


def _radius(node: Node, spread: Spread) -> float:
    return round(5 + 9 * sqrt(min(1.0, _share(node, spread))), 1)


def _heat(share: float) -> str:
    return TINTS["warm"].format(0.08 + 0.87 * sqrt(min(1.0, max(0.0, share))))


def distinct(edges: Sequence[Edge]) -> list[Edge]:
    """Return one edge for each pair, the one that is drawn: a relation before others."""
    found: dict[tuple[int, int], Edge] = {}
    for edge in sorted(edges, key=lambda edge: (edge.kind != "relation", -edge.weight)):
        found.setdefault((edge.a, edge.b), edge)
    return list(found.values())


def _line(
    edge: Edge, spread: Spread, at: NDArray[np.float64], radii: Sequence[float], hops: Sequence[tuple[int, int]]
) -> Markup:
    (x1, y1), (x2, y2) = at[edge.a].tolist(), at[edge.b].tolist()
    long = hypot(x2 - x1, y2 - y1) or 1.0
    first, last = min(radii[edge.a] + 2, long / 2) / long, min(radii[edge.b] + 2, long / 2) / long
    on_path = (edge.a, edge.b) in hops or (edge.b, edge.a) in hops
    ends = f"{spread.nodes[edge.a].label} – {spread.nodes[edge.b].label}"
    told = "; ".join(lines.line(fact, 100) for fact in edge.facts) or f"{edge.kind}: {ends}"
    return tag(
        "line",
        tag("title", f"{told} (left out by the filter)" if edge.dropped else told),
        x1=f"{x1 + (x2 - x1) * first:.0f}",
        y1=f"{y1 + (y2 - y1) * first:.0f}",
        x2=f"{x2 + (x1 - x2) * last:.0f}",
        y2=f"{y2 + (y1 - y2) * last:.0f}",
        stroke_opacity="1" if on_path else None,
        stroke_width="3.5" if on_path else None,
        stroke_dasharray=LEFT_OUT if edge.dropped else None if on_path else DASHES.get(edge.kind),
    )


def _shape(node: Node, point: Sequence[float], radius: float, spread: Spread) -> Markup:
    """A circle for a phrase and a square for a passage; a ring round a seed."""
    x, y = point
    told = f"{lines.line(node.label, 100)}: {node.rank:.4f}" + (f", seed {node.seed:.2f}" if node.seed else "")
    look = {"fill": _heat(_share(node, spread))}
    title = tag("title", told)
    if node.kind == "passage":
        side = f"{2 * radius:.0f}"
        shape = tag(
            "rect", title, x=f"{x - radius:.0f}", y=f"{y - radius:.0f}", width=side, height=side, rx="2", **look
        )
    else:
        shape = tag("circle", title, cx=f"{x:.0f}", cy=f"{y:.0f}", r=radius, **look)
    ring = {"fill": "none", "stroke_opacity": "1", "stroke_width": "2"}
    rings = [tag("circle", cx=f"{x:.0f}", cy=f"{y:.0f}", r=f"{radius + 4:.1f}", **ring)] if node.seed else []
    return joined([shape, *rings])


def _names(
    spread: Spread, at: NDArray[np.float64], radii: Sequence[float], taken: Iterable[Box]
) -> list[tuple[Label, bool]]:
    """Names where they have room: those on the path first, then seeds, then by rank."""
    first = [*spread.path, *(place for place, node in enumerate(spread.nodes) if node.seed)]
    order = list(dict.fromkeys([*first, *range(len(spread.nodes))]))
    names = [lines.line(spread.nodes[place].label, _NAME) for place in order]
    sizes = [radii[place] + (6 if spread.nodes[place].seed else 0) for place in order]
    turned = {place: number for number, place in enumerate(order)}
    edges = {(turned[edge.a], turned[edge.b]) for edge in spread.edges}
    bold = [(turned[a], turned[b]) for a, b in zip(spread.path, spread.path[1:], strict=False)] * _BOLD
    found = labels(names, at[order], sizes, WIDTH, HEIGHT, taken=taken, edges=[*sorted(edges), *bold])
    return [(label, place in spread.path) for label, place in zip(found, order, strict=True) if label]


def _hop_labels(
    hops: Sequence[tuple[int, int]], at: NDArray[np.float64], radii: Sequence[float], spread: Spread
) -> tuple[list[Markup], list[Box]]:
    """`hop 1`, `hop 2`, ... beside the edges of the path, where no node is and few lines are."""
    full = [(x - r - 5, y - r - 5, x + r + 5, y + r + 5) for (x, y), r in zip(at.tolist(), radii, strict=True)]
    drawn = [(*at[edge.a].tolist(), *at[edge.b].tolist()) for edge in distinct(spread.edges)]
    made, boxes = list[Markup](), list[Box]()
    for number, (a, b) in enumerate(hops, 1):
        label = freest(beside(f"hop {number}", at[a], at[b], 11.0), [*full, *boxes], drawn, WIDTH, HEIGHT)
        made.append(_text(label, bold=True))
        boxes.append(label.box)
    return made, boxes


def _text(label: Label, bold: bool) -> Markup:
    return tag(
        "text",
        label.text,
        x=label.x,
        y=label.y,
        text_anchor=label.anchor,
        font_size=f"{label.size:g}",
        font_weight="bold" if bold else None,
    )
