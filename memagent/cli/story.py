"""`memagent story ...`: one command a verb, over the library's `Story`."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from memagent.cli.console import dim, emit, numbered, plural, say, shortened, spent
from memagent.cli.lazy import OrderedGroup
from memagent.cli.story_back import alt, branch, redo, revise, undo
from memagent.cli.story_check import check
from memagent.cli.story_export import export
from memagent.cli.story_facts import extract, facts
from memagent.cli.story_import import import_story, memory_read
from memagent.cli.story_lore import lore
from memagent.cli.story_mend import rebuild, sync
from memagent.cli.story_options import folder_argument, folder_or_number, json_option, open_story, quiet_option
from memagent.cli.story_plan import plan
from memagent.cli.story_play import play
from memagent.cli.story_tell import context, cost, diag, log
from memagent.errors import UsageProblem

if TYPE_CHECKING:
    from memagent.story.book import Story


@click.group(cls=OrderedGroup)
def story() -> None:
    """Write a long story from a premise, paragraph by paragraph, with a memory that you can read and edit.

    FOLDER is the story's folder; without it, the folder you are in.
    """


@story.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--premise", help="What the story is about.")
@click.option(
    "--premise-file", type=click.Path(path_type=Path, allow_dash=True), help="The same, from a file; - reads it."
)
@click.option(
    "--from-card", "card", type=click.Path(path_type=Path), help="A character card V2, JSON or PNG, to begin from."
)
@click.option("-m", "--model", default="", help="Which model writes; kept in story.toml.")
@click.option("--embedder", default="hashing", show_default=True, help="How paragraphs are compared for recall.")
@click.option("--language", default="English", show_default=True, help="The language to write in.")
@click.option("--genre", default="any", show_default=True, help="A word or two.")
@click.option("--sentences", default=20, show_default=True, type=click.IntRange(1, 200), help="About, a paragraph.")
@click.option("--chapters", type=click.IntRange(1, 999), help="How many chapters it is to have.")
@click.option("--words", type=click.IntRange(min=100), help="About how many words a chapter has.")
@click.option("--seed", default=0, show_default=True, type=click.IntRange(min=0), help="For a story that repeats.")
@quiet_option
def init(
    folder: Path,
    premise: str | None,
    premise_file: Path | None,
    card: Path | None,
    model: str,
    embedder: str,
    language: str,
    genre: str,
    sentences: int,
    chapters: int | None,
    words: int | None,
    seed: int,
    quiet: bool,
) -> None:
    """Make the folder of a new story. Nothing is written yet and no model is asked.

    On a terminal, what you do not give is asked for. A card's character, scenario, first message and book go into
    lore/ and premise.md; what a card says that means nothing here is named, and kept.
    """
    from memagent import registry
    from memagent.cli import story_card
    from memagent.cli.story_plan import told_estimate, wizard
    from memagent.story.book import Story, quote
    from memagent.story.card import premise_of, put
    from memagent.story.card import read as card_from
    from memagent.story.config import StoryConfig

    given = premise is not None or premise_file is not None
    character = card_from(card) if card else None
    if character is not None:
        text = premise_of(character, _premise(premise, premise_file) if given else "")
    elif not given and sys.stdin.isatty() and sys.stderr.isatty():
        answers = wizard(model, language, genre)
        text, model, language, genre, chapters, words = answers
    else:
        text = _premise(premise, premise_file)
    if model:
        registry.llm(model)
    if chapters and not words:
        words = 2500
    config = StoryConfig(
        llm=model,
        embedder=embedder,
        language=language,
        genre=genre,
        sentences=sentences,
        chapter_words=words or 0,
        chapters=chapters or 0,
        seed=seed,
    )
    if character is not None:
        config = story_card.settings_for(character, config)
        registry.embedder(embedder)
        written = put(folder, character)
    Story.create(folder, text, config)
    if character is not None:
        story_card.tell(character, written, quiet=quiet)
    say(f"Made {folder}: premise.md says what it is about, story.toml how it is written.", quiet=quiet)
    if chapters and words:
        say(told_estimate(config, chapters, words), quiet=quiet)
        say(f"Plan it: memagent story plan {quote(folder)} --chapters 1-{chapters}", quiet=quiet)
    say(f"Next: memagent story write {quote(folder)}", quiet=quiet)


@story.command()
@folder_argument
@click.option("-n", "count", type=click.IntRange(1, 100_000), help="How many paragraphs more (default 1).")
@click.option("--until", help="Write up to: so many paragraphs in all, ch:3, words:20k, or end (of outline.md).")
@click.option("--auto/--ask", default=None, help="Choose plans by itself, or ask you (default on a terminal).")
@click.option("--select", type=click.Choice(["first", "model", "simulator"]), help="Who chooses with --auto.")
@click.option("-m", "--model", help="Which model writes; see memagent --help.")
@click.option("--max-cost", type=click.FloatRange(min=0), help="Stop before spending more than this now, in dollars.")
@click.option("--max-tokens", type=click.IntRange(min=1), help="Stop before using more tokens than this now.")
@click.option("--max-calls", type=click.IntRange(min=1), help="Stop before more model calls than this now.")
@click.option("--max-seconds", type=click.FloatRange(min=0), help="Stop after so many seconds.")
@click.option("--stream/--no-stream", default=True, help="Show prose on a terminal while it is being written.")
@json_option
@quiet_option
def write(folder: Path, auto: bool | None, **options: Any) -> int:
    """Write on from where the story is.

    The prose goes to standard output. Stop it with Ctrl-C at any time; the same command goes on where it stopped.
    """
    from memagent.cli.writing import Options, write_story
    from memagent.story.writing import target

    asking = (sys.stdin.isatty() and sys.stderr.isatty()) if auto is None else not auto
    if asking and not sys.stdin.isatty():
        raise UsageProblem("--ask needs a terminal to ask on", hint="Use --auto, or choose with: memagent story pick")
    if options["count"] and options["until"]:
        raise click.UsageError("Give -n or --until, not both.")
    if options["until"]:
        options["until"] = target(options["until"])
    return write_story(open_story(folder), Options(asking=asking, **options))


@story.command()
@folder_argument
@click.argument("number", type=int, required=False)
@click.option("--text", help="A plan in your own words.")
@click.option("--edit", is_flag=True, help="Edit the chosen plan in your editor.")
@quiet_option
def pick(folder: Path, number: int | None, text: str | None, edit: bool, quiet: bool) -> None:
    """Choose the plan for the next paragraph.

    By its NUMBER, from 1 to 3, or with --text in your own words.
    Without any of them, the plans are shown. `memagent story pick 2` works on the story you are in.
    """
    folder, number = folder_or_number(folder, number)
    book = open_story(folder)
    if number is None and text is None and not edit:
        _show_plans(book)
        return
    with book.editing():
        choice = text if text is not None else number
        if edit:
            choice = _edited(_plan(book, choice))
        if choice is None:
            raise UsageProblem("no plan was chosen", hint="Give a number from 1 to 3, or --text.")
        plan = book.pick(choice)
    say(f"The next paragraph follows: {plan}", quiet=quiet)


@story.command()
@folder_argument
@json_option
def status(folder: Path, as_json: bool) -> None:
    """Say where the story stands, what it cost, and what comes next."""
    from memagent.story.book import quote
    from memagent.story.writing import words

    book = open_story(folder)
    record, state = book.record, book.state
    where = book.standing
    unread = state is not None and not (state.plans or state.plan)  # an import of which nobody has read the end
    next_ = f"memagent story {'memory read' if unread else 'write'} {quote(book.folder)}"
    facts = {
        "folder": str(book.folder),
        "title": record.title,
        "model": book.config.llm,
        "paragraphs": len(record.paragraphs),
        "words": words(record.paragraphs),
        "chapters": _chapters(book),
        "chapter": where.chapter,
        "of": where.total,
        "goal": record.goal.until if record.goal else None,
        "reached": record.goal.reached if record.goal else True,
        "plan": state.plan if state else "",
        "plans": list(state.plans) if state else [],
        "usage": asdict(record.usage),
        "next": next_,
    }
    if as_json:
        emit(facts)
        return
    counts = f"{plural(len(record.paragraphs), 'paragraph')}, {plural(words(record.paragraphs), 'word')}"
    click.echo(f"{record.title or book.folder}: {counts}")
    _show_chapters(book)
    click.echo(f"spent: {spent(record.usage)}")
    if record.goal and not record.goal.reached:
        until = record.goal.until
        click.echo(f"stopped on the way to {f'{until} paragraphs' if isinstance(until, int) else until}")
    if state:
        _show_plans(book)
    click.echo(f"next: {next_}")


@story.command()
@folder_argument
def show(folder: Path) -> None:
    """Print the story."""
    from memagent.story.book import quote
    from memagent.story.chapter_files import manuscript_text

    book = open_story(folder)
    if not book.record.paragraphs:
        say(f"Nothing is written yet. Next: memagent story write {quote(book.folder)}")
    click.echo(manuscript_text(book.record), nl=False)


@story.group(cls=OrderedGroup)
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
    click.echo(f"Short memory ({book.pages.short}; edit it freely)\n\n{state.memory}\n")
    click.echo(f"Long memory ({book.pages.long}; {len(long)} of {len(book.record.paragraphs)} paragraphs)\n")
    for number, text in long.items():
        mark = "*" if paragraph_id(number) in state.recalled else " "
        click.echo(f"{mark}{number:4d}  {text if in_full else shortened(text, 88)}")
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
        new = sys.stdin.read() if text == "-" else text if text is not None else _edited(now)
        if new is None or new.strip() == now.strip():
            say("nothing changed", quiet=quiet)
            return
        if paragraph:
            book.edit_long(paragraph, new)
        else:
            book.edit_memory(new)
    say("taken up; the next paragraph is written from it", quiet=quiet)


def _premise(premise: str | None, path: Path | None) -> str:
    if (premise is None) == (path is None):
        raise UsageProblem("a story needs a premise", hint='Give --premise "..." or --premise-file FILE (one of them).')
    if premise is not None:
        return premise
    assert path is not None
    try:
        if str(path) == "-":
            return sys.stdin.read()
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageProblem(
            f"the premise {str(path)!r} cannot be read: {error.strerror}", hint="Check the name."
        ) from error
    except UnicodeDecodeError as error:
        raise UsageProblem(f"the premise {str(path)!r} is not UTF-8 text", hint="Save it as UTF-8.") from error


def _plan(book: Story, choice: int | str | None) -> str:
    if isinstance(choice, str):
        return choice
    state = book.state
    if state is None:
        return ""
    if choice and choice <= len(state.plans):
        return state.plans[choice - 1]
    return state.plan or (state.plans[0] if state.plans else "")


def _edited(text: str) -> str | None:
    if not sys.stdin.isatty():
        raise UsageProblem("an editor needs a terminal", hint="Give the text with --text, or --text - to read it.")
    return click.edit(text, extension=".md")


def _chapters(book: Story) -> list[dict[str, Any]]:
    """Words got and asked of each chapter, also of those that are to come; `asked` is 0 for any number."""
    from memagent.story.outline import USUAL
    from memagent.story.writing import words

    outline, texts = book.outline, book.record.chapter_texts()
    usual = book.config.chapter_words or (USUAL if outline else 0)
    found = []
    for number in range(1, max(book.standing.total, len(texts)) + 1):
        planned = outline[number - 1] if number <= len(outline) else None
        title, paragraphs = texts[number - 1] if number <= len(texts) else (planned.title if planned else "", [])
        asked = (planned.words if planned else 0) or usual
        found.append({"number": number, "title": title, "words": words(paragraphs), "asked": asked})
    return found


def _show_chapters(book: Story) -> None:
    """Show them where there are any to speak of."""
    chapters, total = _chapters(book), book.standing.total
    if len(chapters) < 2 and not total and not book.config.chapter_words:
        return
    for one in chapters:
        asked = f"of {one['asked']:,} words" if one["asked"] else "words"
        behind = f"  behind the {total} asked for" if total and one["number"] == total + 1 else ""
        click.echo(
            f"  ch.{one['number']:<3} {one['words']:>7,} {asked}  {shortened(one['title'], 30)}{behind}".rstrip()
        )


def _show_plans(book: Story) -> None:
    state = book.state
    if state is None:
        say("There are no plans before the first paragraph.")
        return
    if state.plan and state.plan not in state.plans:
        click.echo(f"the next paragraph follows: {state.plan}")
    click.echo(numbered(state.plans, chosen=state.plan))


memory.add_command(memory_read)

for command in (
    sync,
    check,
    export,
    import_story,
    rebuild,
    play,
    plan,
    undo,
    redo,
    revise,
    alt,
    branch,
    lore,
    context,
    log,
    cost,
    diag,
):
    story.add_command(command)
for command in (facts, extract):
    memory.add_command(command)
