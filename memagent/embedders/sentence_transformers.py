"""Embedding models of sentence-transformers, on this machine's processor or GPU."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import numpy as np

from memagent.devices import find_device
from memagent.embedders.base import Kind, Vectors
from memagent.errors import ConfigError, ExtraMissing
from memagent.unit import unit_rows

_PROMPTS = {"query": ("query",), "document": ("document", "passage")}


class SentenceTransformer:
    """A model of sentence-transformers, loaded when this is made.

    Args:
        model: a name on the hub, or the folder of a model.
        device: `cpu`, `cuda`, `cuda:1`, `mps`; the best that is there if not given.
        batch_size: texts that go through the model at once.
        half: compute in half precision: twice as fast on a GPU, and the default there. Ignored on a processor. Vectors
            come out in float32 either way.

    Raises:
        ExtraMissing: sentence-transformers is not installed.
        ConfigError: the device is not there, or the model cannot be loaded.
    """

    def __init__(
        self,
        model: str = "all-MiniLM-L6-v2",
        *,
        device: str | None = None,
        batch_size: int = 64,
        half: bool | None = None,
    ) -> None:
        library = _library()
        self.device = find_device(device)
        self.name = f"sentence-transformers:{model}"
        self.half = self.device != "cpu" and half is not False
        self._model = _load(library, model, self.device)
        if self.half:
            self._model.half()
        self.dim = _dim(self._model)
        self._batch_size = batch_size
        self._lock = threading.Lock()  # the tokenizers refuse to be used by two threads at once

    def embed(self, texts: Sequence[str], kind: Kind = "document") -> Vectors:
        """Return a float32 array (len(texts), dim) whose rows have length 1.

        A model with prompts for queries and documents gets the one that belongs to `kind`.
        """
        if not texts:
            return np.zeros((0, self.dim), dtype=np.float32)
        with self._lock:
            return unit_rows(self._encode(list(texts), kind))

    def _encode(self, texts: list[str], kind: Kind) -> Any:
        options: dict[str, Any] = {"batch_size": self._batch_size, "show_progress_bar": False, "convert_to_numpy": True}
        special = getattr(self._model, f"encode_{kind}", None)  # from version 5 on, the library picks the prompt itself
        if special is not None:
            return special(texts, **options)
        known = getattr(self._model, "prompts", None) or {}
        prompt = next((name for name in _PROMPTS[kind] if known.get(name)), None)
        return self._model.encode(texts, prompt_name=prompt, **options)


def _library() -> Any:
    try:
        import sentence_transformers
    except ImportError as error:
        raise ExtraMissing(
            f"embeddings on this machine need sentence-transformers: {error}",
            hint='pip install "memagent[local]"',
        ) from error
    return sentence_transformers


def _load(library: Any, model: str, device: str) -> Any:
    try:
        return library.SentenceTransformer(model, device=device)
    except OSError as error:  # what the hub's client raises, its own errors included
        said = " ".join(str(error).split())[:300]
        raise ConfigError(
            f"the embedding model {model!r} cannot be loaded: {said}",
            hint="Check its name, and the network for the first use; or give the folder of a model.",
        ) from error


def _dim(model: Any) -> int:
    find = getattr(model, "get_embedding_dimension", None) or model.get_sentence_embedding_dimension  # the older name
    return int(find())
