"""The program that `memagent.programs` starts: it limits itself, guards against accidents, then runs `program.py`.

Not to be imported. The guards are audit hooks (PEP 578), which cannot be taken off again; they stop what a program does
by mistake or carelessness, not one that sets out to get round them.
"""

from __future__ import annotations

import json
import os
import resource
import sys
from types import TracebackType
from typing import Any

_CHANGES = {  # audit events of what changes files, and how many of their arguments are paths
    "os.chmod": 1,
    "os.chown": 1,
    "os.link": 2,
    "os.mkdir": 1,
    "os.remove": 1,
    "os.rename": 2,
    "os.rmdir": 1,
    "os.symlink": 2,
    "os.truncate": 1,
    "os.utime": 1,
    "shutil.rmtree": 1,
    "sqlite3.connect": 1,
}
_PROCESSES = {
    "os.exec",
    "os.fork",
    "os.forkpty",
    "os.kill",
    "os.killpg",
    "os.posix_spawn",
    "os.spawn",
    "os.system",
    "pty.spawn",
    "subprocess.Popen",
}
_STARTING = {f"multiprocessing.popen_{way}" for way in ("fork", "forkserver", "spawn_posix")}  # raise no event but this
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


def limit(seconds: int, memory: int, output: int) -> None:
    """Set the limits of this process, in seconds of the processor and bytes; what the system lacks is left out."""
    wanted = {"CPU": seconds, "AS": memory, "FSIZE": output, "CORE": 0, "NOFILE": 64, "NPROC": 1}
    for name, most in wanted.items():
        kind = getattr(resource, f"RLIMIT_{name}", None)
        if kind is None:
            continue
        _, hard = resource.getrlimit(kind)
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        try:
            resource.setrlimit(kind, (most, most))
        except (ValueError, OSError):
            if name not in ("AS", "NPROC"):  # macOS takes these for granted, and refuses to lower them
                raise


def guard(folder: str) -> None:
    """Refuse, from now on, other processes, the network, and changes to files outside `folder`."""

    def check(path: Any) -> None:
        if isinstance(path, int) or path is None:  # a file that is open already, or has no path
            return
        where = os.path.realpath(os.fsdecode(path))
        if where not in (folder, os.devnull) and not where.startswith(folder + os.sep):
            raise PermissionError(f"a program may change files in its own folder only, not {where!r}")

    def hook(event: str, args: tuple[Any, ...]) -> None:
        if event == "open" and args[2] & _WRITING:
            check(args[0])
        for path in args[: _CHANGES.get(event, 0)]:
            check(path)
        if event in _PROCESSES or (event == "import" and args[0] in _STARTING):
            raise PermissionError(f"a program may start and end no other ({event})")
        if event.startswith("socket.") and event != "socket.gethostname":
            raise PermissionError(f"a program has no network ({event})")

    sys.addaudithook(hook)


def show(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Print a traceback without the lines of this file that ran the program."""
    while trace is not None and trace.tb_frame.f_code.co_filename == __file__:
        trace = trace.tb_next
    error.__traceback__ = trace
    sys.__excepthook__(kind, error, error.__traceback__)


def main() -> None:
    """Run `program.py` in this folder as `__main__`."""
    limits = json.loads(sys.argv[1])
    sys.argv[:] = ["program.py"]
    with open("program.py", encoding="utf-8") as file:
        source = file.read()
    sys.excepthook = show
    limit(**limits)
    guard(os.path.realpath(os.getcwd()))
    names: dict[str, Any] = {"__name__": "__main__", "__file__": "program.py", "__builtins__": __builtins__}
    exec(compile(source, "program.py", "exec"), names)  # noqa: S102 - to run it is what this process is for


if __name__ == "__main__":
    main()
