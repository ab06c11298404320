"""The memory file of a story: its long memory with the vectors of each paragraph; all of it comes from the log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from memagent import registry
from memagent.errors import EmbedderMismatch, StorageDamaged
from memagent.memory import Memory
from memagent.methods.recurrent import SOURCE, note, paragraph_id
from memagent.story.paths import HIDDEN

if TYPE_CHECKING:
    from memagent.story.book import Story


def opened(story: Story) -> Memory:
    """Open the memory file. It holds nothing that the log does not, so one that is of no use is made anew."""
    path = story.folder / HIDDEN / "memory.db"
    embedder = registry.embedder(story.config.embedder)
    try:
        return Memory(path, embedder=embedder, single_user=True)
    except (StorageDamaged, EmbedderMismatch):
        for old in path.parent.glob("memory.db*"):
            old.unlink()
        story.adopted.append("memory file: it was rebuilt from the log")
        return Memory(path, embedder=embedder, single_user=True)


def remember(story: Story) -> None:
    """Bring the memory file up to the log: it may be missing, behind, or hold what was edited since."""
    wanted = {paragraph_id(number): note(number, text) for number, text in story.record.long_memory.items()}
    kept = {passage.id: passage.text for passage in story.memory.passages(source=SOURCE)}
    count = len(story.record.paragraphs)
    if count and story.trace_path.exists() and kept.get(paragraph_id(count)) == story.record.paragraphs[-1]:
        # The step that remembered the newest one was killed before it was taken up.
        wanted[paragraph_id(count)] = note(count, story.record.paragraphs[-1])
    for id in kept.keys() & wanted.keys():
        if kept[id] != wanted[id].text:
            story.memory.edit(id, wanted[id].text)
    if extra := sorted(kept.keys() - wanted.keys()):
        story.memory.delete(extra)
    if missing := [note for id, note in wanted.items() if id not in kept]:
        story.memory.add(missing)
