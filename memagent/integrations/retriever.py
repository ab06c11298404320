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

from memagent.integrations.capped import capped, check_tokens
from memagent.integrations.documents import document_of
from memagent.integrations.existing import existing
from memagent.memory import Memory
from memagent.types import Hit, Passage

TOKENS = 8000
"""Tokens of what a search gives at most, where it is not said."""


class MemagentRetriever(BaseRetriever):
    """What `memory.search` finds, as documents, best first.

    The metadata of a document has what the passage has (`source`, `title` and its own), and, over these, what the
    search says of it: `score` in [0, 1], `why` in words, `parts` (the score of each retriever by its name) and `kind`.
    `path` and `triple` are there where the hit has them, and `at`, in ISO 8601, where the passage has a time. `k` can
    be given with each call: `retriever.invoke("tea", k=1)`.

    All documents of a search together have no more than `tokens` tokens, because they are there to fill a prompt. Where
    that is too few for them, the long ones are the pieces around the words of the query, with `[…]` where something is
    left out, and `left_out` in their metadata says of how much; the last one says how many had no room at all.

    Attributes:
        memory: a bound handle, or a memory that was opened with `single_user=True`.
        k: how many documents at most.
        using: as for `Memory.search`: `hybrid`, `dense`, `keyword`, `graph`, `facts`, ..., or a retriever.
        tokens: of all documents of one search at most, 400 or more; `None` gives back every text whole.

    Raises:
        UsageProblem: the limit of tokens is none.
        ScopeRequired: no user is bound.
        UnknownName: there is no retriever of that name.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    memory: Memory = Field(exclude=True, repr=False)
    k: int = Field(default=5, ge=1)
    using: Any = "hybrid"
    tokens: int | None = TOKENS

    @model_validator(mode="after")
    def _there(self) -> MemagentRetriever:
        if self.tokens is not None:
            check_tokens(self.tokens)
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
        found = [_document(hit, by_id.get(hit.id)) for hit in hits]
        return found if self.tokens is None else _within(found, query, self.tokens)


def _within(found: list[Document], query: str, tokens: int) -> list[Document]:
    """Documents in at most so many tokens; those that fit together are as they were."""
    fit = capped([{"text": one.page_content} for one in found], query, tokens)
    shown = [
        Document(part["text"], id=one.id, metadata={**one.metadata, "left_out": part["left_out"]})
        if "left_out" in part
        else one
        for one, part in zip(found, fit.entries, strict=False)
    ]
    if fit.missing:
        told = "; ".join(filter(None, [shown[-1].metadata.get("left_out"), f"{fit.missing} more had no room"]))
        shown[-1] = Document(shown[-1].page_content, id=shown[-1].id, metadata={**shown[-1].metadata, "left_out": told})
    return shown


def _document(hit: Hit, passage: Passage | None) -> Document:
    """A hit with what is known of its passage; there is none for a fact, or if it was removed a moment ago."""
    said: dict[str, Any] = {"score": hit.score, "why": hit.why, "parts": dict(hit.parts), "kind": hit.kind}
    said |= {name: list(value) for name, value in (("path", hit.path), ("triple", hit.triple)) if value}
    if passage is not None:
        said |= {"at": passage.at.isoformat()} if passage.at else {}
        return Document(hit.text, id=hit.id, metadata={**document_of(passage).metadata, **said})
    found = {name: value for name, value in (("source", hit.source), ("title", hit.title)) if value}
    return Document(hit.text, id=hit.id, metadata={**found, **said})
