"""`memagent story ...`: one command a verb, over the library's `Story`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from memagent.cli.console import dim, say, spent, wrapped
from memagent.cli.lazy import OrderedGroup
from memagent.cli.options import max_cost_option
from memagent.cli.story_back import alt, branch, redo, revise, undo
from memagent.cli.story_check import check
from memagent.cli.story_diag import diag
from memagent.cli.story_export import export
from memagent.cli.story_facts import extract, facts
from memagent.cli.story_import import import_story, memory_read
from memagent.cli.story_lore import lore
from memagent.cli.story_memory import edited, memory
from memagent.cli.story_mend import rebuild, sync
from memagent.cli.story_options import folder_argument, folder_or_number, json_option, open_story, quiet_option
from memagent.cli.story_plan import plan
from memagent.cli.story_play import play
from memagent.cli.story_spending import limited, stopped
from memagent.cli.story_status import show, show_plans, status
from memagent.cli.story_tell import context, cost, log
from memagent.cli.story_waiting import told_of_waiting
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
@click.option("--user", default="", help="Who {{user}} is in the card, the one that its character talks to.")
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
    user: str,
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
    from memagent.story.founding import check_free

    given = premise is not None or premise_file is not None
    character = card_from(card, user) if card else None
    if character is not None:
        text = premise_of(character, _premise(premise, premise_file) if given else "")
    elif not given and sys.stdin.isatty() and sys.stderr.isatty():
        check_free(folder)  # before anything is asked
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
    say("Of your own: lore/ for what holds in its world, style.md, note.md, outline.md.", quiet=quiet)
    if model == "offline" and language.casefold() != "english":
        say(f"offline writes English only; for {language}, set another model in story.toml, or with -m", quiet=quiet)
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
@click.option("--keep", is_flag=True, help="Accept the paragraph that waits, though it contradicts what was told.")
@click.option("--again", is_flag=True, help="Have the paragraph that waits written again.")
@click.option("--stream/--no-stream", default=True, help="Show prose on a terminal while it is being written.")
@json_option
@quiet_option
def write(folder: Path, auto: bool | None, keep: bool, again: bool, **options: Any) -> int:
    """Write on from where the story is.

    A new story begins with three paragraphs at once. The prose goes to standard output. Stop it with Ctrl-C at any
    time; the same command goes on where it stopped.

    A paragraph that contradicts what was told is shown to you before it is accepted, where you are asked for plans too.
    continuity_check of story.toml says otherwise; a run that it stops ends with exit code 6, and --keep or --again
    goes on.
    """
    from memagent.cli.telling import Options
    from memagent.cli.writing import write_story
    from memagent.story.holding import Decision
    from memagent.story.writing import target

    terminal = sys.stdin.isatty() and sys.stderr.isatty()
    asking = terminal if auto is None else not auto
    if asking and not sys.stdin.isatty():
        raise UsageProblem("--ask needs a terminal to ask on", hint="Use --auto, or choose with: memagent story pick")
    if options["count"] and options["until"]:
        raise click.UsageError("Give -n or --until, not both.")
    if options["until"]:
        options["until"] = target(options["until"])
    if keep and again:
        raise click.UsageError("Give --keep or --again, not both.")
    held = Decision("keep" if keep else "again") if keep or again else None
    return write_story(open_story(folder), Options(asking=asking, terminal=terminal, held=held, **options))


@story.command()
@folder_argument
@click.argument("number", type=int, required=False)
@click.option("--text", help="A plan in your own words.")
@click.option("--edit", is_flag=True, help="Edit the chosen plan in your editor.")
@click.option("--more", is_flag=True, help="Let the model think of three others first: one call.")
@click.option("-m", "--model", help="Which model thinks of others; by default the story's.")
@max_cost_option
@click.option("--max-tokens", type=click.IntRange(min=1), help="Stop before using more tokens than this.")
@quiet_option
def pick(
    folder: Path,
    number: int | None,
    text: str | None,
    edit: bool,
    more: bool,
    model: str | None,
    max_cost: float | None,
    max_tokens: int | None,
    quiet: bool,
) -> int:
    """Choose the plan for the next paragraph.

    By its NUMBER, from 1 to 3, or with --text in your own words.
    Without any of them, the plans are shown. `memagent story pick 2` works on the story you are in.
    """
    folder, number = folder_or_number(folder, number)
    book = open_story(folder)
    if more and (code := _think_again(book, model, max_cost, max_tokens, quiet=quiet)):
        return code
    if number is None and text is None and not edit:
        show_plans(book)
        return 0
    with book.editing():
        choice = text if text is not None else number
        if edit:
            choice = edited(_plan(book, choice))
        if choice is None:
            raise UsageProblem("no plan was chosen", hint="Give a number from 1 to 3, or --text.")
        with told_of_waiting(book, quiet=quiet):
            plan = book.pick(choice)
    say(wrapped(f"The next paragraph follows: {plan}", indent="  "), quiet=quiet)
    return 0


def _think_again(book: Story, model: str | None, max_cost: float | None, max_tokens: int | None, *, quiet: bool) -> int:
    """Make other plans; return the exit code."""
    from memagent.errors import Stopped
    from memagent.story.more_plans import think_again

    with book.editing():
        controller = limited(book, model, max_cost, max_tokens)
        try:
            with told_of_waiting(book, quiet=quiet):
                think_again(book, controller)
        except Stopped as stop:
            return stopped(stop, "The same command goes on with a higher limit.")
    say(dim(spent(controller.usage)), quiet=quiet)
    return 0


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


memory.add_command(memory_read)

for command in (
    status,
    show,
    memory,
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
