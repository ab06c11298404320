"""Methods that answer a question, by name. All take a question or task and return an `Answer`; most `k` and `using`."""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Callable, Mapping

from memagent.errors import UnknownName
from memagent.flow import Flow
from memagent.types import Answer

METHODS: Mapping[str, str] = {
    "plain": "plain:plain",
    "recite": "recite:recite",
    "alone": "passive:alone",
    "once": "passive:once",
    "every": "passive:every",
    "previous-sentence": "passive:previous_sentence",
    "self-ask": "passive:self_ask",
    "flare": "flare:flare",
    "flare-instruct": "flare_instruct:flare_instruct",
    "rat": "rat:rat",
    "hipporag": "hipporag:hipporag",
    "ircot": "hipporag:ircot",
    "memllm": "memllm:memllm",
}
"""Name to module and function."""

BY_TRIPLES = ("memllm",)
"""Those that read triples, and search no passages: they take `k` and no `using`."""

BY_GRAPH = ("hipporag", "ircot")
"""Those that look up by the graph of facts unless they are told otherwise; the others by the hybrid search."""


def method(name: str) -> Callable[..., Flow[Answer]]:
    """Return the method of a name; raises `UnknownName` where there is none."""
    if name not in METHODS:
        near = difflib.get_close_matches(name, METHODS, n=1)
        guess = f"Did you mean {near[0]}? " if near else ""
        raise UnknownName(f"no method is called {name!r}", hint=f"{guess}There are: {', '.join(METHODS)}.")
    module, _, function = METHODS[name].partition(":")
    found: Callable[..., Flow[Answer]] = getattr(importlib.import_module(f"memagent.methods.{module}"), function)
    return found
