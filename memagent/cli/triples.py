"""`memagent triples`: what a memory knows as subject, relation, object: shown, added, edited, retired, its history."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from memagent.cli.console import dim, emit, one_row, plural, say
from memagent.cli.lazy import OrderedGroup
from memagent.cli.options import db_option, embedder_option, json_option, open_memory, scope_options
from memagent.cli.triples_relations import declare, relations
from memagent.errors import NotFound, UsageProblem

if TYPE_CHECKING:
    from memagent.types import Fact


def _moment(ctx: click.Context, param: click.Parameter, value: str | None) -> datetime | None:
    """Return a moment in ISO 8601 as an aware datetime; one without a zone is UTC."""
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        hint = "such as 2024-05-01 or 2024-05-01T12:00+02:00"
        raise click.BadParameter(f"{value!r} is no date or time {hint}.", ctx, param) from None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


one_value_option = click.option(
    "--one-value", is_flag=True, help="Say that this relation has one value at a time, so that a newer ends an older."
)
source_option = click.option("--source", default="", help="Where it comes from.")


@click.group(cls=OrderedGroup)
def triples() -> None:
    """Show and change what is known as subject, relation and object.

    A relation has one value at a time where you say so, with --one-value or with declare: a newer value then ends an
    older one, which stays in the history. Any other has as many values as are said.
    """


@triples.command()
@click.argument("subject", required=False)
@click.option("--relation", help="With this relation alone.")
@click.option("--object", "object_", help="With this object alone.")
@click.option("--as-of", callback=_moment, metavar="WHEN", help="What held then, such as 2024-05-01; now if not given.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(min=1), help="At most so many.")
@scope_options
@db_option
@json_option
def show(
    subject: str | None,
    relation: str | None,
    object_: str | None,
    as_of: datetime | None,
    limit: int,
    db: Path,
    as_json: bool,
    **scope: str | None,
) -> None:
    """Show the triples that hold, of SUBJECT or of all."""
    with open_memory(db, None) as memory:
        found = memory.bind(**scope).facts.find(subject, relation, object_, as_of=as_of)
    _print(found[:limit], as_json)
    if len(found) > limit:
        say(f"{plural(len(found) - limit, 'triple')} more; see --limit")
    if not found:
        say("nothing holds that fits")


@triples.command()
@click.argument("subject")
@click.argument("relation")
@click.argument("object_", metavar="OBJECT")
@click.option("--at", callback=_moment, metavar="WHEN", help="Since when it holds; the moment of writing if not given.")
@click.option("--until", callback=_moment, metavar="WHEN", help="When it ceased to.")
@click.option("--confidence", default=1.0, show_default=True, type=float, help="Above 0, at most 1.")
@source_option
@one_value_option
@scope_options
@db_option
@embedder_option
@json_option
def add(
    subject: str,
    relation: str,
    object_: str,
    at: datetime | None,
    until: datetime | None,
    confidence: float,
    source: str,
    one_value: bool,
    db: Path,
    embedder: str | None,
    as_json: bool,
    **scope: str | None,
) -> None:
    """Add one triple; what is known already is kept once."""
    from memagent.types import Triple

    triple = Triple(subject, relation, object_, source=source, at=at, until=until, confidence=confidence)
    with open_memory(db, embedder, new=True) as opened:
        facts = opened.bind(**scope).facts
        (id,) = facts.add(triple, one_value=one_value)
        if not id:
            hint = "Give it another --source, or add it in Python with again=True."
            raise UsageProblem("this was purged and is not learnt again from this source", hint=hint)
        _print([facts.get(id)], as_json)


@triples.command()
@click.argument("subject")
@click.argument("relation")
@click.argument("object_", metavar="OBJECT")
@click.option("--at", callback=_moment, metavar="WHEN", help="Since when it holds; now if not given.")
@source_option
@one_value_option
@scope_options
@db_option
@embedder_option
@json_option
def edit(
    subject: str,
    relation: str,
    object_: str,
    at: datetime | None,
    source: str,
    one_value: bool,
    db: Path,
    embedder: str | None,
    as_json: bool,
    **scope: str | None,
) -> None:
    """Give a relation of one value another value: OBJECT takes the place of what held, which stays in the history."""
    with open_memory(db, embedder) as opened:
        facts = opened.bind(**scope).facts
        try:
            facts.edit(subject, relation, object_, at=at, source=source, one_value=one_value)
        except UsageProblem as error:
            if "many values" not in error.message:
                raise
            raise UsageProblem(error.message, hint="Say that it has one value at a time, with --one-value.") from error
        _print(facts.history(subject, relation), as_json)


@triples.command()
@click.argument("ids", nargs=-1, required=True)
@scope_options
@db_option
@json_option
def retire(ids: Sequence[str], db: Path, as_json: bool, **scope: str | None) -> None:
    """Hide triples by id until they are restored; what they had superseded holds again."""
    with open_memory(db, None) as opened:
        memory = opened.bind(**scope)
        for id in ids:  # of facts alone: `forget` hides anything
            try:
                memory.facts.get(id)
            except NotFound as error:
                raise NotFound(error.message, hint="See them with: memagent triples show") from error
        receipt = memory.forget(ids)
    if as_json:
        emit({**asdict(receipt), "total": receipt.total})
    else:
        click.echo(str(receipt))
    say("bring them back with: memagent restore", quiet=as_json)


@triples.command()
@click.argument("subject")
@click.argument("relation")
@scope_options
@db_option
@json_option
def history(subject: str, relation: str, db: Path, as_json: bool, **scope: str | None) -> None:
    """Show all that was ever known of SUBJECT and RELATION, oldest first, and when it held."""
    with open_memory(db, None) as memory:
        found = memory.bind(**scope).facts.history(subject, relation)
    _print(found, as_json)
    if not found:
        say("nothing was ever known of that")


triples.add_command(relations)
triples.add_command(declare)


def _print(facts: Sequence[Fact], as_json: bool) -> None:
    for fact in facts:
        if as_json:
            emit(_told(fact))
            continue
        until = f" until {_day(fact.until)}" if fact.until else ""
        sources = f", {', '.join(source for source in fact.sources if source)}" if any(fact.sources) else ""
        click.echo(one_row(f"{fact.subject} | {fact.relation} | {fact.object}"))
        click.echo(dim(f"  {fact.id}  since {_day(fact.at)}{until}{one_row(sources)}"))


def _told(fact: Fact) -> dict[str, Any]:
    times = {name: at.isoformat() if (at := getattr(fact, name)) else None for name in ("at", "recorded_at", "until")}
    return {**asdict(fact), **times}


def _day(at: datetime) -> str:
    return f"{at:%Y-%m-%d}" if (at.hour, at.minute, at.second) == (0, 0, 0) else f"{at:%Y-%m-%d %H:%M} UTC"
