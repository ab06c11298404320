"""Turns of conversations as arrays: who said them, when, in which words, and of which days they speak.

One index for each scope that is searched, kept on the store and brought up to date from its changes before each search,
so that a turn that another process has written is found, and one that was deleted is not. It holds counts of words and
no text: what is found is read from the store.
"""

from __future__ import annotations

import os
import re
import threading
from array import array
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Iterable, Iterator
from datetime import date

import numpy as np

from memagent.retrievers.conversation_dates import mentions
from memagent.retrievers.conversation_order import Floats, Ints, Order, sittings
from memagent.retrievers.conversation_words import akin, stems
from memagent.stores.base import Feed
from memagent.terms import fold, pieces
from memagent.types import Passage, Scope

_KEPT = 64  # scopes
_WASTE = 8  # with more than this part of the rows dead, all is read anew
_SPOKEN = re.compile(
    r"^\s*(?:[\[(][^\])\n]{1,60}[\])]\s*)?"  # [8 May 2023]
    r"(?P<name>[^\W\d_][\w'’.-]{0,30}(?: [^\W\d_][\w'’.-]{0,30}){0,2})"
    r"(?:\s*[\[(][^\])\n]{1,60}[\])])?\s*[:：]\s*(?=\S)"
)
_LASTING = re.compile(
    r"(?i)\b(?:\d{1,4}|an?|one|two|three|four|five|six|seven|eight|nine|ten|few|several|couple)(?: of)? "
    r"(?:hour|day|week|month|year|decade)s?\b|\d+ ?(?:час|дн|нед|мес|год|лет)|"
    r"[\d一二两三四五六七八九十几]个?(?:小时|天|周|星期|月|年)"
)
_CALLED = re.compile(
    r"(?:^|[.!?,] )(?:(?i:hey|hi|hello|thanks|thank you|oh|привет|спасибо),? )?"
    r"(?P<name>[A-ZА-ЯЁ]\w{2,})(?=[!?.,]|$)"
)
_OFTEN = 3  # times that somebody is called by a name before it counts as one
_SENTENCE = re.compile(r"[^.!?。！？\n]+[?？]?")
_ASKS = re.compile(r"[?？]\s*$")


