"""Time that runs backwards or does not add up, and people who grow younger or too old.

Reads English narration (not what people say), by `times`: "It was Tuesday", "On Tuesday morning" at the head of a
sentence, "It was Monday, the third of June 1923", "In May 1922", "three days later", "A month later, in May". A chapter
is told in order unless it says otherwise, so a statement in a sentence that may speak of another time ("had", "ago",
"before", "remembered"), or behind one in its paragraph, is left alone. What is found:

- a day, date, month, season or year that is not the one that the time gone by since the last named one leads to, also
  where a chapter begins with that time ("The next day ...");
- a day, date, month, season or year before the last named one, with nothing said of time going by between them;
- a year before that of an earlier chapter, where the chapter has said by then that it goes on ("The next day ...");
- midnight, and the sun in the sky, in one paragraph and with nothing between them; see `check_night`;
- an age lower than an earlier one, or another than the years gone by lead to.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from memagent.story.check_ages import ages
from memagent.story.check_night import nights
from memagent.story.english import DAYS, MONTHS
from memagent.story.finding import Finding
from memagent.story.manuscript import Manuscript, Place
from memagent.story.reading import Attribute, attributes
from memagent.story.times import Named, Step, back_then, times
from memagent.story.wording import narration, sentences

_LENGTH = {"month": 31, "season": 92}
_SIZE = {"day": 7, "month": 12, "season": 4}
_MOST = {"day": 3, "date": 27, "month": 5, "season": 1, "year": 10_000}
"""So far back is back, and farther is a later week or year."""
_NUMBERED = re.compile(r"^\s*chapter\s+\w+", re.IGNORECASE)
_A_YEAR = re.compile(r"\b(?:1[0-9]{3}|20[0-9]{2})\b")
_OTHER_TITLE = re.compile(r"\d|\b(?:earlier|before|ago|then|past|prologue|years?)\b", re.IGNORECASE)


@dataclass
class _Last:
    """The last named time of a kind, and what was said of time since."""

    named: Named
    place: Place
    days: int | None = 0  # gone by since, as told; None: some, nobody knows how many
    more: int = 0  # so many days more may have gone by
    said: str = ""  # in which words; empty: nothing was told


def timeline(manuscript: Manuscript, facts: Sequence[Attribute] | None = None) -> list[Finding]:
    """Return what is wrong with the time of a story. `facts` are its attributes, if the caller has read them."""
    clock = _Clock()
    findings: list[Finding] = []
    for number, chapter in enumerate(manuscript.chapters, 1):
        clock.begin(chapter.title, number)
        for at, paragraph in enumerate(chapter.paragraphs, 1):
            findings += clock.take(paragraph, Place(number, at))
    findings += nights(manuscript)
    findings += ages(attributes(manuscript) if facts is None else facts, clock.years, clock.named)
    return sorted(findings, key=lambda finding: (finding.place, finding.text))


def named_times(paragraph: str) -> list[tuple[str, str]]:
    """Return the days, months, seasons and years that a paragraph says it is now: `("day", "Tuesday")`, in order."""
    found = []
    for _, sentence in sentences(narration(paragraph)):
        if back_then(sentence):
            break
        found += [
            (one.kind, one.word)
            for one in times(sentence)
            if isinstance(one, Named) and not one.loose and one.kind != "date"
        ]
    return found


class _Clock:
    """What time it is, as far as it is told.

    Attributes:
        years: where so many years are told to go by, in order.
        named: where it is said which year it is.
    """

    def __init__(self) -> None:
        self.last: dict[str, _Last] = {}
        self.years: list[tuple[Place, int]] = []
        self.named: list[tuple[Place, int]] = []
        self._ended: dict[str, _Last] = {}
        self._year: _Last | None = None  # of the chapters before
        self._goes_on = False  # the chapter has said that it goes on in order

    def begin(self, title: str, number: int) -> None:
        """A chapter begins; nobody knows how much time went by, or whether it goes back."""
        title = _NUMBERED.sub("", title)
        if year := _A_YEAR.search(title):
            self.named.append((Place(number), int(year[0])))
        self._year = None if _OTHER_TITLE.search(title) else self.last.get("year", self._year)
        self._ended, self.last, self._goes_on = self.last, {}, False

    def take(self, paragraph: str, place: Place) -> Iterator[Finding]:
        """Go on by a paragraph."""
        back = False
        for number, (start, sentence) in enumerate(sentences(narration(paragraph))):
            told = times(sentence)
            first = place.paragraph == 1 and number == 0
            for one in told:
                if isinstance(one, Step):
                    self._go(one, first, place)
                elif not back and (text := self._name(one, place)):
                    quote = " ".join(paragraph[start : start + len(sentence)].split())
                    before = self._before
                    yield Finding("timeline", place, text, before.place, quote, f"{before.named.word} > {one.word}")
            back |= back_then(sentence)

    def _go(self, step: Step, first: bool, place: Place) -> None:
        if first and step.days is not None and step.said:  # a chapter that begins with it goes on from the last
            self.last = {kind: _Last(one.named, one.place) for kind, one in self._ended.items()}
        self._goes_on |= bool(step.days)
        if step.days and step.days + step.more >= 365:
            self.years.append((place, round((step.days + step.more / 2) / 365)))
        for one in self.last.values():
            one.days = None if one.days is None or step.days is None else one.days + step.days
            one.more += step.more
            one.said = f"{one.said} and {step.said}" if one.said and step.said else one.said or step.said

    def _name(self, now: Named, place: Place) -> str:
        """Set the clock; return what is wrong with it, or nothing."""
        last = self.last.get(now.kind)
        self._before = last or _Last(now, place)
        text = ""
        if last:
            text = _wrong(last, now)
            if text and now.loose and not last.said:
                return ""  # told of in passing
            if last.named.loose and not last.said and now.kind not in ("year", "date"):
                text = ""
        elif now.kind == "year" and self._year and self._goes_on and not now.loose:
            if now.value < self._year.named.value:
                self._before = self._year
                text = f"{now.word} comes after {self._year.named.word} ({self._year.place})"
        if now.kind == "year" and last and last.named.value != now.value:
            for kind in ("month", "date", "season"):
                self.last.pop(kind, None)  # of another year
        if now.kind == "month" and text and "date" in self.last:
            self.last.pop("date")  # said once
        if now.kind == "year":
            self.named.append((place, now.value))
        self.last[now.kind] = _Last(now, place)
        return text


def _wrong(last: _Last, now: Named) -> str:
    """Say what is wrong with a time after another; empty if nothing is."""
    before = last.named
    if last.days is None:
        back = before.kind == "year" and now.value < before.value
        return f"{now.word} comes after {before.word} ({last.place})" if back else ""
    if last.said:
        due = _due(last, now)
        return f"{now.word}, {last.said} after {before.word} ({last.place}){due}" if due is not None else ""
    size = _SIZE.get(now.kind)
    back_by = (before.value - now.value) % size if size else before.value - now.value
    if now.kind == "date" and before.value // 31 != now.value // 31:
        return ""  # that is said of the month
    most = 1 if now.head else _MOST[now.kind]
    return f"{now.word} comes after {before.word} ({last.place})" if 0 < back_by <= most else ""


def _due(last: _Last, now: Named) -> str | None:
    """Return what should be said instead of a time behind steps, with a colon; `None` where it is right."""
    days, before = last.days or 0, last.named
    if now.kind == "day":
        if now.head:
            back = (before.value + days - now.value) % 7
            return None if back != 1 or last.more else f": {DAYS[(before.value + days) % 7]}"
        due = [(before.value + days + more) % 7 for more in range(min(last.more, 6) + 1)]
        return None if now.value in due or last.more >= 6 else f": {DAYS[due[0]]}"
    if now.kind == "date":
        gone = (_of_year(now.value) - _of_year(before.value)) % 365
        right = min(abs(gone - days - more) for more in (0, last.more)) <= 2 or days <= gone <= days + last.more
        return None if right or days > 300 else f": {_date(before.value, days)}" if not last.more else ""
    if now.kind == "year":
        return None if days // 366 <= now.value - before.value <= (days + last.more) // 365 + 1 else ""
    forward, length = (now.value - before.value) % _SIZE[now.kind], _LENGTH[now.kind]
    if days > 300:
        return None
    least, most = (days - length + 1) // length, (days + last.more) // (length - 3) + 1
    return None if least <= forward <= most else ""


_STARTS = (0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334)


def _of_year(date: int) -> int:
    """The number of a date in a common year."""
    month, day = (date - 1) // 31, (date - 1) % 31 + 1
    return _STARTS[month] + day


def _date(date: int, days: int) -> str:
    number = (_of_year(date) + days - 1) % 365 + 1
    month = max(index for index, start in enumerate(_STARTS) if start < number)
    return f"{number - _STARTS[month]} {MONTHS[month]}"
