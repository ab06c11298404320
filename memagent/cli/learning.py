"""`memagent learn | solve`: reasoning that led to right answers, kept and used again."""

from __future__ import annotations

import sys
import textwrap
from collections import Counter
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from memagent.cli.console import complain, dim, emit, hush, plural, say, shortened, spent
from memagent.cli.options import (
    check_query,
    db_option,
    embedder_option,
    json_option,
    max_cost_option,
    open_memory,
    scope_options,
)
from memagent.cli.problems import Given, checked_by, problems_in
from memagent.errors import ConfigError

if TYPE_CHECKING:
    from memagent.controller import Controller
    from memagent.flow import Flow
    from memagent.methods.arm_rag import Learnt, Tried
    from memagent.methods.arm_rag_examples import Key
    from memagent.types import Answer

_SHOWN = 10  # refused attempts, and failed ones, that are listed
_PATIENCE = 3  # problems in a row that the model makes no attempt at, before it is asked no more
_CHOOSE = "Choose a model with -m or MEMAGENT_LLM; see memagent --help."
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

    FILE has a JSON object a line: "question" (or "problem"), "gold" (or "answer"; of a solution that ends with
    "#### 72", what stands there), and "attempts", a list of texts with their answers in \boxed{}; "id" if it has one.
    All of it is read before anything is kept; learning it again keeps nothing twice.
    """
    from memagent.budget import Budget
    from memagent.controller import Controller

    hush(quiet)
    problems = problems_in(file, how, tried=bool(samples))
    needs_model = bool(samples) or key != "plain"
    with open_memory(db, embedder, new=True) as opened:
        memory = opened.bind(**scope)
        controller = Controller(model if needs_model else "offline", memory, budget=Budget(cost=max_cost))
        if samples and controller.llm.name == "offline":
            raise ConfigError("the offline backend solves no problems", hint=_CHOOSE)
        before, tally = memory.rationales.count(), _Tally(len(problems))
        try:
            for one in problems:
                _learn_one(controller, one, samples, tally, shared=shared, source=str(file), failures=failures, key=key)
                _progress(tally, quiet or as_json)
        finally:  # what was learnt until Ctrl-C, or a limit, is kept, and said
            tally.new = max(0, memory.rationales.count() - before)
            _report(tally, as_json)
    say(dim(f"{controller.llm.name}: {spent(controller.usage)}"), quiet=quiet or not needs_model)
    if tally.asked and tally.unanswered == tally.asked:
        complain(f"the model made none of {plural(tally.asked, 'attempt')}: {tally.failed[0]['why']}")
        return 4
    return 0


@dataclass
class _Tally:
    """What has been learnt so far.

    Attributes:
        problems: how many there are, and `done` how many of them have been learnt from.
        kept: rationales that are in the memory now, and `new` how many of these were not before.
        counts: right, wrong and unclear attempts.
        refused: attempts that were not right, with their problem and why.
        asked: attempts that a model was asked for, and `unanswered` how many of them did not come about.
        failed: problems with attempts that did not come about, how many, and why.
        in_vain: how many problems in a row the model has now made no attempt at.
    """

    problems: int
    done: int = 0
    kept: int = 0
    new: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    refused: list[dict[str, str]] = field(default_factory=list)
    asked: int = 0
    unanswered: int = 0
    failed: list[dict[str, Any]] = field(default_factory=list)
    in_vain: int = 0

    def tried(self, problem: str, tried: Tried) -> None:
        """Count the attempts of a model at a problem."""
        self.asked += len(tried) + len(tried.problems)
        self.unanswered += len(tried.problems)
        self.in_vain = 0 if tried.texts else self.in_vain + 1
        if tried.problems:
            self.failed.append({"problem": problem, "attempts": len(tried.problems), "why": tried.problems[0]})

    def learnt(self, problem: str, found: Learnt) -> None:
        """Count what was learnt of a problem."""
        self.kept += len(found.ids)
        self.counts.update(right=found.right, wrong=found.wrong, unclear=found.unclear)
        self.refused += [{"problem": problem, "why": one.why} for one in found.verdicts if not one.right]


def _learn_one(controller: Controller, one: Given, samples: int, tally: _Tally, **options: Any) -> None:
    """Learn from the attempts at a problem, and from those that the model makes, unless it makes none any more."""
    from memagent.methods import arm_rag

    attempts = list(one.attempts)
    if samples and tally.in_vain < _PATIENCE:
        tried = controller.run(arm_rag.attempts(one.problem, samples)).value
        tally.tried(one.problem, tried)
        attempts += tried
    elif samples:
        why = f"not asked for: {plural(_PATIENCE, 'problem')} in a row had failed"
        tally.failed.append({"problem": one.problem, "attempts": samples, "why": why})
    if attempts:
        flow = arm_rag.learn(one.problem, attempts, one.check, id=one.id, **options)
        tally.learnt(one.problem, controller.run(flow).value)
    tally.done += 1


def _report(tally: _Tally, as_json: bool) -> None:
    counts = {name: tally.counts[name] for name in ("right", "wrong", "unclear")}
    known = max(0, tally.kept - tally.new)
    if as_json:
        some = {"problems": tally.problems, "done": tally.done, "kept": tally.new, "known": known, **counts}
        emit({**some, "asked": tally.asked, "unanswered": tally.unanswered, "failed": tally.failed,
              "refused": tally.refused})  # fmt: skip
        return
    kept = f"{tally.new:,} kept" + (f" ({known:,} known before)" if known else "")
    of = "" if tally.done == tally.problems else f"{tally.done:,} of "
    judged = ", ".join(f"{number:,} {name}" for name, number in counts.items())
    click.echo(f"{of}{plural(tally.problems, 'problem')}: {kept}, {judged}")
    for one in tally.refused[:_SHOWN]:
        click.echo(f"not kept: {one['why']} ({shortened(one['problem'], 60)})")
    _more(tally.refused)
    if tally.failed:
        failed, where = plural(tally.asked, "attempt"), plural(len(tally.failed), "problem")
        complain(f"{tally.unanswered:,} of {failed} failed, at {where}")
    said_last = ""
    for one in tally.failed[:_SHOWN]:
        say(f"  {one['attempts']} failed: {shortened(one['problem'], 60)}")
        if one["why"] != said_last:
            say(textwrap.fill(one["why"], 78, initial_indent="    ", subsequent_indent="    "))
        said_last = one["why"]
    _more(tally.failed, err=True)


def _more(listed: list[Any], err: bool = False) -> None:
    if len(listed) > _SHOWN:
        click.echo(f"and {len(listed) - _SHOWN:,} more; --json lists all", err=err)


@click.command()
@click.argument("problem")
@click.option("-k", default=5, show_default=True, type=click.IntRange(0, 50), help="How many examples to show.")
@click.option("--gold", help="The known answer: what is right is learnt, and examples count what followed.")
@check_option
@key_option
@click.option("--id", default="", help="The problem's id: what was learnt of the problem with this id is no example.")
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
    id: str,
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
    from memagent.methods.arm_rag_examples import like

    check_query(problem)
    hush(quiet)
    check = None if gold is None else checked_by(how, gold)
    with open_memory(db, embedder, new=True) as memory:
        controller = Controller(model, memory.bind(**scope), budget=Budget(cost=max_cost))
        if controller.llm.name == "offline":
            return _only_like(controller, like(problem, k=k, id=id, key=key), as_json)
        flow = arm_rag.solve(problem, k=k, id=id, check=check, key=key, contrast=contrast, shared=shared)
        result = controller.run(flow)
    solved = result.value
    if as_json:
        emit({**asdict(solved), "usage": asdict(result.usage), "trace": result.trace.as_json()})
    elif solved.answer.text:
        click.echo(solved.answer.text)
        _examples(solved.answer)
        if solved.verdict is not None:
            learnt = f"; learnt as {solved.learnt[0]}" if solved.learnt else ""
            click.echo(f"{_said(solved.verdict.right)}: {solved.verdict.why}{learnt}")
    for one in solved.answer.problems:
        complain(one)
    say(dim(f"{controller.llm.name}: {spent(result.usage)}"), quiet=quiet or as_json)
    return 0 if solved.answer.text else 4


def _only_like(controller: Controller, flow: Flow[Answer], as_json: bool) -> int:
    """Show solved problems like one that nobody is there to solve."""
    from memagent.methods.arm_rag import Solved

    result = controller.run(flow)
    answer = result.value
    if as_json:
        solved = Solved(replace(answer, problems=(*answer.problems, "the offline backend solves no problems")), None)
        emit({**asdict(solved), "usage": asdict(result.usage), "trace": result.trace.as_json()})
    else:
        _examples(answer)
    found = "Above are solved problems like it. " * bool(answer.hits and not as_json)
    complain("the offline backend solves no problems", found + _CHOOSE)
    return 0 if answer.hits else 4


def _examples(answer: Answer) -> None:
    for number, hit in enumerate(answer.hits, 1):
        click.echo(dim(f"[{number}] {shortened(hit.text, 74)}\n    {hit.why}"))


def _said(right: bool | None) -> str:
    return "cannot be judged" if right is None else "right" if right else "wrong"


def _progress(tally: _Tally, quiet: bool) -> None:
    if sys.stderr.isatty() and not quiet and (tally.done % 20 == 0 or tally.done == tally.problems):
        click.echo(f"\r\x1b[K{tally.done} of {tally.problems} problems\r", err=True, nl=False)
