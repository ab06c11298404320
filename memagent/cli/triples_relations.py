"""`memagent triples relations` and `declare`: which relations there are, and which have one value at a time."""

from __future__ import annotations

import shlex
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from memagent.cli.console import dim, emit, one_row, plural, say
from memagent.cli.options import db_option, json_option, open_memory, scope_options

if TYPE_CHECKING:
    from memagent.types import Relation

_SAID = {True: "has one value at a time", False: "may have many values at a time", None: "is declared neither way now"}


@click.command()
@scope_options
@db_option
@json_option
def relations(db: Path, as_json: bool, **scope: str | None) -> None:
    """Show the relations there are, and which have one value at a time.

    Where nobody has said so, but nearly all of at least 20 subjects have one value, that is told. It hides nothing
    until you declare it.
    """
    with open_memory(db, None) as memory:
        found = memory.bind(**scope).facts.relations()
    for relation in found:
        if as_json:
            emit(asdict(relation))
        else:
            _print(relation)
    if not found:
        say("there are no relations yet")


@click.command()
@click.argument("relation")
@click.option("--many", is_flag=True, help="It may have many values at a time, also where its user says otherwise.")
@click.option("--unset", is_flag=True, help="Take back what was declared of it here.")
@scope_options
@db_option
@json_option
def declare(relation: str, many: bool, unset: bool, db: Path, as_json: bool, **scope: str | None) -> None:
    """Say that RELATION has one value at a time, so that a newer ends an older; or that it has not.

    No stored triple is changed: what had been ended holds again when it is taken back.
    """
    if many and unset:
        raise click.UsageError("Give one of --many and --unset.")
    functional = None if unset else not many
    with open_memory(db, None) as memory:
        memory.bind(**scope).facts.declare(relation, functional)
    if as_json:
        emit({"relation": relation, "functional": functional})
    else:
        click.echo(f"{one_row(relation)} {_SAID[functional]}")


def _print(relation: Relation) -> None:
    counts = f"{plural(relation.subjects, 'subject')}, {plural(relation.facts, 'fact')}"
    click.echo(one_row(relation.name))
    click.echo(dim(f"  {counts}{f', {_SAID[relation.functional]}' if relation.how else ''}"))
    if relation.suggested:
        click.echo(dim("  nearly every subject has one value; if it can have no more:"))
        click.echo(dim(f"  memagent triples declare {one_row(shlex.quote(relation.name))}"))
