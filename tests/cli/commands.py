"""The command line as its users run it: in a process of its own."""

from __future__ import annotations

import codecs
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from contextlib import suppress
from pathlib import Path
from typing import Any


def command(*arguments: Any) -> list[str]:
    """What starts `memagent` with these arguments."""
    return [sys.executable, "-m", "memagent", *map(str, arguments)]


def memagent(*arguments: Any, stdin: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `memagent` to its end, with `stdin` as its input and nobody at a terminal."""
    return subprocess.run(
        command(*arguments),
        capture_output=True,
        text=True,
        timeout=120,
        input=stdin,
        env={**os.environ, **environment},
    )


DYING = (
    "import os, signal, sys\n"
    "left = int(sys.argv.pop(1))\n"
    "def dying(call):\n"
    "    def wrapped(*args, **kwargs):\n"
    "        global left\n"
    "        left -= 1\n"
    "        if left == 0:\n"
    "            os.kill(os.getpid(), signal.SIGKILL)\n"
    "        return call(*args, **kwargs)\n"
    "    return wrapped\n"
    "os.write, os.fsync, os.replace, os.open = map(dying, (os.write, os.fsync, os.replace, os.open))\n"
    "from memagent.cli import main\n"
    "main()\n"
)
"""A program that does as `memagent` and kills itself at the nth call that changes a file; n is its first argument."""


class Terminal:
    """Runs a command on a terminal of its own, 80 columns wide, and talks to it. `raw` is all that was sent to it."""

    def __init__(self, *arguments: Any, cwd: Path | None = None, **environment: str) -> None:
        parent, child = pty.openpty()
        fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        self.screen = self.raw = ""
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._fd = parent
        self.process = subprocess.Popen(
            [sys.executable, "-m", "memagent", *map(str, arguments)],
            stdin=child,
            stdout=child,
            stderr=child,
            env={**os.environ, "TERM": "xterm", **environment},
            cwd=cwd,
            start_new_session=True,
        )
        os.close(child)

    def expect(self, words: str, seconds: float = 30) -> str:
        """Wait until the screen shows `words`; return what came before and with it, and forget that."""
        deadline = time.monotonic() + seconds
        while words not in self.screen:
            ready, _, _ = select.select([self._fd], [], [], max(0, deadline - time.monotonic()))
            assert ready, f"{words!r} did not come; the screen: {self.screen!r}"
            self._read()
        seen, self.screen = self.screen.split(words, 1)
        return seen + words

    def type(self, text: str) -> None:
        os.write(self._fd, text.encode())

    def end(self, seconds: float = 30) -> int:
        """Read on to the end; return the exit code."""
        deadline = time.monotonic() + seconds
        while select.select([self._fd], [], [], max(0, deadline - time.monotonic()))[0]:
            try:
                self._read()
            except OSError:  # nobody writes to it any more
                break
        return self.process.wait(max(0.1, deadline - time.monotonic()))

    def _read(self) -> None:
        text = self._decoder.decode(os.read(self._fd, 65536))
        self.raw += text
        self.screen += re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", text)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._fd)

    def interrupt(self, seconds: float = 20) -> None:
        """Press Ctrl-C until it ends: one that comes just before Python reads a line waits for the line."""
        deadline = time.monotonic() + seconds
        while self.process.poll() is None and time.monotonic() < deadline:
            self.process.send_signal(signal.SIGINT)
            with suppress(subprocess.TimeoutExpired):  # one that comes while Python ends kills it
                self.process.wait(3)
