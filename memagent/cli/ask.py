"""`memagent ask`: an answer from the memory, by the method of one's choice, and how it came about."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from memagent.cli.console import ProseOut, complain, dim, emit, hush, plain, say, spent
from memagent.cli.explaining import explained
from memagent.cli.notes import where
from memagent.cli.options import (
    check_query,
    db_option,
    embedder_option,
    json_option,
    max_cost_option,
    open_memory,
    scope_options,
)
from memagent.errors import MemagentError, UsageProblem
from memagent.methods.names import BY_GRAPH, BY_TRIPLES, METHODS

if TYPE_CHECKING:
    from memagent.controller import Controller
    from memagent.flow import Event
    from memagent.trace import Trace
    from memagent.types import Answer

_OWN = {
    "theta": ("flare", "rat"),
    "beta": ("flare",),
    "confidence": ("flare",),
    "gate": ("rat",),
    "domain": ("rat",),
    "scope": ("rat",),
    "query": ("rat",),
}
"""The options that not every method has, and the methods that have them."""
_RELATIONS = 100  # shown to a model that reads triples
_NO_ANSWER = 4  # as where the model fails at once


@click.command()
@click.argument("question")
@click.option("-k", default=None, type=click.IntRange(1, 100), help="How many passages a look-up gives; 5, or 3.")
@click.option(
    "--method",
    default="plain",
    show_default=True,
    type=click.Choice(list(METHODS)),
    help="How to answer; see the README's table of methods.",
)
@click.option("--using", help="hybrid, dense, keyword or graph; hipporag and ircot search by graph, the others hybrid.")
@click.option("-m", "--model", default=None, help="Which model answers; see memagent --help.")
@click.option(
    "--theta",
    type=click.FloatRange(0, 1),
    help="flare: look up a sentence with a token less likely than it; rat with --gate: a step of less confidence.",
)
@click.option("--beta", type=click.FloatRange(0, 1), help="flare: leave tokens below this out of a query.")
@click.option(
    "--confidence",
    type=click.Choice(["auto", "logprobs", "agreement", "doubt"]),
    help="flare: how the model's confidence is measured.",
)
@click.option(
    "--gate",
    type=click.Choice(["logprobs", "agreement", "doubt"]),
    help="rat: look up only the steps of which the model is unsure, by this measure.",
)
@click.option(
    "--domain", type=click.Choice(["writing", "planning", "maths", "code"]), help="rat: what kind of task it is."
)
@click.option(
    "--scope",
    "revise",
    type=click.Choice(["prefix", "step"]),
    help="rat: what a revision may change, the text so far or its newest step.",
)
@click.option(
    "--query",
    type=click.Choice(["llm", "draft", "step"]),
    help="rat: what is looked up: what the model asks, task and text so far, or the step.",
)
@max_cost_option
@click.option("--max-seconds", type=click.FloatRange(min=0), help="Stop after this, with the best answer so far.")
@click.option("--explain", is_flag=True, help="Tell how each sentence or step came about.")
@scope_options
@db_option
@embedder_option
@json_option
@click.option("-q", "--quiet", is_flag=True, help="Say nothing but the answer.")
def ask(
    question: str,
    k: int | None,
    method: str,
    using: str | None,
    model: str | None,
    max_cost: float | None,
    max_seconds: float | None,
    explain: bool,
    db: Path,
    embedder: str | None,
    as_json: bool,
    quiet: bool,
    theta: float | None,
    beta: float | None,
    confidence: str | None,
    gate: str | None,
    domain: str | None,
    revise: str | None,
    query: str | None,
    **scope: str | None,
) -> int:
    """Answer a question from the memory, with sources.

    With --explain each sentence or step is told with its confidence, what was looked up, and what changed; with --json
    the answer comes with its parts and with the trace of every step.
    """
    from memagent.budget import Budget
    from memagent.controller import Controller
    from memagent.methods.names import method as by_name

    check_query(question)
    hush(quiet)
    flare = {"theta": theta, "beta": beta, "confidence": confidence}
    options = _options(method, k, using, {**flare, "gate": gate, "domain": domain, "scope": revise, "query": query})
    screen = _Screen(quiet, mute=as_json)
    with open_memory(db, embedder) as memory:
        handle = memory.bind(**scope)
        budget = Budget(cost=max_cost, seconds=max_seconds)
        if method in BY_TRIPLES:
            options["relations"] = [relation.name for relation in handle.facts.relations()][:_RELATIONS]
        controller = Controller(model, handle, budget=budget, on_event=screen.hear)
        try:
            result = controller.run(by_name(method)(question, **options))
            answer, trace = result.value, result.trace
        except MemagentError as error:
            screen.clear()
            if error.partial is not None and error.partial.text:
                _show(error.partial, error.trace, controller, screen, explain, as_json, quiet)
            raise
    screen.clear()
    _show(answer, trace, controller, screen, explain, as_json, quiet)
    return _NO_ANSWER if answer.problems and not answer.text else 0


def _options(method: str, k: int | None, using: str | None, given: dict[str, Any]) -> dict[str, Any]:
    """The arguments of a method; what it does not have is refused."""
    own = {name: value for name, value in given.items() if value is not None}
    if odd := [name for name in own if method not in _OWN[name]]:
        means = "means" if len(odd) == 1 else "mean"
        hint = "; ".join(f"--{name} is for {' and '.join(_OWN[name])}" for name in odd)
        raise UsageProblem(f"--{' and --'.join(odd)} {means} nothing to {method}", hint=f"{hint}.")
    if method == "rat" and "theta" in own and "gate" not in own:
        raise UsageProblem("--theta means nothing to rat without --gate", hint="Add, for example, --gate doubt.")
    if method == "alone":
        if k is not None or using is not None:
            raise UsageProblem("alone looks nothing up", hint="Leave -k and --using out, or choose another method.")
        return own
    if k is not None:
        own["k"] = k
    if method in BY_TRIPLES:
        if using is not None:
            raise UsageProblem(f"{method} reads triples and searches no passages", hint="Leave --using out.")
        return own
    return {**own, "using": using or ("graph" if method in BY_GRAPH else "hybrid")}


def _show(
    answer: Answer, trace: Trace, controller: Controller, screen: _Screen, explain: bool, as_json: bool, quiet: bool
) -> None:
    if as_json:
        told = asdict(answer)
        told["answer"], told["sources"] = told.pop("text"), told.pop("hits")
        emit({**told, "usage": asdict(trace.usage), "trace": trace.as_json()})
        return
    if answer.text or not answer.problems:
        screen.out.write("" if screen.streamed else answer.text)
        screen.out.end()
        click.echo("\n" if answer.hits else "")
        for number, hit in enumerate(answer.hits, 1):
            shown = plain(hit.text if hit.kind == "fact" else where(hit))
            click.echo(f"[{number}] {shown} {dim(f'({hit.score:.2f}, {hit.id})')}")
    if explain:
        click.echo()
        for line in explained(answer):
            click.echo(line)
    for problem in answer.problems:
        complain(problem)
    say(dim(f"{controller.llm.name}: {spent(trace.usage)}"), quiet=quiet)


class _Screen:
    """What is seen while an answer is worked out: the answer as it comes, or how far it has come."""

    def __init__(self, quiet: bool, mute: bool = False) -> None:
        self._mute = mute
        self.out = ProseOut()
        self.streamed = False
        self._told = False
        self._live = sys.stderr.isatty() and not quiet
        self._calls = self._searches = 0

    def hear(self, event: Event) -> None:
        """Show what is said of the answer as it comes, and count the steps until then.

        Where all is to be said at the end, nothing is shown; it is listened to all the same, since only what is
        streamed can be kept when a call is broken off.
        """
        if self._mute:
            return
        from memagent.flow import Generate, ReadTriples, Retrieve, Say, StepDone, TokenReceived

        if isinstance(event, StepDone) and isinstance(event.step, Say):
            self.clear()
            self.out.write(event.step.text if self.streamed else event.step.text.lstrip())
            self.streamed = True
        elif isinstance(event, TokenReceived) and event.label == "plain/answer":  # others reason first
            self.clear()
            self.streamed = True
            self.out.write(event.text)
        elif isinstance(event, StepDone):
            self._calls += isinstance(event.step, Generate)
            self._searches += isinstance(event.step, Retrieve | ReadTriples)
            if self._live:
                self._told = True
                what = f"calls: {self._calls}, searches: {self._searches}"
                click.echo(f"\r\x1b[K{what}\r", err=True, nl=False)

    def clear(self) -> None:
        """Take the progress off the screen."""
        if self._told:
            click.echo("\r\x1b[K", err=True, nl=False)
            self._told = False
