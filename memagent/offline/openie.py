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
    "both some many most all each other another one two three we you i our your my is was are were has had "
    "в на по из от до за о об и а но он она оно они его её ее их это этот эта эти тот та те как что когда где кто "
    "если".split()
)
_PRONOUNS = frozenset(
    "he she it they his her its their this these that there him them он она оно они его её ее их это этот эта".split()
)
_MONTHS = (
    "January|February|March|April|May|June|July|August|September|October|November|December|"
    "января|февраля|марта|апреля|мая|июня|июля|августа|сентября|октября|ноября|декабря"
)
_DATE = re.compile(
    rf"\b(?:(?:\d{{1,2}}\s+)?(?:{_MONTHS})\s+(?:\d{{1,2}},?\s+)?\d{{4}}|"
    rf"(?:{_MONTHS})\s+\d{{1,2}}(?:,\s+\d{{4}})?|\d{{4}})\b"
)
_NUMBER = re.compile(
    r"\b\d[\d,.]*\d(?:\s+(?:million|billion|thousand|percent|metres|meters|km|miles|feet|people))?\b|\b\d+%"
)
_QUOTED = re.compile(r"[“\"«]([^”\"«»“]{2,80})[”\"»]")
_WORD = re.compile(r"[^\W\d_][\w]*(?:[.'’\-–][\w]+)*\.?")
_CJK = re.compile(r"[\u2e80-\u9fff\uac00-\ud7af]")
_CJK_TITLE = re.compile(r"[《「『“]([^》」』”]{1,40})[》」』”]")
_CJK_BETWEEN = re.compile(
    "位于|毕业于|出生于|出生在|出生|成立于|属于|来自|作为|称为|称之为|就读于|任教于|建于|发行于|担任|创立|是|在|的|和|与|及|了|于|由|被|把|为|从|到|"
    "有|也|都|就|而|并|或|之|其|他|她|它|这|那|以|对|等|着|过|说|は|が|を|に|の|で|と|も|から|まで|です|した|する|"
    "[，。、；：！？（）()\\s,.;:!?·]+"
)


class Mention(NamedTuple):
    """A name in a sentence, and where it stands."""

    start: int
    end: int
    text: str


def entities(text: str, title: str = "") -> list[str]:
    """Return the names of a text, each once, in the order in which they come; the title first."""
    found = [title] if title else []
    for sentence in sentences(text):
        found += [mention.text for mention in mentions(sentence, title)]
    return list(dict.fromkeys(found))


def triples(text: str, title: str = "") -> list[tuple[str, str, str]]:
    """Return the facts of a text, each once, in order."""
    found: dict[tuple[str, str, str], None] = {}
    subject = title
    for sentence in sentences(text):
        facts, subject = _of_sentence(sentence, subject, title)
        found.update(dict.fromkeys(facts))
    return list(found)


def reply(field: str, title: str, text: str) -> str:
    """Return the reply to a request for `named_entities` or `triples`."""
    title = "" if title == "(none)" else title
    found: Sequence[object] = entities(text, title) if field == "named_entities" else triples(text, title)
    return json.dumps({field: found}, ensure_ascii=False)


def mentions(sentence: str, title: str = "") -> list[Mention]:
    """Return the names in a sentence, in order, none inside another; the title is one wherever it stands."""
    found = [Mention(one.start(), one.end(), title) for one in re.finditer(re.escape(title), sentence, re.I) if title]
    if len(_CJK.findall(sentence)) * 2 > len(sentence):
        return _between(sentence, found)
    for some in (_quoted(sentence), _dates(sentence), _names(sentence), _numbers(sentence)):
        for one in some:
            if not any(one.start < other.end and other.start < one.end for other in found):
                found.append(one)
    return sorted(one for one in found if one.text)


def _of_sentence(sentence: str, before: str, title: str) -> tuple[list[tuple[str, str, str]], str]:
    """The facts of a sentence, and what the next one is about if it begins with a pronoun."""
    named = mentions(sentence, title)
    subject, at = _subject(sentence, named, before or title)
    start = at
    facts: list[tuple[str, str, str]] = []
    if not subject:
        return [], before
    if what := _copula(sentence[at:]):
        facts.append((subject, *what))
    relation = ""
    for one in named:
        if one.start < at or one.text == subject:
            continue
        relation = _relation(sentence[at : one.start]) or relation or "is with"
        facts.append((subject, relation, one.text))
        at = one.end
    if not facts and (said := re.match(r"\W*(\w+)\s+((?:[\w'’-]+\s?){1,6})", sentence[start:])):
        facts.append((subject, said.group(1), said.group(2).strip()))
    for left, right in pairwise(named):  # two names next to each other, whatever the subject
        between = sentence[left.end : right.start]
        if left.text not in (subject, right.text) and re.fullmatch(r"\s*(?:,\s|in\s|of\s|at\s)\s*", between):
            facts.append((left.text, between.strip(" ,") or "in", right.text))
    return facts, subject if subject != title and named and named[0].text == subject else title or subject


def _subject(sentence: str, named: Sequence[Mention], before: str) -> tuple[str, int]:
    """What a sentence is about, and where the rest begins: its first name if that comes early, else what was before."""
    first = _WORD.search(sentence)
    opening = first.group().lower() if first else ""
    if before and (opening in _PRONOUNS or not named):
        return before, first.end() if first and opening in _PRONOUNS else 0
    if not named:
        return "", 0
    lead = named[0]
    if before and (lead.start > 40 or _DATE.fullmatch(lead.text) or _NUMBER.fullmatch(lead.text)):
        return before, 0
    return lead.text, lead.end


_IS = re.compile(r"^\W*(?:\([^)]*\)\W*)?(is|was|are|were|became)\s+(?:an?|the|one of the)\s+((?:[\w'’-]+\s?){1,6})")
_STOPS = re.compile(r"\b(?:of|in|from|by|for|at|on|that|which|who|with|and|near|to|located|published|directed)\b.*$")


def _copula(rest: str) -> tuple[str, str] | None:
    """What the subject is said to be."""
    found = _IS.match(rest)
    what = _STOPS.sub("", found.group(2)).strip() if found else ""
    return (found.group(1), what) if found and what else None


def _relation(between: str) -> str:
    """The words between two names, without what hangs on commas, brackets and conjunctions, the last few of them."""
    kept = re.sub(r"\([^)]*\)|[\"“”«»()\[\]]", " ", between)
    part = re.split(r"[,;:—–]|\band\b|\bи\b", kept)[-1].strip(" .")
    if not part:
        part = re.split(r"[;:—–]", kept)[-1].strip(" ,.")
        part = "" if part in ("and", "or", "и", "") else part
    return " ".join(part.split()[-_MOST_WORDS:])


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
