"""Runs a Python program in a process of its own, with limits. They stop accidents, not malice.

What a model writes may loop for ever, fill the memory or the disk, or delete what it should not. Here such a program is
ended, refused or cut off, and the caller's process goes on. It is no sandbox: the program runs as the same user, may
read what that user may read, and one that is written to do so gets round every guard of `memagent.confined`. Where
programs come from people or pages that are not trusted, run all of it in a container or a virtual machine.

What the system holds: time by the clock and of the processor, address space (not on macOS), the size of every file and
of the output, no core dumps; isolated from the caller's environment variables, packages and working folder; nothing to
read on standard input; at the end its whole process group is killed.

What is looked at from outside, some times a second: how much its files take up together. It is killed after it has
passed the limit, by as much as it wrote since the last look. Files that it has deleted and still holds open (at most 64
of `output` bytes) are not seen.

What is guarded inside: no other processes (and no threads, except where root runs it: one limit counts both), no
network, no change to a file outside its own temporary folder, whether by path, by an open folder or file, or by SQLite;
no named pipes and devices, no `ctypes`. What is not: code in C that opens files by itself, a program that takes the
guards off from within or hides from them, memory in files that have no name (`memfd_create`), and reading.
"""

from __future__ import annotations

import contextlib
import errno
import itertools
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from memagent.errors import ConfigError, UsageProblem
from memagent.types import Execution

_GUARD = Path(__file__).with_name("confined.py")
_POLL = 0.005  # seconds between two looks at whether the program has ended
_LOOK = 0.05  # and, at least, at how much its files take up
_LEAST = 4096  # bytes that the least file takes up, its entry included
_FOLDER = 65_536  # bytes that a folder counts as: a disk may take milliseconds to remove one


def run(program: str, *, seconds: float = 10.0, memory: int = 256, output: int = 65_536, disk: int = 32) -> Execution:
    """Run the source of a Python program and return how it ended; a program that fails raises nothing here.

    It has the standard library of this Python and no other packages.

    Args:
        program: its source.
        seconds: by the clock, after which it is killed.
        memory: MiB of address space; Python itself needs about 30.
        output: bytes of its output and of its errors that are kept, and the size of any file that it writes.
        disk: MiB that its files and folders may take up together, about; each file counts at least 4 KiB, and each
            folder 64 KiB, so that all can be removed in little time.

    Raises:
        UsageProblem: a limit is no positive number.
        ConfigError: this system has no such limits (Windows), or this Python does not know its own path.
    """
    if seconds < 0 or min(memory, output, disk) < 1:
        raise UsageProblem(
            f"seconds={seconds}, memory={memory}, output={output}, disk={disk} leave a program nothing to run with"
        )
    if sys.platform == "win32" or not sys.executable:
        raise ConfigError("programs cannot be limited here", hint="Run them on Linux or macOS, by a usual Python.")
    with _temporary_folder() as folder:
        (folder / "work").mkdir()
        source = folder / "work" / "program.py"
        source.write_text(program, encoding="utf-8", errors="replace")
        limits = {"seconds": int(seconds) + 1, "memory": memory * 2**20, "output": output}
        with (folder / "out").open("wb") as out, (folder / "err").open("wb") as err:
            process = subprocess.Popen(
                [sys.executable, "-I", "-S", "-B", "-X", "utf8", str(_GUARD), json.dumps(limits)],
                cwd=source.parent,
                env={},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
            )
            code, killed = _ended(process, seconds, folder, disk)
        errors = _read(folder / "err", output)
        cut = any((folder / name).stat().st_size >= output for name in ("out", "err"))
        why = killed or _why(code, errors)
        note = f"what it printed was cut at {output} bytes" if cut else ""
        return Execution(_read(folder / "out", output), errors, code, "; ".join(filter(None, [why, note])))


def _ended(process: subprocess.Popen[bytes], seconds: float, folder: Path, disk: int) -> tuple[int | None, str]:
    """Wait, kill the whole group, and return the exit status; `None` where it was killed, and why."""
    killed = f"it was killed after {seconds:g} s"
    end = time.monotonic() + seconds
    look = time.monotonic() + _LOOK
    try:
        while not (ended := _has_ended(process)) and (now := time.monotonic()) < end:
            time.sleep(_POLL)
            if now < look:
                continue
            if too_much := _too_much(folder, disk, end):
                killed = f"it was killed: {too_much}"
                break
            look = time.monotonic() + max(_LOOK, 4 * (time.monotonic() - now))
    finally:
        with contextlib.suppress(ProcessLookupError, PermissionError):  # macOS: a group of which all have ended
            os.killpg(process.pid, signal.SIGKILL)
        code = process.wait()
    return (code, "") if ended else (None, killed)


def _too_much(folder: Path, most: int, end: float) -> str:
    """Say what is too much about a folder's files, or nothing; no more is counted past `most` MiB or `end`."""
    total, folders = 0, [str(folder)]
    while folders and time.monotonic() < end:
        try:
            with os.scandir(folders.pop()) as entries:
                for entry in entries:
                    with contextlib.suppress(FileNotFoundError):  # it is gone already
                        is_folder = entry.is_dir(follow_symlinks=False)
                        least = _FOLDER if is_folder else _LEAST
                        total += max(least, entry.stat(follow_symlinks=False).st_blocks * 512)
                        folders += [entry.path] * is_folder
                    if total > most * 2**20:
                        return f"its files and folders took up more than {most} MiB"
        except OSError as error:
            if error.errno == errno.ENAMETOOLONG:  # nobody can count what lies there
                return "its folders lie deeper than a path can say"
    return ""


@contextlib.contextmanager
def _temporary_folder() -> Iterator[Path]:
    """Make a folder, and remove it with all that a program has left there, however deep and whatever it forbids."""
    folder = Path(tempfile.mkdtemp(prefix="memagent-program-"))
    try:
        yield folder
    finally:
        with contextlib.suppress(OSError):  # what cannot be removed is left to the system
            _remove(folder)


def _remove(folder: Path) -> None:
    """Remove a folder; the folders in it are moved to its top first, so that no path is too long and nothing recurs."""
    folders, names = [folder], itertools.count()
    for each in folders:  # it grows meanwhile
        for entry in list(os.scandir(each)):
            if entry.is_dir(follow_symlinks=False):
                os.chmod(entry.path, 0o700)
                folders.append(folder / f"moved-{next(names)}")
                os.rename(entry.path, folders[-1])
            else:
                os.unlink(entry.path)
    for each in reversed(folders):
        each.rmdir()


def _has_ended(process: subprocess.Popen[bytes]) -> bool:
    """Whether the program has ended; where possible without reaping it, so that its number stays its own meanwhile."""
    if not hasattr(os, "waitid"):
        return process.poll() is not None
    return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _read(path: Path, most: int) -> str:
    with path.open("rb") as file:
        return file.read(most).decode("utf-8", errors="replace")


def _why(code: int | None, errors: str) -> str:
    """Why a program did not end well: what happened to it, or the last line of its traceback."""
    if code is not None and code < 0:
        return f"it was ended by {_signal(-code)}"
    last = next((line for line in reversed(errors.splitlines()) if line.strip()), "")
    return (last or f"it ended with status {code}") if code else ""


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
