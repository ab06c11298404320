"""Whether the last command that took steps back, or revised, came to its end: one that was killed may have been done.

What such a command does is one event of the log. Killed behind it, the command has done what it was to do, and has not
said so; given again, it would do it once more. So the log's length is kept when
such a command ends, behind all else that it writes.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from memagent import files
from memagent.story.log import Event
from memagent.story.paths import HIDDEN

if TYPE_CHECKING:
    from pathlib import Path

    from memagent.story.book import Story

FILE = "finished.json"
_KINDS = ("undo", "redo", "revised")


def begin(story: Story) -> None:
    """Say that all that the log has was told; call it before the first event of such a kind is added."""
    if not _path(story).exists():
        end(story)


def end(story: Story) -> None:
    """Say that the command has done all that it was to do."""
    files.replace(_path(story), json.dumps({"events": len(story.log.events)}))


def unfinished(story: Story) -> Event | None:
    """Return the event of the command that was killed behind it, if it is the newest of the log."""
    newest = story.log.events[-1] if story.log.events else None
    if newest is None or newest["type"] not in _KINDS:
        return None
    try:
        told = int(json.loads(_path(story).read_text(encoding="utf-8"))["events"])
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None
    return newest if told < len(story.log.events) else None


def _path(story: Story) -> Path:
    return story.folder / HIDDEN / FILE
