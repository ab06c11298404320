"""Retrieve once, then answer: the baseline that every other method is compared with."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from memagent.flow import Flow, generate, retrieve
from memagent.methods.thinking import spoken
from memagent.prompts import fill
from memagent.types import Answer, Completion, Hit, Message

NOTHING_FOUND = "The memory holds nothing on this."

CALL, SEARCH = 120.0, 30.0
"""Seconds that a call and a search may take where a method is told nothing else; then: `BackendError`, `Late`."""

LookUp = Callable[[str, int], Flow[list[Hit]]]
"""Finds up to so many passages for a query: a flow, such as `lambda query, k: reranked(query, k, using="graph")`."""


def plain(
    question: str,
    *,
    k: int = 5,
    using: str = "",
    look_up: LookUp | None = None,
    twice: bool = False,
    timeout: float | None = CALL,
    search_timeout: float | None = SEARCH,
) -> Flow[Answer]:
    """Answer a question from up to `k` passages, found by the retriever `using`, or by the flow `look_up` in its place.

    With `twice` they are shown twice; see `read_twice`. When nothing is found, no model is asked and the answer says
    so. `timeout` and `search_timeout` are seconds for the call and for the search. A reply that was cut off is told in
    `problems`.

    Raises:
        Late: the search took longer than it may.
        BackendError: the call did, or failed.
    """
    hits = yield from (look_up(question, k) if look_up else retrieve(question, k, using=using, timeout=search_timeout))
    if not hits:
        return Answer(NOTHING_FOUND)
    messages = fill("plain/answer", passages=numbered(hits), question=question)
    messages = tuple(read_twice(messages)) if twice else messages
    reply = yield from generate(messages, temperature=0.0, timeout=timeout, label="plain/answer")
    text = spoken(reply.text).strip()
    return Answer(text, tuple(hits), problems=(*unfinished(reply), *([] if text else [WROTE_NOTHING])))


WROTE_NOTHING = "the model wrote nothing"


def unfinished(reply: Completion) -> tuple[str, ...]:
    """Return, in words, why a reply did not come to its end; nothing where it did."""
    if reply.finish_reason == "length":
        return ("the reply was cut off at the limit of its tokens",)
    return ("the reply was cut off by the backend's filter",) if reply.finish_reason == "filter" else ()


def numbered(hits: Sequence[Hit]) -> str:
    """Return passages as a prompt shows them, one block each: `[1] title` and the text below."""
    return "\n\n".join(f"[{number}] {hit.title}\n{hit.text}" for number, hit in enumerate(hits, 1))


def read_twice(messages: Sequence[Message]) -> list[Message]:
    """Return a filled prompt with its last message shown twice: passages and question, and both again.

    A model with a memory of fixed size, such as a recurrent one, has to choose what to keep of the passages before it
    knows the question; the second time it knows (just-read-twice prompting, Arora et al., arXiv:2407.05483). For the
    price of twice the input it may help other forgetful models as well. Any method can use it on its own prompt.
    """
    return [*messages[:-1], *fill("plain/twice", shown=messages[-1].content)]
