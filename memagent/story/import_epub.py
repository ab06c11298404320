"""An EPUB book to headings and paragraphs: its documents in reading order, with titles from its table of contents."""

from __future__ import annotations

import codecs
import posixpath
import zipfile
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote
from xml.etree import ElementTree

from memagent.errors import UsageProblem
from memagent.story.import_chapters import Heading, Item
from memagent.story.import_markup import Page

_LARGEST = 64 * 1024 * 1024  # of one file in a book, unpacked; the text of the longest novel has a tenth of it
_DOCUMENTS = ("application/xhtml+xml", "text/html")


@dataclass(frozen=True, slots=True)
class Book:
    """What a book holds: headings and paragraphs in order, and what it says of itself (empty for what it does not)."""

    items: list[Item]
    title: str
    author: str
    language: str


def book(path: Path) -> Book:
    """Read an EPUB file. Raises `UsageProblem` when it is damaged, protected, or holds no text."""
    try:
        with zipfile.ZipFile(path) as archive:
            return _read(archive, str(path))
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise UsageProblem(f"{str(path)!r} is no EPUB book: {error}", hint="Get a whole copy of it.") from error


def _read(archive: zipfile.ZipFile, name: str) -> Book:
    if any(info.flag_bits & 1 for info in archive.infolist()) or "META-INF/rights.xml" in archive.namelist():
        raise UsageProblem(f"{name!r} is protected", hint="Import a copy without protection.")
    container = _tree(archive, "META-INF/container.xml", name)
    root = next((node.get("full-path", "") for node in container.iter() if _tag(node) == "rootfile"), "")
    package = _tree(archive, root, name)
    folder = posixpath.dirname(root)
    manifest = {node.get("id", ""): node for node in package.iter() if _tag(node) == "item"}
    said = {kind: next((_text(node) for node in package.iter() if _tag(node) == kind), "") for kind in
            ("title", "creator", "language")}  # fmt: skip
    labels = _labels(archive, folder, manifest.values(), name)
    items: list[Item] = []
    for node in (node for node in package.iter() if _tag(node) == "itemref"):
        entry = manifest.get(node.get("idref", ""))
        if entry is None or entry.get("media-type") not in _DOCUMENTS:
            continue
        if "nav" in entry.get("properties", "").split():
            continue
        inside = _inside(folder, entry.get("href", ""))
        found = _document(_bytes(archive, inside, name), f"{inside!r} in {name!r}")
        label = labels.get(inside, "")
        if found and label not in ("", said["title"]) and not any(isinstance(item, Heading) for item in found):
            items.append(Heading(2, label))
        items += found
    return Book(items, said["title"], said["creator"], said["language"])


def _document(data: bytes, name: str) -> list[Item]:
    """Return what one document holds; of a title page, nothing."""
    page = Page()
    try:
        page.feed(data.decode("utf-16" if data[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else "utf-8-sig"))
    except UnicodeDecodeError as error:
        raise UsageProblem(f"{name} is not UTF-8: byte {error.start} is not right", hint="Get a whole copy.") from error
    page.close()
    return [] if page.is_title else page.items


def _labels(archive: zipfile.ZipFile, folder: str, entries: Iterable[ElementTree.Element], name: str) -> dict[str, str]:
    """Return document -> what the table of contents calls it: that of EPUB 3, else that of EPUB 2."""
    found: dict[str, str] = {}
    for entry in entries:
        inside = _inside(folder, entry.get("href", ""))
        base = posixpath.dirname(inside)
        if "nav" in entry.get("properties", "").split():
            for node in _tree(archive, inside, name).iter():
                if _tag(node) == "a":
                    found.setdefault(_inside(base, node.get("href", "")), _text(node))
        elif entry.get("media-type") == "application/x-dtbncx+xml":
            for node in _tree(archive, inside, name).iter():
                if _tag(node) == "navPoint":
                    parts = {_tag(part): part for part in node if _tag(part) in ("navLabel", "content")}
                    if len(parts) == 2:
                        found.setdefault(_inside(base, parts["content"].get("src", "")), _text(parts["navLabel"]))
    return found


def _tree(archive: zipfile.ZipFile, inside: str, name: str) -> ElementTree.Element:
    try:
        return ElementTree.fromstring(_bytes(archive, inside, name))
    except ElementTree.ParseError as error:
        raise UsageProblem(f"{inside!r} in {name!r} is damaged: {error}", hint="Get a whole copy of it.") from error


def _bytes(archive: zipfile.ZipFile, inside: str, name: str) -> bytes:
    try:
        with archive.open(inside) as file:
            data = file.read(_LARGEST + 1)
    except KeyError as error:
        raise UsageProblem(f"{name!r} is no EPUB book: it lacks {inside!r}", hint="Get a whole copy of it.") from error
    if len(data) > _LARGEST:
        raise UsageProblem(f"{inside!r} in {name!r} is larger than any text", hint="Get another copy of the book.")
    return data


def _inside(folder: str, href: str) -> str:
    return posixpath.normpath(posixpath.join(folder, unquote(href.split("#")[0])))


def _tag(node: ElementTree.Element) -> str:
    return node.tag.rpartition("}")[2]


def _text(node: ElementTree.Element) -> str:
    return " ".join("".join(node.itertext()).split())
