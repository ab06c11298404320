"""`memagent story play`: the plans are the reader's choices, and anything else that is typed is what happens next."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from memagent.cli.console import ProseOut, complain, dim, exit_code, numbered, say, wrapped
from memagent.cli.options import max_cost_option
from memagent.cli.story_options import folder_argument, open_story
from memagent.errors import UsageProblem

if TYPE_CHECKING:
    from memagent.cli.telling import Teller
    from memagent.controller import Controller
    from memagent.story.book import Story

_HELP = "a number, or what you do   /undo   /memory   /plans   /quit"


@click.command()
@folder_argument
@click.option("-m", "--model", help="Which model tells the story; by default the story's.")
@max_cost_option
def play(folder: Path, model: str | None, max_cost: float | None) -> int:
    """Play the story: choose how it goes on, or type what happens next in your own words.

    It is the same story with the same memory as for `memagent story write`; you may go from one to the other.
    """
    from memagent.budget import Budget
    from memagent.cli.telling import Options, Teller
    from memagent.controller import Controller

    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageProblem("a story is played on a terminal", hint="Write it with: memagent story write")
    book = open_story(folder)
    options = Options(
        asking=True, count=None, until=None, select=None, model=model, max_cost=max_cost, max_tokens=None,
        max_calls=None, max_seconds=None, stream=True, as_json=False, quiet=False,
    )  # fmt: skip
    teller = Teller(book, options, streaming=True)
    controller = Controller(model or book.config.llm or None, budget=Budget(cost=max_cost), on_event=teller.hear)
    with book.editing():
        controller.memory = book.memory
        teller.begin(controller)
        if book.state is not None:
            _tell(book.state.paragraph)
        return _played(book, controller, teller)


def _played(book: Story, controller: Controller, teller: Teller) -> int:
    from memagent.errors import Interrupted, Stopped
    from memagent.story.book import quote
    from memagent.story.writing import write_one

    progress = teller.progress
    while True:
        try:
            if book.state is not None and not book.state.plan and not _asked(book):
                break
            write_one(book, controller, select="first", progress=progress)
        except Stopped as stop:
            teller.stopped()
            complain(
                stop.message, f"Nothing is lost. Go on with a higher limit: memagent story play {quote(book.folder)}"
            )
            return exit_code(stop)
        except (Interrupted, click.Abort, KeyboardInterrupt):
            teller.close()
            say()
            break
    say(f"Kept up to here. Play on: memagent story play {quote(book.folder)}")
    return 0


def _asked(book: Story) -> bool:
    """Ask what happens next and choose it; return whether the story goes on."""
    _show(book)
    say(dim(_HELP))
    while True:
        answer = click.prompt(">", prompt_suffix=" ", err=True).strip()
        if answer in ("/quit", "/q"):
            return False
        if answer in ("/undo", "/u"):
            if _taken_back(book):
                return True
        elif answer in ("/memory", "/m") and book.state is not None:
            say(book.state.memory)
        elif answer in ("/plans", "/p"):
            _show(book)
        elif answer.startswith("/"):
            say(_HELP)
        elif answer and _chosen(book, answer):
            return True


def _chosen(book: Story, answer: str) -> bool:
    plans = book.state.plans if book.state else ()
    if answer.isdecimal() and not 1 <= int(answer) <= len(plans):
        say(f"There is no choice {answer}; there are 1 to {len(plans)}.")
        return False
    book.pick(int(answer) if answer.isdecimal() else answer)
    return True


def _taken_back(book: Story) -> bool:
    """Take the last turn back; return whether the story is back at its very beginning."""
    from memagent.cli.story_menu import steps_back
    from memagent.story import drafts, finished

    for what in drafts.undo(book, steps_back(book.record)):
        say(dim(wrapped(f"taken back: {what}")))
    finished.end(book)
    if book.state is None:
        return True
    _tell(book.state.paragraph)
    _show(book)
    return False


def _show(book: Story) -> None:
    if book.state is not None:
        say("\n" + numbered(book.state.plans))


def _tell(text: str) -> None:
    out = ProseOut()
    out.write(text + "\n")
    out.end()
