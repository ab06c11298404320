"""A story as its readers have it: chapters of paragraphs, and how a place in them is written."""

from __future__ import annotations

import re
from dataclasses import dataclass

from memagent.errors import UsageProblem

_PLACE = re.compile(r"(?i)(?:ch(?:apter)?[.:]?\s*)?(\d+)(?:\s*[:.,/ ]?\s*(?:¶|p(?:ara(?:graph)?)?[.:]?)\s*(\d+))?")


@dataclass(frozen=True, slots=True)
class Chapter:
    """A chapter: its title, empty if it has none, and its paragraphs in order."""

    title: str
    paragraphs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Manuscript:
    """A story without its making.

    Attributes:
        title: of the whole; may be empty.
        chapters: in order.
        language: its English name, as in `story.toml`.
        author: as it is to be printed; may be empty.
    """

    title: str
    chapters: tuple[Chapter, ...]
    language: str = "English"
    author: str = ""

    @property
    def paragraphs(self) -> list[tuple[Place, str]]:
        """All paragraphs in order, each with its place."""
        return [
            (Place(chapter, paragraph), text)
            for chapter, one in enumerate(self.chapters, 1)
            for paragraph, text in enumerate(one.paragraphs, 1)
        ]


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A place in a story: a chapter and, unless all of it is meant (0), a paragraph in it; both from 1."""

    chapter: int
    paragraph: int = 0

    @classmethod
    def read(cls, text: str) -> Place:
        """Read `ch.2 ¶3`, `ch:2`, `2.p3`, `2`. Raises `UsageProblem` for anything else."""
        found = _PLACE.fullmatch(text.strip())
        if found is None or not int(found[1]) or found[2] == "0":
            raise UsageProblem(
                f"{text!r} is no place in a story", hint='Write "ch.2" for a chapter, "ch.2 p3" for a paragraph.'
            )
        return cls(int(found[1]), int(found[2] or 0))

    def __str__(self) -> str:
        """As `ch.2 ¶3`, or `ch.2` for all of it."""
        return f"ch.{self.chapter} ¶{self.paragraph}" if self.paragraph else f"ch.{self.chapter}"
