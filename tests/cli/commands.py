"""The command line as its users run it: in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
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
