"""Looking at a story while another process may be writing it: no lock is taken and nothing in its folder changes.

The log is read as far as it is whole, and the memory file is copied into a temporary folder, where it is brought up to
the log; so what is seen is the story as it stood at one moment. What a person has edited of the memory pages is seen
as the next paragraph will see it.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir
from typing import TYPE_CHECKING

from memagent.errors import StorageFull
from memagent.story import hand_edits, long_memory
from memagent.story.canon_store import CanonStore
from memagent.story.paths import HIDDEN
from memagent.story.read_before import FILE, ByRule
from memagent.story.record import StoryRecord

if TYPE_CHECKING:
    from memagent.memory import Memory
    from memagent.story.book import Story

_TRIES = 50  # a writer may write while the log and the pages are read; then both are read again

_ROOM = 2_000_000  # bytes that a copy needs beside what it copies
_IN_MEMORY = "/dev/shm"


@contextmanager
def copied(story: Story, mark: Path) -> Iterator[tuple[Memory, CanonStore]]:
    """Read the story as it stands; yield a copy of its long memory and of its canon.

    Raises `Unsynced` where the manuscript was edited by hand, and `StoryError` for a memory file that is of no use and
    would cost something to make anew; `StorageFull` where there is no room for the copy, in memory neither.
    """
    read(story)
    with TemporaryDirectory(prefix="memagent-", dir=_with_room(story)) as name:
        folder = Path(name)
        stands = CanonStore.stands(mark, story.record)
        stands = long_memory.copied(story, folder) and stands and CanonStore.stands(mark, story.record)
        with long_memory.opened(story, place=folder) as memory:
            rules = ByRule(mark.with_name(FILE))
            yield memory, CanonStore(memory, folder / mark.name, of=story.record if stands else None, rules=rules)


def _with_room(story: Story) -> str:
    """Return a folder for temporary files with room for a copy: the usual one, else one in memory (of Linux).

    A story can be looked at when the disk is full.
    """
    path = story.folder / HIDDEN / "memory.db"
    needed = _ROOM + 2 * (path.stat().st_size if path.exists() else 0)
    try:
        usual = [gettempdir()]
    except FileNotFoundError:  # nothing could be written into any of them
        usual = []
    for one in (*usual, _IN_MEMORY):
        if os.access(one, os.W_OK) and shutil.disk_usage(one).free > needed:
            return one
    raise StorageFull(
        "there is no room for a copy of the story's memory, which is looked at",
        hint="Make room where temporary files are, or set TMPDIR to a folder with some.",
    )


def read(story: Story) -> None:
    """Bring the record up to the log and to what a person edited of the memory pages; nothing is written."""
    for left in reversed(range(_TRIES)):
        story.record = StoryRecord.fold(story.log.read())
        problem = hand_edits.unsynced(story)
        edits = hand_edits.memory_edits(story)
        if not left or not story.log.has_grown():
            break
    if problem:
        raise problem
    for edit in edits:
        story.record.apply(edit)
