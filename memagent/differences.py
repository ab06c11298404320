"""What differs between two texts cut into pieces; in bounded time, whatever the texts."""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Iterator, Sequence

MOST = 3_000_000
"""Pairs of equal pieces that are compared at most; texts with more, such as long ones that repeat themselves, differ as
a whole between what they begin and end with alike."""

Edit = tuple[str, int, int, int, int]
"""`equal`, `replace`, `delete` or `insert`; from and to in the old pieces; from and to in the new ones."""


_WORDS = re.compile(r"\s+|[^\s\u2e80-\u9fff\uac00-\ud7af]+|.")
_WORD = re.compile(r"[^\s\u2e80-\u9fff\uac00-\ud7af]*\w[^\s\u2e80-\u9fff\uac00-\ud7af]*|[\u2e80-\u9fff\uac00-\ud7af]")
LEAST = 3
"""Fewer words in a row than these are no common ground between two changes."""


def word_changes(before: str, now: str) -> Iterator[tuple[str, str, str]]:
    """Yield, in order, what is in both texts, or what is gone and what has come in its place: (same, gone, come).

    By words with the blanks between them; of scripts that write none, sign by sign.
    """
    old, new = _WORDS.findall(before), _WORDS.findall(now)
    for kind, a, b, c, d in differences(old, new):
        same = kind == "equal"
        yield ("".join(old[a:b]), "", "") if same else ("", "".join(old[a:b]), "".join(new[c:d]))


def word_runs(before: str, now: str) -> Iterator[tuple[str, str, str]]:
    """Yield what `word_changes` does, with changes that stand close together as one, so that a rewrite can be read.

    Fewer than `LEAST` words in a row that are in both between two changes are there by chance, and a part of both.
    """
    found = list(word_changes(before, now))
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
