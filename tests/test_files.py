"""Files stay whole when a write fails in its middle."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from memagent import files
from memagent.errors import StorageError, StorageFull


def fill_up(monkeypatch: pytest.MonkeyPatch, code: int = errno.ENOSPC) -> None:
    """Let half of the next write through and fail the rest, as a disk does that fills up."""
    real, calls = os.write, []

    def write(descriptor: int, data: memoryview) -> int:
        calls.append(len(data))
        if len(calls) == 1:
            return real(descriptor, data[: len(data) // 2])
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(files.os, "write", write)


def test_an_append_that_fails_leaves_the_file_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "log"
    files.append(path, "one\n")
    fill_up(monkeypatch)
    with pytest.raises(StorageFull, match="disk is full"):
        files.append(path, "two, which does not fit\n")
    assert path.read_text() == "one\n"


def test_a_replacement_that_fails_leaves_the_old_text_and_nothing_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "page"
    files.replace(path, "old")
    fill_up(monkeypatch, errno.EIO)
    with pytest.raises(StorageError, match="could not be written"):
        files.replace(path, "new and longer")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_folders_that_cannot_be_made_are_clear_errors(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="could not be written"):
        files.replace(tmp_path / "file" / "under", "x")
    with pytest.raises(StorageError, match="could not be written"):
        files.append(tmp_path / "nowhere" / "log", "x")
