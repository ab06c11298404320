"""The little Markdown that prose is written in: *italics*, **bold**, scene breaks, and backslashes before signs.

It is read as Markdown is, with three differences that prose needs: marks next to Chinese and Japanese punctuation
count; in the middle of a word (`s**t and s**t`) they count only where no blank lies between them, and never between a
letter and a sign (`f***?`); a star between digits is one of multiplication. Underscores count at the edges of words
alone. Everything else is text.

The time it takes grows with the length of the text and no faster.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

Mark = Literal["em", "/em", "strong", "/strong"]
Piece = tuple[str, bool]
"""A piece of a text: (`text`, False), or (a `Mark`, True)."""

SCENE_BREAK = "* * *"

_BREAK = re.compile(r"[ \t]*(?:([-*_~•＊—–])(?:[ \t\u3000]*\1){2,}|#|[⁂※§◇◆○●☆★](?:[ \t\u3000]*[⁂※§◇◆○●☆★])*)[ \t]*")
_TOKEN = re.compile(r"\\([!-/:-@\[-`{-~])|(\*+|_+)")
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
_PLANE_ENDS = dict.fromkeys(plane * 0x10000 + end for plane in range(1, 17) for end in (0xFFFE, 0xFFFF))
_NEEDS_ESCAPE = re.compile(r"\\(?=[!-/:-@\[-`{-~]|$)|\*|(?<![^\W_])_|_(?![^\W_])")
_BLANK_LINES = re.compile(r"\n[ \t]*(?:\n[ \t]*)+")


def clean(text: str) -> str:
    """Return a text without what no XML file may hold: control characters, halves of characters, no-characters."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\x85", "\n")
    return _FORBIDDEN.sub("", lines).translate(_PLANE_ENDS)


def is_break(line: str) -> bool:
    """Whether a line is a scene break: `***`, `* * *`, `---`, a lone `#`, or one of the signs that books use."""
    return _BREAK.fullmatch(line) is not None


def blocks(paragraph: str) -> list[str | None]:
    """Return a paragraph in parts: what blank lines part, and `None` for each scene break."""
    found: list[str | None] = []
    for part in _BLANK_LINES.split(paragraph):
        lines: list[str] = []
        for line in part.split("\n"):
            if is_break(line):
                found += ["\n".join(lines)] if lines else []
                found.append(None)
                lines = []
            elif line.strip():
                lines.append(line.rstrip().removesuffix("\\").strip())
        found += ["\n".join(lines)] if lines else []
    return found


@dataclass(slots=True)
class _Run:
    """A run of stars or underscores: where it is, how many of its signs are still open, and what it came to mean."""

    at: int
    sign: str
    left: int
    inside_word: bool
    closed: list[Mark] = field(default_factory=list)
    opened: list[Mark] = field(default_factory=list)

    @property
    def pieces(self) -> list[Piece]:
        """Its marks in order, with the signs that mean nothing between those that close and those that open."""
        literal: list[Piece] = [(self.sign * self.left, False)] if self.left else []
        return [*((mark, True) for mark in self.closed), *literal, *((mark, True) for mark in self.opened)]


def parse(text: str) -> list[Piece]:
    """Return the pieces of a text without blank lines; its marks are properly nested."""
    found: list[str | _Run] = []
    open_runs: list[_Run] = []
    at = blank = 0
    for token in _TOKEN.finditer(text):
        plain = text[at : token.start()]
        found.append(plain)
        blank = max((at + plain.rfind(sign) for sign in " \n\t" if sign in plain), default=blank)
        at = token.end()
        if token[1]:
            found.append(token[1])
            continue
        before, after = text[token.start() - 1 : token.start()], text[at : at + 1]
        run = _Run(token.start(), token[2][0], len(token[2]), _inside(before, after))
        found.append(run)
        if _closes(run.sign, before, after):
            _close(run, open_runs, blank)
        if run.left and _opens(run.sign, before, after):
            open_runs.append(run)
    found.append(text[at:])
    pieces = [piece for one in found for piece in ([(one, False)] if isinstance(one, str) else one.pieces)]
    return [(text, mark) for text, mark in pieces if text]


def plain(text: str) -> str:
    """Return a text as it reads, without its marks."""
    return "".join(piece for piece, mark in parse(text) if not mark)


def escape(text: str) -> str:
    """Return Markdown that reads as `text`, letter for letter."""
    return _NEEDS_ESCAPE.sub(r"\\\g<0>", text)


def _close(run: _Run, open_runs: list[_Run], blank: int) -> None:
    """Pair a closing run with the open ones before it, as far as it goes."""
    while run.left:
        number = next((n for n in range(len(open_runs) - 1, max(-1, len(open_runs) - 9), -1)
                       if open_runs[n].sign == run.sign), None)  # fmt: skip
        if number is None:
            return
        opener = open_runs[number]
        del open_runs[number + 1 :]
        if blank > opener.at and (opener.inside_word or run.inside_word):
            if opener.inside_word:
                open_runs.pop()
                continue
            return
        size = 2 if min(opener.left, run.left) >= 2 else 1
        opener.opened.insert(0, "strong" if size == 2 else "em")
        run.closed.append("/strong" if size == 2 else "/em")
        opener.left -= size
        run.left -= size
        if not opener.left:
            open_runs.pop()


def _inside(before: str, after: str) -> bool:
    """Whether a run stands in the middle of a word of a script that parts words by blanks."""
    return _cased(before) and _cased(after)


def _cased(letter: str) -> bool:
    return letter.isalpha() and letter.lower() != letter.upper()


def _opens(sign: str, before: str, after: str) -> bool:
    if not after or after.isspace() or (before.isdigit() and after.isdigit()):
        return False
    return not before.isalnum() or (sign == "*" and (after.isalnum() or not _cased(before)))


def _closes(sign: str, before: str, after: str) -> bool:
    if not before or before.isspace() or (before.isdigit() and after.isdigit()):
        return False
    return not after.isalnum() or (sign == "*" and (before.isalnum() or not _cased(after)))
