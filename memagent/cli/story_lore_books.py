"""`memagent story lore import | export`: lorebooks of character cards and of SillyTavern."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from memagent.cli.console import emit, padded, plural, say, shortened, wrapped
from memagent.cli.story_lore_told import data_of, place_in, place_option, told
from memagent.cli.story_options import folder_argument, json_option, open_story, quiet_option
from memagent.errors import UsageProblem

_KINDS = {"card": "the book of a character card V2", "world": "a SillyTavern world file"}


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@folder_argument
@click.option("--replace", is_flag=True, help="Replace entries of the same names.")
@click.option("--dry-run", is_flag=True, help="Say what would come, and write nothing.")
@json_option
@quiet_option
def import_(file: Path, folder: Path, replace: bool, dry_run: bool, as_json: bool, quiet: bool) -> None:
    """Take up the lorebook of FILE: a character card (JSON or PNG), its book alone, or a SillyTavern world file.

    What it says that means nothing here is named, kept, and exported again.
    """
    from memagent.story import lore_exchange

    book = open_story(folder)
    found = lore_exchange.read(file)
    fresh = found.entries if dry_run else lore_exchange.take(book.folder, found, over=replace)
    if as_json:
        where = place_in(book, None)
        emit({"kind": found.kind, "entries": [data_of(one, where) for one in fresh], "notes": dict(found.notes)})
        return
    for entry in fresh:
        click.echo(f"{padded(entry.stem, 18)}  {shortened(told(entry), 58)}")
    would = "would be " if dry_run else ""
    say(f"{plural(len(fresh), 'entry').replace('entrys', 'entries')} {would}taken up from {file}", quiet=quiet)
    _warn("Not as there:", found.notes, quiet)


@click.command()
@click.argument("out", type=click.Path(path_type=Path, allow_dash=True))
@folder_argument
@click.option(
    "--kind",
    "--format",
    "kind",
    type=click.Choice(["card", "world"]),
    help="By default a world where only such were imported, else a card.",
)
@place_option
@click.option("--overwrite", is_flag=True, help="Replace a file that is there already.")
@json_option
@quiet_option
def export(out: Path, folder: Path, kind: Any, at: str | None, overwrite: bool, as_json: bool, quiet: bool) -> None:
    """Write the lorebook to OUT, as the book of a character card V2 or as a SillyTavern world file. "-" prints it."""
    from memagent import files
    from memagent.story import lore_around, lore_exchange, lore_lost

    book = open_story(folder)
    text = lore_exchange.export(
        book.folder, kind, name=book.record.title or book.folder.resolve().name, place=place_in(book, at)
    )
    why = "as you asked" if kind else lore_around.why_of(book.folder)
    kind = kind or lore_around.kind_of(book.folder)
    lost = lore_lost.lost(book.folder, kind)
    if str(out) == "-":
        click.echo(text, nl=False)
    else:
        if out.exists() and not overwrite:
            raise UsageProblem(f"{str(out)!r} is there already", hint="Give another name, or --overwrite.")
        files.replace(out, text)
        if as_json:
            emit({"file": str(out), "kind": kind, "why": why, "bytes": len(text.encode()), "notes": lost})
        say(f"wrote {out}", quiet=quiet)
    say(wrapped(f"{_KINDS[kind]} ({why})"), quiet=quiet)
    _warn("Other programs will not know:", lost, quiet or as_json)


def _warn(head: str, notes: Any, quiet: bool) -> None:
    if not notes or quiet:
        return
    say(head)
    for words, names in notes.items():
        say(f"  {words}" + (f" ({shortened(', '.join(names), 40)})" if names else ""))
