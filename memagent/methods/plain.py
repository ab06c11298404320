"""Retrieve once, then answer: the baseline that every other method is compared with."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from memagent.flow import Flow, generate, retrieve
from memagent.prompts import fill
from memagent.types import Answer, Hit, Message

NOTHING_FOUND = "The memory holds nothing on this."

LookUp = Callable[[str, int], Flow[list[Hit]]]
"""Finds up to so many passages for a query: a flow, such as `lambda query, k: reranked(query, k, using="graph")`."""


def plain(
    question: str, *, k: int = 5, using: str = "", look_up: LookUp | None = None, twice: bool = False
) -> Flow[Answer]:
    """Answer a question from up to `k` passages, found by the retriever `using`, or by the flow `look_up` in its place.

    With `twice` they are shown twice; see `read_twice`. When nothing is found, no model is asked and the answer says
    so.
    """
    hits = yield from (look_up(question, k) if look_up else retrieve(question, k, using=using))
    if not hits:
        return Answer(NOTHING_FOUND)
    messages = fill("plain/answer", passages=numbered(hits), question=question)
    reply = yield from generate(read_twice(messages) if twice else messages, temperature=0.0, label="plain/answer")
    return Answer(reply.text.strip(), tuple(hits))


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
