"""`memagent story sync | rebuild`: taking up what was edited by hand, and making anew what is made from the log."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from memagent.cli.console import dim, emit, plural, say, wrapped
from memagent.cli.progress import ProgressLine
from memagent.cli.story_options import folder_argument, json_option, open_story, quiet_option
from memagent.cli.story_waiting import told_of_waiting

if TYPE_CHECKING:
    from memagent.story.book import Story
    from memagent.story.record import StoryRecord
    from memagent.story.renumbering import Edits

UNSYNCED = 7
_NAMED = 8  # places that are named, of a kind


@click.command()
@folder_argument
@click.option("--check", is_flag=True, help="Only say what was edited; exit code 7 if anything was.")
@json_option
@quiet_option
def sync(folder: Path, check: bool, as_json: bool, quiet: bool) -> int:
    """Take up your edits of the manuscript: paragraphs, headings, whole chapters.

    You may change, split, join, move, add and delete paragraphs in chapters/, add a chapter as a file with the next
    number, or by a line `## Its title`, and delete a chapter with its file. The long memory follows, and no model is
    asked; the short memory follows with the next paragraph. `memagent story undo` takes it back.
    """
    from dataclasses import replace

    from memagent.story import hand_edits

    book = open_story(folder)
    before = replace(book.record)
    if check:
        edits, told = hand_edits.found(book)
        after = replace(before, paragraphs=[text for _, text in told.paragraphs], chapters=hand_edits.begun_at(told))
    else:
        with book.editing(adopt=False):
            before = replace(book.record)
            with told_of_waiting(book, quiet=quiet):
                edits = hand_edits.sync(book)
            after = book.record
    strangers = [str(path) for path in book.pages.strangers()]
    if as_json:
        emit(_data(edits) | {"not_chapters": strangers})
    else:
        _tell(book, edits, before, after, check=check, quiet=quiet)
        for name in strangers:
            say(wrapped(f"{name} is no chapter, for its name is no number; it was left alone"), quiet=quiet)
    return UNSYNCED if check and (edits.count or edits.headings) else 0


@click.command()
@folder_argument
@json_option
@quiet_option
def rebuild(folder: Path, as_json: bool, quiet: bool) -> None:
    """Make anew what is made from the story's log: the memory file, and chapters that were deleted.

    For when .memagent/memory.db was deleted or damaged, or another embedder is to be used. Nothing that you wrote is
    touched, and no model is asked; paragraphs are embedded again. Interrupted, the same command goes on.

    Where all of .memagent is gone, the story is made anew from its plain files: chapters, memory, settings. Drafts,
    plans and what it has cost are gone then.
    """
    from memagent.story import refounding

    if refounding.is_lost(folder):
        _tell_refounded(folder, refounding.refound(folder), quiet=quiet)
    book = open_story(folder)
    with ProgressLine("embedded", quiet=quiet) as progress:
        book.rebuild(progress)
    count = len(book.record.long_memory)
    if as_json:
        emit({"paragraphs": len(book.record.paragraphs), "remembered": count})
    else:
        say(f"rebuilt: {plural(count, 'paragraph')} in the memory file", quiet=quiet)


def _tell_refounded(folder: Path, record: StoryRecord, *, quiet: bool) -> None:
    from memagent.story.paths import quote

    chapters = plural(len(record.chapters), "chapter")
    kept = f"{chapters}, {plural(len(record.paragraphs), 'paragraph')}" if record.paragraphs else "no chapter yet"
    short = " and the short memory" if record.state and record.state.memory else ""
    told = f"The log was gone, and is made anew from the plain files: {kept}{short}. Drafts, plans and costs are gone."
    say(wrapped(told), quiet=quiet)
    if record.paragraphs:
        step = f"pick {quote(folder)} --more" if short else f"memory read {quote(folder)}"
        say(f"Plans for what comes next: memagent story {step}", quiet=quiet)


def _data(edits: Edits) -> dict[str, object]:
    kinds = {name: list(getattr(edits, name)) for name in ("changed", "added", "removed", "moved")}
    return {"paragraphs": edits.count, **kinds, "headings": edits.headings}


def _tell(book: Story, edits: Edits, before: StoryRecord, after: StoryRecord, *, check: bool, quiet: bool) -> None:
    from memagent.story.paths import quote

    say(f"{plural(edits.count, 'paragraph')} {'edited' if check else 'taken up'}", quiet=quiet)
    for what, numbers, record in (
        ("rewritten", edits.changed, after),
        ("new", edits.added, after),
        ("moved", edits.moved, after),
        ("gone", edits.removed, before),
    ):
        if numbers:
            say(dim(wrapped(f"  {what:<9}  {_named(numbers, record)}")), quiet=quiet)
    if edits.headings:
        say(dim("  headings   the title, or chapters"), quiet=quiet)
    if check and (edits.count or edits.headings):
        say(f"Take them up with: memagent story sync {quote(book.folder)}", quiet=quiet)
    elif edits.count:
        say(
            "The short memory follows with the next paragraph, whose prompt carries these edits.\n"
            "To bring it up to them now, edit it, or let a model read the end:\n"
            f"memagent story memory read {quote(book.folder)}",
            quiet=quiet,
        )


def _named(numbers: tuple[int, ...], record: StoryRecord) -> str:
    """Name the places of the first few of some paragraphs."""
    from memagent.story.drafts import place_of

    some = numbers[:_NAMED]
    names = [str(place_of(record, number)) for number in some]
    more = len(numbers) - len(some)
    return ", ".join(names) + (f" and {more:,} more" if more else "")
