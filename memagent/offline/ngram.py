"""How likely a token is, by a small language model estimated from the prompt itself.

Interpolated trigrams with Witten-Bell smoothing: P(w|h) = (c(h,w) + T(h) P(w|h')) / (c(h) + T(h)), where T(h) is
the number of different tokens seen after h and h' is h without its first token. Below the unigrams, the share T /
(N + T) belongs to tokens never seen, and a single unseen token gets its part of that share by its bytes. Only what
a token says is scored: spaces around it and upper case are not. Source: Witten and Bell 1991; Chen and Goodman
1998, section 2.4.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from memagent.types import Token

UNKNOWN = "<unknown>"
START = "<start>"
_TOKEN = re.compile(r"\s*(?:[\u2e80-\u9fff\uac00-\ud7af]|[^\W_\u2e80-\u9fff\uac00-\ud7af]+(?:['’][^\W_]+)*|[\W_])|\s+")


def tokenize(text: str) -> list[str]:
    """Cut `text` into word-like pieces, each with the spaces before it; joined, they are `text` again."""
    return _TOKEN.findall(text)


class NGram:
    """A trigram model of some texts. Probabilities over `vocabulary` and `UNKNOWN` sum to 1 in every context."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._after: dict[tuple[str, ...], Counter[str]] = defaultdict(Counter)
        self._bytes: Counter[int] = Counter()
        for text in texts:
            self._learn([_key(token) for token in tokenize(text)])
        self._totals = {context: counts.total() for context, counts in self._after.items()}
        self._n_bytes = self._bytes.total()

    def _learn(self, keys: Sequence[str]) -> None:
        padded = [START, START, *keys]
        for at, key in enumerate(keys):
            self._bytes.update(key.encode("utf-8", "replace"))
            for length in range(3):
                self._after[tuple(padded[at + 2 - length : at + 2])][key] += 1

    @property
    def vocabulary(self) -> frozenset[str]:
        """The tokens that were seen, as they are compared: trimmed, in lower case."""
        return frozenset(self._after[()])

    def probability(self, key: str, context: Sequence[str] = ()) -> float:
        """Return P(key | last two of `context`); the `key` `UNKNOWN` stands for all tokens never seen together."""
        known = self._after[()]
        seen, kinds = self._totals.get((), 0), len(known)
        if key not in known:
            share = kinds / (seen + kinds) if kinds else 1.0
        else:
            share = known[key] / (seen + kinds)
        for length in (1, 2):
            share = self._interpolated(key, tuple(context[-length:]), length, share)
        return share

    def _interpolated(self, key: str, context: tuple[str, ...], length: int, lower: float) -> float:
        counts = self._after.get(context)
        if len(context) < length or not counts:
            return lower
        return (counts[key] + len(counts) * lower) / (self._totals[context] + len(counts))

    def logprob(self, token: str, context: Sequence[str] = ()) -> float:
        """Return the natural logarithm of the probability of one token as it is written."""
        key = _key(token)
        value = math.log(self.probability(key, context))
        return min(0.0, value if key in self._after[()] else value + self._spelled(key))

    def _spelled(self, key: str) -> float:
        """Log-probability of a spelling: bytes with add-one smoothing, and one sign for the end."""
        total = self._n_bytes + 257
        data = key.encode("utf-8", "replace")
        return sum(math.log((self._bytes[byte] + 1) / total) for byte in data) + math.log(1 / total)

    def score(self, texts: Sequence[str]) -> tuple[Token, ...]:
        """Return the tokens with their log-probabilities, each given the two before it."""
        context = [START, START]
        scored: list[Token] = []
        for text in texts:
            scored.append(Token(text, self.logprob(text, context)))
            context = [context[-1], _key(text)]
        return tuple(scored)


def _key(token: str) -> str:
    return token.strip().lower()
