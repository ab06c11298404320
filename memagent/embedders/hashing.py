"""Vectors from the words and letters of a text: no model, no download, the same on every machine.

Signed feature hashing (Weinberger et al., 2009): each feature of a text is added to one component, with a sign; both
come from a checksum of the feature. Texts that share words or parts of words point the same way, in any script. It
knows nothing of meaning and needs no training: a companion to full text, and the default where no model is at hand.

It has no corpus to tell it which words are telling, so that it guesses: names (capitals and digits) count more, English
stop words hardly, and the first of several lines, which is the title, twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import log, sqrt
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from memagent.embedders.base import Kind, Vectors
from memagent.errors import UsageProblem
from memagent.terms import STOP_WORDS, Run, pieces, runs

_VERSION = 1
_GRAM = 4
_GRAM_WEIGHT = 0.7
_STOP_WEIGHT = 0.05
_NAME_WEIGHT = 1.5
_TITLE_WEIGHT = 2.0
_CHARACTER_WEIGHT = 0.3

Feature = tuple[NDArray[np.int64], NDArray[np.float64]]


class Hashing:
    """The embedder `hashing`. Vectors of the same `name` agree on every machine and in every process.

    Args:
        dim: number of components; more of them collide less and take 4 bytes each.

    Raises:
        UsageProblem: dim is less than 1.
    """

    def __init__(self, dim: int = 1024) -> None:
        if dim < 1:
            raise UsageProblem(f"dim must be at least 1, got {dim}")
        self.dim = dim
        self.name = f"hashing-v{_VERSION}-{dim}"
        self._features = lru_cache(maxsize=1 << 17)(self._hashed)

    def embed(self, texts: Sequence[str], kind: Kind = "document") -> Vectors:
        """Return a float32 array (len(texts), dim) whose rows have length 1; queries are treated alike."""
        rows = np.zeros((len(texts), self.dim), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            row[:] = self._row(text)
        return rows

    def _row(self, text: str) -> NDArray[np.float64]:
        weights = _weights(text)
        row = self._summed(weights) if weights else np.zeros(self.dim)
        length = sqrt(float(row @ row))
        if length == 0.0:  # no words, or words that cancel out: a fixed direction, since zero has none
            row[0] = length = 1.0
        return row / length

    def _summed(self, weights: dict[str, float]) -> NDArray[np.float64]:
        features = [self._features(key) for key in weights]
        places, values = (np.concatenate(part) for part in zip(*features, strict=True))
        repeats = np.repeat(list(weights.values()), [len(feature[0]) for feature in features])
        summed: NDArray[np.float64] = np.bincount(places, values * repeats, self.dim).astype(np.float64, copy=False)
        return summed

    def _hashed(self, key: str) -> Feature:
        """The components and signed weights of one word or window of characters."""
        grams = _grams(key)
        weights = [1.0, *[_GRAM_WEIGHT / sqrt(len(grams))] * len(grams)] if grams else [1.0]
        # crc32 is linear: without the multiplication, words that differ in one letter would collide together.
        sums = [(crc32(name.encode("utf-8", "replace")) * 0x9E3779B1) & 0xFFFFFFFF for name in [f"={key}", *grams]]
        signs = [1.0 if value & 0x80000000 else -1.0 for value in sums]
        places = [value * self.dim >> 32 for value in ((v * 0x85EBCA6B) & 0xFFFFFFFF for v in sums)]
        return np.array(places, dtype=np.int64), np.array(weights) * signs


def _weights(text: str) -> dict[str, float]:
    """How much each word or window of `text` counts: sublinear in how often, more for names, less for stop words."""
    title, _, body = text.partition("\n")
    counts: dict[str, float] = {}
    telling: dict[str, float] = {}
    for part, times in ((title, _TITLE_WEIGHT if body.strip() else 1.0), (body, 1.0)):
        for piece in pieces(part):
            for key, weight in _keys(piece):
                counts[key] = counts.get(key, 0.0) + times
                telling[key] = max(weight, telling.get(key, 0.0))
    return {key: telling[key] * (1.0 + log(count)) for key, count in counts.items()}


@lru_cache(maxsize=1 << 17)
def _keys(piece: str) -> tuple[tuple[str, float], ...]:
    """The words or windows of a piece as written, each with its weight."""
    found = [keyed for run in runs(piece) for keyed in _run_keys(run)]
    named = _NAME_WEIGHT if piece[0].isupper() or piece[0].isdigit() else 1.0
    return tuple((key, weight * named) for key, weight in found)


def _run_keys(run: Run) -> list[tuple[str, float]]:
    if run.width == 1:
        return [(word, _STOP_WEIGHT if word in STOP_WORDS else 1.0) for word in run.units]
    windows = ["".join(run.units[start : start + run.width]) for start in range(len(run.units) - run.width + 1)]
    return [(unit, _CHARACTER_WEIGHT) for unit in run.units] + [(window, 1.0) for window in windows]


def _grams(key: str) -> list[str]:
    padded = f"<{key}>"
    return [padded[start : start + _GRAM] for start in range(len(padded) - _GRAM + 1)]
