"""Headings and paragraphs to chapters: which headings are chapters, which is the title, and what belongs to neither.

Nothing that was written is thrown away, a table of contents excepted: headings without text that come again below.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from memagent.story import chapter_lines
from memagent.story.import_lines import HEADING, UNDERLINE
from memagent.story.inline import plain
from memagent.story.manuscript import Chapter

_PART, _CHAPTER = 2, 3  # the levels of lines such as `Part Two` and `Chapter 7`, below that of the title
_BY = re.compile(r"(?i)(?:by|von|par|por|di|do|door|av|af|автор:?)\s+(\S.*)|作者\s*[:：]?\s*(\S.*)")
_NAME = re.compile(r".{0,58}(?:[^\W_]|\b[^\W_]{1,2}\.|[\"”’)])")  # `Ann B.` is one, `It fell.` is none
_ESCAPED = re.compile(r"^\\(?=#{1,6}[ \t]|=+[ \t]*$|-+[ \t]*$)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading: its level, 1 for the highest, and its text."""

    level: int
    text: str


Item = Heading | str


@dataclass(slots=True)
class Found:
    """What was found: title, author and the language's tag (empty for none), chapters, and how they were told."""

    title: str = ""
    author: str = ""
    language: str = ""
    chapters: list[Chapter] = field(default_factory=list)
    by: str = "no headings"


def from_paragraphs(paragraphs: Sequence[str]) -> Found:
    """Read the paragraphs of a text: by its Markdown headings, else by lines such as `Chapter 7`, else by numbers."""
    if any(isinstance(_marked(one), Heading) for one in paragraphs):
        return replace(_gathered([_marked(one) for one in paragraphs]), by="headings")
    items = [item for one in paragraphs for item in _lined(one)]
    if any(isinstance(item, Heading) for item in items):
        return replace(_gathered(items), by="chapter lines")
    numbers = set(chapter_lines.numbered(paragraphs))
    items = [Heading(_CHAPTER, one) if at in numbers else one for at, one in enumerate(paragraphs)]
    return replace(_gathered(items), by="numbers" if numbers else "no headings")


def from_items(items: Sequence[Item]) -> Found:
    """Read what has headings of its own, as HTML has; without any, its lines are looked at."""
    if not any(isinstance(item, Heading) for item in items):
        return from_paragraphs([item for item in items if isinstance(item, str)])
    return replace(_gathered(items), by="headings")


def _marked(paragraph: str) -> Item:
    """Return a Markdown heading as such, and any other paragraph without the backslashes that tell it from one."""
    lines = paragraph.split("\n")
    if len(lines) == 2 and (under := UNDERLINE.fullmatch(lines[1])):
        return Heading(1 if under[1][0] == "=" else 2, _tidy(lines[0]))
    if len(lines) == 1 and (found := HEADING.fullmatch(paragraph)):
        return Heading(len(found[1]), _tidy(found[2]))
    return _ESCAPED.sub("", paragraph)


def _lined(paragraph: str) -> Iterator[Item]:
    """Yield a paragraph parted at the lines that begin a chapter; a short line right below such a one is its title."""
    lines = paragraph.split("\n")
    kept: list[str] = []
    at = 0
    while at < len(lines):
        found = chapter_lines.heading(lines[at])
        at += 1
        if found is None:
            kept.append(lines[at - 1])
            continue
        if kept:
            yield "\n".join(kept)
        kept = []
        kind, text = found
        if at == len(lines) - 1 and chapter_lines.is_short(lines[at]) and not chapter_lines.heading(lines[at]):
            text, at = f"{text.rstrip(' .:')}: {_tidy(lines[at])}", at + 1
        yield Heading(_PART if kind == "part" else _CHAPTER, text)
    if kept:
        yield "\n".join(kept)


def _gathered(items: Sequence[Item]) -> Found:
    found = Found()
    rest = list(items)
    first = rest[0] if rest else ""
    highest = [item for item in rest if isinstance(item, Heading) and item.level == 1]
    if isinstance(first, Heading) and highest == [first] and chapter_lines.heading(first.text) is None:
        found.title = first.text
        rest = rest[1:]
    level = _chapter_level(rest)
    _take_front(found, rest)
    found.chapters = list(_without_contents(list(_chapters(rest, level))))
    return found


def _chapter_level(items: Sequence[Item]) -> int:
    """Return the level of the chapters: that of most chapter lines, else the highest that has text right below it."""
    headings = [item for item in items if isinstance(item, Heading)]
    levels = sorted({one.level for one in headings})
    named = [one.level for one in headings if (kind := chapter_lines.heading(one.text)) and kind[0] == "chapter"]
    if named:
        return max(sorted(set(named)), key=named.count)
    for level in levels[:-1]:
        pairs = pairwise(items)
        after = [two for one, two in pairs if isinstance(one, Heading) and one.level == level]
        if not after or any(isinstance(item, str) for item in after):
            return level
    return levels[-1] if levels else 1


def _take_front(found: Found, items: list[Item]) -> None:
    """Take title and author out of the few short lines in front of the first heading; leave all else."""
    end = next((at for at, item in enumerate(items) if isinstance(item, Heading)), 0)
    front = [item for item in items[:end] if isinstance(item, str)]
    if not front or len(front) > 3:
        return
    if not found.title and chapter_lines.is_short(front[0]) and "\n" not in front[0] and not _BY.fullmatch(front[0]):
        found.title = _tidy(front.pop(0))
    if found.title and front:
        alone = re.fullmatch(r"\*(.+)\*", front[0]) if len(front) == 1 else None
        by = _BY.fullmatch(front[0])
        author = _tidy((by[1] or by[2]) if by else plain(alone[1]) if alone else "")
        if author and _NAME.fullmatch(author):
            found.author = author
            front.pop(0)
    items[:end] = front


def _chapters(items: Sequence[Item], level: int) -> Iterator[Chapter]:
    """Yield the chapters. A higher heading without text goes before the next title; a lower one becomes bold text."""
    title, paragraphs = "", list[str]()
    begun = 0  # the level of the heading of this chapter, 0 before the first
    for item in items:
        if isinstance(item, str):
            paragraphs.append(item)
        elif item.level > level:
            paragraphs.append(f"**{item.text}**")
        elif begun and begun < item.level and not paragraphs:
            title, begun = f"{title}: {item.text}", item.level
        else:
            if begun or paragraphs:
                yield Chapter(title, tuple(paragraphs))
            title, paragraphs, begun = item.text, [], item.level
    if begun or paragraphs:
        yield Chapter(title, tuple(paragraphs))


def _without_contents(chapters: list[Chapter]) -> Iterator[Chapter]:
    """Yield the chapters but those without text whose title comes again with text."""
    last = {chapter.title.casefold(): at for at, chapter in enumerate(chapters) if chapter.paragraphs}
    for at, chapter in enumerate(chapters):
        if chapter.paragraphs or last.get(chapter.title.casefold(), -1) < at:
            yield chapter


def _tidy(text: str) -> str:
    return " ".join(text.split())
