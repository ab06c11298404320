"""Letting a short piece of work be finished when Ctrl-C or SIGTERM comes in the middle of it."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

_HEARD = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def finishing() -> Iterator[None]:
    """Hold the first Ctrl-C or SIGTERM back until the block has ended; a second one ends it at once.

    What was held back is raised again behind the block, as it would have been without it. In the main thread alone.
    """
    held: list[int] = []

    def hear(number: int, _: FrameType | None) -> None:
        if held:
            signal.signal(number, before[number])
            signal.raise_signal(number)
        held.append(number)

    before: dict[int, Any] = {number: signal.getsignal(number) for number in _HEARD}
    ours = [number for number, handler in before.items() if handler not in (None, signal.SIG_IGN)]
    for number in ours:
        signal.signal(number, hear)
    try:
        yield
    finally:
        for number in ours:
            signal.signal(number, before[number])
    if held:
        signal.raise_signal(held[0])
