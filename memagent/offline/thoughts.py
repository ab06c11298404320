"""Working a question out in thoughts: a draft that says what has to be found, then facts in its place, then the answer.

The draft knows nothing and says so; what a thought becomes is a fact from the passages that were found for it.
"""

from __future__ import annotations

from memagent.offline import chain
from memagent.offline.finding import find_names
from memagent.offline.text import sentences, words

_UNKNOWN = "is yet to be looked up."


def draft(task: str, most: int) -> str:
    """Return up to `most` thoughts on a question, one a paragraph: what it names, and what it asks of that."""
    names = list(dict.fromkeys(name for name, _ in find_names(task)))[:2] or [" ".join(words(task)[:6])]
    thoughts = [f"What the question says of {name} {_UNKNOWN}" for name in names]
    thoughts += [f"What follows from that {_UNKNOWN}"] * 2
    return "\n\n".join(thoughts[: max(1, most)])


def query(task: str, so_far: str) -> str:
    """Return what to look up next: the question, or what it still asks of the last fact's name."""
    said = _said(so_far)
    return chain.wanted(task, said) if said else task


def revised(task: str, so_far: str, step: str, passages: str, *, whole: bool) -> str:
    """Return a thought with the fact that comes next in its place, or as it is; after the text so far, if `whole`."""
    fact = chain.following(passages, task, _said(so_far))
    text = fact or step
    return f"{so_far}\n\n{text}" if whole and so_far and not so_far.startswith("(") else text


def finished(task: str, so_far: str) -> str:
    """Return the facts that were found, and the answer."""
    said = _said(so_far)
    return " ".join([*said, f"{chain.FINISHED} {chain.answered(task, said).rstrip('.')}."])


def _said(so_far: str) -> list[str]:
    """The facts of a text: what in it is no longer unknown."""
    paragraphs = [] if so_far.startswith("(") else so_far.split("\n\n")
    return [one for paragraph in paragraphs if _UNKNOWN not in paragraph for one in sentences(paragraph)]
