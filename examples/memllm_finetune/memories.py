"""What read samples are shown: a memory of the triples of all documents, asked with the paper's limits for training."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from types import TracebackType

from documents import Document

from memagent import Memory
from memagent.triples import Query, limits


class TripleMemory:
    """A memory of the triples of documents, in every pair of names, until it is closed.

    Args:
        documents: whose triples it holds. The copies of one bucket get a memory of their own, since those of another
            contradict them.
        embedder: compares names and relations, by name; `hashing` takes spellings that are alike for near.
        preset: the limits of a query; `training` are the paper's, `literal` compares spellings alone.
        below: a query that has so many values or more is told as having so many.
    """

    def __init__(
        self, documents: Iterable[Document], *, embedder: str = "hashing", preset: str = "training", below: int = 30
    ) -> None:
        self._limits = replace(limits(preset), values=below)
        self._memory = Memory(":memory:", embedder=embedder)
        self._facts = self._memory.bind(user="training").facts
        self._asked: dict[Query, tuple[str, ...]] = {}
        self._facts.add(dict.fromkeys(triple for document in documents for triple in _triples(document)))

    def __call__(self, query: Query) -> tuple[str, ...]:
        """Return what stands in the empty place of a query, nearest first."""
        if query not in self._asked:
            self._asked[query] = self._facts.read(query, limits=self._limits).texts
        return self._asked[query]

    def __enter__(self) -> TripleMemory:
        """Return this."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the memory."""
        self._memory.close()


def _triples(document: Document) -> Iterable[tuple[str, str, str]]:
    names: dict[int, dict[str, None]] = {}
    for mention in document.mentions:
        names.setdefault(mention.entity, {})[mention.text] = None
    for relation in document.relations:
        for head in names.get(relation.head, ()):
            for tail in names.get(relation.tail, ()):
                yield head, relation.name, tail
