"""Hits: rank, score, what each retriever gave, why, where from, and the path of a graph search."""

from __future__ import annotations

from collections.abc import Sequence

from memagent.display import lines
from memagent.display.markup import Markup, chip, folded, joined, quiet, table, tag
from memagent.display.shapes import TEXT, bar, unbroken
from memagent.display.view import View
from memagent.types import Hit

MOST = 20
"""Hits that a view shows; it says how many more there are."""

_TEXT = 400


def view_of(hit: Hit) -> View:
    """Return the view of one hit."""
    return of_all([hit])


def of_all(hits: Sequence[Hit]) -> View:
    """Return the view of some hits, best first."""
    more = f"… and {len(hits) - MOST} more" if len(hits) > MOST else ""
    texts = [_text(number, hit) for number, hit in enumerate(hits[:MOST], 1)]
    body = [_row(number, hit) for number, hit in enumerate(hits[:MOST], 1)]
    return View(
        "\n".join([*texts, more]).strip() or "no hits",
        joined([table(("", "score", "what was found", "why"), body), quiet(more)]) if hits else quiet("no hits"),
    )


def named(hit: Hit, most: int = 60) -> str:
    """Return a short name of a hit: its title, or the beginning of its text."""
    return lines.line(hit.title or hit.text, most)


def passages(hits: Sequence[Hit], label: str = "", *, scores: bool = True) -> Markup:
    """Return hits behind a line that opens them, each with its text.

    Without `scores` where they were found by several queries, or in several ways: such scores do not compare.
    """
    if not hits:
        return Markup("")
    items = (tag("li", tag("b", f"{hit.score:.2f} ") if scores else "", _what(hit)) for hit in hits[:MOST])
    names = "; ".join(named(hit, 40) for hit in hits[:4]) + (f"; {len(hits) - 4} more" if len(hits) > 4 else "")
    return folded(f"{label or lines.number(len(hits), 'passage')}: {names}", tag("ol", *items, style="margin:.2em 0"))


def names(hits: Sequence[Hit]) -> str:
    """Return the names of hits on a line of text."""
    return "; ".join(named(hit, 40) for hit in hits[:MOST])


def _parts(hit: Hit) -> str:
    return ", ".join(f"{name} {score:.2f}" for name, score in hit.parts.items())


def _kind(hit: Hit) -> str:
    return "" if hit.kind == "passage" else hit.kind


def _what(hit: Hit) -> Markup:
    body = " | ".join(hit.triple) if hit.triple else hit.text
    return joined(
        [
            *([tag("b", lines.cut(hit.title, 120)), " "] if hit.title else []),
            *([chip(_kind(hit), "told"), " "] if _kind(hit) else []),
            tag("div", lines.cut(body, _TEXT), style=TEXT),
            *([quiet(lines.cut(hit.source, 200))] if hit.source else []),
        ]
    )


def _row(number: int, hit: Hit) -> tuple[Markup | int, ...]:
    parts = "" if all(f"{name} {score:.2f}" in hit.why for name, score in hit.parts.items()) else _parts(hit)
    score = joined([unbroken(f"{hit.score:.2f} "), bar(hit.score), tag("div", quiet(parts)) if parts else ""])
    path = tag("div", quiet(" → ".join(hit.path))) if hit.path else ""
    return number, score, _what(hit), joined([lines.cut(hit.why, 400), path])


def _text(number: int, hit: Hit) -> str:
    kind = f"  [{_kind(hit)}]" if _kind(hit) else ""
    head = f"{number:>2}. {hit.score:.2f} {lines.bar(hit.score)}  "
    told = [lines.line(f"{head}{hit.title or hit.source}{kind}").rstrip()]
    told.append(lines.wrapped(" | ".join(hit.triple) if hit.triple else hit.text, "    ", most=_TEXT))
    behind = [" → ".join(hit.path), " · ".join(filter(None, [_parts(hit), hit.source if hit.title else ""])), hit.why]
    told += [lines.wrapped(one, "      ", "    - ", most=300) for one in behind if one]
    return "\n".join(told)
