"""Whom "she" and "his" mean, for English narration, where it can be only one.

A pronoun is read as the last named person when that is the only one of fitting gender whom the paragraph has named
before it, or the sentence, if it begins with a name; and when no "woman", "stranger" or "brother" stands there whom it
may mean as well ("somebody" and "the dog" may not, where the named one comes behind them).

Whether somebody is a she or a he is told by a title or a word of kin, by how the story has spoken of
them so far, and by a list of given names; of whom it is not known, no pronoun is read.
"""

from __future__ import annotations

import re
from collections import defaultdict
from functools import lru_cache

from memagent.story.given_names import GIVEN, MAN, WOMAN
from memagent.story.reading_rules import KIN, NAME
from memagent.story.wording import narration, sentences

Known = tuple[tuple[str, str], ...]
"""First names and `she` or `he`."""

_GENDER = {"she": WOMAN, "her": WOMAN, "hers": WOMAN, "he": MAN, "his": MAN}
_PRONOUN = re.compile(r"\b(?:[Ss]he|[Hh]e|[Hh]er|[Hh]is)\b(?!['’])")
_OBJECT = re.compile(
    r"her\b(?=\s*(?:[.,;:!?)—–]|$|\s(?:and|or|but|to|in|on|at|with|from|for|as|that|the|a|an|by|so|when|while|of|up|down|"
    r"out|off|back|over|again|there|away|into|through|if|then|before|after)\b))"
)
_FEMALE = (
    "woman girl lady mother sister daughter wife aunt niece widow maid queen grandmother granddaughter nurse nun bride "
    "princess actress landlady lass stepmother mistress"
)
_MALE = (
    "man boy gentleman father brother son husband uncle nephew widower king grandfather grandson priest groom prince "
    "fellow landlord lad stepfather monk sailor soldier postman policeman fisherman parson vicar lord"
)
_EITHER = (
    "stranger child doctor captain teacher servant friend cousin guest baby infant twin driver clerk porter neighbour "
    "neighbor cook visitor patient prisoner student pupil somebody someone figure creature person officer sergeant "
    "mate minister dog cat horse mare chairman manager lawyer youth other"
)
_PEOPLE = {word: WOMAN for word in _FEMALE.split()} | {word: MAN for word in _MALE.split()}
_PEOPLE |= dict.fromkeys(_EITHER.split(), "")
_PERSON = re.compile(rf"\b(?:{'|'.join(_PEOPLE)}|Somebody|Someone)\b")
_OWN_KIN = re.compile(rf"\s+({'|'.join(KIN)})\b")
_PASSING = frozenset("somebody someone dog cat horse mare creature".split())
"""Who may be meant only where nobody with a name has come since."""
_TITLES = {"Mrs": WOMAN, "Miss": WOMAN, "Ms": WOMAN, "Lady": WOMAN, "Aunt": WOMAN, "Sister": WOMAN, "Mother": WOMAN,
           "Mr": MAN, "Lord": MAN, "Sir": MAN, "Uncle": MAN, "Brother": MAN, "Father": MAN}  # fmt: skip
_NAMED = re.compile(rf"(?:\b(?P<before>in|from|at|near|the|of|on|through|across)\s+)?(?P<name>{NAME})(?P<own>['’]s)?")
_PLACES = re.compile(
    r"\b(?:Street|Lane|Road|Row|Island|House|Hill|Hall|Square|Bridge|River|Bay|Point|Hotel|Inn|Church|Wynd)\b"
)
_KIN_NAME = re.compile(rf"\b(?P<kin>{'|'.join([*_FEMALE.split(), *_MALE.split()])}),?\s+(?P<x>{NAME})")
_IN_APPOSITION = re.compile(rf"({NAME}),\s+(?:the|an?)\s+[^,.;]{{1,40}},")
ENOUGH = 2
"""So many sentences have to speak of somebody as "she" for that to hold of a name that is in no list."""


class Genders:
    """Who is a she and who a he, as far as a story has told; `take` goes on by a paragraph."""

    def __init__(self) -> None:
        self._told: dict[str, list[int]] = defaultdict(lambda: [0, 0])

    def trial(self) -> Genders:
        """Return one that knows the same and can be gone on with."""
        other = Genders()
        other._told.update({name: list(counts) for name, counts in self._told.items()})
        return other

    def take(self, paragraph: str) -> None:
        """Count how the paragraph speaks of those it names."""
        for name, gender in _spoken_of(paragraph):
            self._told[name][gender == MAN] += 1

    def of(self, paragraph: str) -> Known:
        """Return those of the people named in a paragraph of whom it is known."""
        found = {}
        for name in dict.fromkeys(_first(named) for named in re.findall(NAME, paragraph)):
            women, men = self._told[name] if name in self._told else (0, 0)
            if women + men >= ENOUGH and max(women, men) >= 4 * min(women, men):
                found[name] = WOMAN if women > men else MAN
            elif name in GIVEN and (women, men)[GIVEN[name] == WOMAN] <= (women, men)[GIVEN[name] == MAN]:
                found[name] = GIVEN[name]
        return tuple(found.items())


