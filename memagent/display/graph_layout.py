"""Where the nodes of a small graph stand, and where their names do: the same places for the same graph, every time.

Forces push all nodes apart and pull joined ones together (Fruchterman and Reingold, 1991), from a spiral, with less and
less freedom, and push nodes off the lines of others; nothing is drawn by lot. Names are placed one after the other,
each where it is free: beside, above or below its node, never past the edge of the picture; one for which there is no
room is left to the tooltip.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import hypot

import numpy as np
from numpy.typing import NDArray

from memagent.display import lines

LETTER = 0.62
"""How wide a column of a name is at most, as a part of its size: bold letters of the usual fonts."""

_ROUNDS = 300
_HOME = 1.5  # how strongly all are drawn to the middle, so that parts that nothing joins stay near
Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Label:
    """A name where it stands: a point, and whether the name starts there, ends there, or has its middle there."""

    text: str
    x: float
    y: float
    anchor: str
    size: float

    @property
    def box(self) -> Box:
        """Left, top, right and bottom."""
        wide = LETTER * self.size * lines.columns(self.text)
        left = {"start": self.x, "middle": self.x - wide / 2, "end": self.x - wide}[self.anchor]
        return left, self.y - 0.8 * self.size, left + wide, self.y + 0.25 * self.size


def layout(
    count: int, edges: Iterable[tuple[int, int]], width: float, height: float, margin: float
) -> NDArray[np.float64]:
    """Return the places (count, 2) of nodes in a picture, at least `margin` from its edge.

    Args:
        count: how many nodes.
        edges: pairs of their numbers.
        width: of the picture.
        height: of the picture.
        margin: that stays free.
    """
    turn = np.arange(count) * 2.399963  # the golden angle: no two nodes begin in line
    at = np.sqrt((np.arange(count) + 0.5) / max(1, count))[:, None] * np.stack([np.cos(turn), np.sin(turn)], axis=1)
    ends = np.array(sorted(set(edges)), dtype=np.intp).reshape(-1, 2)
    apart = 1.4 / max(1.0, count) ** 0.5
    for freedom in np.linspace(0.15, 0.003, _ROUNDS):
        between = at[:, None] - at[None]
        near = np.maximum(np.linalg.norm(between, axis=2), 1e-3)
        force = (between * (apart**2 / near**2)[..., None]).sum(axis=1) - _HOME * at
        pulled = at[ends[:, 0]] - at[ends[:, 1]]
        pulled *= np.linalg.norm(pulled, axis=1, keepdims=True) / apart
        np.add.at(force, ends[:, 0], -pulled)
        np.add.at(force, ends[:, 1], pulled)
        strength = np.maximum(np.linalg.norm(force, axis=1, keepdims=True), 1e-9)
        at = at + force / strength * np.minimum(strength, freedom) + _off_lines(at, ends, 0.4 * apart)
    low, high = at.min(axis=0, initial=0), at.max(axis=0, initial=0)
    room = np.array([width, height]) - 2 * margin
    return np.asarray(margin + (at - low) / np.maximum(high - low, 1e-9) * room)


def _off_lines(at: NDArray[np.float64], ends: NDArray[np.intp], gap: float) -> NDArray[np.float64]:
    """How far to move each node (n, 2), so that none stays nearer than `gap` to a line that does not end at it."""
    if not len(ends):
        return np.zeros_like(at)
    first, along = at[ends[:, 0]], at[ends[:, 1]] - at[ends[:, 0]]
    long = np.maximum((along**2).sum(axis=1), 1e-9)
    share = np.clip(((at[:, None] - first[None]) * along[None]).sum(axis=2) / long, 0.0, 1.0)
    away = at[:, None] - (first[None] + share[..., None] * along[None])
    far = np.maximum(np.linalg.norm(away, axis=2), 1e-6)
    push = np.maximum(gap - far, 0.0) / far
    for end in ends.T:
        push[end, np.arange(len(ends))] = 0.0
    return np.asarray(0.3 * (away * push[..., None]).sum(axis=1))


def labels(
    names: Sequence[str],
    at: NDArray[np.float64],
    radii: Sequence[float],
    width: float,
    height: float,
    size: float = 12.0,
    taken: Iterable[Box] = (),
    edges: Iterable[tuple[int, int]] = (),
) -> list[Label | None]:
    """Return for each node its name where it has room, else `None`; the first have first choice.

    Args:
        names: of the nodes; '' for one that is to have none.
        at: where they stand, (n, 2).
        radii: how large they are.
        width: of the picture, past whose edge no name goes.
        height: likewise.
        size: of the letters, in pixels.
        taken: boxes that must stay free besides the nodes.
        edges: pairs of numbers of nodes; a name stands where as few of these lines as can be go through it.
    """
    points = at.tolist()
    drawn = [(*points[a], *points[b]) for a, b in edges]
    nodes = [(x - r, y - r, x + r, y + r) for (x, y), r in zip(points, radii, strict=True)]
    full = [*nodes, *taken]
    found: list[Label | None] = []
    for name, (x, y), radius in zip(names, points, radii, strict=True):
        inside = [one for one in _around(name, x, y, radius, size) if _inside(one.box, width, height)]
        free = [one for one in inside if not any(_meet(one.box, other) for other in full)]
        chosen = min(free, key=lambda one: sum(_crosses(line, one.box) for line in drawn), default=None)
        found.append(chosen if name else None)
        full += [chosen.box] if chosen and name else []
    return found


def beside(text: str, a: NDArray[np.float64], b: NDArray[np.float64], size: float) -> Iterable[Label]:
    """Yield where a word about a line can stand: by its middle, on either side, then nearer to one of its ends."""
    (x1, y1), (x2, y2) = a.tolist(), b.tolist()
    long = hypot(x2 - x1, y2 - y1) or 1.0
    wide = 0.5 * LETTER * size * lines.columns(text) + 8
    for share in (0.5, 0.42, 0.58, 0.34, 0.66, 0.26, 0.74):
        for side in (1, -1):
            x = x1 + share * (x2 - x1) + side * wide * (y2 - y1) / long
            y = y1 + share * (y2 - y1) - side * (0.5 * size + 9) * (x2 - x1) / long + 0.3 * size
            yield Label(text, round(x, 1), round(y, 1), "middle", size)


def freest(some: Iterable[Label], full: Sequence[Box], drawn: Sequence[Box], width: float, height: float) -> Label:
    """Return the label that meets the fewest boxes, then lines; the first of those, and none past the edge if can be.

    Args:
        some: labels, the best first; one at least.
        full: boxes that should stay free.
        drawn: lines, from a point to another.
        width: of the picture.
        height: likewise.
    """

    def cost(one: Label) -> tuple[bool, int, int]:
        meets = sum(_meet(one.box, other) for other in full)
        return not _inside(one.box, width, height), meets, sum(_crosses(line, one.box) for line in drawn)

    return min(some, key=cost)


def _around(name: str, x: float, y: float, radius: float, size: float) -> Iterable[Label]:
    gap = radius + 4
    for dx, dy, anchor in (
        (gap, 0.35 * size, "start"),
        (-gap, 0.35 * size, "end"),
        (0, -gap, "middle"),
        (0, gap + 0.8 * size, "middle"),
        (0.5 * gap, -gap, "start"),
        (-0.5 * gap, -gap, "end"),
        (0.5 * gap, gap + 0.8 * size, "start"),
        (-0.5 * gap, gap + 0.8 * size, "end"),
    ):
        yield Label(name, round(x + dx, 1), round(y + dy, 1), anchor, size)


def _inside(box: Box, width: float, height: float) -> bool:
    return box[0] >= 1 and box[1] >= 1 and box[2] <= width - 1 and box[3] <= height - 1


def _meet(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _crosses(line: Box, box: Box) -> bool:
    """Whether a line goes through a box: what is left of it between the box's sides is something (Liang and Barsky)."""
    x1, y1, x2, y2 = line
    first, last = 0.0, 1.0
    for start, step, low, high in ((x1, x2 - x1, box[0], box[2]), (y1, y2 - y1, box[1], box[3])):
        if abs(step) < 1e-9:
            if not low <= start <= high:
                return False
            continue
        enters, leaves = sorted(((low - start) / step, (high - start) / step))
        first, last = max(first, enters), min(last, leaves)
    return first < last
