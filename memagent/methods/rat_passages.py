"""Passages as RAT shows them to a reviser: of long ones, the pieces that have to do with the query, within a budget.

The published code takes the first two of equal parts, counted by characters, whatever is in them: long pages were never
read beyond their beginning. Here a passage of any length passes through, and no model is asked which pieces matter.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from memagent.sentences import split_sentences
from memagent.terms import terms, tokens
from memagent.types import Hit, estimate_tokens

GAP = " […] "
"""What stands where something was left out of a passage."""

_STRETCH = 4000  # characters; the time that a splitter of sentences takes grows with the square of what it is given


@dataclass(frozen=True, slots=True)
class _Piece:
    hit: int
    place: int
    text: str
    cost: int
    score: float


def relevant(hits: Sequence[Hit], query: str, budget: int, *, piece: int = 150) -> list[Hit]:
    """Return the hits with their texts cut to the pieces that are most like the query, in their order.

    Passages that fit together stay whole. Otherwise each passage first gets its best piece, in the order of the hits,
    then the best of the rest follow that have a word of the query, as far as they fit. A passage for which there was no
    room is left out.

    Args:
        hits: passages, best first.
        query: what was looked up.
        budget: tokens for all of them together, as `estimate_tokens` counts.
        piece: tokens of one piece, about.
    """
    if sum(estimate_tokens(hit.text) for hit in hits) <= budget:
        return list(hits)
    found = _scored([list(pieces(hit.text, min(piece, budget))) for hit in hits], terms(query))
    ranked = sorted(found, key=lambda one: (-one.score, one.hit, one.place))
    best: dict[int, _Piece] = {}
    for one in ranked:
        best.setdefault(one.hit, one)
    first = [best[number] for number in sorted(best)]
    taken: set[tuple[int, int]] = set()
    left = budget
    for one in [*first, *(one for one in ranked if one.score)]:
        if (one.hit, one.place) not in taken and one.cost <= left:
            taken.add((one.hit, one.place))
            left -= one.cost
    return [
        replace(hit, text=text) for number, hit in enumerate(hits) if (text := _joined(found, taken, number)).strip()
    ]


def pieces(text: str, most: int) -> Iterator[str]:
    """Yield a text in pieces of at most `most` tokens: whole sentences where they fit, else whole words."""
    held = ""
    for part in _parts(text, most):
        if held and estimate_tokens(f"{held} {part}") > most:
            yield held
            held = part
        else:
            held = f"{held} {part}" if held else part
    if held:
        yield held


def reference_parts(text: str, tokens: int, limit: int = 1500) -> list[str]:
    """Cut a text into `int(tokens / limit) + 1` parts of equal length by characters, as the published code does.

    Words are cut in two, and a part may have more than `limit` tokens. What does not divide evenly goes to the first.
    """
    count = tokens // limit + 1
    size, longer = divmod(len(text), count)
    parts, at = [], 0
    for number in range(count):
        end = at + size + (number < longer)
        parts.append(text[at:end])
        at = end
    return parts


def _parts(text: str, most: int) -> Iterator[str]:
    """Sentences, and parts of those that do not fit."""
    for line in text.splitlines():
        for stretch in _cut(line, _STRETCH, (". ", "。", " ")):
            for sentence in split_sentences(stretch):
                if estimate_tokens(sentence) <= most:
                    yield sentence
                else:  # no character is more than a token; of ASCII, four are one
                    yield from _cut(sentence, 4 * most if sentence.isascii() else most, (" ",))


def _cut(line: str, size: int, marks: Sequence[str]) -> Iterator[str]:
    """Yield a line in stretches of at most `size` characters, cut behind the first mark in their second half."""
    at = 0
    while len(line) - at > size:
        ends = [line.rfind(mark, at + size // 2, at + size) for mark in marks]
        end = next((end + 1 for end in ends if end >= 0), at + size)
        if part := line[at:end].strip():
            yield part
        at = end
    if part := line[at:].strip():
        yield part


def _scored(parts: Sequence[Sequence[str]], sought: Sequence[Sequence[str]]) -> list[_Piece]:
    """Score pieces by the terms that they have, rare ones counting more."""
    wanted = [f" {' '.join(term)} " for term in sought]
    counts = [[f" {tokens(text)} ".count(term) for term in wanted] for one in parts for text in one]
    total = len(counts)
    having = [sum(1 for row in counts if row[column]) for column in range(len(wanted))]
    weights = [math.log(1 + total / count) if count else 0.0 for count in having]
    scores = iter([sum(w * n / (n + 1) for w, n in zip(weights, row, strict=True)) for row in counts])
    return [
        _Piece(hit, place, text, max(1, estimate_tokens(text) + 2), next(scores))
        for hit, one in enumerate(parts)
        for place, text in enumerate(one)
    ]


def _joined(found: Sequence[_Piece], taken: set[tuple[int, int]], hit: int) -> str:
    mine = [one for one in found if one.hit == hit]
    kept = [one for one in mine if (one.hit, one.place) in taken]
    text = ""
    for one in kept:
        whole = (hit, one.place - 1) in taken or one.place == 0
        text += (" " if text and whole else "" if whole else GAP) + one.text
    if kept and kept[-1] is not mine[-1]:
        text += GAP
    return text.strip(" ")
