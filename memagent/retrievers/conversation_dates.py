"""Days that a text speaks of: dates, and «last week» reckoned from the day on which it was said.

A stretch of time is a pair of day numbers (`date.toordinal`), the second one past the end. Covered:

- English: dates with the month's name in either order, a month, a season or a year; today to the day before
  yesterday; so many days, weeks, months or years ago or from now; last, this and next with a weekday, a week, weekend,
  month, season, year or the name of a month.
- Chinese: dates with 年, 月, 日; 今天 to 前天, 昨晚; 上周, 下个月, 去年 and the like; so many 天, 周, 月, 年 前 or 后.
- Russian: dates with the month's name; сегодня to позавчера; прошлый, этот, следующий with a week, month, year or
  season; so many days, weeks, months or years назад or через.
- Any language: 2023-05-08, 2023/5/8 and 8.5.2023.

What is meant loosely is taken loosely: «last week» is the seven days of the week before, «a few days ago» from two to
five. A season is that of the northern half of the earth.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date
from typing import NamedTuple

from memagent.retrievers.conversation_calendar import (
    Span,
    day_span,
    month_by_way,
    month_of,
    nearest_year,
    season,
    season_by_way,
    weekday,
    year_span,
)

Reader = Callable[[re.Match[str], date | None], Span | None]


class Mention(NamedTuple):
    """Days that a text speaks of.

    Attributes:
        span: the first day, and the one after the last.
        explicit: the text names them, as in «May 2023»; not «last week».
        text: how the text puts it.
    """

    span: Span
    explicit: bool
    text: str


_MONTHS = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec".split("|")
_LONG = (
    "january|february|march|april|may|june|july|august|september|october|november|december|"
    "jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec"
)
_RU_MONTHS = "янв|фев|мар|апр|ма|июн|июл|авг|сен|окт|ноя|дек".split("|")
_RU_LONG = (
    "январ[яьею]|феврал[яьею]|март[ае]?|апрел[яьею]|ма[йяе]|июн[яьею]|июл[яьею]|август[ае]?|"
    "сентябр[яьею]|октябр[яьею]|ноябр[яьею]|декабр[яьею]"
)
_DAYS = "monday|tuesday|wednesday|thursday|friday|saturday|sunday"
_SHORT_DAYS = "mon|tue|wed|thu|fri|sat|sun"
_SEASONS = {"spring": 3, "summer": 6, "autumn": 9, "fall": 9, "winter": 12, "весн": 3, "лет": 6, "осен": 9, "зим": 12}
_SEASONS |= {"春": 3, "夏": 6, "秋": 9, "冬": 12}
_NUMBERS = {
    word: value
    for value, words in enumerate(
        "- a|an|one|один|одну|一 two|два|две|两|二 three|три|三 four|четыре|四 five|пять|五 "
        "six|шесть|六 seven|семь|七 eight|восемь|八 nine|девять|九 ten|десять|十".split(" ")
    )
    for word in words.split("|")
}
_NUMBER = r"\d{1,3}|an?|one|two|three|four|five|six|seven|eight|nine|ten|(?:a )?couple(?: of)?|(?:a )?few|several|some"
_ZH_NUMBER = r"\d{1,3}|[一二两三四五六七八九十几]"
_RU_NUMBER = r"\d{1,3}|один|одну|два|две|три|четыре|пять|шесть|семь|восемь|девять|десять|несколько|пару"
_UNIT = "day|week|weekend|month|year"
_LENGTH = {"d": 1, "w": 7, "m": 30, "y": 365}
_UNITS = {
    **dict.fromkeys(("day", "天", "日", "дн", "ден"), "d"),
    **dict.fromkeys(("week", "weekend", "周", "星期", "礼拜", "нед"), "w"),
    **dict.fromkeys(("month", "月", "мес"), "m"),
    **dict.fromkeys(("year", "年", "год", "лет"), "y"),
}
_FEW = frozenset({"few", "a few", "several", "some", "几", "несколько"})


def mentions(text: str, said: date | None) -> list[Mention]:
    """Return the days that `text` speaks of, in order; without the day it was `said` only those that it names."""
    lower = text.lower()
    rules = _RULES if _HINT.search(lower) else _OF_DIGITS if _DIGITS.search(lower) else ()
    found: list[tuple[int, int, Mention]] = []
    taken = bytearray(len(lower))
    for explicit, pattern, read in rules:
        for match in pattern.finditer(lower):
            start, end = match.span()
            if any(taken[start:end]):
                continue
            span = _read(read, match, said)
            if span is not None:
                found.append((start, end, Mention(span, explicit, text[start:end])))
                taken[start:end] = b"\1" * (end - start)
    return [one for _, _, one in sorted(found, key=lambda one: one[:2])]


def _read(
    read: Callable[[re.Match[str], date | None], Span | None], match: re.Match[str], said: date | None
) -> Span | None:
    """Days of a match; none where there is no such day, such as the 31st of June."""
    try:
        return read(match, said)
    except (ValueError, OverflowError):
        return None


def _full(match: re.Match[str], said: date | None) -> Span | None:
    """A day of a month, with or without its year; a month; a year."""
    parts = match.groupdict()
    month = _month(parts["month"]) if parts.get("month") else None
    year = int(parts["year"]) if parts.get("year") else None
    if month is None:
        return None if year is None else year_span(year)
    if parts.get("day"):
        day = int(parts["day"])
        if year is None:
            year = nearest_year(month, day, said)
        return None if year is None else day_span(date(year, month, day))
    if year is None:
        year = nearest_year(month, 15, said)
    return None if year is None else month_of(year, month)


def _season_of_year(match: re.Match[str], said: date | None) -> Span | None:
    month = _SEASONS[match["season"]]
    year = int(match["year"]) if match["year"] else None
    if year is None and said is not None:
        year = said.year if (said.month, said.day) >= (month, 1) else said.year - 1
    return None if year is None else season(year, month)


def _near_day(match: re.Match[str], said: date | None) -> Span | None:
    if said is None:
        return None
    start = said.toordinal() + _OFFSETS[match[0]]
    return start, start + 1


def _ago(match: re.Match[str], said: date | None) -> Span | None:
    return None if said is None else _shifted(said, match["number"], match["unit"], -1)


def _ahead(match: re.Match[str], said: date | None) -> Span | None:
    return None if said is None else _shifted(said, match["number"], match["unit"], 1)


def _shifted(said: date, number: str, unit: str, way: int) -> Span:
    """About so many units away: to the day for days, within half a unit for longer ones."""
    length = _LENGTH[_unit(unit)]
    number = number.replace("a couple of", "two").replace("couple of", "two").replace("a couple", "two")
    if number in _FEW or number == "пару":
        low, high = (2, 5) if number in _FEW else (2, 2)
    else:
        low = high = int(number) if number.isdigit() else _NUMBERS.get(number, 1)
    near, far = low * length, high * length
    slack = length // 3 if length > 1 else 0
    day = said.toordinal()
    return (day - far - slack, day - near + slack + 1) if way < 0 else (day + near - slack, day + far + slack + 1)


def _which(match: re.Match[str], said: date | None) -> Span | None:
    """The last, this or the next week, month, year, weekday, season or named month."""
    if said is None:
        return None
    way, what = _WAYS[match["way"].removesuffix("个").removesuffix("個")], match["what"]
    if what[:3] in _WEEKDAYS and what not in ("summer", "month"):
        return weekday(said, _WEEKDAYS[what[:3]], way)
    for name, month in _SEASONS.items():
        if what.startswith(name) and not what.startswith("летн"):
            return season_by_way(said, month, way)
    if what in _EN_MONTHS:
        return month_by_way(said, _month(what), way)
    if what == "weekend":
        saturday = said.toordinal() - said.weekday() + 5 + 7 * (way if way >= 0 or said.weekday() < 5 else -1)
        return saturday - 1, saturday + 2
    unit = _unit(what)
    if unit == "w":
        monday = said.toordinal() - said.weekday() + 7 * way
        return monday, monday + 7
    if unit == "m":
        months = said.year * 12 + said.month - 1 + way
        return month_of(months // 12, months % 12 + 1)
    return year_span(said.year + way) if unit == "y" else None


def _past_weekday(match: re.Match[str], said: date | None) -> Span | None:
    """«On Friday», nothing else said: the one just past or the one to come, so a week on either side."""
    if said is None:
        return None
    number = _WEEKDAYS[match["what"][:3]]
    return weekday(said, number, -1)[0], weekday(said, number, 1)[1]


def _iso(match: re.Match[str], _said: date | None) -> Span | None:
    return day_span(date(int(match["year"]), int(match["month"]), int(match["day"])))


def _month(name: str) -> int:
    if name.isdigit():
        return int(name)
    for number, start in enumerate(_RU_MONTHS, 1):
        if name.startswith(start) and not name.isascii() and (start != "ма" or name[:3] in ("май", "мая", "мае")):
            return number
    return _MONTHS.index(name[:3]) + 1


def _unit(name: str) -> str:
    return next(unit for start, unit in _UNITS.items() if name.startswith(start))


_OFFSETS = {
    **dict.fromkeys(
        ("today", "tonight", "this morning", "this afternoon", "this evening", "今天", "今晚", "сегодня"), 0
    ),
    **dict.fromkeys(("yesterday", "last night", "昨天", "昨晚", "вчера"), -1),
    **dict.fromkeys(("the day before yesterday", "前天", "позавчера"), -2),
    **dict.fromkeys(("tomorrow", "明天", "завтра"), 1),
    **dict.fromkeys(("the day after tomorrow", "后天", "послезавтра"), 2),
}
_WAYS = {
    **dict.fromkeys(
        ("last", "the past", "past", "上", "去", "прошлой", "прошлом", "прошлым", "прошлую", "прошлый"), -1
    ),
    **dict.fromkeys(("this", "这", "本"), 0),
    **dict.fromkeys(("next", "the coming", "下"), 1),
}
_WEEKDAYS = {name: number for number, name in enumerate(_SHORT_DAYS.split("|"))}
_EN_MONTHS = frozenset(_LONG.split("|"))
_YEAR = r"(?P<year>(?:19|20)\d\d)"
_ORDER = r"(?P<day>[0-3]?\d)(?:st|nd|rd|th)?"
_SAYS = "|".join(sorted(_OFFSETS, key=len, reverse=True))
_RU_WHAT = "недел[еюия]|месяц[еау]?|год[уа]?|лет(?:ом|о)|весн(?:ой|у)|осень?ю?|зим(?:ой|у)"

_Rule = tuple[bool, re.Pattern[str], Reader]


def _rules() -> Iterator[_Rule]:
    """What is looked for, the longest forms first: each a pattern of small letters and how to read it."""
    month, ru = f"(?P<month>{_LONG})", f"(?P<month>{_RU_LONG})"
    yield True, re.compile(rf"\b{_YEAR}[-/](?P<month>[01]?\d)[-/](?P<day>[0-3]?\d)(?!\d)"), _iso
    yield True, re.compile(rf"(?<!\d)(?P<day>[0-3]?\d)\.(?P<month>[01]?\d)\.{_YEAR}(?!\d)"), _iso
    yield True, re.compile(rf"\b{_ORDER} (?:of )?{month}\b\.?(?:,? {_YEAR})?"), _full
    yield True, re.compile(rf"\b{month}\.? {_ORDER}\b(?!\d)(?:,? {_YEAR})?"), _full
    yield True, re.compile(rf"\b{month}\.?(?: of|,)? {_YEAR}\b"), _full
    yield True, re.compile(rf"\b(?P<day>[0-3]?\d) {ru}(?: {_YEAR})?"), _full
    yield True, re.compile(rf"\b{ru} {_YEAR}"), _full
    yield True, re.compile(rf"{_YEAR}年(?:(?P<month>[01]?\d)月)?(?:(?P<day>[0-3]?\d)[日号])?"), _full
    yield True, re.compile(r"(?<!\d)(?P<month>[01]?\d)月(?P<day>[0-3]?\d)[日号]"), _full
    yield True, re.compile(rf"\b(?P<season>spring|summer|autumn|fall|winter)(?: of|,)? {_YEAR}\b"), _season_of_year
    yield False, re.compile(rf"(?:\b(?:{_SAYS})\b|(?:今天|今晚|昨天|昨晚|前天|明天|后天))"), _near_day
    yield False, re.compile(rf"\b(?P<number>{_NUMBER}) (?P<unit>{_UNIT})s? (?:ago|back|earlier)\b"), _ago
    yield False, re.compile(rf"\b(?:in|within) (?P<number>{_NUMBER}) (?P<unit>{_UNIT})s?(?:' time)?\b"), _ahead
    yield False, re.compile(rf"(?P<number>{_ZH_NUMBER})个?(?P<unit>天|日|周|星期|礼拜|月|年)(?:以|之)?前"), _ago
    yield False, re.compile(rf"(?P<number>{_ZH_NUMBER})个?(?P<unit>天|日|周|星期|礼拜|月|年)(?:以|之)?[后後]"), _ahead
    yield False, re.compile(rf"\b(?P<number>{_RU_NUMBER}) (?P<unit>дн|ден|нед|мес|год|лет)\w* назад"), _ago
    yield False, re.compile(rf"\bчерез (?P<number>{_RU_NUMBER}) (?P<unit>дн|ден|нед|мес|год|лет)\w*"), _ahead
    what = f"(?P<what>{_DAYS}|{_SHORT_DAYS}|weekend|week|month|year|spring|summer|autumn|fall|winter|{_LONG})"
    yield False, re.compile(rf"\b(?P<way>last|this|next|the past|past|the coming) {what}\b"), _which
    yield False, re.compile(r"(?P<way>上个?|下个?|这个?|本)(?P<what>周|星期|礼拜|月)|(?P<past>去|明|今)年"), _chinese
    yield False, re.compile(rf"(?P<way>прошл\w+|эт(?:ой|ом|им|у)|следующ\w+) (?P<what>{_RU_WHAT})"), _russian
    yield True, re.compile(rf"\b(?:in|since|until|during|by|of|for|early|late|mid) {month}\b"), _full
    yield True, re.compile(rf"\bв {ru}"), _full
    yield True, re.compile(rf"\b(?:in|since|until|during|by|of|from|в) {_YEAR}\b"), _full
    yield False, re.compile(rf"\b(?:on|since|until|by) (?P<what>{_DAYS})\b"), _past_weekday


def _chinese(match: re.Match[str], said: date | None) -> Span | None:
    if match["past"]:
        return None if said is None else year_span(said.year + {"去": -1, "今": 0, "明": 1}[match["past"]])
    return _which(match, said)


def _russian(match: re.Match[str], said: date | None) -> Span | None:
    if said is None:
        return None
    way = -1 if match["way"].startswith("прошл") else 1 if match["way"].startswith("следующ") else 0
    what = match["what"]
    for name in ("весн", "лет", "осен", "зим"):
        if what.startswith(name):
            return season_by_way(said, _SEASONS[name], way)
    day, unit = said.toordinal(), _unit(what)
    if unit == "w":
        return day - said.weekday() + 7 * way, day - said.weekday() + 7 * way + 7
    if unit == "m":
        months = said.year * 12 + said.month - 1 + way
        return month_of(months // 12, months % 12 + 1)
    return year_span(said.year + way)


_RULES = tuple(_rules())
_OF_DIGITS = tuple(rule for rule in _RULES if rule[1].search("2023-05-08 8.5.2023 by 2023"))
"""Those that need no word of `_HINT`."""
_DIGITS = re.compile(r"\d{4}")
_HINT = re.compile(
    rf"\b(?:{_LONG}|{_DAYS}|today|tonight|yesterday|tomorrow|ago|last|this|next|past|coming|back|earlier|within|"
    r"spring|summer|autumn|fall|winter|in)\b|[天日周月年晚]|星期|礼拜|назад|через|прошл|эт[оиу]|следующ|вчера|завтра|сегодня|"
    rf"\bв \w|\b(?:{'|'.join(_RU_MONTHS)})"
)
