"""What is said of a paragraph that waits to be kept or written again: in the status, and when a command lets it go."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from memagent.cli.console import say, styled, wrapped
from memagent.errors import UsageProblem

if TYPE_CHECKING:
    from memagent.story.book import Story
    from memagent.story.holding import Held


@contextmanager
def told_of_waiting(book: Story, *, back: str = "undo", quiet: bool = False) -> Iterator[None]:
    """Say what becomes of a paragraph that waits in here: that it is let go, and where it is then, or waits again.

    `back` is the command that takes back what is done in here. Use it inside `editing`. What is done in here without
    an error is told of, even where the command then says how it goes on with a higher limit.
    """
    from memagent.story import holding
    from memagent.story.paths import quote

    before = holding.waiting(book)
    try:
        yield
    finally:
        now, folder = holding.waiting(book), quote(book.folder)
        if before is not None and (now is None or now.text != before.text):
            say(wrapped(f"{before.place} waited to be kept or written again, and is let go."), quiet=quiet)
            if _is_there(book, before):
                say(f"  Its text stays: memagent story alt '{before.place}' {folder}", quiet=quiet)
            say(f"  To let it wait again: memagent story {back} {folder}", quiet=quiet)
        if now is not None and (before is None or now.text != before.text):
            say(f"{now.place} waits again; see memagent story status {folder}", quiet=quiet)


def _is_there(book: Story, held: Held) -> bool:
    """Whether its place still shows its text; not so where an edit by hand has put another paragraph there."""
    from memagent.story.drafts import drafts

    try:
        return held.text in {draft.text for draft in drafts(book, held.place)}
    except UsageProblem:  # the place is gone
        return False


def tell(book: Story, held: Held) -> None:
    """Say which paragraph waits, why, and what can be done with it."""
    from memagent.story.paths import quote

    folder = quote(book.folder)
    if not held.findings:
        click.echo(f"{held.place} waits, and contradicts nothing any more; what is next takes it")
        return
    click.echo(f"{held.place} waits to be kept or written again:")
    for finding in held.findings:
        click.echo(wrapped(f"  {styled('contradicts', fg='red')}  {finding.text}", indent="    "))
    click.echo(f"  to read it:  memagent story alt '{held.place}' {folder}")
    click.echo(f"  to keep it:  memagent story write {folder} --keep")
    click.echo(f"  to have it written again:  memagent story write {folder} --again")


def next_step(book: Story, held: Held) -> str:
    """Return the command that comes next: to read it, as long as somebody has to decide."""
    from memagent.story.paths import quote

    folder = quote(book.folder)
    return f"memagent story alt '{held.place}' {folder}" if held.findings else f"memagent story write {folder}"
