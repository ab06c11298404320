"""A memory as a LangChain retriever, by any of its own.

retriever = memory.bind(user="alice").as_retriever(k=4, using="graph")
retriever.invoke("Who keeps the lighthouse?")
"""

from __future__ import annotations

import asyncio
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForRetrieverRun, CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from pydantic import ConfigDict, Field, model_validator

from memagent.integrations.documents import document_of
from memagent.integrations.existing import existing
from memagent.memory import Memory
from memagent.types import Hit, Passage


class MemagentRetriever(BaseRetriever):
    """What `memory.search` finds, as documents, best first.

    The metadata of a document has what the passage has (`source`, `title` and its own), and, over these, what the
    search says of it: `score` in [0, 1], `why` in words, `parts` (the score of each retriever by its name) and `kind`.
    `path` and `triple` are there where the hit has them, and `at`, in ISO 8601, where the passage has a time. `k` can
    be given with each call: `retriever.invoke("tea", k=1)`.

    Attributes:
        memory: a bound handle, or a memory that was opened with `single_user=True`.
        k: how many documents at most.
        using: as for `Memory.search`: `hybrid`, `dense`, `keyword`, `graph`, `facts`, ..., or a retriever.

    Raises:
        ScopeRequired: no user is bound.
        UnknownName: there is no retriever of that name.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    memory: Memory = Field(exclude=True, repr=False)
    k: int = Field(default=5, ge=1)
    using: Any = "hybrid"

    @model_validator(mode="after")
    def _there(self) -> MemagentRetriever:
        self.memory.search("", 1, using=self.using)  # says here, and not at the first search, what is missing
        return self

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun | None = None, k: int | None = None
    ) -> list[Document]:
        return self._found(query, self.k if k is None else k)

    async def _aget_relevant_documents(
        self, query: str, *, run_manager: AsyncCallbackManagerForRetrieverRun | None = None, k: int | None = None
    ) -> list[Document]:
        return await asyncio.to_thread(self._found, query, self.k if k is None else k)

    def _found(self, query: str, k: int) -> list[Document]:
        hits = self.memory.search(query, k, using=self.using)
        passages = existing(self.memory, [hit.id for hit in hits if hit.kind == "passage"])
        by_id = {passage.id: passage for passage in passages}
        return [_document(hit, by_id.get(hit.id)) for hit in hits]


def _document(hit: Hit, passage: Passage | None) -> Document:
    """A hit with what is known of its passage; there is none for a fact, or if it was removed a moment ago."""
    said: dict[str, Any] = {"score": hit.score, "why": hit.why, "parts": dict(hit.parts), "kind": hit.kind}
    said |= {name: list(value) for name, value in (("path", hit.path), ("triple", hit.triple)) if value}
    if passage is not None:
        said |= {"at": passage.at.isoformat()} if passage.at else {}
        return Document(hit.text, id=hit.id, metadata={**document_of(passage).metadata, **said})
    found = {name: value for name, value in (("source", hit.source), ("title", hit.title)) if value}
    return Document(hit.text, id=hit.id, metadata={**found, **said})
