"""What is said again: whole paragraphs, phrases against the whole book, and openings of paragraphs and sentences.

A phrase is five words of a sentence or more (ten characters in scripts without blanks), merged to the longest that both
places share. Every language repeats small change such as "at the end of the" and "he said with a nod": a phrase counts
by its telling words, which are no names, and no stop words or dialogue tags (in other languages than English: no words
that stand in every fifth paragraph). One with few of them has to be near the first, or be said often, to be a finding.

What is set off as verse may be said again, see `verse`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import groupby, pairwise

from memagent.story.finding import Finding
from memagent.story.manuscript import Manuscript, Place
from memagent.story.verse import is_verse
from memagent.story.wording import Word, sentence_numbers, sentences, spaceless, words
from memagent.terms import STOP_WORDS

LEAST = 5
"""The fewest words of a phrase that counts as said again."""
NEAR = 50
"""Paragraphs within which a reader still has a phrase in the ear."""
TELLING_NEAR, TELLING_FAR = 3, 4
"""How many telling words make a phrase worth a finding when it is said again near by, and anywhere in the book."""
LONG = 6
"""From so many words on, two telling ones are enough near by."""
OFTEN = 4
"""From so many times on, two telling words are enough anywhere."""
OPENING, IN_A_ROW = 3, 3
"""How many words of so many paragraphs or sentences in a row have to be the same to be a finding."""
SHOWN = 3
"""So many of the other places of a phrase are named on its line; all are in `Finding.places`."""
_FREQUENT, _BOOK = 0.2, 25
_Run = tuple[int, tuple[int, int], int]  # where a stretch begins, the earlier place, how many words
_TAGS = frozenset(
    "said says say asked asks replied answered whispered muttered murmured told added nodded shook shrugged smiled "
    "looked turned head voice quietly softly slowly back one two never nothing something anything somebody nobody "
    "everything still yet even like went would might must let way time thing things don't didn't couldn't wasn't "
    "wouldn't it's i'm that's there's".split()
)


@dataclass
class Text:
    """A book as words: what each paragraph's are, and which of them tell something."""

    places: list[Place]
    paragraphs: list[str]
    words: list[list[Word]]
    sentences: list[list[int]]
    common: frozenset[str]
    characters: bool
    least: int = field(init=False)

    def __post_init__(self) -> None:
        self.least = 2 * LEAST if self.characters else LEAST

    @classmethod
    def of(cls, manuscript: Manuscript) -> Text:
        """Read a manuscript."""
        told = manuscript.paragraphs
        both = [_read(text) for _, text in told]
        found, numbers = [ones for ones, _ in both], [number for _, number in both]
        characters = bool(told) and spaceless(" ".join(text for _, text in told))
        common = frozenset() if characters else _said_by_all(manuscript.language, found) | _names(told, found)
        return cls([place for place, _ in told], [text for _, text in told], found, numbers, common, characters)

    def telling(self, phrase: Sequence[str]) -> int:
        """Count the different words of a phrase that say something; half as many for characters."""
        different = len({word for word in phrase if word not in self.common})
        return different // 2 if self.characters else different

    def longest(self, paragraph: int, start: int, length: int) -> list[str]:
        """Return the longest part of a phrase that stands in one sentence; of many short ones all, if they are long."""
        stretch = slice(start, start + length)
        words = zip(self.words[paragraph][stretch], self.sentences[paragraph][stretch], strict=True)
        parts = [[word.text for word, _ in part] for _, part in groupby(words, key=lambda one: one[1])]
        longest = max(parts, key=len)
        if len(longest) >= self.least:
            return longest
        return [word for part in parts for word in part] if length >= 2 * self.least else []

    def quote(self, paragraph: int, start: int, length: int) -> str:
        """Return `length` words of a paragraph as they are written."""
        found = self.words[paragraph]
        return " ".join(self.paragraphs[paragraph][found[start].start : found[start + length - 1].end].split())


def repetition(manuscript: Manuscript) -> list[Finding]:
    """Return what is said again, in the order of the book."""
    text = Text.of(manuscript)
    verses = {number for number, told in enumerate(text.paragraphs) if is_verse(told)}
    copies = {number: first for number, first in _copies(text).items() if number not in verses}
    findings = [_copy(text, first, [one for one in copies if copies[one] == first]) for first in set(copies.values())]
    findings += _phrases(text, verses | set(copies))
    findings += _openings(text, verses | set(copies))
    return sorted(findings, key=lambda finding: (finding.place, finding.text))


