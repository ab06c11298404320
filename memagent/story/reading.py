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
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from memagent.story.english import NOT_SO, OTHER_TIME, UNREAL, number
from memagent.story.manuscript import Manuscript, Place
from memagent.story.pronouns import Genders, Known, resolved
from memagent.story.reading_plain import handed_on, read_plain
from memagent.story.reading_rules import (
    BACK,
    CHANGED,
    DISGUISE,
    GRANTED,
    LOOKS,
    MARRIED,
    NAME,
    ONLY_ONE,
    STATED,
    VAGUE,
    WEEPING,
    WORTH_READING,
    YEARS_LATER,
    YOUNG,
    Rules,
)
from memagent.story.times import back_then
from memagent.story.wording import narration, sentences

YOUNGEST = 3
"""Ages below this are read as numbers of something else."""
DEAD, GONE, VOID = "dead", "gone", ""
"""Values of `state`; and the value of a change that does not say what it led to."""
YEARS = "years"
"""The name of an attribute that says that years go by: hair may be otherwise from here on."""


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


Reads = Callable[[str, Place, Known], Iterable[Attribute]]
"""Reads a paragraph, as `read` does."""
_HAD = re.compile(r"\bhad\b|['’]d\b")


def attributes(manuscript: Manuscript, reads: Reads | None = None) -> list[Attribute]:
    """Return all that the rules read, in the order of the book. Nothing is judged: two of them may contradict.

    `reads` is what does as `read` does, and may know from before what it does; see `read_before`.
    """
    reads = reads or read
    found: list[Attribute] = []
    known: set[tuple[str, str]] = set()
    genders = Genders()
    for place, text in manuscript.paragraphs:
        genders.take(text)
        found += sayable(reads(text, place, genders.of(text)), known)
    return found


def sayable(facts: Iterable[Attribute], said: set[tuple[str, str]]) -> Iterator[Attribute]:
    """Yield what can be said: what was never said, as `said` knows and is told, cannot become another."""
    for fact in facts:
        key = fact.subject.split()[0], fact.name
        if fact.value != VOID or key in said or fact.name == YEARS:
            said.add(key)
            yield fact


def read(paragraph: str, place: Place, known: Known = ()) -> list[Attribute]:
    """Return what the rules read in one paragraph.

    Args:
        paragraph: its text.
        place: where it stands.
        known: who of those it names is a she and who a he; see `pronouns.Genders`.
    """
    found: list[Attribute] = []
    told, young = narration(paragraph), False
    disguise = DISGUISE.search(told) is not None
    for start, written in sentences(told):
        sentence = resolved(written, told[:start], known)
        ones = _sentence(sentence, place) if WORTH_READING.search(sentence) else []
        ones += [Attribute(x, name, value, place, "", change) for x, name, value, change in read_plain(sentence)]
        ones += [Attribute(x, name, value, place, "", change) for x, name, value, change in handed_on(sentence)]
        if YEARS_LATER.search(sentence) and not NOT_SO.search(sentence):
            ones.insert(0, Attribute(YEARS, YEARS, VOID, place, "", True))
        if ones:
            quote = " ".join(paragraph[start : start + len(written)].split())
            found += (
                replace(fact, quote=quote)
                for fact in ones
                if not (_of_itself(fact) or (young and fact.name == "age") or (disguise and _worn(fact)))
            )
        young = young or YOUNG.search(sentence) is not None
    return list(dict.fromkeys(found))


def _worn(fact: Attribute) -> bool:
    return fact.name in ("eyes", "hair", "beard", "moustache", "mustache") and not fact.change


def _of_itself(fact: Attribute) -> bool:
    """A pronoun that was read wrongly makes somebody their own sister."""
    return fact.name == f"kin of {fact.subject}" or (fact.name in ONLY_ONE and fact.value == fact.subject)


def _sentence(sentence: str, place: Place) -> list[Attribute]:
    changes = list(_facts(CHANGED, sentence, place, change=True))
    if NOT_SO.search(sentence):
        granted = [] if UNREAL.search(sentence) else _facts(GRANTED, sentence, place)
        return [fact for fact in granted if _certain(fact, sentence)] + [replace(fact, value=VOID) for fact in changes]
    done = {(fact.subject, fact.name) for fact in changes}
    stated = list(_facts(STATED, sentence, place))
    plain = [fact for fact in stated if (fact.subject, fact.name) not in done and _certain(fact, sentence)]
    return plain + changes + _vague(sentence, place, done)


def _certain(fact: Attribute, sentence: str) -> bool:
    """Marriages are of their time, and red eyes of the hour: such a sentence does not say them."""
    if fact.name == "eyes" and fact.value in WEEPING:
        return False
    return fact.name not in ONLY_ONE or not MARRIED.search(sentence)


def _facts(rules: Rules, sentence: str, place: Place, *, change: bool = False) -> Iterator[Attribute]:
    for kind, rule in rules:
        for found in rule.finditer(sentence):
            groups = found.groupdict()
            subject, value = _plain(groups["x"]), _plain(groups.get("v") or "").lower()
            if kind == "kin":
                yield from _kin(subject, value, _plain(groups["y"]), place)
            elif kind == "age":
                if number(value) >= YOUNGEST and not _of_another_time(sentence[: found.end()]):
                    yield Attribute(subject, "age", str(number(value)), place, "")
            elif kind in (DEAD, GONE):
                yield Attribute(subject, "state", kind, place, "")
            else:
                name = groups.get("of") or ("colour" if kind == "thing" else kind)
                yield Attribute(subject, name, value, place, "", change)


def _of_another_time(words: str) -> bool:
    return back_then(words) or OTHER_TIME.search(_HAD.sub("", words)) is not None


def _plain(words: str) -> str:
    return " ".join(words.split())


def _kin(subject: str, relation: str, other: str, place: Place) -> Iterator[Attribute]:
    yield Attribute(subject, f"kin of {other}", relation, place, "")
    if relation in ("brother", "sister"):
        yield Attribute(other, f"any {relation}", "yes", place, "")
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
