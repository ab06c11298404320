"""Replies that must have a form: asked for, repaired, checked, asked for again a bounded number of times.

The form is asked for twice: by a JSON schema where the backend can enforce one, and in the prompt's own words for every
other. `read` turns the text into a value or raises `Unreadable` with the reason, which the model is shown before it
tries again. After the last try comes `ReplyError` with the raw reply. A flow changes its state only with the value that
this returns, so a broken reply leaves everything as it was.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from memagent.errors import ReplyError
from memagent.flow import Flow, generate
from memagent.prompts import fill
from memagent.types import Completion, Message

T = TypeVar("T")
_DEEPEST = 200
_BRACKET = re.compile(r"[\[\]{}]")


class Unreadable(ValueError):
    """A reply is not in the form that was asked for. The message says why, in words that the model can act on."""


def ask(
    messages: Sequence[Message],
    read: Callable[[str], T],
    *,
    label: str,
    schema: Mapping[str, Any] | None = None,
    tries: int = 3,
    max_tokens: int | None = None,
    temperature: float | None = None,
    seed: int | None = None,
    timeout: float | None = None,
) -> Flow[T]:
    """Ask until `read` accepts the reply, at most `tries` times. Raises `ReplyError` with the last raw reply."""
    conversation = list(messages)
    problem, reply = "", Completion("")
    for _ in range(tries):
        reply = yield from generate(
            conversation,
            max_tokens=max_tokens,
            temperature=temperature,
            seed=seed,
            schema=schema,
            timeout=timeout,
            label=label,
        )
        try:
            return read(reply.text)
        except Unreadable as error:
            problem = _with_cut(str(error), reply)
        # The first prompt and the newest reply only: the conversation must not grow with the number of tries.
        conversation = [*messages, Message("assistant", reply.text), *fill("structured/again", problem=problem)]
    raise ReplyError(
        f"{label}: no usable reply in {tries} tries; the last problem: {problem}",
        reply=reply.text,
        hint="Try again, or use a model that keeps to formats better.",
    )


def json_object(text: str) -> dict[str, Any]:
    """Return the JSON object in a reply, mending what models break (fences, quotes, commas, a cut end).

    Raises `Unreadable` when the text holds no object, or one that is nested too deeply to be read.
    """
    from json_repair import repair_json

    if "{" not in text:
        raise Unreadable("it holds no JSON object")
    if _nesting(text) > _DEEPEST:  # no object of ours is, and to mend one takes time by the square of its depth
        raise Unreadable("it holds no JSON object that can be read; it may be nested too deeply")
    try:
        found: Any = repair_json(text, return_objects=True)
    except (RecursionError, ValueError) as error:  # by json where it is well formed, by json-repair where it is not
        raise Unreadable("it holds no JSON object that can be read; it may be nested too deeply") from error
    if isinstance(found, list):
        found = max((item for item in found if isinstance(item, dict)), key=len, default=None)
    if not isinstance(found, dict) or not found:
        raise Unreadable("it holds no JSON object that can be read")
    return found


def _nesting(text: str) -> int:
    """How deep brackets stand in each other at most, those in strings included."""
    deepest = depth = 0
    for bracket in _BRACKET.findall(text):
        depth = depth + 1 if bracket in "{[" else max(0, depth - 1)
        deepest = max(deepest, depth)
    return deepest


def _with_cut(problem: str, reply: Completion) -> str:
    return f"{problem} (it was cut off at the length limit: be shorter)" if reply.finish_reason == "length" else problem
