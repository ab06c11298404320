"""`memagent story undo | redo | revise | alt | branch`: going back, changing what is written, and forking the story."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from memagent.cli.console import dim, emit, plural, say, spent, wrapped
from memagent.cli.options import max_cost_option
from memagent.cli.story_facts import tell_findings
from memagent.cli.story_options import folder_argument, folder_or_number, json_option, open_story, quiet_option
from memagent.cli.story_spending import limited, stopped
from memagent.cli.story_waiting import told_of_waiting
from memagent.cli.word_diff import word_diff
from memagent.errors import UsageProblem

if TYPE_CHECKING:
    from memagent.story.book import Story
    from memagent.story.manuscript import Place

_BY_A_KILLED_ONE = "The same command, which was stopped, has done this already:"


@click.command()
@folder_argument
@click.argument("steps", type=click.IntRange(min=1), required=False)
@quiet_option
def undo(folder: Path, steps: int | None, quiet: bool) -> None:
    """Take back the last step, or the last STEPS, memory included: paragraphs, plans that you chose, edits.

    Nothing is lost: `memagent story redo` brings them back, until the next new step; every text stays in `alt`.
    """
    from memagent.story import drafts

    folder, steps = folder_or_number(folder, steps)
    book = open_story(folder)
    with book.editing():
        count = 1 if steps is None else steps
        if done := drafts.done_already(book, "undo", count):
            say(_BY_A_KILLED_ONE, quiet=quiet)
        with told_of_waiting(book, back="redo", quiet=quiet):
            done = done or drafts.undo(book, count)
        for what in done:
            say(f"taken back: {what}", quiet=quiet)
        say(dim(f"{plural(len(book.record.paragraphs), 'paragraph')} left"), quiet=quiet)


@click.command()
@folder_argument
@click.argument("steps", type=click.IntRange(min=1), required=False)
@quiet_option
def redo(folder: Path, steps: int | None, quiet: bool) -> None:
    """Bring back what `undo` took back."""
    from memagent.story import drafts

    folder, steps = folder_or_number(folder, steps)
    book = open_story(folder)
    with book.editing():
        count = 1 if steps is None else steps
        if done := drafts.done_already(book, "redo", count):
            say(_BY_A_KILLED_ONE, quiet=quiet)
        with told_of_waiting(book, back="undo", quiet=quiet):
            done = done or drafts.redo(book, count)
        for what in done:
            say(f"brought back: {what}", quiet=quiet)


@click.command()
@click.argument("where")
@click.argument("wish")
@folder_argument
@click.option("--fresh", is_flag=True, help="Write it anew; the model does not see how it was.")
@click.option("-k", "count", default=1, show_default=True, type=click.IntRange(1, 9), help="How many drafts.")
@click.option("-y", "--yes", is_flag=True, help="Take the first draft without asking.")
@click.option("-m", "--model", help="Which model revises; by default the story's.")
@max_cost_option
@json_option
@quiet_option
def revise(
    where: str,
    wish: str,
    folder: Path,
    fresh: bool,
    count: int,
    yes: bool,
    model: str | None,
    max_cost: float | None,
    as_json: bool,
    quiet: bool,
) -> int:
    """Let the model revise the paragraph at WHERE, such as "ch.2 p3", as the WISH says.

    You see what would change and take it, edit it, or leave it. The short memory is then brought up to it. With --yes,
    continuity_check = "ask" or "stop" in story.toml keeps a draft from being taken that contradicts what was told.
    """
    from memagent.errors import Stopped
    from memagent.story import drafts, revising
    from memagent.story.holding import wanted
    from memagent.story.manuscript import Place

    place, terminal = Place.read(where), sys.stdin.isatty() and sys.stderr.isatty()
    if not yes and not terminal:
        raise UsageProblem("revising asks before it changes anything, and there is no terminal", hint="Add --yes.")
    book = open_story(folder)
    with book.editing():
        number = drafts.number_of(book.record, place)
        if (done := revising.done_already(book, place, wish, fresh=fresh)) is not None:
            say(f"{_BY_A_KILLED_ONE}\n{place} is changed, and the short memory with it", quiet=quiet)
            _emit_revised(book, place, [done], done, as_json=as_json)
            return 0
        controller = limited(book, model, max_cost)
        before = book.record.paragraphs[number - 1]
        texts = revising.waiting(book, controller, place, wish, fresh=fresh)[:count]
        try:
            for draft in range(1, count + 1):
                again = ", of the run that was stopped" if draft <= len(texts) else ""
                if not again:
                    texts.append(revising.offer(book, controller, place, wish, fresh=fresh))
                say(f"\n{place}, draft {draft} of {count}{again}", quiet=quiet)
                say(wrapped(word_diff(before, texts[draft - 1])), quiet=quiet)
                for finding in revising.contradictions(book, place, texts[draft - 1]):
                    say(wrapped(f"contradicts: {finding.text}"), quiet=quiet)
            what = wanted(book.config.continuity_check, asking=not yes, somebody=terminal)
            doubted = what == "ask" and bool(revising.contradictions(book, place, texts[0]))
            text = texts[0] if yes and not doubted else _asked(texts, before)
            unseen = []
            if text is not None:
                unseen = revising.take(book, controller, place, text, unless_it_contradicts=yes and what == "stop")
        except Stopped as stop:
            return stopped(stop, "The same command goes on with a higher limit. The paragraph is as it was.")
        if text is None:
            revising.leave(book, place)
            say("Left as it was. The drafts are kept: memagent story alt " + repr(where), quiet=quiet)
        else:
            told = revising.contradictions(book, place, text)
            tell_findings([one for one in unseen if one not in told], (), quiet=quiet, as_json=False)
            say(f"{place} is changed, and the short memory with it", quiet=quiet)
        say(dim(spent(controller.usage)), quiet=quiet)
        _emit_revised(book, place, texts, text, as_json=as_json)
    return 0


def _emit_revised(book: Story, place: Place, texts: list[str], taken: str | None, *, as_json: bool) -> None:
    if as_json:
        memory = book.state.memory if book.state else ""
        emit({"where": str(place), "drafts": texts, "taken": taken, "memory": memory})


def _asked(drafts: list[str], before: str) -> str | None:
    """Ask which draft to take; `None` for none. One that was edited is shown again, as what differs from `before`."""
    from memagent.cli.story_menu import edited_paragraph

    texts = list(drafts)
    while True:
        choices = "y take it" if len(texts) == 1 else f"1-{len(texts)} take one"
        answer = click.prompt(f"{choices}   e edit first   n leave it", default="n", show_default=False, err=True)
        answer = answer.strip().lower()
        if answer in ("n", "q"):
            return None
        if answer == "y" and len(texts) == 1:
            return texts[0]
        if answer.isdecimal() and 1 <= int(answer) <= len(texts):
            return texts[int(answer) - 1]
        if answer == "e":
            texts = [edited_paragraph(texts[-1])]
            say(wrapped(word_diff(before, texts[0])))
            continue
        say(f"{answer!r} is not one of the choices")


@click.command()
@click.argument("where")
@folder_argument
@click.option("--diff", is_flag=True, help="Show each as what differs from the text that is there now.")
@click.option("--restore", type=click.IntRange(min=1), help="Put the text with this number back.")
@json_option
@quiet_option
def alt(where: str, folder: Path, diff: bool, restore: int | None, as_json: bool, quiet: bool) -> None:
    """Show every text that the paragraph at WHERE has had, such as "ch.2 p3"; put one back with --restore.

    A paragraph that waits to be kept or written again, and one that was taken back, shows its texts as well.
    """
    from memagent.story import drafts
    from memagent.story.manuscript import Place

    book, place = open_story(folder), Place.read(where)
    if restore is not None:
        with book.editing():
            texts = drafts.drafts(book, place)
            if restore > len(texts):
                raise UsageProblem(f"there is no text {restore}", hint=f"There are {len(texts)}.")
            drafts.restore(book, place, texts[restore - 1].text)
        say(f"{place} has text {restore} again", quiet=quiet)
        return
    found = drafts.drafts(book, place)
    if as_json:
        emit([{"text": one.text, "by": one.by, "at": one.at, "now": one.now, "waits": one.waits} for one in found])
        return
    now = next((one.text for one in found if one.now), "")
    for number, one in enumerate(found, 1):
        waits = ", waits to be kept or written again" * one.waits
        click.echo(f"{'*' if one.now else ' '} {number}  {one.by} {one.at[:16].replace('T', ' ')}{waits}")
        text = word_diff(now, one.text) if diff and not one.now else one.text
        click.echo(wrapped(text) if sys.stdout.isatty() else text)
        click.echo()


@click.command()
@click.argument("copy", type=click.Path(path_type=Path))
@folder_argument
@click.option("--at", "where", help='Up to here: "ch.2", or "ch.2 p3".')
@json_option
@quiet_option
def branch(copy: Path, folder: Path, where: str | None, as_json: bool, quiet: bool) -> None:
    """Fork the story into the new folder COPY, all of it or up to a place. The story itself stays as it is.

    Any chapter and paragraph will do, of an imported manuscript too. The short memory is as it was there; what it did
    not know of yet is said, and how it is brought up to that.
    """
    from memagent.story import branching
    from memagent.story.book import quote
    from memagent.story.manuscript import Place

    fork = branching.branch(open_story(folder), copy, Place.read(where) if where else None)
    record, state = fork.record, fork.state
    known = _known(fork)
    plans = state is None or bool(state.plans or state.plan)
    step = "write" if plans else "memory read"
    if as_json:
        emit(
            {
                "folder": str(copy),
                "paragraphs": len(record.paragraphs),
                "chapters": len(record.chapters),
                "remembered": known,
                "plans": list(state.plans) if state else [],
                "next": f"memagent story {step} {quote(copy)}",
            }
        )
    counts = f"{plural(len(record.chapters), 'chapter')}, {plural(len(record.paragraphs), 'paragraph')}"
    say(f"{copy}: {counts}", quiet=quiet)
    if state is not None and known < len(record.paragraphs):
        told = f"knows of the first {known:,} of these" if known else "is empty: nobody had read up to there"
        rest = (
            "The next paragraph's prompt carries what it does not know" if plans else "It is to be read on, for plans"
        )
        say(wrapped(f"The short memory {told}. {rest}."), quiet=quiet)
    if record.done and record.done[-1]["type"] == "ended":
        say(wrapped(f"What came behind is kept: memagent story undo {quote(copy)} brings it back"), quiet=quiet)
    say(f"Next: memagent story {step} {quote(copy)}", quiet=quiet)


def _known(book: Story) -> int:
    """How many paragraphs the short memory of a story knows of."""
    if book.state is None or not book.state.memory:
        return 0
    remembered = book.record.remembered
    return len(book.record.paragraphs if remembered is None else remembered)
