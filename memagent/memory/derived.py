"""What is worked out from the content of an item: the digest it is known by, its words, and the text of its vector."""

from __future__ import annotations

from typing import Any, Protocol

from memagent.stores.keys import digest, fact_text
from memagent.stores.word_index import bag


class Content(Protocol):
    """A row or mapping with `id` and what its kind has: the columns of a passage or rationale, the keys of a fact."""

    def __getitem__(self, column: str, /) -> Any:
        """Return the value of a column."""
        ...


def digest_of(kind: str, content: Content) -> str:
    """Return the digest that an item is known by; '' for a kind whose id is one."""
    if kind == "passage":
        return digest(content["title"], content["text"], content["source"])
    if kind == "rationale":
        return digest(content["problem"], content["reasoning"], content["answer"], content["source"])
    return ""


def bag_of(kind: str, content: Content) -> bytes | None:
    """Return the bag of words of an item; `None` for a kind that is not searched by word."""
    if kind == "passage":
        return bag(content["title"], content["text"])
    if kind == "rationale":
        return bag(content["problem"], f"{content['reasoning']}\n{content['answer']}")
    return bag("", embedded_text(kind, content)) if kind == "fact" else None


def embedded_text(kind: str, content: Content) -> str:
    """Return the text that the vector of an item is of."""
    if kind == "passage":
        return f"{content['title']}\n{content['text']}" if content["title"] else str(content["text"])
    if kind == "fact":
        return fact_text(content["subject"], content["relation"], content["object"])
    return str(content["problem" if kind == "rationale" else "id"])
