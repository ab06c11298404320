"""Facts by how new they are, read back in time no further than somebody goes on asking."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice

from memagent.stores.items import moment
from memagent.stores.validity import Evidence
from memagent.types import Fact

_PAGE, _MORE, _MOST = 8, 4, 256  # lines that are judged at a time at first, how many times more then, and at most


def recency(fact: Fact) -> tuple[datetime, datetime, str]:
    """How new a fact is: by since when it holds, then by when it was written, then by its id."""
    return fact.at, fact.recorded_at, fact.id


def newest_first(
    lines: Iterator[Evidence], judged: Callable[[Sequence[str]], Mapping[str, Fact | None]]
) -> Iterator[Fact]:
    """Yield the facts that hold, the newest first, of lines of evidence that come from the newest start backwards.

    A fact begins no later than any line of it. So one that is newer than the line that was read last is newer than all
    that was not read, and need not wait for it.

    Args:
        lines: each of what is asked about, by start, the newest first.
        judged: tells of facts, given by id, how each holds, `None` where it does not.
    """
    waiting: list[Fact] = []
    seen: set[str] = set()
    count = _PAGE
    while some := list(islice(lines, count)):
        new = [id for id in dict.fromkeys(line.fact for line in some) if id not in seen]
        seen.update(new)
        found = judged(new) if new else {}
        waiting += [fact for id in new if (fact := found.get(id)) is not None]
        waiting.sort(key=recency)
        while waiting and waiting[-1].at > moment(some[-1].start):
            yield waiting.pop()
        count = min(count * _MORE, _MOST)
    yield from reversed(waiting)
