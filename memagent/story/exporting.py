"""A story to one file, in the format that the file's suffix names: Markdown, plain text, HTML, EPUB 3, JSON lines."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from memagent import files
from memagent.errors import UsageProblem
from memagent.sentences import count_words
from memagent.story.edition import Edition, edition
from memagent.story.export_epub import epub
from memagent.story.export_html import html
from memagent.story.export_jsonl import jsonl
from memagent.story.export_markdown import markdown
from memagent.story.export_text import text
from memagent.story.manuscript import Manuscript


@dataclass(frozen=True, slots=True)
class Format:
    """A format: what it is called, and what writes it."""

    name: str
    write: Callable[[Edition], str | bytes]


FORMATS = {
    ".md": Format("Markdown", markdown),
    ".txt": Format("plain text", text),
    ".html": Format("HTML", html),
    ".epub": Format("EPUB 3", epub),
    ".jsonl": Format("JSON lines", jsonl),
}
"""The formats by suffix."""


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written: where, how many `chapters` of how many in all (`total`), how many words, in which format."""

    path: Path
    chapters: int
    total: int
    words: int
    format: str


def export(
    manuscript: Manuscript,
    path: Path,
    *,
    overwrite: bool = False,
    first: int | None = None,
    last: int | None = None,
) -> Exported:
    """Write a story, or its chapters `first` to `last` (from 1, both included), to `path`, as a whole or not at all.

    The suffix says the format; its case does not matter. The same story gives the same bytes.

    Raises:
        UsageProblem: the suffix is not known, the file exists and may not be replaced, there is no such folder, or the
            range holds no chapter.
        StoryError: nothing is written yet.
        ConfigError: SOURCE_DATE_EPOCH is set to what is no moment (EPUB).
        StorageFull, StorageError: the file could not be written; what was there before still is.
    """
    format = format_of(path)
    if path.is_dir():
        raise UsageProblem(f"{str(path)!r} is a folder", hint="Name a file.")
    if path.exists() and not overwrite:
        raise UsageProblem(f"{str(path)!r} exists", hint="Choose another name, or add --overwrite.")
    if not path.absolute().parent.is_dir():
        raise UsageProblem(f"there is no folder {str(path.parent)!r}", hint="Make it first.")
    chosen = edition(manuscript, first, last)
    content = format.write(chosen)
    files.replace(path, content.encode("utf-8", "replace") if isinstance(content, str) else content)
    words = sum(count_words(text) for section in chosen.sections for text in section.chapter.paragraphs)
    return Exported(path, len(chosen.sections), chosen.total, words, format.name)


def format_of(path: Path) -> Format:
    """Return the format that a file's suffix names. Raises `UsageProblem` for one that is not known."""
    if found := FORMATS.get(path.suffix.lower()):
        return found
    *most, last = FORMATS
    raise UsageProblem(
        f"{str(path)!r}: the format {path.suffix or 'without a suffix'} is not known",
        hint=f"Use {', '.join(most)} or {last}.",
    )
