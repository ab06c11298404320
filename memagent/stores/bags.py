"""The words of a passage as a few hundred bytes, so that an index of words is built without reading the text again.

A bag is a row of 64-bit little-endian integers. The first is the length of the text in words and single characters,
times 256, plus the version. Each other one is a distinct word, ascending: 56 bits of its hash, then 8 bits of how often
it occurs, 255 at most (by then BM25 has long stopped counting). Words are folded as `terms` does and English ones
stemmed by Porter's algorithm of 1980, chosen over its successor because it does not change any more. Scripts without
spaces have every window of adjacent characters up to the length that a query asks for.
"""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from memagent.terms import Run, runs, stem

VERSION = 1
_TITLE_WEIGHT = 2
_MOST = 255


def bag(title: str, text: str) -> bytes:
    """Return the bag of a passage; a word in the title counts twice. The same on every machine."""
    counts: Counter[int] = Counter()
    length = 0
    for part, times in ((title, _TITLE_WEIGHT), (text, 1)):
        for run in runs(part):
            length += len(run.units)
            for word in _words(run):
                counts[_key(word)] += times
    words = sorted(key | min(count, _MOST) for key, count in counts.items())
    return struct.pack(f"<{1 + len(words)}Q", length << 8 | VERSION, *words)


def key(term: Sequence[str]) -> int:
    """Return the hash of a term of a query, as in a bag with a count of 0."""
    return _key("".join(term))


def unpacked(bags: Sequence[bytes]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.uint64]]:
    """Return how long each text is (n,), how many words each bag has (n,), and the words of all bags one after another.

    Raises:
        ValueError: a bag is of another version.
    """
    sizes = np.array([len(one) for one in bags], dtype=np.int64) // 8
    words = np.frombuffer(b"".join(bags), dtype="<u8").astype(np.uint64, copy=False)
    starts = np.cumsum(sizes) - sizes
    heads = words[starts]
    others = heads & np.uint64(0xFF) != VERSION
    if others.any():
        found = int(heads[others][0]) & 0xFF
        raise ValueError(f"a bag of words of version {found}, not {VERSION}: make the bags anew from the texts")
    inside = np.ones(len(words), dtype=np.bool_)
    inside[starts] = False
    return (heads >> np.uint64(8)).astype(np.int64), sizes - 1, words[inside]


def _words(run: Run) -> Iterator[str]:
    for width in range(1, run.width + 1):
        for start in range(len(run.units) - width + 1):
            yield "".join(run.units[start : start + width])


@lru_cache(maxsize=1 << 17)
def _key(word: str) -> int:
    return int.from_bytes(blake2b(stem(word).encode("utf-8", "replace"), digest_size=7).digest(), "big") << 8
