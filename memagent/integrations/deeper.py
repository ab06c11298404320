"""Looking further down a ranking, for callers who cannot say beforehand how many places they need."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import TypeVar

Found = TypeVar("Found")


def deeper(
    search: Callable[[int], Sequence[Found]], k: int, key: Callable[[Found], Hashable], *, factor: int = 4
) -> Iterator[Found]:
    """Yield what a search finds, best first and each once, down to the last if the caller goes on.

    Nothing is searched before the first value is taken, and no deeper than the caller goes.

    Args:
        search: returns the best k; fewer say that there are no more.
        k: how many to ask for at first.
        key: what tells two results apart. A deeper search may order them otherwise, or meet what was written meanwhile.
        factor: how many times as many to ask for whenever those there were did not suffice.
    """
    seen: set[Hashable] = set()
    while True:
        found = search(k)
        for one in found:
            if key(one) not in seen:
                seen.add(key(one))
                yield one
        if len(found) < k:
            return
        k *= factor
