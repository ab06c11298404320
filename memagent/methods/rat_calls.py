"""The calls and searches of RAT: each has a deadline, and what fails is told in words and lived with.

What can be mended by the caller alone comes out loud: wrong arguments, settings and abilities that are missing, a trace
that does not fit, an order to stop, and every failed assertion.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from memagent.errors import Late
from memagent.flow import Flow, generate, retrieve
from memagent.methods.attempts import LOUD
from memagent.methods.rat_reading import words_in
from memagent.prompts import fill
from memagent.types import Completion, Hit


@dataclass(frozen=True, slots=True)
class Limits:
    """What each call and search may take: tokens, and seconds for a call and for a search."""

    max_tokens: int
    timeout: float
    search_timeout: float


@dataclass(frozen=True, slots=True)
class Said:
    """A reply as it came. `problem`: why there is none; `failed`: the call raised; `cut`: why it is not whole."""

    text: str = ""
    problem: str = ""
    failed: bool = False
    cut: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """What was looked up for one step. `late` says that the search ran into its deadline."""

    query: str
    hits: tuple[Hit, ...] = ()
    problems: tuple[str, ...] = ()
    late: bool = False
    failed: bool = False  # the call for the query


def say(name: str, limits: Limits, **slots: str) -> Flow[Said]:
    """Ask with the prompt `rat/<name>`. One call."""
    messages = fill(f"rat/{name}", **slots)
    try:
        reply = yield from generate(
            messages, max_tokens=limits.max_tokens, temperature=0.0, timeout=limits.timeout, label=f"rat/{name}"
        )
    except LOUD:
        raise
    except Exception as error:  # noqa: BLE001 - whatever a backend raises, the draft is worth more than nothing
        return Said(problem=f"the call {name!r} failed: {in_words(error)}", failed=True)
    empty, cut = nothing_in(reply), cut_short(reply, limits.max_tokens)
    problem = empty and f"the call {name!r} returned {empty}" + (f" and was {cut}" if cut else "")
    return Said(reply.text, problem, cut=cut)


def nothing_in(reply: Completion) -> str:
    """Return in words that a reply has nothing, or nothing but what the model thought aloud; '' where it has more."""
    if words_in(reply.text).strip():
        return ""
    return "nothing but thoughts" if reply.text.strip() else "nothing"


def cut_short(reply: Completion, most: int) -> str:
    """Return in words why a reply is not whole: the limit of tokens, or a filter on the way; '' where it is."""
    if reply.finish_reason == "length":
        return f"cut off at {most} tokens"
    return "stopped by the provider's filter" if reply.finish_reason == "filter" else ""


def search(query: str, k: int, using: str, limits: Limits) -> Flow[Found]:
    """Look up to `k` passages up. One search."""
    try:
        hits: Sequence[Hit] = yield from retrieve(query, k, using=using, timeout=limits.search_timeout)
    except LOUD:
        raise
    except Late as error:
        return Found(query, problems=(in_words(error),), late=True)
    except Exception as error:  # noqa: BLE001 - whatever a retriever raises, the draft is worth more than nothing
        return Found(query, problems=(f"the search failed: {in_words(error)}",))
    return Found(query, tuple(hit for hit in hits[:k] if hit.text.strip()))


def in_words(error: Exception) -> str:
    """Return an error's kind and the first line of its message."""
    first = next(iter(str(error).splitlines()), "")
    return f"{type(error).__name__}: {first}" if first else type(error).__name__
