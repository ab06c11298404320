"""`memagent story plan`: makes and extends the outline; and what `story init` asks on a terminal."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from memagent.cli.console import dim, emit, plural, prose, say, spent, wrapped
from memagent.cli.options import max_cost_option
from memagent.cli.story_options import folder_argument, json_option, open_story, quiet_option
from memagent.cli.story_spending import limited, stopped
from memagent.cli.story_tell import guessed
from memagent.errors import UsageProblem

if TYPE_CHECKING:
    from memagent.story.config import StoryConfig


class _Number(click.IntRange):
    """A number that is asked for; `click` calls one an "integer range" where something else is answered."""

    name = "number"


_RANGE = re.compile(r"(\d+)(?:\s*[-–]\s*(\d+))?")


@click.command()
@folder_argument
@click.option("--chapters", help='Which, such as "1-12" or "4"; by default the next three of it.')
@click.option("--total", type=click.IntRange(min=1), help="How many chapters the whole story is to have.")
@click.option("-k", "count", default=1, show_default=True, type=click.IntRange(1, 9), help="How many proposals.")
@click.option("-m", "--model", help="Which model plans; by default the story's.")
@max_cost_option
@json_option
@quiet_option
def plan(
    folder: Path,
    chapters: str | None,
    total: int | None,
    count: int,
    model: str | None,
    max_cost: float | None,
    as_json: bool,
    quiet: bool,
) -> int:
    """Make or extend outline.md: chapters with their beats, near ones in detail, far ones in a line.

    You may edit outline.md at any time; what is written so far is not changed by it.
    """
    from memagent.errors import Stopped
    from memagent.story import planning
    from memagent.story.outline import text_of

    if count > 1 and not sys.stdin.isatty():
        raise UsageProblem("of several proposals you choose one, and there is no terminal", hint="Leave -k out.")
    book = open_story(folder)
    with book.editing():
        there = len(book.outline)
        first, last = _range(chapters) if chapters else _next_three(there, book.config.chapters)
        whole = max(total or 0, last, there)
        written = len(book.record.chapters)
        if first < written and not quiet:
            say(f"chapters up to {written} are written already; their plans change no text")
        controller = limited(book, model, max_cost, chapters=last - first + 1)
        proposals = []
        try:
            for number in range(1, count + 1):
                proposals.append(planning.propose(book, controller, first, last, whole))
                if count > 1:
                    say(wrapped(f"\nproposal {number}\n\n{text_of(proposals[-1])}", indent="  "))
        except Stopped as stop:
            return stopped(stop, "The same command goes on with a higher limit. The outline is as it was.")
        choice = click.prompt(f"[1-{count}]", type=click.IntRange(1, count), err=True) if count > 1 else 1
        outline = planning.put(book, first, proposals[choice - 1])
    if as_json:
        emit([{"title": one.title, "beats": one.beats, "words": one.words} for one in outline])
    else:
        click.echo(prose(text_of(proposals[choice - 1]), indent="  "), nl=False)
    say(
        dim(f"{book.folder / 'outline.md'}: {plural(len(outline), 'chapter')} · {spent(controller.usage)}"), quiet=quiet
    )
    return 0


def wizard(model: str, language: str, genre: str) -> tuple[str, str, str, str, int, int]:
    """Ask for what a new story needs: premise, model, language, genre, chapters, words of a chapter."""
    import os

    def ask(question: str, default: Any, kind: Any = str) -> Any:
        return click.prompt(question, default=default, type=kind, err=True, show_default=default != "")

    say("A new story. Ctrl-C leaves nothing behind; all of it can be changed later.")
    premise = ""
    while not premise.strip():
        premise = ask("What is it about, in a sentence or two", "")
    model = model or ask("Which model writes", os.environ.get("MEMAGENT_LLM", "offline"))
    language = ask("In which language", language)
    genre = ask("Genre", genre)
    chapters = ask("How many chapters", 12, _Number(1, 999))
    words = ask("About how many words a chapter", 2500, _Number(min=100))
    return premise, model, language, genre, chapters, words


def told_estimate(config: StoryConfig, chapters: int, words: int) -> str:
    """Say what a story of so many chapters is likely to use."""
    from memagent.story.estimate import estimate

    paragraphs = max(3, round(chapters * words / (config.sentences * 17)))
    guess = replace(estimate(config, paragraphs), words=chapters * words)
    told = wrapped(f"  {guessed(guess)}", indent="  ")
    return f"{plural(chapters, 'chapter')} of about {words:,} words:\n{told}"


def _next_three(there: int, asked: int) -> tuple[int, int]:
    """Return the next three chapters behind those that are planned; of a story of so many, none behind its end."""
    last = there + 3
    return there + 1, min(last, asked) if there < asked else last


def _range(text: str) -> tuple[int, int]:
    found = _RANGE.fullmatch(text.strip())
    if not found or not int(found[1]) or int(found[2] or found[1]) < int(found[1]):
        raise UsageProblem(f"{text!r} are no chapters", hint='Write "4" or "1-12".')
    return int(found[1]), int(found[2] or found[1])
