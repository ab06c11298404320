"""LangChain's documents and embeddings, and what they are here: notes, passages and an embedder."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from hashlib import blake2b
from typing import Any, TypeAlias

from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings

from memagent import registry
from memagent.embedders.base import Embedder, embedded
from memagent.errors import UsageProblem
from memagent.types import Note, Passage

Filter: TypeAlias = Mapping[str, Any] | Callable[[Document], bool] | None
"""Metadata that a document must have with just these values, or a test of the whole document."""

_FIELDS = ("source", "title")


class AsEmbeddings(Embeddings):
    """An embedder with the methods of LangChain embeddings."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Return a unit vector for each text."""
        rows: list[list[float]] = embedded(self._embedder, texts).tolist()
        return rows

    def embed_query(self, text: str) -> list[float]:
        """Return the unit vector of what is looked for."""
        row: list[float] = embedded(self._embedder, [text], "query")[0].tolist()
        return row


def as_embeddings(embedder: Any = None) -> AsEmbeddings:
    """Return an embedder of ours, by its name or itself, as LangChain embeddings; see `registry.embedder`."""
    return AsEmbeddings(registry.embedder(embedder))


def note_of(text: str, metadata: Mapping[str, Any], id: str | None) -> Note:
    """Return a text with its metadata as a note; `source` and `title` become its fields and are not kept twice.

    Args:
        text: what is to be kept, verbatim.
        metadata: what JSON can hold.
        id: without one, a digest of the text and its metadata.

    Raises:
        UsageProblem: the text is empty, or the metadata is no JSON.
    """
    if not isinstance(text, str) or not text.strip():
        raise UsageProblem(f"the text of a document is empty: {text!r}", hint="Leave it out, or write something.")
    try:
        content = json.dumps([text, dict(metadata)], sort_keys=True, allow_nan=False)
        rest = json.loads(content)[1]
    except (TypeError, ValueError) as error:
        hint = "Use str, int, finite float, bool, None, lists and dicts."
        raise UsageProblem(f"the metadata of a document cannot be kept as JSON: {error}", hint=hint) from None
    fields = {name: rest.pop(name) for name in _FIELDS if isinstance(rest.get(name), str) and rest[name]}
    made = blake2b(content.encode(), digest_size=16).hexdigest()
    return Note(text, id=id if id is not None else made, metadata=rest, **fields)


def document_of(passage: Passage) -> Document:
    """Return a passage as a document; source and title are in its metadata again."""
    fields = {name: getattr(passage, name) for name in _FIELDS if getattr(passage, name)}
    return Document(passage.text, id=passage.id, metadata={**fields, **passage.metadata})


def passes(document: Document, filter: Filter) -> bool:
    """Tell whether a document passes a filter; all do where there is none."""
    if filter is None:
        return True
    if callable(filter):
        return bool(filter(document))
    return all(name in document.metadata and document.metadata[name] == value for name, value in filter.items())
