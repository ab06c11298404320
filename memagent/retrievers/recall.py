"""Passages that a long text calls to mind: by meaning, by what few passages have, and over names that link them.

A vector of a whole plan, and BM25 too, are led by what stands everywhere: the people and the places of the story. What
has to be remembered is as a rule what stands nowhere else. So each word of the query is looked up by itself, and a
passage gets one n-th for a word that n passages have, and half as much again where the word stands in one sentence
with a name, for that tells something of somebody; a name in every passage counts nothing. For a name is taken what has
a capital and is no English stop word: where sentences begin with other words, or nouns have capitals, most count alike.
Beside that:

- what was told just now is looked up in the same way, and counts less;
- who or what is named beside the query's words, in one sentence, is followed for one step: «her brother's boat» comes
  over «Tomas, Mara's brother» to the boat of Tomas;
- the best passages by meaning come in as they rank, and so do those by BM25, weakly.

No language model is called. Every search is for at most `MOST` passages, so that the time does not grow with the text.
For any script: where there are no capitals, pairs of characters stand for words, and all that is rare stands for names.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from functools import lru_cache
from math import exp

from memagent.embedders.base import Embedder
from memagent.retrievers.dense import Dense
from memagent.retrievers.keyword import Keyword
from memagent.stores.base import VectorStore
from memagent.terms import STOP_WORDS, fold, pieces, terms
from memagent.types import Hit, Scope

MOST = 24
"""A word that so many passages have, or more, tells nothing."""
POOL = 12
"""How many passages meaning and BM25 bring in, each."""
_WORDS = 40  # of the query, and of what stands around it
_LAST = 2  # sentences of what was told just now
_SAID = 5  # words of each kind that a hit's reason names
_BRIDGES = 6  # passages whose sentences may link
_DENSE, _KEYWORD, _AROUND, _NOTED, _LINK = 0.25, 0.1, 0.6, 0.1, 2.6
_OF_SOMEBODY = 1.5  # a word told in one sentence with a name, against one that lies about
_OTHERS = 0.25  # a link that no name of the query takes part in: somebody else's brother
_ENDS = ".!?…。！？\n"
_SENTENCE = re.compile(r"[^.!?…。！？\n]+[.!?…。！？]*")


@dataclass
class _Found:
    """A passage on its way to being a hit: the hit of whatever found it first, what it counts, and by which words."""

    hit: Hit
    parts: dict[str, float] = field(default_factory=dict)
    words: dict[str, dict[str, float]] = field(default_factory=dict)
    meaning: str = ""
    path: tuple[str, ...] = ()

    def count(self, part: str, more: float, word: str = "") -> None:
        self.parts[part] = self.parts.get(part, 0.0) + more
        if word:
            self.words.setdefault(part, {})[word] = more

    def rarest(self, part: str) -> list[str]:
        """The words that it was found by, those that few passages have first."""
        counts = self.words.get(part, {})
        return sorted(counts, key=lambda word: -counts[word])

    @property
    def total(self) -> float:
        return sum(self.parts.values())


class Recall:
    """Ranks by all that calls a passage to mind; see the module. A hit's score is 1 - exp(-what it counts in all).

    The `path` of a hit is the words that it was found by: those of the link that led to it, if one did.

    The first paragraph of a query is what is asked: a plan, a question. A second one, behind an empty line, is what was
    told just now, and further ones are notes on what is known, such as a summary.

    Args:
        store: where the passages are.
        embedder: the one that they were embedded with.
    """

    name = "recall"

    def __init__(self, store: VectorStore, embedder: Embedder) -> None:
        self._store = store
        self._dense = Dense(store, embedder)
        self._keyword = Keyword(store)

    def retrieve(self, query: str, k: int, scope: Scope) -> list[Hit]:
        """Return up to k hits, best first, ties by id. An empty query finds nothing.

        Raises:
            UsageProblem: the embedder gave something else than one finite vector of its dimension.
        """
        asked, *around = [part.strip() for part in re.split(r"\n\s*\n", query.strip())]
        if not asked or k < 1:
            return []
        found = _Search(self._store, self._keyword, scope)
        for rank, hit in enumerate(self._dense.retrieve(asked, POOL, scope), 1):
            one = found.take(hit)
            one.count("dense", _DENSE / rank)
            one.meaning = hit.why
        for hit in self._keyword.retrieve(asked, POOL, scope):
            found.take(hit).count("keyword", _KEYWORD * hit.score)
        rare = found.rare(_words(asked), "words", 1.0)
        found.link(rare, asked, around)
        asked_for = {fold(word) for word in _words(asked)}
        told = [word for word in (_told(around[0]) if around else []) if fold(word) not in asked_for]
        found.rare(told, "around", _AROUND)
        known = asked_for | {fold(word) for word in told}
        noted = [name for text in around[1:] for name in _names(text) if fold(name) not in known]
        found.rare(noted[:_WORDS], "noted", _NOTED)
        best = sorted(found.all.values(), key=lambda one: (-one.total, one.hit.id))
        return [_hit(one) for one in best[:k]]


class _Search:
    """One search: the passages that have come up, by id and text because a wide scope may see an id twice."""

    def __init__(self, store: VectorStore, keyword: Keyword, scope: Scope) -> None:
        self._store, self._keyword, self._scope = store, keyword, scope
        self.all: dict[tuple[str, str], _Found] = {}
        self._known: dict[str, list[_Found] | None] = {}

    def take(self, hit: Hit) -> _Found:
        return self.all.setdefault((hit.id, hit.text), _Found(hit))

    def look_up(self, words: Iterable[str]) -> None:
        """Find the passages that have each of some words, all at once."""
        new = [word for word in dict.fromkeys(words) if word not in self._known]
        for word, hits in zip(new, self._keyword.rare(new, MOST, self._scope) if new else (), strict=True):
            self._known[word] = None if hits is None else [self.take(hit) for hit in hits]

    def having(self, word: str) -> list[_Found] | None:
        """The passages that have a word; `None` if they are too many for it to tell anything."""
        self.look_up([word])
        return self._known[word]

    def rare(self, words: Sequence[str], part: str, weight: float) -> dict[str, list[_Found]]:
        """Count rare words for the passages that have them; return where each of them is, which may be nowhere."""
        spelt = {fold(word): word for word in words}
        self.look_up(spelt)
        places = {word: having for word in spelt if (having := self.having(word)) is not None}
        for word, having in places.items():
            for one in having:
                more = _OF_SOMEBODY if part != "noted" and _of_somebody(one.hit.text, word) else 1.0
                one.count(part, weight * more / len(having), spelt[word])
        return places

    def link(self, rare: dict[str, list[_Found]], asked: str, around: Sequence[str]) -> None:
        """Follow the names that stand in one sentence with words of the query, if one of these is rare."""
        roots = _roots(asked)
        told = {_root(word): word for word in rare}
        own = set(map(fold, _words(asked)))
        people = {_root(fold(name)) for name in _names(asked)}
        best = sorted(self.all.values(), key=lambda one: (-one.total, one.hit.id))[:_BRIDGES]
        for source, text in [(None, text) for text in around] + [(one, one.hit.text) for one in best]:
            for sentence in _SENTENCE.findall(text):
                here = _roots(sentence)
                shared = here & roots
                if len(_apart(shared)) < 2 or not shared & told.keys():
                    continue
                bridge = [told[root] for root in shared & told.keys()]
                sure = max(1 / max(1, len(rare[word])) for word in bridge) * (1.0 if shared & people else _OTHERS)
                rest = {word: having for word, having in rare.items() if word not in bridge}
                for name in _names(sentence):
                    if fold(name) not in own:
                        self._follow(name, source, sure, rest, bridge)

    def _follow(
        self, name: str, source: _Found | None, sure: float, rest: dict[str, list[_Found]], bridge: list[str]
    ) -> None:
        """Count passages that have a linked name together with other rare words of the query, most in one sentence."""
        for one in self.having(fold(name)) or []:
            words = [word for word, having in rest.items() if any(other is one for other in having)]
            if one is source or not words:
                continue
            counts = sum(len(rest[word]) ** -0.5 for word in words) * sure**0.5
            counts *= _LINK * (1.0 if _together(one.hit.text, name, words) else 0.5)
            if counts > one.parts.get("link", 0.0):
                one.parts["link"] = counts
                one.path = (min(bridge), name, words[0])


def _hit(one: _Found) -> Hit:
    said = [("named", "words"), ("told just now", "around"), ("known", "noted")]
    why = [f"{what}: {', '.join(one.rarest(part)[:_SAID])}" for what, part in said if part in one.words]
    if one.path:
        why.append(f"linked: {' > '.join(one.path)}")
    why += [one.meaning] if one.meaning else []
    path = one.path or tuple(dict.fromkeys(word for _, part in said for word in one.rarest(part)))
    score = 1.0 - exp(-one.total)
    return replace(one.hit, score=score, parts=dict(one.parts), why="; ".join(why) or one.hit.why, path=path)


@lru_cache(maxsize=8192)
def _words(text: str) -> tuple[str, ...]:
    """The words of a text that tell something, or pairs of characters, as they are written, each once."""
    found: dict[str, str] = {}
    for piece in pieces(text):
        for word, written in _of_piece(piece):
            found.setdefault(word, written)
    return tuple(found.values())[:_WORDS]


@lru_cache(maxsize=16384)
def _of_piece(piece: str) -> tuple[tuple[str, str], ...]:
    """The words in one piece of a text, each as it is found and as it is written: a book repeats its words."""
    found = ["".join(term) for term in terms(piece, limit=_WORDS)]
    return tuple((word, piece if word == fold(piece) else word) for word in found if word not in STOP_WORDS)


@lru_cache(maxsize=8192)
def _roots(sentence: str) -> frozenset[str]:
    """The roots of a sentence's words. What is looked through is mostly what the look-up before went through."""
    return frozenset(_root(fold(word)) for word in _words(sentence))


