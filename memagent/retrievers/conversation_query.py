"""What a question to a conversation asks for: whose words, which days, and which words to look for.

Names are compared with those of the speakers, in any script. English, Chinese and Russian are covered where a question
asks for a time, and where it says «I» or «you», which the roles of the speakers tell apart.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from memagent.retrievers.conversation_dates import Mention, mentions
from memagent.retrievers.conversation_words import root
from memagent.terms import STOP_WORDS, UNSPACED, fold, pieces, terms

_MOST_WORDS = 60
_SECOND = 0.5  # who is named after the first is rarely the one who speaks of it
_WHEN = re.compile(
    r"(?i)\bwhen\b|\b(?:what|which) (?:date|day|month|year|week|season|time)\b|\bhow (?:long|recently|often|many "
    r"(?:days|weeks|months|years|times))\b|什么时候|何时|哪[天年月]|几[月号天年]|多久|多长时间|когда|"
    r"в каком (?:году|месяце)|какого числа|как долго|сколько (?:дней|недель|месяцев|лет)"
)
_ORDER = re.compile(r"(?i)\b(?P<side>before|until|after|since) (?P<event>[^?,.;]+)")
_I = re.compile(r"(?i)\b(?:i|my|me|mine|myself|we|our|us|я|мой|моя|моё|мои|мне|меня|моей|моего)\b|我")
_YOU = re.compile(r"(?i)\b(?:you|your|yours|ты|вы|твой|твоя|тебе|тебя|вам|вас|ваш)\b|[你您]")
_FIRST_PERSON = (("[\u4e00-\u9fff]", "我的", "我"), ("[\u0430-\u044f]", "мой", "я"))
# What a question says about its answer, and no turn about itself.
_ASKING = frozenset(
    "kind type sort many much long often recently ever name date day month year time happen mention said say tell "
    "told talk discuss describe according conversation did likely would might".split()
)


@dataclass(frozen=True)
class Question:
    """A question, taken apart.

    Attributes:
        text: as it was asked.
        speakers: numbers of the speakers whose words are asked for, and how surely, in (0, 1].
        words: what to look for, without names of speakers and days: as it is compared, and as it is shown.
        days: the days that it names.
        timed: it asks for a time.
        order: -1 for «before the move», 1 for «after», 0 for neither.
        event: the words that «the move» is looked for by.
        meaning: what to compare by meaning.
    """

    text: str
    speakers: Mapping[int, float]
    words: Mapping[str, str]
    days: tuple[Mention, ...]
    timed: bool
    order: int
    event: tuple[str, ...]
    meaning: str


def understood(text: str, now: date, names: Sequence[str], roles: Mapping[int, set[str]]) -> Question:
    """Return a question taken apart.

    Args:
        text: the question.
        now: from which day «last week» is reckoned.
        names: of the speakers, folded, by their numbers.
        roles: in which roles each has spoken.
    """
    named = _named(text, names)
    speakers = {number: _SECOND ** min(1, place) for place, number in enumerate(dict.fromkeys(named.values()))}
    speakers = speakers or _by_role(text, roles)
    days = tuple(mentions(text, now))
    rest = text
    for one in days:
        rest = rest.replace(one.text, " ")
    words = ["".join(term) for term in terms(rest, limit=_MOST_WORDS)]
    telling = [word for word in words if word not in named and word not in _ASKING and word not in STOP_WORDS]
    chosen = telling or [word for word in words if word not in named]
    looked_for = {root(word): word for word in reversed(chosen)}
    order, event = _event(rest, looked_for)
    return Question(text, speakers, looked_for, days, bool(_WHEN.search(text)), order, event, _meaning(text, named))


def _event(text: str, looked_for: Mapping[str, str]) -> tuple[int, tuple[str, ...]]:
    """«Before the move»: on which side of it, and by which of the words it is looked for. English only."""
    match = _ORDER.search(text)
    if match is None:
        return 0, ()
    words = {root("".join(term)) for term in terms(match["event"], limit=_MOST_WORDS)}
    event = tuple(word for word in looked_for if word in words)
    return (-1 if match["side"].lower() in ("before", "until") else 1) if event else 0, event


def _named(text: str, names: Sequence[str]) -> dict[str, int]:
    """Words of the question that name a speaker, in order: any part of a name, or the beginning of one."""
    found: dict[str, int] = {}
    whole, numbered = fold(text), [(number, pieces(name)) for number, name in enumerate(names)]
    for piece in pieces(text):
        word = fold(piece)
        for number, parts in numbered:
            short = piece[0].isupper() and len(word) >= 3 and word not in STOP_WORDS
            if word in parts or (short and any(part.startswith(word) for part in parts)):
                found.setdefault(word, number)
    for number, name in enumerate(names):  # a name inside a run of a script without spaces
        if name and name in whole and number not in found.values():
            found.setdefault(name, number)
    return found


def _by_role(text: str, roles: Mapping[int, set[str]]) -> dict[int, float]:
    """«I» is whoever speaks as the user and «you» the assistant; the first of them is asked about."""
    first, second = _I.search(text), _YOU.search(text)
    asked = sorted((match.start(), role) for match, role in ((first, "user"), (second, "assistant")) if match)
    found: dict[int, float] = {}
    for place, (_, role) in enumerate(asked):
        for number, played in roles.items():
            if role in played:
                found.setdefault(number, _SECOND**place)
    return found


def _meaning(text: str, named: Mapping[str, int]) -> str:
    """The question as the first speaker that it names would put it: a turn says «I», and names whom it speaks to.

    Compared by meaning with «What did I bake?», turns of whoever bakes are nearer than those that call a baker by name.
    """
    if not named:
        return text
    first = next(iter(named.values()))
    own, self = next((words for script, *words in _FIRST_PERSON if re.search(script, text)), ("my", "I"))
    for name in sorted(named, key=len, reverse=True):
        my, me = (own, self) if named[name] == first else ("", "")
        text = re.sub(rf"(?i){_edge(name, 0)}{re.escape(name)}['’]s?(?!\w)", my, text)
        text = re.sub(rf"(?i){_edge(name, 0)}{re.escape(name)}{_edge(name, -1)}", me, text)
    return " ".join(text.split())


def _edge(name: str, end: int) -> str:
    """Where a word begins or ends, for scripts that have blanks between words."""
    return "" if re.match(f"[{UNSPACED}]", name[end]) else r"(?<!\w)" if end == 0 else r"(?!\w)"
