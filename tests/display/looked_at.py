"""What every display must be: safe HTML that closes what it opens, without script or address, readable; tidy text."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from html.parser import HTMLParser
from typing import Any

from contrast import LEAST_OF_TEXT, faintest

from memagent.display.lines import columns

TAGS = frozenset(
    "div span mark small b q ins del ol li details summary"
    " table thead tbody tr th td svg g title rect line circle path polyline text".split()
)
ATTRIBUTES = frozenset(
    "style title open width height viewbox role fill stroke stroke-opacity stroke-dasharray"
    " x y x1 x2 y1 y2 cx cy r rx d points stroke-width stroke-linecap"
    " text-anchor font-size font-family font-weight".split()
)
BAD = "<img src=x onerror=alert(1)>\"'</div></td><script>alert(2)</script>\x1b[31m\u202e]]>-->"
"""Put into each field: it breaks out of text, of an attribute and of an element, colours a terminal and turns text."""

_FIXED = {"decision", "role", "finish_reason", "verb", "type", "at", "digest"}


class _Parsed(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.found: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.open.append(tag)
        self._check(tag, attrs)

    def handle_startendtag(self, tag: str, attrs: Any) -> None:
        self._check(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open[-1] == tag, f"</{tag}> closes {self.open[-3:]}"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def _check(self, tag: str, attrs: Any) -> None:
        self.found += [] if tag in TAGS else [f"<{tag}>"]
        self.found += [f"{tag} {name}" for name, _ in attrs if name not in ATTRIBUTES]
        self.found += [f"{name}={value}" for name, value in attrs if "url(" in value or "script" in value]


def check_html(html: str) -> str:
    """Assert that HTML is safe and whole; return what a person reads of it."""
    parsed = _Parsed()
    parsed.feed(html)
    parsed.close()
    assert parsed.open == []
    assert parsed.found == []
    assert "\x1b" not in html and "\u202e" not in html
    return "".join(parsed.text)


def check_display(value: Any, *, most: int = 50_000, own: bool = True) -> tuple[str, str]:
    """Assert that a value displays well; return its text, and what a person reads of its HTML."""
    bundle = value._repr_mimebundle_()
    assert {"text/plain", "text/html"} <= set(bundle)
    text, html = bundle["text/plain"], bundle["text/html"]
    read = check_html(html)
    if own:
        for sign in ("<script", "http", "url("):
            assert sign not in html.lower()
    assert 0 < len(html.encode()) < most
    assert faintest(html) >= (LEAST_OF_TEXT, "", "")
    assert text.strip() and "\x1b" not in text and "\u202e" not in text
    assert [line for line in text.splitlines() if columns(line) > 80] == []
    assert [line for line in text.splitlines() if line != line.rstrip()] == []
    return text, read


def poisoned(value: Any, name: str = "") -> Any:
    """A value with `BAD` behind every text in it, however deep, apart from those that are one of a few names."""
    if isinstance(value, str):
        return value if name in _FIXED else value + BAD
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {f.name: poisoned(getattr(value, f.name), f.name) for f in dataclasses.fields(value) if f.init}
        return dataclasses.replace(value, **fields)
    if isinstance(value, Mapping):
        return {
            poisoned(key) if name in ("parts", "reasons") else key: poisoned(one, key) for key, one in value.items()
        }
    if isinstance(value, list | tuple):
        return type(value)(poisoned(one, name) for one in value)
    return value
