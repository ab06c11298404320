"""`memagent story memory facts | extract`: what the manuscript says, as facts with the chapter that each holds from."""

from __future__ import annotations

import shutil
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from memagent.cli.console import complain, dim, emit, plural, say, shortened, spent, styled, wrapped
from memagent.cli.story_options import folder_argument, json_option, open_story, quiet_option
from memagent.cli.story_spending import limited, stopped

if TYPE_CHECKING:
    from memagent.story.canon import Reading
    from memagent.story.canon_store import Standing
    from memagent.story.manuscript import Place


@click.command("facts")
@folder_argument
@click.option("--about", help="Of this person, place or thing alone.")
@click.option("--at", "where", help="As it stood there: ch.5 (its end), or ch.5 p3.")
@click.option("--history", is_flag=True, help="Also what holds no more.")
@json_option
def facts(folder: Path, about: str | None, where: str | None, history: bool, as_json: bool) -> None:
    """Show the canon: what the manuscript says of people, places and things, of promises and time.

    It follows the manuscript: what you undo, revise or edit there changes it. What contradicts it is not in it, unless
    you say that it is meant: memagent story check --waive ID.
    """
    from memagent.story.book import quote
    from memagent.story.manuscript import Place

    book = open_story(folder)
    place = Place.read(where) if where else None
    with book.reading():
        found = book.canon.facts(about=about, at=place, history=history)
    if as_json:
        emit({"facts": [fact.to_dict() for fact in found]})
        return
    for heading, ones in _grouped(found).items():
        click.echo(styled(heading, bold=True))
        for fact in ones:
            _show(fact)
    say(dim(plural(len(found), "fact")))
    if book.config.continuity == "rules":
        say(dim('Read by rules of English. For more: continuity = "model" in story.toml.'))
    if not found and not book.record.paragraphs:
        say(f"Next: memagent story write {quote(book.folder)}")


@click.command("extract")
@folder_argument
@click.option("-m", "--model", help="Which model reads; by default the story's.")
@click.option("--max-cost", type=click.FloatRange(min=0), help="Stop before spending more than this, in dollars.")
@quiet_option
def extract(folder: Path, model: str | None, max_cost: float | None, quiet: bool) -> int:
    """Let the model read the facts of every paragraph that it has not read: one call each.

    For a story that was imported, edited by hand, or begun without continuity = "model". Stopped, it goes on where it
    was.
    """
    from memagent.errors import Stopped
    from memagent.story.continuity import read_all, unread

    def told(place: Place, reading: Reading) -> None:
        say(f"{place}: {plural(len(reading.facts), 'fact')}", quiet=quiet)

    book = open_story(folder)
    with book.editing():
        controller = limited(book, model, max_cost)
        say(dim(f"{plural(len(unread(book)), 'paragraph')} to read by {controller.llm.name}"), quiet=quiet)
        try:
            read_all(book, controller, on_read=told, on_problem=lambda problem: complain(wrapped(problem, indent="  ")))
        except Stopped as stop:
            return stopped(stop, "The same command goes on with a higher limit.")
    say(dim(spent(controller.usage)), quiet=quiet)
    return 0


def _grouped(facts: list[Standing]) -> dict[str, list[Standing]]:
    """By person, place or thing, as the story tells of them; promises and time last."""
    groups: dict[str, list[Standing]] = {}
    last: dict[str, list[Standing]] = {"Promises": [], "Time": []}
    for fact in facts:
        if fact.kind in ("promise", "time"):
            last["Promises" if fact.kind == "promise" else "Time"].append(fact)
        else:
            groups.setdefault(fact.subject, []).append(fact)
    return groups | {heading: ones for heading, ones in last.items() if ones}


def _show(fact: Standing) -> None:
    width = max(40, min(100, shutil.get_terminal_size().columns - 1))
    holds = f"{fact.since}" + (f" to {fact.until}" if fact.until else "")
    told = f"{fact.subject} {fact.relation} {fact.object}" if fact.kind == "promise" else fact.object
    head = "  " if fact.kind == "promise" else f"  {shortened(fact.relation, 16):<16}  "
    lines = textwrap.wrap(told, width - len(head) - len(holds) - 2) or [""]
    first = f"{head}{lines[0]}"
    click.echo(f"{first}{' ' * max(2, width - len(first) - len(holds))}{dim(holds)}")
    for line in lines[1:]:
        click.echo(" " * len(head) + line)


def tell_findings(findings: Any, problems: Any, *, quiet: bool, as_json: bool) -> None:
    """Say what a new paragraph contradicts, and what could not be looked at."""
    if as_json:
        for finding in findings:
            emit({"type": "finding", **finding.to_dict()})
        for problem in problems:
            emit({"type": "problem", "text": problem})
        return
    if quiet:
        return
    for finding in findings:
        say(wrapped(f"{styled('contradicts', fg='red')}  {finding.place} {finding.text}"))
        say(dim(f"             meant? memagent story check --waive {finding.id}"))
    for problem in problems:
        say(wrapped(problem))
