"""Success over time as a memory grows: a line of how many of the last problems were solved, over the memory's size.

show(success.line([False, False, True, True]))          # whether each was right, in order
show(success.line(result.value for result in results))   # `Solved`: what each taught counts as growth
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from memagent.display import lines
from memagent.display.markup import TINTS, Content, Markup, joined, quiet, tag
from memagent.display.shapes import strip, svg, words
from memagent.display.view import View
from memagent.errors import UsageProblem
from memagent.methods.arm_rag import Solved
from memagent.methods.verifying import Verdict

WIDTH, HEIGHT = 620.0, 190.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 42.0, 64.0, 14.0, 30.0
_POINTS = 300  # of a line
_TEXT_COLUMNS = 60

Outcome = bool | None | Verdict | Solved
"""Whether a problem was solved: `None`, or a verdict of `None`, where that cannot be told."""


@dataclass(frozen=True, slots=True)
class Course:
    """How it went.

    Attributes:
        right: whether each problem was solved, in order; `None` where that cannot be told.
        sizes: how large the memory was after each; empty where that is not known.
        window: over how many problems the share of those solved is taken.
    """

    right: tuple[bool | None, ...]
    sizes: tuple[int, ...] = ()
    window: int = 10

    @property
    def shares(self) -> tuple[float, ...]:
        """For each problem, the share of the last `window` that were solved, of those of which that can be told."""
        found, before = list[float](), 0.0
        for end in range(1, len(self.right) + 1):
            known = [one for one in self.right[max(0, end - self.window) : end] if one is not None]
            before = sum(known) / len(known) if known else before
            found.append(before)
        return tuple(found)


def line(outcomes: Iterable[Outcome], *, sizes: Sequence[int] = (), window: int = 10) -> View:
    """Return success over time as a line, and the size of the memory as another.

    Args:
        outcomes: of problems, in the order in which they were worked on.
        sizes: how many rationales the memory had after each; where all outcomes are `Solved`, what they taught is
            added up instead.
        window: over how many problems the share of those solved is taken.

    Raises:
        UsageProblem: there is no outcome, the window is below 1, there are not as many sizes, or something is none.
    """
    given = list(outcomes)
    if not given or window < 1 or (sizes and len(sizes) != len(given)):
        raise UsageProblem(
            f"{len(given)} outcomes with {len(sizes)} sizes and window={window} are no course",
            hint="Give one outcome or more, a size for each or none, and a window of at least 1.",
        )
    grown = list(sizes)
    if not sizes and all(isinstance(one, Solved) for one in given):
        total = 0
        for one in given:
            total += len(one.learnt) if isinstance(one, Solved) else 0
            grown.append(total)
    return view_of(Course(tuple(map(_right, given)), tuple(grown), window))


def view_of(course: Course) -> View:
    """Return the view of a course."""
    known = [one for one in course.right if one is not None]
    half = len(known) // 2
    counts = [("problems", str(len(course.right))), ("solved", f"{sum(known)} of {len(known)}")]
    if half:
        early, late = sum(known[:half]) / half, sum(known[half:]) / (len(known) - half)
        counts += [("first half", f"{early:.0%}"), ("second half", f"{late:.0%}")]
    counts += [("memory", lines.number(course.sizes[-1], "rationale"))] if course.sizes else []
    told = f"solid: solved of the last {course.window}"
    told += " · dashed: rationales in the memory" if course.sizes else ""
    marks = " · below: a square for each that was solved, a cross for each that was not"
    html = joined([strip(counts), _picture(course), tag("div", quiet(told + marks))])
    return View("\n".join([words(counts), *_text(course)]), html)


def _right(one: Outcome) -> bool | None:
    if isinstance(one, Solved):
        return one.verdict.right if one.verdict else None
    if isinstance(one, Verdict):
        return one.right
    if one is None or isinstance(one, bool):
        return one
    raise UsageProblem(f"a {type(one).__name__} is no outcome", hint="Give True, False, None, a Verdict or a Solved.")


def _picture(course: Course) -> Markup:
    bottom = HEIGHT - _BOTTOM
    end = {"text_anchor": "end", "font_size": "11", "font_family": "sans-serif", "fill": "currentColor"}
    start = end | {"text_anchor": "start"}
    content: list[Content] = []
    for share in (0.0, 0.5, 1.0):
        y = f"{bottom - share * (bottom - _TOP):.0f}"
        content += [
            tag("line", x1=_LEFT, x2=WIDTH - _RIGHT, y1=y, y2=y, stroke="currentColor", stroke_opacity="0.2"),
            tag("text", f"{share:.0%}", x=_LEFT - 6, y=float(y) + 4, **end),
        ]
    if course.sizes:
        most = max(*course.sizes, 1)
        content.append(_polyline([size / most for size in course.sizes], dashed=True))
        content.append(
            tag(
                "text",
                f"{course.sizes[-1]} kept",
                x=WIDTH - _RIGHT + 6,
                y=round(_y(course.sizes[-1] / most) + 4),
                **start,
            )
        )
    content.append(_polyline(course.shares, dashed=False))
    content += _marks(course)
    last = f"{len(course.right):,}"
    content += [
        tag("text", "1", x=_LEFT, y=HEIGHT - 2, **start),
        tag("text", last, x=WIDTH - _RIGHT, y=HEIGHT - 2, **end),
    ]
    title = f"{course.shares[0]:.0%} solved at first, {course.shares[-1]:.0%} at the end"
    return svg(WIDTH, HEIGHT, *content, title=title)


def _x(at: int, count: int) -> float:
    return _LEFT + (WIDTH - _LEFT - _RIGHT) * (at / (count - 1) if count > 1 else 0.5)


def _y(share: float) -> float:
    return HEIGHT - _BOTTOM - share * (HEIGHT - _BOTTOM - _TOP)


def _polyline(shares: Sequence[float], *, dashed: bool) -> Markup:
    step = max(1, -(-len(shares) // _POINTS))
    places = sorted({*range(0, len(shares), step), len(shares) - 1})
    points = " ".join(f"{_x(place, len(shares)):.0f},{_y(shares[place]):.0f}" for place in places)
    return tag(
        "polyline",
        points=points,
        fill="none",
        stroke="currentColor" if dashed else TINTS["told"].format(1),
        stroke_width="1.2" if dashed else "2.5",
        stroke_dasharray="4 4" if dashed else None,
        stroke_opacity="0.6" if dashed else None,
    )


def _marks(course: Course) -> list[Markup]:
    """A mark for each problem below the line, of the newest ones that there is room for."""
    count = len(course.right)
    y = HEIGHT - _BOTTOM + 6
    if count > _POINTS:
        return []
    wide = max(1.0, min(8.0, 0.7 * (WIDTH - _LEFT - _RIGHT) / count))
    return [_mark(_x(at, count), y, wide, one) for at, one in enumerate(course.right)]


def _mark(x: float, y: float, wide: float, right: bool | None) -> Markup:
    """A square where it was solved, a cross where it was not, a dot where that cannot be told."""
    left, end, half = f"{x - wide / 2:.1f}", f"{x + wide / 2:.1f}", wide / 2
    if right:
        return tag("rect", x=left, y=y, width=f"{wide:.1f}", height=6, fill=TINTS["good"].format(1))
    if right is None:
        return tag("circle", cx=f"{x:.1f}", cy=y + 3, r=f"{min(1.5, half):.1f}", fill=TINTS["grey"].format(1))
    cross = f"M{left} {y:g}L{end} {y + 6:g}M{left} {y + 6:g}L{end} {y:g}"
    return tag("path", d=cross, stroke=TINTS["low"].format(1), stroke_width="2", fill="none")


def _text(course: Course) -> list[str]:
    """The course as rows of bars, in at most ten stretches."""
    count = len(course.right)
    stretch = max(1, -(-count // 10))
    told = []
    for first in range(0, count, stretch):
        known = [one for one in course.right[first : first + stretch] if one is not None]
        share = sum(known) / len(known) if known else 0.0
        last = min(count, first + stretch)
        grown = f"  {lines.number(course.sizes[last - 1], 'rationale')}" if course.sizes else ""
        told.append(f"{first + 1:>6,}–{last:<6,} {lines.bar(share, 30)} {share:>4.0%}{grown}")
    return told