@lru_cache(maxsize=64)
def _read(paragraph: str) -> tuple[list[Word], list[int]]:
    """A paragraph's words, and in which sentence each is. The newest ones are read at every step of a story."""
    found = words(paragraph)
    return found, sentence_numbers(paragraph, found)


def _names(told: list[tuple[Place, str]], found: list[list[Word]]) -> frozenset[str]:
    """Words that are never written small: names, which a book has to repeat."""
    small: set[str] = set()
    large: set[str] = set()
    for (_, text), ones in zip(told, found, strict=True):
        for word in ones:
            (large if text[word.start].isupper() else small).add(word.text)
    return frozenset(word.removesuffix("'s") for word in large - small) | (large - small)


def _said_by_all(language: str, found: list[list[Word]]) -> frozenset[str]:
    """Words that every book says: in English a list; else what stands in every fifth paragraph, in any language."""
    if language.strip().lower() == "english":
        return STOP_WORDS | _TAGS
    if len(found) < _BOOK:
        return frozenset()
    counts = Counter(word for ones in found for word in {one.text for one in ones})
    return frozenset(word for word, count in counts.items() if count > _FREQUENT * len(found))


def _copies(text: Text) -> dict[int, int]:
    """Paragraphs that are the same as an earlier one, word for word, with that one's number."""
    first: dict[tuple[str, ...], int] = {}
    copies: dict[int, int] = {}
    for number, found in enumerate(text.words):
        if len(found) >= text.least:
            key = tuple(word.text for word in found)
            if (earlier := first.setdefault(key, number)) != number:
                copies[number] = earlier
    return copies


def _copy(text: Text, first: int, again: list[int]) -> Finding:
    quote = " ".join(text.paragraphs[again[0]].split())
    often = f", {len(again) + 1}× in all" if len(again) > 1 else ""
    what = f"the whole paragraph stands in {text.places[first]} already{often}"
    places = tuple(text.places[number] for number in (first, *again))
    return Finding("repeat", places[1], what, places[0], quote, quote, places)


@dataclass
class _Said:
    """A phrase and all places where it is said, as (paragraph, word)."""

    phrase: tuple[str, ...]
    at: list[tuple[int, int]]


def _phrases(text: Text, copies: set[int]) -> list[Finding]:
    said: dict[tuple[str, ...], _Said] = {}
    for here, there, length in _runs(text, copies):
        phrase = tuple(word.text for word in text.words[here[0]][here[1] : here[1] + length])
        said.setdefault(phrase, _Said(phrase, [there])).at.append(here)
    return [finding for one in said.values() if (finding := _repeated(text, one))]


def _repeated(text: Text, said: _Said) -> Finding | None:
    if not _worth(text, said):
        return None
    times = len(said.at)
    (first, start), (later, _) = said.at[0], said.at[1]
    quote = text.quote(first, start, len(said.phrase))
    shown = quote if len(quote) <= 60 else quote[:58].rsplit(" ", 1)[0] + "…"
    unit = "characters" if text.characters else "words"
    others = [place for place in dict.fromkeys(text.places[at] for at, _ in said.at) if place != text.places[later]]
    shown_ones = ", ".join(map(str, others[:SHOWN])) + (f" and {len(others) - SHOWN} more" * (len(others) > SHOWN))
    where = f"also in {shown_ones}" if first != later else "twice in this paragraph"
    often = f", {times}× in all" if times > 2 else ""
    what = f"“{shown}” {where} ({len(said.phrase)} {unit}{often})"
    places = tuple(dict.fromkeys(text.places[number] for number, _ in said.at))
    return Finding("repeat", text.places[later], what, text.places[first], quote, " ".join(said.phrase), places)


def _worth(text: Text, said: _Said) -> bool:
    whole = min((text.longest(*place, len(said.phrase)) for place in said.at), key=len)
    telling = text.telling(whole)
    if telling >= TELLING_FAR or (telling >= 2 and len(said.at) >= OFTEN):
        return True
    least = 2 if len(whole) >= (2 * LONG if text.characters else LONG) else TELLING_NEAR
    return telling >= least and any(later - first <= NEAR for (first, _), (later, _) in pairwise(said.at))


