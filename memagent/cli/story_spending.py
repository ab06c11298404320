"""Spending in the commands of a story: what is likely is asked for before, and what stopped it is said after."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from memagent.cli.console import complain, exit_code, money, pieced, plural, say, spent, wrapped
from memagent.errors import UsageProblem

if TYPE_CHECKING:
    from memagent.controller import Controller
    from memagent.errors import Stopped
    from memagent.story.book import Story
    from memagent.types import Usage

LIMIT = "Add --yes, or a limit such as --max-cost 0.50."


def may_spend(
    what: str, usage: Usage, model: str, *, yes: bool, quiet: bool, also: float | None = 0.0, hint: str = LIMIT
) -> None:
    """Say what something is likely to use; ask where it may cost something, unless `yes` says that it may.

    Args:
        what: what it is for, as a person reads it.
        usage: the calls and tokens that are guessed.
        model: who is asked.
        yes: it may cost what it costs.
        quiet: say nothing.
        also: what else it costs, in dollars; `None` where that is not known.
        hint: what to do where there is nobody to ask.

    Raises:
        UsageProblem: it may cost something, and nobody is there to ask.
        click.Abort: the person does not want it.
    """
    from memagent.story.estimate import cost_of

    calls = cost_of(model, usage.input_tokens, usage.output_tokens)
    cost = None if calls is None or also is None else calls + also
    price = f"about {money(cost)}" if cost is not None else "cost unknown: a price is not in the table"
    tokens = f"~{usage.input_tokens:,} tokens in, ~{usage.output_tokens:,} out"
    say(pieced(f"{what}: {plural(usage.calls, 'call')}", tokens, f"{price} (a guess, ±40 %)"), quiet=quiet)
    if yes or cost == 0.0:
        return
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageProblem("this may cost something, and nobody is there to say yes", hint=hint)
    click.confirm("Go on?", default=True, abort=True, err=True)


def limited(
    story: Story, model: str | None, max_cost: float | None, max_tokens: int | None = None, *, chapters: int = 3
) -> Controller:
    """Return who makes the calls of a command, within its limits. Call it inside `editing`."""
    from memagent.budget import Budget
    from memagent.story.spending import controller

    return controller(story, model, story.memory, budget=Budget(cost=max_cost, tokens=max_tokens), chapters=chapters)


def higher_cost(stop: Stopped, max_cost: float | None) -> str:
    """Return the option with a limit that the next call fits into; empty where no limit on the cost was given."""
    if max_cost is None:
        return ""
    need = getattr(stop, "need", {}).get("cost", 0.0)
    limit = max(2 * max_cost, float(f"{2 * need:.2g}"))
    return f" --max-cost {limit:.12g}" if limit else ""


def stopped(stop: Stopped, go_on: str) -> int:
    """Say what stopped a run, whether anything that was paid for is lost, and how to go on; return the exit code."""
    cut = getattr(stop, "cut", None)
    lost = f"A reply that was longer than usual was cut there and is of no use: {spent(cut)}." if cut else ""
    complain(stop.message, wrapped(f"{lost} All before it is kept." if lost else "Nothing is lost.", 76) + f"\n{go_on}")
    return exit_code(stop)
