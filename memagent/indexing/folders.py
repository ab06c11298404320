"""Bringing a memory up to files and folders, whatever happened to them since the last time."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from memagent.errors import NotFound, UsageProblem
from memagent.indexing.files import files_in, notes_of
from memagent.types import Note, Passage

MARK = "file"
"""The metadata by which what came from a file is known."""

OnFile = Callable[[int, int, Path], None]


class Keeps(Protocol):
    """The part of a `Memory` that is needed here."""

    def add(self, notes: Sequence[Note], *, replace_sources: bool = False) -> list[str]:
        """Keep notes; with `replace_sources`, in place of all that their sources held."""
        ...

    def delete(self, ids: Sequence[str] = (), *, source: str | None = None) -> object:
        """Delete what came from a source."""
        ...

    def passages(self, source: str | None = None) -> Iterator[Passage]:
        """Iterate over what came from a source."""
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

    A file has one name in the memory, however its path was given and whatever links led to it: relative to `base` if it
    is below that, else absolute. A file that cannot be read is skipped with its reason; each file is one transaction.
    Only what this function has put in is ever dropped.

    Args:
        memory: a bound memory.
        paths: files and folders. One that was added before and has gone since is not an error.
        base: the folder that names are relative to.
        on_file: called before each file with its number from 1, how many there are, and its path.

    Raises:
        UsageProblem: a path is not there, is neither file nor folder, or is a folder that never held anything. Nothing
            was added.
    """
    root = os.path.realpath(base)
    given = {_name(Path(path), root): Path(path) for path in paths}
    known = set(memory.sources())
    files = {_name(file, root): file for name, path in given.items() for file in _files(path, name, known)}
    read, skipped = [], []
    for number, (name, file) in enumerate(files.items(), 1):
        on_file(number, len(files), file)
        try:
            _take_up(memory, file, name, known)
        except UsageProblem as problem:
            skipped.append(problem.message)
        else:
            read.append(name)
    left = [name for name in sorted(known.difference(read)) if any(_belongs(name, place) for place in given)]
    gone = [name for name in left if _was_file(memory, name) and not os.path.exists(os.path.join(root, name))]
    for name in gone:
        _drop(memory, name)
    return Kept(tuple(read), tuple(gone), tuple(skipped))


def _files(path: Path, name: str, known: set[str]) -> list[Path]:
    try:
        return files_in(path)
    except UsageProblem:
        if (path.is_dir() or not os.path.lexists(path)) and any(_belongs(source, name) for source in known):
            return []  # emptied or deleted since; what it held is dropped
        raise


def _drop(memory: Keeps, name: str) -> None:
    with contextlib.suppress(NotFound):  # another process was quicker
        memory.delete(source=name)


def _was_file(memory: Keeps, name: str) -> bool:
    """Whether what is kept under this source came from here; a source may be anything that somebody wrote."""
    return any(passage.metadata.get(MARK) for passage in memory.passages(name))


def _take_up(memory: Keeps, file: Path, name: str, known: set[str]) -> None:
    notes = [replace(note, metadata={MARK: True}) for note in notes_of(file, source=name)]
    if notes:
        memory.add(notes, replace_sources=True)
    elif name in known:
        _drop(memory, name)


def _name(path: Path, root: str) -> str:
    real = os.path.realpath(path)
    inside = os.path.splitdrive(real)[0] == os.path.splitdrive(root)[0]
    if inside and os.path.commonpath([real, root]) == root:
        return Path(os.path.relpath(real, root)).as_posix()
    return Path(real).as_posix()


def _belongs(name: str, place: str) -> bool:
    """Whether a source is the file `place` or lies in the folder `place`."""
    return name == place or (name.startswith(f"{place}/") if place != "." else not os.path.isabs(name))
