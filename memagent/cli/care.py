"""Looking after a memory: forget, restore, purge, why, why-not, doctor, audit, reembed, export."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from memagent.cli.console import FINDINGS, complain, emit, plural, say
from memagent.cli.options import db_option, json_option, scope_options, tell_masked
from memagent.errors import UsageProblem
from memagent.stores.extractions import SQLExtractionStore
from memagent.types import Scope

if TYPE_CHECKING:
    from memagent.memory import Memory
    from memagent.types import Receipt

F = TypeVar("F", bound=Callable[..., Any])


def _chosen_by(command: F) -> F:
    command = click.option("--source", default=None, help="All that comes from this source.")(command)
    return click.argument("ids", nargs=-1)(command)


embedder_option = click.option("--embedder", default=None, help="The one that the file was written with.")
dry_run_option = click.option("--dry-run", is_flag=True, help="Say what would be done, and change nothing.")


@click.command()
@click.option("--repair", is_flag=True, help="Mend what can be worked out again.")
@click.option("--llm", "-m", "model", default=None, help="Look at this model in place of a file; see memagent --help.")
@click.option("--probe/--no-probe", default=None, help="Try the model by tiny calls; by default where they are free.")
@click.option(
    "--seconds", default=20.0, show_default=True, type=click.FloatRange(min=0.1), help="How long each of them may take."
)
@db_option
@embedder_option
@json_option
def doctor(
    repair: bool,
    model: str | None,
    probe: bool | None,
    seconds: float,
    db: Path,
    embedder: str | None,
    as_json: bool,
) -> int:
    """Check every invariant of the file, whoever's it is. Exits with 6 if something is wrong and stays so.

    With --llm: tell what a model can do, as it declares and as it was tried, and what each method falls back to. Exits
    with 6 if something that it declares, and that requests rely on, does not hold.
    """
    if model is not None:
        from memagent.cli.doctor_llm import examine

        if repair:
            raise click.UsageError("--repair mends a file, not a model: leave out --llm.")
        return examine(model, probe, seconds, as_json)
    if probe is not None:
        raise click.UsageError("--probe tries a model: name it with --llm.")
    with care_memory(db, embedder) as memory:
        findings = memory.doctor(repair=repair)
        waiting = SQLExtractionStore(memory.core.file()).waiting(Scope())
    _tell(findings, as_json)
    left = [one for one in findings if not one.repaired]
    if not left:
        say(f"{db} is healthy" + (f": {plural(len(findings), 'finding')} repaired" if findings else ""), quiet=as_json)
    if waiting:
        say(f"{plural(waiting, 'turn')} of users not gone through for facts yet: Chat.flush() does it", quiet=as_json)
    return FINDINGS if left else 0


@click.command()
@scope_options
@db_option
@json_option
def audit(db: Path, as_json: bool, **scope: str | None) -> int:
    """Look for what should not be in a memory: copies, recalled text come back, secrets. Exits with 6 on findings."""
    with care_memory(db) as memory:
        findings = memory.bind(**scope).audit()
    _tell(findings, as_json)
    if not findings:
        say(f"{db}: nothing to look at", quiet=as_json)
    return FINDINGS if findings else 0


@click.command()
@click.option("--to", "wanted", required=True, help="The new embedder: hashing, local, openai:MODEL, ...")
@db_option
@json_option
def reembed(wanted: str, db: Path, as_json: bool) -> None:
    """Change the file over to another embedder. Stopped at any point, the same command goes on from there."""
    from memagent import registry

    embedder = registry.embedder(wanted)
    with care_memory(db) as memory:
        before = memory.embedder.name
        try:
            made = memory.reembed(embedder, on_progress=_progress)
        except BaseException:
            complain(
                f"{db} is not changed over to {embedder.name} yet",
                f"Go on with: memagent reembed --to {wanted} --db {db}",
            )
            raise
    if as_json:
        emit({"db": str(db), "from": before, "to": embedder.name, "vectors": made})
    say(f"{db}: {plural(made, 'vector')} made, now by {embedder.name}", quiet=as_json)


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True))
@click.option("--no-vectors", is_flag=True, help="Much smaller; importing embeds the texts again.")
@scope_options
@db_option
@json_option
def export(file: Path, no_vectors: bool, db: Path, as_json: bool, **scope: str | None) -> None:
    """Write all that a memory holds of a user as JSON lines to FILE, or to standard output for "-"."""
    place = getattr(sys.stdout, "exact", sys.stdout) if str(file) == "-" else file
    with care_memory(db) as memory:
        counts = memory.bind(**scope).export(place, vectors=not no_vectors)
    if as_json and place is file:
        emit({"file": str(file), "counts": counts})
    say(f"{file}: {listed(counts)}", quiet=as_json)


@click.command()
@_chosen_by
@dry_run_option
@scope_options
@db_option
@json_option
def forget(ids: Sequence[str], source: str | None, dry_run: bool, db: Path, as_json: bool, **scope: str | None) -> None:
    """Hide passages, facts and rationales until they are restored."""
    _check_chosen(ids, source)
    with care_memory(db) as memory:
        _show(memory.bind(**scope).forget(ids, source=source, dry_run=dry_run), as_json)


@click.command()
@_chosen_by
@dry_run_option
@scope_options
@db_option
@json_option
def restore(
    ids: Sequence[str], source: str | None, dry_run: bool, db: Path, as_json: bool, **scope: str | None
) -> None:
    """Bring back what was forgotten."""
    _check_chosen(ids, source)
    with care_memory(db) as memory:
        _show(memory.bind(**scope).restore(ids, source=source, dry_run=dry_run), as_json)


@click.command()
@_chosen_by
@dry_run_option
@click.option("--keep-answers", is_flag=True, help="Keep what a chatbot answered to a turn that is purged.")
@click.option("--yes", is_flag=True, help="Do not ask; needed where nobody can be asked.")
@scope_options
@db_option
@json_option
def purge(
    ids: Sequence[str],
    source: str | None,
    dry_run: bool,
    keep_answers: bool,
    yes: bool,
    db: Path,
    as_json: bool,
    **scope: str | None,
) -> None:
    """Erase for good, leaving no byte of what is named in the file. There is no way back.

    What a chatbot answered to a turn may repeat it, and goes with it.
    """
    _check_chosen(ids, source)
    with care_memory(db) as memory:
        handle = memory.bind(**scope)
        if not (dry_run or yes):
            _ask(handle.purge(ids, source=source, answers=not keep_answers, dry_run=True))
        _show(handle.purge(ids, source=source, answers=not keep_answers, dry_run=dry_run), as_json)


@click.command()
@click.argument("id")
@scope_options
@db_option
@json_option
def why(id: str, db: Path, as_json: bool, **scope: str | None) -> None:
    """Explain a memory: who said it and when, what hangs on it, what has become of it."""
    with care_memory(db) as memory:
        explanation = memory.bind(**scope).why(id)
    emit(asdict(explanation)) if as_json else click.echo(str(explanation))


@click.command("why-not")
@click.argument("id")
@click.argument("query")
@click.option("-k", default=5, show_default=True, type=click.IntRange(1, 1000), help="How many hits were asked for.")
@click.option("--using", default="hybrid", show_default=True, help="hybrid, dense or keyword.")
@scope_options
@db_option
@embedder_option
@json_option
def why_not(
    id: str, query: str, k: int, using: str, db: Path, embedder: str | None, as_json: bool, **scope: str | None
) -> None:
    """Explain why searching for QUERY does not find a memory."""
    with care_memory(db, embedder) as memory:
        explanation = memory.bind(**scope).why_not(id, query, k, using=using)
    emit(asdict(explanation)) if as_json else click.echo(str(explanation))


def care_memory(db: Path, embedder: str | None = None, *, new: bool = False, secrets: str = "mask") -> Memory:
    """Open a memory. Unless one is named, its embedder is only made when it is needed."""
    from memagent.cli.keys import caller_key
    from memagent.memory import Memory
    from memagent.memory.reembed import deferred_embedder

    key = caller_key()
    if not db.exists() and not new:
        raise UsageProblem(f"there is no memory {str(db)!r}", hint="Name its file with --db.")
    made = embedder or (deferred_embedder(db, key) if db.exists() else None)
    return Memory(db, embedder=made, single_user=True, secrets=secrets, on_masked=tell_masked, key=key)


def _check_chosen(ids: Sequence[str], source: str | None) -> None:
    if not ids and source is None:
        raise click.UsageError("Name ids, or a --source.")


def _ask(receipt: Receipt) -> None:
    """Let a person confirm what is going to be erased."""
    say(f"{receipt}")
    if not sys.stdin.isatty():
        raise UsageProblem("nobody is there to confirm this", hint="Look at it with --dry-run, then give --yes.")
    click.confirm("Erase it for good?", abort=True, err=True)


def _show(receipt: Receipt, as_json: bool) -> None:
    if as_json:
        emit({**asdict(receipt), "total": receipt.total})
        return
    click.echo(str(receipt))
    for id in receipt.ids:
        click.echo(f"  {id}")
    if receipt.left:
        click.echo("What stays and has words of it:")
    for id in receipt.left:
        click.echo(f"  {id}")


def _tell(findings: Iterable[Any], as_json: bool) -> None:
    for finding in findings:
        emit(asdict(finding)) if as_json else click.echo(str(finding))


def listed(counts: Mapping[str, int]) -> str:
    """Return counts in words, those of nothing left out."""
    return ", ".join(f"{count:,} {kind}" for kind, count in counts.items() if count) or "nothing"


_last: dict[str, float] = {"told": 0.0}


def _progress(done: int, total: int) -> None:
    """Tell how far it has come: a terminal four times a second, a log every ten seconds."""
    terminal = sys.stderr.isatty()
    if time.monotonic() - _last["told"] < (0.25 if terminal else 10.0) and done < total:
        return
    _last["told"] = time.monotonic()
    line = f"{done:,} of {total:,} vectors"
    click.echo(f"\r\x1b[K{line}\r" if terminal else line, err=True, nl=not terminal)
