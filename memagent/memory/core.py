"""What all handles of one open memory share: the database, its stores and the embedder."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any

import numpy as np
from numpy.typing import NDArray

from memagent.embedders.base import Embedder, embedded
from memagent.errors import EmbedderMismatch, UsageProblem
from memagent.memory.secret_guard import Guard
from memagent.stores.base import GraphStore, RationaleStore, Vectors, VectorStore
from memagent.stores.database import SQLiteDatabase
from memagent.stores.engine import engine_for
from memagent.stores.graph import SQLGraphStore
from memagent.stores.label import origin
from memagent.stores.projections import Projections
from memagent.stores.rationale import SQLRationaleStore
from memagent.stores.triple import SQLTripleStore
from memagent.stores.vector import SQLVectorStore
from memagent.types import Note, Scope

_EMBED = 256
SYNONYMS = 0.8
"""The cosine from which two phrases are taken for synonyms: HippoRAG 2's (arXiv:2502.14802)."""


class Core:
    """One database with its four stores, or a passage store that was given and has nothing beside it.

    Attributes:
        database: the file; `None` where a store was given.
        embedder: what turns texts into vectors.
        passages: the passage store.
        projections: the indexes that the stores share; only where there is a file.
        guard: what is done with secrets; whoever writes to a store gives the texts to it first.
    """

    passages: VectorStore
    projections: Projections
    _triples: SQLTripleStore
    _graph: GraphStore
    _rationales: RationaleStore

    def __init__(
        self,
        database: SQLiteDatabase | None,
        passages: VectorStore | None,
        embedder: Embedder,
        guard: Guard | None = None,
    ) -> None:
        self.database = database
        self.guard = Guard() if guard is None else guard
        self.embedder = embedder
        if database is not None:
            self.use(embedder)
        elif passages is not None:
            self.passages = passages

    def use(self, embedder: Embedder) -> None:
        """Open the stores of the database with an embedder; indexes of another one are dropped."""
        database = self.file()
        name, dim = embedder.name, embedder.dim
        self.projections = indexes = Projections(database, dim)
        self.passages = SQLVectorStore(database, embedder=name, dim=dim, projections=indexes)
        self._triples = SQLTripleStore(database, embedder=name, dim=dim, projections=indexes)
        self._graph = SQLGraphStore(database, embedder=name, dim=dim, projections=indexes, synonyms=SYNONYMS)
        self._rationales = SQLRationaleStore(database, embedder=name, dim=dim, projections=indexes)
        self.embedder = embedder

    def file(self) -> SQLiteDatabase:
        """Return the database; a memory over a given store has none."""
        if self.database is None:
            raise UsageProblem(
                f"this memory is only the passage store {self.passages!r}",
                hint="Facts, rationales, purge, doctor, export and the like need a file: Memory('notes.db').",
            )
        return self.database

    @property
    def triples(self) -> SQLTripleStore:
        """The store of facts."""
        self.file()
        return self._triples

    @property
    def graph(self) -> GraphStore:
        """The graph over facts and passages."""
        self.file()
        return self._graph

    @property
    def rationales(self) -> RationaleStore:
        """The store of rationales."""
        self.file()
        return self._rationales

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return vectors (n, dim) of texts that are to be kept, made a few hundred at a time."""
        parts = [embedded(self.embedder, texts[start : start + _EMBED]) for start in range(0, len(texts), _EMBED)]
        return np.concatenate([np.empty((0, self.embedder.dim), dtype=np.float32), *parts])

    def vectors(self, scope: Scope, notes: Sequence[Note]) -> Vectors:
        """Return the vectors (n, dim) of notes; only texts that are not here yet, and each once, go to the embedder.

        A note without text, which no search finds, has zeros.
        """
        known = self.passages.known(scope, notes)
        rows = {notes[place].full_text: row for place, row in known.items()}
        new = list(dict.fromkeys(note.full_text for note in notes if note.text and note.full_text not in rows))
        rows.update(zip(new, self.embed(new), strict=True))
        nothing = np.zeros(self.embedder.dim, dtype=np.float32)
        return np.array([rows.get(note.full_text, nothing) for note in notes]).reshape(len(notes), -1)

    def embed_query(self, query: str) -> NDArray[np.float32]:
        """Return the vector (dim,) of what is looked for."""
        vector: NDArray[np.float32] = embedded(self.embedder, [query], "query")[0]
        return vector


def opened(
    path_or_store: Any,
    embedder: str | Embedder | None,
    guard: Guard | None = None,
    key: str | bytes | None = None,
) -> Core:
    """Open a file, or take a store; what goes wrong leaves no file open, and none that was not there before."""
    if not isinstance(path_or_store, str | os.PathLike):
        if key is not None:
            raise UsageProblem("a key is for a file, and this is a store", hint="Give the path of a file.")
        store = _as_store(path_or_store)
        recorded = getattr(store, "embedder", None)
        chosen = _chosen(embedder, recorded)
        _check_embedder(chosen, recorded)
        return Core(None, store, chosen, guard)
    if "\0" in os.fspath(path_or_store):
        raise UsageProblem(
            f"{os.fspath(path_or_store)!r} is no path: it holds a NUL", hint="Give a path such as notes.db."
        )
    if embedder is not None or not os.path.exists(path_or_store):
        embedder = _chosen(embedder)  # before the file, which a wrong name must not create
    database = SQLiteDatabase(path_or_store, engine=engine_for(key))
    with ExitStack() as undo:
        undo.callback(database.close)
        made_by = origin(database)
        core = Core(database, None, _chosen(embedder, made_by.embedder if made_by is not None else None), guard)
        undo.pop_all()
    return core


def _chosen(embedder: str | Embedder | None, recorded: object = None) -> Embedder:
    """The embedder that was asked for; without one, the one that is on record, else the default."""
    from memagent import registry

    found = registry.embedder_from_record(recorded) if embedder is None and isinstance(recorded, str) else None
    return found if found is not None else registry.embedder(embedder)


def _check_embedder(embedder: Embedder, recorded: object) -> None:
    if isinstance(recorded, str) and recorded != embedder.name:
        raise EmbedderMismatch(
            f"this store holds vectors of the embedder {recorded}, and was given {embedder.name}",
            hint=f"Use {recorded}, or add its passages to a new store.",
        )


def _as_store(given: Any) -> VectorStore:
    wanted = [name for name, member in vars(VectorStore).items() if callable(member) and not name.startswith("_")]
    missing = [name for name in wanted if not callable(getattr(given, name, None))]
    if missing or isinstance(given, type):
        lacks = f"; it has no {', '.join(missing)}" if missing else ""
        raise UsageProblem(
            f"{given!r} is neither a path nor a store{lacks}",
            hint="Give a path such as notes.db, or an object with the methods of memagent.stores.base.VectorStore.",
        )
    store: VectorStore = given
    return store
