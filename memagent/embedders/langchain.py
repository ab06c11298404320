"""Any LangChain embeddings as an embedder."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from memagent.embedders.base import Kind, Vectors
from memagent.unit import unit_rows

if TYPE_CHECKING:
    from langchain_core.embeddings import Embeddings


class LangChainEmbeddings:
    """LangChain embeddings. Whatever they raise passes unchanged.

    Args:
        embeddings: the LangChain object.
        name: identifies the vectors; the class and its model if not given. Name two that differ in more than that.
        dim: length of the vectors; found with one short query when it is first needed, if not given.
    """

    def __init__(self, embeddings: Embeddings, *, name: str | None = None, dim: int | None = None) -> None:
        model = getattr(embeddings, "model", None) or getattr(embeddings, "model_name", None)
        kind = type(embeddings).__name__
        self.name = name or (f"langchain:{kind}:{model}" if isinstance(model, str) else f"langchain:{kind}")
        self._embeddings = embeddings
        self._dim = dim

    @cached_property
    def dim(self) -> int:
        """Length of the vectors."""
        return self._dim or len(self._embeddings.embed_query("dimension"))

    def embed(self, texts: Sequence[str], kind: Kind = "document") -> Vectors:
        """Return a float32 array (len(texts), dim) whose rows have length 1."""
        if not texts:
            return np.zeros((0, self.dim), dtype=np.float32)
        if kind == "query":
            return unit_rows([self._embeddings.embed_query(text) for text in texts])
        return unit_rows(self._embeddings.embed_documents(list(texts)))
