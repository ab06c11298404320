"""`memory.extractions`: in which passages facts have been looked for, and what was found.

for passage in alice.extractions.pending():
    alice.extractions.keep(passage, Extraction(entities=("Ida",), triples=(("Ida", "keeps", "the lamp"),)), by="me")
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from memagent.errors import UsageProblem
from memagent.memory.awaiting import awaitable, awaitable_list
from memagent.memory.core import Core
from memagent.memory.facts import embedding
from memagent.stores.extractions import DONE, FAILED, SQLExtractionStore
from memagent.stores.keys import key
from memagent.stores.scoping import check_text
from memagent.types import Extraction, Passage, Scope, Triple


class Extractions:
    """What was found in the passages that one scope sees.

    Args:
        core: the open memory.
        scope: whose.

    Raises:
        UsageProblem: by every method, where the memory is a passage store that was given and has no file.
    """

    def __init__(self, core: Core, scope: Scope) -> None:
        self._core = core
        self._scope = scope

    def pending(self, limit: int | None = None, *, failed: bool = False, done: bool = False) -> list[Passage]:
        """Return the passages that are yet to be gone through, in the order they were written.

        Args:
            limit: at most so many.
            failed: those too that failed.
            done: those too that are done.
        """
        also = [status for status, wanted in ((FAILED, failed), (DONE, done)) if wanted]
        return self._store.pending(self._scope, limit, also=also)

    def counts(self) -> Mapping[str, int]:
        """Return how many passages are `done`, `failed` and `pending`."""
        return self._store.counts(self._scope)

    def failed(self) -> Mapping[str, str]:
        """Return why nothing could be found, by the ids of the passages."""
        return self._store.failed(self._scope)

    def keep(self, passage: Passage, found: Extraction, *, by: str) -> int:
        """Keep what was found in a passage and return how many facts it says. On disk when this returns.

        What an earlier extraction found in it, and this one did not, goes. A triple with an empty part is left out.

        Args:
            passage: where it was found.
            found: entities and triples.
            by: what found it, such as the name of a model.

        Raises:
            NotFound: the passage has gone meanwhile, or has another text.
        """
        self._check(passage, by)
        check_extraction(found)
        found = self._without_secrets(found)
        triples = [Triple(*parts, passage=passage.id) for parts in found.triples if all(map(key, parts))]
        facts, store = self._core.triples, self._store
        return embedding(
            self._core,
            passage.scope,
            triples,
            lambda vectors: store.keep(passage, by, found, triples, vectors, facts),
        )

    def fail(self, passage: Passage, problem: str, *, by: str) -> None:
        """Record that nothing could be found in a passage, and why.

        Raises:
            NotFound: the passage has gone meanwhile, or has another text.
        """
        self._check(passage, by)
        check_text("the problem", problem)
        self._store.fail(passage, by, self._core.guard.text(problem, kind="fact", field="problem"))

    def again(self, *, failed: bool = False) -> int:
        """Have all passages that are done and have failed gone through again, or only the failed; return how many.

        What was found in them stays until something else is.
        """
        kinds = (FAILED,) if failed else (DONE, FAILED)
        return sum(self._store.again(self._scope, status) for status in kinds)

    def entities(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Yield the id of each passage that is done, with the entities that were found in it."""
        return self._store.entities(self._scope)

    apending = awaitable(pending)
    acounts = awaitable(counts)
    afailed = awaitable(failed)
    akeep = awaitable(keep)
    afail = awaitable(fail)
    aagain = awaitable(again)
    aentities = awaitable_list(entities)

    def _without_secrets(self, found: Extraction) -> Extraction:
        given = [list(found.entities), [list(triple) for triple in found.triples]]
        clean = self._core.guard.value(given, kind="fact", field="extraction")
        if clean is given:
            return found
        entities, triples = clean
        return replace(found, entities=tuple(entities), triples=tuple((one, two, three) for one, two, three in triples))

    @property
    def _store(self) -> SQLExtractionStore:
        return SQLExtractionStore(self._core.file())

    def _check(self, passage: Passage, by: str) -> None:
        check_text("by", by)
        own = (self._scope.user, self._scope.session, self._scope.agent)
        its = (passage.scope.user, passage.scope.session, passage.scope.agent)
        if any(mine not in (None, theirs) for mine, theirs in zip(own[1:], its[1:], strict=True)) or own[0] != its[0]:
            raise UsageProblem(f"the passage {passage.id!r} belongs to another scope")

    def __repr__(self) -> str:
        return f"Extractions({self._scope})"


def check_extraction(found: Extraction) -> None:
    """Refuse what is no extraction: entities that are no texts, triples that have not three parts.

    Raises:
        UsageProblem: one of them is not as it must be.
    """
    if isinstance(found.entities, str) or isinstance(found.triples, str):
        raise UsageProblem(f"{found!r} has a text for a list"[:200], hint="Give tuples of texts and of triples.")
    for entity in found.entities:
        check_text("an entity", entity)
    for triple in found.triples:
        if isinstance(triple, str) or len(triple) != 3:
            raise UsageProblem(f"{triple!r} is no triple"[:200], hint="Give subject, relation and object.")
        for part in triple:
            check_text("a part of a triple", part)
