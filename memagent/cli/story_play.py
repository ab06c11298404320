"""`memagent story play`: the plans are the reader's choices, and anything else that is typed is what happens next."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from memagent.cli.console import ProseOut, complain, dim, numbered, say, wrapped
from memagent.cli.options import max_cost_option
from memagent.cli.story_options import folder_argument, open_story
from memagent.cli.story_spending import higher_cost, stopped
from memagent.errors import UsageProblem

if TYPE_CHECKING:
    from memagent.cli.telling import Teller
    from memagent.controller import Controller
    from memagent.story.book import Story

_HELP = "a number, or what you do   /undo   /more   /memory   /plans   /help   /quit"
_EXPLAINED = """\
  1, 2, 3   that is what happens next
  any text  what you do, or what happens, in your own words
  /undo     take the last turn back
  /more     other choices (one call)
  /memory   what the story remembers
  /plans    the choices again
  /quit     stop here; the same command plays on
The slash may be left out where such a word stands alone, and so may all but its first letter."""
_WORDS = ("undo", "more", "memory", "plans", "help", "quit")
_OTHER = {"?": "help", "exit": "quit", "m": "memory", "choices": "plans"}


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
    from memagent.story import spending

    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageProblem("a story is played on a terminal", hint="Write it with: memagent story write")
    book = open_story(folder)
    options = Options(
        asking=True, count=None, until=None, select=None, model=model, max_cost=max_cost, max_tokens=None,
        max_calls=None, max_seconds=None, stream=True, as_json=False, quiet=False, terminal=True,
    )  # fmt: skip
    teller = Teller(book, options, streaming=True)
    with book.editing():
        budget = Budget(cost=max_cost)
        controller = spending.controller(book, model, book.memory, budget=budget, on_event=teller.hear)
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
            waits = book.record.held is not None  # a paragraph, to be decided on first
            if book.state is not None and not (book.state.plan or waits) and not _asked(book, controller):
                break
            write_one(book, controller, select="first", progress=progress)
        except Stopped as stop:
            teller.stopped()
            limit = higher_cost(stop, teller.options.max_cost)
            return stopped(stop, f"Go on with a higher limit: memagent story play {quote(book.folder)}{limit}")
        except (Interrupted, click.Abort, KeyboardInterrupt):
            teller.close()
            say()
            _tell_kept(book)
            return 130
    _tell_kept(book)
    return 0


def _tell_kept(book: Story) -> None:
    from memagent.story.book import quote

    say(f"Kept up to here. Play on: memagent story play {quote(book.folder)}")


def _asked(book: Story, controller: Controller) -> bool:
    """Ask what happens next and choose it; return whether the story goes on."""
    _show(book)
    say(dim(_HELP))
    while True:
        answer = click.prompt(">", prompt_suffix=" ", default="", show_default=False, err=True).strip()
        command = _command(answer)
        if command == "quit":
            return False
        if command == "undo":
            if _taken_back(book):
                return True
        elif command is not None:
            _do(book, controller, command)
        elif any(letter.isalnum() for letter in answer) and _chosen(book, answer):
            return True


def _command(answer: str) -> str | None:
    """Return the command that an answer is, with its slash or as a word of its own; `None` for what happens next."""
    word = answer.strip().lower()
    bare = word.removeprefix("/")
    if bare in _OTHER:
        return _OTHER[bare]
    found = next((one for one in _WORDS if bare in (one, one[0])), None)
    return found or ("help" if word.startswith("/") or not word else None)


def _do(book: Story, controller: Controller, command: str) -> None:
    if command == "memory" and book.state is not None:
        say(wrapped(book.state.memory))
    elif command == "plans":
        _show(book)
    elif command == "more":
        _more(book, controller)
    else:
        say(_EXPLAINED)


def _more(book: Story, controller: Controller) -> None:
    from memagent.errors import LLMError
    from memagent.story.more_plans import think_again

    try:
        think_again(book, controller)
    except LLMError as error:
        complain(error.message, error.hint)
    _show(book)


def _chosen(book: Story, answer: str) -> bool:
    plans = book.state.plans if book.state else ()
    if answer.isdecimal() and not 1 <= int(answer) <= len(plans):
        say(f"There is no choice {answer}; there are 1 to {len(plans)}.")
        return False
    book.pick(int(answer) if answer.isdecimal() else answer)
    return True


def _taken_back(book: Story) -> bool:
    """Take the last turn back; return whether nothing is to be chosen: at the beginning, or where a paragraph waits."""
    from memagent.cli.story_menu import steps_back, there_is_one
    from memagent.story import drafts, finished

    if not there_is_one(book):
        return False
    try:
        taken = drafts.undo(book, steps_back(book.record))
    except UsageProblem as error:
        say(f"That cannot be taken back: {error.message}.")
        return False
    for what in taken:
        say(dim(wrapped(f"taken back: {what}")))
    finished.end(book)
    if book.state is None or book.record.held is not None:
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