def _told(text: str) -> list[str]:
    """What a text that was told just now looks for: the words of its end, and all its names."""
    last = " ".join(_SENTENCE.findall(text)[-_LAST:])
    return list(dict.fromkeys([*_words(last), *_names(text)]))[:_WORDS]


def _names(text: str) -> list[str]:
    """Words with a capital that are no stop words; of a text without capitals all pairs of characters."""
    if any(letter.isupper() or letter.islower() for letter in text):
        found = (word for word in pieces(text) if word[0].isupper() and fold(word) not in STOP_WORDS)
        return list(dict.fromkeys(found))
    return list(_words(text))


def _of_somebody(text: str, word: str) -> bool:
    """Whether one sentence of a text has a folded word, roughly, and a name."""
    plain, root = _folded(text), _root(word)
    at = plain.find(root)
    while at >= 0:
        start = max(plain.rfind(end, 0, at) for end in _ENDS) + 1
        stop = min((place for end in _ENDS if (place := plain.find(end, at)) >= 0), default=len(plain))
        if _has_name(text[start:stop]):
            return True
        at = plain.find(root, stop)
    return False


@lru_cache(maxsize=512)
def _folded(text: str) -> str:
    """A text folded letter by letter, so that places in it are places in the text."""
    return text.lower() if text.isascii() else "".join(map(_letter, text))


@lru_cache(maxsize=4096)
def _letter(letter: str) -> str:
    folded = fold(letter)
    return folded if len(folded) == 1 else letter


@lru_cache(maxsize=8192)
def _has_name(sentence: str) -> bool:
    return any(word[0].isupper() and fold(word) not in STOP_WORDS for word in pieces(sentence))


def _root(word: str) -> str:
    """A word without its ending, roughly: enough to see that a sentence speaks of it."""
    return word[: min(5, max(3, len(word) - 2))]


def _apart(roots: AbstractSet[str]) -> set[str]:
    """Without the pairs of characters that begin with the end of another one: the two are one word."""
    pairs = {root for root in roots if len(root) == 2 and not (root.islower() or root.isupper())}
    return {root for root in roots if not (root in pairs and any(root[0] == o[1] for o in pairs if o != root))}


def _together(text: str, name: str, words: Sequence[str]) -> bool:
    roots = set(map(_root, words))
    return any(
        _root(fold(name)) in here and here & roots
        for sentence in _SENTENCE.findall(text)
        for here in [_roots(sentence)]
    )
