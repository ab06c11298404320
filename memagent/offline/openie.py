"""Names and facts out of a text by rule: what `offline` answers when entities and triples are asked for.

Nothing is understood. A name is a run of capitalised words, something in quotation marks, a date or a number; in
scripts without capitals, what stands between the words that every sentence has. A fact joins the subject of a sentence,
or the name before, with each further name by the words between them. That is coarse, and enough for a graph to lead
from one passage to another over the names that they share.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from memagent.offline.text import sentences

_MOST_WORDS = 6  # of a relation
_JOINING = frozenset("of the and de la le du des von van der den di da del y e for in on at & и".split())
_DROPPED_FIRST = frozenset(
    "the a an in on at of for from to by as it its he she they his her their this that these those there then when "
    "while where who what which after before since during until if but and or so also although though because however "
    "both some many most all each other another one two three we you i our your my is was are were has had with "
    "according unlike like under over between within without through throughout among upon near along around despite "
    "due due following including today later early soon eventually initially originally currently recently finally "
    "together instead moreover furthermore additionally nevertheless meanwhile thus hence therefore not no only once "
    "several few four five six seven eight nine ten first second third such can could may might will would do does did "
    "how why whether every any construction "
    "в на по из от до за о об и а но он она оно они его её ее их это этот эта эти тот та те как что когда где кто если "
    "во со с у к ко при после также однако затем для под над через между был была было были все весь вся".split()
)
_NO_NAME_AT_FIRST = re.compile(r"[A-Z][a-z]+(?:ed|ing|ly)")  # `Founded in 1900, ...`, `Situated near ...`
_PRONOUNS = frozenset(
    "he she it they his her its their this these that there him them он она оно они его её ее их это этот эта".split()
)
_MONTHS = (
    "January|February|March|April|May|June|July|August|September|October|November|December|"
    "января|февраля|марта|апреля|мая|июня|июля|августа|сентября|октября|ноября|декабря"
)
_UNITS = (
    "million|billion|thousand|percent|metres?|meters?|kilometres?|kilometers?|km2|km²|km|kg|tons?|tonnes?|miles?|feet|"
    "acres?|hectares?|inhabitants|people|years|days|hours|minutes|episodes|votes|seats|students|dollars|pounds|"
    "км|кг|метров|метра|тысяч|миллионов|миллиарда|человек|жителей|лет|рублей"
)
_DATE = re.compile(
    rf"\b(?:(?:\d{{1,2}}\s+)?(?:{_MONTHS})\s+(?:\d{{1,2}},?\s+)?\d{{4}}|"
    rf"(?:{_MONTHS})\s+\d{{1,2}}(?:,\s+\d{{4}})?|\d{{1,2}}\s+(?:{_MONTHS})|\d{{1,2}}(?:st|nd|rd|th)\s+century|"
    rf"\d{{4}}s?(?!\s(?:{_UNITS})\b))\b|"
    r"\d{4}年(?:\d{1,2}月(?:\d{1,2}日)?)?"
)
_NUMBER = re.compile(rf"\b\d[\d,.]*\s?(?:{_UNITS})\b|\b\d{{1,3}}(?:,\d{{3}})+\b|\b\d+(?:\.\d+)?%|\b\d+\.\d+\b")
_QUOTED = re.compile(r"[“\"«]([^”\"«»“]{2,80})[”\"»]")
_WORD = re.compile(r"[^\W\d_][\w]*(?:[.'’\-–][\w]+)*\.?")
_CJK = re.compile(r"[\u2e80-\u9fff\uac00-\ud7af]")
_CJK_TITLE = re.compile(r"[《「『“]([^》」』”]{1,40})[》」』”]")
_CJK_BETWEEN = re.compile(
    "位于|毕业于|毕业|出生于|出生在|出生|成立于|属于|来自|作为|被称为|称为|称之为|曾就读于|就读于|任教于|建于|发行于|发源于|"
    "发源|流经|注入|发表|出版|获得|喜欢|原名|担任|创立|创作|建立|著名|叫|曾|是|在|的|和|与|及|了|于|由|被|把|为|从|到|"
    "有|也|都|就|而|并|或|之|其|他|她|它|这|那|以|对|等|着|过|说|は|が|を|に|の|で|と|も|から|まで|です|した|する|"
    "[，。、；：！？（）()\\s,.;:!?·]+"
)


_CJK_PRONOUN = re.compile("[他她它这该其]")
_TIME_OR_NUMBER = re.compile(rf"(?:{_DATE.pattern})|(?:{_NUMBER.pattern})")


class Mention(NamedTuple):
    """A name in a sentence, and where it stands."""

    start: int
    end: int
    text: str


def entities(text: str, title: str = "") -> list[str]:
    """Return the names of a text, each once, in the order in which they come; the title first."""
    title = title.strip()
    found = [title] if title else []
    for sentence in sentences(text):
        found += [mention.text for mention in mentions(sentence, title)]
    return list(dict.fromkeys(found))


def triples(text: str, title: str = "") -> list[tuple[str, str, str]]:
    """Return the facts of a text, each once, in order."""
    found: dict[tuple[str, str, str], None] = {}
    subject = title = title.strip()
    for sentence in sentences(text):
        facts, subject = _of_sentence(sentence, subject, title)
        found.update(dict.fromkeys(facts))
    return list(found)


def reply(field: str, title: str, text: str) -> str:
    """Return the reply to a request for `named_entities` or `triples`."""
    title = "" if title == "(none)" else title
    found: Sequence[object] = entities(text, title) if field == "named_entities" else triples(text, title)
    return json.dumps({field: found}, ensure_ascii=False)


def facts(text: str, most: int = 8) -> str:
    """Return the reply to a request for facts of a story and what they contradict; it finds no contradiction."""
    found = [dict(zip(("subject", "relation", "object"), one, strict=True)) for one in triples(text)][:most]
    return json.dumps({"contradictions": [], "facts": [{"kind": "object", **one} for one in found]}, ensure_ascii=False)


def mentions(sentence: str, title: str = "") -> list[Mention]:
    """Return the names in a sentence, in order, none inside another; the title is one wherever it stands."""
    found = [Mention(one.start(), one.end(), title) for one in re.finditer(re.escape(title), sentence, re.I) if title]
    if len(_CJK.findall(sentence)) * 2 > len(sentence):
        return _between(sentence, found)
    for some in (_quoted(sentence), _dates(sentence), _names(sentence), _numbers(sentence)):
        for one in some:
            if not any(one.start < other.end and other.start < one.end for other in found):
                found.append(one)
    return sorted(one for one in found if len(one.text) > 1)


def _of_sentence(sentence: str, before: str, title: str) -> tuple[list[tuple[str, str, str]], str]:
    """The facts of a sentence, and what the next one is about if it begins with a pronoun."""
    named = mentions(sentence, title)
    subject, start, at = _subject(sentence, named, before or title)
    facts: list[tuple[str, str, str]] = []
    if not subject:
        return [], before
    if what := _copula(sentence[at:]):
        facts.append((subject, *what))
    facts += [(subject, _relation(sentence[: one.start]) or "in", one.text) for one in named if one.end <= start]
    start, relation = at, ""
    for one in named:
        if one.start < at or one.text == subject:
            continue
        relation = _relation(sentence[at : one.start]) or relation or _some_relation(sentence)
        facts.append((subject, relation, one.text))
        at = one.end
    if not facts and (said := re.match(r"\W*(\w+)\s+((?:[\w'’-]+\s?){1,6})", sentence[start:])):
        facts.append((subject, said.group(1), said.group(2).strip()))
    for left, right in pairwise(named):  # two names next to each other, whatever the subject
        between = sentence[left.end : right.start]
        if left.text not in (subject, right.text) and re.fullmatch(r"\s*(?:,\s|in\s|of\s|at\s)\s*", between):
            facts.append((left.text, between.strip(" ,") or "in", right.text))
    return facts, subject if subject != title and named and named[0].text == subject else title or subject


def _subject(sentence: str, named: Sequence[Mention], before: str) -> tuple[str, int, int]:
    """What a sentence is about, where that stands, and where the rest begins.

    That is its first name, if nothing but a date, small words and one other stand before it; else what was before.
    """
    first = _WORD.search(sentence)
    if before and first and first.group().lower() in _PRONOUNS:
        return before, 0, first.end()
    lead = next((one for one in named if not _TIME_OR_NUMBER.fullmatch(one.text)), None)
    if lead is None:
        return (before, 0, 0) if before or not named else (named[0].text, named[0].start, named[0].end)
    ahead = _DATE.sub(" ", sentence[: lead.start])
    words = [word.lower() for word in re.findall(r"[^\W\d_]+", ahead)]
    others = sum(word not in _DROPPED_FIRST for word in words)
    if before and (others > 1 or _PRONOUNS.intersection(words) or _CJK_PRONOUN.search(ahead)):
        return before, 0, 0
    return lead.text, lead.start, lead.end


_IS = re.compile(r"^\W*(?:\([^)]*\)\W*)?(is|was|are|were|became)\s+(?:an?|the|one of the)\s+((?:[\w'’-]+\s?){1,6})")
_STOPS = re.compile(r"\b(?:of|in|from|by|for|at|on|that|which|who|with|and|near|to|located|published|directed)\b.*$")


def _copula(rest: str) -> tuple[str, str] | None:
    """What the subject is said to be."""
    found = _IS.match(rest)
    what = _STOPS.sub("", found.group(2)).strip() if found else ""
    return (found.group(1), what) if found and what else None


def _some_relation(sentence: str) -> str:
    """What to say of two names that nothing but signs stand between."""
    return "相关" if _CJK.search(sentence) else "связан с" if re.search("[а-яё]", sentence) else "is with"


def _relation(between: str) -> str:
    """The words between two names, without what hangs on commas, brackets and conjunctions, the last few of them."""
    kept = re.sub(r"\([^)]*\)|（[^）]*）|[\"“”«»()\[\]《》「」『』（）]", " ", between)
    part = re.split(r"[,;:—–，；：、。]|\band\b|\bи\b", kept)[-1].strip(" .")
    if not part:
        part = re.split(r"[;:—–；：]", kept)[-1].strip(" ,.，、。")
        part = "" if part in ("and", "or", "и", "") else part
    words = part.split()
    if len(words) > 1 and words[0].lower() in _PRONOUNS:
        words = words[1:]
    return _CJK_PRONOUN.sub("", " ".join(words[-_MOST_WORDS:]))


def _quoted(sentence: str) -> Iterator[Mention]:
    for one in _QUOTED.finditer(sentence):
        yield Mention(one.start(1), one.end(1), one.group(1).strip(" ,."))


def _dates(sentence: str) -> Iterator[Mention]:
    for one in _DATE.finditer(sentence):
        yield Mention(one.start(), one.end(), one.group())


def _numbers(sentence: str) -> Iterator[Mention]:
    for one in _NUMBER.finditer(sentence):
        yield Mention(one.start(), one.end(), one.group())


def _names(sentence: str) -> Iterator[Mention]:
    """Runs of capitalised words, with small joining words and numbers inside: `University of Oslo`, `Apollo 11`."""
    words = list(_WORD.finditer(sentence))
    at = 0
    while at < len(words):
        if not words[at].group()[0].isupper() or (at == 0 and words[at].group().lower() in _DROPPED_FIRST):
            at += 1
            continue
        end = at + 1
        while end < len(words) and _goes_on(sentence, words, end):
            end += 1
        if at == 0 and end == 1 and _NO_NAME_AT_FIRST.fullmatch(words[0].group()):
            at = end
            continue
        start, stop = words[at].start(), words[end - 1].end()
        number = re.match(r"\s+\d{1,3}\b(?!\s*(?:%|,\d))", sentence[stop:])
        stop += number.end() if number else 0
        yield Mention(start, stop, _trimmed(sentence[start:stop]))
        at = end


def _goes_on(sentence: str, words: Sequence[re.Match[str]], at: int) -> bool:
    """Whether the word at a place belongs to the name before it."""
    gap = sentence[words[at - 1].end() : words[at].start()]
    ended = words[at - 1].group().endswith(".") and len(words[at - 1].group()) > 4
    if gap.strip(" ") not in ("", "&") or len(gap) > 3 or ended:
        return False
    if words[at].group()[0].isupper():
        return True
    ahead = at + 1 if words[at].group() in _JOINING else len(words)
    if ahead >= len(words) or words[at].group() in ("and", "in", "on", "at", "for", "и"):
        return False
    near = sentence[words[at].end() : words[ahead].start()]
    return words[ahead].group()[0].isupper() and not re.search(r"[^\w\s]", near)


def _trimmed(name: str) -> str:
    name = re.sub(r"['’]s?$", "", name.strip(" ,"))
    return name if re.search(r"\b\w\.$|\b(?:Jr|Sr|Inc|Ltd|Co|St)\.$", name) else name.rstrip(".")


def _between(sentence: str, found: list[Mention]) -> list[Mention]:
    """What is found, and what stands between the words that every sentence has, in a script without capitals."""
    found = found + [Mention(one.start(1), one.end(1), one.group(1)) for one in _CJK_TITLE.finditer(sentence)]
    at = 0
    for gap in [*_CJK_BETWEEN.finditer(sentence), None]:
        end = gap.start() if gap else len(sentence)
        text = sentence[at:end].strip("《》「」『』“”\"' ")
        start = at
        at = gap.end() if gap else end
        inside = any(start < other.end and other.start < end for other in found)
        if 2 <= len(text) <= 12 and not inside:
            found.append(Mention(start, end, text))
    return sorted(found)
