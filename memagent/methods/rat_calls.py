"""The calls and searches of RAT: each has a deadline, and what fails is told in words and lived with.

Whatever a backend, a retriever or a function that was given raises is lived with. What the caller alone can mend comes
out loud: wrong arguments, settings and abilities that are missing, a trace that does not fit, an order to stop, and
every failed assertion. So does a mistake of our own (see `attempts`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from memagent.errors import Late
from memagent.flow import Flow, generate
from memagent.methods.attempts import caught, given, in_words
from memagent.methods.looking_up import LookUp, looked_up
from memagent.methods.rat_reading import words_in
from memagent.prompts import fill
from memagent.types import Completion, Hit


@dataclass(frozen=True, slots=True)
class Limits:
    """What each call and search may take: tokens, and seconds for a call and for a search; `None` for no limit."""

    max_tokens: int
    timeout: float | None
    search_timeout: float | None


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
    asked = generate(
        fill(f"rat/{name}", **slots),
        max_tokens=limits.max_tokens,
        temperature=0.0,
        timeout=limits.timeout,
        label=f"rat/{name}",
    )
    reply, error = yield from caught(asked)
    if error is not None or reply is None:
        return Said(problem=f"the call {name!r} failed: {in_words(error) if error else 'no reply'}", failed=True)
    if not isinstance(reply.text, str):
        return Said(problem=f"the call {name!r} returned {reply.text!r:.60} for a text", failed=True)
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


def search(query: str, k: int, using: str, look_up: LookUp | None, limits: Limits) -> Flow[Found]:
    """Look up to `k` passages up. One search, or what the flow `look_up` makes of it."""
    if look_up is None:
        hits, error = yield from caught(looked_up(query, k, using=using, timeout=limits.search_timeout))
    else:
        own = partial(looked_up, query, k, look_up=look_up, timeout=limits.search_timeout)
        hits, error = yield from given(own)
    if isinstance(error, Late):
        return Found(query, problems=(in_words(error),), late=True)
    if error is not None or hits is None:
        return Found(query, problems=(f"the search failed: {in_words(error) if error else 'no answer'}",))
    return Found(query, tuple(hit for hit in hits[:k] if isinstance(hit.text, str) and hit.text.strip()))
