"""Runs a Python program in a process of its own, with limits. They stop accidents, not malice.

What a model writes may loop for ever, fill the memory, print without end, or delete what it should not. Here such a
program is ended, refused or cut off, and the caller's process goes on. It is no sandbox: the program runs as the same
user, may read what that user may read, and one that is written to do so gets round every guard of
`memagent.confined`. Where programs come from people or pages that are not trusted, run all of it in a container or a
virtual machine.

What holds: time by the clock and of the processor, address space (not on macOS), the size of every file and of the
output, no core dumps; isolated from the caller's environment variables, packages and working folder; nothing to read
on standard input; at the end its whole process group is killed. What is guarded: no other processes (and no threads,
except where root runs it: one limit counts both), no network, no change to a file outside its own temporary folder.

What is not covered: many small files together may fill the disk until the time is over, and what writes without asking
Python, such as SQLite's ATTACH, `os.mkfifo` and `os.mknod`, is not guarded.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from memagent.errors import ConfigError, UsageProblem
from memagent.types import Execution

_GUARD = Path(__file__).with_name("confined.py")
_POLL = 0.005  # seconds between two looks at whether the program has ended


def run(program: str, *, seconds: float = 10.0, memory: int = 256, output: int = 65_536) -> Execution:
    """Run the source of a Python program and return how it ended; a program that fails raises nothing here.

    It has the standard library of this Python and no other packages.

    Args:
        program: its source.
        seconds: by the clock, after which it is killed.
        memory: MiB of address space; Python itself needs about 30.
        output: bytes of its output and of its errors that are kept, and the size of any file that it writes.

    Raises:
        UsageProblem: a limit is no positive number.
        ConfigError: this system has no such limits (Windows), or this Python does not know its own path.
    """
    if seconds < 0 or memory < 1 or output < 1:
        raise UsageProblem(f"seconds={seconds}, memory={memory}, output={output} leave a program nothing to run with")
    if sys.platform == "win32" or not sys.executable:
        raise ConfigError("programs cannot be limited here", hint="Run them on Linux or macOS, by a usual Python.")
    # What it left cannot always be removed; the folder is then left to the system.
    with tempfile.TemporaryDirectory(prefix="memagent-program-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
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
            code = _ended(process, seconds)
        cut = any((folder / name).stat().st_size >= output for name in ("out", "err"))
        why = _why(code, errors := _read(folder / "err", output), seconds)
        note = f"what it printed was cut at {output} bytes" if cut else ""
        return Execution(_read(folder / "out", output), errors, code, "; ".join(filter(None, [why, note])))


def _ended(process: subprocess.Popen[bytes], seconds: float) -> int | None:
    """Wait, kill the whole group, and return the exit status; `None` where it was killed at its deadline."""
    end, in_time = time.monotonic() + seconds, False
    try:
        while not (in_time := _has_ended(process)) and time.monotonic() < end:
            time.sleep(_POLL)
    finally:
        with contextlib.suppress(ProcessLookupError, PermissionError):  # macOS: a group of which all have ended
            os.killpg(process.pid, signal.SIGKILL)
        code = process.wait()
    return code if in_time else None


def _has_ended(process: subprocess.Popen[bytes]) -> bool:
    """Whether the program has ended; where possible without reaping it, so that its number stays its own meanwhile."""
    if not hasattr(os, "waitid"):
        return process.poll() is not None
    return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _read(path: Path, most: int) -> str:
    with path.open("rb") as file:
        return file.read(most).decode("utf-8", errors="replace")


def _why(code: int | None, errors: str, seconds: float) -> str:
    """Why a program did not end well: what happened to it, or the last line of its traceback."""
    if code is None:
        return f"it was killed after {seconds:g} s"
    if code < 0:
        return f"it was ended by {_signal(-code)}"
    last = next((line for line in reversed(errors.splitlines()) if line.strip()), "")
    return (last or f"it ended with status {code}") if code else ""


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
