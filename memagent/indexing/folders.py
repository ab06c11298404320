"""Bringing a memory up to files and folders, whatever happened to them since the last time."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from memagent.errors import UsageProblem
from memagent.indexing.files import files_in, notes_of
from memagent.types import Note

OnFile = Callable[[int, int, Path], None]


class Keeps(Protocol):
    """The part of a `Memory` that is needed here."""

    def add(self, notes: Sequence[Note], *, replace_sources: bool = False) -> list[str]:
        """Keep notes; with `replace_sources`, in place of all that their sources held."""
        ...

    def delete(self, ids: Sequence[str] = (), *, source: str | None = None) -> int:
        """Delete what came from a source."""
        ...

    def sources(self) -> list[str]:
        """Return the sources that there are."""
        ...


@dataclass(frozen=True, slots=True)
class Kept:
    """What `keep_up` did: files read, sources dropped because their files are gone, and why files were skipped."""

    read: tuple[str, ...]
    gone: tuple[str, ...]
    skipped: tuple[str, ...]


def keep_up(
    memory: Keeps,
    paths: Iterable[str | os.PathLike[str]],
    *,
    base: str | os.PathLike[str] = ".",
    on_file: OnFile = lambda number, total, file: None,
) -> Kept:
    """Put files and folders into a memory in place of what they held before; drop what is no longer there.

    A file has one name in the memory, however its path was given: relative to `base` if it is below that, else
    absolute. A file of a folder that cannot be read is skipped with its reason; each file is one transaction.

    Args:
        memory: a bound memory.
        paths: files and folders. A folder whose files have all gone since is not an error.
        base: the folder that names are relative to.
        on_file: called before each file with its number from 1, how many there are, and its path.

    Raises:
        UsageProblem: a path is not there, is neither file nor folder, or is a folder that never held anything. Nothing
            was added.
    """
    given, root = [Path(path) for path in paths], os.path.abspath(base)
    known = set(memory.sources())
    files = [file for path in given for file in _files(path, known, root)]
    read, skipped = [], []
    for number, file in enumerate(files, 1):
        on_file(number, len(files), file)
        try:
            _take_up(memory, file, _name(file, root), known)
        except UsageProblem as problem:
            skipped.append(problem.message)
        else:
            read.append(_name(file, root))
    here = {_name(file, root) for file in files}
    folders = [_name(path, root) for path in given if path.is_dir()]
    gone = [name for name in sorted(known - here) if _is_gone(name, folders, root)]
    for name in gone:
        memory.delete(source=name)
    return Kept(tuple(read), tuple(gone), tuple(skipped))


def _files(path: Path, known: set[str], root: str) -> list[Path]:
    try:
        return files_in(path)
    except UsageProblem:
        if path.is_dir() and any(_below(name, _name(path, root)) for name in known):
            return []  # emptied since; what it held is dropped
        raise


def _take_up(memory: Keeps, file: Path, name: str, known: set[str]) -> None:
    notes = notes_of(file, source=name)
    if notes:
        memory.add(notes, replace_sources=True)
    elif name in known:
        memory.delete(source=name)


def _name(path: Path, root: str) -> str:
    absolute = os.path.abspath(path)
    inside = os.path.splitdrive(absolute)[0] == os.path.splitdrive(root)[0]
    if inside and os.path.commonpath([absolute, root]) == root:
        return Path(os.path.relpath(absolute, root)).as_posix()
    return Path(absolute).as_posix()


def _is_gone(name: str, folders: Sequence[str], root: str) -> bool:
    return any(_below(name, folder) for folder in folders) and not os.path.lexists(os.path.join(root, name))


def _below(name: str, folder: str) -> bool:
    return name.startswith(f"{folder}/") if folder != "." else not os.path.isabs(name)
