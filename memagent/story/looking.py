"""Looking at a story while another process may be writing it: no lock is taken and nothing in its folder changes.

The log is read as far as it is whole, and the memory file is copied into a temporary folder, where it is brought up to
the log; so what is seen is the story as it stood at one moment. What a person has edited of the memory pages is seen
as the next paragraph will see it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from memagent.story import hand_edits, long_memory
from memagent.story.canon_store import CanonStore
from memagent.story.read_before import FILE, ByRule
from memagent.story.record import StoryRecord

if TYPE_CHECKING:
    from memagent.memory import Memory
    from memagent.story.book import Story

_TRIES = 50  # a writer may write while the log and the pages are read; then both are read again


@contextmanager
def copied(story: Story, mark: Path) -> Iterator[tuple[Memory, CanonStore]]:
    """Read the story as it stands; yield a copy of its long memory and of its canon.

    Raises `Unsynced` where the manuscript was edited by hand, and `StoryError` for a memory file that is of no use and
    would cost something to make anew.
    """
    read(story)
    with TemporaryDirectory(prefix="memagent-") as name:
        folder = Path(name)
        stands = CanonStore.stands(mark, story.record)
        long_memory.copied(story, folder)
        stands = stands and CanonStore.stands(mark, story.record)
        with long_memory.opened(story, place=folder) as memory:
            rules = ByRule(mark.with_name(FILE))
            yield memory, CanonStore(memory, folder / mark.name, of=story.record if stands else None, rules=rules)


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
