"""`memagent index`: look for facts in the passages of a memory, so that `--using graph` has a graph to search."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from memagent.cli.console import FINDINGS, Terminated, complain, emit, hush, plural, say, shortened, spent
from memagent.cli.options import db_option, embedder_option, json_option, max_cost_option, open_memory, scope_options
from memagent.errors import LLMError, Stopped

if TYPE_CHECKING:
    from memagent.controller import Controller
    from memagent.indexing.facts import Progress
    from memagent.memory import Memory
    from memagent.types import Passage


@click.command()
@click.option("-m", "--model", help="Which model looks for facts; `offline` goes by rules and is free.")
@click.option("--estimate", is_flag=True, help="Say what it will take, and do nothing.")
@click.option("--status", is_flag=True, help="Say how far it has come, and why passages failed.")
@click.option("--again", is_flag=True, help="Go through all passages again; if stopped, go on without it.")
@click.option("--failed", is_flag=True, help="Go through those that failed as well, once more.")
@click.option("--limit", type=click.IntRange(1), help="At most so many passages.")
@click.option("--concurrency", default=8, show_default=True, type=click.IntRange(1, 256), help="Passages at once.")
@max_cost_option
@click.option(
    "--from",
    "source",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Take passages and facts from a file instead.",
)
@click.option(
    "--to",
    "target",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write passages and facts to a file instead.",
)
@scope_options
@db_option
@embedder_option
@json_option
@click.option("-q", "--quiet", is_flag=True, help="Say nothing but errors.")
def index(
    model: str | None,
    estimate: bool,
    status: bool,
    again: bool,
    failed: bool,
    limit: int | None,
    concurrency: int,
    max_cost: float | None,
    source: Path | None,
    target: Path | None,
    db: Path,
    embedder: str | None,
    as_json: bool,
    quiet: bool,
    **scope: str | None,
) -> int:
    """Find facts in the passages of a memory, for the graph that --using graph searches.

    Two calls of the model for each passage. Each passage is on record as soon as it is done: stop when you like, and
    the same command goes on. With --from and --to, passages with their facts are read and written as JSON lines.
    """
    hush(quiet)
    _one_at_most({"--estimate": estimate, "--status": status, "--from": source, "--to": target})
    with open_memory(db, embedder, new=source is not None) as opened:
        memory = opened.bind(**scope)
        if source is not None:
            return _from(memory, source, as_json, quiet)
        if target is not None:
            return _to(memory, target, as_json, quiet)
        if status:
            return _status(memory, as_json)
        if estimate:
            passages = memory.extractions.pending(limit, failed=failed or again, done=again)
            return _estimate(passages, model, as_json)
        controller = _controller(model, max_cost)  # before anything is changed: it may have no key
        if again or failed:
            memory.extractions.again(failed=not again)
        how = "the same command without --again goes on" if again else "the same command goes on"
        return _find(memory, controller, concurrency, limit, how, as_json, quiet)


def _controller(model: str | None, max_cost: float | None) -> Controller:
    from memagent.budget import Budget
    from memagent.controller import Controller

    return Controller(model, budget=Budget(cost=max_cost))


def _one_at_most(given: Mapping[str, object]) -> None:
    """Refuse options that each ask for something else."""
    asked = [name for name, value in given.items() if value]
    if len(asked) > 1:
        raise click.UsageError(f"{' and '.join(asked)} do not go together; give one of them.")


def _find(
    memory: Memory,
    controller: Controller,
    concurrency: int,
    limit: int | None,
    going_on: str,
    as_json: bool,
    quiet: bool,
) -> int:
    from memagent.indexing.facts import find_facts

    def tell(progress: Progress) -> None:
        if sys.stderr.isatty() and not quiet:
            what = f"{progress.total - progress.left} of {progress.total} passages, {progress.facts} facts"
            click.echo(f"\r\x1b[K{what}, {spent(controller.usage)}"[:110] + "\r", err=True, nl=False)

    extractions = memory.extractions
    try:
        found = find_facts(extractions, controller, concurrency=concurrency, limit=limit, on_progress=tell)
    except (LLMError, Stopped, KeyboardInterrupt, Terminated):
        counts = extractions.counts()
        what = f"{plural(counts['done'], 'passage')} done, {counts['failed']} failed, {counts['pending']} left"
        say(f"{what}; {spent(controller.usage)}; {going_on}", quiet=quiet)
        raise
    memory.graph.find_synonyms()
    counts = {"done": found.done, "failed": found.failed, "gone": found.gone, "facts": found.facts}
    if as_json:
        emit({**counts, "left": memory.extractions.counts()["pending"]})
    what = f"{plural(found.done, 'passage')} done, {found.failed} failed; {plural(found.facts, 'fact')}"
    say(f"{controller.llm.name}: {what}; {spent(controller.usage)}", quiet=quiet or as_json)
    if found.failed:
        complain("see why with: memagent index --status; try again with: memagent index --failed")
    return FINDINGS if found.failed else 0


def _estimate(passages: Sequence[Passage], model: str | None, as_json: bool) -> int:
    from dataclasses import asdict

    from memagent import registry
    from memagent.indexing.facts import estimate

    llm = registry.llm(model)
    found = estimate(passages, llm)
    if as_json:
        emit({"model": llm.name, **asdict(found)})
        return 0
    cost = "unknown cost" if found.cost is None else f"about ${found.cost:.2f}"
    tokens = f"about {found.input_tokens:,} tokens in and {found.output_tokens:,} out"
    click.echo(f"{llm.name}: {plural(found.passages, 'passage')}, {found.calls:,} calls, {tokens}, {cost}")
    return 0


def _status(memory: Memory, as_json: bool) -> int:
    counts, failed = memory.extractions.counts(), memory.extractions.failed()
    if as_json:
        emit({**counts, "problems": dict(failed)})
        return 0
    for name, count in counts.items():
        click.echo(f"{count:8,d}  {name}")
    for id, problem in failed.items():
        click.echo(f"{id}: {shortened(problem, 200)}")
    return 0


def _from(memory: Memory, source: Path, as_json: bool, quiet: bool) -> int:
    from memagent.indexing.extraction_files import load

    def tell(done: int, total: int) -> None:
        if sys.stderr.isatty() and not quiet and (done % 50 == 0 or done == total):
            click.echo(f"\r\x1b[K{done} of {total} passages\r", err=True, nl=False)

    passages, facts = load(memory, source, on_progress=tell)
    memory.graph.find_synonyms()
    if as_json:
        emit({"passages": passages, "facts": facts})
    say(f"{source}: {plural(passages, 'passage')}, {plural(facts, 'fact')}", quiet=quiet or as_json)
    return 0


def _to(memory: Memory, target: Path, as_json: bool, quiet: bool) -> int:
    from memagent.files import replace
    from memagent.indexing.extraction_files import lines_of
    from memagent.memory.transfer import check_apart

    check_apart(memory.core, target.resolve())

    lines = list(lines_of(memory))
    replace(target, "".join(f"{line}\n" for line in lines))
    if as_json:
        emit({"passages": len(lines), "file": str(target)})
    say(f"{target}: {plural(len(lines), 'passage')}", quiet=quiet or as_json)
    return 0
