"""Where a story's own files are, and how a path is shown."""

from __future__ import annotations

import shlex
from pathlib import Path

HIDDEN = ".memagent"
"""The folder of the log and of what is made from it, inside the story's."""


def quote(path: Path) -> str:
    """Return a path as it is typed into a shell."""
    return shlex.quote(str(path))
