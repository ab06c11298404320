"""Taking up an export: what is checked between its lines, and how they become rows."""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from memagent.errors import Conflict
from memagent.memory.core import Core
from memagent.memory.transfer_lines import ITEMS, Line, Parsed, wrong
from memagent.memory.transfer_secrets import says_a_secret, without_secrets
from memagent.stores import items, meta, tombstones
from memagent.stores.base import Database, Row, Writer
from memagent.stores.derived import of_row
from memagent.stores.evidence import EvidenceRow, same, say
from memagent.stores.items import pages, stored_vector
from memagent.stores.keys import content_id, digest, key, problem_key
from memagent.stores.label import Label
from memagent.stores.removal import KINDS
from memagent.stores.scoping import columns, exact, marks
from memagent.stores.tombstones import who
from memagent.types import ORIGINAL, Scope

_log = logging.getLogger("memagent")

Place = tuple[str, str, str, str]
"""What an item is known by in the target: its kind, session, agent and id."""

_GIVEN_IDS = ("passage", "rationale")
PLURALS = {
    **KINDS,
    "evidence": "evidence",
    "link": "links",
    "extraction": "extractions",
    "declaration": "declarations",
    "purged": "purged",
}
"""The kinds of lines, and how they are counted for people."""


def salt_digest(salt: str) -> str:
    """Return what tells the keys of two files' tombstones apart, and says nothing about them."""
    return digest("salt", salt)


