"""Contradictions: eyes of another colour, a brother who becomes an uncle, the dead who speak, a sunk boat that sails.

What is compared is what `reading` reads. The first value holds from where it is said; a change that is told ("dyed",
"painted", "had gone white") sets a new one from there on. Somebody is known by the full name or by its first word, as
long as that word is one person's.
"""

from __future__ import annotations

import re
from collections import ChainMap
from collections.abc import Collection, Iterable, Iterator, MutableMapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from memagent.story.colours import differ
from memagent.story.comparing import exclude, same_kin, told_of
from memagent.story.english import NOT_SO, NUMBER, OTHER_TIME
from memagent.story.finding import Finding, becomes_canon, digest_of, is_waived, unwaived
from memagent.story.manuscript import Manuscript, Place
from memagent.story.pronouns import Genders
from memagent.story.reading import DEAD, GONE, VOID, YEARS, Attribute, attributes, read
from memagent.story.reading_plain import COMPARED, HOME, NUMBER_OF
from memagent.story.reading_rules import ALIVE, KIN, ONLY_ONE, TITLE
from memagent.story.wording import narration, sentences
from memagent.types import Triple

_ACTS = (
    "said|says|asked|replied|answered|whispered|shouted|called|muttered|murmured|cried|nodded|smiled|laughed|grinned|"
    "frowned|sighed|shrugged|walked|ran|stood|sat|turned|looked|stepped|climbed|opened|closed|took|picked|put|lifted|"
    "held|handed|poured|drank|ate|rowed|sailed|knocked|came|went|left|arrived|entered|leaned|pointed|waved|stared|"
    "glanced|shook|pulled|pushed|reached|knelt|woke|lit"
)
_MOVES = (
    "sailed|sails|rode|rides|lay|lies|steamed|put out|came in|came about|rocked|stood|stands|cast off|made for|left"
)
_USES = (
    "boarded|board|rowed|sailed|took|takes|steered|moored|anchored|unfolded|read|opened|lit|lifted|picked up|held|put "
    "on|wore|rode|drove|entered|crossed|unlocked|wound|played|launched|"
    "climbed aboard|stepped aboard|went aboard|sat in|"
    "turned|twisted|consulted|checked|fingered|spread|lifted out|drew out|pulled out|took out|produced|held up|slipped|"
    "signed|folded|studied|examined|handed|tore up|burned"
)
_BOARDS = r"(?:deck|bow|bows|stern|cabin|rail|wheel|bridge|hold)"
_FIRST = r"was\s+the\s+(?:first|next)\s+to\s+(?!die\b|fall\b|drown\b|go\b|be\b|perish\b)\w+"
_PHANTOM = re.compile(
    r"\b(?:ghosts?|spirits?|voices?|photographs?|portraits?|graves?|memor(?:y|ies)|bod(?:y|ies))\b", re.I
)
_ANOTHER = r"\b(?:an?|another|new|second|other|spare|her|his|their|our|your|my)\s+(?:\w+\s+)?{thing}\b"


_COUNTS = tuple(f"{NUMBER_OF}{kin}s" for kin in ("brother", "sister", "son", "daughter"))
_ORIGIN = datetime(2000, 1, 1, tzinfo=UTC)


def canon(
    manuscript: Manuscript,
    facts: Sequence[Attribute] | None = None,
    meant: Collection[tuple[str, ...]] = (),
) -> list[Finding]:
    """Return the contradictions of a story, those that are meant with them.

    Args:
        manuscript: the story.
        facts: its attributes, if the caller has read them.
        meant: waivers; what they make canon holds from there on, and who is dead and acts where it is meant is told
            of where it is not.
    """
    known = Canon(meant)  # its findings about ages are those of the timeline
    by_place: dict[Place, list[Attribute]] = {}
    for fact in attributes(manuscript) if facts is None else facts:
        by_place.setdefault(fact.place, []).append(fact)
    found = [
        finding for place, text in manuscript.paragraphs for finding in known.take(text, by_place.get(place, []), place)
    ]
    return [finding for finding in found if finding.kind == "canon"]


def contradictions(
    known: Iterable[Attribute],
    paragraph: str,
    place: Place = Place(1, 1),  # noqa: B008
    waivers: Iterable[Sequence[str]] = (),
) -> list[Finding]:
    """Return what a new paragraph contradicts, before it is accepted.

    Args:
        known: the attributes of the story so far, in order; see `attributes`.
        paragraph: the new one.
        place: where it is to stand.
        waivers: findings that are meant; see `Finding.waiver`.
    """
    canon = Canon()
    for fact in known:
        canon.judge(fact)
    genders = Genders()
    genders.take(paragraph)
    return unwaived(canon.take(paragraph, read(paragraph, place, genders.of(paragraph)), place), waivers)


