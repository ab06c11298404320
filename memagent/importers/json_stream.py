"""JSON that is too large to be read at once: the elements of a list, or the lines of a file, one at a time."""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator
from typing import IO, Any, NamedTuple

from memagent.errors import UsageProblem

_CHUNK = 1 << 18
_SPACE = " \t\r\n"
MEND = "Mend the file, or take another copy, and do the same again."
_SLACK = 32  # characters: a fault so near the end of what was read may come from the cut


class Fault(NamedTuple):
    """What a line says that is no JSON: why it is none."""

    reason: str


def wrong(name: str, line: int, what: str) -> UsageProblem:
    """Return the error for a file that is not as it must be."""
    return UsageProblem(f"line {line} of {name} {what}", hint=MEND)


class Text:
    """The text of a file that is read bit by bit, and the number of the line up to which it was used."""

    def __init__(self, file: IO[bytes], name: str) -> None:
        self._file, self.name = file, name
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")()
        self.line = 1
        self.buffer = ""
        self.ended = False

    def more(self, count: int = _CHUNK) -> None:
        """Read on."""
        data = self._file.read(count)
        self.ended = not data
        try:
            self.buffer += self._decoder.decode(data, final=self.ended)
        except UnicodeDecodeError:
            raise wrong(self.name, self.line + self.buffer.count("\n"), "is not UTF-8 text") from None

    def take(self, count: int) -> str:
        """Use up characters."""
        taken, self.buffer = self.buffer[:count], self.buffer[count:]
        self.line += taken.count("\n")
        return taken

    def peek(self) -> str:
        """Return the next character that is no space, without using it up; '' at the end."""
        while True:
            self.take(len(self.buffer) - len(self.buffer.lstrip(_SPACE)))
            if self.buffer or self.ended:
                return self.buffer[:1]
            self.more()


def elements(file: IO[bytes], name: str) -> Iterator[tuple[int, Any]]:
    """Yield each element of a JSON list with the line that it begins in; no more than one is held at a time.

    Raises:
        UsageProblem: the file is no JSON list, or is cut short; the message names the line.
    """
    text = Text(file, name)
    if text.peek() != "[":
        raise wrong(name, text.line, "does not begin a JSON list")
    text.take(1)
    if text.peek() == "]":
        return
    while True:
        text.peek()
        line = text.line
        yield line, _value(text)
        mark = text.peek()
        if mark not in (",", "]"):
            raise wrong(name, text.line, "is cut short" if not mark else "is no JSON: a comma is missing")
        text.take(1)
        if mark == "]":
            return


def _value(text: Text) -> Any:
    decoder = json.JSONDecoder()
    while True:
        try:
            value, end = decoder.raw_decode(text.buffer)
        except (json.JSONDecodeError, RecursionError) as error:
            if isinstance(error, RecursionError):
                raise wrong(text.name, text.line, "is nested too deeply") from None
            cut = error.msg.startswith("Unterminated string") or error.pos > len(text.buffer) - _SLACK
            if text.ended or not cut:
                line = text.line + text.buffer.count("\n", 0, error.pos)
                what = "is cut short" if cut and text.ended else f"is no JSON ({error.msg})"
                raise wrong(text.name, line, what) from None
        else:
            if end < len(text.buffer) or text.ended:  # a number that ends with the buffer may go on
                text.take(end)
                return value
        text.more(max(_CHUNK, len(text.buffer)))


def lines(file: IO[bytes]) -> Iterator[tuple[int, Any]]:
    """Yield what each line of a file says, with its number, or its `Fault`; blank lines are passed over."""
    for number, raw in enumerate(file, 1):
        try:
            line = raw.decode("utf-8-sig" if number == 1 else "utf-8")
            if line.strip():
                yield number, json.loads(line)
        except UnicodeDecodeError:
            yield number, Fault("is not UTF-8 text")
        except (ValueError, RecursionError):
            yield number, Fault("is no JSON, or was cut short")


def document(file: IO[bytes], name: str) -> Any:
    """Return the one value of a JSON file, read at once.

    Raises:
        UsageProblem: it is no JSON; the message names the line.
    """
    try:
        return json.loads(file.read().decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise wrong(name, error.object[: error.start].count(b"\n") + 1, "is not UTF-8 text") from None
    except json.JSONDecodeError as error:
        raise wrong(name, error.lineno, f"is no JSON, or was cut short ({error.msg})") from None
    except RecursionError:
        raise wrong(name, 1, "is nested too deeply") from None
