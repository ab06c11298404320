"""`memagent story lore ...`: the entries of the lorebook, and which of them the next prompt shows, and why."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from memagent.cli.console import FINDINGS, complain, dim, emit, padded, plural, say, shortened, wrapped
from memagent.cli.lazy import OrderedGroup
from memagent.cli.story_lore_books import export, import_
from memagent.cli.story_lore_told import data_of, place_in, place_option, tell, tokens_of, told
from memagent.cli.story_options import folder_argument, json_option, open_story, quiet_option
from memagent.errors import StoryError, UsageProblem


@click.group(cls=OrderedGroup)
def lore() -> None:
    """The lorebook: what holds in the story's world, an entry a file in lore/, shown when its keys come up.

    A file there is an entry; settings stand in it between two lines +++. The folder is yours to edit.
    """


@lore.command("list")
@folder_argument
@json_option
def list_(folder: Path, as_json: bool) -> int:
    """List the entries, in the order in which a prompt shows them.

    A file that cannot be read is left out and named, and the exit code is 6 then: nothing is written until it can be.
    """
    from memagent.story.lore_files import readable

    book = open_story(folder)
    found, problems = readable(book.folder)
    entries = found.entries
    where = place_in(book, None)
    for problem in problems:
        complain(problem.message, problem.hint)
    if as_json:
        emit([data_of(entry, where) for entry in entries] + [{"problem": one.message} for one in problems])
        return FINDINGS if problems else 0
    for entry in entries:
        click.echo(f"{padded(entry.stem, 18)} {tokens_of(entry, where):>6,}  {shortened(told(entry), 52)}")
    total = sum(tokens_of(entry, where) for entry in entries if entry.enabled)
    say(dim(f"{len(entries)} in {book.folder / 'lore'}, about {total:,} tokens in all"))
    if not entries and not problems:
        say(dim("Add one with: memagent story lore add NAME --key WORD --text ..."))
    if problems:
        what = plural(len(problems), "file") + " left out"
        say(wrapped(f"{what}; nothing is written without it until it is mended or moved away"))
    return FINDINGS if problems else 0


@lore.command()
@click.argument("name")
@folder_argument
@place_option
@json_option
def show(name: str, folder: Path, at: str | None, as_json: bool) -> None:
    """Show the entry NAME: its file, or with --at its text as it holds there."""
    from memagent.story.lore_entry import text_of
    from memagent.story.lore_files import entry_named

    book = open_story(folder)
    entry, where = entry_named(book.folder, name), place_in(book, at)
    if as_json:
        emit({**data_of(entry, where), "text": entry.text_at(where)})
    elif at is not None:
        click.echo(entry.text_at(where))
    else:
        click.echo(text_of(entry), nl=False)


@lore.command()
@click.argument("name")
@folder_argument
@click.option(
    "-k", "--key", "keys", multiple=True, help="A word that calls it up; its name does so anyway. Repeatable."
)
@click.option("--alias", "aliases", multiple=True, help="Another name of it. Repeatable.")
@click.option("--always", is_flag=True, help="Show it in every prompt.")
@click.option("--from", "from_", help='Where in the story it begins to hold: "ch.4".')
@click.option("--text", help='What it says; without it, your editor opens. "-" reads standard input.')
@json_option
@quiet_option
def add(name: str, folder: Path, text: str | None, from_: str | None, as_json: bool, quiet: bool, **said: Any) -> None:
    """Add the entry NAME."""
    from memagent.story.lore_entry import BEGINNING, Entry, parse, text_of
    from memagent.story.lore_files import path_of, readable, save_text, stem_for
    from memagent.story.manuscript import Place

    book = open_story(folder)
    if not name.strip():
        raise UsageProblem("the entry has no name", hint="Give it one.")
    stem = stem_for(name, set())
    there = next((text_of(entry) for entry in readable(book.folder)[0].entries if entry.stem == stem), None)
    place = Place.read(from_) if from_ else BEGINNING
    body = _given(text) if there is None or text is not None else None
    entry = Entry(stem, (body or "").strip(), (), name="" if name == stem else name.strip(), from_=place, **said)
    new = text_of(entry)
    if there is not None and (body is None or there != new):  # the very same again is of a run that was stopped
        raise UsageProblem(f"there is an entry {stem!r} already", hint=f"Edit it: memagent story lore edit {stem}")
    parse(new, stem, str(path_of(book.folder, stem)))
    if body is None:
        edited = _edited(new, stem, path_of(book.folder, stem))
        if edited is None:
            say("nothing was added", quiet=quiet)
            return
        new = edited
    entry = save_text(book.folder, stem, new)
    if as_json:
        emit(data_of(entry, place_in(book, None)))
    say(f"added {path_of(book.folder, stem)}", quiet=quiet)


@lore.command()
@click.argument("name")
@folder_argument
@click.option("--text", help='The whole file anew; without it, your editor opens. "-" reads standard input.')
@json_option
@quiet_option
def edit(name: str, folder: Path, text: str | None, as_json: bool, quiet: bool) -> None:
    """Edit the entry NAME in your editor. What cannot be read is not taken up."""
    from memagent.story.lore_files import path_of, save_text, stem_named

    book = open_story(folder)
    stem = stem_named(book.folder, name)
    path = path_of(book.folder, stem)
    now = path.read_text(encoding="utf-8")
    given = _given(text)
    new = given if given is not None else _edited(now, stem, path)
    if new is None or new == now:
        say("nothing changed", quiet=quiet)
        return
    entry = save_text(book.folder, stem, new)
    if as_json:
        emit(data_of(entry, place_in(book, None)))
    say("taken up; the next prompt is made from it", quiet=quiet)


@lore.command()
@folder_argument
@click.option("--plan", type=click.IntRange(min=1), help="As if this plan were chosen.")
@json_option
def why(folder: Path, plan: int | None, as_json: bool) -> None:
    """Show which entries the next paragraph's prompt shows, and why; and which were called up and held back."""
    from memagent.story.lore_scan import for_next

    book = open_story(folder)
    with book.reading():
        watch = for_next(book, book.standing)
        state = book.state
        plans = state.plans if state else ()
        if plan is not None and plan > len(plans):
            raise UsageProblem(f"there is no plan {plan}", hint=f"There are {len(plans)}.")
        chosen = plans[plan - 1] if plan is not None else state.plan if state else ""
        if state is not None and not chosen:
            chosen = plans[0]
            say("no plan is chosen yet; this is for plan 1, see --plan")
        watch(chosen)
    tell(watch.last, watch.moment.place, watch.budget, as_json)


@lore.command()
@click.argument("text")
@folder_argument
@place_option
@json_option
def test(text: str, folder: Path, at: str | None, as_json: bool) -> None:
    """Show which entries TEXT calls up, and why, whatever fired before. "-" reads it from standard input."""
    from memagent.story.lore_scan import for_text

    book = open_story(folder)
    watch = for_text(book, _given(text) or "", place_in(book, at))
    watch("")
    tell(watch.last, watch.moment.place, watch.budget, as_json)


def _given(text: str | None) -> str | None:
    return sys.stdin.read() if text == "-" else text


def _edited(text: str, stem: str, path: Path) -> str | None:
    """Return an entry's file as it comes out of the editor; one that cannot be read is offered again."""
    from memagent.story.lore_entry import parse

    if not sys.stdin.isatty():
        raise UsageProblem("an editor needs a terminal", hint="Give the text with --text, or --text - to read it.")
    new = click.edit(text, extension=".md")
    while new is not None:
        try:
            parse(new, stem, str(path))
            break
        except StoryError as error:
            complain(error.message, error.hint)
            if not click.confirm("Edit it again?", default=True, err=True):
                return None
            new = click.edit(new, extension=".md") or new
    return new


for command in (import_, export):
    lore.add_command(command)
