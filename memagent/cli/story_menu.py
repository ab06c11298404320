"""What a person is asked before each paragraph: which plan it follows, or what is to be changed first."""

from __future__ import annotations

import click

from memagent.cli.console import complain, dim, harmless, numbered, say, spent, wrapped
from memagent.controller import Controller
from memagent.errors import LLMError
from memagent.story import drafts, finished
from memagent.story.book import Story
from memagent.story.more_plans import think_again
from memagent.story.record import StoryRecord

_HELP = """\
  1, 2, 3   this plan is followed; Enter alone takes the first
  e         edit one of them in your editor ($EDITOR), and follow it
  w         write a plan of your own; an empty line leaves that again
  m         let the model think of three others (one call)
  r         take the newest paragraph back, and write it again
  u         take it back, and choose anew what happens in it
  M         edit the short memory: what the writer knows
  q         stop here; the same command goes on
Nothing is lost by r and u: every text stays in memagent story alt."""


def chosen(story: Story, controller: Controller) -> bool:
    """Show the plans and ask until the next paragraph has one, or is to be written again; `False` to stop.

    Where `u` has led back to a paragraph that waits, that is to be decided on first.
    """
    _show(story)
    while story.state is not None and not story.state.plan and story.record.held is None:
        count = len(story.state.plans)
        say(f"[1-{count}] choose   e edit one   w write my own   m more plans   M edit memory")
        answer = click.prompt("r write it again   u undo   ? help   q quit", default="1", err=True).strip()
        if answer == "q":
            return False
        _follow(story, controller, answer)
    return True


def steps_back(record: StoryRecord) -> int:
    """Return how many steps lead back to the last question: the newest paragraph, and the choice before it."""
    steps = steps_of_newest(record)
    before = record.done[-steps - 1]["type"] if steps < len(record.done) else ""
    return steps + (before == "picked")


def steps_of_newest(record: StoryRecord) -> int:
    """Return how many steps take the newest paragraph back, with what was changed behind it."""
    steps = 1
    while steps < len(record.done) and record.done[-steps]["type"] not in ("written", "ended"):
        steps += 1
    return steps


def edited_text(text: str) -> str | None:
    """Return a text as a person left it in the editor; `None` where it was not saved, or no editor could be used."""
    try:
        return click.edit(text, extension=".md")
    except click.ClickException as error:
        say(wrapped(f"{error.format_message().rstrip('.')}. EDITOR says which editor is used."))
        return None


def edited_paragraph(text: str) -> str:
    """Return a paragraph as a person left it in the editor, without blank lines; as it was where it was not saved."""
    lines = (edited_text(text) or "").splitlines()
    return "\n".join(line.strip() for line in lines if line.strip()) or text


def _follow(story: Story, controller: Controller, answer: str) -> None:
    """Do what was answered; the story's plan says whether it is a choice."""
    assert story.state is not None
    plans = story.state.plans
    if answer.isdecimal() and 1 <= int(answer) <= len(plans):
        story.pick(int(answer))
    elif answer == "w":
        if own := _own_plan():
            story.pick(own)
    elif answer == "e":
        number = click.prompt("Which one", type=click.IntRange(1, len(plans)), default=1, err=True)
        if own := (edited_text(plans[number - 1]) or "").strip():
            story.pick(own)
    elif answer == "?":
        say(_HELP)
    elif answer in _CHANGES:
        _CHANGES[answer](story, controller)
    else:
        say(f"{harmless(answer)!r} is not one of the choices; ? says what they are")


def _own_plan() -> str:
    """Ask what happens next; an empty answer is none. One letter is one of the menu, and asked back, not a plan."""
    while True:
        own = str(click.prompt("What happens next", default="", show_default=False, err=True)).strip()
        if len(own) != 1 or own not in _LETTERS:
            return own
        say(f"{own!r} is one of the choices and no plan. Say it in some words; an empty line goes back to them.")


def _more(story: Story, controller: Controller) -> None:
    before = controller.usage
    try:
        think_again(story, controller)
    except LLMError as error:
        complain(error.message, error.hint)
        return
    say(dim(f"{spent(controller.usage)} in this run" if before.calls else spent(controller.usage)))
    _show(story)


def _edit_memory(story: Story, _: Controller) -> None:
    text = edited_text(story.state.memory if story.state else "")
    if text and text.strip():
        story.edit_memory(text)
        say("taken up")


def _again(story: Story, _: Controller) -> None:
    """Take the newest paragraph back, and choose for it what was chosen: what comes then writes it."""
    if there_is_one(story):
        _take_back(story, steps_of_newest(story.record))
        if story.state is not None and not story.state.plan:  # nobody chose it but the model
            _show(story)


def _undo(story: Story, _: Controller) -> None:
    if not there_is_one(story):
        return
    if len(story.record.paragraphs) <= _opening(story.record):
        say("This is the opening, of which nothing was chosen; r writes it again.")
        return
    _take_back(story, steps_back(story.record))
    if story.state is not None:
        say(dim(wrapped(f"the newest is now: {harmless(story.state.paragraph)}")))
    _show(story)


_LETTERS = "123456789ewmruMq?"
_CHANGES = {"m": _more, "M": _edit_memory, "r": _again, "u": _undo}


def there_is_one(story: Story) -> bool:
    """Whether there is a paragraph that was written here, not imported or branched; says so where there is none."""
    newest = next((one["type"] for one in reversed(story.record.done) if one["type"] in ("written", "ended")), "")
    if newest == "written":
        return True
    say("Nothing was written here yet that could be taken back.")
    return False


def _opening(record: StoryRecord) -> int:
    """How many paragraphs there were before anything was chosen: an opening, an import, what a branch begins with."""
    if ended := next((one for one in reversed(record.done) if one["type"] == "ended"), None):
        return int(ended["number"])
    first = next(one for one in record.done if one["type"] in ("written", "imported"))
    return len(first["written"]) if first["type"] == "written" else len(first["paragraphs"])


def _take_back(story: Story, steps: int) -> None:
    for what in drafts.undo(story, steps):
        say(dim(wrapped(f"taken back: {what}")))
    finished.end(story)


def _show(story: Story) -> None:
    if story.state is not None and not story.state.plan and story.record.held is None:
        say("\nWhat happens next?")
        say(numbered(story.state.plans))
