"""`memagent story memory show | edit`: what the story remembers, and the editor that it is changed in."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from memagent.cli.console import COLUMNS, dim, emit, plural, prose, say, shortened
from memagent.cli.lazy import OrderedGroup
from memagent.cli.story_options import folder_argument, json_option, open_story, quiet_option
from memagent.errors import UsageProblem


@click.group(cls=OrderedGroup)
def memory() -> None:
    """Show and edit what the story remembers."""


@memory.command("show")
@folder_argument
@click.option("--long", "in_full", is_flag=True, help="Long memory in full.")
@json_option
def memory_show(folder: Path, in_full: bool, as_json: bool) -> None:
    """Show the short memory, and what long memory holds."""
    from memagent.methods.recurrent import paragraph_id
    from memagent.story.book import quote

    book = open_story(folder)
    state, long = book.state, book.record.long_memory
    if as_json:
        emit({"short": state.memory if state else "", "long": {str(number): text for number, text in long.items()}})
        return
    if state is None:
        say(f"The story has not begun. Next: memagent story write {quote(book.folder)}")
        return
    count = len(book.record.paragraphs)
    click.echo(prose(f"Short memory ({book.pages.short}; edit it freely)\n\n{state.memory}\n"))
    click.echo(prose(f"Long memory ({book.pages.long}; {len(long)} of {plural(count, 'paragraph')})\n"))
    for number, text in long.items():
        mark = "*" if paragraph_id(number) in state.recalled else " "
        click.echo(prose(f"{mark}{number:4d}  {text if in_full else shortened(text, COLUMNS - 7)}", " " * 7))
    if any(paragraph_id(number) in state.recalled for number in long):
        say(dim("* called to mind for the newest paragraph"))


@memory.command("edit")
@folder_argument
@click.option("--paragraph", type=click.IntRange(min=1), help="Edit what long memory holds of this paragraph.")
@click.option("--text", help='The new text; without it, your editor opens. "-" reads standard input.')
@quiet_option
def memory_edit(folder: Path, paragraph: int | None, text: str | None, quiet: bool) -> None:
    """Edit the short memory, or one paragraph of long memory. The next paragraph is written from it."""
    book = open_story(folder)
    with book.editing():
        now = book.record.long_memory.get(paragraph, "") if paragraph else book.state.memory if book.state else ""
        new = sys.stdin.read() if text == "-" else text if text is not None else edited(now)
        if new is None or new.strip() == now.strip():
            say("nothing changed", quiet=quiet)
            return
        if paragraph:
            book.edit_long(paragraph, new)
        else:
            book.edit_memory(new)
    say("taken up; the next paragraph is written from it", quiet=quiet)


def edited(text: str) -> str | None:
    """Return a text as a person left it in the editor; `None` where it was not saved."""
    if not sys.stdin.isatty():
        raise UsageProblem("an editor needs a terminal", hint="Give the text with --text, or --text - to read it.")
    return click.edit(text, extension=".md")
