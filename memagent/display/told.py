"""Each step of a run in words: its kind, what it asked, and what came of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from memagent.display import lines
from memagent.steps import (
    AskTime,
    CountOutcome,
    Execute,
    FindRationales,
    Forget,
    Generate,
    Inquire,
    KeepRationales,
    ReadPassages,
    ReadTriples,
    ReadTurns,
    Rejudge,
    Remember,
    Retrieve,
    Say,
    Tell,
    TriedBefore,
    WriteTriples,
)
from memagent.trace import Record


def told(record: Record) -> tuple[str, str]:
    """Return the kind of a step, and in words what it asked and what came of it."""
    step = record.step
    kind, said = _STEPS.get(type(step), (type(step).__name__.lower(), lambda step, answer: ""))
    return kind, said(step, record.answer)


def _generate(step: Generate, answer: Any) -> str:
    return step.request.label or (step.request.messages[-1].content if step.request.messages else "")


def _retrieve(step: Retrieve, answer: Any) -> str:
    return f"{_count(answer, 'hit')} for {step.query}"


def _remember(step: Remember, answer: Any) -> str:
    return f"{lines.number(len(step.notes), 'note')}: {'; '.join(note.text for note in step.notes)}"


def _turns(step: ReadTurns, answer: Any) -> str:
    return "what its user said last elsewhere" if step.elsewhere else "the last turns of the conversation"


def _find(step: FindRationales, answer: Any) -> str:
    return f"{_count(answer, 'rationale')} like {step.problem}"


def _keep(step: KeepRationales, answer: Any) -> str:
    return f"{lines.number(len(step.rationales), 'rationale')} for {_problem(step)}"


def _tried(step: TriedBefore, answer: Any) -> str:
    return f"{_count(answer, 'attempt')} kept before for {step.problem}"


def _rejudge(step: Rejudge, answer: Any) -> str:
    return f"{_count(answer, 'verdict')} changed, of attempts kept for {_problem(step)}"


def _outcome(step: CountOutcome, answer: Any) -> str:
    became = "right" if step.success else "wrong"
    return f"{lines.number(len(step.ids), 'example')} shown before a {became} answer"


def _problem(step: KeepRationales | Rejudge) -> str:
    return step.rationales[0].problem if step.rationales else "no problem"


def _read(step: ReadTriples, answer: Any) -> str:
    return "; ".join(" · ".join(place or "?" for place in (q.subject, q.relation, q.object)) for q in step.queries)


def _write(step: WriteTriples, answer: Any) -> str:
    return f"{lines.number(len(step.triples), 'fact')} from {step.sentence}"


def _count(answer: Any, one: str) -> str:
    return lines.number(len(answer), one) if isinstance(answer, list) and answer else f"no {one}s"


_STEPS: dict[type[Any], tuple[str, Callable[[Any, Any], str]]] = {
    Generate: ("generate", _generate),
    Retrieve: ("retrieve", _retrieve),
    Remember: ("remember", _remember),
    ReadTurns: ("read turns", _turns),
    ReadPassages: ("read passages", lambda step, answer: _count(answer, "passage")),
    Forget: ("forget", lambda step, answer: lines.number(len(step.ids), "passage")),
    Execute: ("run", lambda step, answer: step.program),
    FindRationales: ("find", _find),
    KeepRationales: ("keep", _keep),
    TriedBefore: ("look back", _tried),
    Rejudge: ("judge again", _rejudge),
    CountOutcome: ("count", _outcome),
    ReadTriples: ("read", _read),
    WriteTriples: ("write", _write),
    Inquire: ("inquire", lambda step, answer: "what the model can do"),
    AskTime: (
        "ask time",
        lambda step, answer: answer.isoformat(" ", "minutes") if isinstance(answer, datetime) else "",
    ),
    Say: ("say", lambda step, answer: step.text),
    Tell: ("tell", lambda step, answer: step.text),
}
"""The kind of each step in a word or two, and the function that says what it was about."""
