"""What a manuscript has told so far, folded paragraph by paragraph: who is how, what is where, what was promised.

It is a function of the manuscript, of what a model read in its paragraphs, and of what the author said is meant; so
whatever keeps it can be rebuilt. What contradicts it is told and does not become a part of it, unless it is meant: the
first value holds, until the story tells of a change.
"""

from __future__ import annotations

import re
from collections import ChainMap
from collections.abc import Collection, Iterable, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from memagent.methods.recurrent_facts import Told
from memagent.story.check_canon import Canon, moment, triples
from memagent.story.finding import Finding, becomes_canon, digest_of, unwaived
from memagent.story.manuscript import Place
from memagent.story.noting import KIND, ONE_AT_A_TIME, STORY, TIMES
from memagent.story.noting_people import Noted
from memagent.story.pronouns import Genders
from memagent.story.read_before import ByRule
from memagent.story.reading import VOID, YEARS, Attribute
from memagent.story.reading_plain import COMPARED
from memagent.story.reading_rules import LOOKS, ONLY_ONE
from memagent.story.wording import words
from memagent.types import Triple

FUNCTIONAL = frozenset(
    [*LOOKS.replace("sails?", "sail|sails").split("|"), "colour", "age", "is", *ONLY_ONE, *ONE_AT_A_TIME]
)
"""Relations of which a subject has one value at a time: a newer one ends the older."""
SHOWN = 40
"""Facts that a model is shown at most, of those that a paragraph may contradict."""
_OF_ONE = 8  # facts of one subject among them
_Kept = tuple[Attribute, Attribute | None]
_ARTICLE = re.compile(r"^(?:the|an?)\s+(?=\S)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Doubt:
    """What a model holds for a contradiction: the fact, the digest of the paragraph that tells it, the words, why."""

    fact: tuple[str, str, str]
    told: str
    quote: str
    why: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What a model read in one paragraph. It belongs to the text, and holds wherever that text stands."""

    facts: tuple[Told, ...] = ()
    doubts: tuple[Doubt, ...] = ()

    def to_json(self) -> dict[str, list[list[str]]]:
        """Return it as the log keeps it."""
        return {
            "facts": [[one.kind, one.subject, one.relation, one.object] for one in self.facts],
            "doubts": [[*one.fact, one.told, one.quote, one.why] for one in self.doubts],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Sequence[Sequence[str]]]) -> Reading:
        """Read it back."""
        facts = tuple(Told(*one) for one in data["facts"])
        doubts = tuple(Doubt((one[0], one[1], one[2]), *one[3:]) for one in data["doubts"])
        return cls(facts, doubts)


@dataclass(frozen=True, slots=True)
class Entry:
    """A fact that holds, where it was told last, and the digest of that paragraph."""

    triple: Triple
    place: Place
    digest: str

    @property
    def line(self) -> str:
        """The fact and its place, as a model is shown it."""
        return f"{self.triple.subject} | {self.triple.relation} | {self.triple.object} ({self.place})"


class Known:
    """The fold. `take` goes on by a paragraph; `judge` looks at some that may come next and changes nothing.

    Args:
        waived: contradictions that are meant; see `Finding.waiver`. What they say becomes canon only if they say so.
        rules: what reads the paragraphs.
    """

    def __init__(self, waived: Collection[tuple[str, ...]] = (), rules: ByRule | None = None) -> None:
        self.waived = frozenset(waived)
        self._rules = rules or ByRule()
        self.told: dict[str, tuple[Triple, ...]] = {}
        self.count = 0
        self._canon = Canon(self.waived)
        self._said: MutableMapping[tuple[str, str], None] = {}
        self._genders = Genders()
        self._names = _Names()
        self._where: dict[str, Place] = {}
        self._facts: dict[str, dict[tuple[str, str], Entry]] = {}  # by the key of the subject
        self._begin: dict[str, dict[str, None]] = {}  # keys of subjects by the first word of each

    def take(self, text: str, place: Place, reading: Reading | None = None) -> tuple[Triple, ...]:
        """Take up the next paragraph, and return the triples that it adds; `told` has them by its place.

        They hold from `moment(place)`, and their source is the place as it is written. `reading` is a model's, if it
        has read the paragraph.
        """
        attributes, findings = self._judged(self._canon, self._said, self._genders, text, place)
        found = [self._triple(fact, before) for fact, before in attributes if not fact.name.startswith(COMPARED)]
        found += [self._noted(one) for one in self._rules.noted(text, self._genders.of(text))]
        if reading is not None:
            doubts = self._doubts(text, place, reading)
            doubted = {doubt.fact[:2] for doubt, one in doubts if not becomes_canon(one, self.waived)}
            held = [finding for finding in findings if not becomes_canon(finding, self.waived)]
            wrong = {self._about(finding) for finding in held} | {tuple(map(_key, pair)) for pair in doubted}
            read_ones = [self._noted((one.subject, one.relation, one.object)) for one in reading.facts]
            found += [one for one in read_ones if (_key(one.subject), _key(one.relation)) not in wrong]
        kept: dict[tuple[str, str, str], Triple] = {}
        for one in found:
            name = (_key(one.subject), _key(one.relation), _key(one.object))
            if all(name):
                kept.setdefault(name, replace(one, source=str(place), at=moment(place)))
        digest = digest_of(text)
        for triple in kept.values():
            self._keep(Entry(triple, place, digest))
        self._where.setdefault(digest, place)
        self.count += 1
        if kept:
            self.told[str(place)] = tuple(kept.values())
        return tuple(kept.values())

    def judge(
        self, paragraphs: Iterable[tuple[Place, str]], readings: Mapping[str, Reading] | None = None
    ) -> list[Finding]:
        """Return what paragraphs would contradict if they came next, and each other; what is waived is left out."""
        canon, said, found = self._canon.trial(), ChainMap({}, self._said), []
        genders = self._genders.trial()
        for place, text in paragraphs:
            found += unwaived(self._judged(canon, said, genders, text, place)[1], self.waived)
            if reading := (readings or {}).get(digest_of(text)):
                found += unwaived((finding for _, finding in self._doubts(text, place, reading)), self.waived)
        return list({finding.waiver: finding for finding in reversed(found)}.values())[::-1]

    def about(self, text: str, most: int = SHOWN) -> list[Entry]:
        """Return facts that hold of what a text names, in the order in which it does."""
        return list(islice(self._named(text), most))

    def _named(self, text: str) -> Iterator[Entry]:
        """The newest facts of each subject that a text names. Who asks for a few goes through no more of the book."""
        plain, seen = _key(text), set[str]()
        for word in dict.fromkeys(word.text for word in words(text)):
            for subject in self._begin.get(word, ()):
                if subject not in seen and (len(word) > 1 or subject in plain):
                    seen.add(subject)
                    yield from [*islice(reversed(self._facts[subject].values()), _OF_ONE)][::-1]

    def _judged(
        self, canon: Canon, said: MutableMapping[tuple[str, str], None], genders: Genders, text: str, place: Place
    ) -> tuple[list[_Kept], list[Finding]]:
        """Go on by a paragraph; return what holds from it on, each with what held before, and findings."""
        kept: list[_Kept] = []
        found: list[Finding] = []
        genders.take(text)
        where = digest_of(text)
        facts = list(_sayable(self._rules.attributes(text, place, genders.of(text)), said))
        for fact in facts:
            before = canon.now(fact)
            finding = canon.judge(fact, where)
            if finding is not None:
                found.append(finding)
            meant = becomes_canon(finding, self.waived) if finding else False
            if meant or (finding is None and (fact.value != VOID or _changed(canon, fact, before))):
                kept.append((fact, before))
        found += canon.acts(text, facts, place)
        return kept, found

    def _triple(self, fact: Attribute, before: Attribute | None) -> Triple:
        if fact.value == VOID:
            again = {"dead": "alive", "gone": "there again"}
            value = again.get(before.value if before else "", "otherwise since, not said how")
            fact = replace(fact, value=value)
        (triple,) = triples([fact])
        kin = fact.name.startswith("kin of ") or fact.name in ONLY_ONE
        object = self._names.of(triple.object) if kin else triple.object
        return replace(triple, subject=self._names.of(triple.subject), object=object)

    def _noted(self, one: Noted) -> Triple:
        subject, relation, object = one
        if _key(subject) != STORY or _key(relation) not in TIMES:
            subject = _ARTICLE.sub("", subject)
            subject = subject if relation == KIND else self._names.of(subject)
        return Triple(subject, relation, object)

    def _about(self, finding: Finding) -> tuple[str, ...]:
        """The subject and relation that a finding of the rules is about, as far as its key says so."""
        subject, _, relation = finding.key.partition(":")[0].partition(", ")
        return _key(self._names.of(subject)) if subject else "", _key(relation)

    def _doubts(self, text: str, place: Place, reading: Reading) -> list[tuple[Doubt, Finding]]:
        where = digest_of(text)
        found = [(doubt, as_finding(doubt, place, self._where.get(doubt.told), where)) for doubt in reading.doubts]
        return [(doubt, one) for doubt, one in found if one is not None]

    def _keep(self, entry: Entry) -> None:
        triple = entry.triple
        subject, relation = _key(triple.subject), _key(triple.relation)
        mine = self._facts.setdefault(subject, {})
        name = (relation, "" if relation in FUNCTIONAL else _key(triple.object))
        mine.pop(name, None)
        mine[name] = entry
        if first := words(triple.subject)[:1]:
            self._begin.setdefault(first[0].text, {})[subject] = None


def doubts(paragraphs: Iterable[tuple[Place, str]], readings: Mapping[str, Reading]) -> list[Finding]:
    """Return the contradictions that a model found, of paragraphs that still stand behind those they contradict."""
    where: dict[str, Place] = {}
    found = []
    for place, text in paragraphs:
        digest = digest_of(text)
        for doubt in readings[digest].doubts if digest in readings else ():
            if finding := as_finding(doubt, place, where.get(doubt.told), digest):
                found.append(finding)
        where.setdefault(digest, place)
    return found


def as_finding(doubt: Doubt, place: Place, told: Place | None, where: str) -> Finding | None:
    """Return a model's doubt of the paragraph with this digest; `None` where what it contradicts is told no more."""
    if told is None:
        return None
    fact = " ".join(doubt.fact)
    text = f"“{doubt.quote}”; “{fact}” in {told}" + (f" ({doubt.why})" if doubt.why else "")
    return Finding("canon", place, text, told, doubt.quote, f"{fact} > {doubt.quote}", where=where)


def _changed(canon: Canon, fact: Attribute, before: Attribute | None) -> bool:
    """Whether something is otherwise from here on that was said to be somehow."""
    return before is not None and before.value != VOID and canon.now(fact) is fact


def _sayable(facts: Sequence[Attribute], said: MutableMapping[tuple[str, str], None]) -> Iterator[Attribute]:
    """What was never said cannot become another; see `reading.attributes`."""
    for fact in facts:
        name = fact.subject.split()[0], fact.name
        if fact.value != VOID or name in said or fact.name == YEARS:
            said[name] = None
            yield fact


class _Names:
    """By what name somebody goes: the one under which the story first told of them."""

    def __init__(self) -> None:
        self._canon = Canon()
        self._first: dict[str, str] = {}

    def of(self, name: str) -> str:
        plain = " ".join(name.split())
        return self._first.setdefault(self._canon.called(plain), plain)


def _key(text: str) -> str:
    return " ".join(text.casefold().split())
