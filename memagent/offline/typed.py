"""The answer that one statement has to a question, of the kind that is asked for, or nothing.

An age answers `how old` and a place `where`; a statement that has all words of the question and no such span answers
nothing. Whose it is counts too: what a boat is called is not what who asks is called, and what a sister's boss does is
not what the sister does. Spans are found in English; in other languages a statement that has all that is asked for is
said back whole, where it holds what an answer of its kind must hold.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from memagent.offline import sorts
from memagent.offline.asking import Asked, Wish
from memagent.offline.days import DATE, ELSE_DATE, MONTHS
from memagent.offline.naming import TITLED, named, of_another_thing, of_self, own_name
from memagent.offline.reader import terms
from memagent.offline.spans import Kind, span
from memagent.offline.topics import Topic

_PLACED = re.compile(
    r"\b(?P<lead>to|in|at|near|for|with|from|is|by|visit(?:ing|ed)?"
    r"|join(?:ed)?)\s+(?P<place>(?:the )?[^\W\d_a-zа-я][\w'’&.-]*"
    r"(?:\s+(?:(?:of|de|da|do|am|the)\s+)?[^\W\d_a-zа-я][\w'’&-]*)*)"
)
_LOW_PLACE = re.compile(
    r"\b(?:in|at|on|near|under|behind|inside|beside|to|from|outside)\s+(?:the |my |our |a )?[a-z]{3,}"
)
_LEADS = {"origin": "from in at is".split(), "work": "at for with joined join in by is".split()}
_AT = "to in at near visit visiting visited is".split()
_NO_PLACE = frozenset(
    f"{MONTHS} monday tuesday wednesday thursday friday saturday sunday spring summer autumn winter i".split()
)
_NUMBER_WORD = (
    "one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen"
    "|nineteen|(?:twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)"
    "(?:[ -](?:one|two|three|four|five|six|seven|eight|nine))?"
)
_YEARS = (
    rf"(?:now |already |just |only |about |almost )?(?P<n>\d{{1,3}}|{_NUMBER_WORD})\b(?:[ -](?P<unit>years?"
    rf"|months?|weeks?|days?))?(?:[ -]olds?)?(?=\W*$|[ ,]+(?:and|but|now|today|yesterday|last|in|on|this)\b|,)"
)
_MY_AGE = re.compile(
    rf"\b(?:i['’]m|i am|i (?:have )?(?:just |recently )?(?:turned|became)|i(?:['’]ve| have) (?:just )?turned) {_YEARS}",
    re.I,
)
_ITS_AGE = re.compile(
    rf"(?:\b(?:is|are|turned|turns|became|aged)|,) {_YEARS}|\b(?P<n2>\d{{1,3}}|{_NUMBER_WORD})[ -](?P<unit2>year"
    rf"|month|week)s?[ -]old",
    re.I,
)
_COUNTED = re.compile(
    rf"\b(?P<n>\d[\d.,]*|{_NUMBER_WORD}|hundreds?|thousands?|a dozen|no) (?P<what>(?:[a-z-]+ ){{0,2}}?[a-z-]+)\b", re.I
)
_OFTEN = re.compile(
    r"(?i)\b(?:every (?:other )?\w+|daily|weekly|monthly|yearly|(?:once|twice|\w+ times) (?:a|per|every) \w+)\b"
)
_MADE = re.compile(
    r"(?i)\b(?:wrote|written|painted|composed|directed|made|built|designed|sang|sings|created|invented)\b"
)
_BY = re.compile(rf"\bby (?:the )?({TITLED})")
_KIN = re.compile(
    r"(?i)\bmy \w*(?:mother|father|mum|mom|dad|sister|brother|wife|husband|son|daughter|aunt|uncle|cousin|friend"
    r"|boss|teacher"
    r"|partner|neighbou?r|grand\w+|niece|nephew|colleague|doctor)\b"
)
_COPULA = re.compile(r"(?i)\b(?:is|are|was|were|am|ist|sind|est|sont|es|son)\b|['’](?:s|re|m)\b|[:=—–]|是|это")
_HAVE_A = re.compile(r"(?i)\b(?:do|does|did) .*\bhave (?:(?:an?|any|my|the|some) )?(?:\w+ )??(?P<what>\w+)\W*$")
_HAVING = re.compile(
    r"(?i)\b(?:have|has|had|got|own(?:s|ed)?|bought|adopted|keep|kept|sold|lost|gave|given|threw|returned)\b|['’]ve\b"
)
_REASON = re.compile(
    r"(?i)\b(?:because|since|so that|in order to|owing to|due to|as i|weil|denn|parce que|porque|потому что)\b|因为"
)
_RELATIVE = re.compile(r",?\s+\b(?:who|whose|which)\b[^,.;]*")


def answer(asked: Asked, topic: Topic | None, text: str) -> str:
    """Return the span of a statement that answers a question, the statement itself where it does, or nothing."""
    if asked.wish in _FINDERS and not of_another_thing(asked, text):
        return _FINDERS[asked.wish](asked, topic, text)
    return ""


def _where(asked: Asked, topic: Topic | None, text: str) -> str:
    if not asked.english:
        return text if topic is not None and topic.wants == "place" else ""
    text = _RELATIVE.sub("", text)
    found = _place(asked.text, topic, text)
    if asked.noun in ("city", "town", "village", "country"):
        return (
            found if found and sorts.is_country(found) == (asked.noun == "country") else _low(asked, topic, text, found)
        )
    if found:
        return found
    name = span(Kind.WHERE, text, asked.text)
    return name or _low(asked, topic, text, "")


def _low(asked: Asked, topic: Topic | None, text: str, other: str) -> str:
    """The statement itself, where its place is written small, `on level 3`, or in another language."""
    if other or asked.noun == "country":
        return ""
    foreign = topic is not None and topic.wants == "place" and not text.isascii()
    low = _LOW_PLACE.search(text)
    return text if foreign or (low and not DATE.search(low.group())) else ""


def _place(question: str, topic: Topic | None, text: str) -> str:
    """The name behind the preposition that suits the question best: where somebody comes from, or where they are."""
    wanted = _LEADS.get(topic.name, _AT) if topic is not None else _AT
    found = [
        (wanted.index(each["lead"]), each.start(), each["place"].rstrip("."))
        for each in _PLACED.finditer(text)
        if each["lead"] in wanted and each["place"].lower().split()[0] not in _NO_PLACE
    ]
    asked = {word.lower() for word in re.findall(r"\w+", question)}
    fresh = [one for one in found if not {word.lower() for word in one[2].split()} <= asked]
    return min(fresh)[2] if fresh else ""


def _name(asked: Asked, topic: Topic | None, text: str) -> str:
    if of_self(asked.text):
        return own_name(text)
    return named(asked, text) if asked.english else text


def _who(asked: Asked, topic: Topic | None, text: str) -> str:
    if topic is not None and topic.wants == "place":
        return _place(asked.text, topic, text)
    if not asked.english:
        return text
    if _MADE.search(asked.text) and (made := _BY.search(text)):
        return made[1]
    if re.search(r"(?i)\bwho(?:['’]s| is| are| was| were) (?:my|our)\b", asked.text):
        return named(asked, text) or (text if topic is not None and topic.wants == "name" and _KIN.search(text) else "")
    if terms(asked.text) <= terms(text):
        return span(Kind.WHO, re.sub(r"^\W*I\b", "", text), asked.text) or (text if _KIN.search(text) else "")
    return ""


def _when(asked: Asked, topic: Topic | None, text: str) -> str:
    if not asked.english:
        return text if ELSE_DATE.search(text) or DATE.search(text) else ""
    for date in _dates(asked.text, text):
        if terms(date) <= terms(asked.text) and not re.search(r"\d", date):
            continue
        fits = {"year": r"\d{4}", "time": r"\d ?(?:am|pm|o['’]c)|\d:\d|noon|midnight"}.get(asked.noun, "")
        if re.search(fits, date, re.IGNORECASE):
            return date
    return text if not text.isascii() and ELSE_DATE.search(text) else ""


def _dates(question: str, text: str) -> list[str]:
    """The dates of a statement; first those beside the words of the question: `Japan in 2018 and Peru in 2019`."""
    names = terms(" ".join(re.findall(r"(?<!^)\b[A-Z]\w+", question)))
    parts = re.split(r",? and |[,;] ", text) if len(DATE.findall(text)) > 1 else [text]
    parts.sort(key=lambda part: -len(terms(part) & terms(question)) - len(terms(part) & names))
    dates = [found.group() for part in parts for found in DATE.finditer(part)]
    past = re.search(r"(?i)\b(?:did|was|were)\b", question)
    return [date for date in dates if not (past and re.match(rf"(?i)in (?:\d+|{_NUMBER_WORD}) [a-z]+$", date))]


def _age(asked: Asked, topic: Topic | None, text: str) -> str:
    if not asked.english:
        return text if re.search(r"\d|[一二三四五六七八九十]岁", text) and topic is not None else ""
    found = (_MY_AGE if of_self(asked.text) else _ITS_AGE).search(text)
    if found is None:
        return ""
    parts = found.groupdict()
    unit = (parts.get("unit") or parts.get("unit2") or "years").rstrip("s")
    number = parts["n"] or parts.get("n2") or ""
    return f"{number} {unit}{'' if number.lower() in ('1', 'one') else 's'}"


def _count(asked: Asked, topic: Topic | None, text: str) -> str:
    if not asked.english:
        return text if re.search(r"\d|[一二两三四五六七八九十]", text) else ""
    if re.search(r"(?i)\bhow often\b", asked.text):
        return found.group() if (found := _OFTEN.search(text)) else ""
    many = re.search(r"(?i)\bhow many ([\w-]+)", asked.text)
    if many is None:
        return span(Kind.COUNT, text, asked.text)
    for counted in _COUNTED.finditer(text):
        what = counted["what"].split()
        for end in range(1, len(what) + 1):
            if terms(what[end - 1]) & terms(many[1]) or sorts.of_sort(many[1], what[end - 1]):
                return f"{counted['n']} {' '.join(what[:end])}"
    rest = re.search(rf"\b(\d+|{_NUMBER_WORD}) (?:of them|in all)\b", text)
    return rest[1] if rest else ""


def _why(asked: Asked, topic: Topic | None, text: str) -> str:
    return span(Kind.WHY, text, asked.text) or (text if _REASON.search(text) else "")


def _thing(asked: Asked, topic: Topic | None, text: str) -> str:
    """The statement, where it has the noun that is asked for, something of that sort, or tells of a topic so called."""
    told = topic.told.search(text) if topic is not None and topic.words.search(asked.noun) else None
    bare = (
        told
        and topic
        and topic.name != "work"
        and re.match(r"\W+(?:to|at|in|out|with|on|by|from)\b", text[told.end() :])
    )
    bare_noun = rf"(?i:\b(?:the|an?|my|our|this|that) {re.escape(asked.noun)}\b)"
    only = rf"{bare_noun}(?! (?:is|are|was|were|of|called|named|number|\d|[A-Z]))"
    said = terms(asked.noun) <= terms(text) and not re.search(only, text)  # `the bus` does not say which
    return text if said or (told and not bare) or sorts.of_sort(asked.noun, text) else ""


def _what(asked: Asked, topic: Topic | None, text: str) -> str:
    being = re.search(r"(?i)\bwhat(?:['’]s| is| are| was| were) (?:my|our)\b", asked.text)
    return text if not being or topic is not None or _COPULA.search(text) else ""


def _whether(asked: Asked, topic: Topic | None, text: str) -> str:
    """The statement, where it has the verb of a question of being or having, and not only its nouns."""
    being = re.match(r"(?i)\W*(?:is|are|am|was|were)(?:n['’]t)?\s+(?:i|my|our|we|the)\b", asked.text)
    if being and not re.search(r"(?i)\b(?:is|are|am|was|were)\b|['’](?:s|m|re)\b|, an? ", text):
        return ""
    now = re.match(r"(?i)\W*(?:do|does|am|is|are|have|has)(?:n['’]t)?\b", asked.text)
    if now and re.search(r"(?i)\b(?:had|was|were)\b", text) and not re.search(r"(?i)\b(?:am|is|are|have|has)\b", text):
        return ""
    having = _HAVE_A.search(asked.text)
    if having and topic is None:
        own = rf"(?i)\b(?:my|our) (?:\w+ )?{re.escape(having['what'])}\b"
        return text if _HAVING.search(text) or re.search(own, text) else ""
    return text


def _choice(asked: Asked, topic: Topic | None, text: str) -> str:
    """The statement, unless it names both that are to choose from and puts neither first."""
    pair = re.search(r"(\w+) or (?:to |the |a |an )?(\w+)", asked.text)
    both = pair is not None and terms(" ".join(pair.groups())) <= terms(text)
    return text if not both or re.search(r"(?i)\b(?:to|than|rather|over|more|not|but|best)\b", text) else ""


_FINDERS: dict[Wish, Callable[[Asked, Topic | None, str], str]] = {
    Wish.WHERE: _where,
    Wish.NAME: _name,
    Wish.WHO: _who,
    Wish.WHEN: _when,
    Wish.AGE: _age,
    Wish.COUNT: _count,
    Wish.WHY: _why,
    Wish.THING: _thing,
    Wish.WHAT: _what,
    Wish.YES_NO: _whether,
    Wish.CHOICE: _choice,
}
