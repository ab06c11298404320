"""Texts of any length under a limit of tokens: whole where they fit, else the pieces around what is looked for.

What is left out leaves a mark in its place, and is told. A piece ends at the end of a line, a sentence or a word, where
one is near. Words are found in any script, as `memagent.terms` tells them apart: English ones by their stems, Chinese,
Japanese and Korean by adjacent characters.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import log

from memagent.chat.counting import Counter, cautious
from memagent.terms import fold, stem, terms

GAP = " […] "
"""Stands where something was left out of a text."""

_PIECE = 60  # tokens of a piece, about
_ENDS = ("\n", ". ", "。", "！", "？", "! ", "? ", "; ", "，", " ")


def excerpt(text: str, query: str, tokens: int, count: Counter = cautious) -> str:
    """Return a text in at most so many tokens: the whole of it, or the pieces that have words of a query.

    The best pieces come first, and what stands around them as far as there is room; where no word of the query is in
    the text, or none is asked for, its beginning. Empty where there is not even room for the mark.

    Args:
        text: of any length.
        query: what is looked for; may be empty.
        tokens: the limit.
        count: counts the tokens of a text.
    """
    whole = count(text)
    if whole <= tokens:
        return text
    if count(GAP) > tokens:
        return ""
    size = max(8, int(len(text) / whole * max(4, min(_PIECE, tokens // 3))))
    spans = _spans(text, size)
    taken: set[int] = set()
    left = tokens - 2 * count(GAP)
    for place in _in_order(_scores([text[start:end] for start, end in spans], query)):
        cost = count(text[slice(*spans[place])]) + (0 if {place - 1, place + 1} & taken else count(GAP))
        if cost > left:
            break
        taken.add(place)
        left -= cost
    while taken and count(_joined(text, spans, taken)) > tokens:
        taken.discard(max(taken))
    return _joined(text, spans, taken)


def shares(costs: Sequence[int], tokens: int) -> list[int]:
    """Divide tokens among texts: what a short one does not need is for the longer ones, and these get alike."""
    given = [0] * len(costs)
    for done, place in enumerate(sorted(range(len(costs)), key=lambda place: costs[place])):
        given[place] = max(0, min(costs[place], tokens // (len(costs) - done)))
        tokens -= given[place]
    return given


def _spans(text: str, size: int) -> list[tuple[int, int]]:
    """Stretches of at most `size` characters, cut behind the best end of something in their second half."""
    spans: list[tuple[int, int]] = []
    at = 0
    while len(text) - at > size:
        ends = (text.rfind(mark, at + size // 2, at + size) + len(mark) for mark in _ENDS)
        end = next((end for end in ends if end > at + size // 2), at + size)
        spans.append((at, min(end, at + size)))
        at = spans[-1][1]
    return [*spans, (at, len(text))]


def _scores(parts: Sequence[str], query: str) -> list[float]:
    """How much each part has of a query: rare words count more."""
    patterns = [re.compile(_pattern(term)) for term in terms(query)]
    folded = [fold(part) for part in parts] if patterns else []
    scores = [0.0] * len(parts)
    for pattern in patterns:
        having = [place for place, part in enumerate(folded) if pattern.search(part)]
        for place in having:
            scores[place] += log(1 + len(parts) / len(having))
    return scores


def _pattern(term: Sequence[str]) -> str:
    """What a term looks like in a text; a word of three letters and more may have another ending."""
    if len(term) > 1:
        return r"\W*".join(map(re.escape, term))
    root = stem(term[0])
    edge = r"\b" if term[0].isascii() else ""
    return f"{edge}{re.escape(root)}" + (r"\w*" if len(root) > 2 else edge)


def _in_order(scores: Sequence[float]) -> list[int]:
    """Places as they are wanted: those that have something, best first, then those beside the best, then the rest."""
    ranked = sorted((place for place, score in enumerate(scores) if score), key=lambda place: (-scores[place], place))
    best = ranked[0] if ranked else 0
    beside = sorted(range(len(scores)), key=lambda place: (abs(place - best), place < best))
    return list(dict.fromkeys([*ranked, *beside]))


def _joined(text: str, spans: Sequence[tuple[int, int]], taken: set[int]) -> str:
    parts: list[str] = []
    last = 0
    for place in sorted(taken):
        start, end = spans[place]
        parts += [GAP] * (start > last) + [text[start:end]]
        last = end
    return "".join([*parts, GAP if last < len(text) else ""]).strip(" ")
