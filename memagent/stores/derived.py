"""What is worked out from the content of an item: the digest it is known by, its words, and the text of its vector."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

from memagent.stores.bags import bag
from memagent.stores.keys import digest
from memagent.types import full_text


class Content(Protocol):
    """A row or mapping with `id` and what its kind has: the columns of a passage or rationale, the keys of a fact."""

    def __getitem__(self, column: str, /) -> Any:
        """Return the value of a column."""
        ...


class Derived(NamedTuple):
    """What follows from the content of one item.

    Attributes:
        identity: the parts of its content that tell it from others; none for a kind whose id does that.
        embedded: the text that its vector is of.
        words: the title and the text that are searched by word; `None` for a kind that is not.
    """

    identity: tuple[str, ...]
    embedded: str
    words: tuple[str, str] | None

    @property
    def digest(self) -> str:
        """The digest that it is known by; '' for a kind whose id is one."""
        return digest(*self.identity) if self.identity else ""

    @property
    def bag(self) -> bytes | None:
        """Its bag of words; `None` for a kind that is not searched by word."""
        return bag(*self.words) if self.words is not None else None


def of_passage(title: str, text: str, source: str) -> Derived:
    """Return what follows from a note or passage."""
    return Derived((title, text, source), full_text(title, text), (title, text))


def of_rationale(problem: str, reasoning: str, answer: str, source: str) -> Derived:
    """Return what follows from a rationale, whose vector is of its problem alone."""
    return Derived((problem, reasoning, answer, source), problem, (problem, f"{reasoning}\n{answer}"))


def of_fact(subject: str, relation: str, object: str) -> Derived:
    """Return what follows from the three keys of a fact."""
    text = f"{subject} {relation} {object}"
    return Derived((), text, ("", text))


def of_term(key: str) -> Derived:
    """Return what follows from a phrase or a relation, by its key."""
    return Derived((), key, None)


def of_row(kind: str, content: Content) -> Derived:
    """Return what follows from an item of any kind."""
    if kind == "passage":
        return of_passage(content["title"], content["text"], content["source"])
    if kind == "rationale":
        return of_rationale(content["problem"], content["reasoning"], content["answer"], content["source"])
    if kind == "fact":
        return of_fact(content["subject"], content["relation"], content["object"])
    return of_term(content["id"])
