"""A chapter as its file holds it: a heading, and paragraphs with blank lines between them; and how such files are read.

A paragraph that begins like a heading (`# `) has a backslash before it, so that it is read back as a paragraph.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from memagent.story.manuscript import Chapter, Manuscript
from memagent.story.record import StoryRecord

_TITLE = re.compile(r"#[ \t]+(.*?)[ \t]*#*[ \t]*(?:\n|$)")
_HEADING = re.compile(r"#{1,6}[ \t]+(.*?)[ \t]*#*[ \t]*(?:\n|$)")
_LATER = re.compile(r"##[ \t]+(.*?)[ \t]*#*[ \t]*(?:\n|$)")
_LIKE_HEADING = re.compile(r"\\*#{1,6}[ \t]")
_ESCAPED = re.compile(r"\\(?=\\*#{1,6}[ \t])")


def name(chapter: int) -> str:
    """Return the name of the file of a chapter."""
    return f"{chapter:02d}.md"


def chapter_files(record: StoryRecord) -> dict[str, str]:
    """Return the files of the manuscript, by name, in order."""
    texts = {}
    for number, (heading, paragraphs) in enumerate(record.chapter_texts(), 1):
        title = f"# {record.title}" if number == 1 and record.title else ""
        parts = [title, f"## {heading}" if heading else "", *map(escaped, paragraphs)]
        texts[name(number)] = "\n\n".join(filter(None, parts)) + "\n"
    return texts


def manuscript_text(record: StoryRecord) -> str:
    """Return the whole manuscript, one chapter after another."""
    return "\n".join(chapter_files(record).values())


def escaped(paragraph: str) -> str:
    """Return a paragraph as its file holds it."""
    return f"\\{paragraph}" if _LIKE_HEADING.match(paragraph) else paragraph


def read(texts: Sequence[str]) -> Manuscript:
    """Read the files of a manuscript, in order.

    The first heading of a file is that of its chapter; one of two signs (`## `) further down begins a chapter there.
    """
    title, chapters = "", list[Chapter]()
    for number, text in enumerate(texts):
        body = text.lstrip("\n")
        if number == 0 and (found := _TITLE.match(body)):
            title, body = found[1].strip(), body[found.end() :]
        chapters += _chapters(body)
    return Manuscript(title, tuple(chapters))


def _chapters(body: str) -> Iterator[Chapter]:
    """Yield the chapters of one file; a file without a word has none."""
    heading: str | None = None
    paragraphs: list[str] = []
    for block in re.split(r"\n[ \t]*\n", body):
        block = block.strip()
        while found := (_LATER if paragraphs or heading is not None else _HEADING).match(block):
            if heading is not None or paragraphs:
                yield Chapter(heading or "", tuple(paragraphs))
            heading, paragraphs = found[1].strip(), []
            block = block[found.end() :].strip()
        if block:
            paragraphs.append(_ESCAPED.sub("", block, count=1) if _ESCAPED.match(block) else block)
    if heading is not None or paragraphs:
        yield Chapter(heading or "", tuple(paragraphs))
