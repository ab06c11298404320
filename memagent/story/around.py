"""What the files of a story's folder add to a prompt: style, outline, lore, canon, note, and words that are tired."""

from __future__ import annotations

from pathlib import Path

from memagent.errors import StoryError
from memagent.methods.recurrent_around import Around
from memagent.story import edited, outline
from memagent.story.book import Story
from memagent.story.canon_shown import Sheet
from memagent.story.lore_scan import Watch
from memagent.story.manuscript import Chapter, Manuscript
from memagent.story.outline import Standing
from memagent.story.tired import PARAGRAPHS, tired

LATELY = 40
"""Paragraphs among which a phrase is too frequent."""
_CHARACTERS = 60_000  # of them at most


def around(story: Story, where: Standing, lore: Watch | None = None, facts: Sheet | None = None) -> Around:
    """Return what the next prompt shows beside the memory, from the files as they stand on disk.

    `lore` is what watches the lorebook for it, see `lore_scan`; `facts` what looks into the canon, see `canon_shown`.
    Raises `StoryError` for a file that is not UTF-8.
    """
    return Around(
        style=_text(story.folder / "style.md"),
        outline=outline.guide(where, story.outline),
        lore=lore or "",
        canon=facts or "",
        edited=edited.shown(story.record),
        note=_text(story.folder / "note.md"),
        avoid="\n".join(_tired(story)),
    )


def _tired(story: Story) -> list[str]:
    """Phrases that the newest paragraphs have used too often: of so many only, so that it takes no longer in the end.

    The newest paragraph counts. What was often said long ago is found by `memagent story check`.
    """
    count = story.config.avoid
    newest: list[str] = []
    for text in reversed(story.record.paragraphs[-LATELY:]):
        if sum(map(len, newest)) + len(text) > _CHARACTERS:
            break
        newest.append(text)
    if not count or len(newest) < PARAGRAPHS:
        return []
    return tired(Manuscript("", (Chapter("", tuple(newest[::-1])),), story.config.language), count)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig").strip()
    except FileNotFoundError:
        return ""
    except UnicodeDecodeError as error:
        raise StoryError(f"{str(path)!r} is not UTF-8 text: {error.reason}", hint="Save it as UTF-8.") from error
