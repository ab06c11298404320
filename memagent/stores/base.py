"""What keeps things. A store knows nothing of language models, embedders or queries in words.

`Database` is the small port to SQL; stores are written against it, so that another database is one more file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from memagent.types import Fact, Note, Passage, Rationale, Relation, Scope, Triple

Vectors = NDArray[np.float32]


class Row(Protocol):
    """One row of a result, by column name."""

    def __getitem__(self, column: str, /) -> Any:
        """Return the value of a column."""
        ...


class Match(NamedTuple):
    """A passage that a search found. `score` is a cosine in [-1, 1], or a BM25 score in [0, 1].

    Where the search went by words, `terms` are those of the query that the passage has.
    """

    passage: Passage
    score: float
    terms: tuple[str, ...] = ()


class FactMatch(NamedTuple):
    """A fact that a search found; as `Match`."""

    fact: Fact
    score: float
    terms: tuple[str, ...] = ()


class RationaleMatch(NamedTuple):
    """A rationale that a search found, by its problem; as `Match`."""

    rationale: Rationale
    score: float
    terms: tuple[str, ...] = ()


class Link(NamedTuple):
    """Two phrases of a scope that belong together, such as synonyms, and how much: a weight above 0."""

    a: str
    b: str
    weight: float
    kind: str = "synonym"


@dataclass(frozen=True)
class GraphArrays:
    """The graph of a scope as arrays; a projection of its facts, passages and links. Arrays are read-only.

    Nodes are in order: phrases by key, then passages by id; facts are in the order of their ids.

    Attributes:
        kinds: for each node `phrase` or `passage`.
        names: for each node the key of the phrase, or the id of the passage.
        edges: by kind an int32 array (m, 2) of node numbers, the smaller first and no pair twice, in order, and a
            float32 array (m,) of weights. `relation`: how many facts join two phrases, each as often as there are
            passages or sources that say it. `context`: 1 for a passage with each phrase of what it says. `title`: 1 for
            a passage whose title is a phrase; only where there is one. `synonym`: the cosine of two phrases, where the
            store looks for them. And the kinds of links, with their own weights.
        seq: the number of the newest change that it shows.
        facts: the ids of the live facts.
        ends: int32 (facts, 2): the nodes of the subject and the object of each fact.
        rids: for `passage` and `fact`, under which numbers a search of the store finds them: int64 (r,), ascending, and
            int32 (r,) the node or the place in `facts`.
        memo: what those who use the graph work out from it, by a name of theirs; it goes when the graph goes.
    """

    kinds: tuple[str, ...]
    names: tuple[str, ...]
    edges: Mapping[str, tuple[NDArray[np.int32], NDArray[np.float32]]]
    seq: int
    facts: tuple[str, ...] = ()
    ends: NDArray[np.int32] = field(default_factory=lambda: np.zeros((0, 2), dtype=np.int32))
    rids: Mapping[str, tuple[NDArray[np.int64], NDArray[np.int32]]] = field(default_factory=dict)
    memo: dict[Any, Any] = field(default_factory=dict, compare=False, repr=False)

    @cached_property
    def phrases(self) -> int:
        """How many nodes are phrases: these come first."""
        return self.kinds.count("phrase")


class Ranking(NamedTuple):
    """What a search of a graph found, best first: places int32 (r,), each once, and their scores float32 (r,)."""

    places: NDArray[np.int32]
    scores: NDArray[np.float32]


class Writer(Protocol):
    """One open write transaction."""

    def execute(self, sql: str, params: Sequence[Any] = ()) -> int:
        """Run one statement and return the rowid of an insert, or the number of rows changed for other verbs."""
        ...

    def executemany(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """Run one statement for each row of parameters."""
        ...

    def read(self, sql: str, params: Sequence[Any] = ()) -> list[Row]:
        """Read inside the transaction."""
        ...


class Database(Protocol):
    """Reads, transactions and a counter that grows with every committed change, whoever made it."""

    def read(self, sql: str, params: Sequence[Any] = ()) -> list[Row]:
        """Run a query and return all its rows, all of them from one state of the database."""
        ...

    def write(self) -> AbstractContextManager[Writer]:
        """Open a write transaction: committed and on disk when the block ends, rolled back if it raises."""
        ...

    def changes(self) -> int:
        """Return the number of the newest committed change."""
        ...

    def close(self) -> None:
        """Close every connection. Reading or writing afterwards is an error."""
        ...


@runtime_checkable
class VectorStore(Protocol):
    """Passages with their vectors and their full-text rows; every verb sees one scope only.

    The user of a scope must match exactly; its session and agent narrow further where they are set. Vectors come in
    with length 1. A store that records which embedder they come from has its name as the attribute `embedder`; a memory
    over the store then takes no other.

    What a verb reads or writes may also fail as storage does, with another `MemoryProblem`.
    """

    def add(
        self,
        scope: Scope,
        notes: Sequence[Note],
        vectors: Vectors,
        *,
        replace_sources: bool = False,
        replace_ids: bool = False,
    ) -> list[str]:
        """Keep notes (n) with vectors (n, dim) in one transaction and return their ids, in order.

        A note whose content (title, text and source) the exact scope has already keeps that passage, and brings it
        back if it was retired. A note without text is kept, and no search finds it. With `replace_sources`, passages
        of the exact scope whose source a note names, and that are not among the notes, are deleted in the same
        transaction. With `replace_ids`, a note whose id the exact scope has, live or retired, takes the place of that
        passage in the same transaction: of the same text, it gives it title, source, metadata and, where it has one,
        time, and the facts that the passage says are kept; of another text, as `replace` does. The last note of an id
        counts.

        Raises:
            UsageProblem: a note or a vector is not fit to be kept. Nothing was written.
            Conflict: an id is taken by another text, and `replace_ids` is not given. Nothing was written.
            EmbedderMismatch: another process has meanwhile written with another embedder. Nothing was written.
        """
        ...

    def known(self, scope: Scope, notes: Sequence[Note]) -> dict[int, NDArray[np.float32]]:
        """Return the vectors (dim,) of those notes that the exact scope keeps already, by their place in `notes`."""
        ...

    def get(self, scope: Scope, ids: Sequence[str]) -> list[Passage]:
        """Return the live passages with these ids, in this order.

        Raises:
            NotFound: an id is not there, or is retired.
        """
        ...

    def passages(self, scope: Scope, *, source: str | None = None) -> Iterator[Passage]:
        """Iterate over live passages in the order they were written, those of one source where it is given.

        An edit writes anew.
        """
        ...

    def sources(self, scope: Scope) -> list[str]:
        """Return the sources that live passages name, sorted, each once."""
        ...

    def count(self, scope: Scope) -> int:
        """Return the number of live passages."""
        ...

    def nearest(
        self, scope: Scope, vector: NDArray[np.float32], k: int, *, as_of: datetime | None = None
    ) -> list[Match]:
        """Return up to k live matches by cosine, best first, for a vector (dim,).

        With `as_of`, only of what had happened by then: passages whose `at`, or else whose time of writing, is not
        later.

        Raises:
            UsageProblem: the vector has another length, or a component that is not finite; or `as_of` has no time zone.
            EmbedderMismatch: another process has meanwhile written with another embedder.
        """
        ...

    def match(self, scope: Scope, text: str, k: int, *, as_of: datetime | None = None) -> list[Match]:
        """Return up to k live matches by BM25, best first; any word of `text` may match, in any script.

        `as_of` as in `nearest`.

        The score is the part of the query's weight that the passage has: 0 for nothing, near 1 for all its words. No
        text is an error; one without words finds nothing.
        """
        ...

    def replace(self, scope: Scope, id: str, text: str, vector: NDArray[np.float32]) -> None:
        """Give a passage another text and vector (dim,); id, title, source, time and metadata stay.

        Raises:
            UsageProblem: the text or the vector is not fit to be kept.
            NotFound: the scope has no live passage of that id.
            Conflict: the scope sees the id more than once.
            EmbedderMismatch: another process has meanwhile written with another embedder.
        """
        ...

    def retire(self, scope: Scope, ids: Sequence[str]) -> int:
        """Hide live passages from every read until they are restored; return how many. Unknown ids count nothing."""
        ...

    def restore(self, scope: Scope, ids: Sequence[str]) -> int:
        """Bring retired passages back; return how many. Unknown ids and live passages count nothing."""
        ...

    def delete(self, scope: Scope, ids: Sequence[str] = (), *, source: str | None = None) -> int:
        """Delete passages by id, and all of a source, retired ones included; return how many.

        Raises:
            UsageProblem: the source is '', which would mean all that names none. Nothing was deleted.
        """
        ...


@runtime_checkable
class RareWords(Protocol):
    """What a passage store offers to those who look many words up, one by one, and want of them the rare ones alone."""

    def rare(
        self, scope: Scope, words: Sequence[str], most: int, *, as_of: datetime | None = None
    ) -> list[list[Match] | None]:
        """Return for each word what `match` finds for it, if that is fewer than `most`; else `None`.

        A word that many passages have costs no more than finding that out: none of them is read.
        """
        ...


class Changed(NamedTuple):
    """What has become of the passages that a scope sees since a change: see `Feed.changed`.

    `rids` are those of every passage that something was done to; `live` are those among them that are there now, each
    by its rid, in the order they were written. Where the record does not go back that far, `anew` is true, and `live`
    are all passages that there are.
    """

    seq: int
    anew: bool
    rids: Sequence[int]
    live: Iterable[tuple[int, Passage]]


@runtime_checkable
class Feed(Protocol):
    """What a passage store offers to those who keep a projection of its passages up to date themselves.

    Attributes:
        moment: only what had happened by then may be found; `None` for no limit.
        memo: what those who follow the store work out from it, by a name of theirs. It lives as long as the store.
    """

    moment: datetime | None
    memo: dict[str, Any]

    def changed(self, scope: Scope, since: int | None) -> Changed:
        """Return what has changed after the change `since`, by whichever process; all there is for `None`."""
        ...

    def read(self, scope: Scope, rids: Sequence[int]) -> dict[int, Passage]:
        """Return the live passages of the scope by their rids; one that has gone meanwhile is not among them."""
        ...

    def cosines(self, scope: Scope, vector: NDArray[np.float32]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return the rids (n,), in any order, and the cosines (n,) of all live passages with a vector (dim,)."""
        ...


