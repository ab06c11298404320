"""What a story says of its people and things, read by rule: who has green eyes, who is whose brother, who is dead.

English narration alone is read, never what people say: they may lie. A sentence that may say what is not so ("as if",
"perhaps", "not", "thought", "dreamt") is passed over. Read are, for somebody X and Y with a name, and Z with one too:

- looks: "X's eyes were green", "X's green eyes", "green-eyed X", "X had green eyes", "the green eyes of X", "the green
  of X's eyes", "X's eyes, green as glass,", "X, whose eyes were green", "in her red coat X"; hair, boat and more;
- age: "X was 34 years old", "X was thirty-four.", "X, thirty-four, ...", "34-year-old X", "X turned 34";
- kin: "X was the brother of Y", "X was Y's brother", "Y's brother X", "X, Y's brother, ...", "X, who was brother to
  Y"; father, mother, husband and wife also as the one that Y has;
- things: "the Z was white", "the white boat Z", "the Z showed her white hull";
- ends: "X died", "X was dead", "X drowned"; "the Z sank", "X's boat burned", "the letter was burnt to ashes", "X threw
  the Z into the sea", "X burned the Z";
- changes, after which the new value holds: "X dyed her hair black", "X's hair had gone white", "Z was painted red", "X
  painted the Z red", "the Z was raised", "Y found the Z again".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from memagent.story.english import NOT_SO, OTHER_TIME, number
from memagent.story.manuscript import Manuscript, Place
from memagent.story.reading_rules import (
    BACK,
    CHANGED,
    LOOKS,
    MARRIED,
    NAME,
    ONLY_ONE,
    STATED,
    VAGUE,
    WORTH_READING,
    Rules,
)
from memagent.story.wording import narration, sentences

YOUNGEST = 3
"""Ages below this are read as numbers of something else."""
DEAD, GONE, VOID = "dead", "gone", ""
"""Values of `state`; and the value of a change that does not say what it led to."""


@dataclass(frozen=True, slots=True)
class Attribute:
    """One thing that the story says of somebody or something.

    Attributes:
        subject: as it is named there.
        name: `eyes`, `hair`, `coat` ..., `colour`, `age`, `father`, `mother`, `husband`, `wife`, `kin of Y`, `state`.
        value: a colour, a number, a name, a relation, `dead` or `gone`. Empty: something else from here on, not said
            what.
        place: where it is said.
        quote: the sentence that says it.
        change: whether it holds from here on, whatever held before.
    """

    subject: str
    name: str
    value: str
    place: Place
    quote: str
    change: bool = False


def attributes(manuscript: Manuscript) -> list[Attribute]:
    """Return all that the rules read, in the order of the book. Nothing is judged: two of them may contradict."""
    found: list[Attribute] = []
    known: set[tuple[str, str]] = set()
    for place, text in manuscript.paragraphs:
        for fact in read(text, place):
            key = fact.subject.split()[0], fact.name
            if fact.value != VOID or key in known:  # what was never said cannot become another
                known.add(key)
                found.append(fact)
    return found


def read(paragraph: str, place: Place) -> list[Attribute]:
    """Return what the rules read in one paragraph."""
    found: list[Attribute] = []
    for start, sentence in sentences(narration(paragraph)):
        if not WORTH_READING.search(sentence):
            continue
        quote = " ".join(paragraph[start : start + len(sentence)].split())
        found += (replace(fact, quote=quote) for fact in _sentence(sentence, place))
    return list(dict.fromkeys(found))


def _sentence(sentence: str, place: Place) -> list[Attribute]:
    changes = list(_facts(CHANGED, sentence, place, change=True))
    if NOT_SO.search(sentence):
        return [replace(fact, value=VOID) for fact in changes]
    done = {(fact.subject, fact.name) for fact in changes}
    stated = _facts(STATED, sentence, place)
    plain = [fact for fact in stated if (fact.subject, fact.name) not in done and _certain(fact, sentence)]
    return plain + changes + _vague(sentence, place, done)


def _certain(fact: Attribute, sentence: str) -> bool:
    """Ages, and marriages, are of their time: a sentence that may speak of another one does not say them."""
    if fact.name == "age":
        return not OTHER_TIME.search(sentence)
    return fact.name not in ONLY_ONE or not MARRIED.search(sentence)


def _facts(rules: Rules, sentence: str, place: Place, *, change: bool = False) -> Iterator[Attribute]:
    for kind, rule in rules:
        for found in rule.finditer(sentence):
            groups = found.groupdict()
            subject, value = _plain(groups["x"]), _plain(groups.get("v") or "").lower()
            if kind == "kin":
                yield from _kin(subject, value, _plain(groups["y"]), place)
            elif kind == "age":
                if number(value) >= YOUNGEST:
                    yield Attribute(subject, "age", str(number(value)), place, "")
            elif kind in (DEAD, GONE):
                yield Attribute(subject, "state", kind, place, "")
            else:
                name = groups.get("of") or ("colour" if kind == "thing" else kind)
                yield Attribute(subject, name, value, place, "", change)


def _plain(words: str) -> str:
    return " ".join(words.split())


def _kin(subject: str, relation: str, other: str, place: Place) -> Iterator[Attribute]:
    yield Attribute(subject, f"kin of {other}", relation, place, "")
    if relation in ONLY_ONE:
        yield Attribute(other, relation, subject, place, "")


def _vague(sentence: str, place: Place, done: set[tuple[str, str]]) -> list[Attribute]:
    """Changes that name nobody, "she dyed it": all named in the sentence may look otherwise from here on."""
    named = list(dict.fromkeys(re.findall(NAME, sentence)))
    found: list[Attribute] = []
    if VAGUE.search(sentence):
        looks = [*re.findall(rf"\b(?:{LOOKS})\b", sentence), "colour"]
        found += (Attribute(name, look, VOID, place, "", True) for name in named for look in looks)
    if BACK.search(sentence):
        things = re.findall(r"\b(?i:the|another|an?|new|second|spare|her|his|their)\s+([a-z]+)\b", sentence)
        things += re.findall(r"\b(?i:the|her|his|their)\s+([a-z]+\s+[a-z]+)\b", sentence)
        found += (Attribute(name, "state", VOID, place, "", True) for name in [*named, *things])
    return [fact for fact in found if (fact.subject, fact.name) not in done]
