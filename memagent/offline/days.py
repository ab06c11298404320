"""Days as people put them, and the day of `tomorrow`, reckoned from the day on which it was said.

English; of other languages only whether a text has a number or one of a few words for days. What may mean two days,
`next Friday` on a Thursday, is not reckoned.
"""

from __future__ import annotations

import re
from datetime import date, timedelta

MONTHS = "january february march april may june july august september october november december"
_UNIT = r"(?:seconds?|minutes?|hours?|days?|weeks?|months?|years?)"
_ONE_DATE = (
    (
        r"(?:\d{4}-\d\d-\d\d|(?:the )?\d{1,2}(?:st|nd|rd|th)? (?:of )?(?:M)(?:,? \d{4})?"
        r"|(?:M)(?: \d{1,2}(?!\d)(?:st|nd|rd|th)?)?"
        r"(?:,? \d{4})?|(?:1\d|20)\d\ds?|(?:next |last |this )?(?:D)(?: (?:morning|afternoon|evening|night))?"
        r"|\d{1,2}(?::\d\d)? ?(?:am|pm|o['’]clock)|\d{1,2}:\d\d|(?:the day )?(?:before |after )?(?:yesterday"
        r"|tomorrow)|today|tonight"
        rf"|(?:last|next|this) (?:week|month|year|spring|summer|autumn|fall|winter|weekend|morning|evening|night)"
        rf"|in (?:spring|summer|autumn|winter)|at (?:noon|midnight|dawn|dusk)|\w+ {_UNIT} ago"
        rf"|in \w+ {_UNIT}(?! of)|every \w+)"
    )
    .replace("(?:M)", f"(?:{MONTHS.replace(' ', '|')})")
    .replace("(?:D)", "(?:monday|tuesday|wednesday|thursday|friday|saturday|sunday)s?")
)
DATE = re.compile(rf"\b{_ONE_DATE}(?:,? (?:on |at |in |of )?{_ONE_DATE})*(?!\w)", re.IGNORECASE)
ELSE_DATE = re.compile(
    r"(?i)\d|\b(?:gestern|heute|morgen|hier|demain|aujourd|ayer|hoy|mañana|вчера|завтра|сегодня|(?:прошл"
    r"|следующ)\w+)|[昨今明]天|[上下去明今][周个年]"
)
_NEAR = {
    "today": 0,
    "tonight": 0,
    "this morning": 0,
    "this evening": 0,
    "yesterday": -1,
    "last night": -1,
    "tomorrow": 1,
}
_DAYS = "monday tuesday wednesday thursday friday saturday sunday".split()
_NUMBERS = "one two three four five six seven eight nine ten".split()


def resolved(words: str, said: str) -> str:
    """Return as YYYY-MM-DD the day that words mean which were said on the day `said`, or nothing.

    `next Tuesday` is resolved where it is more than two days off: `next Friday`, said on a Thursday, may mean either.
    """
    try:
        day = date.fromisoformat(said)
    except ValueError:
        return ""
    words = words.lower()
    if words in _NEAR:
        return (day + timedelta(_NEAR[words])).isoformat()
    if found := re.fullmatch(r"(?:(?P<way>next|last) )(?P<name>\w+)", words):
        return _weekday(day, found["way"], found["name"])
    if found := re.fullmatch(r"in (?P<ahead>\w+) days?|(?P<back>\w+) days? ago", words):
        count = _number(found["ahead"] or found["back"])
        return (day + timedelta(count if found["ahead"] else -count)).isoformat() if count else ""
    return ""


def _weekday(day: date, way: str, name: str) -> str:
    if name not in _DAYS:
        return ""
    ahead = (_DAYS.index(name) - day.weekday()) % 7 or 7
    if way == "next":
        return (day + timedelta(ahead)).isoformat() if ahead > 2 and ahead + day.weekday() >= 7 else ""
    return (day - timedelta(7 - ahead or 7)).isoformat() if ahead < 5 else ""


def _number(word: str) -> int:
    return int(word) if word.isdigit() and len(word) < 4 else _NUMBERS.index(word) + 1 if word in _NUMBERS else 0
