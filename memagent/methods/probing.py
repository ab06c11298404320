"""Trying what a language model can do by tiny calls, since what is declared need not hold.

A flow like any other: the controller makes the calls, keeps to the time of each and counts what they cost.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from memagent.errors import CapabilityError, Refused
from memagent.flow import Flow, generate, inquire
from memagent.prompts import fill
from memagent.types import Completion, Tool

ABILITIES = ("logprobs", "stop", "prefill", "logit_bias", "schema", "seed", "tools")
"""In the order in which they are tried."""

PROMISED = frozenset({"logprobs", "stop", "prefill", "logit_bias", "tools"})
"""What a request requires; the others are wishes, which a backend may leave unfulfilled."""

CALLS = 10
"""The most calls that `probed` makes, retries apart."""

MAX_TOKENS = 48
"""What each of them may generate."""

Held = Literal["yes", "no", "unclear", "not declared"]

_SCHEMA = {
    "type": "object",
    "properties": {"answer": {"type": "string"}, "sources": {"type": "array", "items": {"type": "integer"}}},
    "required": ["answer", "sources"],
    "additionalProperties": False,
}
_WEATHER = Tool(
    "weather",
    "Tells the weather in a city.",
    {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
)
_YES = ("yes", " yes", "Yes", " Yes", "YES", " YES")


@dataclass(frozen=True, slots=True)
class Tried:
    """An ability as it was tried: whether it holds, and what was seen."""

    ability: str
    held: Held
    why: str


def probed(*, timeout: float = 20.0) -> Flow[list[Tried]]:
    """Return how each of `ABILITIES` was tried, in that order; what is not declared is not tried.

    At most `CALLS` calls of `MAX_TOKENS` tokens and `timeout` seconds each: one that every backend must answer, one for
    each declared ability, and two more for `seed`. An ability that the backend refuses does not hold; a reply from
    which nothing can be seen is `unclear`.

    Raises:
        BackendError: the backend cannot be reached or fails.
    """
    can = yield from inquire()
    plain = yield from _ask("count", timeout)
    checks: dict[str, Callable[[], Flow[tuple[Held, str]]]] = {
        "logprobs": lambda: _logprobs(timeout),
        "stop": lambda: _stop(plain, timeout),
        "prefill": lambda: _prefill(timeout),
        "logit_bias": lambda: _bias(timeout),
        "schema": lambda: _schema(timeout),
        "seed": lambda: _seed(timeout),
        "tools": lambda: _tools(timeout),
    }
    found: list[Tried] = []
    for ability in ABILITIES:
        if ability not in can:
            found.append(Tried(ability, "not declared", "so it was not tried"))
            continue
        try:
            held, why = yield from checks[ability]()
        except (CapabilityError, Refused) as error:
            held, why = "no", error.message
        found.append(Tried(ability, held, why))
    return found


def estimate() -> int:
    """Return about how many tokens `probed` takes at most, input and output together."""
    return CALLS * (60 + MAX_TOKENS)


def _ask(name: str, timeout: float, **arguments: Any) -> Flow[Completion]:
    settings = {"temperature": 0.0, "max_tokens": MAX_TOKENS, **arguments}
    return generate(fill(f"probe/{name}"), timeout=timeout, label=f"probe/{name}", **settings)


def _logprobs(timeout: float) -> Flow[tuple[Held, str]]:
    reply = yield from _ask("count", timeout, logprobs=True)
    if not reply.text:
        return "unclear", "the reply is empty"
    measured = [token.logprob for token in reply.tokens if token.logprob is not None]
    if not measured or len(measured) < len(reply.tokens):
        return "no", f"{len(measured)} of {len(reply.tokens)} tokens have one"
    if "".join(token.text for token in reply.tokens) != reply.text:
        return "no", "the tokens do not join to the text"
    wrong = [value for value in measured if math.isnan(value) or value > 1e-6]
    if wrong:
        return "no", f"{wrong[0]!r} is no log-probability"
    return "yes", f"all {len(measured)} tokens have one, from {min(measured):.2f} to {max(measured):.2f}"


def _stop(plain: Completion, timeout: float) -> Flow[tuple[Held, str]]:
    """Stop at a word from the middle of what the model said without."""
    words = plain.text.split()
    mark = next((word for word in words[len(words) // 2 :] if plain.text.find(word) > 0), "")
    if not mark:
        return "unclear", f"a reply of {len(words)} words has no middle to stop at"
    reply = yield from _ask("count", timeout, stop=(mark,))
    if mark in reply.text:
        return "no", f"the text goes on past {mark!r}"
    if not reply.text.strip() or not plain.text.startswith(reply.text.rstrip()):
        return "unclear", "it wrote something else the second time"
    return "yes", f"the text ended before {mark!r}"


def _prefill(timeout: float) -> Flow[tuple[Held, str]]:
    reply = yield from _ask("count", timeout, prefill="1 2 3 4")
    text = reply.text.strip()
    if text.startswith("5"):
        return "yes", "it went on where the answer stopped"
    if text.startswith("1"):
        return "no", "it began again and repeated what was begun"
    return "unclear", f"it went on with {text[:20]!r}"


def _bias(timeout: float) -> Flow[tuple[Held, str]]:
    reply = yield from _ask("word", timeout, logit_bias=dict.fromkeys(_YES, -100.0))
    if "yes" in reply.text.casefold():
        return "no", "it wrote a word that was barred"
    return ("yes", "it wrote no word that was barred") if reply.text.strip() else ("unclear", "the reply is empty")


def _schema(timeout: float) -> Flow[tuple[Held, str]]:
    """Ask in words for prose and by a schema for an object: only a schema that is enforced gives one."""
    reply = yield from _ask("question", timeout, schema=_SCHEMA)
    try:
        found = json.loads(reply.text)
    except (ValueError, RecursionError):
        cut = reply.finish_reason == "length" and reply.text.lstrip().startswith("{")
        return ("unclear", "the object was cut at the limit") if cut else ("no", "it answered in prose")
    if not isinstance(found, dict) or found.keys() != {"answer", "sources"}:
        return "no", "the object has other fields than the schema"
    fits = isinstance(found["answer"], str) and isinstance(found["sources"], list)
    return ("yes", "it answered with the object of the schema") if fits else ("no", "the fields have other types")


def _seed(timeout: float) -> Flow[tuple[Held, str]]:
    first = yield from _ask("chance", timeout, seed=7, temperature=1.0)
    second = yield from _ask("chance", timeout, seed=7, temperature=1.0)
    if not first.text.strip():
        return "unclear", "the reply is empty"
    if first.text != second.text:
        return "no", "two samples with one seed differ"
    other = yield from _ask("chance", timeout, seed=8, temperature=1.0)
    if other.text == first.text:
        return "unclear", "another seed gives the same: it may not sample, and then samples agree about anything"
    return "yes", "one seed gives the same twice, another gives something else"


def _tools(timeout: float) -> Flow[tuple[Held, str]]:
    reply = yield from _ask("tool", timeout, tools=(_WEATHER,))
    if not reply.calls:
        return "unclear", "it answered without the tool that it was offered"
    try:
        found = json.loads(reply.calls[0].arguments)
    except (ValueError, RecursionError):
        return "no", "the arguments of its call are no JSON"
    fits = reply.calls[0].name == _WEATHER.name and isinstance(found, dict) and "city" in found
    return ("yes", "it called the tool with its arguments") if fits else ("no", "it called something else")
