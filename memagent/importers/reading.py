"""Opening what is imported: a JSON file, an archive with one, or a SQLite file; told apart by how it begins."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from memagent.errors import UnknownName, UsageProblem
from memagent.importers import chatgpt, jsonl, langchain, mem0
from memagent.importers.found import Found, Odd, Skipped
from memagent.importers.json_stream import MEND
from memagent.importers.sqlite_rows import MAGIC

_JSON: dict[str, Callable[[IO[bytes], str], Iterator[Found | Skipped]]] = {
    "chatgpt": chatgpt.read,
    "langchain": langchain.read,
    "mem0": mem0.read,
    "jsonl": jsonl.read,
}
_SQLITE: dict[str, Callable[[Path], Iterator[Found | Skipped]]] = {
    "langchain": langchain.read_sqlite,
    "mem0": mem0.read_sqlite,
}
_MOST_ODD = 1000  # things that are not of the format, before the first that is
FORMATS = tuple(_JSON)
"""What can be imported."""


def read(format: str, path: str | os.PathLike[str]) -> Iterator[Found | Skipped]:
    """Yield what a file holds, in its order, and what in it is left out.

    Args:
        format: one of `FORMATS`.
        path: the file. For `chatgpt` the archive does as well; for `langchain` and `mem0` a SQLite file.

    Raises:
        UnknownName: there is no such format.
        UsageProblem: the file cannot be read, is cut short, or has nothing of that format; the message names the line.
    """
    if format not in _JSON:
        raise UnknownName(f"{format!r} cannot be imported", hint=f"Use one of: {', '.join(FORMATS)}.")
    yield from _sound(_opened(format, Path(path)), str(path))


def _sound(found: Iterator[Found | Skipped], name: str) -> Iterator[Found | Skipped]:
    """What is found; what is not of the format is left out of it where something else is, and otherwise an error."""
    odd: list[Odd] = []
    for one in found:
        if not isinstance(one, Odd):
            yield from odd
            yield one
            yield from found
            return
        odd.append(one)
        if len(odd) == _MOST_ODD:
            break
    if odd:
        raise UsageProblem(f"{odd[0].place} of {name} {odd[0].reason}", hint=MEND)


def _opened(format: str, place: Path) -> Iterator[Found | Skipped]:
    try:
        with place.open("rb") as file:
            begin = file.read(len(MAGIC))
            file.seek(0)
            if begin == MAGIC and format in _SQLITE:
                yield from _SQLITE[format](place)
            elif begin[:2] == b"PK" and format == "chatgpt":
                yield from _archive(file, place)
            elif begin == MAGIC or begin[:2] == b"PK":
                raise UsageProblem(f"{place} is no JSON file", hint=f"See what {format} exports.")
            else:
                yield from _JSON[format](file, str(place))
    except OSError as error:
        hint = "Check that it is there and that you may read it."
        raise UsageProblem(f"{place} cannot be read: {error.strerror or error}", hint=hint) from error


def _archive(file: IO[bytes], place: Path) -> Iterator[Found | Skipped]:
    try:
        with zipfile.ZipFile(file) as archive:
            names = sorted(name for name in archive.namelist() if _is_conversations(name))
            if not names:
                raise UsageProblem(f"{place} has no conversations.json", hint="Give ChatGPT's archive as it came.")
            for name in names:
                with archive.open(name) as inside:
                    yield from chatgpt.read(inside, f"{place}/{name}")
    except zipfile.BadZipFile as error:
        raise UsageProblem(f"{place} is damaged or cut short ({error})", hint="Take another copy of it.") from error


def _is_conversations(name: str) -> bool:
    last = name.rpartition("/")[2]
    return last.startswith("conversations") and last.endswith(".json")
