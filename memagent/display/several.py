"""A list of values: hits in one table, the states of a story as its steps, and anything else one below the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from memagent.display import hits, story
from memagent.display.markup import joined, tag
from memagent.display.view import View, view
from memagent.methods.recurrent import State
from memagent.types import Hit


def view_of(values: Sequence[Any]) -> View:
    """Return one view of several values. Raises `UsageProblem` where one of them has none."""
    if all(isinstance(value, Hit) for value in values):
        return hits.of_all(values)
    if all(isinstance(value, State) for value in values):
        return story.of_states(values)
    views = [view(value) for value in values]
    return View("\n\n".join(one.text for one in views), joined(tag("div", one.html) for one in views))