def _runs(text: Text, copies: set[int]) -> Iterator[tuple[tuple[int, int], tuple[int, int], int]]:
    """Yield (place, earlier place, words) of every longest stretch that was said before; places do not overlap.

    A sentence that was said before goes before what its parts, each for itself, were taken from.
    """
    first: dict[tuple[str, ...], tuple[int, int]] = {}
    sentences: dict[tuple[str, ...], tuple[int, int]] = {}
    for number, found in enumerate(text.words):
        if number not in copies:
            ones = [word.text for word in found]
            grams = list(zip(*(ones[shift:] for shift in range(text.least)), strict=False))
            earlier = [first.setdefault(gram, (number, start)) for start, gram in enumerate(grams)]
            for start, there, length in _stretches(earlier, _wholes(text, number, ones, sentences), number, text.least):
                yield (number, start), there, length


def _stretches(
    earlier: list[tuple[int, int]], wholes: Mapping[int, tuple[tuple[int, int], int]], number: int, size: int
) -> Iterator[_Run]:
    """Yield what of a paragraph was said before, from where each of its runs of `size` words stood first."""
    run: _Run | None = None
    for start, there in enumerate(earlier):
        if (whole := wholes.get(start)) and (run is None or _beside(run, start) != whole[0]):
            if run and start - run[0] >= size:
                yield run[0], run[1], min(run[2], start - run[0])
            run = (start, *whole)
        again = there != (number, start) and (there[0] != number or there[1] + size <= start)
        if run and again and there == _beside(run, start):
            run = (run[0], run[1], max(run[2], start - run[0] + size))
        elif not run or start >= run[0] + run[2] or not (again or start + size <= run[0] + run[2]):
            if run:
                yield run
            run = (start, there, size) if again else None
    if run:
        yield run


def _beside(run: _Run, start: int) -> tuple[int, int]:
    """The word of the earlier place that stands where `start` does in a stretch."""
    return run[1][0], run[1][1] + start - run[0]


def _wholes(
    text: Text, number: int, ones: list[str], known: dict[tuple[str, ...], tuple[int, int]]
) -> dict[int, tuple[tuple[int, int], int]]:
    """Return where a paragraph's sentences begin that were said before: the earlier place, and how many words.

    Those that were not are made known.
    """
    again: dict[int, tuple[tuple[int, int], int]] = {}
    start = 0
    for _, members in groupby(text.sentences[number]):
        length = sum(1 for _ in members)
        if length >= text.least:
            there = known.setdefault(tuple(ones[start : start + length]), (number, start))
            if there != (number, start):
                again[start] = (there, length)
        start += length
    return again


def _openings(text: Text, copies: set[int]) -> list[Finding]:
    """Paragraphs, and sentences of one paragraph, that begin alike one after the other."""
    if text.characters:
        return []
    heads = [tuple(word.text for word in found[:OPENING]) for found in text.words]
    findings = [
        _alike(
            text.places[row[IN_A_ROW - 1]], text.places[row[0]], text.quote(row[0], 0, OPENING), len(row), "paragraphs"
        )
        for row in _rows([() if number in copies or len(head) < OPENING else head for number, head in enumerate(heads)])
    ]
    for number, paragraph in enumerate(text.paragraphs):
        begins = [tuple(word.text for word in words(sentence)[:OPENING]) for _, sentence in sentences(paragraph)]
        for row in _rows([head if len(head) == OPENING else () for head in begins]):
            quote = " ".join(begins[row[0]])
            findings.append(_alike(text.places[number], None, quote, len(row), "sentences"))
    return findings


def _rows(heads: Sequence[tuple[str, ...]]) -> Iterator[list[int]]:
    for head, members in groupby(range(len(heads)), key=lambda number: heads[number]):
        if head and len(row := list(members)) >= IN_A_ROW:
            yield row


def _alike(place: Place, other: Place | None, quote: str, count: int, what: str) -> Finding:
    return Finding(
        "repeat", place, f"{count} {what} in a row begin “{quote}”", other, quote, f"opening: {quote.lower()}"
    )
