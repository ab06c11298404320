"""HTML that cannot be broken by what is put into it: every text is escaped, unless it is markup made here.

No script, no address, no font from elsewhere. Colours are tints laid over whatever stands behind, and text keeps the
colour of the page, so that a view reads in light and in dark. Where a page takes styles away, the tags still say it:
`ins` and `del`, tables, `details`.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
_SHORT = 40  # letters that are not broken over lines
_VOID = frozenset({"br", "hr", "circle", "line", "rect", "path", "polyline"})

TINTS = {
    "low": "rgba(214, 69, 65, {:.2f})",
    "good": "rgba(38, 145, 58, {:.2f})",
    "told": "rgba(45, 128, 240, {:.2f})",
    "warm": "rgba(194, 118, 0, {:.2f})",
    "grey": "rgba(118, 118, 118, {:.2f})",
}
"""A colour for each meaning: doubtful or removed, confirmed or added, recalled, hot, and left out.

None of them is alone in saying it: a word, a sign, a shape or a size says it too.
"""

SOLID = 0.9
"""How strong a colour is in a bar: three times as far from a light page and from a dark one as it is from itself."""

STRONGEST = 0.5
"""How strong a tint may be behind text, which stays 4.5 times as light or as dark as the tint."""

_EDGE = 0.6
"""How strong the edge of a chip is, so that its shape is seen on a dark page as well."""

PALE = 0.75
"""How opaque text is that matters less; it stays as readable as that."""


class Markup(str):
    """A text that is HTML already. Only `tag` and `joined` make it, of what they have escaped."""

    __slots__ = ()


Content = str | int | float | None


def escaped(content: Content) -> Markup:
    """Return a content as HTML: markup as it is, nothing for `None`, a text with its marks escaped.

    Characters that a page cannot hold, and those that turn the direction of what follows, are shown as `�`.
    """
    if content is None:
        return Markup("")
    if isinstance(content, Markup):
        return content
    return Markup(html.escape(_CONTROL.sub("�", str(content)), quote=True))


def tag(name: str, *content: Content, **attributes: str | int | float | None) -> Markup:
    """Return an element. `class_` is written for `class`, and `_` for `-` in names; a `None` is left out."""
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escaped(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    inside = joined(content)
    return Markup(f"<{name}{written}/>" if name in _VOID and not inside else f"<{name}{written}>{inside}</{name}>")


def joined(content: Iterable[Content], between: str = "") -> Markup:
    """Return contents one after the other, each escaped."""
    return Markup(escaped(between).join(escaped(one) for one in content))


def tinted(content: Content, meaning: str, strength: float = 0.25, *, name: str = "span", more: str = "") -> Markup:
    """Return a content on a tint; see `TINTS`. `strength` is in [0, `STRONGEST`], `more` is more of its style."""
    colour = TINTS[meaning].format(min(STRONGEST, max(0.0, strength)))
    return tag(name, content, style=f"background:{colour};border-radius:3px;padding:0 .15em{more and ';'}{more}")


def solid(meaning: str) -> str:
    """Return the colour of a bar; see `TINTS`."""
    return TINTS[meaning].format(SOLID)


def chip(content: Content, meaning: str = "grey") -> Markup:
    """Return a few words on a tint, such as a decision or a kind; not broken over lines where they are short."""
    short = isinstance(content, str) and len(re.sub("<[^>]*>", "", content)) <= _SHORT
    edge = f"box-shadow:inset 0 0 0 1px {TINTS[meaning].format(_EDGE)}"
    return tinted(content, meaning, 0.22, name="small", more=f"{edge};white-space:nowrap" if short else edge)


def table(head: Iterable[Content], rows: Iterable[Iterable[Content]], **attributes: str | None) -> Markup:
    """Return a table; each cell is escaped."""
    cell = "text-align:left;vertical-align:top;padding:.2em .7em .2em 0"
    first = tag("tr", *(tag("th", one, style=f"{cell};white-space:nowrap") for one in head))
    rest = (tag("tr", *(tag("td", one, style=cell) for one in row), style="background:transparent") for row in rows)
    styled = {"style": "border-collapse:collapse;color:inherit", **attributes}
    return tag("table", tag("thead", first), tag("tbody", *rest), **styled)


def folded(summary: Content, *content: Content, open: bool = False) -> Markup:
    """Return contents behind a line that opens them."""
    return tag(
        "details", tag("summary", summary, style="cursor:pointer"), *content, **({"open": "open"} if open else {})
    )


def card(*content: Content, meaning: str = "grey") -> Markup:
    """Return contents behind a coloured bar, one step or thing of several."""
    return tag("div", *content, style=f"border-left:3px solid {solid(meaning)};padding:.1em 0 .1em .7em;margin:.5em 0")


def quiet(*content: Content) -> Markup:
    """Return contents in smaller, paler letters."""
    return tag("small", *content, style=f"opacity:{PALE}")
