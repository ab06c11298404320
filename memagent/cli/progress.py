"""How far long work has come: one line of standard error that is written over, on a terminal; nothing elsewhere."""

from __future__ import annotations

import sys
from types import TracebackType

import click


class ProgressLine:
    """A line such as `embedded 512 of 5,000`. Leave its `with` block, and it is gone."""

    def __init__(self, what: str, *, quiet: bool = False) -> None:
        """Say `what` is counted; with `quiet`, show nothing."""
        self._what = what
        self._shown = not quiet and sys.stderr.isatty()

    def __call__(self, done: int, of: int) -> None:
        """Show that so many are done."""
        if self._shown:
            click.echo(f"\r\x1b[K{self._what} {done:,} of {of:,}\r", err=True, nl=False)

    def __enter__(self) -> ProgressLine:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._shown:
            click.echo("\r\x1b[K", err=True, nl=False)
