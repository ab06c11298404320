"""What finds things: words in, hits out. A retriever never calls a language model."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from memagent.types import Hit, Scope


@runtime_checkable
class Retriever(Protocol):
    """Finds passages for a query inside one scope."""

    name: str

    def retrieve(self, query: str, k: int, scope: Scope) -> list[Hit]:
        """Return up to k hits, best first. An empty query finds nothing."""
        ...
