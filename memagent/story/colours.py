"""Colours in words, and whether two of them can be the same."""

from __future__ import annotations

import re

_BASIC: dict[str, str] = {
    "black": "black", "white": "white", "grey": "grey", "gray": "grey", "brown": "brown", "blue": "blue",
    "green": "green", "red": "red", "yellow": "yellow", "orange": "orange", "purple": "purple", "pink": "pink",
    "blond": "yellow", "blonde": "yellow", "fair": "yellow", "golden": "yellow", "gold": "yellow",
    "auburn": "red brown", "ginger": "red", "copper": "red", "chestnut": "brown red", "hazel": "brown green",
    "amber": "brown yellow",
    "silver": "grey white", "crimson": "red", "scarlet": "red", "navy": "blue", "violet": "purple blue",
    "raven": "black", "cream": "white yellow", "turquoise": "blue green", "teal": "blue green",
}  # fmt: skip
_SHADE = (
    r"(?:(?:very|quite|deep|dark|light|pale|bright|dull|faded|clear|pure|warm|cold|soft|sea|sky|jet|snow|coal)[\s-]+)"
)
_ONE = rf"(?:{'|'.join(sorted(_BASIC, key=len, reverse=True))})"
COLOUR = rf"{_SHADE}{{0,2}}{_ONE}(?:(?:-|\s+and\s+){_ONE})?"
"""A colour as a pattern: `green`, `dark brown`, `grey-green`."""
_DARK = {"dark": "black brown"}
"""Of hair: any of these."""
_BASIC_ONES = re.compile(rf"\b(?:{_ONE}|dark$)\b", re.IGNORECASE)


def differ(one: str, other: str) -> bool:
    """Say whether two colours cannot be the same: `grey` may be `grey-green` and never `brown`."""
    return not _basics(one) & _basics(other)


def _basics(colour: str) -> set[str]:
    return {basic for found in _BASIC_ONES.findall(colour) for basic in (_BASIC | _DARK)[found.lower()].split()}
