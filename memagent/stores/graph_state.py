"""What a scope's graph is made of, in memory: lines of evidence and passages, kept up with the change log.

Names get numbers that never change, so that a change costs a few rows and not the whole graph: what changed is read
again, the rest stays. Arrays are then made from the numbers, in the order of the names.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from memagent.stores.base import Database, Row
from memagent.stores.items import LIVE, LIVE_LINE, WITH_PASSAGE, pages
from memagent.stores.keys import key
from memagent.stores.mentions import Mentions
from memagent.stores.scoping import marks, visible
from memagent.stores.synonyms import Synonyms, mark
from memagent.types import Scope

Numbers = NDArray[np.int64]

RID, FACT, SUBJECT, OBJECT, PASSAGE, PASSAGE_RID, SOURCE = range(7)
"""The columns of a line: rid and number of the fact, numbers of its phrases, its passage and source; -1 for none."""

_MOST = 5000  # changes; behind more of them everything is read anew, which is quicker then
_DEAD = 2  # names kept for each that is in use before the same is done
_LINES = f"""
    SELECT told.rid AS rid, told.id AS fact, subjects.rid AS subject_rid, subjects.id AS subject,
           objects.rid AS object_rid, objects.id AS object, said.rid AS passage_rid, said.id AS passage, evidence.source
    FROM items AS told CROSS JOIN facts CROSS JOIN evidence CROSS JOIN items AS subjects CROSS JOIN items AS objects
    {WITH_PASSAGE}
    WHERE told.kind = 'fact' AND +told.retired_at IS NULL AND facts.rid = told.rid AND evidence.fact = told.rid
    AND subjects.rid = facts.subject AND objects.rid = facts.object AND {LIVE_LINE}"""
_PASSAGES = f"""
    SELECT items.rid, items.id, passages.title FROM items JOIN passages ON passages.rid = items.rid
    WHERE items.kind = 'passage' AND {LIVE}"""


class Names:
    """Names with numbers from 0 on, by first appearance, and in the order of the names."""

    def __init__(self) -> None:
        self.all: list[str] = []
        self._numbers: dict[str, int] = {}
        self._sorted: list[str] = []
        self._order: Numbers = np.zeros(0, dtype=np.int64)

    def number(self, name: str) -> int:
        """Return the number of a name, a new one if it is new."""
        found = self._numbers.setdefault(name, len(self.all))
        if found == len(self.all):
            self.all.append(name)
        return found

    def known(self, name: str) -> int:
        """Return the number of a name; -1 if it has none."""
        return self._numbers.get(name, -1)

    def order(self) -> Numbers:
        """Return all numbers (n,) in the order of their names."""
        new = self.all[len(self._sorted) :]
        if len(new) * 20 > len(self.all):
            self._sorted = sorted(self.all)
        else:
            for name in new:
                insort(self._sorted, name)
        if new:
            self._order = np.fromiter(map(self._numbers.__getitem__, self._sorted), np.int64, len(self._sorted))
        return self._order


class GraphState:
    """The lines, passages and synonyms that one scope sees. Not for two threads at once.

    Args:
        database: where everything is.
        scope: who asks.
        synonyms: where near phrases are found; `None` for a graph without synonyms.
    """

    def __init__(self, database: Database, scope: Scope, synonyms: Synonyms | None) -> None:
        self._database = database
        self._scope = scope
        self._synonyms = synonyms
        self.seq = -1
        self.lines: Numbers = np.zeros((0, 7), dtype=np.int64)
        self._empty()

    def follow(self) -> bool:
        """Bring everything up to date; return whether anything may have changed."""
        first, last = self._ends()
        if self.seq >= 0 and last == self.seq:
            return False
        changed = self._changed() if 0 <= self.seq and first <= self.seq + 1 else None
        if changed is None or len(changed) > _MOST or self._wasteful():
            self._empty()
            self._load(*self._everything())
        else:
            self._change(changed)
        self.seq = last  # what changed meanwhile is read once more the next time
        return True

    # --- reading

    def _ends(self) -> tuple[int, int]:
        row = self._database.read("""
            SELECT coalesce((SELECT min(seq) FROM changes), 0) AS first,
                   coalesce((SELECT max(seq) FROM changes), 0) AS last""")[0]
        return row["first"], row["last"]

    def _changed(self) -> list[int]:
        sql = f"SELECT DISTINCT rid FROM changes WHERE seq > ? LIMIT {_MOST + 1}"
        return [row["rid"] for row in self._database.read(sql, [self.seq])]

    def _everything(self) -> tuple[list[Row], list[Row]]:
        told, params = visible(self._scope, "told")
        condition, own = visible(self._scope)
        lines = self._database.read(f"{_LINES} AND {told}", params)
        return lines, self._database.read(f"{_PASSAGES} AND {condition}", own)

    def _change(self, changed: Sequence[int]) -> None:
        """Read again what the changed items are, and the facts that changed passages say or said."""
        facts = set(changed)
        facts.update(self.lines[np.isin(self.lines[:, PASSAGE_RID], changed), RID].tolist())
        for some in pages(changed):
            sql = f"SELECT DISTINCT fact FROM evidence WHERE passage IN ({marks(some)})"
            facts.update(row["fact"] for row in self._database.read(sql, some))
        self.lines = self.lines[~np.isin(self.lines[:, RID], sorted(facts))]
        for rid in changed:
            self.passages.pop(rid, None)
        condition, own = visible(self._scope)
        told, params = visible(self._scope, "told")
        lines: list[Row] = []
        passages: list[Row] = []
        for some in pages(sorted(facts)):
            lines += self._database.read(f"{_LINES} AND {told} AND told.rid IN ({marks(some)})", [*params, *some])
        for some in pages(changed):
            passages += self._database.read(
                f"{_PASSAGES} AND {condition} AND items.rid IN ({marks(some)})", [*own, *some]
            )
        self._load(lines, passages)

    # --- keeping

    def _empty(self) -> None:
        self.seq = -1
        self.phrases, self.ids, self.facts, self._sources = Names(), Names(), Names(), Names()
        self.lines = np.zeros((0, 7), dtype=np.int64)
        self.passages: dict[int, tuple[int, str]] = {}  # rid to number of the id and key of the title
        self.synonyms: Numbers = np.zeros((0, 2), dtype=np.int64)  # numbers of phrases, the smaller first
        self.cosines: NDArray[np.float32] = np.zeros(0, dtype=np.float32)
        self.starts: list[bool] = []  # by phrase, whether it says enough to have synonyms
        self.mentions = Mentions()
        self._rids: dict[int, int] = {}  # of phrases, to their numbers
        self._live: NDArray[np.bool_] = np.zeros(0, dtype=np.bool_)  # by phrase, whether something says it

    def _load(self, lines: Sequence[Row], passages: Sequence[Row]) -> None:
        first = self.seq < 0
        new = np.array([self._line(row) for row in lines], dtype=np.int64).reshape(-1, 7)
        self.lines = np.concatenate([self.lines, new])
        for row in passages:
            self.passages[row["rid"]] = self.ids.number(row["id"]), key(row["title"])
        known = len(self.starts)
        self.starts += [sum(map(str.isalnum, phrase)) > 2 for phrase in self.phrases.all[known:]]
        fresh = self._count_live()
        if self._synonyms is not None and fresh:
            said = {row[end] for row in lines for end in ("subject_rid", "object_rid")}  # what is fresh is said here
            self._compare(self._synonyms, sorted(rid for rid in said if self._rids[rid] in fresh), first=first)

    def _line(self, row: Row) -> tuple[int, ...]:
        subject, object = self.phrases.number(row["subject"]), self.phrases.number(row["object"])
        self._rids[row["subject_rid"]], self._rids[row["object_rid"]] = subject, object
        passage = -1 if row["passage"] is None else self.ids.number(row["passage"])
        said = -1 if row["passage_rid"] is None else row["passage_rid"]
        fact, source = self.facts.number(row["fact"]), self._sources.number(row["source"])
        return row["rid"], fact, subject, object, passage, said, source

    def _count_live(self) -> set[int]:
        """Keep the mentions to the phrases that something says; return which of these are new."""
        live = np.zeros(len(self.phrases.all), dtype=np.bool_)
        live[self.lines[:, (SUBJECT, OBJECT)]] = True
        before = np.zeros_like(live)
        before[: len(self._live)] = self._live
        for number in np.flatnonzero(before & ~live).tolist():
            self.mentions.drop(number, self.phrases.all[number])
        fresh = np.flatnonzero(live & ~before).tolist()
        for number in fresh:
            self.mentions.add(number, self.phrases.all[number])
        self._live = live
        return set(fresh)

    def _compare(self, synonyms: Synonyms, fresh: list[int], *, first: bool) -> None:
        """Find the synonyms of fresh phrases by their rids, at first those that are kept; the rest by comparing."""
        upto = 0
        if first:
            upto, pairs, cosines = synonyms.kept(self._scope)
            self._take(_numbered(pairs, {mark(name): number for number, name in enumerate(self.phrases.all)}), cosines)
        new = [rid for rid in fresh if rid > upto]
        if new:
            near, other, cosines = synonyms.of(self._scope, np.array(new, dtype=np.int64))
            self._take(_numbered(np.stack([near, other], axis=1), self._rids), cosines)

    def _take(self, pairs: Numbers, cosines: NDArray[np.float32]) -> None:
        """Add pairs (m, 2) of numbers of phrases, those of a phrase that nothing says (-1) left out, each pair once."""
        pairs = np.sort(np.concatenate([self.synonyms, pairs]), axis=1)
        cosines = np.concatenate([self.cosines, cosines])
        fine = (pairs[:, 0] >= 0) & (pairs[:, 0] != pairs[:, 1])
        pairs, cosines = pairs[fine], cosines[fine]
        once = np.unique(pairs[:, 0] << 32 | pairs[:, 1], return_index=True)[1]
        self.synonyms, self.cosines = pairs[once], cosines[once]

    def _wasteful(self) -> bool:
        return len(self.phrases.all) > 1000 + _DEAD * int(np.count_nonzero(self._live))


def _numbered(pairs: Numbers, numbers: dict[int, int]) -> Numbers:
    """Pairs (m, 2) of rids or marks as numbers of phrases; -1 for what has none."""
    flat = [numbers.get(one, -1) for one in pairs.ravel().tolist()]
    return np.array(flat, dtype=np.int64).reshape(-1, 2)
