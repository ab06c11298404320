"""Memory: what was told, kept in one file and found again, each user apart from every other.

with Memory("notes.db") as memory:
    alice = memory.bind(user="alice")
    alice.add("The lighthouse keeper's name is Ida.")
    alice.search("Who keeps the lighthouse?")
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from memagent.embedders.base import Embedder, embedded
from memagent.errors import EmbedderMismatch, NotFound, ScopeRequired, UsageProblem
from memagent.stores.base import Vectors, VectorStore
from memagent.stores.database import SQLiteDatabase
from memagent.stores.vector import SQLVectorStore, recorded_embedder
from memagent.types import Hit, Note, Passage, Scope

if TYPE_CHECKING:
    from memagent.retrievers.base import Retriever

_BATCH = 1024
_EMBED = 256


class Memory:
    """Passages in one file, or in a store of your own, for many users, threads and processes at once.

    Args:
        path_or_store: the file, created if it is not there; `:memory:` for one that is gone after `close`. Or an
            object with the methods of `VectorStore`, which is used as it is and left open by `close`.
        embedder: a name such as `hashing`, or an object with the `Embedder` methods. A file stays with the embedder
            that it was first written with. `None` takes that one (hashing, sentence-transformers, and OpenAI's own;
            never another server, which is for you to name), else `MEMAGENT_EMBEDDER`, else `hashing`.
        single_user: reads and writes need no `bind`; what is not bound belongs to nobody in particular.

    Raises:
        StorageError: the file cannot be used; it was not touched.
        EmbedderMismatch: the file or the store was written with another embedder.
        UsageProblem: this is neither a path nor a store, or the embedder is none.
        ConfigError: the embedder needs a key or a package that is not there.
    """

    def __init__(
        self,
        path_or_store: str | os.PathLike[str] | VectorStore,
        *,
        embedder: str | Embedder | None = None,
        single_user: bool = False,
    ) -> None:
        self._single_user = single_user
        self._scope = Scope()
        self._owner = True
        self._database: SQLiteDatabase | None = None
        if isinstance(path_or_store, str | os.PathLike):
            if embedder is not None or not os.path.exists(path_or_store):
                embedder = _chosen(embedder)  # before the file, which a wrong name must not create
            self._database = database = SQLiteDatabase(path_or_store)
            with ExitStack() as undo:
                undo.callback(database.close)
                self._embedder = _chosen(embedder, recorded_embedder(database))
                self._store: VectorStore = SQLVectorStore(
                    database, embedder=self._embedder.name, dim=self._embedder.dim
                )
                undo.pop_all()
        else:
            self._store = _as_store(path_or_store)
            recorded = getattr(self._store, "embedder", None)
            self._embedder = _chosen(embedder, recorded)
            _check_embedder(self._embedder, recorded)

    @property
    def scope(self) -> Scope:
        """Whose memory this handle reads and writes."""
        return self._scope

    @property
    def embedder(self) -> Embedder:
        """What turns passages and queries into vectors."""
        return self._embedder

    @property
    def store(self) -> VectorStore:
        """Where the passages are: for retrievers and methods of your own. Its methods take the scope themselves."""
        return self._store

    def bind(self, *, user: str | None = None, session: str | None = None, agent: str | None = None) -> Memory:
        """Return a handle over the same open file that sees this scope only.

        A handle can be narrowed further and never changed or widened. Closing one does not close the file.

        Raises:
            UsageProblem: this handle is bound to another user, session or agent already, or a name is blank.
        """
        scope = Scope(
            user=_narrowed("user", self._scope.user, user),
            session=_narrowed("session", self._scope.session, session),
            agent=_narrowed("agent", self._scope.agent, agent),
        )
        handle = object.__new__(type(self))
        handle.__dict__.update(self.__dict__, _scope=scope, _owner=False)
        return handle

    def add(self, notes: str | Note | Iterable[str | Note], *, replace_sources: bool = False) -> list[str]:
        """Keep one text or many and return their ids, in order. When this returns, they are on disk.

        A note that is here already (same title, text and source) keeps its passage and costs no embedding. Large
        batches are committed a thousand at a time.

        Args:
            notes: texts or notes; every text must say something.
            replace_sources: the notes are all there is of the sources they name: other passages of these sources are
                deleted, in the one transaction that adds the new ones.

        Raises:
            UsageProblem: a note cannot be kept; nothing was written.
            Conflict: an explicit id is taken by another text; the thousand that it is in was not written.
            ScopeRequired: no user is bound.
        """
        scope = self._checked()
        wanted = _as_notes(notes)
        size = max(1, len(wanted)) if replace_sources else _BATCH
        ids: list[str] = []
        for start in range(0, len(wanted), size):
            some = wanted[start : start + size]
            ids += self._store.add(scope, some, self._vectors(scope, some), replace_sources=replace_sources)
        return ids

    def get(self, id: str) -> Passage:
        """Return the passage with this id; `NotFound` if this scope has none."""
        return self._store.get(self._checked(), [id])[0]

    def passages(self, source: str | None = None) -> Iterator[Passage]:
        """Iterate over the passages, in the order they were written; those of one source where it is given."""
        return self._store.passages(self._checked(), source=source)

    def sources(self) -> list[str]:
        """Return the sources that passages name, sorted."""
        return self._store.sources(self._checked())

    def count(self) -> int:
        """Return the number of passages."""
        return self._store.count(self._checked())

    def search(self, query: str, k: int = 5, *, using: str | Retriever = "hybrid") -> list[Hit]:
        """Return up to k hits for a query in words, best first; an empty query finds nothing.

        Args:
            query: what is looked for.
            k: how many hits at most.
            using: `hybrid` (words and vectors), `dense`, `keyword`, or a retriever of your own.

        Raises:
            UsageProblem: k is not a positive whole number, or no retriever has that name.
        """
        from memagent import registry

        scope = self._checked()
        if not isinstance(query, str):
            raise UsageProblem(f"a query must be a str, not {type(query).__name__}")
        if not isinstance(k, int) or isinstance(k, bool) or k < 1:
            raise UsageProblem(f"k must be a whole number of at least 1, got {k!r}")
        return registry.retriever(using, self._store, self._embedder).retrieve(query, k, scope)

    def edit(self, id: str, text: str) -> None:
        """Give a passage another text; id, title, source, time and metadata stay. It counts as written now.

        Raises:
            NotFound: this scope has no such passage.
            Conflict: this scope sees the id in more than one session or agent.
        """
        scope = self._checked()
        _check_says_something(text, "the text")
        old = self._store.get(scope, [id])[0]
        vector = self._embed([Note(text, old.title)])[0]
        self._store.replace(scope, id, text, vector)

    def forget(self, ids: str | Iterable[str]) -> int:
        """Hide passages from every read and search until they are restored; return how many.

        Raises:
            NotFound: no passage of this scope has any of these ids.
        """
        wanted = _as_ids(ids)
        return _some(self._store.retire(self._checked(), wanted), wanted, "no passage with the id")

    def restore(self, ids: str | Iterable[str]) -> int:
        """Bring forgotten passages back; return how many.

        Raises:
            NotFound: no forgotten passage of this scope has any of these ids.
        """
        wanted = _as_ids(ids)
        return _some(self._store.restore(self._checked(), wanted), wanted, "no forgotten passage with the id")

    def delete(self, ids: str | Iterable[str] = (), *, source: str | None = None) -> int:
        """Delete passages for good, by id or all of a source, forgotten ones included; return how many.

        Raises:
            NotFound: no passage of this scope has any of these ids, or comes from this source.
        """
        wanted = _as_ids(ids)
        count = self._store.delete(self._checked(), wanted, source=source)
        return _some(count, wanted or [source or ""], "no passage with the id or source")

    def close(self) -> None:
        """Close the file, for every handle. On a bound handle this does nothing: who opened the file closes it.

        A store that was given is closed by whoever made it.
        """
        if self._owner and self._database is not None:
            self._database.close()

    def __enter__(self) -> Memory:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def __len__(self) -> int:
        return self.count()

    def __bool__(self) -> bool:
        return True  # an empty memory is still a memory

    def __repr__(self) -> str:
        bound = [f"{name}={value!r}" for name in _PARTS if (value := getattr(self._scope, name)) is not None]
        place = repr(self._store) if self._database is None else repr(str(self._database.path))
        parts = [place, *bound, f"embedder={self._embedder.name!r}"]
        return f"Memory({', '.join(parts)})"

    def _checked(self) -> Scope:
        if self._scope.user is None and not self._single_user:
            raise ScopeRequired(
                "whose memory is meant? No user is bound",
                hint='Use memory.bind(user="..."), or open it with Memory(path, single_user=True).',
            )
        return self._scope

    def _vectors(self, scope: Scope, notes: Sequence[Note]) -> Vectors:
        """Vectors (n, dim) of the notes; only texts that are not here yet, and each once, go to the embedder."""
        vectors: dict[tuple[str, str], NDArray[np.float32]] = {}
        for place, vector in self._store.known(scope, notes).items():
            vectors[_embedded(notes[place])] = vector
        new = {_embedded(note): note for note in notes if _embedded(note) not in vectors}
        vectors.update(zip(new, self._embed(list(new.values())), strict=True))
        return np.stack([vectors[_embedded(note)] for note in notes])

    def _embed(self, notes: Sequence[Note]) -> Vectors:
        texts = [f"{note.title}\n{note.text}" if note.title else note.text for note in notes]
        parts = [embedded(self._embedder, texts[start : start + _EMBED]) for start in range(0, len(texts), _EMBED)]
        return np.concatenate([np.empty((0, self._embedder.dim), dtype=np.float32), *parts])


_PARTS = ("user", "session", "agent")


def _chosen(embedder: str | Embedder | None, recorded: str | None = None) -> Embedder:
    """The embedder that was asked for; without one, the one that is on record, else the default."""
    from memagent import registry

    found = registry.recorded(recorded) if embedder is None and isinstance(recorded, str) else None
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


def _embedded(note: Note) -> tuple[str, str]:
    return note.title, note.text


def _narrowed(name: str, bound: str | None, wanted: str | None) -> str | None:
    if wanted is None:
        return bound
    if not isinstance(wanted, str) or not wanted.strip():
        raise UsageProblem(f"{name} must be a text that is not blank, got {wanted!r}")
    if bound is not None and wanted != bound:
        hint = "Bind from the memory that opened the file."
        raise UsageProblem(f"this handle belongs to {name} {bound!r} and cannot become {wanted!r}", hint=hint)
    return wanted


def _as_notes(notes: str | Note | Iterable[str | Note]) -> list[Note]:
    if not isinstance(notes, Iterable) and not isinstance(notes, Note):
        raise UsageProblem(f"a {type(notes).__name__} cannot be kept", hint="Give a str, a Note, or several of them.")
    given = [notes] if isinstance(notes, str | Note) else list(notes)
    return [_as_note(note, number) for number, note in enumerate(given, 1)]


def _as_note(given: Any, number: int) -> Note:
    note = Note(given) if isinstance(given, str) else given
    if not isinstance(note, Note):
        raise UsageProblem(f"note {number} is a {type(given).__name__}", hint="Give a str or a Note.")
    _check_says_something(note.text, f"the text of note {number}")
    return note


def _check_says_something(text: str, name: str) -> None:
    if not isinstance(text, str):
        raise UsageProblem(f"{name} is a {type(text).__name__}, not a str")
    if not text.strip():
        raise UsageProblem(f"{name} is empty", hint="Leave it out, or write something.")


def _as_ids(ids: str | Iterable[str]) -> list[str]:
    return [ids] if isinstance(ids, str) else list(ids)


def _some(count: int, ids: list[str], message: str) -> int:
    if not count:
        hint = "See passages() for those there are."
        raise NotFound(f"{message} {', '.join(map(repr, ids[:5])) or '(none given)'}", hint=hint)
    return count
