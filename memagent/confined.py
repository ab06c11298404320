"""The program that `memagent.programs` starts: it limits itself, guards against accidents, then runs `program.py`.

Not to be imported. The guards are audit hooks (PEP 578), which cannot be taken off again; they stop what a program does
by mistake or carelessness, not one that sets out to get round them.
"""

from __future__ import annotations

import json
import os
import re
import resource
import sys
from collections.abc import Callable
from types import TracebackType
from typing import Any

_CHANGES: dict[
    str, list[tuple[int, int | None]]
] = {  # audit events of what changes files: where their arguments have a path, and the folder it starts from
    "os.chflags": [(0, None)],
    "os.chmod": [(0, 2)],
    "os.chown": [(0, 3)],
    "os.link": [(0, 2), (1, 3)],
    "os.mkdir": [(0, 2)],
    "os.remove": [(0, 1)],
    "os.removexattr": [(0, None)],
    "os.rename": [(0, 2), (1, 3)],
    "os.rmdir": [(0, 1)],
    "os.setxattr": [(0, None)],
    "os.symlink": [(0, None), (1, 2)],
    "os.truncate": [(0, None)],
    "os.utime": [(0, 3)],
    "shutil.rmtree": [(0, 1)],
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
    "resource.prlimit",
    "subprocess.Popen",
}
_STARTING = {f"multiprocessing.popen_{way}" for way in ("fork", "forkserver", "spawn_posix")}  # raise no event but this
_UNHEARD = ("mkfifo", "mknod", "pidfd_open", "chroot", "unshare")  # raise no event and are taken away
_MODULES = {
    "sqlcipher3",
    "_ctypes",
    "_dbm",
    "_gdbm",
    "readline",
}  # what they do raises no event; others are told that they are missing
_ATTACH = 24  # SQLITE_ATTACH, which VACUUM INTO does as well
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
    for name in _UNHEARD:
        for module in (os, sys.modules.get("posix")):
            if hasattr(module, name):
                setattr(module, name, _refused(name))
    sys.addaudithook(_Guard(folder))


class _Guard:
    """An audit hook."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._importing = False

    def __call__(self, event: str, args: tuple[Any, ...]) -> None:
        if event == "open":
            self._opened(*args)
        elif event == "import":
            self._imported(args[0])
        elif event in _PROCESSES:
            raise PermissionError(f"a program may start and end no other ({event})")
        elif event.startswith("socket.") and event != "socket.gethostname":
            raise PermissionError(f"a program has no network ({event})")
        elif event == "sqlite3.connect":
            for name in _databases(args[0]):
                self._check(name)
        else:
            for path, start in _CHANGES.get(event, ()):
                self._check(args[path], args[start] if start is not None and start < len(args) else None)

    def _opened(self, path: Any, _: Any, flags: int) -> None:
        # A folder that is open is where paths may start from without an event that tells so.
        if not isinstance(path, int) and (flags & _WRITING or os.path.isdir(path)):
            self._check(path)

    def _imported(self, name: str) -> None:
        if name in _STARTING:
            raise PermissionError(f"a program may start and end no other ({name})")
        if name in _MODULES:
            raise ImportError(f"a program has no {name}", name=name)
        if name.split(".")[0] in ("sqlite3", "_sqlite3") and not self._importing:
            self._importing = True
            self._watch_sqlite()

    def _watch_sqlite(self) -> None:
        """Have each connection ask before it attaches a file: SQLite opens that one without an event."""
        import sqlite3

        connect = sqlite3.connect

        def watched(*args: Any, **named: Any) -> sqlite3.Connection:
            connection: sqlite3.Connection = connect(*args, **named)
            connection.set_authorizer(self._authorize)
            return connection

        for name in ("sqlite3", "sqlite3.dbapi2", "_sqlite3"):
            vars(sys.modules[name])["connect"] = watched

    def _authorize(self, action: int, path: str | None, *_: Any) -> int:
        # A name that is a parameter or an expression is not told, and refused.
        return int(action == _ATTACH and (path is None or any(self._outside(name) for name in _databases(path))))

    def _check(self, path: Any, start: Any = None) -> None:
        if path is not None and (where := self._outside(path, start)):
            raise PermissionError(f"a program may change files in its own folder only, not {where!r}")

    def _outside(self, path: Any, start: Any = None) -> str:
        where = _place(path, start)
        return "" if where in (self._folder, os.devnull) or where.startswith(self._folder + os.sep) else where


def _place(path: Any, start: Any) -> str:
    """Return where a path leads that begins in the open folder `start`, or where an open file is."""
    if isinstance(path, int):
        return os.path.realpath(f"/proc/self/fd/{path}")  # where there is no /proc, it is no folder of the program's
    if isinstance(start, int) and start >= 0:
        return os.path.realpath(os.path.join(f"/proc/self/fd/{start}", os.fsdecode(path)))
    return os.path.realpath(os.fsdecode(path))


def _databases(path: Any) -> list[str]:
    """Return the files that SQLite may open by a name: as a path, and as what a URI names; none of a private one."""
    name = "" if path is None else os.fsdecode(path)
    if name in ("", ":memory:"):
        return []
    if not name.startswith("file:"):
        return [name]
    place = name.removeprefix("file:").split("?")[0].split("#")[0]
    place = "/" + place.removeprefix("//").partition("/")[2] if place.startswith("//") else place
    place = re.sub("%([0-9a-fA-F]{2})", lambda found: chr(int(found[1], 16)), place)
    return [name, place]


def _refused(name: str) -> Callable[..., None]:
    def refuse(*_: Any, **__: Any) -> None:
        raise PermissionError(f"a program may not use os.{name}")

    return refuse


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
