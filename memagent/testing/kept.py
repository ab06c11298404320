"""What the checks of facts and graphs share: stores of one database, and vectors made from texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import cast
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from memagent.stores.base import GraphStore, TripleStore, VectorStore
from memagent.testing.report import ONE, expect
from memagent.types import Fact, Note, Scope, Triple

AL = Scope(user="al")  # the beginning of another user's name
DORA = Scope(user=ONE.user)
HOME, KEEPS, SEES = (
    Triple("Ida", "lives in", "Gull Point", source="a.md"),
    Triple("Ida", "keeps", "the Lighthouse", source="a.md"),
    Triple("Bo", "sees", "the lighthouse", source="b.md"),
)


def unit(text: str, dim: int) -> NDArray[np.float32]:
    """Return a unit vector (dim,), another one for another text."""
    row = np.random.default_rng(crc32(text.encode())).normal(size=dim)
    made: NDArray[np.float32] = (row / np.linalg.norm(row)).astype(np.float32)
    return made


class Kept:
    """The stores with vectors made from texts, and short names for what the checks do."""

    def __init__(self, passages: VectorStore, store: TripleStore, graph: GraphStore | None, dim: int) -> None:
        self.passages = passages
        self.store = store
        self.dim = dim
        self._graph = graph

    @property
    def graph(self) -> GraphStore:
        """The graph, where it is checked."""
        expect(self._graph is not None, "a graph is checked, and none was made")
        return cast(GraphStore, self._graph)

    def vector(self, text: str) -> NDArray[np.float32]:
        """Return a unit vector (dim,), another one for another text."""
        return unit(text, self.dim)

    def vectors(self, scope: Scope, triples: Sequence[Triple]) -> Mapping[str, NDArray[np.float32]]:
        """Return the vectors of what is new."""
        return {text: self.vector(text) for text in self.store.unknown(scope, triples)}

    def add(self, scope: Scope, *triples: Triple, again: bool = False) -> list[str]:
        """Keep triples with their vectors."""
        return self.store.add(scope, triples, self.vectors(scope, triples), again=again)

    def note(self, scope: Scope, text: str, source: str = "") -> str:
        """Keep a passage; return its id."""
        return self.passages.add(scope, [Note(text, source=source, id=f"id of {text}")], self.vector(text)[None])[0]

    def objects(self, scope: Scope, relation: str = "lives in", *, as_of: datetime | None = None) -> list[str]:
        """Return the objects of the facts that hold, of any subject."""
        return [fact.object for fact in self.store.facts(scope, relation=relation, as_of=as_of)]

    def past(self, scope: Scope, relation: str = "lives in") -> list[Fact]:
        """Return the history of a relation, of any subject."""
        return self.store.facts(scope, relation=relation, history=True)
