r"""What the command line says: the product on standard output, everything else on standard error.

Models and documents say what they like, and a terminal acts on some of it: it moves the cursor, sets its title, turns
letters round. So no control character but line breaks and tabs goes out, to a terminal or not, since what is piped or
kept is read on one later; our own colours and progress lines do. The signs that change the direction of letters are
left out on a terminal only: elsewhere they are a part of the text. JSON is exact: it has all of these as `\u` escapes.
"""

from __future__ import annotations

import json
import logging
import os
import re
import shutil
import sys
import textwrap
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TextIO

import click

from memagent import errors
from memagent.types import Usage


class Terminated(BaseException):
    """SIGTERM arrived: unwind like Ctrl-C does."""


FINDINGS = 6
"""The exit code of a check that found something; of errors, see `exit_code`."""

COLUMNS = 79  # of a line that is said, at most
_PIECE = re.compile(r"[^\s\u2e80-\u9fff\uac00-\ud7af]+\s*|[\u2e80-\u9fff\uac00-\ud7af]\s*|\s+")
_COLOUR = re.compile(r"\x1b\[(?:[012]|3[12])m")  # what `styled` makes
_CONTROL = re.compile(r"\r\n|(?:\x1b\[|\x9b)[0-9;?]{0,16}[A-Za-z]|[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_TURNED = re.compile("[\u202a-\u202e\u2066-\u2069]")
_ESCAPED = re.compile("[\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_CODES: tuple[tuple[type[errors.MemagentError], int], ...] = (
    (errors.UsageProblem, 2),
    (errors.ConfigError, 3),
    (errors.LLMError, 4),
    (errors.Stopped, 5),
    (errors.Locked, 7),
    (errors.Unsynced, 7),
    (errors.HeldBack, 6),
)


def exit_code(error: errors.MemagentError) -> int:
    """Return the exit code of an error of ours."""
    return next((code for kind, code in _CODES if isinstance(error, kind)), 1)


def complain(message: str, hint: str = "") -> None:
    """Say on standard error what went wrong and what to do."""
    click.echo(styled("memagent: ", fg="red", bold=True) + message, err=True)
    if hint:
        click.echo(textwrap.indent(hint, "  "), err=True)


def say(text: str = "", *, quiet: bool = False) -> None:
    """Say something on standard error that is not the product."""
    if not quiet:
        click.echo(text, err=True)


def plain(text: str) -> str:
    """Return a text of a model or a document without what a terminal would act on; CR LF and tabs stay."""
    return _TURNED.sub("", _without_controls(text))


def one_row(text: str) -> str:
    """Return the same in one row, for what stands in a list: a line break in it would be read as a row of its own."""
    return plain(" ".join(text.split()))


def _without_controls(text: str, ours: re.Pattern[str] | None = None) -> str:
    def kept(found: re.Match[str]) -> str:
        return found.group() if found.group() == "\r\n" or (ours and ours.fullmatch(found.group())) else ""

    return _CONTROL.sub(kept, text)


class Guarded:
    """A standard stream through which no control character of a text gets, and which half a letter does not break.

    What the stream cannot write, such as half a surrogate pair, is written as an escape. `exact` is the stream itself.
    """

    def __init__(self, stream: TextIO) -> None:
        self.exact = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self.exact, name)

    def write(self, text: str) -> int:
        """Write a text; colours and progress lines, which begin with a return and may end with one, are our own."""
        shown = _without_controls(text, _COLOUR)
        if self.isatty():
            shown = _TURNED.sub("", shown)
            if text.startswith("\r\x1b[K"):
                shown = f"\r\x1b[K{shown}" + "\r" * text.endswith("\r")
        encoding = self.exact.encoding or "utf-8"
        self.exact.write(shown.encode(encoding, "backslashreplace").decode(encoding))
        return len(text)


@contextmanager
def guarded() -> Iterator[None]:
    """Let nothing that a terminal would act on through to standard output and standard error."""
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = (stream and Guarded(stream) for stream in before)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


def hush(quiet: bool) -> None:
    """With `-q`, keep the library's own notices to itself too."""
    if quiet:
        logging.getLogger("memagent").setLevel(logging.ERROR)


def dim(text: str) -> str:
    """Return a text as an aside on a terminal; plain where colours are not wanted."""
    return styled(text, dim=True)


def styled(text: str, *, fg: str | None = None, bold: bool = False, dim: bool = False) -> str:
    """Return a text in a colour; plain under NO_COLOR. What is echoed to anything but a terminal is plain anyway."""
    return text if os.environ.get("NO_COLOR") else click.style(text, fg=fg, bold=bold or None, dim=dim or None)


