"""`memory.facts`: what is known as subject, relation and object, with who says so and when it held.

alice.facts.add(("Ida", "lives in", "Gull Point"))
alice.facts.declare("lives in")  # one place at a time: a newer one ends the older
alice.facts.history("Ida", "lives in")
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TypeVar, get_args

import numpy as np
from numpy.typing import NDArray

from memagent.errors import Conflict, NotFound, UsageProblem
from memagent.memory import arguments
from memagent.memory.awaiting import awaitable
from memagent.memory.core import Core
from memagent.memory.facts_given import Asked, Given, as_queries, as_triples
from memagent.memory.learning import learn
from memagent.retrievers.triple import FactDense, FactKeyword
from memagent.stores.keys import key
from memagent.stores.scoping import check_text
from memagent.triples import Judge, Learnt, Limits, Reading, Relations
from memagent.triples import limits as limits_of
from memagent.types import Fact, Hit, Relation, Role, Scope, Triple

T = TypeVar("T")
Embedded = Mapping[str, NDArray[np.float32]]

_BATCH = 1024
_TRIES = 5
_ROLES: tuple[Role, ...] = get_args(Role)


class Facts:
    """The facts that one scope sees.

    Args:
        core: the open memory.
        scope: whose.

    Raises:
        UsageProblem: by every method, where the memory is a passage store that was given and has no file.
    """

    def __init__(self, core: Core, scope: Scope) -> None:
        self._core = core
        self._scope = scope

    def add(self, triples: Given | Iterable[Given], *, again: bool = False, one_value: bool = False) -> list[str]:
        """Keep one triple or many and return the ids of their facts, in order. When this returns, they are on disk.

        What is known is kept once, with each source that says it. A fact that was purged is not learnt again from the
        same source: its place in the result is ''. Large batches are committed a thousand at a time.

        The same said again, by the same source and of the same time, is nothing new. To state again what has ended
        since, name a passage, or say since when: `Triple(..., at=...)`.

        Args:
            triples: `Triple`s, or plain (subject, relation, object).
            again: learn also what was purged.
            one_value: declare also that the relations of what is kept have one value at a time, in the same step.

        Raises:
            UsageProblem: a triple cannot be kept; nothing was written.
            NotFound: a triple names a passage that this very scope does not have; its thousand was not written.
        """
        wanted = self._core.guard.triples(as_triples(triples))
        ids: list[str] = []
        for start in range(0, len(wanted), _BATCH):
            ids += self._added(wanted[start : start + _BATCH], again, one_value)
        return ids

    def get(self, id: str) -> Fact:
        """Return the fact with this id, as it holds now; the last stretch of it if it holds no more.

        Raises:
            NotFound: this scope has no such fact.
        """
        found = self._core.triples.facts(self._scope, ids=[id], history=True)
        if not found:
            raise NotFound(f"no fact with the id {id!r}", hint="See facts.find(history=True) for those there are.")
        current = self._core.triples.facts(self._scope, ids=[id])
        return (current or found)[-1]

    def find(
        self,
        subject: str | None = None,
        relation: str | None = None,
        object: str | None = None,
        *,
        as_of: datetime | None = None,
        history: bool = False,
    ) -> list[Fact]:
        """Return the facts that fit all that is given, by subject, relation and time.

        Args:
            subject: the subject, whatever its case and spacing.
            relation: the relation, likewise.
            object: the object, likewise.
            as_of: those that held at this moment (aware); now if not given.
            history: those of all times instead.
        """
        return self._core.triples.facts(
            self._scope, subject=subject, relation=relation, object=object, as_of=as_of, history=history
        )

    def __iter__(self) -> Iterator[Fact]:
        """Yield the facts that hold now."""
        return iter(self.find())

    def history(self, subject: str, relation: str) -> list[Fact]:
        """Return all that was ever known of a subject and a relation, oldest first, each with when it held."""
        return self.find(subject, relation, history=True)

    def search(self, query: str, k: int = 5, *, as_of: datetime | None = None, using: str = "hybrid") -> list[Hit]:
        """Return up to k facts for a query in words, best first; an empty query finds nothing.

        Args:
            query: what is looked for.
            k: how many hits at most.
            as_of: only what held at this moment (aware); now if not given.
            using: `hybrid` (words and vectors), `dense` or `keyword`.

        Raises:
            UsageProblem: an argument is not of its kind, or k is less than 1.
            UnknownName: facts are not searched that way.
        """
        arguments.check_search(k, query=query)
        store = self._core.triples
        dense = FactDense(store, self._core.embedder, as_of=as_of)
        keyword = FactKeyword(store, as_of=as_of)
        return arguments.one_way(using, dense, keyword, what="facts").retrieve(query, k, self._scope)

    def read(
        self,
        queries: Asked | Iterable[Asked],
        *,
        limits: str | Limits = "default",
        as_of: datetime | None = None,
    ) -> Reading:
        """Return what stands in the empty place of the facts that queries fit, nearest first, each value once.

            alice.facts.read(("Ida", "lives in", None)).texts  # ('Oslo',)

        Args:
            queries: one or many `Query`, or (subject, relation, object) with `None` in the empty place.
            limits: how near a fact must be: a preset (`default`, `training`, `perplexity`, `editing`,
                `literal`) or `Limits`.
            as_of: only what held at this moment (aware); now if not given.

        Raises:
            UsageProblem: a query has not exactly one of subject and object, or no relation.
        """
        asked = as_queries(queries)
        chosen = limits_of(limits)
        store, scope = self._core.triples, self._scope
        vectors = store.term_vectors(scope, asked) if not chosen.literal else {}
        terms = dict.fromkeys(key(term) for query in asked for term in (query.entity, query.relation))
        new = [term for term in terms if term not in vectors]
        if new and not chosen.literal:
            vectors.update(zip(new, self._core.embed(new), strict=True))
        return store.read(scope, asked, vectors, chosen, as_of=as_of)

    def learn(
        self,
        triples: Given | Iterable[Given],
        sentence: str,
        *,
        context: str = "",
        shown: Iterable[str] = (),
        speaker: str = "",
        confidence: float = 0.5,
        relations: Relations = "stated",
        role: Role = "user",
        judge: Judge | None = None,
    ) -> Learnt:
        """Keep what a sentence says, and refuse what it does not, or what does not belong into a memory, with why.

        See `gate.decision` for what a triple must be. Each cites its sentence: as the passage that it has, or as one
        that is made of the sentence with the triple's source and time.

        Args:
            triples: what was taken from the sentence.
            sentence: that says it.
            context: the sentences before, for what its pronouns stand for.
            shown: texts that came out of the memory, of which nothing is learnt again in whatever form it comes.
            speaker: who says it, for what is said as "I".
            confidence: a triple of less is refused.
            relations: `stated` asks that the sentence has a word of the relation, or one that stands for it (spouse
                and married); `any` takes relations of a vocabulary of their own, such as those of Wikidata.
            role: whose message the sentence stands in: only a user's teaches; of the others all is refused.
            judge: a second opinion, asked once about the triples that the gate lets through: of the sentence and them,
                why each is not to be kept, or ''. Nobody is asked by default.

        A fact that is there already does not cite a sentence that is just the fact as the memory prints it: that is
        an echo of the memory, and the fact must go when what it was learnt from goes.

        Raises:
            UsageProblem: something is no triple, the sentence no text, the role none, or the judge has not an answer
                for each triple; nothing was written.
            NotFound: a triple names a passage that this very scope does not have; nothing was written.
        """
        check_text("the sentence", sentence)
        if role not in _ROLES:
            raise UsageProblem(f"{role!r} is no role", hint=f"Give one of {', '.join(_ROLES)}.")
        wanted = self._core.guard.triples(as_triples(triples))
        sentence = self._core.guard.text(sentence)
        return learn(
            self,
            self._core,
            self._scope,
            wanted,
            sentence,
            context=context,
            shown=tuple(shown),
            speaker=speaker,
            confidence=confidence,
            relations=relations,
            role=role,
            judge=judge,
        )

    def edit(
        self,
        subject: str,
        relation: str,
        object: str,
        *,
        at: datetime | None = None,
        source: str = "",
        one_value: bool = False,
    ) -> str:
        """Say that a relation of one value at a time has another value, since `at` or now; return the fact's id.

        What held before stays in the history and ends where this begins. Of two values since the same moment the one
        that was edited last stands, also where it was said before. Where the clock has been set back, so that now lies
        before the beginning of what holds, the edit begins just behind that.

        Args:
            subject: the subject.
            relation: the relation.
            object: its other value.
            at: since when (aware); now if not given.
            source: who says so.
            one_value: declare also that the relation has one value at a time, in the same step.

        Raises:
            UsageProblem: the relation may have many values at a time, so that nothing would end; it was purged; or it
                is no triple. Nothing was written.
        """
        [triple] = self._core.guard.triples(as_triples(Triple(subject, relation, object, source=source, at=at)))

        def write(vectors: Embedded) -> str:
            return self._core.triples.edit(self._scope, triple, vectors, one_value=one_value)

        return embedding(self._core, self._scope, [triple], write)

    def relations(self) -> list[Relation]:
        """Return the relations there are, and which are declared to have one value at a time.

        Of others, `suggested` says where it looks so: at least 20 subjects, nearly all with one value. That hides and
        ends nothing until it is declared.
        """
        return self._core.triples.relations(self._scope)

    def declare(self, relation: str, functional: bool | None = True) -> None:
        """Say that a relation has one value at a time, or that it has not, as if nothing is said; `None` unsays it."""
        self._core.triples.declare(self._scope, relation, functional)

    def count(self) -> int:
        """Return the number of facts that hold now."""
        return len({fact.id for fact in self.find()})

    def __len__(self) -> int:
        return self.count()

    def __bool__(self) -> bool:
        return True  # no facts yet are still a place for them

    def __repr__(self) -> str:
        return f"Facts({self._scope})"

    aadd = awaitable(add)
    aget = awaitable(get)
    afind = awaitable(find)
    ahistory = awaitable(history)
    asearch = awaitable(search)
    aread = awaitable(read)
    alearn = awaitable(learn)
    aedit = awaitable(edit)
    arelations = awaitable(relations)
    adeclare = awaitable(declare)
    acount = awaitable(count)

    def _added(self, triples: list[Triple], again: bool, one_value: bool) -> list[str]:
        def write(vectors: Embedded) -> list[str]:
            return self._core.triples.add(self._scope, triples, vectors, again=again, one_value=one_value)

        return embedding(self._core, self._scope, triples, write)


def embedding(core: Core, scope: Scope, triples: Sequence[Triple], write: Callable[[Embedded], T]) -> T:
    """Embed what is new in triples, and write; another process may remove or add the same phrases, so try again."""
    for left in range(_TRIES, 0, -1):
        new = core.triples.unknown(scope, triples)
        vectors = dict(zip(new, core.embed(new), strict=True))
        try:
            return write(vectors)
        except Conflict:
            if left == 1:
                raise
    raise AssertionError("unreachable: the last try returns or raises")
