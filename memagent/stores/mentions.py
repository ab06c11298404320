"""Which phrases a text names word for word, and how telling they are."""

from __future__ import annotations

from collections import Counter
from math import log

from memagent.terms import STOP_WORDS, tokens

_LONGEST = 16


class Mentions:
    """Phrases by their words. Not for two threads at once.

    Two phrases that differ in signs alone have the same words, and a text that has these names both.
    """

    def __init__(self) -> None:
        self._phrases: dict[str, list[int]] = {}
        self._longest: dict[str, int] = {}  # by first word: no phrase that begins with it has more words
        self._with_word: Counter[str] = Counter()
        self._count = 0

    def add(self, number: int, phrase: str) -> None:
        """Take a phrase in, by a number of the caller's."""
        words = tokens(phrase)
        self._phrases.setdefault(words, []).append(number)
        first, count = words.partition(" ")[0], words.count(" ") + 1
        self._longest[first] = max(count, self._longest.get(first, 0))
        self._with_word.update(set(words.split()))
        self._count += 1

    def drop(self, number: int, phrase: str) -> None:
        """Take a phrase out that was taken in."""
        words = tokens(phrase)
        self._phrases[words].remove(number)
        if not self._phrases[words]:
            del self._phrases[words]
        self._with_word.subtract(set(words.split()))
        self._count -= 1

    def find(self, text: str) -> list[tuple[int, float]]:
        """Return the numbers of the phrases that a text names, in its order, and how telling each is, in (0, 1].

        Of phrases that lie in one another only the longest counts, and none that is all stop words. How telling a
        phrase is follows from the inverse document frequency of its rarest word over all phrases.
        """
        words = tokens(text).split()
        found = {
            number: self._telling(words[start:end])
            for start, end in self._spans(words)
            for number in self._phrases[" ".join(words[start:end])]
        }
        return list(found.items())

    def _spans(self, words: list[str]) -> list[tuple[int, int]]:
        """Where phrases stand, as start and end; the longest only of those in one another."""
        found = [
            (start, end)
            for start, word in enumerate(words)
            for end in range(start + 1, min(start + min(_LONGEST, self._longest.get(word, 0)), len(words)) + 1)
            if " ".join(words[start:end]) in self._phrases
        ]
        spans: list[tuple[int, int]] = []
        for start, end in sorted(found, key=lambda span: span[0] - span[1]):
            inside = any(first <= start and end <= last for first, last in spans)
            if not inside and not STOP_WORDS.issuperset(words[start:end]):
                spans.append((start, end))
        return sorted(spans)

    def _telling(self, words: list[str]) -> float:
        most, rarest = log(1 + (self._count + 0.5) / 0.5), min(map(self._with_word.__getitem__, words))
        return log(1 + (self._count - rarest + 0.5) / (rarest + 0.5)) / most
