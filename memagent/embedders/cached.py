"""A cache around an embedder, in one SQLite file that several processes may share."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from memagent.cachefile import CacheFile
from memagent.embedders.base import Embedder, Kind, Vectors, embedded


class Cached:
    """Takes vectors that were computed before from `path`; the others come from `embedder`, in one batch, and are kept.

    It has the name and the dimension of the embedder inside, so that their vectors stay comparable.

    Raises:
        StorageError: the file cannot be read or written, or is no cache; it was not touched.
        UsageProblem: the embedder gave something else than one finite vector of its dimension for each text.
    """

    def __init__(self, embedder: Embedder, path: str | Path) -> None:
        self.name = embedder.name
        self._embedder = embedder
        self._file = CacheFile(path, "vectors")

    @property
    def dim(self) -> int:
        """Length of the vectors."""
        return self._embedder.dim

    def embed(self, texts: Sequence[str], kind: Kind = "document") -> Vectors:
        """Return a float32 array (len(texts), dim) whose rows have length 1. A repeated text is embedded once."""
        keys = [self._key(text, kind) for text in texts]
        vectors = self._known(keys)
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in vectors}
        if missing:
            vectors.update(zip(missing, embedded(self._embedder, list(missing.values()), kind), strict=True))
            self._file.put({key: vectors[key].tobytes() for key in missing})
        return np.stack([vectors[key] for key in keys]) if keys else np.zeros((0, self.dim), dtype=np.float32)

    def _known(self, keys: Sequence[str]) -> dict[str, Vectors]:
        found = self._file.get(list(dict.fromkeys(keys)))
        rows = {key: np.frombuffer(raw, dtype=np.float32) for key, raw in found.items()}
        return {key: row for key, row in rows.items() if len(row) == self.dim}

    def _key(self, text: str, kind: Kind) -> str:
        said = f"{self.name}\0{kind}\0{text}".encode("utf-8", "surrogatepass")
        return hashlib.blake2b(said, digest_size=24).hexdigest()
