"""How a memory answers the steps of a flow that are about what it keeps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from memagent.errors import UsageProblem
from memagent.steps import (
    CountOutcome,
    FindRationales,
    Forget,
    KeepRationales,
    ReadPassages,
    ReadTriples,
    ReadTurns,
    Rejudge,
    Remember,
    Step,
    TriedBefore,
    WriteTriples,
)

if TYPE_CHECKING:
    from memagent.memory import Memory


def from_memory(memory: Memory, step: Step) -> Any:
    """Answer a step from a bound memory. Raises `UsageProblem` for what is no step of this kind."""
    answer = _ANSWERS.get(type(step))
    if answer is None:
        raise UsageProblem(f"{step!r} is not a step")
    return answer(memory, step)


def _learnt(memory: Memory, step: WriteTriples) -> Any:
    return memory.facts.learn(
        step.triples,
        step.sentence,
        context=step.context,
        shown=step.shown,
        speaker=step.speaker,
        confidence=step.confidence,
        relations=step.relations,
    )


def _like(memory: Memory, step: FindRationales) -> Any:
    return memory.rationales.like(
        step.problem, step.k, apart_from=step.apart_from, apart_from_id=step.apart_from_id, refuted=step.refuted
    )


_ANSWERS: Mapping[type, Callable[[Memory, Any], Any]] = {
    Remember: lambda memory, step: memory.add(step.notes),
    Forget: lambda memory, step: memory.forget(step.ids).total,
    FindRationales: _like,
    ReadTurns: lambda memory, step: memory.turns.talk(step.count, elsewhere=step.elsewhere),
    ReadPassages: lambda memory, step: memory.turns.passages(step.ids),
    KeepRationales: lambda memory, step: memory.rationales.add(step.rationales),
    TriedBefore: lambda memory, step: memory.rationales.of(step.problem),
    Rejudge: lambda memory, step: memory.rationales.rejudge(step.rationales),
    CountOutcome: lambda memory, step: memory.rationales.record_all(step.ids, success=step.success),
    ReadTriples: lambda memory, step: memory.facts.read(step.queries, limits=step.limits, as_of=step.as_of),
    WriteTriples: _learnt,
}
