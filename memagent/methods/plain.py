"""Retrieve once, then answer: the baseline that every other method is compared with."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from memagent.errors import BackendError, Stopped
from memagent.flow import Flow, generate
from memagent.methods.arguments import check_counts, check_look_up, check_question, check_seconds
from memagent.methods.looking_up import LookUp, looked_up
from memagent.methods.rat_passages import GAP, relevant
from memagent.methods.thinking import spoken
from memagent.prompts import fill
from memagent.types import Answer, Completion, Hit, Message, estimate_tokens

NOTHING_FOUND = "The memory holds nothing on this."

CALL, SEARCH = 120.0, 30.0
"""Seconds that a call and a search may take where a method is told nothing else; then: `BackendError`, `Late`."""

PASSAGE_TOKENS = 3000
"""Tokens of all the passages that one prompt of a method shows, where it is told nothing else."""


def plain(
    question: str,
    *,
    k: int = 5,
    using: str = "",
    look_up: LookUp | None = None,
    twice: bool = False,
    passage_tokens: int = 2 * PASSAGE_TOKENS,
    timeout: float | None = CALL,
    search_timeout: float | None = SEARCH,
) -> Flow[Answer]:
    """Answer a question from up to `k` passages, found by the retriever `using`, or by the flow `look_up` in its place.

    When nothing is found, no model is asked and the answer says so. A reply that was cut off is told in `problems`;
    what had been streamed of one when its call failed, or the run was stopped, is the answer, with that problem.

    Args:
        question: what is asked.
        k: how many passages.
        using: the retriever.
        look_up: in place of the retriever, a flow that finds passages.
        twice: show them twice; see `read_twice`.
        passage_tokens: of all passages; of longer ones the pieces that are most like the question are shown, which
            `notes` says.
        timeout: seconds for the call.
        search_timeout: seconds for the search; with `look_up`, for each search and call that it makes.

    Raises:
        UsageProblem: an argument is none of those.
        Late: the search took longer than it may.
        BackendError: the call did, or failed, before any text had come.
    """
    check_question(question)
    check_counts(k=k, passage_tokens=passage_tokens)
    check_look_up(look_up)
    check_seconds(timeout=timeout, search_timeout=search_timeout)
    hits = yield from looked_up(question, k, using=using, look_up=look_up, timeout=search_timeout)
    if not hits:
        return Answer(NOTHING_FOUND)
    shown = shortened(hits, question, passage_tokens)
    messages = fill("plain/answer", passages=numbered(shown), question=question)
    messages = tuple(read_twice(messages)) if twice else messages
    text, problems = yield from replied(messages, timeout, "plain/answer")
    return Answer(text, tuple(hits), problems=problems, notes=shortened_note(hits, shown))


def replied(messages: Sequence[Message], timeout: float | None, label: str) -> Flow[tuple[str, tuple[str, ...]]]:
    """Return what the model says, without its thoughts, and in words what is the matter with it.

    Raises:
        BackendError: the call failed and nothing had come of the reply.
        Stopped: the run was stopped and nothing had come of it.
    """
    try:
        reply = yield from generate(messages, temperature=0.0, timeout=timeout, label=label)
    except (BackendError, Stopped) as error:
        if not (text := spoken(error.said).strip()):
            raise
        return text, (f"{error.message}; the answer is what had come until then",)
    text = spoken(reply.text).strip()
    return text, (*unfinished(reply), *([] if text else [WROTE_NOTHING]))


WROTE_NOTHING = "the model wrote nothing"


def unfinished(reply: Completion) -> tuple[str, ...]:
    """Return, in words, why a reply did not come to its end; nothing where it did."""
    if reply.finish_reason == "length":
        return ("the reply was cut off at the limit of its tokens",)
    return ("the reply was cut off by the backend's filter",) if reply.finish_reason == "filter" else ()


def shortened(hits: Sequence[Hit], query: str, tokens: int) -> list[Hit]:
    """Return as many hits, with the texts of long ones cut to the pieces that are most like a query.

    They stay as they are where they have no more than so many tokens together. Otherwise each keeps its place, and so
    its number: one for which there is no room has but a mark in place of its text.
    """
    if sum(estimate_tokens(hit.text) for hit in hits) <= tokens:
        return list(hits)
    places = {number: replace(hit, id=str(number)) for number, hit in enumerate(hits)}
    cut = {int(hit.id): hit.text for hit in relevant(list(places.values()), query, tokens)}
    return [replace(hit, text=cut.get(number, GAP.strip())) for number, hit in enumerate(hits)]


def shortened_note(hits: Sequence[Hit], shown: Sequence[Hit]) -> tuple[str, ...]:
    """Return, in words, that passages were shown in part; nothing where none was."""
    count = sum(one.text != other.text for one, other in zip(hits, shown, strict=True))
    passages = "1 passage was" if count == 1 else f"{count} passages were"
    return (f"{passages} too long, and shown by the pieces most like the question",) if count else ()


def numbered(hits: Sequence[Hit]) -> str:
    """Return passages as a prompt shows them, one block each: `[1] title` and the text below.

    A line of a text that begins as a block does, as in a list of references, has its number in round brackets: no
    passage can pass off a part of itself as another.
    """
    return "\n\n".join(f"[{number}] {_line(hit.title)}\n{_own(hit.text)}" for number, hit in enumerate(hits, 1))


def _line(title: str) -> str:
    return " ".join(title.split()) if "\n" in title else title


def _own(text: str) -> str:
    return _BLOCK.sub(r"\1(\2)", text) if "[" in text else text


_BLOCK = re.compile(r"(?m)^([ \t]*)\[(\d{1,6})\]")


def read_twice(messages: Sequence[Message]) -> list[Message]:
    """Return a filled prompt with its last message shown twice: passages and question, and both again.

    A model with a memory of fixed size, such as a recurrent one, has to choose what to keep of the passages before it
    knows the question; the second time it knows (just-read-twice prompting, Arora et al., arXiv:2407.05483). For the
    price of twice the input it may help other forgetful models as well. Any method can use it on its own prompt.
    """
    return [*messages[:-1], *fill("plain/twice", shown=messages[-1].content)]
