"""The memory file of a story: its long memory with the vectors of each paragraph; all of it comes from the log.

It is made anew by itself where that costs nothing, and by `rebuild` where it may. What looks like a secret is kept: it
stands in the manuscript beside it, and a story must recall what it says.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from memagent import files, registry
from memagent.errors import EmbedderMismatch, StorageDamaged, StorageError, StoryError
from memagent.memory import Memory
from memagent.methods.recurrent import SOURCE, note, paragraph_id
from memagent.story.paths import HIDDEN, quote
from memagent.types import Note

if TYPE_CHECKING:
    from memagent.story.book import Story

OnProgress = Callable[[int, int], None]
"""Hears how many paragraphs are in the memory file, and how many there are to be."""

_BATCH = 256
_NO_ROOM = (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL, sqlite3.SQLITE_CANTOPEN)
_NEW = "rebuilt.db"
CANON = "canon.json"
"""The file beside it that says for which manuscript the facts in it stand; see `canon_store`."""


def opened(story: Story, *, anew: bool = False, place: Path | None = None) -> Memory:
    """Open the memory file, or the one in another folder.

    It holds nothing that the log does not, so one that is of no use can be made anew.

    With the embedder `hashing` that is done here, and with `anew`; with another one it takes time or money, and is
    `StoryError`, unless there is nothing to embed.
    """
    path = (place or story.folder / HIDDEN) / "memory.db"
    embedder = registry.embedder(story.config.embedder)
    wanted = bool(story.record.long_memory)
    free = anew or not wanted or story.config.embedder.partition(":")[0] == "hashing"
    if not path.exists():
        (path.parent / CANON).unlink(missing_ok=True)
    if wanted and not path.exists():
        if not free:
            raise _of_no_use(story, "is missing")
        story.adopted.append("memory file: it was missing, and was rebuilt from the log")
    try:
        return Memory(path, embedder=embedder, single_user=True, secrets="keep")
    except (StorageError, EmbedderMismatch) as error:
        if place is None and not isinstance(error, StorageDamaged | EmbedderMismatch):
            raise  # of a copy it may be that another process had only begun to make the file
        if not free:
            raise _of_no_use(story, f"cannot be used: {error.message}") from error
        delete(story, folder=path.parent)
        story.adopted.append("memory file: it was rebuilt from the log")
        return Memory(path, embedder=embedder, single_user=True, secrets="keep")


def delete(story: Story, name: str = "memory.db", folder: Path | None = None) -> None:
    """Delete the memory file, with what a database keeps beside it."""
    folder = folder or story.folder / HIDDEN
    for old in folder.glob(f"{name}*"):
        old.unlink()
    if name != _NEW:
        (folder / CANON).unlink(missing_ok=True)


def half_built(story: Story) -> Memory:
    """Open the file that is to take the place of the memory file: a new one, or one that a kill has left."""
    path = story.folder / HIDDEN / _NEW
    embedder = registry.embedder(story.config.embedder)
    try:
        return Memory(path, embedder=embedder, single_user=True, secrets="keep")
    except (StorageDamaged, EmbedderMismatch):
        delete(story, _NEW)
        return Memory(path, embedder=embedder, single_user=True, secrets="keep")


def put_in_place(story: Story) -> None:
    """Put the file that was built in the place of the memory file. It is closed, and all of it is on disk."""
    delete(story)
    with files.writing(story.folder / HIDDEN / "memory.db"):
        for path in sorted((story.folder / HIDDEN).glob(f"{_NEW}*")):
            path.replace(path.with_name(path.name.replace(_NEW, "memory.db")))


def copied(story: Story, folder: Path) -> bool:
    """Copy the memory file into another folder, so that nothing is embedded again; somebody may be writing it.

    Return whether it is as of one moment, all that was written included. One that the disk has no room to share, since
    it is full, is copied as its file stands; one that cannot be read is left out, and is made anew there.
    """
    path = story.folder / HIDDEN / "memory.db"
    if not path.exists():
        return True
    copy = folder / "memory.db"
    for how in ("mode=ro", "mode=ro&immutable=1"):
        files.make_private(copy)
        try:
            with closing(sqlite3.connect(f"{path.absolute().as_uri()}?{how}", uri=True)) as old:
                with closing(sqlite3.connect(copy)) as new:
                    old.backup(new)
            return how == "mode=ro"
        except sqlite3.DatabaseError as error:
            copy.unlink(missing_ok=True)
            if getattr(error, "sqlite_errorcode", 0) & 0xFF not in _NO_ROOM:
                break
    return True


def remember(story: Story, on_progress: OnProgress = lambda done, of: None) -> None:
    """Bring the memory file up to the log: it may be missing, behind, or hold what was edited since.

    A text that it has, under whatever number, is not embedded again. Killed anywhere, the same call goes on.
    """
    wanted = {paragraph_id(number): note(number, text) for number, text in story.record.long_memory.items()}
    kept = {passage.id: passage.text for passage in story.memory.passages(source=SOURCE)}
    count = len(story.record.paragraphs)
    if count and story.trace_path.exists() and kept.get(paragraph_id(count)) == story.record.paragraphs[-1]:
        # The step that remembered the newest one was killed before it was taken up.
        wanted[paragraph_id(count)] = note(count, story.record.paragraphs[-1])
    texts = set(kept.values())
    stale = [one for id, one in wanted.items() if kept.get(id) != one.text and (id in kept or one.text in texts)]
    stale_ids = {one.id for one in stale}
    if stale:
        _put(story.memory, stale)
    if extra := sorted(kept.keys() - wanted.keys()):
        story.memory.delete(extra)
    missing = [one for id, one in wanted.items() if id not in kept and id not in stale_ids]
    for start in range(0, len(missing), _BATCH):
        story.memory.add(missing[start : start + _BATCH])
        on_progress(len(wanted) - max(0, len(missing) - start - _BATCH), len(wanted))


def _put(memory: Memory, notes: Sequence[Note]) -> None:
    """Put notes in the place of those with their numbers; the vectors of texts that are there are taken from there."""
    vectors = memory.core.vectors(memory.scope, notes)
    memory.store.add(memory.scope, notes, vectors, replace_ids=True)


def _of_no_use(story: Story, what: str) -> StoryError:
    return StoryError(
        f"the memory file of {str(story.folder)!r} {what}",
        hint=f"Make it anew from the log with: memagent story rebuild {quote(story.folder)}",
    )
