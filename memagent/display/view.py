"""A view: one value as text and as HTML, and which function makes it of which kind of value."""

from __future__ import annotations

import sys
from collections.abc import Collection
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from memagent.display.markup import Markup, tag
from memagent.errors import UsageProblem

MOST = 50_000
"""Bytes that the HTML of a usual value stays under; longer texts are cut by the views, with a mark."""

_PAGE = "line-height:1.5;overflow-wrap:anywhere;color:inherit;padding:.4em 0 .3em .5em"
"""The room round a view: its left edge is that of what a cell prints, and it stands off what is above it."""

_VIEWS: dict[str, str] = {  # class -> the module of this folder that has `view_of` for it
    "Answer": "answer",
    "Comparison": "compare",
    "Fact": "triples",
    "Hit": "hits",
    "Learnt": "learnt",
    "Novel": "story",
    "Rationale": "rationales",
    "Reading": "triples",
    "Receipt": "receipts",
    "Redecided": "redecided",
    "Result": "result",
    "Solved": "rationales",
    "Spread": "graph",
    "State": "story",
    "Story": "story",
    "StoryRecord": "story",
    "Trace": "trace",
    "Usage": "costs",
    "Written": "memllm",
    "list": "several",
    "tuple": "several",
}


@dataclass(frozen=True, slots=True)
class View:
    """A value as it is shown: `text` for a terminal, `html` for a notebook."""

    text: str
    html: Markup

    def __str__(self) -> str:
        return self.text

    def _repr_mimebundle_(
        self, include: Collection[str] | None = None, exclude: Collection[str] | None = None
    ) -> dict[str, Any]:
        body = tag("div", self.html, style=_PAGE)
        whole = {"text/plain": self.text, "text/html": str(body)}
        wanted = whole.keys() if include is None else include
        return {kind: told for kind, told in whole.items() if kind in wanted and kind not in (exclude or ())}


def view(value: object) -> View:
    """Return the view of a value. Raises `UsageProblem` where there is none."""
    if isinstance(value, View):
        return value
    for kind in type(value).__mro__:
        if module := _VIEWS.get(kind.__name__):
            made: View = import_module(f"memagent.display.{module}").view_of(value)
            return made
    raise UsageProblem(f"a {type(value).__name__} has no view", hint=f"There are views of {', '.join(_VIEWS)}.")


def bundle(
    value: object, include: Collection[str] | None = None, exclude: Collection[str] | None = None
) -> dict[str, Any]:
    """Return a value as IPython asks for it; see `Shown`."""
    return view(value)._repr_mimebundle_(include, exclude)


def show(*values: object) -> None:
    """Display values in a notebook, and print their texts elsewhere."""
    for value in values:
        _display(view(value))


def _display(made: View) -> None:
    try:
        ipython: Any = import_module("IPython")
    except ImportError:
        ipython = None
    if ipython is None or ipython.get_ipython() is None:
        sys.stdout.write(f"{made.text}\n")
    else:
        ipython.display.display(made)
