"""What a question of one's own life asks for: which kind of answer, of which thing, and whether it can be told at all.

`How old is my sister?` wants an age and nothing else; `Which language do I study?` a language. Question words of
English, German, French, Spanish, Russian and Chinese are known. A question in no language of these asks for something
that cannot be told, and so has no answer here.
"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass


class Wish(enum.Enum):
    """The kind of an answer."""

    WHO = "who"
    NAME = "name"
    WHEN = "when"
    WHERE = "where"
    AGE = "age"
    COUNT = "count"
    WHY = "why"
    YES_NO = "yes-no"
    CHOICE = "choice"
    THING = "thing"
    WHAT = "what"
    UNREAD = "unread"


@dataclass(frozen=True)
class Asked:
    """A question, taken apart.

    Attributes:
        text: the question.
        wish: what kind of answer it wants.
        noun: the `language` of `Which language ...?`, or nothing.
        english: it is in English, as far as its question word tells.
    """

    text: str
    wish: Wish
    noun: str = ""
    english: bool = True


_AUXILIARY = r"(?:is|are|am|was|were|do|does|did|has|have|had|can|could|will|would|should|may|must)(?:n['’]t)?"
_NAME = (
    r"\bwhat\b.*\bnames?\b|\bwhich name\b|\bname of\b|\b(?:what|how)\b.*\bcalled\b|\bwho am i\b",
    r"\bwie hei(?:ß|ss)\w*|\bcomment\b.*\bs?['’]?appel\w+|\bc[óo]mo\b.*\bllam\w+|\bwie ist mein name\b"
    r"|как .*зовут|叫什么|什么名字|\bquel est (?:le|mon) nom\b|我是谁"
    r"|\bwer bin ich\b|\bqui suis[- ]je\b|\bqui[ée]n soy\b"
    r"|кто я\b",
)
_ENGLISH: tuple[tuple[str, Wish], ...] = (
    (_NAME[0], Wish.NAME),
    (r"\bhow old\b|\bwhat age\b|\bwhat\b.*\bage\b\W*$", Wish.AGE),
    (r"\bhow (?:many|much|long|far|tall|high|big|often|heavy)\b", Wish.COUNT),
    (r"\b(?:who|whom|whose)\b", Wish.WHO),
    (r"\bwhen\b|\b(?:what|which) (?:year|date|day|month|time)\b", Wish.WHEN),
    (r"\bwhere\b|\b(?:what|which) (?:city|town|country|place|village)\b", Wish.WHERE),
    (r"\bwhy\b", Wish.WHY),
    (r"\bhow\b", Wish.WHAT),
    (
        rf"\b(?:what|which) (?!(?:{_AUXILIARY}|of|else|my|i|we|our|the)\b)(?:(?:kind|sort|type)s? of )?\w+",
        Wish.THING,
    ),
    (r"\b(?:what|which)\b", Wish.WHAT),
    (rf"^\W*{_AUXILIARY}\b.*\bor\b", Wish.CHOICE),
    (rf"^\W*{_AUXILIARY}\b", Wish.YES_NO),
)
_OTHERS: tuple[tuple[str, Wish], ...] = (
    (_NAME[1], Wish.NAME),
    (r"\bwie alt\b|\bquel âge\b|\bcuántos años\b|сколько\b.*\b(?:лет|год)|几岁|多大|多少岁", Wish.AGE),
    (r"\bwie ?viele?\b|\bcombien\b|\bcuánt[oa]s?\b|сколько|多少|几[个只本]", Wish.COUNT),
    (r"\b(?:wer|wen|wem|wessen|qui|quién|quiénes)\b|\bкто\b|\bкого\b|谁", Wish.WHO),
    (r"\b(?:wann|quand|cuándo)\b|когда|什么时候|哪[年天]", Wish.WHEN),
    (
        r"\b(?:wo|woher|wohin|où|dónde|adónde)\b|\bгде\b|\bкуда\b|откуда|в каком городе|哪里|哪儿|哪个城市|在哪",
        Wish.WHERE,
    ),
    (r"\b(?:warum|weshalb|pourquoi)\b|\bpor qué\b|почему|为什么", Wish.WHY),
    (
        r"\b(?:was|que|quoi|qu['’]\w+|quelle?s?|qué|cuál(?:es)?|welche[rsnm]?)\b|\bчто\b|\bкак(?:ой|ая|ое|ие"
        r"|ую)\b|什么|哪",
        Wish.WHAT,
    ),
)
_LOUD = re.compile(r"[¿¡ßäöüéèêàâçñáíóúîïôûœ\u0400-\u04ff\u2e80-\u9fff\uac00-\ud7af]", re.IGNORECASE)
_FOREIGN = re.compile(
    r"(?i)\b(?:ich|mein\w*|bin|ist|mir|mich|wir|unser\w*|je|mon|ma|mes|suis|est|est-ce|yo|mi|mis|soy|es|vivo|tengo)\b"
    r"|\bj['’]"
)
_BEGINS = re.compile(
    rf"\W*(?:[a-z]+,? ){{0,3}}?(?:who|whom|whose|what|which|when|where|why|how|{_AUXILIARY})\b", re.IGNORECASE
)
_TYPED = (Wish.THING, Wish.WHEN, Wish.WHERE)


def taken_apart(question: str) -> Asked:
    """Return what a question asks for."""
    foreign = _FOREIGN.search(question) or (_LOUD.search(question) and not _BEGINS.match(question))
    for pattern, wish in _OTHERS if foreign else _ENGLISH:
        if found := re.search(pattern, question, re.IGNORECASE):
            noun = found.group().split()[-1].lower() if not foreign and wish in _TYPED else ""
            return Asked(question, wish, noun, english=not foreign)
    return Asked(question, Wish.UNREAD, english=not foreign)
