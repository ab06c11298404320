"""The day of `tomorrow`, reckoned from the day on which it was said. English, and only where it can mean one day."""

from __future__ import annotations

import re
from datetime import date, timedelta

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
