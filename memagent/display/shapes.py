"""Small pictures of numbers in HTML and SVG, in tints and the colour of the page: bars, strips, and a word diff."""

from __future__ import annotations

from collections.abc import Iterable

from memagent.display import lines
from memagent.display.markup import PALE, TINTS, Content, Markup, chip, joined, solid, tag, tinted

TEXT = "white-space:pre-wrap"
_GROUND = TINTS["grey"].format(0.7)


def bar(share: float, meaning: str = "told", width: float = 5.0, *, ground: bool = True) -> Markup:
    """Return a share in [0, 1] as a bar, on a thin ground `width` letters wide that shows how long a full one is.

    Without the `ground` for a bar that another one goes on with.
    """
    full = f"{max(0.1, width * min(1.0, max(0.0, share))):.1f}em"
    if not ground:
        place = f"display:inline-block;vertical-align:middle;height:.6em;width:{full}"
        return tag("span", style=f"{place};background:{solid(meaning)}")
    place = f"display:inline-block;vertical-align:middle;height:.6em;width:{width:.1f}em"
    line = f"linear-gradient({_GROUND},{_GROUND}) left center/100% 1px no-repeat"
    drawn = f"linear-gradient({solid(meaning)},{solid(meaning)}) left/{full} 100% no-repeat"
    return tag("span", style=f"{place};background:{drawn},{line}")


def unbroken(content: Content) -> Markup:
    """Return a short content that is not broken over lines, such as a number in a table."""
    return tag("span", content, style="white-space:nowrap")


def strip(items: Iterable[tuple[str, Content]]) -> Markup:
    """Return names and values on one line."""
    told = [joined([tag("small", f"{name} ", style=f"opacity:{PALE}"), tag("b", value)]) for name, value in items]
    return tag("div", joined(told, " · "), style="margin:.3em 0")


def words(items: Iterable[tuple[str, object]]) -> str:
    """Return names and values on one line of text."""
    return lines.wrapped(" · ".join(f"{name} {value}" for name, value in items))


def chips(meaning: str, *contents: Content) -> Markup:
    """Return short words on tints, one behind the other."""
    return joined((chip(one, meaning) for one in contents), " ")


def prose(text: str, most: int = 4000) -> Markup:
    """Return a text with its line breaks, cut at `most` characters."""
    return tag("div", lines.cut(text.strip(), most), style=TEXT)


def changed(before: str, after: str, around: int = 8, *, by_word: bool = False) -> Markup:
    """Return what changed between two texts, with so many words around each change; see `lines.changes`."""
    pieces: list[Content] = []
    for same, gone, come in lines.changes(lines.cut(before, 8000), lines.cut(after, 8000), around, by_word=by_word):
        pieces.append(same)
        pieces += [tinted(gone, "low", 0.25, name="del")] * bool(gone)
        pieces += [tinted(come, "good", 0.25, name="ins")] * bool(come)
    return tag("div", *pieces, style=TEXT)


def told(meaning: str, sentences: Iterable[str], most: int = 12) -> Markup:
    """Return sentences to be heeded, such as problems, each on a tint of its own; `most` of them."""
    found = list(sentences)
    more = [f"and {len(found) - most} more"] * (len(found) > most)
    return joined(tag("div", tinted(lines.cut(one, 600), meaning, 0.2)) for one in [*found[:most], *more])


def svg(width: float, height: float, *content: Content, title: str) -> Markup:
    """Return a picture of that many pixels; `title` says it in words, for who does not see it."""
    return tag(
        "svg",
        tag("title", title),
        *content,
        width=width,
        height=height,
        viewBox=f"0 0 {width:g} {height:g}",
        role="img",
        style="max-width:100%;height:auto;overflow:visible;color:inherit",
    )
