"""Retrieve once, then answer: the baseline that every other method is compared with."""

from __future__ import annotations

from collections.abc import Sequence

from memagent.flow import Flow, generate, retrieve
from memagent.prompts import fill
from memagent.types import Answer, Hit

NOTHING_FOUND = "The memory holds nothing on this."


def plain(question: str, *, k: int = 5, using: str = "") -> Flow[Answer]:
    """Answer a question from up to `k` passages, found by the retriever `using`.

    When nothing is found, no model is asked and the answer says so.
    """
    hits = yield from retrieve(question, k, using=using)
    if not hits:
        return Answer(NOTHING_FOUND)
    reply = yield from generate(
        fill("plain/answer", passages=numbered(hits), question=question), temperature=0.0, label="plain/answer"
    )
    return Answer(reply.text.strip(), tuple(hits))


def numbered(hits: Sequence[Hit]) -> str:
    """Return passages as a prompt shows them, one block each: `[1] title` and the text below."""
    return "\n\n".join(f"[{number}] {hit.title}\n{hit.text}" for number, hit in enumerate(hits, 1))
