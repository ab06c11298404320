"""Looking for facts in the passages of a memory: a job that can be stopped and goes on where it was.

Each passage is on record by itself as soon as it is done, so that a kill loses the calls that were under way and
nothing else. A passage whose reply stays unreadable is marked as failed with the reason, and the job goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any, Protocol

from memagent.errors import NotFound, ReplyError, UsageProblem
from memagent.indexing.openie import entities_prompt, extract, triples_prompt
from memagent.types import Extraction, Passage, Usage, estimate_tokens

_ENTITIES, _TRIPLES = 0.25, 0.9
"""How many tokens the replies have for each of the passage, on average: measured on 1,890 Wikipedia passages."""


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
    still kept, and the same call goes on with the rest. Two jobs on one memory do the same work twice, and no harm.

    Args:
        extractions: of a memory: `memory.extractions`.
        controller: with the model, and the budget.
        concurrency: how many passages at once.
        limit: at most so many passages.
        on_progress: called after each passage, in the calling thread.

    Raises:
        BudgetExceeded: as the controller says.
        BackendError: as the controller says.
    """
    if concurrency < 1:
        raise UsageProblem(f"concurrency must be at least 1, got {concurrency!r}")
    passages = extractions.pending(limit)
    progress = Progress(len(passages))
    if not passages:
        return progress
    waiting, running = iter(passages), set[Future[Progress]]()
    with ThreadPoolExecutor(min(concurrency, len(passages)), thread_name_prefix="memagent-facts") as pool:
        for passage in waiting:
            running.add(pool.submit(_find, extractions, controller, passage))
            if len(running) >= concurrency:
                progress = _collected(running, progress, on_progress)
        while running:
            progress = _collected(running, progress, on_progress)
    return progress


def _collected(running: set[Future[Progress]], progress: Progress, on_progress: Callable[[Progress], None]) -> Progress:
    """Take what has come to its end out of `running`, and count it. An error leaves at the pool's end, which waits."""
    for future in wait(running, return_when=FIRST_COMPLETED).done:
        running.discard(future)
        one = future.result()
        progress = Progress(
            progress.total,
            progress.done + one.done,
            progress.failed + one.failed,
            progress.gone + one.gone,
            progress.facts + one.facts,
        )
        on_progress(progress)
    return progress


def _find(extractions: Keeps, controller: Runs, passage: Passage) -> Progress:
    name = str(controller.llm.name)
    try:
        try:
            found = controller.run(extract(passage.text, title=passage.title)).value
        except ReplyError as error:
            extractions.fail(passage, str(error), by=name)
            return Progress(1, failed=1)
        return Progress(1, done=1, facts=extractions.keep(passage, found, by=name))
    except NotFound:
        return Progress(1, gone=1)
