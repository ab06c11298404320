"""Text for a terminal: wrapped at 80 columns, in aligned columns, and without signs that a terminal would obey.

Wide characters count for two columns, and scripts without blanks are wrapped sign by sign.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

from memagent.differences import in_runs, shown_changes

WIDTH = 80
_SLACK = 30
_OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
_PIECES = re.compile(r"\n|[^\S\n]+|[^\s\u2e80-\u9fff\uac00-\ud7af\uff00-\uffef]+|.")


def clean(text: object) -> str:
    """Return a text with `�` in place of what a terminal obeys or turns round; line breaks stay."""
    return _OBEYED.sub("�", str(text).replace("\t", " "))


def line(text: object, most: int = WIDTH) -> str:
    """Return a text on one line of at most `most` columns."""
    flat = " ".join(clean(text).split())
    return flat if columns(flat) <= most else f"{_head(flat, most - 1).rstrip()}…"


def cut(text: str, most: int) -> str:
    """Return a text, or its first `most` characters and how many more there are; a few more are not cut off."""
    return text if len(text) <= most + _SLACK else f"{text[:most].rstrip()} … ({len(text) - most:,} characters more)"


def cut_within(text: str, most: int) -> str:
    """Return a text, or as much of its beginning as of its end, `most` characters in all, and what is left out."""
    if len(text) <= most + _SLACK:
        return text
    begin, end = text[: most - most // 2].rstrip(), text[len(text) - most // 2 :].lstrip()
    return f"{begin} … ({len(text) - most:,} characters more) … {end}"


def columns(text: str) -> int:
    """Return how many columns a text without line breaks takes."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def wrapped(text: object, indent: str = "", first: str | None = None, most: int = 1200) -> str:
    """Return a text, cut at `most` characters, in lines of 80 columns behind an indent; `first` is that of line one."""
    lines, held = [], indent if first is None else first
    start = True
    for piece in _PIECES.findall(clean(cut(str(text).strip(), most))):
        if piece == "\n" or (not start and columns(held + piece.rstrip()) > WIDTH):
            lines.append(held.rstrip())
            held, start = indent, True
        if start and piece.isspace():
            continue
        while columns(held + piece) > WIDTH and columns(piece) > WIDTH - columns(indent):
            head = _head(piece, WIDTH - columns(held))
            lines.append(held + head)
            held, piece = indent, piece[len(head) :]
        held, start = held + piece, False
    return "\n".join([*lines, held.rstrip()])


def bar(share: float, width: int = 10) -> str:
    """Return a share in [0, 1] as a bar of `width` columns."""
    full = round(width * min(1.0, max(0.0, share)))
    return "█" * full + "·" * (width - full)


def rows(head: Sequence[object], body: Iterable[Sequence[object]], widths: Sequence[int]) -> str:
    """Return a table of one line a row; each cell is cut at the width of its column, 0 for what is left of 80."""
    left = WIDTH - sum(widths) - 2 * (len(widths) - 1)
    sized = [width or left for width in widths]
    return "\n".join(
        "  ".join(_padded(line(cell, size), size) for cell, size in zip(row, sized, strict=True)).rstrip()
        for row in (head, *body)
    )


def diff(before: str, after: str, around: int = 6) -> str:
    """Return what changed between two texts, `[-gone-]{+come+}`, with so many words around each change."""
    told: list[str] = []
    for same, gone, come in changes(before, after, around):
        told.append(same)
        told += [f"[-{gone}-]"] * bool(gone) + [f"{{+{come}+}}"] * bool(come)
    return "".join(told).strip()


def changes(before: str, after: str, around: int, *, by_word: bool = False) -> Iterable[tuple[str, str, str]]:
    """Yield what `shown_changes` does, with `…` for what stays but is further than `around` words from a change.

    Changes that stand close together are one (see `in_runs`), unless they are wanted word by word.
    """
    each = shown_changes(before.strip(), after.strip())
    found = list(each if by_word else in_runs(each))
    for at, (same, gone, come) in enumerate(found):
        words = re.findall(r"\s*\S+\s*", same)
        lead, tail = (0 if at == 0 else around), (0 if at == len(found) - 1 else around)
        if len(found) > 1 and len(words) > lead + tail + 2:
            head, behind = "".join(words[:lead]).rstrip(), "".join(words[len(words) - tail :]).lstrip()
            same = f"{head} … {behind}".removeprefix(" " if not head else "")
            same = same if behind else same.rstrip()
        yield same, gone, come


def number(count: int, one: str, many: str = "") -> str:
    """Return a count with its noun: `1 call`, `2,140 tokens`."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def seconds(value: float) -> str:
    """Return seconds as people say them: `0.4 ms`, `35 ms`, `1.25 s`, `2 min 5 s`."""
    if value < 0.0995:
        return f"{value * 1000:.1f} ms" if value < 0.00995 else f"{value * 1000:.0f} ms"
    return f"{value:.2f} s" if value < 60 else f"{int(value // 60)} min {value % 60:.0f} s"


def _head(text: str, width: int) -> str:
    taken = at = 0
    for at, sign in enumerate(text):
        taken += columns(sign)
        if taken > width:
            return text[: max(1, at)]
    return text[: at + 1]


def _padded(text: str, width: int) -> str:
    return text + " " * (width - columns(text))