@runtime_checkable
class TripleStore(Protocol):
    """Facts with who says so and when they held. What is true when is worked out from that on reading, by rule.

    Two spellings that differ in case, width or spaces are one phrase. A relation is *functional* where that is
    declared, and only there: it has one value for a subject at a time, of which the newest holds, and the one before it
    ends where the newer begins. Every verb sees one scope only.
    """

    def unknown(self, scope: Scope, triples: Sequence[Triple]) -> list[str]:
        """Return the texts whose vectors `add` will ask for: of facts, phrases and relations that are new here."""
        ...

    def add(
        self,
        scope: Scope,
        triples: Sequence[Triple],
        vectors: Mapping[str, NDArray[np.float32]],
        *,
        again: bool = False,
    ) -> list[str]:
        """Keep triples in one transaction and return the ids of their facts, in order; what is known is kept once.

        A triple that was purged is not taken up again from the same source: its place in the result is ''. `again`
        lifts that. New evidence for a forgotten fact brings it back, and so does saying it once more without a passage;
        reading a passage once more does not.

        Raises:
            UsageProblem: a triple or a vector is not fit to be kept. Nothing was written.
            NotFound: a triple names a passage that this exact scope has not, or has forgotten. Nothing was written.
            Conflict: a vector is missing, because another process removed its text meanwhile. Ask `unknown` again.
            EmbedderMismatch: another process has meanwhile written with another embedder. Nothing was written.
        """
        ...

    def facts(
        self,
        scope: Scope,
        *,
        ids: Sequence[str] | None = None,
        subject: str | None = None,
        relation: str | None = None,
        object: str | None = None,
        as_of: datetime | None = None,
        history: bool = False,
    ) -> list[Fact]:
        """Return the facts that fit all that is given, by subject, relation and time.

        Those that hold at `as_of`, which is now if not given; with `history`, those of all times.
        """
        ...

    def relations(self, scope: Scope) -> list[Relation]:
        """Return the relations that live facts have, by name, and whether each is functional."""
        ...

    def declare(self, scope: Scope, relation: str, functional: bool | None) -> None:
        """Say whether a relation is functional in this exact scope.

        `None` takes that back. It changes no stored fact.
        """
        ...

    def nearest(
        self, scope: Scope, vector: NDArray[np.float32], k: int, *, as_of: datetime | None = None
    ) -> list[FactMatch]:
        """Return up to k facts that hold, by cosine, best first, for a vector (dim,)."""
        ...

    def match(self, scope: Scope, text: str, k: int, *, as_of: datetime | None = None) -> list[FactMatch]:
        """Return up to k facts that hold, by BM25, best first."""
        ...

    def retire(self, scope: Scope, ids: Sequence[str]) -> int:
        """Hide facts until they are restored; return how many. What they had superseded holds again."""
        ...

    def restore(self, scope: Scope, ids: Sequence[str]) -> int:
        """Bring retired facts back; return how many."""
        ...

    def delete(self, scope: Scope, ids: Sequence[str] = (), *, source: str | None = None) -> int:
        """Delete facts by id, and take away what a source says.

        Return how many facts went. Unknown ids count nothing.

        Raises:
            UsageProblem: the source is ''. Nothing was deleted.
        """
        ...


