"""What several commands share: their options, a memory opened as these say, and the check of a question."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from memagent.cli.console import complain
from memagent.errors import UsageProblem

if TYPE_CHECKING:
    from memagent.memory import Memory
    from memagent.memory.secret_guard import Masked

F = TypeVar("F", bound=Callable[..., Any])

db_option = click.option(
    "--db",
    default="memory.db",
    show_default=True,
    envvar="MEMAGENT_DB",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The memory's file.",
)
embedder_option = click.option("--embedder", default=None, help="hashing (default), local, openai:MODEL, ...")
max_cost_option = click.option(
    "--max-cost", type=click.FloatRange(min=0), help="Stop before spending more than this, in dollars."
)
secrets_option = click.option(
    "--secrets",
    default="mask",
    show_default=True,
    type=click.Choice(["mask", "refuse", "keep"]),
    help="What to do with keys, passwords and card numbers in what is written.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def scope_options(command: F) -> F:
    """Whose memory is meant; without `--user`, what belongs to nobody in particular."""
    for name in ("agent", "session", "user"):
        command = click.option(f"--{name}", default=None, help=f"In the memory of this {name}.")(command)
    return command


def open_memory(db: Path, embedder: str | None, *, new: bool = False, secrets: str = "mask") -> Memory:
    """Open the memory of a command; one that is not there is an error, unless it may be new.

    `secrets` says what is done with them in what is written; what was masked is told to standard error.
    """
    from memagent.memory import Memory

    if not new and not db.exists():
        raise UsageProblem(f"there is no memory {str(db)!r}", hint=f"Make one with: memagent add FOLDER --db {db}")
    from memagent.cli.keys import caller_key

    return Memory(db, embedder=embedder, single_user=True, secrets=secrets, on_masked=tell_masked, key=caller_key())


def tell_masked(masked: Masked) -> None:
    """Say what was masked, without a letter of it."""
    complain(f"masked a secret: {masked}")


def check_query(query: str) -> None:
    """Refuse a question that says nothing."""
    if not query.strip():
        raise UsageProblem("the question is empty", hint="Say what to look for.")
