"""The log of a story: one JSON object a line, only ever appended to; the truth from which all else can be rebuilt.

When `append` returns, the line is on disk. A torn last line, left by a kill, is cut off when the log is opened for
writing, and ignored by readers.
"""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from memagent import files
from memagent.errors import StoryError

Event = dict[str, Any]


def event(kind: str, /, **fields: Any) -> Event:
    """Return an event of today."""
    return {"type": kind, **fields, "at": datetime.now(UTC).isoformat(timespec="seconds")}


class Log:
    """The events of one story, oldest first."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.events: list[Event] = []
        self._size = self._whole = 0
        self.torn = ""
        """What is there of a last line that was not written to its end, until it is cut off."""

    def read(self) -> list[Event]:
        """Read all whole lines. Raises `StoryError` for a line that is not JSON."""
        data = self.path.read_bytes() if self.path.exists() else b""
        self._size, self._whole = len(data), data.rfind(b"\n") + 1
        self.torn = data[self._whole :].decode("utf-8", errors="ignore")
        lines = data[: self._whole].split(b"\n")[:-1]
        self.events = [self._parsed(number, line) for number, line in enumerate(lines, 1)]
        return self.events

    def has_grown(self) -> bool:
        """Whether somebody has appended since it was read."""
        return self.path.exists() and self.path.stat().st_size != self._size

    def repair(self) -> None:
        """Cut off a torn last line. Only the holder of the story's lock may do this."""
        if self.path.exists() and self.path.stat().st_size > self._whole:
            os.truncate(self.path, self._whole)
        self.torn = ""

    def append(self, event: Event) -> Event:
        """Write one event, wait until it is on disk, and return it as it will be read back.

        Half characters, which no UTF-8 file can hold, become `?`. Raises `StorageFull` or `StorageError`; then nothing
        was added.
        """
        line = json.dumps(event, ensure_ascii=False).encode("utf-8", errors="replace").decode()
        files.append(self.path, line + "\n")
        kept: Event = json.loads(line)
        self.events.append(kept)
        return kept

    def _parsed(self, number: int, line: bytes) -> Event:
        try:
            event: Event = json.loads(line)
            if not isinstance(event, dict):
                raise ValueError("it is not an event")
        except ValueError as error:
            raise StoryError(
                f"line {number} of {str(self.path)!r} is damaged: {error}",
                hint="Restore the file from a backup, or move the damaged line out of it.",
            ) from error
        return event
