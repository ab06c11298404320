"""Titles of planned chapters: each by its place, and by the hour as well where a place comes again."""

from __future__ import annotations

import re
from collections.abc import Iterator
from string import capwords

from memagent.offline.text import bare
from memagent.offline.world import PHASES

_HEADING = re.compile(r"^#+\s*(.*?)\s*(?:\([\d,]+ words\))?\s*$", re.MULTILINE)


def taken(planned: str) -> set[str]:
    """Return the titles of an outline."""
    return {found[1].casefold() for found in _HEADING.finditer(planned)}


def title(place: str, phase: int, used: set[str]) -> str:
    """Return a title for a chapter at a place, and an hour of `PHASES`: none in `used`, to which it is added."""
    found = next(one for one in _titles(place, phase) if one.casefold() not in used)
    used.add(found.casefold())
    return found


def _titles(place: str, phase: int) -> Iterator[str]:
    yield capwords(bare(place))
    article = "the " if place.lower().startswith("the ") else ""
    for later in range(len(PHASES)):
        yield f"{PHASES[(phase + later) % len(PHASES)].capitalize()} at {article}{capwords(bare(place))}"
    number = 2
    while True:
        yield f"{capwords(bare(place))} ({number})"
        number += 1
