"""`memagent learn | solve`: reasoning that led to right answers, kept and used again."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from memagent.cli.console import complain, dim, emit, exit_code, hush, plural, say, shortened, spent
from memagent.cli.options import (
    check_query,
    db_option,
    embedder_option,
    json_option,
    max_cost_option,
    open_memory,
    scope_options,
)
from memagent.errors import BackendError, UsageProblem

if TYPE_CHECKING:
    from memagent.controller import Controller
    from memagent.methods.arm_rag import Key, Learnt
    from memagent.methods.verifying import Check

_SHOWN = 10  # refused attempts that are listed
_FAILURES = 3  # problems in a row for which no attempt came, before anything was tried, that end it
check_option = click.option(
    "--check",
    "how",
    type=click.Choice(["numeric", "exact"]),
    default="numeric",
    show_default=True,
    help="How an answer in a box is compared with the known one: by value, or by its words.",
)
key_option = click.option(
    "--key",
    type=click.Choice(["plain", "obfuscated", "structure"]),
    default="plain",
    show_default=True,
    help="By what like problems are found: as they are, without their nouns, or both sides by structure.",
)


@click.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@check_option
@key_option
@click.option("--samples", type=click.IntRange(0, 50), default=0, help="Let the model try each problem so many times.")
@click.option("--failures", is_flag=True, help="Keep wrong attempts too, marked as such.")
@click.option("--shared", is_flag=True, help="Let every user of the memory see what is learnt.")
@click.option("-m", "--model", default=None, help="Which model tries; see memagent --help.")
@max_cost_option
@scope_options
@db_option
@embedder_option
@json_option
@click.option("-q", "--quiet", is_flag=True, help="Say nothing but what was learnt.")
def learn(
    file: Path,
    how: str,
    key: Key,
    samples: int,
    failures: bool,
    shared: bool,
    model: str | None,
    max_cost: float | None,
    db: Path,
    embedder: str | None,
    as_json: bool,
    quiet: bool,
    **scope: str | None,
) -> int:
    r"""Learn from attempts at problems: those whose answer is right are kept.

    FILE has a JSON object a line: "question" (or "problem"), "gold" (or "answer"), and "attempts", a list of texts with
    their answers in \boxed{}. All of it is read before anything is kept; learning it again keeps nothing twice.
    """
    from memagent.budget import Budget
    from memagent.controller import Controller
    from memagent.methods import arm_rag

    hush(quiet)
    problems = list(_problems(file, how, samples))
    if not problems:
        raise UsageProblem(f"{file} has no problems", hint='Give a JSON object a line, with "question" and "gold".')
    totals: Counter[str] = Counter()
    refused: list[dict[str, str]] = []
    with open_memory(db, embedder, new=True) as memory:
        needs_model = samples or key != "plain"
        controller = Controller(model if needs_model else "offline", memory.bind(**scope), budget=Budget(cost=max_cost))
        sampled = _Sampled(controller)
        for number, (problem, attempts, check) in enumerate(problems, 1):
            if samples:
                attempts = [*attempts, *sampled.of(problem, samples)]
            found: Learnt = controller.run(
                arm_rag.learn(
                    problem,
                    attempts,
                    check,
                    shared=shared,
                    source=str(file),
                    failures=failures,
                    key=key,
                )
            ).value
            totals.update(kept=len(found.ids), right=found.right, wrong=found.wrong, unclear=found.unclear)
            refused += [{"problem": problem, "why": one.why} for one in found.verdicts if not one.right]
            _progress(number, len(problems), quiet or as_json)
    counts = {name: totals[name] for name in ("kept", "right", "wrong", "unclear")}
    if as_json:
        emit({"problems": len(problems), **counts, "refused": refused, "failed": sampled.failed})
    else:
        _tell(len(problems), counts, refused)
        say(dim(f"{controller.llm.name}: {spent(controller.usage)}"), quiet=quiet or not needs_model)
    return sampled.told()


def _tell(problems: int, counts: dict[str, int], refused: list[dict[str, str]]) -> None:
    click.echo(f"{plural(problems, 'problem')}: " + ", ".join(f"{n} {name}" for name, n in counts.items()))
    for one in refused[:_SHOWN]:
        click.echo(f"not kept: {one['why']} ({shortened(one['problem'], 60)})")
    if len(refused) > _SHOWN:
        click.echo(f"and {len(refused) - _SHOWN} more; --json lists all")


class _Sampled:
    """Attempts of the model; problems for which none came are told, and many of them at the very beginning end it."""

    def __init__(self, controller: Controller) -> None:
        self._controller = controller
        self._any = False
        self.failed: list[str] = []

    def of(self, problem: str, count: int) -> list[str]:
        """Let the model try a problem. Raises `BackendError` where it has answered nothing from the beginning on."""
        from memagent.methods import arm_rag

        try:
            attempts = self._controller.run(arm_rag.attempts(problem, count)).value
        except BackendError as error:
            self.failed.append(error.message)
            if len(self.failed) >= _FAILURES and not self._any:
                raise
            complain(error.message)
            return []
        self._any = True
        return attempts

    def told(self) -> int:
        """Say how many problems could not be tried; return the exit code."""
        if not self.failed:
            return 0
        what = f"{plural(len(self.failed), 'problem')} could not be tried"
        complain(what, "What was learnt is kept; learn the file again for the rest.")
        return exit_code(BackendError(what))


@click.command()
@click.argument("problem")
@click.option("-k", default=5, show_default=True, type=click.IntRange(0, 50), help="How many examples to show.")
@click.option("--gold", help="The known answer: what is right is learnt, and examples count what followed.")
@check_option
@key_option
@click.option("--contrast", type=click.IntRange(0, 10), default=0, help="Show so many wrong attempts as well.")
@click.option("--shared", is_flag=True, help="Let every user of the memory see what is learnt.")
@click.option("-m", "--model", default=None, help="Which model solves; see memagent --help.")
@max_cost_option
@scope_options
@db_option
@embedder_option
@json_option
@click.option("-q", "--quiet", is_flag=True, help="Say nothing but the solution.")
def solve(
    problem: str,
    k: int,
    gold: str | None,
    how: str,
    key: Key,
    contrast: int,
    shared: bool,
    model: str | None,
    max_cost: float | None,
    db: Path,
    embedder: str | None,
    as_json: bool,
    quiet: bool,
    **scope: str | None,
) -> int:
    """Solve a problem with like ones as examples; with --gold, learn from how it went."""
    from memagent.budget import Budget
    from memagent.controller import Controller
    from memagent.methods import arm_rag

    check_query(problem)
    hush(quiet)
    check = None if gold is None else _check(how, gold)
    with open_memory(db, embedder, new=True) as memory:
        controller = Controller(model, memory.bind(**scope), budget=Budget(cost=max_cost))
        result = controller.run(arm_rag.solve(problem, k=k, check=check, key=key, contrast=contrast, shared=shared))
    solved = result.value
    if as_json:
        emit({**asdict(solved), "usage": asdict(result.usage), "trace": result.trace.as_json()})
    elif solved.answer.text:
        click.echo(solved.answer.text)
        for number, hit in enumerate(solved.answer.hits, 1):
            click.echo(dim(f"[{number}] {shortened(hit.text, 100)} ({hit.why})"))
        if solved.verdict is not None:
            learnt = f"; learnt as {solved.learnt[0]}" if solved.learnt else ""
            click.echo(f"{_said(solved.verdict.right)}: {solved.verdict.why}{learnt}")
    for one in solved.answer.problems:
        complain(one)
    say(dim(f"{controller.llm.name}: {spent(result.usage)}"), quiet=quiet or as_json)
    return 0 if solved.answer.text else 4


def _said(right: bool | None) -> str:
    return "cannot be judged" if right is None else "right" if right else "wrong"


def _check(how: str, gold: str) -> Check:
    from memagent.methods.verifying import exact, numeric

    return numeric(gold) if how == "numeric" else exact(gold)


def _problems(file: Path, how: str, samples: int) -> Iterator[tuple[str, list[str], Check]]:
    """The problems of a file with their attempts and checks; what is not of that form is refused with its line."""
    try:
        lines = file.read_text(encoding="utf-8-sig").split("\n")  # not splitlines(), which cuts JSON at U+2028
    except UnicodeDecodeError as error:
        raise UsageProblem(f"{file} is not UTF-8 text", hint="Convert it first.") from error
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            one: Any = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise UsageProblem(f"line {number} of {file} is no JSON: {error}") from error
        if not isinstance(one, dict):
            raise UsageProblem(f"line {number} of {file} is no JSON object")
        problem, gold = one.get("question", one.get("problem")), _gold(one)
        attempts = one.get("attempts", [])
        if not isinstance(problem, str) or not problem.strip() or not isinstance(gold, str | int | float):
            raise UsageProblem(f'line {number} of {file} needs "question" and "gold"')
        if not isinstance(attempts, list) or not all(isinstance(text, str) and text.strip() for text in attempts):
            raise UsageProblem(f'"attempts" in line {number} of {file} is no list of texts')
        if not attempts and not samples:
            raise UsageProblem(f"line {number} of {file} has no attempts", hint="Let the model try: --samples 5.")
        try:
            yield problem, attempts, _check(how, str(gold))
        except UsageProblem as error:
            hint = "Give answers that are words with --check exact."
            raise UsageProblem(f"line {number} of {file}: {error.message}", hint=hint) from error


def _gold(one: dict[str, Any]) -> Any:
    """The known answer; of GSM8K's, which have the reasoning before it, what stands behind `####`."""
    gold = one.get("gold", one.get("answer"))
    return gold.rpartition("####")[2].strip() if isinstance(gold, str) else gold


def _progress(number: int, total: int, quiet: bool) -> None:
    if sys.stderr.isatty() and not quiet and (number % 20 == 0 or number == total):
        click.echo(f"\r\x1b[K{number} of {total} problems\r", err=True, nl=False)
