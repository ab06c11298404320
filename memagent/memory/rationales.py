"""`memory.rationales`: solved problems with the reasoning that solved them, kept beside what was told.

alice.rationales.add(Rationale("What is 17 * 3?", "17 * 3 = 10 * 3 + 7 * 3.", "51", verified="exact"))
alice.rationales.search("What is 18 * 3?")
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from memagent.errors import NotFound, UsageProblem
from memagent.memory import arguments
from memagent.memory.awaiting import awaitable, awaitable_list
from memagent.memory.core import Core
from memagent.retrievers.base import Retriever
from memagent.retrievers.rationale import RationaleDense, RationaleKeyword
from memagent.stores.base import Vectors
from memagent.stores.derived import of_rationale
from memagent.stores.keys import problem_key
from memagent.stores.rationale import check_rationale
from memagent.types import ORIGINAL, PROBLEM_ID, REFUTED, Hit, Rationale, Scope

_BATCH = 1024


class Rationales:
    """The rationales that one scope sees: its own, and those of others that are shared.

    Args:
        core: the open memory.
        scope: whose.

    Raises:
        UsageProblem: by every method, where the memory is a passage store that was given and has no file.
    """

    def __init__(self, core: Core, scope: Scope) -> None:
        self._core = core
        self._scope = scope

    def add(self, rationales: Rationale | Iterable[Rationale]) -> list[str]:
        """Keep one rationale or many and return their ids, in order. When this returns, they are on disk.

        The same problem, reasoning, answer and source is kept once, with its counts. Large batches are committed a
        thousand at a time.

        Raises:
            UsageProblem: a rationale cannot be kept; nothing was written.
            Conflict: an explicit id is taken by another rationale; the thousand that it is in was not written.
        """
        wanted = self._core.guard.rationales(_as_rationales(rationales))
        store = self._core.rationales
        ids: list[str] = []
        for start in range(0, len(wanted), _BATCH):
            some = wanted[start : start + _BATCH]
            ids += store.add(self._scope, some, self._vectors(some))
        return ids

    def get(self, id: str) -> Rationale:
        """Return the rationale with this id; `NotFound` if this scope sees none."""
        return self._core.rationales.get(self._scope, [id])[0]

    def all(self) -> Iterator[Rationale]:
        """Iterate over the rationales, in the order they were written."""
        return self._core.rationales.rationales(self._scope)

    def of(self, problem: str) -> list[Rationale]:
        """Return all attempts at a problem, right and refuted, in the order they were written.

        However the problem is spelt; of this scope's own those that were forgotten as well, and of others those that
        they have shared.

        Raises:
            UsageProblem: the problem is blank.
        """
        arguments.check_says_something(problem, "the problem")
        return list(self._core.rationales.rationales(self._scope, problem=problem))

    def count(self) -> int:
        """Return the number of rationales."""
        return self._core.rationales.count(self._scope)

    def __len__(self) -> int:
        return self.count()

    def __bool__(self) -> bool:
        return True  # no rationales yet are still a place for them

    def __repr__(self) -> str:
        return f"Rationales({self._scope})"

    def search(
        self, problem: str, k: int = 5, *, apart_from: str = "", apart_from_id: str = "", using: str = "hybrid"
    ) -> list[Hit]:
        """Return up to k rationales for a problem in words, best first; a blank problem finds nothing.

        Args:
            problem: what is to be solved.
            k: how many hits at most.
            apart_from: a problem whose own rationales are left out, such as `problem` itself.
            apart_from_id: the id of such a problem, where rationales were kept with one (`problem_id` in the metadata).
            using: `hybrid` (words and vectors), `dense` or `keyword`.

        Raises:
            UsageProblem: an argument is not of its kind, or k is less than 1.
            UnknownName: rationales are not searched that way.
        """
        arguments.check_search(k, problem=problem, apart_from=apart_from, apart_from_id=apart_from_id)
        retriever, count = self._retriever(using, apart_from), k
        while True:
            hits = retriever.retrieve(problem, count, self._scope)
            if not apart_from_id:
                return hits
            others = {one.id for one in self._there([hit.id for hit in hits]) if not _has_id(one, apart_from_id)}
            if len(others) >= k or len(hits) < count:
                return [hit for hit in hits if hit.id in others][:k]
            count *= 4

    def rejudge(self, rationales: Rationale | Iterable[Rationale]) -> list[str]:
        """Judge again what this scope has of the same problems and reasonings; return the ids of what was changed.

        Where one is refuted and the other is not, `verified` and the metadata are from now on the given ones, whatever
        answer and source it was kept with; its counts stay. What others have shared is not changed.

        Raises:
            UsageProblem: a rationale is not fit to be kept; nothing was changed.
        """
        wanted = self._core.guard.rationales(_as_rationales(rationales))
        return self._core.rationales.rejudge(self._scope, wanted)

    def record(self, id: str, *, success: bool = True) -> None:
        """Count one more time that a rationale was followed by success, or by failure; a shared one counts for all.

        Raises:
            NotFound: this scope sees no such rationale.
        """
        self._core.rationales.record(self._scope, id, success=success)

    def like(
        self,
        problem: str,
        k: int = 5,
        *,
        apart_from: str = "",
        apart_from_id: str = "",
        refuted: bool = False,
        using: str = "hybrid",
    ) -> list[Rationale]:
        """Return up to k solved problems like a problem in words, the likest first: one rationale each.

        Of a problem's rationales the one that has served best is taken: by successes and failures since, then by the
        `agreement` in its metadata, then the shortest. One that was followed by failures more often than by success
        makes its problem less like in proportion, so that it sinks. Which problem a rationale solves is a matter of the
        problem's own words, also where it was kept by its structure. The `score` of each is what they are ranked by.

        Args:
            problem: what is to be solved.
            k: how many problems at most.
            apart_from: a problem whose own rationales are left out, such as `problem` itself.
            apart_from_id: the id of such a problem, where rationales were kept with one (`problem_id` in the metadata).
            refuted: attempts that turned out wrong, and these alone.
            using: `hybrid` (words and vectors), `dense` or `keyword`.

        Raises:
            UsageProblem: an argument is not of its kind, or k is less than 1.
            UnknownName: rationales are not searched that way.
        """
        count = 8 * k
        while True:
            hits = self.search(problem, count, apart_from=apart_from, apart_from_id=apart_from_id, using=using)
            likeness = {hit.id: hit.score for hit in hits}
            found = [one for one in self._there(list(likeness)) if one.verified.startswith(REFUTED) == refuted]
            best: dict[str, Rationale] = {}
            for one in sorted(found, key=_served, reverse=True):
                best.setdefault(problem_key(one.problem, one.metadata.get(ORIGINAL)), one)
            if len(best) >= 2 * k or len(hits) < count:
                scored = [replace(one, score=likeness[one.id] * _trust(one)) for one in best.values()]
                return sorted(scored, key=lambda one: (-(one.score or 0.0), one.id))[:k]
            count *= 4

    def record_all(self, ids: Iterable[str], *, success: bool) -> int:
        """Count for each rationale that it was followed by success, or by failure; return how many there still are."""
        there = [one.id for one in self._there(list(dict.fromkeys(ids)))]
        for id in there:
            self.record(id, success=success)
        return len(there)

    def _there(self, ids: list[str]) -> list[Rationale]:
        """The rationales of these ids, without those that have gone meanwhile."""
        try:
            return self._core.rationales.get(self._scope, ids)
        except NotFound:
            wanted = set(ids)
            return [one for one in self.all() if one.id in wanted]

    aadd = awaitable(add)
    aget = awaitable(get)
    aall = awaitable_list(all)
    aof = awaitable(of)
    acount = awaitable(count)
    asearch = awaitable(search)
    arejudge = awaitable(rejudge)
    arecord = awaitable(record)
    alike = awaitable(like)
    arecord_all = awaitable(record_all)

    def _retriever(self, using: str, apart_from: str) -> Retriever:
        store = self._core.rationales
        dense = RationaleDense(store, self._core.embedder, apart_from=apart_from)
        keyword = RationaleKeyword(store, apart_from=apart_from)
        return arguments.one_way(using, dense, keyword, what="rationales")

    def _vectors(self, rationales: Sequence[Rationale]) -> Vectors:
        """Vectors (n, dim) of the problems; many rationales share one, which goes to the embedder once."""
        texts = [of_rationale(one.problem, one.reasoning, one.answer, one.source).embedded for one in rationales]
        places = {text: place for place, text in enumerate(dict.fromkeys(texts))}
        return self._core.embed(list(places))[[places[text] for text in texts]]


def _has_id(one: Rationale, id: str) -> bool:
    """Whether a rationale solves the problem of this id."""
    return str(one.metadata.get(PROBLEM_ID, "")) == id


def _trust(one: Rationale) -> float:
    """From 1 down to 0, the more often failure rather than success followed (rule of succession)."""
    return min(1.0, 2 * (one.successes + 1) / (one.successes + one.failures + 2))


def _served(one: Rationale) -> tuple[float, float, int, str]:
    """How well a rationale has served, to sort by."""
    rate = (one.successes + 1) / (one.successes + one.failures + 2)
    agreement = one.metadata.get("agreement", 0.0)
    return rate, agreement if isinstance(agreement, int | float) else 0.0, -len(one.reasoning), one.id


def _as_rationales(given: Rationale | Iterable[Rationale]) -> list[Rationale]:
    if not isinstance(given, Rationale | Iterable) or isinstance(given, str):
        raise UsageProblem(f"a {type(given).__name__} is no rationale", hint=_GIVE)
    several = [given] if isinstance(given, Rationale) else list(given)
    for number, one in enumerate(several, 1):
        if not isinstance(one, Rationale):
            raise UsageProblem(f"rationale {number} is a {type(one).__name__}", hint=_GIVE)
        check_rationale(one)
    return several


_GIVE = "Give Rationale(problem, reasoning, answer), or several of them."
