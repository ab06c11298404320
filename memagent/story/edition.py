"""A manuscript made ready to be printed: which chapters, under which headings, in what language and direction.

Every format writes an edition; none of them decides anything about the story itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from memagent.errors import StoryError, UsageProblem
from memagent.story import language_tags
from memagent.story.inline import blocks, clean
from memagent.story.language_tags import Direction
from memagent.story.manuscript import Chapter, Manuscript

Block = str | None
"""One printed paragraph in the Markdown of its prose, or `None` for a scene break."""


@dataclass(frozen=True, slots=True)
class Section:
    """A chapter as it is printed: its number in the manuscript, its heading (empty for none), and itself."""

    number: int
    heading: str
    chapter: Chapter

    @property
    def blocks(self) -> Iterator[Block]:
        """What is printed of it, in order, cleaned of what no file may hold."""
        for paragraph in self.chapter.paragraphs:
            yield from blocks(clean(paragraph))


@dataclass(frozen=True, slots=True)
class Edition:
    """What is printed.

    Attributes:
        title: one line; may be empty.
        author: one line; may be empty.
        language: a BCP 47 tag; `und` where it is not known.
        direction: which way the text runs.
        sections: the chapters, at least one.
        total: how many chapters the manuscript has.
    """

    title: str
    author: str
    language: str
    direction: Direction
    sections: tuple[Section, ...]
    total: int

    @property
    def name(self) -> str:
        """Its title, or what a book without one is called."""
        return self.title or language_tags.untitled(self.language)


def edition(manuscript: Manuscript, first: int | None = None, last: int | None = None) -> Edition:
    """Make chapters `first` to `last` (from 1, both included; by default all) of a manuscript ready.

    Raises `StoryError` when nothing is written yet and `UsageProblem` when the range holds no chapter.
    """
    total = len(manuscript.chapters)
    if not any(chapter.paragraphs for chapter in manuscript.chapters):
        raise StoryError("nothing is written yet", hint="Write first: memagent story write")
    start, end = 1 if first is None else first, total if last is None else last
    missing = [number for number in (start, end) if not 1 <= number <= total]
    if missing:
        there = f"1 to {total}" if total > 1 else "chapter 1 alone"
        raise UsageProblem(f"there is no chapter {missing[0]}", hint=f"It has {there}.")
    if start > end:
        raise UsageProblem(f"chapter {start} comes after chapter {end}", hint="Name the earlier one first.")
    tag = language_tags.tag(manuscript.language)
    sample = "".join(text for _, text in manuscript.paragraphs[:20])
    sections = tuple(
        Section(number, _line(chapter.title) or (language_tags.chapter(tag, number) if total > 1 else ""), chapter)
        for number, chapter in enumerate(manuscript.chapters, 1)
        if start <= number <= end
    )
    direction = language_tags.direction(tag, sample)
    return Edition(_line(manuscript.title), _line(manuscript.author), tag, direction, sections, total)


def _line(text: str) -> str:
    return " ".join(clean(text).split())
