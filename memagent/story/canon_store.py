"""The canon of a story as facts in its memory file: what the manuscript says, each fact with the paragraph it is from.

`memory.facts` holds it: a fact's source is the place of its paragraph, `ch.2 ¶3`, and it holds since `moment(place)`.
It is what `Known` folds out of the manuscript, and nothing else: brought up to it after every step, and rebuilt where
the memory file is new or was left behind by a kill.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from memagent import files
from memagent.memory import Memory
from memagent.story.canon import FUNCTIONAL, Known, Reading
from memagent.story.check_canon import moment, place_at
from memagent.story.finding import digest_of
from memagent.story.manuscript import Place
from memagent.story.noting import BROKE, KEPT, PROMISED, STORY, TIMES
from memagent.story.read_before import FILE, ByRule
from memagent.story.record import StoryRecord
from memagent.types import Fact, Triple

_SOURCE = re.compile(r"ch\.(\d+) ¶(\d+)")
_VERSION = "4"  # of what is read by rule: a new one reads all paragraphs again
_END = 80_000  # more paragraphs than a chapter has, and fewer than a day has seconds
_FEW = 20  # sources that are changed one by one


@dataclass(frozen=True, slots=True)
class Standing:
    """A fact of the canon as a person is shown it.

    Attributes:
        subject: whom or what it is about.
        relation: what is said of it.
        object: the value.
        since: the paragraph that it holds from.
        until: the one that it holds no more from; `None` while it holds.
        sources: every paragraph that says it.
    """

    subject: str
    relation: str
    object: str
    since: Place
    until: Place | None
    sources: tuple[Place, ...]

    @property
    def kind(self) -> str:
        """`promise`, `time`, or `fact`."""
        if self.relation.casefold() in (PROMISED, KEPT, BROKE):
            return "promise"
        return "time" if self.subject.casefold() == STORY and self.relation.casefold() in TIMES else "fact"

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain values, the places as they are written."""
        return {
            "kind": self.kind,
            "subject": self.subject,
            "relation": self.relation,
            "object": self.object,
            "since": str(self.since),
            "until": str(self.until) if self.until else None,
            "sources": [str(place) for place in self.sources],
        }


class CanonStore:
    """Keeps the facts of a memory file in step with a record; `mark` is the file that says with which.

    `of` is a record for which the facts are known to stand: for a copy of a memory file. `rules` read the paragraphs;
    if they are not given, those that keep what they read beside the mark.
    """

    def __init__(
        self, memory: Memory, mark: Path, *, of: StoryRecord | None = None, rules: ByRule | None = None
    ) -> None:
        self._memory = memory
        self._mark = mark
        self.rules = rules or ByRule(mark.with_name(FILE))
        self._declared: set[str] = set()
        self._known: Known | None = None
        # For which record the facts stand; "" for none that is known.
        self._stands = _read_mark(mark) if of is None else _of(mark, of)

    @staticmethod
    def stands(mark: Path, record: StoryRecord) -> bool:
        """Whether the facts of the memory file beside `mark` stand for a record, as far as is known."""
        return _read_mark(mark) == _of(mark, record)

    def known(self, record: StoryRecord) -> Known:
        """Return the fold of the record's manuscript. Folded once, and gone on with by `extend`."""
        if self._known is None:
            self._known = self.fold(record)
        return self._known

    def fold(self, record: StoryRecord, upto: int | None = None) -> Known:
        """Return all that a record's manuscript tells, or its first `upto` paragraphs, as `fold` does."""
        return fold(record, upto, self.rules)

    def facts(self, *, about: str | None = None, at: Place | None = None, history: bool = False) -> list[Standing]:
        """Return the facts of the canon, as they come in the story.

        Args:
            about: of this subject alone, whatever its case; its first word is enough.
            at: as it stood at a place, or at the end of a chapter; at the end of the story if not given.
            history: also what does not hold there.
        """
        as_of = None if at is None else moment(at if at.paragraph else Place(at.chapter, _END))
        if history:
            found = [fact for fact in self._memory.facts.find(history=True) if as_of is None or fact.at <= as_of]
        else:
            found = self._memory.facts.find(as_of=as_of)
        ones = [_standing(fact) for fact in found if any(map(_SOURCE.fullmatch, fact.sources))]
        wanted = [one for one in ones if about is None or _is(one.subject, about)]
        return sorted(wanted, key=lambda one: (one.since, one.subject, one.relation, one.object))

    def extend(self, record: StoryRecord) -> None:
        """Take up the paragraphs that have been added at the end."""
        known = self.known(record)
        have = known.count
        new = [triple for place, text in _places(record, have) for triple in _take(known, record, place, text)]
        if have == len(record.paragraphs):  # it was folded with them just now
            return self.follow(record)
        self._moved()
        self._add(new)
        return None

    def follow(self, record: StoryRecord) -> None:
        """Bring the facts up to a record that may have changed anywhere."""
        self._known = None
        if self._stands == _of(self._mark, record):
            return
        self._moved()
        known = self.known(record)
        kept: dict[str, set[tuple[str, ...]]] = {}
        ours: dict[str, Fact] = {}
        for fact in self._memory.facts.find(history=True):
            for source in filter(_SOURCE.fullmatch, fact.sources):
                kept.setdefault(source, set()).add(_same(fact))
                ours[fact.id] = fact
        wanted = {source: {_same(triple) for triple in told} for source, told in known.told.items()}
        stale = [source for source in {**kept, **wanted} if kept.get(source) != wanted.get(source)]
        if len(stale) > _FEW:
            mine = [fact.id for fact in ours.values() if all(map(_SOURCE.fullmatch, fact.sources))]
            self._memory.delete(mine)
            stale = [*{**kept, **wanted}]
        for source in stale if len(stale) <= _FEW else ():
            if source in kept:
                self._memory.delete(source=source)
        self._add([triple for source in stale for triple in known.told.get(source, ())])
        self._stands = _of(self._mark, record)

    def close(self, record: StoryRecord) -> None:
        """Say beside the memory file for which record its facts stand. Only a hint; without it they are compared."""
        if not self._stands and self._known is not None and self._known.count == len(record.paragraphs):
            self._stands = _of(self._mark, record)
        if self._stands and self._stands != _read_mark(self._mark):
            files.replace(self._mark, json.dumps({"canon": self._stands}))
        self.rules.save()

    def _add(self, triples: Sequence[Triple]) -> None:
        for relation in {triple.relation.casefold() for triple in triples} & FUNCTIONAL - self._declared:
            self._memory.facts.declare(relation)
            self._declared.add(relation)
        if triples:
            self._memory.facts.add(triples)

    def _moved(self) -> None:
        """From here on the facts are ahead of what the mark says; a kill leaves none behind."""
        if self._stands:
            self._mark.unlink(missing_ok=True)
            self._stands = ""