def triples(facts: Iterable[Attribute]) -> list[Triple]:
    """Return attributes as triples, in order; `source` is the place, `at` its `moment`. Changes not told are left out,
    and so is what is there to be compared alone (`reading_plain.COMPARED`).

    The relations are `eyes`, `hair`, `colour`, `age` ... as they are, `brother of` for kin, `is` for the dead and the
    lost.
    """
    found = []
    for fact in facts:
        relation, value = ("is" if fact.name == "state" else fact.name), fact.value
        if fact.name.startswith("kin of "):
            relation, value = f"{fact.value} of", fact.name.removeprefix("kin of ")
        if fact.value != VOID and not relation.startswith(COMPARED):
            found.append(Triple(fact.subject, relation, value, source=str(fact.place), at=moment(fact.place)))
    return found


def moment(place: Place) -> datetime:
    """Return a time that stands for a place, so that a later place is a later time: a day a chapter, a second a ¶."""
    return _ORIGIN + timedelta(days=place.chapter, seconds=place.paragraph)


def place_at(time: datetime) -> Place:
    """Return the place that a `moment` stands for."""
    since = time - _ORIGIN
    return Place(since.days, since.seconds)


class Canon:
    """What holds so far: the value of every attribute, who is dead, what is gone.

    Args:
        meant: waivers, see `canon`.
    """

    def __init__(self, meant: Collection[tuple[str, ...]] = ()) -> None:
        self._meant = meant
        self._values: MutableMapping[tuple[str, str], Attribute] = {}
        self._ends: MutableMapping[str, Attribute] = {}  # of `_values`, those that say that somebody or something ended
        self._full: MutableMapping[str, frozenset[str]] = {}
        self._told: set[str] = set()

    def trial(self) -> Canon:
        """Return one that knows the same and can be gone on with; this one stays as it is."""
        other = Canon(self._meant)
        other._values = ChainMap({}, self._values)
        other._ends = ChainMap({}, self._ends)
        other._full = ChainMap({}, self._full)
        other._told = set(self._told)
        return other

    def take(self, paragraph: str, facts: Iterable[Attribute], place: Place) -> list[Finding]:
        """Go on by one paragraph and what was read in it; return what it contradicts."""
        facts = list(facts)
        where = digest_of(paragraph)
        found = [finding for fact in facts if (finding := self.judge(fact, where))]
        return found + self.acts(paragraph, facts, place)

    def acts(self, paragraph: str, facts: Iterable[Attribute], place: Place) -> list[Finding]:
        """Return the dead who act in a paragraph and the lost that is used there; but whose end `facts` say."""
        ended = {self.called(fact.subject) for fact in facts if fact.name == "state"}
        return list(self._acts(paragraph, place, ended))

    def now(self, fact: Attribute) -> Attribute | None:
        """Return what holds of that of which an attribute tells."""
        return self._values.get(self._key(fact))

    def judge(self, fact: Attribute, where: str = "") -> Finding | None:
        """Take up an attribute; return a finding, and keep what held, where it contradicts that.

        `where` is the digest of the paragraph that has it. What a waiver makes canon holds instead.
        """
        if fact.name == YEARS:
            self._age(fact)
            return None
        key = subject, name = self._key(fact)
        before = self._values.get(key)
        if fact.value == VOID and before and before.value == DEAD and not ALIVE.search(fact.quote):
            return None  # what is found, or mended, is not the dead
        if fact.change or before is None or before.value == VOID:
            self._values[key] = fact
            if name == "state":
                self._ends[subject] = fact
            return None
        if name == "age" and int(fact.value) >= int(before.value):
            self._values[key] = fact
        if not self._clash(name, before.value, fact.value):
            return None
        what = f"{told_of(subject, name)} “{fact.value}”; “{before.value}” in {before.place}"
        waived = f"{subject}, {name}: {before.value} > {fact.value}"
        kind = "timeline" if name == "age" else "canon"
        finding = Finding(kind, fact.place, what, before.place, fact.quote, waived, where=where)
        if becomes_canon(finding, self._meant):
            self._values[key] = fact
        return finding

    def _age(self, years: Attribute) -> None:
        """Years go by: hair may have turned."""
        for key, fact in list(self._values.items()):
            if key[1] in ("hair", "beard", "moustache", "mustache", HOME, *_COUNTS):
                self._values[key] = replace(fact, value=VOID, place=years.place, quote=years.quote)

    def _clash(self, name: str, before: str, now: str) -> bool:
        if name.startswith("kin of "):
            return before in KIN and now in KIN and before != now and not same_kin(before, now)
        if name in ONLY_ONE:
            return not set(self.called(before).split()) & set(self.called(now).split())
        if name == "age":
            return int(now) < int(before)
        if name.startswith(COMPARED):
            return exclude(name, before, now)
        return name != "state" and differ(before, now)

    def _key(self, fact: Attribute) -> tuple[str, str]:
        subject = self.called(fact.subject)
        return subject, f"kin of {self.called(fact.name[7:])}" if fact.name.startswith("kin of ") else fact.name

    def called(self, name: str) -> str:
        """Return the first name of somebody who is the only one to have it so far, else the whole name."""
        owner = re.fullmatch(r"(.*?)(['’]s? \w+)", name)
        whole = owner[1] if owner else name
        first = whole if not whole[:1].isupper() or re.match(TITLE, whole) else whole.split()[0]
        full = self._full.get(first, frozenset())
        if whole not in full:
            full = self._full[first] = full | {whole}
        alone = len({one for one in full if one != first}) < 2
        return (first if alone else whole) + (owner[2] if owner else "")

    def _acts(self, paragraph: str, place: Place, ended: set[str]) -> Iterator[Finding]:
        """The dead who act and the lost that is used, once for each."""
        gone = {
            subject: fact
            for subject, fact in self._ends.items()
            if fact.value and subject.split()[-1] in paragraph and subject not in ended and subject not in self._told
        }
        if not gone:
            return
        for start, sentence in sentences(narration(paragraph)):
            for subject, fact in gone.items():
                if subject.split()[-1] in sentence and subject not in self._told and _does(subject, fact, sentence):
                    quote = " ".join(paragraph[start : start + len(sentence)].split())
                    what = f"{subject} is {fact.value} since {fact.place}, and acts here"
                    if fact.value == GONE:
                        thing = subject if "'" in subject or "’" in subject else f"the {subject}"
                        plural = thing.endswith("s") and not thing.endswith("ss")
                        verb = "are" if plural else "is"
                        what = f"{thing} {verb} gone since {fact.place}, and {verb} used here"
                    key = f"{subject}: {fact.value}"
                    finding = Finding("canon", place, what, fact.place, quote, key, where=digest_of(paragraph))
                    if becomes_canon(finding, self._meant):
                        self._ends[subject] = self._values[subject, "state"] = replace(fact, value=VOID)
                    if not is_waived(finding, self._meant):
                        self._told.add(subject)
                    yield finding
                elif fact.value == GONE and re.search(_ANOTHER.format(thing=re.escape(subject)), sentence):
                    self._told.add(subject)  # another one: nobody knows which is meant from here on


