"""What an agent is told from a memory: looked for once for each message, and shown under a limit of tokens."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence

from memagent.chat.counting import cautious
from memagent.integrations.capped import capped
from memagent.integrations.toolbox import told_of
from memagent.memory import Memory
from memagent.prompts import fill
from memagent.types import Hit

RECALLED = 2000
"""Tokens of what is recalled before a message at most, where it is not said."""


class Recalls:
    """What was found for the last messages, so that the calls of one run are told the same and nothing is sought twice.

    In the process alone: a run that goes on elsewhere looks again. May be used by any number of threads.

    Args:
        most: for how many messages; the one that was used longest ago is given up first.
    """

    def __init__(self, most: int = 256) -> None:
        self._most = most
        self._found: OrderedDict[Hashable, tuple[Hit, ...]] = OrderedDict()
        self._lock = threading.Lock()

    def found(self, key: Hashable, look: Callable[[], Sequence[Hit]]) -> tuple[Hit, ...]:
        """Return what was found for a message, and look for it if nobody has yet."""
        with self._lock:
            if key in self._found:
                self._found.move_to_end(key)
                return self._found[key]
        hits = tuple(look())
        with self._lock:
            self._found[key] = hits
            while len(self._found) > self._most:
                self._found.popitem(last=False)
        return hits

    def forget(self, key: Hashable) -> None:
        """Give up what was found for a message: its run is over."""
        with self._lock:
            self._found.pop(key, None)


def recalled(memory: Memory, hits: Sequence[Hit], query: str = "", tokens: int = RECALLED) -> str:
    """Return what was found as a prompt shows it: a JSON object a line, between tags that no memory can close.

    As it is now: what was edited since it was found is shown so, and what was forgotten is not. Of long memories the
    pieces around the words of the query are shown; a last line tells what had no room. Empty where nothing is left.
    """
    told = told_of(memory, hits)
    entries = [
        {name: value for name, value in one.items() if name != "id"}
        for hit, one in told
        if hit.kind != "passage" or "recorded_at" in one
    ]
    room = tokens - cautious(_filled([]))
    while entries and room > 0:
        fit = capped(entries, query, room)
        if not fit.entries:
            return ""
        shown = _filled([*fit.entries, *([fit.told] if fit.told else [])])
        excess = cautious(shown) - tokens
        if excess <= 0:
            return shown
        room -= excess + 8
    return ""


def _filled(entries: Sequence[object]) -> str:
    lines = [json.dumps(one, ensure_ascii=False) for one in entries]
    [message] = fill("recall/memories", memories="\n".join(lines))
    return message.content