class Kept:
    """The indexes of one store, the least recently searched dropped first. Any thread may call it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._indexes: OrderedDict[Scope, Turns] = OrderedDict()
        self._pid = os.getpid()

    def of(self, scope: Scope) -> Turns:
        """Return the index of a scope, whether it is up to date or not."""
        if self._pid != os.getpid():  # forked: a lock may have been held, and nobody here will release it
            self.__init__()  # type: ignore[misc]
        with self._lock:
            index = self._indexes.pop(scope, None) or Turns()
            self._indexes[scope] = index
            while len(self._indexes) > _KEPT:
                self._indexes.popitem(last=False)
        return index


class Turns:
    """The index of one scope. Its lock is held by whoever brings it up to date and searches."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self._seen: int | None = None
        self._ready: Order | None = None
        self._clear()

    def follow(self, feed: Feed, scope: Scope) -> None:
        """Bring the index up to date."""
        changed = feed.changed(scope, self._seen)
        if changed.anew:
            self._clear()
        else:
            self._drop(changed.rids)
        self._take(changed.live)
        self._seen = changed.seq
        if changed.anew:
            self.follow(feed, scope)  # what was written meanwhile
        elif self._dead * _WASTE > len(self._rids):
            self._seen = None
            self.follow(feed, scope)

    def order(self) -> Order:
        """Return the live turns in order."""
        if self._ready is None:
            self._ready = self._ordered()
        return self._ready

    def postings(self, word: str) -> tuple[Ints, Floats]:
        """Return the places (m,) of the live turns that have a word (as `stems` gives it), and how often (m,)."""
        number = self._words.get(word)
        if number is None:
            return np.zeros(0, dtype=np.int64), np.zeros(0)
        places = self.order().place[np.array(self._posted[number], dtype=np.int64)]
        counts = np.array(self._counts[number], dtype=np.float64)
        return places[places >= 0], counts[places >= 0]

    def like(self, word: str) -> list[str]:
        """Return other words of the turns that have the beginning of `word` and so much of it that they are akin."""
        if len(word) < 4 or not word.isalpha():
            return []
        return [other for other in self._starts.get(word[:4], ()) if other != word and akin(word, other)]

    @property
    def names(self) -> list[str]:
        """The names of the speakers, folded, by their numbers; then of those whom unnamed speakers call by name."""
        called = (name for name, times in self._called.items() if times >= _OFTEN)
        return [*self._names, *(name for name in called if name not in self._names and name not in self._small)]

    @property
    def roles(self) -> dict[int, set[str]]:
        """In which roles each speaker has spoken."""
        return self._roles

    def _clear(self) -> None:
        self._dead = 0
        self._ready = None
        self._rids = array("q")
        self._row: dict[int, int] = {}
        self._live = bytearray()
        self._sources = array("q")
        self._whole: dict[tuple[Scope, str], int] = {}
        self._speakers = array("q")
        self._names: dict[str, int] = {}
        self._roles: dict[int, set[str]] = defaultdict(set)
        self._called: Counter[str] = Counter()
        self._small: set[str] = set()
        self._asks, self._timed = bytearray(), bytearray()
        self._asking = array("d")
        self._when = array("d")
        self._days = array("q")
        self._dated = bytearray()
        self._lengths = array("q")
        self._spans = array("q")
        self._words: dict[str, int] = {}
        self._starts: dict[str, list[str]] = defaultdict(list)
        self._posted: list[array[int]] = []
        self._counts: list[array[int]] = []

    def _drop(self, rids: Iterable[int]) -> None:
        for rid in rids:
            row = self._row.pop(rid, None)
            if row is not None:
                self._live[row] = False
                self._dead += 1
                self._ready = None

    def _take(self, live: Iterable[tuple[int, Passage]]) -> None:
        for rid, passage in live:
            if rid not in self._row:
                self._add(rid, passage)
                self._ready = None

    def _add(self, rid: int, passage: Passage) -> None:
        row = len(self._rids)
        self._row[rid] = row
        self._rids.append(rid)
        self._live.append(True)
        self._sources.append(self._whole.setdefault((passage.scope, passage.source), len(self._whole)))
        self._when.append((passage.at or passage.recorded_at).timestamp())
        self._dated.append(passage.at is not None)
        heading, text = self._speaker(passage)
        said = _day(passage, heading)
        self._days.append(said.toordinal())
        days = mentions(text, said)
        for one in days:
            self._spans.extend((row, *one.span))
        self._asks.append(bool(_ASKS.search(text)))
        questions = (one for one in _SENTENCE.findall(text) if one[-1] in "?？")
        self._asking.append(sum(map(len, questions)) / max(1, len(text)))
        self._timed.append(bool(days) or bool(_LASTING.search(text)))
        self._count(row, " ".join(filter(None, [passage.title, text, *_captions(passage)])))

    def _speaker(self, passage: Passage) -> tuple[str, str]:
        """Note who speaks and return the name before the text, with what stands beside it, and what is said."""
        text, name = passage.text, passage.metadata.get("speaker")
        role = passage.metadata.get("role")
        before = _SPOKEN.match(text)
        if before and any(part[0].islower() for part in pieces(before["name"])):
            before = None  # «It is done: ...»
        if not isinstance(name, str) or not name.strip():
            name = before["name"] if before else role if isinstance(role, str) else ""
        number = self._names.setdefault(fold(name.strip()), len(self._names)) if name.strip() else -1
        self._speakers.append(number)
        if number < 0:
            self._called.update(fold(one["name"]) for one in _CALLED.finditer(text))
            self._small.update(word for word in pieces(text) if word[0].islower())
        if isinstance(role, str) and number >= 0:
            self._roles[number].add(role)
        end = before.end() if before and fold(before["name"]) == fold(name.strip()) else 0
        return text[:end], text[end:]

    def _count(self, row: int, text: str) -> None:
        words = Counter(stems(text))
        for word, count in words.items():
            number = self._words.get(word)
            if number is None:
                number = self._words[word] = len(self._posted)
                self._posted.append(array("l"))
                self._counts.append(array("l"))
                if len(word) >= 4 and word.isalpha():
                    self._starts[word[:4]].append(word)
            self._posted[number].append(row)
            self._counts[number].append(count)
        self._lengths.append(sum(words.values()))

    def _ordered(self) -> Order:
        live = np.array(self._live, dtype=np.bool_)
        rids, when = np.array(self._rids, dtype=np.int64), np.array(self._when, dtype=np.float64)
        whole = np.array(self._sources, dtype=np.int64)
        undated = np.zeros(len(self._whole) + 1, dtype=np.bool_)
        undated[whole[~np.array(self._dated, dtype=np.bool_)]] = True
        said = np.where(undated[whole], 0.0, when)  # an edited turn is written anew, and still said when it was
        rows = np.lexsort((rids, said, whole))
        rows = rows[live[rows]]
        place = np.full(len(live), -1, dtype=np.int64)
        place[rows] = np.arange(len(rows))
        days = np.array(self._days, dtype=np.int64)[rows]
        spans = np.array(self._spans, dtype=np.int64).reshape(-1, 3)
        spans = np.column_stack([place[spans[:, 0]], spans[:, 1:]])
        return Order(
            rows,
            place,
            rids[rows],
            sittings(whole[rows], when[rows], days),
            np.array(self._speakers, dtype=np.int64)[rows],
            np.array(self._asks, dtype=np.bool_)[rows],
            np.array(self._asking, dtype=np.float64)[rows],
            np.array(self._timed, dtype=np.bool_)[rows],
            when[rows],
            days,
            np.array(self._lengths, dtype=np.float64)[rows],
            spans[spans[:, 0] >= 0],
        )


def _day(passage: Passage, heading: str) -> date:
    """On which day it was said: its own, else one before the name, «[8 May 2023] Ana: », else that of writing."""
    named = () if passage.at or not heading else mentions(heading, None)
    return date.fromordinal(named[0].span[0]) if named else (passage.at or passage.recorded_at).date()


def _captions(passage: Passage) -> Iterator[str]:
    """What the metadata say of pictures that came with a turn."""
    for name, value in passage.metadata.items():
        if name.endswith("caption") and isinstance(value, str):
            yield value
