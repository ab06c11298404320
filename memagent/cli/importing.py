"""`memagent import`: what `memagent export` wrote, and conversations and memories from other programs."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from memagent.cli.care import care_memory, dry_run_option, embedder_option, listed
from memagent.cli.console import complain, emit, plural, say
from memagent.cli.options import db_option, json_option, scope_options, secrets_option
from memagent.errors import UsageProblem

if TYPE_CHECKING:
    from memagent.importers import Imported


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True))
@click.option(
    "--from",
    "format",
    default="memagent",
    show_default=True,
    type=click.Choice(["memagent", "chatgpt", "langchain", "mem0", "jsonl"]),
    help="What wrote FILE.",
)
@click.option("--users-from-file", is_flag=True, help="Let FILE say whose each thing is, in place of --user.")
@click.option("--all-as-user", is_flag=True, help="Take all of FILE as of --user, though it names others.")
@dry_run_option
@secrets_option
@scope_options
@db_option
@embedder_option
@json_option
def import_(
    file: Path,
    format: str,
    users_from_file: bool,
    all_as_user: bool,
    dry_run: bool,
    secrets: str,
    db: Path,
    embedder: str | None,
    as_json: bool,
    **scope: str | None,
) -> None:
    """Take up FILE, or standard input for "-", as export wrote it: all or nothing. What is there stays as it is.

    With --from: take up the conversations and memories of another program. chatgpt reads conversations.json or the
    archive with it; langchain the JSON of messages_to_dict or SQLChatMessageHistory's SQLite; mem0 the JSON of get_all
    or its history.db; jsonl lines such as {"role": "user", "content": "..."}. A second import of the same file adds
    nothing, and one that was stopped goes on. Whose it is says --user, never the file, unless it is asked to; a file
    that names several users, or another than --user, is refused until --users-from-file or --all-as-user says what is
    meant.
    """
    if format == "memagent":
        if users_from_file or all_as_user or dry_run:
            raise click.UsageError(
                "--users-from-file, --all-as-user and --dry-run are for --from chatgpt, langchain, mem0 or jsonl."
            )
        _own(file, db, embedder, secrets, as_json, scope)
        return
    if str(file) == "-":
        raise click.UsageError(f"--from {format} reads a file, not standard input.")
    if users_from_file and scope["user"] is not None:
        raise click.UsageError("Give either --user or --users-from-file.")
    if users_from_file and all_as_user:
        raise click.UsageError("Give either --users-from-file or --all-as-user.")
    how = {"users_from_file": users_from_file, "all_as_user": all_as_user, "dry_run": dry_run}
    _tell(_taken(file, format, how, secrets, db, embedder, scope), file, db, as_json)


def _own(file: Path, db: Path, embedder: str | None, secrets: str, as_json: bool, scope: dict[str, str | None]) -> None:
    from memagent.memory.transfer import take_up
    from memagent.memory.transfer_lines import parsed

    lines = parsed(sys.stdin.buffer if str(file) == "-" else file)  # before a memory is made for it
    with care_memory(db, embedder, new=True, secrets=secrets) as memory:
        handle = memory.bind(**scope)
        counts = take_up(handle.core, handle.scope, lines)
    if as_json:
        emit({"db": str(db), "counts": counts})
    say(f"{db}: {listed(counts)} taken up", quiet=as_json)


def _taken(
    file: Path,
    format: str,
    how: Mapping[str, Any],
    secrets: str,
    db: Path,
    embedder: str | None,
    scope: dict[str, str | None],
) -> Imported:
    from memagent.importers import check_one_user, import_from, read

    if not file.exists():
        raise UsageProblem(f"there is no file {str(file)!r}", hint="Give the path of what is to be imported.")
    if not db.exists():
        if how["dry_run"]:
            return import_from(format, file, None, **how, user=scope["user"])
        next(iter(read(format, file)), None)  # before a memory is made for it
        if not (how["users_from_file"] or how["all_as_user"]):
            check_one_user(format, file, scope["user"])
    with care_memory(db, embedder, new=True, secrets=secrets) as memory:
        handle = memory.bind(**scope)
        return import_from(format, file, handle, **how, on_progress=_progress)


def _tell(done: Imported, file: Path, db: Path, as_json: bool) -> None:
    if as_json:
        emit({"db": str(db), "file": str(file), **asdict(done)})
        return
    for reason, count in done.reasons.items():
        complain(f"left out {count:,}: {reason}")
    for one in done.skipped[:5]:
        say(f"  {one}")
    if done.untimed:
        complain(f"{done.untimed:,} with a time that is not understood; it is kept in the metadata")
    kept = [f"{done.added:,} new and {done.there:,} known"]
    kept += [plural(done.facts, "new fact")] if done.facts else []
    kept += [f"of {plural(done.conversations, 'conversation')}"] if done.conversations else []
    kept += [f"of {plural(len(done.users), 'user')}"] if done.users else []
    say(f"{db}: {', '.join(kept)}{' (dry run, nothing was written)' if done.dry_run else ''}")


def _progress(done: int) -> None:
    """Tell a terminal how far it has come."""
    if sys.stderr.isatty():
        click.echo(f"\r\x1b[K{done:,} gone through\r", err=True, nl=False)