def fold(record: StoryRecord, upto: int | None = None, rules: ByRule | None = None) -> Known:
    """Return all that a record's manuscript tells, or its first `upto` paragraphs."""
    known = Known(record.waived, rules)
    for place, text in islice(_places(record, 0), upto):
        _take(known, record, place, text)
    return known


def next_places(record: StoryRecord, count: int, *, begins: bool) -> list[Place]:
    """Return where the next paragraphs will stand; `begins` says that they begin a chapter."""
    if begins or not record.chapters:
        chapter, first = len(record.chapters) + 1, 1
    else:
        chapter, first = len(record.chapters), len(record.paragraphs) - record.chapters[-1].first + 2
    return [Place(chapter, first + number) for number in range(count)]


def place_of(source: str) -> Place | None:
    """Return the place that a source of the canon names; `None` for another source."""
    found = _SOURCE.fullmatch(source)
    return Place(int(found[1]), int(found[2])) if found else None


def _take(known: Known, record: StoryRecord, place: Place, text: str) -> tuple[Triple, ...]:
    reading = record.readings.get(digest_of(text)) if record.readings else None
    return known.take(text, place, Reading.from_json(reading) if reading else None)


def _places(record: StoryRecord, after: int) -> Iterator[tuple[Place, str]]:
    """The paragraphs behind so many, with their places; those before cost nothing."""
    chapter = record.chapter_of(after + 1) - 1
    for number in range(after + 1, len(record.paragraphs) + 1):
        while chapter + 1 < len(record.chapters) and record.chapters[chapter + 1].first <= number:
            chapter += 1
        yield Place(chapter + 1, number - record.chapters[chapter].first + 1), record.paragraphs[number - 1]


def _standing(fact: Fact) -> Standing:
    sources = sorted(place for source in fact.sources if (place := place_of(source)))
    until = place_at(fact.until) if fact.until else None
    return Standing(fact.subject, fact.relation, fact.object, place_at(fact.at), until, tuple(sources))


def _is(subject: str, about: str) -> bool:
    whole, wanted = subject.casefold().split(), about.casefold().split()
    return bool(wanted) and whole[: len(wanted)] == wanted


def _same(one: Fact | Triple) -> tuple[str, ...]:
    return tuple(" ".join(text.casefold().split()) for text in (one.subject, one.relation, one.object))


def _of(mark: Path, record: StoryRecord) -> str:
    """What tells a record with its memory file from others."""
    path = mark.with_name("memory.db")
    digest = hashlib.sha256(f"{_VERSION} {path.stat().st_ino if path.exists() else 0}".encode())
    for chapter in record.chapters:
        digest.update(f"\0{chapter.first}".encode())
    for text in record.paragraphs:
        digest.update(b"\0" + hashlib.sha256(text.encode()).digest())
    digest.update(json.dumps([sorted(record.waived), sorted(record.readings)]).encode())
    return digest.hexdigest()


def _read_mark(path: Path) -> str:
    try:
        found: Mapping[str, object] = json.loads(path.read_text(encoding="utf-8"))
        return str(found["canon"])
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return ""
