"""A result: what a run returned, as that is shown, with what it cost and every step behind a line."""

from __future__ import annotations

from typing import Any

from memagent.controller import Result
from memagent.display import lines, trace
from memagent.display.markup import folded, joined
from memagent.display.shapes import prose, strip, words
from memagent.display.view import View, view
from memagent.errors import UsageProblem


def view_of(result: Result[Any]) -> View:
    """Return the view of a result. The trace behind it is not in its text: `show(result.trace)` has it."""
    value = _value(result.value)
    spent = trace.spent(result.trace)
    behind = (
        folded(f"every call and search: {trace.brief(result.trace)}", trace.in_short(result.trace))
        if len(result.trace)
        else strip(spent)
    )
    return View(f"{value.text}\n\n{words(spent)}", joined([value.html, behind]))


def _value(value: Any) -> View:
    try:
        return view(value)
    except UsageProblem:
        return View(lines.wrapped(value, most=4000), prose(str(value), 8000))
