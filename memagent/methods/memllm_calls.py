"""The three ways in which a model asks the memory: in its own text, in a text protocol, or by tool calls.

- `prefill`: the model continues its answer itself, stops at `-->`, and finds the results in what it continues. This is
  the paper's way (arXiv:2404.11672).
- `tools`: the model calls `mem_read` or `mem_write`, whose arguments are JSON.
- `text`: any other model; it is shown the answer so far and the one block of results in a prompt.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, get_args

from memagent.errors import UsageProblem
from memagent.methods.memllm_grammar import BadQuery, Problem, ReadCall, WriteCall, is_text
from memagent.methods.memllm_probabilities import LEAST
from memagent.structured import Unreadable, json_object
from memagent.triples import Query
from memagent.types import Tool, ToolCall

Way = Literal["auto", "prefill", "tools", "text"]

_PLACE = {"type": "string"}
_SURE = {"type": "number", "description": "how sure it is that the sentence states this, above 0 and at most 1"}
_LONGEST = 1000

READ_TOOL = Tool(
    "mem_read",
    "Look facts up in the memory of triples. Leave out of each query the subject or the object that is looked for.",
    {
        "type": "object",
        "properties": {
            "queries": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {"subject": _PLACE, "relation": _PLACE, "object": _PLACE},
                    "required": ["relation"],
                },
            }
        },
        "required": ["queries"],
    },
)
WRITE_TOOL = Tool(
    "mem_write",
    "Keep the facts that the sentence states, as triples; none if it states none.",
    {
        "type": "object",
        "properties": {
            "triples": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {"subject": _PLACE, "relation": _PLACE, "object": _PLACE, "confidence": _SURE},
                    "required": ["subject", "relation", "object"],
                },
            }
        },
        "required": ["triples"],
    },
)


def chosen(way: str, can: frozenset[str]) -> str:
    """Return the way to go with a model that can do `can`: the best one for `auto`, else the one that was asked for."""
    if way not in get_args(Way):
        raise UsageProblem(f"way={way!r} is not known", hint=f"Use {', '.join(get_args(Way))}.")
    if way != "auto":
        return way
    return "prefill" if {"prefill", "stop"} <= can else "tools" if "tools" in can else "text"


def needs_prefill(way: str) -> None:
    """Refuse a way other than `prefill` for a model that was trained to call: it continues its text, as in training."""
    if way != "prefill":
        hint = "Use a backend that takes one, such as transformers:FOLDER, or leave out trained=True."
        raise UsageProblem(f"a model that was trained to call needs a prefill, and is asked by {way}", hint=hint)


def read_calls(calls: Iterable[ToolCall]) -> ReadCall:
    """Return the queries of tool calls that read, and what of them is none; never raises."""
    queries: list[Query] = []
    problems: list[Problem] = []
    for given in _items(calls, READ_TOOL.name, "queries", problems):
        try:
            queries.append(_query(given))
        except BadQuery as error:
            problems.append(Problem(error.text, str(error)))
    return ReadCall(tuple(queries), tuple(problems))


def write_calls(calls: Iterable[ToolCall]) -> WriteCall:
    """Return the triples of tool calls that write, each once, and what of them is none; never raises.

    A triple has the confidence that the call gives it, if that is a number in [0, 1]; 0 becomes a millionth.
    """
    triples: dict[tuple[str, str, str], None] = {}
    confidences: dict[tuple[str, str, str], float] = {}
    problems: list[Problem] = []
    for given in _items(calls, WRITE_TOOL.name, "triples", problems):
        try:
            subject, relation, object = _parts(given)
        except BadQuery as error:
            problems.append(Problem(error.text, str(error)))
            continue
        if subject and relation and object:
            triples[subject, relation, object] = None
            if (sure := _confidence(given)) is not None:
                confidences[subject, relation, object] = sure
        else:
            problems.append(Problem(str(given)[:200], "has an empty place"))
    return WriteCall(tuple(triples), tuple(problems), confidences)


def _items(calls: Iterable[ToolCall], name: str, field: str, problems: list[Problem]) -> list[Any]:
    found: list[Any] = []
    for call in calls:
        if call.name != name:
            problems.append(Problem(call.name[:80], "is no tool that was offered"))
            continue
        try:
            arguments = json_object(call.arguments)
        except Unreadable as error:
            problems.append(Problem(call.arguments[:200], str(error)))
            continue
        given = arguments.get(field, arguments if "relation" in arguments else [])
        found += given if isinstance(given, list) else [given]
    return found


def _query(given: Any) -> Query:
    subject, relation, object = _parts(given)
    if not relation:
        raise BadQuery(str(given), "has no relation")
    if bool(subject) == bool(object):
        raise BadQuery(str(given), "must leave exactly one of subject and object empty")
    return Query(subject or None, relation, object or None)


def _parts(given: Any) -> tuple[str, str, str]:
    if isinstance(given, Sequence) and not isinstance(given, str) and len(given) == 3:
        given = dict(zip(("subject", "relation", "object"), given, strict=True))
    if not isinstance(given, Mapping):
        return "", "", ""
    parts = [given.get(name) for name in ("subject", "relation", "object")]
    texts = ["" if part is None or isinstance(part, list | dict) else str(part).strip() for part in parts]
    if not all(map(is_text, texts)):
        raise BadQuery(str(given)[:200], "is not valid Unicode")
    subject, relation, object = (text if len(text) <= _LONGEST else "" for text in texts)
    return subject, relation, object


def _confidence(given: Any) -> float | None:
    """What a call says how sure it is; `None` where it says nothing of use."""
    said = given.get("confidence") if isinstance(given, Mapping) else None
    if isinstance(said, bool) or not isinstance(said, int | float) or not math.isfinite(said) or not 0 <= said <= 1:
        return None
    return max(LEAST, float(said))
