"""`memagent add`: bringing a memory up to files and folders, whatever happened to them since the last time."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from memagent.errors import UsageProblem

if TYPE_CHECKING:
    from memagent.memory import Memory


class Adding:
    """Brings a memory up to some files and folders: new and changed files in, those that are gone out.

    A file has one name in a memory, however its path was given: relative to the memory's own folder if it is below
    that, else absolute.
    """

    def __init__(self, memory: Memory, db: Path, paths: Sequence[Path]) -> None:
        """List the files. Raises `UsageProblem` for a path that is not there, before anything is added."""
        from memagent.indexing.files import files_in

        self.memory = memory
        self.base = os.path.abspath(db.parent)
        self.known = set(memory.sources())
        self.folders = [self.source(path) for path in paths if path.is_dir()]
        self.files: list[Path] = []
        self.skipped: list[str] = []
        self.gone: list[str] = []
        for path in paths:
            if not (path.is_dir() and any(self._below(source, self.source(path)) for source in self.known)):
                files_in(path)
        self.files = [file for path in paths for file in _files_or_none(path)]

    def source(self, path: Path) -> str:
        """Return the name of a file or folder in this memory."""
        absolute = os.path.abspath(path)
        if os.path.commonpath([absolute, self.base]) == self.base:
            return Path(os.path.relpath(absolute, self.base)).as_posix()
        return Path(absolute).as_posix()

    def add(self, file: Path) -> None:
        """Put one file in, in place of what it held before; note the reason if it cannot be read."""
        from memagent.indexing.files import notes_of

        source = self.source(file)
        try:
            notes = notes_of(file, source=source)
        except UsageProblem as problem:
            self.skipped.append(problem.message)
            return
        if notes:
            self.memory.add(notes, replace_sources=True)
        elif source in self.known:
            self.memory.delete(source=source)

    def drop_gone(self) -> None:
        """Delete what came from files of the given folders that are no longer there."""
        here = {self.source(file) for file in self.files}
        for source in sorted(self.known - here):
            below = any(self._below(source, folder) for folder in self.folders)
            if below and not os.path.lexists(os.path.join(self.base, source)):
                self.memory.delete(source=source)
                self.gone.append(source)

    def _below(self, source: str, folder: str) -> bool:
        return source.startswith(f"{folder}/") if folder != "." else not os.path.isabs(source)


def _files_or_none(path: Path) -> list[Path]:
    from memagent.indexing.files import files_in

    try:
        return files_in(path)
    except UsageProblem:
        return []  # a folder that has been emptied since; what it held is dropped
