"""What the doctor finds in the content of items: digests, times, bags of words and vectors, a page at a time."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime

import numpy as np

from memagent.errors import MemagentError
from memagent.memory import reembed
from memagent.memory.core import Core
from memagent.memory.doctor_rules import REPAIR, RESTORE, Finding, indexes_anew, some
from memagent.stores.base import Row
from memagent.stores.derived import of_row
from memagent.stores.items import pages, stored_vector
from memagent.stores.keys import content_id, key, problem_key
from memagent.stores.label import Label
from memagent.types import ORIGINAL

_PAGE = 2048
_TOLERANCE = 1e-4  # of the length of a vector

_WRITTEN = {
    "items": "kind, id, user, session, agent, source, digest, at, recorded_at, retired_at, used_at",
    "passages": "title, text, metadata",
    "rationales": "problem, reasoning, answer, verified, metadata",
    "evidence": "source, subject, relation, object, at, until, recorded_at",
    "declarations": "user, session, agent, relation",
    "purged": "user, session, agent, digest",
}
"""The columns that hold text, of the tables that nothing else could be worked out from."""


def check_texts(core: Core, repair: bool) -> Iterator[Finding]:
    """Texts that are bytes. No other check can go on beside one, nor where a text cannot be read or a table is gone.

    Raises:
        StorageDamaged: a text is no UTF-8, or a table is missing.
    """
    for table, columns in _WRITTEN.items():
        wrong: list[int] = []
        last, names = 0, columns.split(", ")
        sql = f"SELECT rowid AS place, {columns} FROM {table} WHERE rowid > ? ORDER BY rowid LIMIT ?"  # SQLite: rowid
        while rows := core.file().read(sql, [last, _PAGE]):
            last = rows[-1]["place"]
            wrong += [row["place"] for row in rows if any(isinstance(row[name], bytes) for name in names)]
        if wrong:
            message = f"{len(wrong)} rows of {table} have bytes where a text must be: row {some(wrong)}. {RESTORE}"
            yield Finding("integrity", message, len(wrong))


_CONTENT = """
    SELECT items.rid, items.kind, items.id, items.source, items.digest, items.at, items.recorded_at, items.retired_at,
           items.used_at, passages.title, passages.text, coalesce(passages.metadata, rationales.metadata) AS metadata,
           rationales.problem, rationales.reasoning, rationales.answer, rationales.known_by, words.bag,
           subjects.id AS subject, relations.id AS relation, objects.id AS object
    FROM items LEFT JOIN passages ON passages.rid = items.rid LEFT JOIN rationales ON rationales.rid = items.rid
    LEFT JOIN words ON words.rid = items.rid LEFT JOIN facts ON facts.rid = items.rid
    LEFT JOIN items AS subjects ON subjects.rid = facts.subject
    LEFT JOIN items AS relations ON relations.rid = facts.relation
    LEFT JOIN items AS objects ON objects.rid = facts.object
    WHERE items.rid > ? ORDER BY items.rid LIMIT ?"""


def check_contents(core: Core, repair: bool) -> Iterator[Finding]:
    """What is worked out from the content of each item, and values that must be readable."""
    wrong: dict[str, list[int]] = {name: [] for name in _CONTENT_CHECKS}
    bags: list[int] = []
    lost: list[int] = []
    last = 0
    while rows := core.file().read(_CONTENT, [last, _PAGE]):
        last = rows[-1]["rid"]
        for name, (holds, _) in _CONTENT_CHECKS.items():
            wrong[name] += [row["rid"] for row in rows if not holds(row)]
        stale = [(row["rid"], made) for row in rows if (made := _bag(row)) is not None and made != row["bag"]]
        bags += [rid for rid, _ in stale]
        if repair and stale:
            _write_bags(core, stale)
        astray = [(row["rid"], known) for row in rows if (known := _known_by(row)) not in (None, row["known_by"])]
        lost += [rid for rid, _ in astray]
        if repair and astray:
            with core.file().write() as writer:
                writer.executemany(
                    "UPDATE rationales SET known_by = ? WHERE rid = ?", ((known, rid) for rid, known in astray)
                )
    if lost:
        message = f"{len(lost)} rationales that are not found by their problem: row {some(lost)}."
        yield Finding("problems", message if repair else f"{message} {REPAIR}", len(lost), repair)
    for name, rids in wrong.items():
        if rids:
            yield Finding(name, f"{len(rids)} items {_CONTENT_CHECKS[name][1]} (row {some(rids)})", len(rids))
    if bags:
        _index_again(core, repair)
        message = f"{len(bags)} items whose bag of words is missing, outdated or not of their text: row {some(bags)}."
        yield Finding("words", message if repair else f"{message} {REPAIR}", len(bags), repair)


def _bag(row: Row) -> bytes | None:
    """The bag that an item must have; `None` for one that has none, or whose content is missing."""
    return of_row(row["kind"], row).bag if _is_whole(row) else None


def _known_by(row: Row) -> str | None:
    """What the problem of a rationale is known by; `None` of what is none, or cannot be read."""
    if row["kind"] != "rationale" or row["problem"] is None or not _has_metadata(row):
        return None
    return problem_key(row["problem"], json.loads(row["metadata"]).get(ORIGINAL))


def _is_whole(row: Row) -> bool:
    """Whether the content of an item is there; where it is not, that is a finding of its own."""
    return all(row[column] is not None for column in _NEEDED.get(row["kind"], ()))


_NEEDED = {"passage": ("text",), "rationale": ("problem",), "fact": ("subject", "relation", "object")}


def _write_bags(core: Core, stale: Sequence[tuple[int, bytes]]) -> None:
    with core.file().write() as writer:
        sql = "INSERT OR REPLACE INTO words (rid, bag) SELECT rid, ? FROM items WHERE rid = ?"
        writer.executemany(sql, ((made, rid) for rid, made in stale))


def _matches(row: Row) -> bool:
    """Whether what an item is known by is that of its content."""
    if row["kind"] in ("phrase", "relation"):
        return key(row["id"]) == str(row["id"])
    if row["kind"] == "fact" and _is_whole(row):
        return content_id("fact", row["subject"], row["relation"], row["object"]) == str(row["id"])
    return not _is_whole(row) or row["kind"] not in _NEEDED or of_row(row["kind"], row).digest == str(row["digest"])


def _in_time(row: Row) -> bool:
    return _timely(row, ("at", "recorded_at", "retired_at", "used_at"))


def _timely(row: Row, columns: Sequence[str]) -> bool:
    return all(row[name] is None or _is_time(row[name]) for name in columns)


def _is_time(stored: object) -> bool:
    """Whether this is a moment as it is stored: aware, UTC, to the microsecond."""
    try:
        found = datetime.fromisoformat(str(stored))
    except ValueError:
        return False
    return found.tzinfo is not None and found.astimezone(UTC).isoformat(timespec="microseconds") == stored


def _has_metadata(row: Row) -> bool:
    if row["metadata"] is None:
        return True
    try:
        found = json.loads(row["metadata"], parse_constant=_no_constant)
        json.dumps(found, ensure_ascii=False).encode()
    except ValueError:
        return False
    return isinstance(found, dict)


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


_CONTENT_CHECKS: dict[str, tuple[Callable[[Row], bool], str]] = {
    "digests": (
        _matches,
        "whose content is not that which they are known by: it was changed from outside. If it is right as it is now, "
        "remove it with delete and add it again; else purge it",
    ),
    "times": (
        _in_time,
        "with a time that is not UTC in the form 2026-01-31T12:00:00.000000+00:00. Set it with sqlite3",
    ),
    "metadata": (_has_metadata, "whose metadata is no JSON object. Remove them with delete, and add them again"),
}


_TERMS = ("subject", "relation", "object")
_EVIDENCE = """
    SELECT evidence.eid, evidence.at, evidence.until, evidence.recorded_at, evidence.subject, evidence.relation,
           evidence.object, subjects.id AS subject_key, relations.id AS relation_key, objects.id AS object_key
    FROM evidence JOIN facts ON facts.rid = evidence.fact JOIN items AS subjects ON subjects.rid = facts.subject
    JOIN items AS relations ON relations.rid = facts.relation JOIN items AS objects ON objects.rid = facts.object
    WHERE evidence.eid > ? ORDER BY evidence.eid LIMIT ?"""
_CHANGED = "They were changed from outside. Purge the facts, and say again what is right"


def check_evidence(core: Core, repair: bool) -> Iterator[Finding]:
    """The times and the words of what facts rest on."""
    wrong: list[int] = []
    other: list[int] = []
    last = 0
    while rows := core.file().read(_EVIDENCE, [last, _PAGE]):
        last = rows[-1]["eid"]
        wrong += [row["eid"] for row in rows if not _timely(row, ("at", "until", "recorded_at"))]
        other += [row["eid"] for row in rows if any(key(str(row[name])) != row[f"{name}_key"] for name in _TERMS)]
    if other:
        message = f"{len(other)} pieces of evidence say another fact than the one they are for (row {some(other)})"
        yield Finding("evidence", f"{message}. {_CHANGED}", len(other))
    if wrong:
        message = f"{len(wrong)} pieces of evidence {_CONTENT_CHECKS['times'][1]} (row {some(wrong)})"
        yield Finding("times", message, len(wrong))


def check_vectors(core: Core, repair: bool) -> Iterator[Finding]:
    """Every item has a vector of the recorded dimension, finite and of length 1."""
    wrong, missing = _wrong_vectors(core), _missing_vectors(core)
    problem = _embed_again(core, wrong, missing) if repair and (wrong or missing) else ""
    for rids, what in ((missing, "without a vector"), (wrong, "with a vector of another length or with unfit numbers")):
        if rids:
            mended = repair and not problem
            advice = f" {problem or REPAIR}" if not mended else ""
            yield Finding("vectors", f"{len(rids)} items {what}: row {some(rids)}.{advice}", len(rids), mended)
    if (wrong or missing) and not problem:
        _index_again(core, repair)


def _wrong_vectors(core: Core) -> list[int]:
    wrong: list[int] = []
    last, size = 0, int(core.embedder.dim) * 4
    sql = "SELECT rid, CAST(vector AS BLOB) AS vector FROM vectors WHERE rid > ? ORDER BY rid LIMIT ?"
    while rows := core.file().read(sql, [last, _PAGE]):
        last = rows[-1]["rid"]
        whole = [row for row in rows if len(row["vector"]) == size]
        wrong += sorted({row["rid"] for row in rows} - {row["rid"] for row in whole})
        array = np.frombuffer(b"".join(row["vector"] for row in whole), dtype="<f4").reshape(-1, size // 4)
        with np.errstate(over="ignore", invalid="ignore"):
            unit = np.abs(np.einsum("ij,ij->i", array, array, dtype=np.float64) - 1.0) < 2 * _TOLERANCE
        wrong += [row["rid"] for row, fine in zip(whole, unit, strict=True) if not fine]
    return wrong


def _missing_vectors(core: Core) -> list[int]:
    missing: list[int] = []
    while found := reembed.vectorless(core.file(), "vectors", missing[-1] if missing else 0, _PAGE):
        missing += [rid for rid, _ in found]
    return missing


def _embed_again(core: Core, wrong: Sequence[int], missing: Sequence[int]) -> str:
    """Make these vectors anew; return why that was not possible, if it was not."""
    for page in pages(sorted({*wrong, *missing})):
        texts = reembed.texts_of(core.file(), page)
        try:
            vectors = core.embed([text for _, text in texts])
        except MemagentError as error:
            return f"They could not be made anew: {error.message}. {error.hint}"
        with core.file().write() as writer:
            Label(core.embedder.name, int(core.embedder.dim)).claim(writer)
            sql = "INSERT OR REPLACE INTO vectors (rid, vector) SELECT rid, ? FROM items WHERE rid = ?"
            rows = ((stored_vector(vector), rid) for (rid, _), vector in zip(texts, vectors, strict=True))
            writer.executemany(sql, rows)
    return ""


def _index_again(core: Core, repair: bool) -> None:
    """After a repair: no index goes on with what it read before, here or in any other process."""
    if repair:
        with core.file().write() as writer:
            indexes_anew(writer)
