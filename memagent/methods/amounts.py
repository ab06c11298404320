r"""Reading the one number that a short text states, and comparing two such texts by value.

    70,000   $70000   70000.00   70 000   70{,}000   7e4   7\times10^4   70 thousand   $70k      are one number
    2.5   5/2   2 1/2   2½   2\frac{1}{2}                                                        are another

What cannot be read surely is unclear and never a wrong value: the whole text has to be a number with what may stand
around one (a sign, currency, a scale, units in words, the name that it is equal to). Nothing is calculated, so that
`2^2`, `5!`, `\sqrt{16}`, `10-5` and `3/4 of 8` are unclear, and so are two numbers (`5 or 6`, `3 hours 3 minutes`),
negations, single letters that may be variables, and `1,5`, which is two numbers or one.

`50%` states 50, as answers to "what percentage" are written; it is neither right nor wrong beside 0.5, but unclear,
since the text alone does not say which is meant. The same goes for a scale in words and for cents: `12 dozen` states
144 and is unclear beside 12; `5 cents` states 5 and is unclear beside 0.05. `5¢` is unclear beside 5 too: an answer
without a sign may be in dollars.

A point before three figures may part thousands, as in much of Europe: `70.000` is unclear beside 70000. Beside 70 it is
right, since it says that in English, unless it is money, which nobody writes with three figures behind the point:
`€70.000` is unclear beside both. `1.234.567` and `1.234,5` can be read in one way only, and so can `0.500`, `1234.567`
and `1.234 \times 10^3`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from fractions import Fraction

from memagent.errors import quoted
from memagent.methods.amount_signs import Unclear, plain
from memagent.methods.amount_words import CENT_SIGN, CENTS, MONEY, PERCENT, check_not_denied, check_units, scaled

__all__ = ["Amount", "Unclear", "amount", "same", "value"]


@dataclass(frozen=True, slots=True)
class Amount:
    """The number that a text states.

    Attributes:
        number: as it stands there, with its scale.
        other: what it would be if its sign or word were read the other way; `None` where there is no other way.
        by: the sign or word: `percent`, `cent sign`, `cents` or `scale`.
        point: whether it has a point that may part thousands, so that it may be a thousand times as much.
        money: whether it is an amount of money, which has no three figures behind a point.
    """

    number: Fraction
    other: Fraction | None = None
    by: str = ""
    point: bool = False
    money: bool = False


_POINTED = re.compile(r"[1-9]\d{0,2}\.\d{3}")
_POWER = r"10\s*\^\s*(?P<{}>[-+]?\d{{1,2}})"
_DIGITS = r"(?:[1-9]\d{0,2}(?:,\d{3})+(?:\.\d*)?|\d+(?:\.\d*)?|\.\d+)"
_GROUPED = (
    r"(?:[1-9]\d{0,2}(?:[ ]\d{3})+(?:[.,]\d+)?|[1-9]\d{0,2}(?:['\u2019]\d{3})+(?:\.\d+)?"
    r"|[1-9]\d{0,2}(?:\.\d{3})+,\d{1,2}|[1-9]\d{0,2}(?:\.\d{3}){2,})"
)
_NUMBER = re.compile(
    rf"""(?: (?P<whole>\d+)[ ]+(?P<part>\d+)\s*/\s*(?P<of>\d+)
         | (?P<top>{_DIGITS})\s*/\s*(?P<bottom>{_DIGITS})
         | (?P<factor>{_DIGITS})\s*[×xX*]\s*{_POWER.format("power")}
         | {_POWER.format("alone")}
         | (?P<mantissa>{_DIGITS})[eE](?P<exponent>[-+]?\d{{1,2}})
         | (?P<grouped>{_GROUPED})
         | (?P<number>{_DIGITS})
         )(?![\d.,:^]|\s*\^|\s*/\s*\d)""",
    re.VERBOSE,
)
_CODES = "USD|EUR|GBP|JPY|CNY|RMB|INR|RUB|CHF|AUD|CAD|NZD|SGD|HKD|KRW|MXN|BRL"
_CURRENCY = rf"(?:(?:US|CA|AU|NZ|HK|[ACRS])?\$|[€£¥₹₽₩₪₫₴₺฿₦₱]|(?:{_CODES})(?![A-Za-z])|Rs\b\.?|Rs\.?(?=\d))"
_PAID = re.compile(rf"\s*{_CURRENCY}|{MONEY.pattern}\b", re.IGNORECASE)
_FRONT = re.compile(rf"(?P<before>[-+])?\s*(?P<money>{_CURRENCY})?\s*(?P<after>[-+])?\s*")
_LABEL = re.compile(
    r"(?:the\s+)?(?:final\s+)?(?:answer|total|result|sum)\s*(?::|\bis\b)\s*|答案?\s*[:是为]\s*|ответ\s*:\s*",
    re.IGNORECASE,
)
_RELATIONS = re.compile(r"[<>≤≥≠±∓]|!\s*=")
_SPLIT = re.compile(r"\s*(?::?==?|≈)\s*")
_CHANGE = re.compile(r"(?P<major>.*?\S)\s+(?:and\s+)?(?P<minor>\d{1,2})(?P<cents>\D+)", re.IGNORECASE)
_NAME = re.compile(r"[^\W\d_](?:_\{?\w+)?'*|[^\W\d_]{2,}(?:[\s\-][^\W\d_]+)*|[^\W\d_]+\([^(),;=]*\)")
_CENT_SIGN = "cent sign"
_CALCULATED = re.compile(r"[\d\s.,+\-*/×÷()^%$€£¥₹₽]*")


def amount(text: str) -> Amount:
    """Return the number that a short text states.

    Raises:
        Unclear: it states none, or more than one, or cannot be read surely; it says why.
    """
    flat = plain(text)
    check_not_denied(flat)
    if found := _RELATIONS.search(flat):
        raise Unclear(f"{quoted(found.group())} says no value")
    *sides, last = _SPLIT.split(flat)
    return _equal([side for side in sides if side.strip()], last) if sides else _stated(flat)


def value(text: str) -> Fraction | None:
    """Return the number that a short text states; `None` where it states none surely."""
    try:
        return amount(text).number
    except Unclear:
        return None


def same(found: Amount, wanted: Amount) -> bool | None:
    """Whether two amounts are one; `None` where they would be if one were read the other way."""
    if found.point == wanted.point:
        return _same(found, wanted)  # whoever writes both writes them alike
    plain, pointed = (wanted, found) if found.point else (found, wanted)
    said = _same(pointed, plain)
    if said is False:
        return False if _same(_thousandfold(pointed), plain) is False else None
    return None if pointed.money else said


def _same(found: Amount, wanted: Amount) -> bool | None:
    if found.number == wanted.number:
        return None if _CENT_SIGN in (found.by, wanted.by) and "" in (found.by, wanted.by) else True
    if found.by == wanted.by or not {found.number, found.other} & {wanted.number, wanted.other} - {None}:
        return False
    return None


def _thousandfold(pointed: Amount) -> Amount:
    """What an amount is if its point parts thousands."""
    other = None if pointed.other is None else pointed.other * 1000
    return Amount(pointed.number * 1000, other, pointed.by)


def _equal(sides: list[str], last: str) -> Amount:
    """Of an equation the last side, or the first where the last is the name of it; the others must not gainsay it."""
    stated = _or_none(last)
    if stated is None:
        if len(sides) != 1 or not _NAME.fullmatch(last.strip()):
            raise Unclear("no side of the equation is its value")
        return _stated(sides[0])
    for side in sides:
        known = _or_none(side)
        if known is not None and known.number != stated.number:
            raise Unclear("the sides of the equation are two numbers")
        if known is None and not _may_be_named(side.strip()):
            raise Unclear(f"{quoted(side.strip()[:40])} is more than the name of a number")
    return stated


def _may_be_named(side: str) -> bool:
    """Whether a side of an equation is a name, or a calculation of figures with words, and has no variable to solve."""
    if _NAME.fullmatch(side):
        return True
    words = re.findall(r"[^\W\d_]+", side)
    return all(len(word) > 2 for word in words) and bool(
        _CALCULATED.fullmatch(re.sub(r"[^\W\d_]+", " ", side)) and not re.search(r"[,;](?!\d{3})", side)
    )


def _or_none(text: str) -> Amount | None:
    try:
        return _stated(text)
    except Unclear:
        return None


def _stated(text: str) -> Amount:
    """The amount of a text without an equals sign."""
    text = _LABEL.sub("", text.strip(), count=1) if _LABEL.match(text.strip()) else text.strip()
    if re.fullmatch(r"\([-+]?[\d.]+\)", text):
        text = text[1:-1]
    if (change := _CHANGE.fullmatch(text)) and (found := _with_change(**change.groupdict())):
        return found
    front = _FRONT.match(text)
    assert front is not None  # it may be empty
    number = _NUMBER.match(text, front.end())
    if number is None:
        figures = text[front.end() :][:1].isdigit()
        raise Unclear("its figures are read in no way, or in more than one" if figures else "it begins with no number")
    if front["before"] and front["after"]:
        raise Unclear("it has two signs")
    read = _read(number.groupdict()) * (-1 if "-" in (front["before"], front["after"]) else 1)
    rest, money = text[number.end() :], bool(front["money"])
    stated = _with_units(read, rest, money)
    if not _POINTED.fullmatch(number["number"] or ""):
        return stated
    return replace(stated, point=True, money=not stated.by and (money or bool(_PAID.match(rest))))


def _with_units(number: Fraction, rest: str, money: bool) -> Amount:
    factor, spelt, rest = scaled(rest, not rest.startswith(" "), money)
    for pattern, name in ((PERCENT, "percent"), (CENT_SIGN, _CENT_SIGN), (CENTS, "cents")):
        if found := pattern.match(rest):
            check_units(rest[found.end() :])
            return Amount(number * factor, number * factor / 100, name)
    check_units(rest)
    return Amount(number * factor, number if spelt else None, "scale" if spelt else "")


def _with_change(major: str, minor: str, cents: str) -> Amount | None:
    """An amount of money in two parts, `5 dollars and 50 cents`; `None` where it is not one."""
    front, unit = _FRONT.match(major), CENTS.fullmatch(cents)
    number = _NUMBER.match(major, front.end()) if front else None
    if not front or not unit or not number or front["before"] or front["after"]:
        return None
    rest = major[number.end() :]
    if _POINTED.fullmatch(number["number"] or ""):
        raise Unclear("its point may part thousands")
    whole = _read(number.groupdict())
    if whole.denominator != 1 or not (MONEY.fullmatch(rest) or (front["money"] and not rest)):
        return None
    return Amount(whole + Fraction(int(minor), 100))


def _read(parts: dict[str, str | None]) -> Fraction:
    """The number of a match of `_NUMBER`."""
    if (whole := parts["whole"]) and (part := parts["part"]) and (of := parts["of"]):
        if int(part) >= int(of) or len(part) == 3:
            raise Unclear("it is a number and a fraction, or two numbers")
        return Fraction(int(whole)) + Fraction(int(part), int(of))
    if (top := parts["top"]) and (bottom := parts["bottom"]):
        if _POINTED.fullmatch(top) or _POINTED.fullmatch(bottom):
            raise Unclear("its point may part thousands")
        if not _plain(bottom):
            raise Unclear("it divides by zero")
        return _plain(top) / _plain(bottom)
    if power := parts["power"] or parts["alone"] or parts["exponent"]:
        return _plain(parts["factor"] or parts["mantissa"] or "1") * Fraction(10) ** int(power)
    if grouped := parts["grouped"]:
        decimal = re.search(r"[.,](\d+)$", grouped) if not re.fullmatch(r"[\d.]+", grouped) else None
        whole_digits = grouped[: decimal.start()] if decimal else grouped
        return Fraction(f"{re.sub(r'[^0-9]', '', whole_digits)}.{decimal[1] if decimal else '0'}")
    return _plain(parts["number"] or "")


def _plain(digits: str) -> Fraction:
    return Fraction(digits.replace(",", "").rstrip(".") or "0")
