r"""The number that a short text states, however it is written; nothing where that is not sure.

Read are commas, thin and plain blanks between thousands, currencies, units, `k`, thousands to trillions and dozens,
fractions and mixed numbers, powers of ten, and all of these as LaTeX has them: `70{,}000`, `2\frac12`, `7\times10^4`,
`25\text{ cm}^2`. Of an equation the side that is a number counts. Powers, roots, factorials, inequalities, sums and
texts with two numbers or with two units (3 hours 3 minutes) state none: what is not read surely must not pass for
another value.
"""

from __future__ import annotations

import re
import unicodedata
from fractions import Fraction

_WRAPPED = re.compile(r"\\(?:text|mathrm|mathbf|textbf|mbox|mathit|operatorname)\s*\{([^{}]*)\}")
_FRACTION = re.compile(r"\\[dtc]?frac\s*(?:\{([^{}]+)\}|(\d))\s*(?:\{([^{}]+)\}|(\d))")
_POWER_OF_TEN = re.compile(r"\s*(?:\\times|\\cdot|×|\*|·)\s*10\s*\^\s*(?:\{\s*([-−+]?\d+)\s*\}|([-−+]?\d+))")
_UNIT_POWER = re.compile(r"(?<=[A-Za-z])\s*(?:\^\s*\{?\s*\d\s*\}?|[²³])")
_COMMAND = re.compile(
    r"\\(?:,|;|:|!|quad|qquad|left|right|displaystyle|circ|\s)|[~*_`$€£¥₹₽°]|\\(?=[%$#&{}])|\^(?=\\circ)"
)
_MONEY = re.compile(r"(?i)\b(?:us\s?d|usd|eur|gbp|inr|cad|aud|chf|jpy|rs|dollars?)\b\.?\s*(?=\d)")
_NO_NUMBER = re.compile(
    r"(?i)\\(?:neq?|sqrt|leq?|geq?|lt|gt|pm|mp|sum|log|infty)\b|"
    r"[≠≤≥<>±√!^²³⁴⁵⁶⁷⁸⁹⁰¹]|\b(?:not|isn't|except)\b"
)
_BEFORE = re.compile(r"[A-Za-z)]\s*[-/]\s*$")  # x-5
_GROUPED = re.compile(r"(?<![\d.,])\d{1,3}(?:[ \u00a0\u2009\u202f]\d{3})+(?![\d])")
_NUMBER = re.compile(
    r"(?P<sign>(?<![\w)])[-+]\s*)?(?:(?P<whole>\d{1,3}(?:,\d{3})+(?![\d,])|\d+)(?P<part>\.\d+)?|(?P<small>\.\d+))"
    r"(?:[eE](?P<power>[-+]?\d{1,3})(?!\w))?(?P<mixed>\s+\d+\s*/\s*\d+)?(?:\s*/\s*(?P<below>\d+(?:\.\d+)?))?"
)
_SCALES = {
    "k": 10**3,
    "thousand": 10**3,
    "million": 10**6,
    "billion": 10**9,
    "trillion": 10**12,
    "dozen": 12,
    "dozens": 12,
}
_AFTER = re.compile(r"\s*([A-Za-z]+)")
_REST = re.compile(r"[^\W\d_]|[\s.,;:()\[\]{}%'’\"#&/-]")
_LONGEST = 400  # characters; a longer text is no answer in a box


def value(text: str) -> Fraction | None:
    """Return the number that a short text states, or `None`. A per cent sign is a unit: `50%` is 50."""
    plain = _plain(text)
    if plain is None:
        return None
    sides = [side for side in re.split(r"=|≈|\\approx", plain) if re.search(r"\d", side)]
    stated = [_stated(side) for side in sides]
    agree = len({one for one in stated if one is not None}) == 1
    return stated[-1] if agree else None


def _plain(text: str) -> str | None:
    """A text without what only dresses a number; `None` where it calculates, compares or denies."""
    if len(text) > _LONGEST:
        return None
    plain = re.sub(r"(?<=\d)(?=[¼-¾⅐-⅞])", " ", _WRAPPED.sub(r" \1 ", text))
    plain = _UNIT_POWER.sub("", plain)
    if re.search(r"[⁰¹²³⁴⁵⁶⁷⁸⁹]", plain):
        return None
    plain = unicodedata.normalize("NFKC", plain).replace("⁄", "/").replace("−", "-").replace("–", "-")
    plain = plain.replace("{,}", ",").replace("\\,", "\u2009").replace("\\!", "")
    plain = _FRACTION.sub(lambda found: f" {found[1] or found[2]}/{found[3] or found[4]} ", plain)
    plain = _POWER_OF_TEN.sub(lambda found: f"e{(found[1] or found[2]).replace('−', '-')}", plain)
    money = re.search(r"[$€£¥₹]", plain) is not None
    plain = _UNIT_POWER.sub("", plain.replace("^\\circ", " "))
    plain = re.sub(r"(?<=\d)\s*M\b", " million", plain) if money else plain
    plain = _MONEY.sub("", _COMMAND.sub(lambda found: "" if found[0] in "$€£¥₹₽" else " ", plain))
    return None if _NO_NUMBER.search(plain) else _GROUPED.sub(lambda found: re.sub(r"\D", "", found[0]), plain)


def _stated(plain: str) -> Fraction | None:
    found: set[tuple[Fraction, str]] = set()
    rest, at = "", 0
    for match in _NUMBER.finditer(plain):
        number = _read(match)
        if number is None:
            return None
        word = _AFTER.match(plain, match.end())
        unit = word[1].lower() if word else ""
        found.add((number * _SCALES.get(unit, 1), "" if unit in ("so", "and", "or") else unit))
        rest, at = rest + plain[at : match.start()], match.end()
    rest += plain[at:]
    if _REST.sub("", rest) or re.search(
        r"[A-Za-z)]\s*[-/]\s*$", plain[: plain.find(next(iter(re.findall(r"\d", plain)), ""))]
    ):
        return None
    numbers, units = {number for number, _ in found}, {unit for _, unit in found if unit}
    return numbers.pop() if len(numbers) == 1 and len(units) <= 1 else None


def _read(match: re.Match[str]) -> Fraction | None:
    number = Fraction((match["whole"] or "0").replace(",", "") + (match["part"] or match["small"] or ""))
    if match["power"]:
        number *= Fraction(10) ** int(match["power"])
    try:
        if match["mixed"]:
            number += Fraction(re.sub(r"\s", "", match["mixed"]))
        if match["below"]:
            number /= Fraction(match["below"])
    except ZeroDivisionError:
        return None
    return -number if (match["sign"] or "").strip() == "-" else number
