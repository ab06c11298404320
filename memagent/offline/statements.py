"""What a person said, sentence by sentence and clause by clause, with its order: what a question is answered from.

Pinned texts, the summary, what was recalled and the turns before a message are read into one list, the oldest first. A
sentence of several clauses that each have a subject is several statements, `I used to live in Rome, but now I live in
Bern`, so that what is over and what holds can be told apart; `I sold it and moved to Bern` lends its subject.
What is quoted and says `I` is somebody else's. The clauses are told apart in English.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from memagent.offline.past import base_of, is_base, is_third, is_verb
from memagent.offline.persons import is_own
from memagent.offline.reader import terms
from memagent.offline.text import capital, sentences
from memagent.types import Message

ENTRY = re.compile(r"^\[\d+\] \((?P<label>(?:[^()]|\([^()]*\))*)\) (?P<text>.*(?:\n {4}.*)*)", re.MULTILINE)
POINTS_BACK = re.compile(r"(?i)\b(?:he|she|they|it|him|her|his|them|their|its)\b")
_SUMMED = re.compile(r"^- (?P<day>\d{4}-\d\d-\d\d), (?P<who>[^:\n]*): (?P<text>.*)$", re.MULTILINE)
_SAID_BY = re.compile(r"said by ([^;]*)")
_DAY = re.compile(r"\b\d{4}-\d\d-\d\d\b")
_JOINED = re.compile(
    r"[,;]?\s+\b(?:and|but|though|although|so|while|whereas)\s+(?=(?:(?:now|then|currently|today|recently"
    r"|yesterday|last \w+|this \w+)"
    r",?\s+)?(?:i|we|my|our|she|he|they)\b)|;\s+|[,;]\s+(?=(?:now|currently|these days|today)\s+(?:i|we)\b)",
    re.IGNORECASE,
)
_LENT = re.compile(r"[,;]?\s+\b(?:and|but)\s+(?:(?:now|then|recently|just|have|has)\s+)*(?P<verb>[a-z]+)\b(?=\s)")
_SUBJECT = re.compile(r"(?i)^\W*(?:(?:actually|yesterday|today|last \w+|well|so),?\s+)?(?P<who>i|we)\b(?P<be>['’]\w+)?")
_QUOTED = re.compile(
    r"[\"“«„「](?=[^\"”»“」]{0,300}?(?:\b(?:I|my|we|ich|je|yo|я)\b|我))[^\"”»“」]{1,400}[\"”»“」]", re.IGNORECASE
)
_MONAT = re.compile(r"(?:Jan|Feb|Mär|Apr|Mai|Jun|Jul|Aug|Sep|Okt|Nov|Dez)[a-z]*\b")
_IF = re.compile(r"(?i)^\W*(?:if|suppose|imagine|maybe|perhaps|what if|let's say|would|when|because|since|unless)\b")


@dataclass(frozen=True)
class Told:
    """One statement that somebody made, or that was noted, with what stood before it.

    Attributes:
        text: the statement.
        own: who asks has said it.
        place: grows with time.
        day: on which it was said, where that is known.
        before: the words of the sentences that its pronouns may point back to.
        of_own: it, or what its pronouns point back to, is about who said it.
        by: who said it, where that is somebody else than who asks, of whom is asked by name.
    """

    text: str
    own: bool
    place: int
    day: str = ""
    before: frozenset[str] = frozenset()
    of_own: bool = False
    by: str = ""

    @property
    def is_own(self) -> bool:
        """Whether it is about who asks."""
        return self.own and (self.of_own or is_own(self.text))


def told(sections: dict[str, str], messages: Sequence[Message], speaker: str, today: str = "") -> Iterator[Told]:
    """Yield all that was said and noted, the oldest first.

    Args:
        sections: of a chat prompt, by their tags.
        messages: the turns before, and last the prompt's own.
        speaker: who asks.
        today: YYYY-MM-DD, where all turns before are of that day.
    """
    place = 0
    for text, own, day in _sources(sections, messages, speaker, today):
        before, of_own = frozenset[str](), False
        for clause in (clause for sentence in _sentences(_QUOTED.sub("…", text)) for clause in clauses(sentence)):
            place += 1
            back = POINTS_BACK.search(clause) is not None
            yield Told(clause, own, place, day, before, back and of_own)
            before = terms(clause) | (before if back else frozenset())
            of_own = is_own(clause) or (back and of_own)


def speakers(sections: dict[str, str]) -> list[str]:
    """Return the names of the people who said what was recalled, or what the summary has."""
    said = [_SAID_BY.search(found["label"]) for found in ENTRY.finditer(sections.get("memories", ""))]
    names = [found[1].strip() for found in said if found is not None]
    names += [found["who"].strip() for found in _SUMMED.finditer(sections.get("summary", ""))]
    return [name for name in dict.fromkeys(names) if name and not name.startswith("the ")]


def _sentences(text: str) -> list[str]:
    """The sentences of a text; the `3. Mai` of German ends none."""
    found: list[str] = []
    for sentence in sentences(text):
        if found and re.search(r"\b\d{1,2}\.$", found[-1]) and _MONAT.match(sentence):
            found[-1] += f" {sentence}"
        else:
            found.append(sentence)
    return found


def clauses(sentence: str) -> list[str]:
    """Return a sentence taken apart into its statements, each with its subject."""
    if _IF.search(sentence) or sentence.rstrip().endswith(("?", "？")):
        return [sentence]
    parts = [part.strip() for part in _JOINED.split(sentence) if part.strip()]
    return [capital(clause) for part in parts for clause in _lent(part)]


def _lent(clause: str) -> list[str]:
    """`I sold it and moved to Bern` as two, where what follows is a verb in the past."""
    subject = _SUBJECT.match(clause)
    for found in _LENT.finditer(clause):
        verb = found["verb"]
        if subject and not is_base(verb) and (verb.endswith("ed") or (is_verb(verb) and not is_third(verb))):
            return [clause[: found.start()], *_lent(f"{subject['who']} {clause[found.start('verb') :]}")]
    return [clause]


def _sources(
    sections: dict[str, str], messages: Sequence[Message], speaker: str, today: str
) -> Iterator[tuple[str, bool, str]]:
    """Yield (text, whether who asks says it, day), the oldest first within each section."""
    for line in sections.get("pinned", "").splitlines():
        yield line.removeprefix("- "), True, ""
    for found in _SUMMED.finditer(sections.get("summary", "")):
        yield found["text"], _same(found["who"], speaker), found["day"]
    shown = ENTRY.finditer(sections.get("memories", ""))
    entries = [_entry(found["label"], found["text"], speaker) for found in shown]
    for _, _, text, own, day in sorted(filter(None, entries), key=lambda entry: entry[:2]):
        yield text, own, day
    for message in messages[:-1]:
        if message.role == "user":
            yield message.content, True, today


def _entry(label: str, text: str, speaker: str) -> tuple[str, bool, str, bool, str] | None:
    """What a memory says, after its day and whether it is a turn: a fact comes before the turns of its day.

    Nothing where the assistant said it, or where it is a note, which is read otherwise.
    """
    found = _DAY.search(label)
    day = found.group() if found else ""
    if label.startswith("fact"):
        return day, False, _as_own(text, speaker), True, day
    who = _SAID_BY.search(label)
    if who is None or who[1].strip() == "the assistant":
        return None
    return day, True, text, _same(who[1], speaker), day


def _same(name: str, speaker: str) -> bool:
    return not speaker or name.strip().casefold() == speaker.casefold()


def _as_own(fact: str, speaker: str) -> str:
    """A fact of who asks, as they would say it: `alice lives in Oslo` is `I live in Oslo`."""
    found = re.match(rf"{re.escape(speaker)} (\S+)(.*)", fact, re.DOTALL) if speaker else None
    if found is None:
        return fact
    verb = {"is": "am", "has": "have"}.get(found[1]) or (base_of(found[1]) if is_third(found[1]) else found[1])
    known = is_verb(found[1]) or verb.endswith("n't")
    return f"I {verb}{found[2]}" if known else f"My {found[1]}{found[2]}"
