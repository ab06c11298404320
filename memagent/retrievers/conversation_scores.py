"""What each turn counts for a question: its words and its meaning, with those of its neighbours, and who said it when.

A turn is searched together with those before and after it. Words do so by BM25 in which a neighbour's words are a
weaker field of the turn's own (Robertson, Zaragoza and Taylor, 2004), so that an answer has the topic of its question,
and a turn full of pronouns that of the turn before. Speaker and time then make what was found count more; nothing is
left out by them. Words that the first finds share (RM3: Lavrenko and Croft, 2001) were tried and found nothing more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from memagent.retrievers.conversation_order import Floats, Mask, Order
from memagent.retrievers.conversation_query import Question
from memagent.retrievers.conversation_turns import Turns


@dataclass(frozen=True)
class Weights:
    """How much each thing counts; 0 leaves it out.

    Attributes:
        words: BM25 of the turn.
        meaning: its cosine, from the average turn up to the best one.
        before, after: a neighbour's words and meaning as a part of the turn's own.
        answer: the same of a turn before it that asks, instead of `before`.
        akin: a word that shares its beginning with one of the question.
        speaker: how much more a turn counts if the one that is asked about said it.
        days: the same if it speaks of the days that are asked about.
        timed: the same if it tells a time and the question asks for one.
        side: the same if it is of the side of an event, before or after, that is asked about.
        brief: how little a turn of one word counts, as a power of its part of `_ENOUGH` words.
        asking: how much less a turn counts that does nothing but ask.
    """

    words: float = 1.0
    meaning: float = 0.8
    before: float = 0.3
    answer: float = 0.5
    after: float = 0.2
    akin: float = 0.4
    speaker: float = 0.4
    days: float = 1.0
    timed: float = 0.25
    side: float = 0.2
    brief: float = 0.5
    asking: float = 0.5


_K1, _B = 0.9, 0.4
_ENOUGH = 8  # words
_FEW = 10  # turns, whose average says little of what an average turn is
_LONG = 7.0  # days: how slowly a day that is asked for is missed
_ALONE = 0.05  # what a day finds without words
_EXPLICIT = 2.0  # how much more a date counts than «last week»


@dataclass
class Scores:
    """Of each turn in order, what it counts by each part (n,), and the words of the question that it has."""

    parts: dict[str, Floats]
    has: dict[str, Floats] = field(default_factory=dict)

    @property
    def total(self) -> Floats:
        """All parts together."""
        total: Floats = np.sum(list(self.parts.values()), axis=0)
        return total


class Scorer:
    """Scores the turns of an index for one question.

    Args:
        turns: the index, up to date.
        seen: which turns (n,) may be found; the others count nothing, for their neighbours neither.
        weights: how much each thing counts.
    """

    def __init__(self, turns: Turns, seen: Mask, weights: Weights) -> None:
        self._turns, self._seen, self._weights = turns, seen, weights
        self._order = turns.order()
        self._lengths = np.where(seen, self._order.lengths, 0.0)
        self._count = max(1, int(seen.sum()))
        self._every = bool(seen.all())
        self._before = np.where(self._order.after_question, weights.answer, weights.before)
        self._share = 1 / (1 + self._before + weights.after)  # of a turn itself in what is added up round it

    def scores(self, question: Question, cosines: Floats) -> Scores:
        """Return what each turn counts, for its cosines (n,) with the question."""
        weights = self._weights
        has = {word: self._having(word) for word in question.words}
        total = sum(self._idf(counts) for counts in has.values()) or 1.0
        own, wide = self._bm25(has, wide=False) / total, self._bm25(has, wide=True) / total
        meaning = _from_average(np.where(self._seen, cosines, 0.0), self._seen)
        around = self._around(meaning)
        base = weights.words * wide + weights.meaning * around
        parts = {
            "words": weights.words * own,
            "meaning": weights.meaning * meaning * self._share,
        }
        parts["neighbour"] = np.maximum(0.0, base - parts["words"] - parts["meaning"])
        found = np.sum(list(parts.values()), axis=0)
        fit = self._fit()
        for name in parts:
            parts[name] = parts[name] * fit
        found = found * fit
        parts["speaker"] = found * self._speaker(question)
        found = found + parts["speaker"]
        parts["date"] = self._date(question, found) + self._weights.side * found * self._side(question, has)
        return Scores({name: np.where(self._seen, values, 0.0) for name, values in parts.items()}, has)

    def _having(self, word: str) -> Floats:
        """How often each turn has a word (n,); one that shares its beginning counts as a part of it."""
        counts = np.zeros(len(self._order))
        for weight, other in [(1.0, word), *((self._weights.akin, other) for other in self._turns.like(word))]:
            if weight:
                places, times = self._turns.postings(other)
                counts[places] += weight * times
        return counts if self._every else np.where(self._seen, counts, 0.0)

    def _idf(self, counts: Floats) -> float:
        having = int((counts > 0).sum())
        return float(np.log(1 + (self._count - having + 0.5) / (having + 0.5)))

    def _bm25(self, has: Mapping[str, Floats], *, wide: bool) -> Floats:
        scores = np.zeros(len(self._order))
        lengths = self._lengths
        norm = _K1 * (1 - _B + _B * lengths / max(1.0, float(lengths.sum()) / self._count))
        for counts in has.values():
            often = self._with_neighbours(counts) if wide else counts
            scores += self._idf(counts) * (often * (_K1 + 1) / (often + norm))
        return scores / (_K1 + 1)

    def _with_neighbours(self, values: Floats) -> Floats:
        shifted = self._order.shifted
        return values + self._before * shifted(values, 1) + self._weights.after * shifted(values, -1)

    def _around(self, meaning: Floats) -> Floats:
        return self._with_neighbours(meaning) * self._share

    def _fit(self) -> Floats:
        """What a turn is worth by its form (n,): little if it is brief, less if it asks."""
        fit = np.minimum(1.0, (self._lengths + 1) / _ENOUGH) ** self._weights.brief
        return np.asarray(fit * (1 - self._weights.asking * self._order.asking))

    def _speaker(self, question: Question) -> Floats:
        gain = np.zeros(len(self._order))
        for number, sure in question.speakers.items():
            gain[self._order.speaker == number] = self._weights.speaker * sure
        return gain

    def _side(self, question: Question, has: Mapping[str, Floats]) -> Floats:
        """Which turns (n,) speak of the days before, or after, the one that has most of the event."""
        event = np.zeros(len(self._order))
        for word in question.event:
            event += self._idf(has[word]) * (has[word] > 0)
        if not question.order or not event.any():
            return event
        days = self._order.told
        apart = days - days[int(np.argmax(event))]
        return np.asarray((apart * question.order > 0).astype(np.float64))

    def _date(self, question: Question, found: Floats) -> Floats:
        """What time adds to what was found (n,); a day that is asked for finds a little by itself."""
        gain = self._weights.timed * found * self._order.timed if question.timed else np.zeros(len(found))
        for one in question.days:
            weight = self._weights.days * (_EXPLICIT if one.explicit else 1.0)
            gain = gain + weight * (found + _ALONE) * near(self._order, one.span)
        return gain


def near(order: Order, span: tuple[int, int]) -> Floats:
    """How near each turn (n,), or the days that it speaks of, is to the days that are asked about: 1 if among them."""
    low, high = span
    days = order.days
    gaps = np.maximum(0, np.maximum(low - days, days - (high - 1))).astype(np.float64)
    nearness = np.exp(-gaps / _LONG)
    if len(order.spans):
        places, starts, ends = order.spans.T
        apart = np.maximum(0, np.maximum(low - (ends - 1), starts - (high - 1))).astype(np.float64)
        spoken = np.zeros(len(order))
        np.maximum.at(spoken, places, np.exp(-apart / _LONG))
        nearness = np.maximum(nearness, spoken)
    return nearness


def _from_average(cosines: Floats, seen: Mask) -> Floats:
    """How far each cosine (n,) lies from the average, 0, towards the best, 1."""
    if not seen.any():
        return np.zeros_like(cosines)
    average, best = float(cosines[seen].mean()), float(cosines[seen].max())
    average *= seen.sum() / (seen.sum() + _FEW)
    if best <= max(average, 0.0):
        return np.where(seen & (cosines > 0) & (cosines >= best), 1.0, 0.0)
    return np.where(seen, np.clip((cosines - average) / (best - average), 0.0, 1.0), 0.0)
