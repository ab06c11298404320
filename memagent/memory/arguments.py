"""What callers give: made into one form, and refused with what to do where it cannot be."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from memagent.errors import UnknownName, UsageProblem
from memagent.retrievers.base import Retriever
from memagent.retrievers.fusion import Fusion
from memagent.types import Note, Passage

FORMS = ("hybrid", "dense", "keyword")
"""How facts and rationales can be searched."""


def narrowed(name: str, bound: str | None, wanted: str | None) -> str | None:
    """Return a part of a scope that is narrowed and never changed."""
    if wanted is None:
        return bound
    if not isinstance(wanted, str) or not wanted.strip():
        raise UsageProblem(f"{name} must be a text that is not blank, got {wanted!r}")
    if bound is not None and wanted != bound:
        hint = "Bind from the memory that opened the file."
        raise UsageProblem(f"this handle belongs to {name} {bound!r} and cannot become {wanted!r}", hint=hint)
    return wanted


def as_notes(notes: str | Note | Iterable[str | Note]) -> list[Note]:
    """Return one text or many as notes that say something."""
    if not isinstance(notes, Iterable) and not isinstance(notes, Note):
        raise UsageProblem(f"a {type(notes).__name__} cannot be kept", hint="Give a str, a Note, or several of them.")
    given = [notes] if isinstance(notes, str | Note) else list(notes)
    return [_as_note(note, number) for number, note in enumerate(given, 1)]


def check_says_something(text: str, name: str) -> None:
    """Refuse a text that is none, or blank."""
    if not isinstance(text, str):
        raise UsageProblem(f"{name} is a {type(text).__name__}, not a str")
    if not text.strip():
        raise UsageProblem(f"{name} is empty", hint="Leave it out, or write something.")


def check_is_no_copy(passage: Passage) -> None:
    """Refuse to edit a text that was taken from a value: what reads the value would go on to read the old one."""
    if passage.source.startswith("langgraph:") and "langgraph" in passage.metadata:
        raise UsageProblem(
            f"{passage.id!r} is what an item of a LangGraph store is found by, and not the item itself",
            hint="Put the item again, with store.put(namespace, key, value), or forget it.",
        )


def check_search(k: int, **texts: str) -> None:
    """Refuse texts to search that are none, and a k that is not a whole number of at least 1."""
    for name, text in texts.items():
        if not isinstance(text, str):
            raise UsageProblem(f"{name} must be a str, not {type(text).__name__}")
    if not isinstance(k, int) or isinstance(k, bool) or k < 1:
        raise UsageProblem(f"k must be a whole number of at least 1, got {k!r}")


def one_way(using: str, dense: Retriever, keyword: Retriever, *, what: str) -> Retriever:
    """Return the retriever that `using` names, one of `FORMS`; `what` says in an error what is searched."""
    made = {"hybrid": Fusion([dense, keyword]), "dense": dense, "keyword": keyword}
    if using not in made:
        raise UnknownName(f"{what} are not searched by {using!r}", hint=f"Use one of: {', '.join(FORMS)}.")
    return made[using]


def _as_note(given: Any, number: int) -> Note:
    note = Note(given) if isinstance(given, str) else given
    if not isinstance(note, Note):
        raise UsageProblem(f"note {number} is a {type(given).__name__}", hint="Give a str or a Note.")
    check_says_something(note.text, f"the text of note {number}")
    return note