@runtime_checkable
class GraphStore(Protocol):
    """Phrases and passages as the nodes of one graph. Phrases are there as long as a fact has them."""

    def arrays(self, scope: Scope) -> GraphArrays:
        """Return the graph of the live facts, passages and links that the scope sees, up to date with every process."""
        ...

    def link(self, scope: Scope, links: Sequence[Link]) -> int:
        """Keep links between phrases of the exact scope, each kind of a pair once; return how many are new.

        Raises:
            NotFound: a phrase is not there. Nothing was written.
            UsageProblem: a weight is not positive and finite, a phrase is linked with itself, or the kind is one of the
                edges that follow from facts (`relation`, `context`).
        """
        ...

    def links(self, scope: Scope) -> list[Link]:
        """Return the links that the scope sees, in order of their phrases."""
        ...

    def phrases(self, scope: Scope) -> list[str]:
        """Return the keys of the phrases that live facts of the scope have, sorted."""
        ...

    def nearest(self, scope: Scope, vector: NDArray[np.float32], k: int) -> list[tuple[str, float]]:
        """Return up to k phrases by cosine, best first, for a vector (dim,)."""
        ...

    def rank(
        self, scope: Scope, graph: GraphArrays, kind: str, query: str | NDArray[np.float32], k: int | None = None
    ) -> Ranking:
        """Rank the passages (as nodes) or facts (as places in `graph.facts`) of a graph for a query; all if k is None.

        By cosine for a vector (dim,), by BM25 in [0, 1] for words. `kind` is `passage` or `fact`. A fact is ranked
        whether it holds today or not. What was written after the graph was made need not be seen.
        """
        ...

    def mentioned(self, scope: Scope, graph: GraphArrays, text: str) -> Ranking:
        """Return the phrases (as nodes) that a text names word for word, the longest only where one lies in another.

        The score in (0, 1] is how telling the phrase is: its rarest word's share of what a word can tell at most.
        """
        ...

    def words(self, scope: Scope, names: Sequence[str]) -> list[str]:
        """Return phrases, given by their keys, as facts of the scope spell them; of several spellings the first."""
        ...

    def cosines(self, scope: Scope, names: Sequence[str], vector: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the cosines (n,) of phrases, given by their keys, with a vector (dim,); -1 for unknown ones."""
        ...

    def find_synonyms(self, scope: Scope) -> int:
        """Find the pairs of phrases of the user that are near by vector and keep them; return how many are new.

        Only phrases that are new since the last time are compared. A graph has its synonyms without this; it then
        compares what is not kept when it is first asked for.
        """
        ...


@runtime_checkable
class RationaleStore(Protocol):
    """Solved problems with their reasoning. A scope sees its own, and those of others that are marked as shared."""

    def add(self, scope: Scope, rationales: Sequence[Rationale], vectors: Vectors) -> list[str]:
        """Keep rationales (n) with vectors (n, dim) of their problems in one transaction; return their ids, in order.

        The same problem, reasoning, answer and source is kept once, with its counts.
        """
        ...

    def get(self, scope: Scope, ids: Sequence[str]) -> list[Rationale]:
        """Return the live rationales with these ids, in this order; `NotFound` if one is not there."""
        ...

    def rationales(self, scope: Scope, *, problem: str = "") -> Iterator[Rationale]:
        """Iterate over the live rationales that the scope sees, in the order they were written.

        With a problem, over all attempts at it: of the scope's own those that are hidden as well.
        """
        ...

    def count(self, scope: Scope) -> int:
        """Return the number of live rationales that the scope sees."""
        ...

    def nearest(
        self, scope: Scope, vector: NDArray[np.float32], k: int, *, apart_from: str = ""
    ) -> list[RationaleMatch]:
        """Return up to k rationales by cosine of their problems, best first; none of the problem `apart_from`."""
        ...

    def match(self, scope: Scope, text: str, k: int, *, apart_from: str = "") -> list[RationaleMatch]:
        """Return up to k rationales by BM25 over problem and reasoning, best first.

        None of the problem `apart_from`.
        """
        ...

    def rejudge(self, scope: Scope, rationales: Sequence[Rationale]) -> list[str]:
        """Change what this scope wrote of the same problems and reasonings, where one is refuted and the other is not.

        See `SQLRationaleStore.rejudge`. Return the ids of those that were changed; their counts stay.
        """
        ...

    def record(self, scope: Scope, id: str, *, success: bool) -> None:
        """Count one more time that a rationale was followed by success or by failure; a shared one counts for all.

        Raises:
            NotFound: the scope sees no live rationale of that id.
        """
        ...

    def retire(self, scope: Scope, ids: Sequence[str]) -> int:
        """Hide rationales that this scope wrote until they are restored; return how many."""
        ...

    def restore(self, scope: Scope, ids: Sequence[str]) -> int:
        """Bring retired rationales back; return how many."""
        ...

    def delete(self, scope: Scope, ids: Sequence[str] = (), *, source: str | None = None) -> int:
        """Delete rationales that this scope wrote, by id, and all of a source; return how many.

        Raises:
            UsageProblem: the source is ''. Nothing was deleted.
        """
        ...
