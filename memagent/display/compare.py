"""One table for all: the same question, answered in several ways, with what each answer cost and rests on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from memagent.controller import Result
from memagent.display import costs, hits, lines
from memagent.display.markup import Content, chip, joined, quiet, table, tag
from memagent.display.shapes import TEXT, bar, unbroken
from memagent.display.timeline import total
from memagent.display.view import View
from memagent.errors import UsageProblem
from memagent.shown import Shown
from memagent.steps import Retrieve
from memagent.trace import Trace
from memagent.types import Answer, Hit, Usage


@dataclass(frozen=True, slots=True)
class Compared:
    """One way of answering: its name, the answer, what it cost, its seconds and searches, and what it rests on."""

    method: str
    answer: str
    usage: Usage
    seconds: float
    searches: int
    evidence: tuple[Hit, ...] = ()
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Comparison(Shown):
    """A question and how several methods answered it; see `compare`."""

    question: str
    rows: tuple[Compared, ...]


def compare(question: str, results: Mapping[str, Result[Any] | Exception]) -> Comparison:
    """Put the results of the same question beside each other, in the order given.

    Args:
        question: what was asked.
        results: by the name of the method, the result of its run. What is no `Answer` is shown as its text. A method
            that failed is told by its exception.

    Raises:
        UsageProblem: there is nothing to compare, or a value is neither a result nor an exception.
    """
    if not results:
        raise UsageProblem("there is nothing to compare", hint='Give results by name: {"plain": controller.run(...)}.')
    return Comparison(question, tuple(_row(name, result) for name, result in results.items()))


def _row(name: str, result: Result[Any] | Exception) -> Compared:
    if isinstance(result, Exception):
        return _compared(name, "", getattr(result, "trace", None), (), (f"{type(result).__name__}: {result}",))
    if not isinstance(result, Result):
        raise UsageProblem(f"{name}: a {type(result).__name__} is no result", hint="Give what Controller.run returned.")
    value = result.value
    if isinstance(value, Answer):
        return _compared(name, value.text, result.trace, value.hits, value.problems)
    return _compared(name, str(getattr(value, "text", value)), result.trace)


def _compared(
    name: str,
    answer: str,
    trace: Trace | None,
    evidence: tuple[Hit, ...] = (),
    problems: tuple[str, ...] = (),
) -> Compared:
    made = trace if trace is not None else Trace()
    searches = sum(isinstance(record.step, Retrieve) for record in made)
    return Compared(name, answer, made.usage, total(made), searches, evidence, problems)


def view_of(compared: Comparison) -> View:
    """Return the table of a comparison."""
    most = max(row.usage.tokens for row in compared.rows) or 1
    head = ("method", "answer", "calls", "searches", "tokens", "cost", "time", "rests on")
    body = [_cells(row, most) for row in compared.rows]
    text = [lines.wrapped(compared.question), "", _table(compared)]
    for row in compared.rows:
        told = row.answer or "; ".join(row.problems) or "(no answer)"
        text += ["", lines.wrapped(told, "  ", f"{lines.line(row.method, 30)}: ", most=800)]
        text += [lines.wrapped(f"rests on: {hits.names(row.evidence)}", "      ", "    - ")] if row.evidence else []
    return View("\n".join(text), joined([tag("b", lines.cut(compared.question, 1000)), table(head, body)]))


def _table(compared: Comparison) -> str:
    rows = [
        (
            row.method,
            f"{row.usage.calls:,}",
            f"{row.searches:,}",
            f"{row.usage.tokens:,}",
            costs.money(row.usage),
            lines.seconds(row.seconds),
            f"{len(row.evidence):,}",
        )
        for row in compared.rows
    ]
    return lines.rows(
        ("method", "calls", "searches", "tokens", "cost", "time", "passages"), rows, (0, 5, 8, 9, 13, 9, 8)
    )


def _cells(row: Compared, most: int) -> tuple[Content, ...]:
    failed = (
        joined([chip("problem", "low"), " ", quiet(lines.cut("; ".join(row.problems), 400))]) if row.problems else ""
    )
    answer = [tag("div", lines.cut(row.answer, 900), style=TEXT), failed]
    about = "about " if row.usage.estimated else ""
    tokens = joined([unbroken(f"{about}{row.usage.tokens:,} "), tag("div", bar(row.usage.tokens / most, width=4))])
    return (
        unbroken(tag("b", lines.line(row.method, 30))),
        joined(answer),
        row.usage.calls,
        row.searches,
        tokens,
        unbroken(costs.money(row.usage)),
        unbroken(lines.seconds(row.seconds)),
        hits.passages(row.evidence[:8], scores=False) or quiet("none"),
    )
