"""How an answer came about, as text for a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from memagent.cli.console import dim, shortened
from memagent.cli.word_diff import word_diff_line
from memagent.types import Answer, Hit, Part


def explained(answer: Answer) -> Iterator[str]:
    """Yield the lines that say, for each sentence or step, how sure the model was, what was looked up and changed."""
    numbers = {(hit.id, hit.text): number for number, hit in enumerate(answer.hits, 1)}
    for note in answer.notes:
        yield dim(f"note: {note}")
    for number, part in enumerate(answer.parts, 1):
        yield from _part(number, part, numbers)
    if not answer.parts:
        for number, hit in enumerate(answer.hits, 1):
            yield f"[{number}] {hit.why}"


def _part(number: int, part: Part, numbers: dict[tuple[str, str], int]) -> Iterator[str]:
    yield f"{number}. {shortened(part.text, 300) or '(nothing)'}"
    sure = "" if part.confidence is None else f"confidence {part.confidence:.2f}; "
    yield dim(f"   {part.decision}: {sure}{part.why}".rstrip(": ;"))
    if part.draft.strip() != part.text.strip() and not part.changes:
        yield f"   draft: {shortened(part.draft, 300)}"
    for query in part.queries:
        yield f"   looked up: {shortened(query, 300)}"
    if part.hits:
        yield f"   passages: {', '.join(_named(hit, numbers) for hit in part.hits)}"
    for change in part.changes:
        taken = "changed by" if change.taken else "not changed by"
        why = f" ({change.why})" if change.why else ""
        yield f"   {taken} {_named(change.hit, numbers)}{why}"
        if change.taken:
            yield f"      {word_diff_line(change.before, change.after)}"


def _named(hit: Hit, numbers: dict[tuple[str, str], int]) -> str:
    number = numbers.get((hit.id, hit.text))
    name = hit.title or shortened(hit.text, 40)
    return f"[{number}] {name}" if number else name
