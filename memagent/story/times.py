"""What an English sentence says of time: how much went by ("two days later"), and what time it is now ("It was June").

A sentence gives steps and times in the order in which it says them. A time is certain where it is said outright ("It
was Tuesday", "On Tuesday", "The next day, a Sunday"), and loose where it may as well be of another time that is told of
in passing ("In May 1922 she married"); with a word of order ("In May 1922 she married again") it is certain.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from memagent.story.english import DAYS, MONTHS, NUMBER, OTHER_TIME, SEASONS, number

_DAYS, _MONTHS, _SEASONS = "|".join(DAYS), "|".join(MONTHS), "|".join(SEASONS)
_ORDINALS = (
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth "
    "sixteenth seventeenth eighteenth nineteenth twentieth twenty-first twenty-second twenty-third twenty-fourth "
    "twenty-fifth twenty-sixth twenty-seventh twenty-eighth twenty-ninth thirtieth thirty-first"
).split()
_NTH = rf"(?:{'|'.join(sorted(_ORDINALS, key=len, reverse=True))}|[0-3]?\d(?:st|nd|rd|th)?)\b"
_YEAR = r"(?:1[0-9]{3}|20[0-9]{2})\b"
_NOT = r"(?!\s*['’]s|-|\s+(?:next|week|last|before|after|since|ago|that)\b)"
_NO = rf"{_NOT}(?!\s+[A-Z])"
_PART = r"(?:early|late|mid|high|deep|(?:(?:first|second|third|last)\s+(?:days?|weeks?)|middle|end|beginning)\s+of)"
_OF_DAY = r"(?:\s+(?:morning|afternoon|evening|night|noon))?"
_MOMENT = re.compile(
    rf"(?:an?\s+|the\s+)?(?:(?!(?:{_NTH}|{_SEASONS}|{_PART}|year)\b)[a-z]+\s+)?"
    rf"(?:(?P<day>{_DAYS})\b{_OF_DAY}{_NOT}(?:,?\s+(?:on\s+|in\s+)?)?)?"
    rf"(?:(?:the\s+)?(?P<n1>{_NTH})\s+(?:of\s+)?(?P<m1>{_MONTHS})\b{_NO}(?:,?\s+(?P<y1>{_YEAR}))?"
    rf"|(?P<m2>{_MONTHS})\s+(?:the\s+)?(?P<n2>{_NTH})(?!\s+(?:week|year|time))(?:,?\s+(?P<y2>{_YEAR}))?"
    rf"|(?:the\s+)?(?:{_PART}[\s-]+)?(?P<m3>{_MONTHS})\b{_NO}(?:,?\s+(?:of\s+)?(?P<y3>{_YEAR}))?"
    rf"|(?:the\s+)?(?:(?:early|late|high|mid|deep)[\s-]*)?(?P<s>{_SEASONS})\b(?!\s+[A-Z])(?:,?\s+(?:of\s+)?(?P<y4>{_YEAR}))?"
    rf"|(?:the\s+)?(?:year\s+)?(?P<y5>{_YEAR}))?"
)
_STEP = re.compile(
    r"\b(?:(?P<next>(?:the\s+)?(?:next|following)\s+(?:day|morning|afternoon|evening|night)|the\s+(?:day|morning)\s+after)\b"
    rf"|(?P<n>{NUMBER}|an?|half\s+an|some|a\s+few|several)\s+(?P<unit>seconds?|minutes?|moments?|hours?|days?|"
    r"nights?|weeks?|fortnights?|months?|years?)\s+(?:later|afterwards?|after\s+that)\b"
    rf"|after\s+(?P<n2>{NUMBER}|an?)\s+(?P<unit2>hours?|days?|weeks?|months?|years?)(?=\s*,))",
    re.IGNORECASE,
)
_HOUR = (
    r"(?:noon|midnight|early|late|(?:\w+\s+)?(?:past|to)\s+\w+|\w+\s+o['’]clock|(?:the\s+)?(?:morning|"
    r"afternoon|evening|"
    r"night))"
)
_LEADS = (
    (re.compile(rf"\b[Ii]t\s+was\s+(?:(?:now|still|already|only|again)\s+)?(?:{_HOUR}\s+(?:on|of)\s+)?|\b[Tt]he"
                rf"\s+year\s+was\s+"), "said"),
    (re.compile(rf"^(?:On|In)\s+(?=(?:an?\s+|the\s+)?(?:\w+\s+){{0,3}}?(?:{_DAYS}|{_MONTHS}|{_SEASONS}|"
                rf"{_NTH}))"), "head"),
    (re.compile(rf"^(?=(?:{_MONTHS})\s+(?:came\s+in|was)\s+(?:a\s+)?(?:hot|wet|dry|cold|fine|mild|warm|bitter|"
                rf"grey)\b)"), "head"),
)  # fmt: skip
_ATTACHED = re.compile(r"(?:,|\s+was|\s+it\s+was)?\s+(?:(?:on|in)\s+)?")
_WILL = re.compile(r"\b(?:the|an?|his|her|their|last)\s+will\b", re.IGNORECASE)
_QUOTED = re.compile(
    r"\b(?:letters?|diary|diaries|journals?|telegrams?|postcards?|dated?|headlines?|inscription|register|said:|wrote|reads?:|"
    r"tombstone|headstone|almanac)\b",
    re.IGNORECASE,
)
"""What may be read out in a sentence: its time is that of the writing."""
_ORDER = re.compile(r"\b(?:again|then|now|once more|at last|finally|still|after that|the second time)\b", re.IGNORECASE)
_DAYS_OF = {"day": 1, "night": 1, "week": 7, "fortnight": 14, "month": 30, "year": 365}
_PASSES = re.compile(
    r"(?<!that )(?<!this )\b(?:days|weeks?|fortnights?|months?|years?|seasons?)\b(?!\s+old)|\b(?:later|"
    r"afterwards|next|following|passed|"
    r"went by|meanwhile|by then|by the time|winters|summers|anniversary)\b",
    re.IGNORECASE,
)
_NIGHT = re.compile(
    r"\b(?:in the morning|at (?:dawn|daybreak|sunrise|first light)|by (?:morning|dawn)|overnight|slept|asleep|"
    r"went to (?:bed|sleep)|woke|awoke|lay awake|all night|that night|through the night|midnight)\b",
    re.IGNORECASE,
)
_ANY = re.compile(
    rf"\b(?:{_DAYS}|{_MONTHS}|{_SEASONS}|[12]\d{{3}}|mid\w+)\b|{_PASSES.pattern}|{_NIGHT.pattern}|\b(?:days?|after)\b",
    re.IGNORECASE,
)
"""What a sentence needs to hold for any of these; one look for all is fast."""
_BACK_THEN = re.compile(
    r"\bhad\s+(?:(?:\w+ly|never|not|already|just|once|always|long|since|only|first)\s+)*(?:been|\w{2,}(?:ed|wn|ng)|gone|"
    r"come|taken|given|seen|done|made|had|left|lost|found|told|said|sent|bought|brought|built|held|kept|met|put|read|"
    r"run|sat|set|slept|sold|spent|stood|taught|thought|won|worn|written|lent|paid|begun|become|heard|fallen)\b"
    r"|\b(?:remember\w*|recall\w*|used to|years (?:ago|before)|long ago|in those days|as a (?:boy|girl|child))\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Step:
    """Time that goes by: days at least (`None`: nobody knows how many) and how many more it may be."""

    days: int | None
    more: int = 0
    said: str = ""


@dataclass(frozen=True, slots=True)
class Named:
    """A time that is said to be now: `day`, `date`, `month`, `season` or `year`, its value, and its words.

    A date's value is 31 times the month, from 0, and the day. Loose: it may be told of in passing. Head: it is said as
    where the story goes on ("On Friday ..."), so it may well be a later one than the next.
    """

    kind: str
    value: int
    word: str
    loose: bool = False
    head: bool = False


def times(sentence: str) -> list[Step | Named]:
    """Return what a sentence of narration says of time, in order; one about another time says that some passes."""
    if not _ANY.search(sentence):
        return []
    steps = [(found.start(), found.end(), _step(found)) for found in _STEP.finditer(sentence)]
    bare = _WILL.sub("", _STEP.sub("", sentence))
    told: list[tuple[float, Step | Named]] = []
    if _PASSES.search(bare):
        told.append((-2.0, Step(None)))
    elif _NIGHT.search(bare):
        told.append((-1.0, Step(0, 1)))
    elsewhere = OTHER_TIME.search(bare) is not None
    if not elsewhere:
        told += [(float(start), step) for start, _, step in steps]
    elif steps:
        told.append((-2.0, Step(None)))
    leads = [] if elsewhere else [(end, "step") for _, end, _ in steps]
    leads += [(found.end(), how) for lead, how in _LEADS for found in lead.finditer(sentence)]
    leads = [] if _QUOTED.search(sentence) else leads
    for at, how in leads:
        if not (elsewhere and (how != "said" or OTHER_TIME.search(_STEP.sub("", sentence[:at])))):
            told += _named(sentence, at, how, steps)
    kinds: dict[str, tuple[float, Step | Named]] = {}
    for at_, one in sorted(told, key=lambda one: one[0]):
        kinds.setdefault(f"{one.kind} {one.value}" if isinstance(one, Named) else f"step {at_}", (at_, one))
    return [one for _, one in kinds.values()]


def back_then(sentence: str) -> bool:
    """Say whether a sentence takes its paragraph back to an earlier time: "had gone", "remembered", "long ago"."""
    return _BACK_THEN.search(sentence) is not None


def _named(sentence: str, at: int, how: str, steps: list[tuple[int, int, Step]]) -> Iterator[tuple[float, Named]]:
    """Read the time that stands at a place of a sentence, each part of it with where it counts among the steps."""
    attached = _ATTACHED.match(sentence, at) if how == "step" else None
    if how == "step" and attached is None:
        return
    found = _MOMENT.match(sentence, attached.end() if attached else at)
    if found is None or not any(found.groupdict().values()):
        return
    # "On Sunday, two days later,": the step goes first
    where = float(next((end for start, end, _ in steps if 0 <= start - found.end() <= 2), found.end()))
    loose = how == "head" and not found["day"] and not _ORDER.search(sentence)
    for named in _parts(found, loose):
        yield where, named
    if found["day"]:
        yield where, Named("day", DAYS.index(found["day"]), found["day"], head=how == "head")


def _parts(found: re.Match[str], loose: bool) -> Iterator[Named]:
    """Yield year, month, date and season of a moment, as far as it has them."""
    if year := next((found[f"y{n}"] for n in range(1, 6) if found[f"y{n}"]), None):
        yield Named("year", int(year), year, loose)
    if month := found["m1"] or found["m2"] or found["m3"]:
        yield Named("month", MONTHS.index(month), month, loose)
        nth = found["n1"] or found["n2"] or ""
        day = _ORDINALS.index(nth) + 1 if nth in _ORDINALS else int(re.sub(r"\D", "", nth) or 0)
        if 1 <= day <= 31:
            yield Named("date", MONTHS.index(month) * 31 + day, f"{day} {month}", loose)
    if found["s"]:
        yield Named("season", SEASONS.index(found["s"]), found["s"], loose)


def _step(found: re.Match[str]) -> Step:
    said = " ".join(found.group().lower().split())
    if found["next"]:
        return Step(1, 0, "the day")
    unit = (found["unit"] or found["unit2"]).lower().rstrip("s")
    count = (found["n"] or found["n2"]).lower()
    if unit in ("second", "minute", "moment"):
        return Step(0)
    if unit == "hour":
        return Step(0, 1)
    if count in ("some", "a few", "several", "half an"):
        return Step(None)
    many = 1 if count in ("a", "an") else number(count)
    length = _DAYS_OF[unit]
    said = re.sub(r"\s*(?:later|afterwards?|after that|after)\s*", "", said)
    if unit in ("month", "year"):
        return Step(many * length - length // 4, length // 2 + many // 4, said)
    return Step(many * length, 0, f"{many} day{'s' * (many > 1)}" if unit == "day" else said)
