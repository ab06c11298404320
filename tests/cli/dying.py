"""Commands that die, or whose disk fills, at the nth call that changes a file: forked from a process that is warm."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Literal

_FORKING = """
import errno, json, os, signal, sys, traceback
import memagent.cli.story, memagent.memory, memagent.offline.story, memagent.story.book, memagent.story.reading_back
import memagent.story.lore_exchange, memagent.story.revising, memagent.story.writing
from memagent.cli import run

def failing(call, how, only):
    def wrapped(*args, **kwargs):
        global left
        left -= 1
        if left <= 0 and how == "full" and only:
            raise OSError(errno.ENOSPC, "No space left on device")
        if left == 0 and how == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        return call(*args, **kwargs)
    return wrapped

def command(how, arguments, said):
    os.dup2(os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 2)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    sys.stdin = open(os.devnull)
    for name in ("write", "fsync", "replace", "open"):
        setattr(os, name, failing(getattr(os, name), how, name in ("write", "fsync")))
    code = run(arguments)
    sys.stdout.flush(), sys.stderr.flush()
    with open(said + ".left", "w") as file:
        file.write(str(left))
    os._exit(code)

for line in sys.stdin:
    how, left, arguments, said = json.loads(line)
    if (child := os.fork()) == 0:
        try:
            command(how, arguments, said)
        except BaseException:
            traceback.print_exc()
            os._exit(99)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


class Dying:
    """Runs `memagent` so that it dies (`kill -9`), or its disk is full, from the nth call that changes a file on."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self._said = folder / "said.txt"
        self._left = folder / "said.txt.left"
        self._process = subprocess.Popen(
            [sys.executable, "-c", _FORKING],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **environment},
        )

    def run(self, *arguments: Any, at: int = 10**9, how: Literal["kill", "full"] = "kill") -> tuple[int, str]:
        """Run a command; return its exit code, -9 where it was killed, and what it wrote to standard error."""
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(json.dumps([how, at, [*map(str, arguments)], str(self._said)]) + "\n")
        self._process.stdin.flush()
        code = int(self._process.stdout.readline())
        return code, self._said.read_text()

    def changes(self, *arguments: Any) -> int:
        """Run a command to its end; return how many calls that change a file it made."""
        code, said = self.run(*arguments, at=10**9)
        assert code == 0, said
        return 10**9 - int(self._left.read_text())

    def __enter__(self) -> Dying:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait()
        assert self._process.stdout
        self._process.stdout.close()