class Intake:
    """One import. Making it checks all that can be checked without the database.

    Raises:
        UsageProblem: a line refers to something that is not in the file, or contradicts another.
        Conflict: two passages or rationales of the file would become one in the target.
    """

    def __init__(self, core: Core, scope: Scope, parsed: Parsed) -> None:
        self._core = core
        self._user, self._session, self._agent = columns(scope)
        self._header = parsed.header
        self._lines = without_secrets(core.guard, parsed.lines)
        self._items: dict[Place, Line] = {}
        for kind in ITEMS:
            for line in self._lines[kind]:
                self._take(line)
        self._check_references()
        self._rids: dict[Place, int] = {}
        self._new: list[int] = []
        self._changed: list[int] = []

    def carry_out(self) -> Counter[str]:
        """Write what is not there yet, in one transaction, and return how many of each kind."""
        database, label = self._core.file(), Label(self._core.embedder.name, int(self._core.embedder.dim))
        vectors = self._vectors(database, label)
        counts: Counter[str] = Counter()
        with database.write() as writer:
            label.claim(writer)
            evidence = self._learnable(writer, counts)
            wanted = self._carried_by(evidence)
            there = self._there(writer)
            for place, line in self._items.items():
                if place in there:
                    self._keep(place, line, there[place])
                elif place in wanted:
                    self._write_item(writer, place, line, vectors)
                    counts[PLURALS[place[0]]] += 1
            for line in evidence:
                counts["evidence"] += self._write_evidence(writer, line)
            for line in self._lines["link"]:
                counts["links"] += self._write_link(writer, line)
            for line in self._lines["extraction"]:
                counts["extractions"] += self._write_extraction(writer, line)
            for line in self._lines["declaration"]:
                counts["declarations"] += self._write_declaration(writer, line)
            counts["purged"] += self._write_purged(writer)
            items.log(writer, self._new, "add")
            items.log(writer, sorted(set(self._changed) - set(self._new)), "said")
        return +counts

    # --- what must hold between lines

    def _owner(self, line: Line) -> tuple[str, str]:
        return self._session or line.data["session"], self._agent or line.data["agent"]

    def _place(self, line: Line, kind: str, field: str) -> Place:
        return kind, *self._owner(line), line.data[field]

    def _scope(self, place: Place) -> Scope:
        return Scope(user=self._user or None, session=place[1] or None, agent=place[2] or None)

    def _take(self, line: Line) -> None:
        place = self._place(line, line.kind, "id")
        first = self._items.setdefault(place, line)
        if first is line:
            return
        same_owner = all(first.data[name] == line.data[name] for name in ("session", "agent"))
        if same_owner:
            raise wrong(line.number, f"has the {line.kind} {line.data['id']!r} of line {first.number} again")
        if line.kind in _GIVEN_IDS:  # what is known by its content alone becomes one, with all that says it
            what = f"lines {first.number} and {line.number} both have the {line.kind} {line.data['id']!r}"
            hint = "They are of two sessions or agents. Import with a handle that is not bound to one."
            raise Conflict(f"{what}, and would become one here", hint=hint)

    def _check_references(self) -> None:
        carried: set[Place] = set()
        for line in self._items.values():
            if line.kind in ("phrase", "relation") and key(line.data["id"]) != line.data["id"]:
                raise wrong(line.number, "has a phrase or relation that is not in its plain form")
            if line.kind == "fact":
                terms = self._terms(line)
                self._check_there(line, terms)
                if content_id("fact", *(place[3] for place in terms)) != line.data["id"]:
                    raise wrong(line.number, "has a fact of another id")
                carried.update(terms)
        for line in self._lines["evidence"]:
            self._check_evidence(line)
            carried.add(self._place(line, "fact", "fact"))
        for line in self._lines["link"]:
            self._check_there(line, [self._place(line, "phrase", end) for end in ("a", "b")])
            if line.data["a"] == line.data["b"]:
                raise wrong(line.number, "links a phrase with itself")
        self._check_extractions()
        for place, line in self._items.items():
            if place[0] in ("fact", "phrase", "relation") and place not in carried:
                raise wrong(line.number, f"has a {place[0]} that nothing in the export says")

    def _check_extractions(self) -> None:
        gone_through: set[Place] = set()
        for line in self._lines["extraction"]:
            place = self._place(line, "passage", "passage")
            self._check_there(line, [place])
            if place in gone_through:
                raise wrong(line.number, f"has the extraction of {line.data['passage']!r} again")
            gone_through.add(place)

    def _check_evidence(self, line: Line) -> None:
        fact = self._place(line, "fact", "fact")
        passage = [self._place(line, "passage", "passage")] if line.data["passage"] is not None else []
        self._check_there(line, [fact, *passage])
        terms = [self._items[fact].data[name] for name in ("subject", "relation", "object")]
        if [key(line.data[name]) for name in ("subject", "relation", "object")] != terms:
            raise wrong(line.number, "says another fact than it names")
        if line.data["until"] and line.data["until"] <= (line.data["at"] or line.data["recorded_at"]):
            raise wrong(line.number, "says that a fact ends before it begins")

    def _check_there(self, line: Line, places: Sequence[Place]) -> None:
        for place in places:
            if place not in self._items:
                raise wrong(line.number, f"names a {place[0]} that is not in the export")

    def _terms(self, fact: Line) -> list[Place]:
        return [
            self._place(fact, "phrase", "subject"),
            self._place(fact, "relation", "relation"),
            self._place(fact, "phrase", "object"),
        ]

    # --- vectors

    def _vectors(self, database: Database, label: Label) -> dict[Place, bytes]:
        """The vectors of what is not there yet: those of the export, or else made now, before the transaction."""
        there = self._there(database)
        new = {place: line for place, line in self._items.items() if place not in there}
        known = (self._header["embedder"], self._header["dim"]) == (label.embedder, label.dim)
        found = {place: self._checked(line, label) for place, line in new.items() if known and line.data.get("vector")}
        texts = {place: of_row(line.kind, line.data).embedded for place, line in new.items() if place not in found}
        distinct = list(dict.fromkeys(texts.values()))
        if distinct:
            _log.info("embedding %d texts of the export with %s", len(distinct), label.embedder)
        made = dict(zip(distinct, map(stored_vector, self._core.embed(distinct)), strict=True))
        return {**found, **{place: made[text] for place, text in texts.items()}}

    def _checked(self, line: Line, label: Label) -> bytes:
        stored: bytes = line.data["vector"]
        vector = np.frombuffer(stored if len(stored) % 4 == 0 else b"", dtype="<f4")
        with np.errstate(over="ignore", invalid="ignore"):
            if vector.shape != (label.dim,) or not abs(float(vector.astype(np.float64) @ vector) - 1.0) < 1e-4:
                raise wrong(line.number, f"has a vector that is not {label.dim} numbers of length 1")
        return stored

    # --- in the transaction

    def _there(self, reader: Database | Writer) -> dict[Place, Row]:
        """Those items of the export that the target has."""
        wanted: dict[tuple[str, str, str], list[str]] = {}
        for kind, session, agent, id in self._items:
            wanted.setdefault((kind, session, agent), []).append(id)
        found: dict[Place, Row] = {}
        for (kind, session, agent), ids in wanted.items():
            condition, own = exact(self._scope((kind, session, agent, "")))
            for page in pages(ids):
                sql = f"SELECT rid, id, digest FROM items WHERE kind = ? AND {condition} AND id IN ({marks(page)})"
                rows = reader.read(sql, [kind, *own, *page])
                found.update({(kind, session, agent, row["id"]): row for row in rows})
        return found

    def _learnable(self, writer: Writer, counts: Counter[str]) -> list[Line]:
        """The evidence that was not purged where it would go, and says no secret."""
        by_owner: dict[tuple[str, str], list[Line]] = {}
        for line in self._lines["evidence"]:
            by_owner.setdefault(self._owner(line), []).append(line)
        refused = {line.number for line in self._lines["evidence"] if says_a_secret(self._core.guard, line)}
        for (session, agent), lines in by_owner.items():
            said = {line.number: (who(line.data["source"], line.data["passage"]), line.data["fact"]) for line in lines}
            buried = tombstones.buried(writer, self._scope(("", session, agent, "")), list(said.values()))
            refused.update(number for number, one in said.items() if one in buried)
        counts["refused"] += len(refused)
        return [line for line in self._lines["evidence"] if line.number not in refused]

    def _carried_by(self, evidence: Sequence[Line]) -> set[Place]:
        """The items that are wanted when this is all that says facts."""
        wanted = {place for place in self._items if place[0] in _GIVEN_IDS}
        for line in evidence:
            fact = self._place(line, "fact", "fact")
            if fact not in wanted:
                wanted.update([fact, *self._terms(self._items[fact])])
        return wanted

    def _keep(self, place: Place, line: Line, row: Row) -> None:
        """Leave an item as it is, unless it is something else under the same id."""
        if row["digest"] != of_row(line.kind, line.data).digest:
            what = f"line {line.number} of the export has the {line.kind} {line.data['id']!r}, whose id is taken here"
            raise Conflict(f"{what} by another text. Nothing was written", hint="Import into another scope or file.")
        self._rids[place] = row["rid"]

    def _write_item(self, writer: Writer, place: Place, line: Line, vectors: Mapping[Place, bytes]) -> None:
        data = line.data
        owner = [data["id"], self._user, *self._owner(line)]
        if place not in vectors:
            raise Conflict(f"the {line.kind} of line {line.number} was removed meanwhile", hint="Import again.")
        derived = of_row(line.kind, data)
        rid = writer.execute(
            f"""INSERT INTO items (kind, id, user, session, agent, digest, {", ".join(_COPIED)})
                VALUES (?, ?, ?, ?, ?, ?, {marks(_COPIED)})""",
            [line.kind, *owner, derived.digest, *(data[name] for name in _COPIED)],
        )
        writer.execute("INSERT INTO vectors (rid, vector) VALUES (?, ?)", [rid, vectors[place]])
        words = derived.bag
        if words is not None:
            writer.execute("INSERT INTO words (rid, bag) VALUES (?, ?)", [rid, words])
        self._rids[place] = rid
        self._new.append(rid)
        table, names = _OWN.get(line.kind, ("", ()))
        if table:
            terms = [self._rids[term] for term in self._terms(line)] if line.kind == "fact" else None
            values = terms if terms is not None else [data[name] for name in names]
            if line.kind == "rationale":
                names, values = (*names, "known_by"), [*values, _known_by(data)]
            sql = f"INSERT INTO {table} (rid, {', '.join(names)}) VALUES (?, {marks(names)})"
            writer.execute(sql, [rid, *values])

    def _write_evidence(self, writer: Writer, line: Line) -> bool:
        data = line.data
        fact = self._rids[self._place(line, "fact", "fact")]
        passage = None if data["passage"] is None else self._rids[self._place(line, "passage", "passage")]
        if same(writer, fact, passage, data["source"], data["at"], data["until"]) is not None:
            return False
        say(writer, EvidenceRow(fact, passage, *(data[name] for name in EvidenceRow._fields[2:])))
        self._changed.append(fact)
        return True

    def _write_link(self, writer: Writer, line: Line) -> bool:
        ends = [self._place(line, "phrase", end) for end in ("a", "b")]
        if not all(end in self._rids for end in ends):  # a phrase of facts that were purged here
            return False
        place = [*(self._rids[end] for end in sorted(ends)), line.data["type"]]  # by name, as the graph keeps them
        if writer.read("SELECT 1 FROM links WHERE a = ? AND b = ? AND kind = ?", place):
            return False
        sql = "INSERT INTO links (a, b, kind, weight) VALUES (?, ?, ?, ?)"
        writer.execute(sql, [*place, line.data["weight"]])
        self._changed.extend(place[:2])
        return True

    def _write_extraction(self, writer: Writer, line: Line) -> bool:
        rid = self._rids[self._place(line, "passage", "passage")]
        if writer.read("SELECT 1 FROM extractions WHERE rid = ?", [rid]):
            return False
        names = ("status", "extractor", "entities", "facts", "problem", "recorded_at")
        sql = f"INSERT INTO extractions (rid, {', '.join(names)}) VALUES (?, {marks(names)})"
        writer.execute(sql, [rid, *(line.data[name] for name in names)])
        return True

    def _write_declaration(self, writer: Writer, line: Line) -> bool:
        relation, functional = line.data["relation"], line.data["functional"]
        place = [self._user, *self._owner(line), relation]
        sql = "SELECT functional FROM declarations WHERE user = ? AND session = ? AND agent = ? AND relation = ?"
        found = writer.read(sql, place)
        if found and found[0]["functional"] != functional:
            what = f"line {line.number} of the export declares the relation {relation!r} otherwise than it is here"
            raise Conflict(f"{what}. Nothing was written", hint="Declare it alike first, or take it back with None.")
        if found:
            return False
        sql = "INSERT INTO declarations (user, session, agent, relation, functional) VALUES (?, ?, ?, ?, ?)"
        writer.execute(sql, [*place, functional])
        return True

    def _write_purged(self, writer: Writer) -> int:
        lines = self._lines["purged"]
        if not lines:
            return 0
        if not self._same_salt(writer):
            _log.warning(
                "%d digests of purged facts are left out: they belong to another file, and say nothing here", len(lines)
            )
            return 0
        count = 0
        for line in lines:
            owner = [self._user, line.data["session"], line.data["agent"], line.data["digest"]]
            sql = "SELECT 1 FROM purged WHERE user = ? AND session = ? AND agent = ? AND digest = ?"
            if not writer.read(sql, owner):
                writer.execute("INSERT INTO purged (user, session, agent, digest) VALUES (?, ?, ?, ?)", owner)
                count += 1
        return count

    def _same_salt(self, writer: Writer) -> bool:
        """Whether digests of the export mean the same here; a file without a key takes that of the export."""
        salt = meta.get(writer, tombstones.SALT)
        if salt is None and self._header["salt"]:
            meta.put(writer, tombstones.SALT, self._header["salt"])
            return True
        return salt is not None and salt_digest(salt) == self._header["salt_digest"]


def _known_by(data: Mapping[str, Any]) -> str:
    """What the problem of an exported rationale is known by."""
    return problem_key(data["problem"], json.loads(data["metadata"]).get(ORIGINAL))


_COPIED = ("source", "at", "recorded_at", "retired_at", "shared", "importance", "uses", "used_at")
_OWN: dict[str, tuple[str, tuple[str, ...]]] = {
    "passage": ("passages", ("title", "text", "metadata")),
    "fact": ("facts", ("subject", "relation", "object")),
    "rationale": (
        "rationales",
        ("problem", "reasoning", "answer", "verified", "metadata", "successes", "failures"),
    ),
}
