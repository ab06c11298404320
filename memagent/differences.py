"""What differs between two texts cut into pieces; in bounded time, whatever the texts."""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

MOST = 3_000_000
"""Pairs of equal pieces that are compared at most; texts with more, such as long ones that repeat themselves, differ as
a whole between what they begin and end with alike."""

Edit = tuple[str, int, int, int, int]
"""`equal`, `replace`, `delete` or `insert`; from and to in the old pieces; from and to in the new ones."""


_WORDS = re.compile(r"\s+|[^\s\u2e80-\u9fff\uac00-\ud7af]+|.")
_WORD = re.compile(r"[^\s\u2e80-\u9fff\uac00-\ud7af]*\w[^\s\u2e80-\u9fff\uac00-\ud7af]*|[\u2e80-\u9fff\uac00-\ud7af]")
_MARKS = (
    r"!-/:-@\[-`{-~\u00a1\u00ab\u00b7\u00bb\u00bf\u2010-\u2027\u2030-\u205e"
    r"\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65"
)
_LETTER = rf"[^\s\u2e80-\u9fff\uac00-\ud7af{_MARKS}]"
_APART = re.compile(rf"\s+|{_LETTER}+(?:[{_MARKS}]+{_LETTER}+)*|.")
LEAST = 3
"""Fewer words in a row than these are no common ground between two changes."""


def word_changes(before: str, now: str) -> Iterator[tuple[str, str, str]]:
    """Yield, in order, what is in both texts, or what is gone and what has come in its place: (same, gone, come).

    By words with the blanks between them; of scripts that write none, sign by sign.
    """
    yield from _changes(_WORDS.findall(before), _WORDS.findall(now))


def _changes(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    for kind, a, b, c, d in differences(old, new):
        same = kind == "equal"
        yield ("".join(old[a:b]), "", "") if same else ("", "".join(old[a:b]), "".join(new[c:d]))


def shown_changes(before: str, now: str) -> Iterator[tuple[str, str, str]]:
    """Yield what `word_changes` does, for people to read: marks beside a word are pieces of their own.

    So a full stop is not gone where the word before it is another one now. Marks inside a word, as in `1,240` or
    `don't`, are a part of it. Marks are those of Latin, Greek and Cyrillic scripts and the wide ones of East Asia.
    """
    yield from _changes(_APART.findall(before), _APART.findall(now))


def word_runs(before: str, now: str) -> Iterator[tuple[str, str, str]]:
    """Yield what `word_changes` does, with changes that stand close together as one; see `in_runs`."""
    return in_runs(word_changes(before, now))


def in_runs(changes: Iterable[tuple[str, str, str]]) -> Iterator[tuple[str, str, str]]:
    """Yield changes with those that stand close together as one, so that a rewrite can be read.

    Fewer than `LEAST` words in a row that are in both between two changes are there by chance, and a part of both.
    """
    found = list(changes)
    gone = come = ""
    for number, (same, old, new) in enumerate(found):
        between = 0 < number < len(found) - 1
        if same and not (between and len(_WORD.findall(same)) < LEAST):
            if gone or come:
                yield "", gone, come
            yield same, "", ""
            gone = come = ""
        else:
            gone, come = gone + same + old, come + same + new
    if gone or come:
        yield "", gone, come


def differences(old: Sequence[str], new: Sequence[str]) -> Iterator[Edit]:
    """Yield edits that lead from the old pieces to the new ones, in order, as `difflib` has them."""
    first = next((at for at, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))
    most = min(len(old), len(new)) - first
    ends = zip(reversed(old), reversed(new), strict=False)
    last = next((at for at, (a, b) in enumerate(ends) if at >= most or a != b), most)
    inner, other = old[first : len(old) - last], new[first : len(new) - last]
    if first:
        yield "equal", 0, first, 0, first
    counts = Counter(other)
    if sum(counts[piece] for piece in inner) > MOST:
        yield "replace", first, len(old) - last, first, len(new) - last
    else:
        for kind, a, b, c, d in difflib.SequenceMatcher(None, inner, other, autojunk=False).get_opcodes():
            yield kind, a + first, b + first, c + first, d + first
    if last:
        yield "equal", len(old) - last, len(old), len(new) - last, len(new)
