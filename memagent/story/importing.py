"""An existing manuscript to a `Manuscript`: Markdown, plain text, HTML, EPUB, and the JSON lines of an export.

Nothing is written and no model is asked. What had to be guessed (an old encoding, the language) is said in `notes`.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

from memagent.errors import UsageProblem
from memagent.sentences import count_words
from memagent.story import language_tags
from memagent.story.import_chapters import Found, from_items, from_paragraphs
from memagent.story.import_epub import book
from memagent.story.import_language import told_by
from memagent.story.import_lines import paragraphs
from memagent.story.import_markup import Page
from memagent.story.import_text import decoded
from memagent.story.inline import clean
from memagent.story.manuscript import Chapter, Manuscript

SUFFIXES = (".md", ".markdown", ".txt", ".html", ".htm", ".xhtml", ".epub", ".jsonl")

_OTHERS = {
    ".docx": "Word", ".doc": "Word", ".odt": "LibreOffice", ".rtf": "RTF", ".pdf": "PDF", ".mobi": "Kindle",
    ".azw3": "Kindle", ".pages": "Pages",
}  # fmt: skip
_PAGES = (".html", ".htm", ".xhtml")
_FRONT = re.compile(r"---[ \t]*\n(?P<lines>(?:[^\n]*\n)*?)(?:---|\.\.\.)[ \t]*(?:\n|$)")
_FIELD = re.compile(r"(?P<name>title|author|lang|language)[ \t]*:[ \t]*(?P<value>.*)", re.IGNORECASE)
_CHARSET = re.compile(rb"""charset=["']?([\w-]+)""", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Imported:
    """A manuscript that was read, and how.

    Attributes:
        manuscript: the story. Its language is empty where neither the file nor its script tells it.
        words: how many it has.
        by: by what the chapters were told: `headings`, `chapter lines`, `numbers`, `lines of JSON`, `no headings`.
        notes: what a person should know of it, a sentence each; mostly none.
    """

    manuscript: Manuscript
    words: int
    by: str
    notes: tuple[str, ...]


def read(path: Path) -> Manuscript:
    """Read a manuscript. See `imported`."""
    return imported(path).manuscript


def imported(path: Path, *, encoding: str | None = None, language: str = "") -> Imported:
    """Read a manuscript, and say how.

    Chapters are told by headings; where there are none, by lines such as `Chapter 7`, `Глава первая` or `第三章`, or by
    numbers that stand alone and count. Paragraphs are told by blank lines, or by lines where no blank lines part them;
    hard-wrapped lines are joined. Emphasis is kept as Markdown.

    Args:
        path: a file of one of `SUFFIXES`; one of another suffix is read as plain text if it is text.
        encoding: of a text file, as `gb18030`; by default it is found, see `memagent.story.import_text`.
        language: its English name; by default what the file says, else what its script tells.

    Raises:
        UsageProblem: there is no such file, it is empty, holds no text, or is not of a kind that can be read.
    """
    kind = path.suffix.lower()
    if kind in _OTHERS:
        raise UsageProblem(
            f"{str(path)!r} is a {_OTHERS[kind]} file", hint="Save it as plain text, HTML or EPUB, and import that."
        )
    notes: list[str] = []
    if kind == ".epub":
        found = _book(path)
    else:
        text = _text(path, encoding, notes)
        found = _page(text) if kind in _PAGES else _json(text, path) if kind == ".jsonl" else _prose(text)
    every = [text for chapter in found.chapters for text in chapter.paragraphs]
    if not every:
        raise UsageProblem(f"{str(path)!r} holds no paragraph", hint="Name the file with the story in it.")
    language = language or language_tags.name(found.language) or told_by(every)
    if not language:
        notes.append("The language could not be told. Give it with --language, or it is taken for English.")
    manuscript = Manuscript(found.title, tuple(found.chapters), language, found.author)
    return Imported(manuscript, sum(map(count_words, every)), found.by, tuple(notes))


def _bytes(path: Path) -> bytes:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UsageProblem(
            f"{str(path)!r} cannot be read: {error.strerror or error}", hint="Check the name."
        ) from error
    if not data:
        raise UsageProblem(f"{str(path)!r} is empty", hint="Name the file with the story in it.")
    return data


def _text(path: Path, encoding: str | None, notes: list[str]) -> str:
    """Return the text of a file; a page of HTML may name its encoding itself."""
    data = _bytes(path)
    if encoding is None and path.suffix.lower() in _PAGES and (said := _CHARSET.search(data[:2048])):
        named = said[1].decode()
        encoding = None if named.lower().startswith("utf") else named
    text, read_as = decoded(data, repr(str(path)), encoding)
    if read_as == "Windows-1252" and encoding is None:
        notes.append("It is not UTF-8; it was read as Windows-1252. Look at its accents and quotation marks.")
    return text


def _prose(text: str) -> Found:
    """Read Markdown or plain text, with a head of `title: ...` lines between `---` if it has one."""
    fields: dict[str, str] = {}
    head = _FRONT.match(text)
    if head and all(not line.strip() or ":" in line or line[0] in " -#" for line in head["lines"].splitlines()):
        lines = (_FIELD.fullmatch(line.strip()) for line in head["lines"].splitlines())
        fields = {found["name"].lower(): found["value"].strip().strip("\"'") for found in lines if found}
        text = text[head.end() :] if fields else text
    found = from_paragraphs(paragraphs(text))
    found.title, found.author = fields.get("title") or found.title, fields.get("author") or found.author
    told = fields.get("lang") or fields.get("language") or ""
    found.language = language_tags.tag(told) if told else ""
    return found


def _page(text: str) -> Found:
    """Read a page of HTML."""
    page = Page()
    page.feed(text)
    page.close()
    found = from_items(page.items)
    if not found.title and not language_tags.is_untitled(page.title):
        found.title = page.title
    found.author = found.author or page.author
    found.language = page.language
    return found


def _book(path: Path) -> Found:
    """Read an EPUB book; what it says of itself goes before what its pages say."""
    _bytes(path)
    read = book(path)
    found = from_items(read.items)
    found.title = "" if language_tags.is_untitled(read.title) else read.title or found.title
    found.author = read.author or found.author
    found.language = read.language
    return found


def _json(text: str, path: Path) -> Found:
    """Read the lines of an export: one object a paragraph."""
    chapters: dict[int, tuple[str, list[str]]] = {}
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            fields = json.loads(line)
            chapter, title, told = int(fields["chapter"]), clean(fields.get("title", "")), clean(fields["text"])
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise UsageProblem(
                f"line {number} of {str(path)!r} is no paragraph of an export: {error!r}",
                hint='A line is {"chapter": 1, "title": "", "paragraph": 1, "text": "..."}.',
            ) from error
        chapters.setdefault(chapter, (title, []))[1].append(told)
    return Found(chapters=[Chapter(title, tuple(told)) for title, told in chapters.values()], by="lines of JSON")
