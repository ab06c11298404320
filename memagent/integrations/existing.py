"""Passages by their ids, those that are there: what was found a moment ago may have been removed meanwhile."""

from __future__ import annotations

from collections.abc import Sequence

from memagent.errors import NotFound
from memagent.memory import Memory
from memagent.types import Passage


def existing(memory: Memory, ids: Sequence[str]) -> list[Passage]:
    """Return the passages of these ids that are there, in this order: as a rule by one read of the store."""
    try:
        return memory.store.get(memory.scope, list(ids))
    except NotFound:
        half = len(ids) // 2
        return [*existing(memory, ids[:half]), *existing(memory, ids[half:])] if half else []
