"""Which earlier paragraphs a plan calls to mind: another key than the paper's, and why each one came.

RecurrentGPT compares the vector of a plan with that of each paragraph (`by_meaning`). A plan is a few sentences about
the people who are everywhere in the story, so that the nearest paragraphs are about these people and seldom the one
where the fiddle was pawned. `by_story` looks as well for what few paragraphs have: what the plan names, what the newest
paragraph and the short memory name, and what stands one step behind these; see `memagent.retrievers.recall`. It needs
no model and no facts. The newest paragraph, which the prompt shows in full, is left out, and so are paragraphs of a
scene that is there already.

    step(state, look_up=by_story(state))

Neither falls behind as a story grows: a look-up is a bounded number of searches.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from memagent.errors import UsageProblem
from memagent.flow import Flow, retrieve
from memagent.methods.recurrent import LookUp, State, by_meaning
from memagent.terms import STOP_WORDS, fold, pieces, terms
from memagent.types import Hit

By = Literal["plan", "story"]

_SPARE = 3  # so many times k are found, for some to be left out
_ALIKE = 0.6  # paragraphs that share this part of their words tell the same
_QUOTED = 56  # characters
_SENTENCE = re.compile(r"[^.!?…。！？\n]+")
_EDGES = " \t\n\"'“”„‘’«»「」『』—–-,;:，；：、"
_DENSE = re.compile(r"dense (\d\.\d+) \(rank \d+\)")


def look_up_by(by: str, state: State) -> LookUp:
    """Return how to look up: `plan` as the paper does, `story` by `by_story`. Raises `UsageProblem` for another."""
    if by == "plan":
        return by_meaning
    if by == "story":
        return by_story(state)
    raise UsageProblem(f"recall by {by!r} is not known", hint="Use 'plan' or 'story'.")


def by_story(state: State) -> LookUp:
    """Return a look-up for the next paragraph of a story that stands at `state`: by all that calls one to mind."""

    def look_up(query: str, k: int) -> Flow[list[Hit]]:
        asked = [_line(text) for text in (query, state.paragraph, state.memory)]
        if not asked[0] or k < 1:
            return []
        hits = yield from retrieve("\n\n".join(filter(None, asked)), _SPARE * k + 1, using="recall")
        return _varied([hit for hit in hits if not _seen(hit, state)], k)

    return look_up


class Recalling:
    """A look-up that keeps what it found, for who wants to show it: `found`, the likest first, of its last use."""

    def __init__(self, look_up: LookUp) -> None:
        self._look_up = look_up
        self.found: tuple[Recalled, ...] = ()

    def __call__(self, query: str, k: int) -> Flow[list[Hit]]:
        """Ask the look-up inside."""
        hits = yield from self._look_up(query, k)
        self.found = tuple(Recalled.of(hit, query) for hit in hits)
        return hits


@dataclass(frozen=True, slots=True)
class Recalled:
    """A paragraph that was called to mind. As text: `¶2 «four bells when I come home» (0.81)`.

    Attributes:
        number: which paragraph of the story, from 1; 0 for what is no paragraph.
        quote: the part of it that came to mind, at most 56 characters.
        score: in [0, 1].
        why: by which words and which key, in words.
    """

    number: int
    quote: str
    score: float
    why: str

    @classmethod
    def of(cls, hit: Hit, plan: str) -> Recalled:
        """Return what is to be told of a hit for a plan."""
        words = hit.path or tuple(pieces(plan))
        why = _DENSE.sub(lambda found: f"like the plan ({found[1]})", hit.why).replace("named:", "the plan names:")
        return cls(_number(hit), _quote(hit.text, words), hit.score, why)

    def __str__(self) -> str:
        place = f"¶{self.number} " if self.number else ""
        return f"{place}«{self.quote}» ({self.score:.2f})"


def _seen(hit: Hit, state: State) -> bool:
    """Whether the next prompt shows a paragraph anyway."""
    return _number(hit) >= state.paragraphs or hit.text == state.paragraph


def _varied(hits: Sequence[Hit], k: int) -> list[Hit]:
    """Return the first k hits; those of a scene that a better one is of come only after all others."""
    first: list[Hit] = []
    after: list[Hit] = []
    for hit in hits:
        (after if any(_same_scene(hit, other) for other in first) else first).append(hit)
    return [*first, *after][:k]


def _same_scene(hit: Hit, other: Hit) -> bool:
    beside = _number(hit) > 0 and abs(_number(hit) - _number(other)) == 1
    words, others = _terms(hit.text), _terms(other.text)
    return beside or len(words & others) >= _ALIKE * max(1, min(len(words), len(others)))


@lru_cache(maxsize=256)
def _terms(text: str) -> frozenset[str]:
    return frozenset("".join(term) for term in terms(text, limit=400))


def _number(hit: Hit) -> int:
    """The number in an id that `paragraph_id` made."""
    return int(hit.id[1:]) if hit.id[:1] == "p" and hit.id[1:].isdecimal() else 0


def _line(text: str) -> str:
    return " ".join(text.split())


def _quote(text: str, words: Sequence[str]) -> str:
    """Return the sentence that has most of some words, cut around the first of them."""
    roots = {_root(fold(word)) for word in words if fold(word) not in STOP_WORDS}

    def score(sentence: str) -> int:
        return sum(1 for root in roots if root in fold(sentence))

    sentences = [line for line in map(_line, _SENTENCE.findall(text)) if line.strip(_EDGES)] or [_line(text)]
    best = max(sentences, key=score).strip(_EDGES)
    if len(best) <= _QUOTED:
        return best
    at = min((place for root in roots if (place := best.lower().find(root)) >= 0), default=0)
    start = max(0, min(at - _QUOTED // 3, len(best) - _QUOTED + 1))
    end = start + _QUOTED - (1 if start else 0) - 1
    middle = best[start:end] if end < len(best) else best[start:]
    if start and " " in middle[:16]:
        middle = middle.partition(" ")[2]
    if end < len(best) and " " in middle[-16:]:
        middle = middle.rpartition(" ")[0]
    return ("…" if start else "") + middle.strip(_EDGES) + ("…" if end < len(best) else "")


def _root(word: str) -> str:
    """A word without its ending, roughly."""
    return word[: max(3, len(word) - 2)]
