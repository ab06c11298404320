"""Files and folders into notes."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from memagent.errors import UsageProblem
from memagent.indexing.chunk import Section, sections
from memagent.types import Note

SUFFIXES = (".md", ".markdown", ".txt", ".rst")
"""What is read from a folder. A file that is named itself may have any suffix."""

# A rule of dashes alone is no front matter: the next line has to be a key.
_FRONT_MATTER = re.compile(
    r"\A---[ \t]*\r?\n(?=[\w\"'-]+[ \t]*:).*?^(?:---|\.\.\.)[ \t]*(?:\r?\n|\Z)", re.DOTALL | re.MULTILINE
)


def notes_from(
    paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]], *, max_tokens: int = 200, language: str = "en"
) -> Iterator[Note]:
    """Yield the notes of files and folders, in order of path.

    A note's source is the path as given (with `/`), its title the headings it stands under or the name of the file.
    Folders are read to the bottom; names that begin with a dot are skipped. Front matter is left out.

    Args:
        paths: one path or several.
        max_tokens: how long a note may be.
        language: two-letter code, for finding sentences.

    Raises:
        UsageProblem: a path is not there, cannot be read or is not UTF-8; a folder has nothing to read.
    """
    given = [paths] if isinstance(paths, str | os.PathLike) else paths
    for path in (file for one in given for file in files_in(one)):
        yield from notes_of(path, max_tokens=max_tokens, language=language)


def notes_of(
    path: str | os.PathLike[str], *, source: str | None = None, max_tokens: int = 200, language: str = "en"
) -> list[Note]:
    """Return the notes of one file; `source` is the path as given unless it is said otherwise. Errors as above."""
    file = Path(path)
    name = file.as_posix() if source is None else source
    found = _read(file, max_tokens, language)
    return [Note(section.text, title=section.title or file.stem, source=name) for section in found]


def files_in(path: str | os.PathLike[str]) -> list[Path]:
    """Return what is read of a path: the file itself, or the text files of a folder to its bottom, sorted.

    Raises:
        UsageProblem: it is not there, is neither file nor folder, or is a folder with nothing to read.
    """
    given = Path(path)
    if not os.path.lexists(given):
        raise UsageProblem(f"{given} does not exist", hint="Check the spelling, and the folder you are in.")
    if given.is_dir():
        found = sorted(_walk(given), key=lambda file: file.as_posix())
        if not found:
            raise UsageProblem(f"{given} has no file to read", hint=f"What is read ends in {', '.join(SUFFIXES)}.")
        return found
    if given.exists() and not given.is_file():
        raise UsageProblem(f"{given} is no ordinary file", hint="Give a text file, a folder, or - for standard input.")
    return [given]


def _read(path: Path, max_tokens: int, language: str) -> list[Section]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        hint = "Convert it first, for example with iconv."
        raise UsageProblem(f"{path} is not UTF-8 text (byte {error.start})", hint=hint) from error
    except OSError as error:
        raise UsageProblem(f"{path} cannot be read: {error.strerror}", hint="Check that you may read it.") from error
    body = _FRONT_MATTER.sub("", text, count=1)
    markdown = path.suffix.lower() in (".md", ".markdown")
    return sections(body, max_tokens=max_tokens, language=language, headings=markdown)


def _walk(folder: Path) -> Iterator[Path]:
    try:
        entries = [entry for entry in folder.iterdir() if not entry.name.startswith(".")]
    except OSError as error:
        hint = "Check that you may read it."
        raise UsageProblem(f"{folder} cannot be read: {error.strerror}", hint=hint) from error
    for entry in entries:
        if entry.is_dir():
            if not entry.is_symlink():  # a link may lead back up
                yield from _walk(entry)
        elif entry.suffix.lower() in SUFFIXES and (entry.is_file() or not entry.exists()):
            yield entry  # a link that leads nowhere too: reading it says so
