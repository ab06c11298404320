"""Time that runs backwards or does not add up, chapter by chapter, and people who grow younger.

Reads English narration (not what people say): "It was Tuesday", "On Tuesday morning" at the head of a sentence, "It was
late March", "It was the spring of 1848", "three days later", "the next morning". A chapter is told in order unless it
says otherwise, so a statement in a sentence that may speak of another time ("had", "ago", "before", "last Tuesday",
"remembered") is left alone. What is found:

- a day that is not the one that the days gone by since the last named day lead to;
- a month or season further on than the days gone by lead to;
- a day, month, season or year before the last named one, with nothing said of time going by between them;
- an age lower than an earlier one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from memagent.story.check_canon import ages
from memagent.story.english import DAYS, MONTHS, NUMBER, OTHER_TIME, SEASONS, number
from memagent.story.finding import Finding
from memagent.story.manuscript import Manuscript, Place
from memagent.story.reading import Attribute, attributes
from memagent.story.wording import narration, sentences

_PART = r"(?:\s+(?:morning|afternoon|evening|night|noon))?"
_DAY = rf"(?P<day>{'|'.join(DAYS)})"
_MONTH = rf"(?P<month>{'|'.join(MONTHS)})"
_NOW = r"\b[Ii]t\s+was\s+(?:now\s+|still\s+|already\s+|only\s+)?(?:a\s+|the\s+)?(?:\w+\s+)?"
_STATED = re.compile(
    rf"(?:{_NOW}|^On\s+(?:the\s+)?){_DAY}\b{_PART}(?!\s*['’]s|\s+(?:next|week|last|before|after|[A-Z]))"
    rf"|\b[Tt]he\s+(?:next|following)\s+(?:day|morning|evening)(?:\s+was|,)\s+(?:a\s+)?(?P<day2>{'|'.join(DAYS)})\b"
    r"(?!\s*['’]s|\s+[A-Z])"
    rf"|{_NOW}(?:(?:early|late|mid|the\s+(?:first|last|middle|end|beginning)\s+of)[\s-]+)?{_MONTH}\b(?!\s*['’]s|\s+[A-Z])"
    r"(?:,?\s+(?P<year3>1[0-9]{3}|20[0-9]{2})\b)?"
    rf"|{_NOW}(?:early\s+|late\s+|high\s+|mid)?(?P<season>{'|'.join(SEASONS)})\b(?!\s+[A-Z])"
    rf"|\b[Ii]t\s+was\s+(?:now\s+)?(?:(?:the\s+)?(?:\w+\s+of|year)\s+)?(?P<year>1[0-9]{{3}}|20[0-9]{{2}})\b"
    r"|\b[Tt]he\s+year\s+was\s+(?P<year2>1[0-9]{3}|20[0-9]{2})\b"
)
_NEXT = re.compile(
    r"\b(?:the\s+(?:next|following)\s+(?:day|morning|afternoon|evening)|the\s+day\s+after)\b",
    re.IGNORECASE,
)
_LATER = re.compile(
    rf"\b(?:(?P<count>{NUMBER}|a)\s+(?P<unit>days?|weeks?)\s+(?:later|after\s+that)|after\s+(?P<count2>{NUMBER})\s+"
    r"(?P<unit2>days?|weeks?)(?=\s*,))",
    re.IGNORECASE,
)
_GOES_BY = re.compile(
    r"\b(?:days|weeks?|fortnights?|months?|years?|seasons?)\b(?!\s+old)|\b(?:later|afterwards|next|following|passed|"
    r"went by|meanwhile|by then|winters|summers|anniversary)\b",
    re.IGNORECASE,
)


_ANY = re.compile(
    rf"\b(?:{'|'.join([*DAYS, *MONTHS, *SEASONS])}|[12]\d{{3}}|days?|mid\w+|weeks?|fortnights?|months?|years?|seasons?|"
    r"later|afterwards|next|following|passed|went by|meanwhile|by then|winters|summers|anniversary)\b",
    re.IGNORECASE,
)
"""What a sentence needs to hold for any of these; one look for all is fast."""

_NOWHERE = Place(1)
_LENGTH = {"month": 28, "season": 80}
"""At least so many days has one."""


@dataclass
class _Named:
    """The last named day, month, season or year: its number, its word, and what was said of time since."""

    value: int
    word: str
    place: Place
    days: int | None = 0  # gone by since, as told; None: some, nobody knows how many
    told: bool = False


def timeline(manuscript: Manuscript, facts: Sequence[Attribute] | None = None) -> list[Finding]:
    """Return what is wrong with the time of a story. `facts` are its attributes, if the caller has read them."""
    findings = [finding for chapter in range(len(manuscript.chapters)) for finding in _chapter(manuscript, chapter)]
    findings += ages(attributes(manuscript) if facts is None else facts)
    return sorted(findings, key=lambda finding: (finding.place, finding.text))


def _chapter(manuscript: Manuscript, chapter: int) -> Iterator[Finding]:
    last: dict[str, _Named] = {}
    for at, paragraph in enumerate(manuscript.chapters[chapter].paragraphs, 1):
        place = Place(chapter + 1, at)
        for start, sentence in sentences(narration(paragraph)):
            if not _ANY.search(sentence):
                continue
            other_time = OTHER_TIME.search(_without_steps(sentence))
            if not other_time:
                _go_on(last, sentence)
            elif _GOES_BY.search(sentence):
                _lose(last)
            for found in () if other_time else _STATED.finditer(sentence):
                quote = " ".join(paragraph[start : start + len(sentence)].split())
                for kind, named in _named(found, place):
                    if kind in last and (text := _wrong(kind, last[kind], named)):
                        key = f"{last[kind].word} > {named.word}: {quote}"
                        yield Finding("timeline", place, text, last[kind].place, quote, key)
                    if kind == "year" and kind in last and last[kind].value != named.value:
                        last.pop("month", None)  # of another year
                    last[kind] = named


def named_times(paragraph: str) -> list[tuple[str, str]]:
    """Return the days, months, seasons and years that a paragraph says it is now: `("day", "Tuesday")`, in order."""
    found = []
    for _, sentence in sentences(narration(paragraph)):
        if _ANY.search(sentence) and not OTHER_TIME.search(_without_steps(sentence)):
            found += [(kind, named.word) for one in _STATED.finditer(sentence) for kind, named in _named(one, _NOWHERE)]
    return found


def _without_steps(sentence: str) -> str:
    return _LATER.sub("", _NEXT.sub("", sentence))


def _go_on(last: dict[str, _Named], sentence: str) -> None:
    """Count the days that a sentence says to have gone by."""
    steps = [1 for _ in _NEXT.finditer(sentence)]
    for found in _LATER.finditer(sentence):
        count, unit = found["count"] or found["count2"], found["unit"] or found["unit2"]
        steps.append((1 if count.lower() == "a" else number(count)) * (7 if unit.lower().startswith("week") else 1))
    for named in last.values():
        named.days = None if named.days is None else named.days + sum(steps)
        named.told |= bool(steps)
    if _GOES_BY.search(_without_steps(sentence)):
        _lose(last)


def _lose(last: dict[str, _Named]) -> None:
    for named in last.values():
        named.days = None


def _named(found: re.Match[str], place: Place) -> list[tuple[str, _Named]]:
    """What time it is said to be; a year before its month."""
    if word := found["day"] or found["day2"]:
        return [("day", _Named(DAYS.index(word), word, place))]
    if word := found["season"]:
        return [("season", _Named(SEASONS.index(word), word, place))]
    named = [("year", _Named(int(word), word, place)) for word in found.group("year", "year2", "year3") if word]
    return named + [("month", _Named(MONTHS.index(word), word, place)) for word in (found["month"],) if word]


def _wrong(kind: str, before: _Named, now: _Named) -> str:
    """Say what is wrong with a day, month, season or year after another; empty if nothing is."""
    if before.days is None:
        return f"{now.word} after {before.word}" if kind == "year" and now.value < before.value else ""
    if kind == "day" and before.told:
        due = DAYS[(before.value + before.days) % 7]
        gone = "the day" if before.days == 1 else f"{before.days} days"
        return "" if due == now.word else f"{now.word}, {gone} after {before.word} ({before.place}): {due}"
    if before.told and kind in _LENGTH:
        forward = (now.value - before.value) % {"month": 12, "season": 4}[kind]
        later = f"{before.days} day{'s' * (before.days > 1)} after"
        return (
            f"{now.word}, {later} {before.word} ({before.place})" if forward > before.days // _LENGTH[kind] + 1 else ""
        )
    size = {"day": 7, "month": 12, "season": 4}.get(kind)
    back = (before.value - now.value) % size if size else before.value - now.value
    least = {"day": 3, "month": 5, "season": 1}.get(kind, 10_000)
    return f"{now.word} comes after {before.word} ({before.place})" if 0 < back <= least else ""