def resolved(sentence: str, before: str, known: Known) -> str:
    """Return a sentence with the name in place of "she" and "his" where they can mean only one.

    Args:
        sentence: of narration.
        before: the paragraph before it.
        known: who is a she and who a he.
    """
    if not _PRONOUN.search(sentence):
        return sentence
    genders = dict(known) | _by_words(before + sentence)
    begins = _NAMED.match(sentence)
    own = begins is not None and begins.start("name") == 0 and not begins["own"] and not _PLACES.search(begins["name"])
    parts: list[str] = []
    end, subject, subject_end = 0, ("", ""), 0
    for found in _PRONOUN.finditer(sentence):
        word = found.group().lower()
        if (word == "her" and _OBJECT.match(sentence, found.start())) or sentence[found.end() : found.end() + 1] == "-":
            continue
        gender, told = _GENDER[word], sentence[: found.start()]
        if subject[1] == gender and not _people(told[subject_end:], gender, genders):
            who = subject[0]
        else:
            own_kin = kin[1] if word in ("her", "his") and (kin := _OWN_KIN.match(sentence, found.end())) else ""
            who = _only(told if own else before + told, gender, genders, own_kin)
        if not who:
            continue
        if not subject[0] and found.start() == 0:
            subject, subject_end = (who, gender), found.end()
        parts += [sentence[end : found.start()], who + "'s" * (word in ("her", "his"))]
        end = found.end()
    return "".join([*parts, sentence[end:]])


def _only(text: str, gender: str, genders: dict[str, str], kin: str) -> str:
    """Return the one of that gender whom a text names; nobody where there may be another.

    `kin` is what the pronoun stands before: whose mother it is, the mother is not.
    """
    people = _people(text, gender, genders)
    (only,) = people if len(people) == 1 else ("",)
    if genders.get(only) != gender:
        return ""
    plain = _KIN_NAME.sub(r"\g<x>", _IN_APPOSITION.sub(r"\1 ", text))
    newest = plain.rfind(people[only])
    for found in _PERSON.finditer(plain):
        word = found[0].lower()
        passing = word == kin or (word in _PASSING and found.start() < newest)
        if not passing and _PEOPLE[word] in ("", gender):
            return ""
    return people[only]


def _people(text: str, gender: str, genders: dict[str, str]) -> dict[str, str]:
    """Return those named in a text who may be of that gender, by their first names; places are left out."""
    people: dict[str, str] = {}
    for found in _NAMED.finditer(text):
        name, first = found["name"], _first(found["name"])
        place = _PLACES.search(name) or (found["before"] and first not in genders)
        if not place and genders.get(first, gender) == gender:
            people.setdefault(first, name)
    return people


def _first(name: str) -> str:
    """By what somebody is known: the first name, or the last where a title stands before it."""
    parts = name.split()
    return parts[-1] if parts[0].rstrip(".") in _TITLES else parts[0]


@lru_cache(maxsize=4096)
def _by_words(text: str) -> dict[str, str]:
    """Who is a she or a he by a title or a word of kin: "Mrs Finch", "her brother Tobias", "Tobias, her brother"."""
    found = {_first(one["x"]): _PEOPLE[one["kin"]] for one in _KIN_NAME.finditer(text)}
    for named in re.findall(NAME, text):
        title = named.split()[0].rstrip(".")
        if title in _TITLES:
            found[_first(named)] = _TITLES[title]
    return found


@lru_cache(maxsize=4096)
def _spoken_of(paragraph: str) -> tuple[tuple[str, str], ...]:
    """Yield a name and a gender for each sentence that begins with a name and goes on with a pronoun of its own."""
    told = []
    alone = ""
    for _, sentence in sentences(narration(paragraph)):
        opening = re.match(r"(She|He|Her|His)\b(?!['’])", sentence)
        if alone and opening:
            told.append((alone, _GENDER[opening[1].lower()]))
        begins = _NAMED.match(sentence)
        named = {_first(one) for one in re.findall(NAME, sentence)}
        alone = ""
        if (
            begins
            and begins.start("name") == 0
            and not begins["own"]
            and len(named) == 1
            and not _PERSON.search(sentence)
        ):
            (alone,) = named
            own = re.search(
                r"\b(himself|herself)\b|,?\s+and\s+(she|he)\b|\b(?:from|in|into|on|out of)\s+(her|his)\s+\w", sentence
            )
            if own:
                word = next(filter(None, own.groups()))
                told.append((alone, MAN if word in ("himself", "he", "his") else WOMAN))
    return tuple(told)
