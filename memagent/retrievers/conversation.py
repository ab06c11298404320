"""Turns of a conversation that answer a question: by words and meaning, by their neighbours, by who spoke and when.

No language model is called. What a turn is worth follows from the words and vectors that the store has of it already
and of those said before and after it (`conversation_scores`), who said it and which days it speaks of
(`conversation_turns`, `conversation_dates`), and what the question asks for (`conversation_query`).

A turn is a passage whose metadata name a `speaker` or a `role`, or whose text begins with «Name: »; its `at` is when it
was said. Passages that are no turns are found as well, by words and meaning.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from math import exp
from typing import cast

import numpy as np
from numpy.typing import NDArray

from memagent.embedders.base import Embedder, embedded
from memagent.errors import UsageProblem
from memagent.retrievers.conversation_order import Floats, Ints, Mask, Order
from memagent.retrievers.conversation_query import Question, understood
from memagent.retrievers.conversation_scores import Scorer, Scores, Weights
from memagent.retrievers.conversation_turns import Kept, Turns
from memagent.stores.base import Feed, VectorStore
from memagent.types import Hit, Passage, Scope

_SAID = 5  # words that a reason names
_DIGITS = 6
_TELLS = 0.01  # less of a part is not worth a reason


class Conversation:
    """Ranks turns by all that the module says. A hit's score is 1 - exp(-what it counts in all).

    `parts` of a hit are what it counts by its `words` and its `meaning`, by its `neighbour`s, and what its
    `speaker` and its `date` add to these.

    A question's «last week» is reckoned from the newest turn that the scope has, or from the moment of a search as of
    then.

    Args:
        store: where the turns are; it must tell what changes in it, as `Feed` says.
        embedder: the one that they were embedded with.
        weights: how much each thing counts.

    Raises:
        UsageProblem: the store does not tell what changes.
    """

    name = "conversation"

    def __init__(self, store: VectorStore, embedder: Embedder, *, weights: Weights | None = None) -> None:
        if not isinstance(store, Feed):
            raise UsageProblem(
                f"conversation needs a store that tells what changes, and {type(store).__name__} does not",
                hint="Use hybrid, or give the store what memagent.stores.base.Feed says.",
            )
        self._feed = cast(Feed, store)
        self._embedder = embedder
        self._weights = weights or Weights()

    def retrieve(self, query: str, k: int, scope: Scope) -> list[Hit]:
        """Return up to k hits, best first; ties as they were written. An empty query finds nothing.

        Raises:
            UsageProblem: the embedder gave something else than one finite vector of its dimension, or the moment has no
                time zone.
        """
        if not query.strip() or k < 1:
            return []
        kept = self._feed.memo.setdefault(self.name, Kept())
        turns = kept.of(scope)
        with turns.lock:
            turns.follow(self._feed, scope)
            seen = self._seen(turns)
            if not seen.any():
                return []
            question = understood(query, self._now(turns, seen), turns.names, turns.roles)
        vector = embedded(self._embedder, [question.meaning], "query")[0]  # may take its time: others search meanwhile
        with turns.lock:
            order = turns.order()
            cosines = self._cosines(order, *self._feed.cosines(scope, vector))
            scores = Scorer(turns, self._seen(turns), self._weights).scores(question, cosines)
            names = ["", *turns.names]
        best = _best(np.round(scores.total, _DIGITS), order.rids, k)
        passages = self._feed.read(scope, order.rids[best].tolist())
        found = [(passages.get(int(order.rids[place])), int(place)) for place in best]
        return [
            _hit(passage, place, scores, question, names[order.speaker[place] + 1])
            for passage, place in found
            if passage is not None
        ]

    def _seen(self, turns: Turns) -> Mask:
        """Which turns (n,) may be found."""
        when, moment = turns.order().when, self._feed.moment
        if moment is None:
            return np.ones(len(when), dtype=np.bool_)
        if not isinstance(moment, datetime) or moment.utcoffset() is None:
            hint = "Say which zone it is in: datetime(..., tzinfo=UTC)."
            raise UsageProblem(f"as_of has no time zone: {moment!r}", hint=hint)
        return np.asarray(when <= moment.timestamp())

    def _now(self, turns: Turns, seen: Mask) -> date:
        """The day from which a question's «last week» is reckoned."""
        moment = self._feed.moment
        newest = date.fromordinal(int(turns.order().days[seen].max()))
        return newest if moment is None else moment.astimezone(UTC).date()

    @staticmethod
    def _cosines(order: Order, rids: Ints, cosines: NDArray[np.float32]) -> Floats:
        """The cosine of each turn (n,); 0 for one whose vector is not there yet, or any more."""
        values = np.zeros(len(order) + 1)  # the last one for those that are not there
        values[order.places(rids)] = cosines
        return values[:-1]


def _best(total: Floats, rids: Ints, k: int) -> Ints:
    """The places of the best k (n,) that count anything, best first; ties as they were written."""
    some = np.flatnonzero(total > 0)
    if len(some) > k:
        some = some[total[some] >= np.partition(total[some], -k)[-k]]
    return np.asarray(some[np.lexsort((rids[some], -total[some]))][:k])


def _hit(passage: Passage, place: int, scores: Scores, question: Question, who: str) -> Hit:
    parts = {name: round(float(values[place]), _DIGITS) for name, values in scores.parts.items() if values[place] > 0}
    said = {
        "words": ", ".join([shown for word, shown in question.words.items() if scores.has[word][place] > 0][:_SAID]),
        "speaker": who,
        "date": (passage.at or passage.recorded_at).date().isoformat(),
    }
    why = [f"{name} {value:.2f}{f' ({said[name]})' if said.get(name) else ''}" for name, value in parts.items()]
    return Hit(
        id=passage.id,
        text=passage.text,
        score=1.0 - exp(-sum(parts.values())),
        parts=parts,
        why="; ".join(one for one, value in zip(why, parts.values(), strict=True) if value >= _TELLS) or why[0],
        title=passage.title,
        source=passage.source,
    )