def wrapped(text: str, width: int = COLUMNS, indent: str = "") -> str:
    """Return a text in lines of at most `width` columns, colours kept; those that go on a line begin with `indent`.

    A word is broken only in scripts without blanks, and one that is longer than a line not at all.
    """
    lines = []
    for line in text.split("\n"):
        column, parts = 0, list[str]()
        for piece in _PIECE.findall(line):
            if column and column + columns(click.unstyle(piece).rstrip()) > width:
                if parts and parts[-1].endswith(" "):
                    parts[-1] = parts[-1].rstrip(" ")
                parts.append("\n" + indent)
                column = columns(indent)
                piece = piece.lstrip(" ")
            parts.append(piece)
            column += columns(click.unstyle(piece))
        lines.append("".join(parts))
    return "\n".join(lines)


def width_of_terminal() -> int:
    """Return how many columns prose may take on the terminal: lines of more than 96 are hard to read."""
    return max(20, min(96, shutil.get_terminal_size().columns - 1))


def prose(text: str, indent: str = "") -> str:
    """Return a text for standard output: wrapped by words on a terminal, and otherwise as it is.

    A terminal would act on control characters, and signs that turn the direction of a line would turn the rest of the
    screen with it; both are left out there.
    """
    return wrapped(harmless(text), width_of_terminal(), indent) if sys.stdout.isatty() else text


def harmless(text: str) -> str:
    """Return a text without what a terminal would act on, but for the ends of its lines; tabs become blanks."""
    return plain(text.replace("\t", " ").replace("\r\n", "\n")).replace("\ufeff", "")


def columns(text: str) -> int:
    """Return how many columns of a terminal a text takes."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def pieced(*pieces: str, indent: str = "   ") -> str:
    """Return pieces of a line with dots between them, on as many lines of at most 79 columns as it takes."""
    lines = [pieces[0]]
    for piece in pieces[1:]:
        if len(lines[-1]) + len(piece) + 3 > COLUMNS:
            lines.append(indent + piece)
        else:
            lines[-1] += f" · {piece}"
    return "\n".join(lines)


def emit(data: Any) -> None:
    """Write one line of JSON to standard output, what a terminal would act on as escapes."""
    line = json.dumps(data, ensure_ascii=False)
    click.echo(_ESCAPED.sub(lambda found: f"\\u{ord(found.group()):04x}", line))


def plural(count: int, thing: str) -> str:
    """Return a count with its noun: `1 file`, `2 files`."""
    return f"{count:,} {thing}{'s' * (count != 1)}"


def shortened(text: str, width: int) -> str:
    """Return a text on one line of at most about `width` columns."""
    line = " ".join(harmless(text).split())
    if columns(line) <= width:
        return line
    cut = line[: width - 1]
    while columns(cut) > width - 1:
        cut = cut[:-1]
    return cut.rsplit(" ", 1)[0] + " …"


def padded(text: str, width: int) -> str:
    """Return a text with blanks behind it to so many columns; letters of East Asia take two."""
    return text + " " * (width - columns(text))


def money(cost: float | None) -> str:
    """Return a price in dollars; an unknown one is said to be unknown."""
    if cost is None:
        return "cost unknown"
    return f"${cost:.4f}" if 0 < cost < 1 else f"${cost:.2f}"


def spent(usage: Usage) -> str:
    """Return calls, tokens and cost in a few words."""
    return f"{plural(usage.calls, 'call')}, {'~' * usage.estimated}{usage.tokens:,} tokens, {money(usage.cost)}"


def numbered(texts: Sequence[str], chosen: str = "", *, whole: bool = False) -> str:
    """Return texts as a numbered list; `chosen` is marked. Wrapped to the terminal, but `whole` where it is piped."""
    width = 10**9 if whole else max(40, width_of_terminal())
    return "\n".join(
        wrapped(f"{'*' if text == chosen else ' '} {number}  {harmless(' '.join(text.split()))}", width, " " * 5)
        for number, text in enumerate(texts, 1)
    )


class ProseOut:
    """Writes prose to standard output as it comes: word-wrapped on a terminal, untouched elsewhere."""

    def __init__(self) -> None:
        self.terminal = sys.stdout.isatty()
        self.width = width_of_terminal() if self.terminal else 0
        self._column = 0
        self._word = ""

    def write(self, text: str) -> None:
        """Write a piece. On a terminal the last word waits until it is known to be whole."""
        text = plain(text) if self.terminal else text
        if not self.terminal:
            click.echo(text, nl=False)
            return
        for character in text:
            if character in " \n":
                self._flush_word()
                self._space(character)
            elif unicodedata.east_asian_width(character) in "WF":
                self._flush_word()
                self._word = character
                self._flush_word()  # scripts without blanks may break anywhere
            else:
                self._word += harmless(character)
        sys.stdout.flush()

    def end(self) -> None:
        """Write what still waits."""
        self._flush_word()
        sys.stdout.flush()

    def _flush_word(self) -> None:
        width = columns(self._word)
        if self._column and self._column + width > self.width:
            click.echo()
            self._column = 0
        click.echo(self._word, nl=False)
        self._column += width
        self._word = ""

    def _space(self, character: str) -> None:
        if character == "\n":
            click.echo()
            self._column = 0
        elif self._column:
            click.echo(" ", nl=False)
            self._column += 1
