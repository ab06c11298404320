"""How well text stands out on what is behind it, as the Web Content Accessibility Guidelines 2.2 reckon it (1.4.3)."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

Colour = tuple[float, ...]

PAGES: dict[str, tuple[Colour, Colour, float]] = {
    "JupyterLab, light": ((255, 255, 255), (0, 0, 0), 0.87),
    "JupyterLab, dark": ((17, 17, 17), (255, 255, 255), 1.0),
    "Visual Studio Code, dark": ((30, 30, 30), (204, 204, 204), 1.0),
}
"""Of each page: its colour, that of its text, and how opaque its text is."""

LEAST_OF_TEXT, LEAST_OF_SHAPES = 4.5, 3.0

_TINT = re.compile(r"background:rgba\(([\d., ]+)\)")
_OPACITY = re.compile(r"(?:^|;)opacity:([\d.]+)")
_VOID = {"br", "hr"}


def over(colour: Colour, opaque: float, behind: Colour) -> Colour:
    """A colour laid over another."""
    return tuple(opaque * one + (1 - opaque) * other for one, other in zip(colour, behind, strict=True))


def contrast(one: Colour, other: Colour) -> float:
    """How much lighter the lighter of two colours is, from 1 to 21."""
    low, high = sorted(map(_luminance, (one, other)))
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: Colour) -> float:
    parts = (one / 255 for one in colour)
    red, green, blue = (one / 12.92 if one <= 0.03928 else ((one + 0.055) / 1.055) ** 2.4 for one in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def faintest(html: str) -> tuple[float, str, str]:
    """The least contrast of any text of some HTML on any page, with the text and the page."""
    found = [(21.0, "", "")]
    for name, (page, ink, opaque) in PAGES.items():
        parser = _Painted(page, ink, opaque)
        parser.feed(html)
        parser.close()
        found += [(value, text, name) for value, text in parser.found]
    return min(found)


class _Painted(HTMLParser):
    """Walks through HTML with what is behind each text and how opaque that text is."""

    def __init__(self, page: Colour, ink: Colour, opaque: float) -> None:
        super().__init__()
        self.layers: list[tuple[str, Colour, float]] = [("", page, opaque)]
        self.ink = ink
        self.found: list[tuple[float, str]] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        _, behind, opaque = self.layers[-1]
        given = dict(attrs)
        style = given.get("style") or ""
        own = _OPACITY.search(style)
        opaque *= float(own[1]) if own else float(given.get("opacity") or 1)
        if tint := _TINT.search(style):
            *colour, strength = map(float, tint[1].split(","))
            shown = strength * (opaque / self.layers[0][2])  # a group that lets through lets its tint through as well
            behind = over(tuple(colour), shown, behind)
        if tag not in _VOID:
            self.layers.append((tag, behind, opaque))

    def handle_startendtag(self, tag: str, attrs: Any) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        if self.layers[-1][0] == tag:
            self.layers.pop()

    def handle_data(self, data: str) -> None:
        tag, behind, opaque = self.layers[-1]
        if data.strip() and tag != "title":
            self.found.append((contrast(over(self.ink, opaque, behind), behind), data.strip()[:60]))
