"""`memagent story import`: a story from a manuscript that exists; `story memory read`: a model reads its last part."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from memagent.cli.console import dim, emit, pieced, plural, say, spent, wrapped
from memagent.cli.options import max_cost_option
from memagent.cli.progress import ProgressLine
from memagent.cli.story_options import folder_argument, json_option, open_story, quiet_option, yes_option
from memagent.cli.story_spending import LIMIT, higher_cost, limited, may_spend, stopped
from memagent.cli.story_waiting import told_of_waiting

if TYPE_CHECKING:
    from collections.abc import Sequence

    from memagent.controller import Controller
    from memagent.story.book import Story
    from memagent.story.config import StoryConfig
    from memagent.story.importing import Imported

last_option = click.option(
    "--read",
    "asked",
    type=click.IntRange(min=1),
    help="How many words from the end the model reads (default 8,000); more than there are for all of it.",
)


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.argument("folder", type=click.Path(path_type=Path), required=False)
@click.option("--premise", default="", help="What it is about; by default its title and how it begins.")
@click.option("--title", default="", help="Its title; by default what the file says.")
@click.option("--language", default="", help="By default what the file says, or its script tells; else English.")
@click.option("--genre", default="any", show_default=True, help="A word or two.")
@click.option("--encoding", help="Of a text file, such as gb18030; by default it is found out.")
@click.option("-m", "--model", default="", help="Which model reads and writes; kept in story.toml.")
@click.option("--embedder", default="hashing", show_default=True, help="How paragraphs are compared for recall.")
@last_option
@click.option("--no-memory", is_flag=True, help="Ask no model; `memagent story memory read` can do it later.")
@max_cost_option
@yes_option
@json_option
@quiet_option
def import_story(
    file: Path,
    folder: Path | None,
    premise: str,
    title: str,
    language: str,
    genre: str,
    encoding: str | None,
    model: str,
    embedder: str,
    asked: int | None,
    no_memory: bool,
    max_cost: float | None,
    yes: bool,
    as_json: bool,
    quiet: bool,
) -> int:
    """Make a story of the manuscript FILE in the new FOLDER, to be written on from its end.

    FILE is Markdown, plain text, HTML, EPUB, or the JSON lines of an export. Its paragraphs go into chapters/ and into
    the long memory; a model reads the last part, for the short memory and the plans. What that costs is estimated
    before, and asked for. Interrupted, the same command goes on, and nothing is paid for twice.
    """
    from dataclasses import replace

    from memagent import registry
    from memagent.story import reading_back, taking_over
    from memagent.story.config import StoryConfig
    from memagent.story.importing import imported

    found = imported(file, encoding=encoding, language=language)
    manuscript = taking_over.written_as_read(found.manuscript)
    manuscript = replace(manuscript, title=title or manuscript.title, language=manuscript.language or "English")
    folder = folder or Path(file.stem)
    taking_over.begun(folder, manuscript)
    config = StoryConfig(llm=model, embedder=embedder, language=manuscript.language, genre=genre)
    texts = [text for _, text in manuscript.paragraphs]
    if not quiet:
        _told(file, found, len(manuscript.chapters))
    if not no_memory or model:
        name = registry.llm(model or None).name
    if not no_memory:
        _may_spend(
            replace(config, llm=name), texts, asked or reading_back.WORDS, yes=yes or max_cost is not None, quiet=quiet
        )
    book = taking_over.opened(folder, manuscript, premise, config)
    with book.editing(adopt=False):
        with ProgressLine("into the long memory:", quiet=quiet) as progress:
            taking_over.take_over(book, manuscript, file.name, progress)
        say(f"{folder}: {plural(len(texts), 'paragraph')} in chapters/ and in the long memory", quiet=quiet)
        read = no_memory or taking_over.is_read(book)
        code = 0 if read else _read(book, model, asked, max_cost, quiet=quiet, again=f"import {file} {folder}")
    return _finished(book, code, as_json=as_json, quiet=quiet)


@click.command("read")
@folder_argument
@last_option
@click.option("-m", "--model", default="", help="Which model reads; by default the story's.")
@max_cost_option
@yes_option
@json_option
@quiet_option
def memory_read(
    folder: Path, asked: int | None, model: str, max_cost: float | None, yes: bool, as_json: bool, quiet: bool
) -> int:
    """Let a model read the story's last part: it brings the short memory up to it, and makes new plans.

    For a story that was imported with --no-memory, and after many edits by hand. What it costs is estimated before,
    and asked for. Interrupted, the same command goes on. `memagent story undo` takes it back.
    """
    from dataclasses import replace

    from memagent import registry
    from memagent.story import reading_back

    book = open_story(folder)
    book.begun()
    with book.editing():
        config = replace(book.config, llm=registry.llm(model or book.config.llm or None).name)
        asked = asked or reading_back.WORDS
        texts = book.record.paragraphs[reading_back.known(book.record) :]
        _may_spend(config, texts, asked, yes=yes or max_cost is not None, quiet=quiet, embedded=False)
        with told_of_waiting(book, quiet=quiet):
            code = _read(book, model, asked, max_cost, quiet=quiet, again=f"memory read {folder}")
    return _finished(book, code, as_json=as_json, quiet=quiet)


def _read(book: Story, model: str, asked: int | None, max_cost: float | None, *, quiet: bool, again: str) -> int:
    """Let the model read; return the exit code. A run that a limit stopped says how to go on."""
    from memagent.errors import Stopped
    from memagent.story import reading_back

    controller = limited(book, model, max_cost)
    try:
        with ProgressLine("read", quiet=quiet) as progress:
            reading_back.read_back(book, controller, asked or reading_back.WORDS, on_read=progress)
    except Stopped as stop:
        return stopped(stop, f"Go on with a higher limit: memagent story {again}{higher_cost(stop, max_cost)}")
    _tell_language(book, controller, quiet=quiet)
    say(dim(f"the short memory and three plans are made: {spent(controller.usage)}"), quiet=quiet)
    return 0


def _tell_language(book: Story, controller: Controller, *, quiet: bool) -> None:
    language = book.config.language
    if controller.llm.name == "offline" and language.casefold() != "english":
        say(wrapped(f"offline reads and writes English only; for {language}, choose a model with -m"), quiet=quiet)


def _finished(book: Story, code: int, *, as_json: bool, quiet: bool) -> int:
    from memagent.cli.console import numbered
    from memagent.story.paths import quote

    state = book.state
    plans = list(state.plans) if state else []
    if as_json:
        emit(
            {
                "folder": str(book.folder),
                "title": book.record.title,
                "chapters": len(book.record.chapters),
                "paragraphs": len(book.record.paragraphs),
                "memory": state.memory if state else "",
                "plans": plans,
            }
        )
    elif plans and not quiet:
        click.echo(numbered(plans))
    if not code:
        step = "write" if plans else "memory read"
        say(f"Next: memagent story {step} {quote(book.folder)}", quiet=quiet)
    return code


def _told(file: Path, found: Imported, chapters: int) -> None:
    """Say what was read of a file, and what had to be guessed."""
    title = f" «{found.manuscript.title}»" if found.manuscript.title else ""
    count = len(found.manuscript.paragraphs)
    chaptered = f"{plural(chapters, 'chapter')} (by {found.by})"
    say(pieced(f"{file}:{title} {chaptered}", plural(count, "paragraph"), plural(found.words, "word")))
    for note in found.notes:
        say(wrapped(note))


def _may_spend(
    config: StoryConfig, texts: Sequence[str], asked: int, *, yes: bool, quiet: bool, embedded: bool = True
) -> None:
    """Say what reading, and embedding, are likely to cost; ask where it may cost something.

    Raises `UsageProblem` where there is nobody to ask.
    """
    from memagent.story import reading_back
    from memagent.story.estimate import embedding_cost

    may_spend(
        "To read its last part",
        reading_back.estimated(config, texts, asked),
        config.llm,
        yes=yes,
        quiet=quiet,
        also=embedding_cost(config.embedder, texts) if embedded else 0.0,
        hint="Add --yes, or a limit such as --max-cost 0.50; or ask no model with --no-memory." if embedded else LIMIT,
    )
