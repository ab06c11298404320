"""How an answer came about, as text for a terminal."""

from __future__ import annotations

import math
from collections.abc import Iterator

from memagent.cli.console import dim, plain, shortened
from memagent.cli.word_diff import word_diff_line
from memagent.types import Answer, Hit, Part

_REASONS = {
    "first": "written with what the question found",
    "retrieved": "written with what was looked up for it",
    "accepted": "written without looking up",
    "revised": "corrected by what was looked up",
    "kept": "nothing better came of looking up",
}
"""Why a part is as it is, where a method says no more of it than what was decided."""


def explained(answer: Answer) -> Iterator[str]:
    """Yield the lines that say, for each sentence or step, how sure the model was, what was looked up and changed."""
    numbers = {(hit.id, hit.text): number for number, hit in enumerate(answer.hits, 1)}
    for note in answer.notes:
        yield dim(f"note: {note}")
    for number, part in enumerate(answer.parts, 1):
        yield from _part(number, part, numbers)
    if not answer.parts:
        for number, hit in enumerate(answer.hits, 1):
            yield f"[{number}] {plain(hit.why)}"


def _part(number: int, part: Part, numbers: dict[tuple[str, str], int]) -> Iterator[str]:
    yield f"{number}. {shortened(part.text, 300) or '(nothing)'}"
    told = part.confidence is None or f"{part.confidence:.2f}" in part.why
    sure = "" if told else f"confidence {part.confidence:.2f}; "
    yield dim(f"   {part.decision}: {sure}{plain(part.why) or _REASONS.get(part.decision, '')}".rstrip(": ;"))
    if doubted := _least_likely(part):
        yield dim(f"   least likely: {doubted}")
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


def _least_likely(part: Part) -> str:
    """The token that a part's confidence is that of, with its probability where `why` has not told it; '' for none."""
    telling = [token for token in part.tokens if token.text.strip()]
    measured = [(token.logprob, token.text) for token in telling if token.logprob is not None]
    if part.confidence is None or not measured:
        return ""
    logprob, text = min(measured, key=lambda one: -math.inf if math.isnan(one[0]) else one[0])
    if logprob >= 0:
        return ""
    likely = f"{0.0 if math.isnan(logprob) else math.exp(logprob):.2f}"
    return f"{shortened(text, 60)!r}" + ("" if likely in part.why else f" with {likely}")


def _named(hit: Hit, numbers: dict[tuple[str, str], int]) -> str:
    number = numbers.get((hit.id, hit.text))
    name = plain(hit.title) or shortened(hit.text, 40)
    return f"[{number}] {name}" if number else name
