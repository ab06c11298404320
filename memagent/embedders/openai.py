"""Embeddings of OpenAI and of every server that speaks its interface."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from memagent import openai_server as server
from memagent.embedders.base import Kind, Vectors
from memagent.errors import BackendError
from memagent.unit import unit_rows

if TYPE_CHECKING:
    import openai

_BATCH = 256


class OpenAIEmbeddings:
    """An embedding model behind the embeddings interface. Texts go out in batches of 256.

    Args:
        model: the model's name on the server.
        dim: ask for vectors of this length, which newer models can shorten to; the model's own if not given, found with
            one short call when it is first needed.
        client: an `openai.OpenAI` client to use.
        base_url: where the server is; `OPENAI_BASE_URL`, else OpenAI's own.
        api_key: `OPENAI_API_KEY` if not given.
        timeout: seconds to wait for the server.
        max_retries: how often a call is repeated that met a full or failing server.

    Raises:
        KeyMissing: there is neither a key nor a base URL.
        BackendError: the server failed, or answered with something else than one vector a text.
    """

    def __init__(
        self,
        model: str,
        *,
        dim: int | None = None,
        client: openai.OpenAI | None = None,
        base_url: str | None = None,
        api_key: str | None = None,
        timeout: float = 60,
        max_retries: int = 2,
    ) -> None:
        self._place = server.locate(model, client, base_url, api_key, timeout)
        self.name = f"{self._place.name}/{dim}" if dim else self._place.name
        self._asked = dim
        self._client = client
        self._own = client is None
        self._max_retries = max_retries
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"OpenAIEmbeddings({self._place.model!r}, name={self.name!r})"

    @cached_property
    def dim(self) -> int:
        """Length of the vectors."""
        return self._asked or len(self._batch(["dimension"])[0])

    def embed(self, texts: Sequence[str], kind: Kind = "document") -> Vectors:
        """Return a float32 array (len(texts), dim) whose rows have length 1; queries are treated like documents."""
        if not texts:
            return np.zeros((0, self.dim), dtype=np.float32)
        rows: list[list[float]] = []
        for at in range(0, len(texts), _BATCH):
            rows += self._batch(texts[at : at + _BATCH])
        return unit_rows(rows)

    def close(self) -> None:
        """Close the client, if it was made here."""
        with self._lock:
            if self._own and self._client is not None:
                self._client.close()
                self._client = None

    def _batch(self, texts: Sequence[str]) -> list[list[float]]:
        asked: dict[str, Any] = {"dimensions": self._asked} if self._asked else {}
        sent = [text or " " for text in texts]  # an empty text is refused
        try:
            reply = self._ready().embeddings.create(model=self._place.model, input=sent, **asked)
        except server.failures() as error:
            if (own := server.not_theirs(error)) is not None:
                raise own from None
            shown = server.explain(error, self._place)
            raise shown from (None if server.has_key(error, self._place.key) else error)
        except ValueError as error:  # the client's word for a reply without vectors
            raise BackendError(f"{self.name} answered without vectors: {error}", hint="Check the model.") from error
        return self._vectors(reply, len(texts))

    def _vectors(self, reply: Any, count: int) -> list[list[float]]:
        items = sorted(getattr(reply, "data", None) or [], key=lambda item: item.index or 0)
        rows = [list(item.embedding) for item in items]
        if len(rows) != count or len({len(row) for row in rows}) != 1:
            raise BackendError(
                f"{self.name} answered with {len(rows)} vectors for {count} texts", hint="Check the model and the URL."
            )
        if self._asked and len(rows[0]) != self._asked:
            raise BackendError(
                f"{self.name} gave vectors of length {len(rows[0])} instead of {self._asked}",
                hint="Leave dim out for a model that cannot shorten its vectors.",
            )
        return rows

    def _ready(self) -> openai.OpenAI:
        with self._lock:
            if self._client is None:
                import openai

                self._client = openai.OpenAI(
                    base_url=self._place.base_url,
                    api_key=self._place.key or "none",
                    timeout=self._place.timeout,
                    max_retries=self._max_retries,
                )
            return self._client
