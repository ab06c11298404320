"""What something cost: calls, tokens, money, and of a run also which question of the method it went to."""

from __future__ import annotations

from collections.abc import Iterable

from memagent.display import lines
from memagent.display.markup import Markup, joined, table
from memagent.display.shapes import strip, words
from memagent.display.view import View
from memagent.steps import Generate
from memagent.trace import Record
from memagent.types import Usage


def view_of(usage: Usage) -> View:
    """Return the view of a usage."""
    return View(words(_items(usage)), strip(_items(usage)))


def money(usage: Usage) -> str:
    """Return a cost in dollars, or that its price is not known."""
    if usage.cost is None:
        return "price unknown"
    return "$0" if not usage.cost else f"${usage.cost:.4f}" if usage.cost >= 0.0001 else f"${usage.cost:.1e}"


def brief(usage: Usage) -> str:
    """Return calls, tokens and cost on one line."""
    about = "about " if usage.estimated else ""
    told = [lines.number(usage.calls, "call"), f"{about}{lines.number(usage.tokens, 'token')}", money(usage)]
    return ", ".join(told)


def _items(usage: Usage) -> list[tuple[str, str]]:
    about = "about " if usage.estimated else ""
    return [
        ("calls", f"{usage.calls:,}"),
        ("tokens in", f"{about}{usage.input_tokens:,}"),
        ("out", f"{about}{usage.output_tokens:,}"),
        ("cost", money(usage)),
    ]


def by_question(records: Iterable[Record]) -> list[tuple[str, Usage, float]]:
    """Return what the calls of each label cost and the seconds they took, the most tokens first."""
    found: dict[str, tuple[Usage, float]] = {}
    for record in records:
        if isinstance(record.step, Generate):
            usage, spent = found.get(record.step.request.label, (Usage(), 0.0))
            found[record.step.request.label] = usage + record.usage, spent + record.seconds
    ranked = sorted(found.items(), key=lambda one: (-one[1][0].tokens, one[0]))
    return [(label or "(no label)", usage, spent) for label, (usage, spent) in ranked]


def table_of(records: Iterable[Record], most: int = 12) -> Markup:
    """Return a table of what the calls of each label cost; nothing where there is but one label."""
    found = by_question(records)[:most]
    if len(found) < 2:
        return Markup("")
    head = ("kind of prompt", "calls", "tokens in", "out", "cost", "time")
    rows = [
        (lines.line(label), usage.calls, usage.input_tokens, usage.output_tokens, money(usage), lines.seconds(spent))
        for label, usage, spent in found
    ]
    return joined([table(head, rows)])
