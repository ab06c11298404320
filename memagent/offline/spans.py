"""The short span of a sentence that a question asks for, by the kind of the question."""

from __future__ import annotations

import enum
import re
from collections.abc import Callable

from memagent.offline.text import normal, words

_NAME = re.compile(r"(?:[^\W\d_a-zа-я][\w'’.-]*)(?:\s+(?:(?:of|de|van|von|der|da|la|the)\s+)?[^\W\d_a-zа-я][\w'’-]*)*")
_MONTH = "January|February|March|April|May|June|July|August|September|October|November|December"
_DAY = "Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday"
_DATE = re.compile(
    rf"\b\d{{4}}-\d\d-\d\d\b|\b\d{{1,2}}(?:st|nd|rd|th)? (?:of )?(?:{_MONTH})(?:,? \d{{4}})?"
    rf"|\b(?:{_MONTH})(?: \d{{1,2}}(?!\d)(?:st|nd|rd|th)?)?(?:,? \d{{4}})?"
    rf"|\b(?:1\d|20)\d\ds?\b|\b(?:{_DAY})(?: \w+ing)?\b"
    r"|\b\d{1,2}(?::\d\d)? ?(?:am|pm|o'clock)\b|\b\d{1,2}:\d\d\b|\d{4}年(?:\d+月)?(?:\d+日)?"
    r"|\b(?:yesterday|today|tomorrow|last \w+|next \w+|in (?:spring|summer|autumn|winter)"
    r"|at (?:noon|midnight|dawn|dusk))\b"
)
_COUNTED = (
    "one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen"
    "|nineteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|hundred|thousand|million|dozen|half"
)
_NUMBER = re.compile(
    rf"[$€£]?\b(?:\d[\d.,]*\d|\d|(?:{_COUNTED})(?:[ -](?:{_COUNTED}))*)\b(?:\s?%|\s+(?:{_COUNTED})\b)*(?:\s+[a-z]\w+)?",
    re.IGNORECASE,
)
_PLACE = re.compile(
    r"\b(?:in|at|near|on|to|from|under|behind|inside|beside|outside)\s+"
    r"((?:the |a |an |his |her |their )?(?:[a-z]+ ){0,2}?[^\W\d_a-z][\w'’-]*(?:\s+[^\W\d_a-z][\w'’-]*)*"
    r"|(?:the|a|an|his|her|their) [a-z]+(?: (?!(?:and|or|but|when|while|in|on|at|for|to|of|with|by|from|that|who"
    r"|which|was|is|has|had|because)\b)[a-z]+){0,2})"
)
_CAUSE = re.compile(r"\b((?:because|since|so that|in order to|owing to|due to)\b[^.;]*)", re.IGNORECASE)


class Kind(enum.Enum):
    """What a question wants to hear."""

    WHO = "who"
    WHEN = "when"
    WHERE = "where"
    COUNT = "count"
    WHY = "why"
    YES_NO = "yes-no"
    OTHER = "other"


_ASKS: tuple[tuple[re.Pattern[str], Kind], ...] = (
    (re.compile(r"\b(?:who|whom|whose)\b|谁|\bкто\b|\bqui\b|\bwer\b", re.IGNORECASE), Kind.WHO),
    (
        re.compile(r"\bwhen\b|\b(?:what|which) (?:year|date|day|month|time)\b|什么时候|哪年|\bкогда\b", re.IGNORECASE),
        Kind.WHEN,
    ),
    (re.compile(r"\bwhere\b|\b(?:what|which) (?:city|town|country|place)\b|哪里|\bгде\b", re.IGNORECASE), Kind.WHERE),
    (re.compile(r"\bhow (?:many|much|old|long|far|tall|high|big)\b|多少|\bсколько\b", re.IGNORECASE), Kind.COUNT),
    (re.compile(r"\bwhy\b|为什么|\bпочему\b", re.IGNORECASE), Kind.WHY),
    (
        re.compile(
            r"^\W*(?:is|are|was|were|do|does|did|has|have|had|can|could|will|would|should|may|must)\b", re.IGNORECASE
        ),
        Kind.YES_NO,
    ),
)


def kind_of(question: str) -> Kind:
    """Return what `question` asks for."""
    found = next((kind for pattern, kind in _ASKS if pattern.search(question)), Kind.OTHER)
    if found is Kind.OTHER and re.search(r"^\W*(?:what|which)\b.*\b(?:in|at|on|from)\W*$", question, re.IGNORECASE):
        return Kind.WHERE
    return found


def span(kind: Kind, sentence: str, question: str) -> str:
    """Return the part of `sentence` that a question of `kind` asks for, or nothing."""
    finders: dict[Kind, Callable[[str], list[str]]] = {
        Kind.WHO: _names,
        Kind.WHEN: _DATE.findall,
        Kind.WHERE: _PLACE.findall,
        Kind.COUNT: _numbers,
        Kind.WHY: _CAUSE.findall,
    }
    return _fresh(finders[kind](sentence), question) if kind in finders else ""


def _fresh(found: list[str], question: str) -> str:
    """The first span that says something which the question does not."""
    asked = set(words(question.lower()))
    for text in found:
        if set(words(text.lower())) - asked:
            return text.strip().rstrip(",;:")
    return ""


def _numbers(sentence: str) -> list[str]:
    return [text for text in _NUMBER.findall(sentence) if normal(text) not in {"one of", "half of"}]


def _names(sentence: str) -> list[str]:
    """Capitalised names; the first word of a sentence counts only if it is no common word."""
    found: list[str] = []
    for match in _NAME.finditer(sentence):
        name = match.group().rstrip(".")
        if match.start() == 0 and name.lower() in _OPENERS:
            continue
        first, _, rest = name.partition(" ")
        name = rest if rest and first.lower() in _OPENERS else name
        if not re.fullmatch(f"(?:{_MONTH}|{_DAY})s?", name):
            found.append(name)
    return found


_OPENERS = frozenset(
    "the a an in on at it he she they we i you this that these those there when while after before since for from by "
    "his her their its our my your as if but and or so then although because during until with without under over "
    "every each some many most all both no one two three several later today yesterday now once".split()
)
