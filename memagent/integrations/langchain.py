"""A memory as a LangChain vector store.

store = memory.bind(user="alice").as_vectorstore()
store.add_documents([Document("Ida keeps the lighthouse.", metadata={"source": "notes.md"})])
retriever = store.as_retriever(search_kwargs={"k": 4, "filter": {"source": "notes.md"}})
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.vectorstores import VectorStore
from langchain_core.vectorstores.utils import maximal_marginal_relevance
from numpy.typing import NDArray

from memagent.embedders.base import Vectors
from memagent.integrations.deeper import deeper
from memagent.integrations.documents import AsEmbeddings, Filter, document_of, note_of, passes
from memagent.integrations.existing import existing
from memagent.memory import Memory
from memagent.memory.awaiting import awaitable
from memagent.types import Note, Passage

if TYPE_CHECKING:
    from memagent.retrievers.base import Retriever

_Scored: TypeAlias = tuple[Document, float]


class MemagentVectorStore(VectorStore):
    """The passages of one handle as LangChain documents.

    A document becomes a passage: its text verbatim, its metadata as JSON. `source` and `title` of its metadata, where
    they are texts, become the source and the title of the passage, and are metadata again on the way back. The store
    sees all that the handle sees, whoever wrote it.

    Args:
        memory: a bound handle, or a memory that was opened with `single_user=True`.
        using: how queries in words are answered: `hybrid` (words and vectors), `dense` (vectors alone), `keyword`, or a
            retriever. Scores of `hybrid` and `keyword` are in [0, 1], those of `dense` are cosines in [-1, 1]; higher
            is better. Searches by vector and for marginal relevance go by vectors always.

    Raises:
        ScopeRequired: no user is bound.
    """

    def __init__(self, memory: Memory, *, using: str | Retriever = "hybrid") -> None:
        memory.count()  # says here, and not at the first search, that no user is bound
        self._memory = memory
        self._using = using

    @property
    def memory(self) -> Memory:
        """The handle that this store reads and writes."""
        return self._memory

    @property
    def embeddings(self) -> Embeddings:
        """The embedder of the memory, as LangChain embeddings."""
        return AsEmbeddings(self._memory.embedder)

    # --- writing

    def add_texts(
        self,
        texts: Iterable[str],
        metadatas: Sequence[Mapping[str, Any]] | None = None,
        *,
        ids: Sequence[str | None] | None = None,
        **kwargs: Any,
    ) -> list[str]:
        """Keep texts with their metadata and return their ids, in order.

        An id that is taken in the very scope of the handle gets the new text and metadata, in one transaction: readers
        see the one or the other. The same text with other metadata keeps its facts. What a session of the user has
        under the id stays as it is. Without an id, a text has one made from it and its metadata,
        so that the same document is kept once. Nothing is embedded that is here already.

        Raises:
            ValueError: there are not as many metadatas or ids as texts.
            UsageProblem: a text is empty, or its metadata is no JSON. Nothing was written.
        """
        guard = self._memory.core.guard
        given = [guard.text(text) if isinstance(text, str) else text for text in texts]
        data = [guard.value(one) for one in metadatas] if metadatas else [{}] * len(given)
        named = list(ids) if ids is not None else [None] * len(given)
        for name, values in (("metadatas", data), ("ids", named)):
            if len(values) != len(given):
                raise ValueError(f"The number of {name} must match the number of texts: {len(values)}, {len(given)}.")
        notes = [note_of(*one) for one in zip(given, data, named, strict=True)]
        self._put({str(note.id): note for note in notes})
        return [str(note.id) for note in notes]

    def delete(self, ids: Sequence[str] | None = None, **kwargs: Any) -> bool:
        """Delete documents for good; unknown ids do not matter. Without `ids`, all that the handle sees is deleted."""
        if ids is None:
            ids = [passage.id for passage in self._memory.passages()]
        self._memory.store.delete(self._memory.scope, list(ids))
        return True

    def _put(self, notes: Mapping[str, Note]) -> None:
        new = list(notes.values())
        if new:
            memory = self._memory
            vectors = memory.core.vectors(memory.scope, new)
            memory.store.add(memory.scope, new, vectors, replace_ids=True)

    # --- reading

    def get_by_ids(self, ids: Sequence[str], /) -> list[Document]:
        """Return the documents with these ids, in this order; an id that is not there gives none."""
        return [document_of(passage) for passage in existing(self._memory, ids)]

    def similarity_search(self, query: str, k: int = 4, *, filter: Filter = None, **kwargs: Any) -> list[Document]:
        """Return up to k documents for a query in words, best first; an empty query finds nothing.

        Args:
            query: what is looked for.
            k: how many documents at most.
            filter: as `Filter`. The ranking is followed until k documents pass.
            kwargs: not used.
        """
        return [document for document, _ in self.similarity_search_with_score(query, k, filter=filter)]

    def similarity_search_with_score(
        self, query: str, k: int = 4, *, filter: Filter = None, **kwargs: Any
    ) -> list[_Scored]:
        """As `similarity_search`, each document with its score; higher is better."""
        return _first(self._by_words(query, k), k, filter)

    def similarity_search_by_vector(
        self, embedding: Sequence[float], k: int = 4, *, filter: Filter = None, **kwargs: Any
    ) -> list[Document]:
        """Return up to k documents whose vectors point the same way as `embedding` (dim,), best first."""
        return [document for document, _ in _first(self._by_vector(_vector(embedding), k), k, filter)]

    def max_marginal_relevance_search(
        self,
        query: str,
        k: int = 4,
        fetch_k: int = 20,
        lambda_mult: float = 0.5,
        *,
        filter: Filter = None,
        **kwargs: Any,
    ) -> list[Document]:
        """Return up to k documents that are near to the query and far from each other, by their vectors.

        Args:
            query: what is looked for.
            k: how many documents at most.
            fetch_k: how many of the nearest that pass the filter are chosen from.
            lambda_mult: 1 for the nearest alone, 0 for the greatest difference.
            filter: as `Filter`.
            kwargs: not used.
        """
        vector = self._embedded_query(query).tolist()
        return self.max_marginal_relevance_search_by_vector(vector, k, fetch_k, lambda_mult, filter=filter)

    def max_marginal_relevance_search_by_vector(
        self,
        embedding: Sequence[float],
        k: int = 4,
        fetch_k: int = 20,
        lambda_mult: float = 0.5,
        *,
        filter: Filter = None,
        **kwargs: Any,
    ) -> list[Document]:
        """As `max_marginal_relevance_search`, for a vector (dim,)."""
        vector = _vector(embedding)
        near = (passage for passage, _ in self._nearest(vector, fetch_k))
        passages = list(islice((one for one in near if passes(document_of(one), filter)), max(0, fetch_k)))
        if not passages:
            return []
        chosen = maximal_marginal_relevance(vector, list(self._stored(passages)), lambda_mult=lambda_mult, k=k)
        return [document_of(passages[place]) for place in chosen]

    def _select_relevance_score_fn(self) -> Callable[[float], float]:
        """Scores are similarities already; a cosine below 0 is no relevance at all."""
        return lambda score: min(1.0, max(0.0, score))

    def _by_words(self, query: str, k: int) -> Iterator[_Scored]:
        """The ranking for a query; that of `hybrid` ends with the documents that no retriever had a reason for."""
        if k < 1 or not query.strip():
            return iter(())
        if self._using == "dense":
            return self._by_vector(self._embedded_query(query), k)
        found = deeper(lambda wanted: self._hits(query, wanted), k, _id)
        if self._using != "hybrid":
            return found
        return _each_once(chain(found, ((one, 0.0) for one, _ in self._by_vector_later(query, k))))

    def _by_vector_later(self, query: str, k: int) -> Iterator[_Scored]:
        yield from self._by_vector(self._embedded_query(query), k)

    def _hits(self, query: str, k: int) -> list[_Scored]:
        hits = self._memory.search(query, k, using=self._using)
        passages = {passage.id: passage for passage in existing(self._memory, [hit.id for hit in hits])}
        return [(document_of(passages[hit.id]), hit.score) for hit in hits if hit.id in passages]

    def _by_vector(self, vector: NDArray[np.float32], k: int) -> Iterator[_Scored]:
        return ((document_of(passage), score) for passage, score in self._nearest(vector, k))

    def _nearest(self, vector: NDArray[np.float32], k: int) -> Iterator[tuple[Passage, float]]:
        store, scope = self._memory.store, self._memory.scope
        matches = deeper(lambda wanted: store.nearest(scope, vector, wanted), max(1, k), lambda match: match.passage.id)
        return ((match.passage, match.score) for match in matches)

    def _embedded_query(self, query: str) -> NDArray[np.float32]:
        vector: NDArray[np.float32] = self._memory.core.embed_query(query)
        return vector

    def _stored(self, passages: Sequence[Passage]) -> Vectors:
        """The vectors (n, dim) of passages, as they are kept in the scope that each was written in."""
        rows: list[NDArray[np.float32] | None] = [None] * len(passages)
        for scope in dict.fromkeys(passage.scope for passage in passages):
            places = [place for place, passage in enumerate(passages) if passage.scope == scope]
            notes = [Note(one.text, one.title, one.source) for one in (passages[place] for place in places)]
            for n, vector in self._memory.store.known(scope, notes).items():
                rows[places[n]] = vector
        for place, row in enumerate(rows):
            if row is None:  # it was changed a moment ago
                rows[place] = self._memory.core.embed([passages[place].full_text])[0]
        return np.stack([row for row in rows if row is not None])

    # --- from texts, and event loops

    @classmethod
    def from_texts(
        cls,
        texts: list[str],
        embedding: Any,
        metadatas: list[dict[Any, Any]] | None = None,
        *,
        ids: list[str] | None = None,
        path: str = ":memory:",
        user: str | None = None,
        using: str | Retriever = "hybrid",
        **kwargs: Any,
    ) -> MemagentVectorStore:
        """Open a memory of its own and keep texts in it; `store.memory` is the handle.

        Args:
            texts: what is to be kept.
            embedding: LangChain embeddings, or whatever `Memory` takes as embedder.
            metadatas: one for each text.
            ids: one for each text.
            path: the file; without one, the memory is gone with the store.
            user: whose memory it is; without one, the memory is opened for a single user.
            using: as for the class.
            kwargs: not used.
        """
        memory = Memory(path, embedder=embedding, single_user=user is None)
        store = cls(memory if user is None else memory.bind(user=user), using=using)
        store.add_texts(texts, metadatas, ids=ids)
        return store

    @classmethod
    async def afrom_texts(cls, *args: Any, **kwargs: Any) -> MemagentVectorStore:
        """As `from_texts`, in a thread."""
        return await asyncio.to_thread(cls.from_texts, *args, **kwargs)

    aadd_texts: Any = awaitable(add_texts)
    adelete: Any = awaitable(delete)
    aget_by_ids: Any = awaitable(get_by_ids)
    asimilarity_search: Any = awaitable(similarity_search)
    asimilarity_search_with_score: Any = awaitable(similarity_search_with_score)
    asimilarity_search_by_vector: Any = awaitable(similarity_search_by_vector)
    amax_marginal_relevance_search: Any = awaitable(max_marginal_relevance_search)
    amax_marginal_relevance_search_by_vector: Any = awaitable(max_marginal_relevance_search_by_vector)


def _first(ranking: Iterable[_Scored], k: int, filter: Filter) -> list[_Scored]:
    return list(islice((one for one in ranking if passes(one[0], filter)), max(0, k)))


def _each_once(ranking: Iterable[_Scored]) -> Iterator[_Scored]:
    seen: set[Any] = set()
    for one in ranking:
        if _id(one) not in seen:
            seen.add(_id(one))
            yield one


def _id(scored: _Scored) -> str | None:
    return scored[0].id


def _vector(embedding: Sequence[float]) -> NDArray[np.float32]:
    return np.asarray(embedding, dtype=np.float32)
