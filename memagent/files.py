"""Writing files so that a kill or a full disk leaves whole ones behind, and failures come out as our errors."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from memagent.errors import StorageError, StorageFull

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn what the operating system says about a file into `StorageFull` or `StorageError`."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise StorageFull(
                f"the disk is full: {str(path)!r} could not be written",
                hint="Nothing that was kept is lost. Make room, then do the same again.",
            ) from error
        raise StorageError(
            f"{str(path)!r} could not be written: {error.strerror or error}",
            hint="Check that the folder exists and that you may write to it.",
        ) from error


def append(path: Path, text: str, *, sync: bool = True) -> None:
    """Append to a file; after a failure the file is as it was. With `sync`, it is on disk when this returns."""
    with writing(path):
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            before = os.lseek(descriptor, 0, os.SEEK_END)
            try:
                _write(descriptor, text)
                if sync:
                    os.fsync(descriptor)
            except OSError:
                os.ftruncate(descriptor, before)
                raise
        finally:
            os.close(descriptor)


def replace(path: Path, content: str | bytes) -> None:
    """Replace a file as a whole: after a kill it holds the old content or the new one, never a part of either."""
    temporary = path.with_name(f".{path.name}.new")
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
            try:
                _write(descriptor, content)
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            temporary.replace(path)
        except OSError:
            temporary.unlink(missing_ok=True)
            raise


def _write(descriptor: int, content: str | bytes) -> None:
    data = memoryview(content.encode("utf-8", errors="surrogatepass") if isinstance(content, str) else content)
    while data:
        data = data[os.write(descriptor, data) :]


def make_private(path: Path) -> None:
    """Make an empty file that its owner alone may read and write, if there is none at the path.

    Where it cannot be made, whoever opens it next says why.
    """
    with suppress(OSError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
