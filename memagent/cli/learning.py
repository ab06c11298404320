"""`memagent learn | solve`: reasoning that led to right answers, kept and used again."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from memagent.cli.console import complain, dim, emit, exit_code, hush, plural, say, shortened, spent
from memagent.cli.learning_run import Learning
from memagent.cli.learning_tally import Tally
from memagent.cli.options import (
    check_query,
    db_option,
    embedder_option,
    json_option,
    max_cost_option,
    open_memory,
    scope_options,
)
from memagent.cli.problems import checked_by, problems_in
from memagent.errors import BackendError, ConfigError

if TYPE_CHECKING:
    from memagent.controller import Controller, Result
    from memagent.flow import Flow
    from memagent.methods.arm_rag import Key, Solved
    from memagent.types import Answer

_OFFLINE = "the offline backend solves no problems"
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
@click.option(
    "--samples",
    type=click.IntRange(0, 50),
    default=0,
    help="Let the model try each problem so many times, besides FILE's attempts; what was tried before counts.",
)
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
    All of it is read before anything is kept; learning it again keeps nothing twice. Attempts that the memory has are
    judged again: where a known answer was corrected, what was right is no example any more, or the reverse. A model is
    not asked again for attempts that it has made, at problems of which any was kept.
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
            raise ConfigError(_OFFLINE, hint=_CHOOSE)
        tally = Tally(len(problems))
        learning = Learning(controller, memory, tally, samples)
        try:
            for one in problems:
                learning.learn(one, shared=shared, source=str(file), failures=failures, key=key)
                tally.progress(quiet or as_json)
        finally:  # what was learnt until Ctrl-C, or a limit, is kept, and said
            tally.report(controller.usage, as_json)
            say(dim(f"{controller.llm.name}: {spent(controller.usage)}"), quiet=quiet or as_json or not needs_model)
    if not tally.untried:
        return 0
    what = f"{plural(tally.untried, 'problem')} could not be tried"
    complain(what, "What was learnt is kept; learn the file again for the rest.")
    return exit_code(BackendError(what))


@click.command()
@click.argument("problem")
@click.option("-k", default=5, show_default=True, type=click.IntRange(0, 50), help="How many examples to show.")
@click.option("--gold", help="The known answer: what is right is learnt, and examples count what followed.")
@check_option
@key_option
@click.option("--id", default="", help="The problem's id: what was learnt of the problem with this id is no example.")
@click.option("--contrast", type=click.IntRange(0, 10), default=0, help="Show so many wrong attempts as well.")
@click.option(
    "--failures", is_flag=True, help="With --gold, keep a wrong solution too, marked as such: for --contrast."
)
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
    """Solve a problem with like ones as examples; with --gold, learn from how it went.

    Whether a solution is right is known with --gold alone; any other is said to be unverified. Without a model nothing
    is solved: solved problems like it are shown, and the exit code is 3.
    """
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
        flow = arm_rag.solve(
            problem, k=k, id=id, check=check, key=key, contrast=contrast, failures=failures, shared=shared
        )
        result = controller.run(flow)
    solved = result.value
    if as_json:
        _emit(solved, result)
    elif solved.answer.text:
        click.echo(solved.answer.text)
        _examples(solved.answer)
        for line in _verdict(solved):
            click.echo(line)
    if solved.answer.text and not solved.verdict:
        say("unverified: no known answer was given, as with --gold", quiet=quiet or as_json)
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
        _emit(Solved(replace(answer, problems=(*answer.problems, _OFFLINE)), None), result)
    else:
        _examples(answer)
    found = "Above are solved problems like it.\n" * bool(answer.hits and not as_json)
    complain(f"not solved: {_OFFLINE}", found + _CHOOSE)
    return exit_code(ConfigError(_OFFLINE))


def _emit(solved: Solved, result: Result[Any]) -> None:
    verified = solved.verdict is not None and solved.verdict.right is True
    emit(
        {
            **asdict(solved),
            "solved": bool(solved.answer.text),
            "verified": verified,
            "usage": asdict(result.usage),
            "trace": result.trace.as_json(),
        }
    )


def _examples(answer: Answer) -> None:
    for number, hit in enumerate(answer.hits, 1):
        click.echo(dim(f"[{number}] {shortened(hit.text, 74)}\n    score {hit.score:.2f}, {hit.why}"))


def _verdict(solved: Solved) -> Iterator[str]:
    """How a solution was judged and what was kept of it, in lines that fit."""
    verdict = solved.verdict
    if verdict is None:
        return
    said = "cannot be judged" if verdict.right is None else "right" if verdict.right else "wrong"
    learnt = f"; {'learnt' if verdict.right else 'kept as a failure'} as {solved.learnt[0]}" if solved.learnt else ""
    line = f"{said}: {verdict.why}"
    if len(line + learnt) < 80:
        yield line + learnt
    else:
        yield textwrap.fill(line, 79, subsequent_indent="  ")
        if learnt:
            yield f"  {learnt[2:]}"
