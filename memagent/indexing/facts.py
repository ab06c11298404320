"""Looking for facts in the passages of a memory: a job that can be stopped and goes on where it was.

Each passage is on record by itself as soon as it is done, so that a kill loses the calls that were under way and
nothing else. A passage whose reply stays unreadable, or that the backend refuses, is marked as failed with the reason,
and the job goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Protocol

from memagent.errors import NotFound, Refused, ReplyError, UsageProblem
from memagent.indexing.openie import entities_prompt, extract, triples_prompt
from memagent.indexing.workers import Workers
from memagent.types import Extraction, Passage, Usage, estimate_tokens

_ENTITIES, _TRIPLES = 0.25, 0.9
"""How many tokens the replies have for each of the passage, on average: measured on 1,890 Wikipedia passages."""

_NO_PERSON = ("assistant", "system", "tool")
"""In conversations, whose turns teach nothing: what a model said may have been a guess."""

_REFUSALS = 5
"""When a backend refuses so many passages in a row, it is hardly for what they say."""


class Keeps(Protocol):
    """The part of `Memory.extractions` that is needed here."""

    def pending(self, limit: int | None = None) -> list[Passage]:
        """Return the passages that are yet to be gone through."""
        ...

    def keep(self, passage: Passage, found: Extraction, *, by: str) -> int:
        """Keep what was found in a passage; return how many facts it says."""
        ...

    def fail(self, passage: Passage, problem: str, *, by: str) -> None:
        """Record that nothing could be found, and why."""
        ...


class Runs(Protocol):
    """The part of a `Controller` that is needed here."""

    @property
    def llm(self) -> Any:
        """The model, with its name and perhaps its prices."""
        ...

    @property
    def usage(self) -> Usage:
        """What was spent so far."""
        ...

    def run(self, flow: Any) -> Any:
        """Run a flow and return its result."""
        ...


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a job has come: passages in all, done, failed and gone meanwhile, and the facts they say."""

    total: int
    done: int = 0
    failed: int = 0
    gone: int = 0
    facts: int = 0

    @property
    def left(self) -> int:
        """How many passages are yet to be gone through."""
        return self.total - self.done - self.failed - self.gone

    def plus(self, other: Progress) -> Progress:
        """Return this with what came of further passages of its own."""
        return replace(
            self,
            done=self.done + other.done,
            failed=self.failed + other.failed,
            gone=self.gone + other.gone,
            facts=self.facts + other.facts,
        )


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a job will take, about: passages, calls, tokens, and US dollars, `None` where prices are not known."""

    passages: int
    calls: int
    input_tokens: int
    output_tokens: int
    cost: float | None


def estimate(passages: Sequence[Passage], llm: Any) -> Estimate:
    """Return about what looking for facts in these passages will take; calls for unreadable replies not counted."""
    inputs = outputs = 0
    for passage in passages:
        size = estimate_tokens(passage.full_text)
        entities = round(_ENTITIES * size)
        prompts = *entities_prompt(passage.text, passage.title), *triples_prompt(passage.text, passage.title, ())
        inputs += sum(estimate_tokens(message.content) for message in prompts) + entities
        outputs += entities + round(_TRIPLES * size)
    price = getattr(llm, "price", None)
    free = getattr(llm, "name", "") == "offline"
    cost = 0.0 if free else None if price is None else float(price.cost(inputs, outputs))
    return Estimate(len(passages), 2 * len(passages), inputs, outputs, cost)


def find_facts(
    extractions: Keeps,
    controller: Runs,
    *,
    concurrency: int = 8,
    limit: int | None = None,
    on_progress: Callable[[Progress], None] = lambda progress: None,
) -> Progress:
    """Look for facts in every passage that is yet to be gone through, and return how it went.

    Ctrl-C, a budget that is used up, and a backend that fails after its retries stop the job; what is under way then is
    still kept, and the same call goes on with the rest; a second Ctrl-C does not wait for it. Two jobs on one memory do
    the same work twice, and no harm.

    Args:
        extractions: of a memory: `memory.extractions`.
        controller: with the model, and the budget.
        concurrency: how many passages at once.
        limit: at most so many passages.
        on_progress: called after each passage, in the calling thread.

    Raises:
        BudgetExceeded: as the controller says.
        BackendError: as the controller says; a `Refused` only when five passages in a row were.
    """
    if concurrency < 1:
        raise UsageProblem(f"concurrency must be at least 1, got {concurrency!r}")
    if limit is not None and limit < 0:
        raise UsageProblem(f"limit must not be negative, got {limit!r}")
    passages = extractions.pending(limit)
    if not passages:
        return Progress(0)
    job = _Job(extractions, controller, on_progress, len(passages))
    running = set[Future[_Found]]()
    with Workers(job.find, min(concurrency, len(passages))) as workers:
        for passage in passages:
            running.add(workers.submit(passage))
            if len(running) >= concurrency:
                job.take(running)
        while running:
            job.take(running)
    return job.progress


class _Found(NamedTuple):
    """What came of one passage, and why its request was refused if it was."""

    progress: Progress
    refused: Refused | None = None


class _Job:
    """One call of `find_facts`: `find` runs in the workers, `take` in the thread that called."""

    def __init__(
        self, extractions: Keeps, controller: Runs, on_progress: Callable[[Progress], None], total: int
    ) -> None:
        self.progress = Progress(total)
        self._extractions = extractions
        self._controller = controller
        self._on_progress = on_progress
        self._refused_in_a_row = 0

    def find(self, passage: Passage) -> _Found:
        """Look for facts in one passage, and keep them, or why there are none."""
        try:
            return self._find(passage)
        except NotFound:
            return _Found(Progress(1, gone=1))

    def _find(self, passage: Passage) -> _Found:
        name = str(self._controller.llm.name)
        if passage.metadata.get("role") in _NO_PERSON:
            return _Found(Progress(1, done=1, facts=self._extractions.keep(passage, Extraction(), by=name)))
        try:
            found = self._controller.run(extract(passage.text, title=passage.title)).value
        except (ReplyError, Refused) as error:
            self._extractions.fail(passage, str(error), by=name)
            return _Found(Progress(1, failed=1), error if isinstance(error, Refused) else None)
        return _Found(Progress(1, done=1, facts=self._extractions.keep(passage, found, by=name)))

    def take(self, running: set[Future[_Found]]) -> None:
        """Take what has come to its end out of `running`, and count it. An error leaves it."""
        for future in wait(running, return_when=FIRST_COMPLETED).done:
            running.discard(future)
            found = future.result()
            self.progress = self.progress.plus(found.progress)
            self._on_progress(self.progress)
            self._refused_in_a_row = self._refused_in_a_row + 1 if found.refused else 0
            if found.refused and self._refused_in_a_row >= _REFUSALS:
                raise found.refused
