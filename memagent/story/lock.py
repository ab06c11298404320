"""The lock of a story: one process at a time writes it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from memagent import files
from memagent.errors import Locked
from memagent.story.paths import HIDDEN


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the lock of the story in `folder`. Raises `Locked` when another process has it."""
    from filelock import FileLock, Timeout

    path = folder / HIDDEN / "lock"
    if not os.access(folder / HIDDEN, os.W_OK):
        with files.writing(path):
            raise PermissionError(13, "no permission to write")
    try:
        with FileLock(path, timeout=0):
            yield
    except Timeout as error:
        raise Locked(
            f"{str(folder)!r} is being written by another process",
            hint="Wait for it to end, or stop it; then give the same command again.",
        ) from error