def _does(subject: str, fact: Attribute, sentence: str) -> bool:
    if OTHER_TIME.search(sentence) or NOT_SO.search(sentence) or _PHANTOM.search(sentence):
        return False
    name = re.escape(subject)
    if fact.value == DEAD:
        speaks = rf"\b(?:said|asked|replied|answered|whispered|shouted|muttered)\s+{name}\b(?!['’])"
        acts = rf"(?<!['’]s )\b{name}(?:\s+(?P<family>[A-Z]\w+))?\s+(?:(?:\w+ly\s+)?(?:{_ACTS})\b|{_FIRST})"
        found = re.search(f"{acts}|{speaks}", sentence)
        whole = fact.subject.split()
        return found is not None and (len(whole) < 2 or found["family"] in (None, *whole))
    the = "" if "'" in subject or "’" in subject else r"the\s+"
    moves = rf"\b(?i:{the}){name}\s+(?:\w+ly\s+)?(?:{_MOVES})\b"
    aboard = rf"\b(?i:from|on|across|along|in|at)\s+the\s+{_BOARDS}\s+of\s+(?i:{the}){name}\b"
    holds = rf"\bwith\s+(?:the|her|his|their)\s+{name}\b"
    return bool(
        re.search(rf"{moves}|{aboard}|{holds}|\b(?:{_USES})\s+(?:\w+\s+)?(?:{the}(?:{NUMBER}\s+)?){name}\b", sentence)
    )
