"""An HTML or XHTML page to headings and paragraphs, with emphasis as Markdown. Scripts, styles, menus are left out."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from memagent.story.import_chapters import Heading, Item
from memagent.story.inline import SCENE_BREAK, escape, is_break

_LEFT_OUT = {"script", "style", "template", "svg", "math", "nav", "noscript", "iframe", "object", "select", "button"}
_INLINE = {"em": "*", "i": "*", "cite": "*", "strong": "**", "b": "**"}
_FLOWING = {*_INLINE, "a", "abbr", "bdi", "bdo", "big", "code", "del", "dfn", "font", "img", "ins", "kbd", "mark",
            "q", "rp", "rt", "ruby", "s", "samp", "small", "span", "sub", "sup", "time", "tt", "u", "var",
            "wbr"}  # fmt: skip
_OPEN, _CLOSE, _LINE = "\ue000", "\ue001", "\ue002"  # what stands for marks and line breaks until a block is whole
_EMPTY = re.compile(f"{_OPEN}(\\*+)( ?){_CLOSE}\\1")
_LEADING, _TRAILING = re.compile(f"{_OPEN}(\\*+) "), re.compile(f" {_CLOSE}(\\*+)")


class Page(HTMLParser):
    """Feed it a page; then it has what was found.

    Attributes:
        items: headings and paragraphs in order.
        title, author, language: what the page says of itself; empty for what it does not.
        ids: the `id`s of elements -> how many items stood before them.
        is_title: whether the page says that it is a title page.
    """

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.items: list[Item] = []
        self.title = self.author = self.language = ""
        self.ids: dict[str, int] = {}
        self.is_title = False
        self._text = ""
        self._heading = 0
        self._skipped: list[str] = []
        self._in_title = self._in_author = self._preformatted = False

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        """Begin an element."""
        given = {name: value or "" for name, value in attributes}
        if self._skipped:
            if tag == self._skipped[-1]:
                self._skipped.append(tag)
            return
        if tag in _LEFT_OUT:
            self._end_block()
            self._skipped.append(tag)
            return
        self._take_attributes(tag, given)
        if tag == "br":
            self._text += _LINE
        elif tag == "hr":
            self._end_block()
            self.items.append(SCENE_BREAK)
        elif tag in _INLINE:
            self._text += _OPEN + _INLINE[tag]
        elif tag not in _FLOWING:
            self._end_block()
            self._heading = int(tag[1]) if re.fullmatch("h[1-6]", tag) else 0
            self._preformatted = tag == "pre"
            self._in_author = given.get("class", "") == "author"

    def _take_attributes(self, tag: str, given: dict[str, str]) -> None:
        if tag == "html":
            self.language = given.get("lang") or given.get("xml:lang") or ""
        elif tag == "title":
            self._in_title = True
        elif tag == "meta" and given.get("name", "").lower() == "author":
            self.author = " ".join(given.get("content", "").split())
        if "id" in given:
            self._end_block()
            self.ids[given["id"]] = len(self.items)
        self.is_title |= "titlepage" in given.get("epub:type", "").split()

    def handle_endtag(self, tag: str) -> None:
        """End an element."""
        if self._skipped:
            if tag == self._skipped[-1]:
                self._skipped.pop()
        elif tag == "title" and self._in_title:
            self.title, self._text, self._in_title = " ".join(self._text.replace("\\", "").split()), "", False
        elif tag in _INLINE:
            self._text += _CLOSE + _INLINE[tag]
        elif tag not in _FLOWING and tag != "br":
            self._end_block()

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        """Take an element that ends where it begins."""
        self.handle_starttag(tag, attributes)
        if tag not in ("br", "hr", "meta", "link", "img"):
            self.handle_endtag(tag)

    def handle_data(self, data: str) -> None:
        """Take text."""
        if not self._skipped:
            data = re.sub(f"[{_OPEN}-{_LINE}]", "", data)
            self._text += data.replace("\n", _LINE) if self._preformatted else escape(data)

    def close(self) -> None:
        """End the page."""
        super().close()
        self._end_block()

    def _end_block(self) -> None:
        blank = re.sub("[ \t\n\r\f]+", " ", self._text)
        lines = (line.strip() for line in _marked(blank).split(_LINE))
        text = "\n".join(line for line in lines if line)
        if text and self._heading:
            self.items.append(Heading(self._heading, re.sub(r"\\(.)|\*+", r"\1", text.replace("\n", " "))))
        elif text and is_break(text.replace("\\", "")):
            self.items.append(SCENE_BREAK)
        elif text and not (self._in_author and self.author):
            self.items.append(text)
        self._text, self._heading, self._preformatted, self._in_author = "", 0, False, False


def _marked(text: str) -> str:
    """Return a text with its marks right beside the words they are for; without empty ones, or those left open."""
    for _ in range(3):
        text = _EMPTY.sub(r"\2", text)
    text = _TRAILING.sub(rf"{_CLOSE}\1 ", _LEADING.sub(rf" {_OPEN}\1", text))
    if text.count(_OPEN) != text.count(_CLOSE):
        text = re.sub(rf"[{_OPEN}{_CLOSE}]\*+", "", text)
    return re.sub(f"[{_OPEN}{_CLOSE}]", "", text)
