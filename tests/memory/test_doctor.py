"""The doctor: a healthy file has no findings, each kind of damage has one, and repair does what it says."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from memagent.embedders.hashing import Hashing
from memagent.errors import ConfigError
from memagent.memory.core import Core, opened
from memagent.memory.doctor import Finding, doctor
from memagent.memory.reembed import DeferredEmbedder
from memagent.stores.base import Link
from memagent.types import Note, Rationale, Scope, Triple

ALICE, BOB = Scope(user="alice"), Scope(user="bob", session="s1")
SECRET = "Zanzibar"


@pytest.fixture
def core(tmp_path: Path) -> Iterator[Core]:
    made = opened(tmp_path / "memory.db", Hashing(dim=32))
    for scope in (ALICE, BOB):
        fill(made, scope)
    yield made
    made.file().close()


def fill(core: Core, scope: Scope) -> None:
    notes = [Note(f"{SECRET} note {n}", title=SECRET, source=f"s{n}", metadata={"n": n}) for n in range(6)]
    ids = core.passages.add(scope, notes, core.embed([f"{n.title}\n{n.text}" for n in notes]))
    triples = [Triple(f"{SECRET} {n}", "keeps", "bees", passage=ids[n]) for n in range(4)]
    texts = core.triples.unknown(scope, triples)
    core.triples.add(scope, triples, dict(zip(texts, core.embed(texts), strict=True)))
    core.graph.link(scope, [Link(f"{SECRET} 0", "bees", 0.5)])
    core.rationales.add(scope, [Rationale(f"{SECRET}?", "because", "yes")], core.embed([f"{SECRET}?"]))
    core.passages.retire(scope, ids[:1])


def tamper(core: Core, *statements: str) -> None:
    """Change the file as somebody with another program would."""
    raw = sqlite3.connect(core.file().path, isolation_level=None)
    for statement in statements:
        raw.execute(statement)
    raw.close()


_ONE = "(SELECT min(rid) FROM items WHERE kind = '{}' AND user = 'alice')"
PASSAGE, FACT, PHRASE = _ONE.format("passage"), _ONE.format("fact"), _ONE.format("phrase")
RATIONALE, RELATION = _ONE.format("rationale"), _ONE.format("relation")
THEIRS = "(SELECT min(rid) FROM items WHERE kind = '{}' AND user = 'bob')"

MENDED = {
    "bag missing": ("words", f"DELETE FROM words WHERE rid = {PASSAGE}"),
    "bag of another text": ("words", f"UPDATE words SET bag = x'0102030405060708' WHERE rid = {FACT}"),
    "bag of another version": ("words", f"UPDATE words SET bag = x'FF00000000000000' WHERE rid = {RATIONALE}"),
    "vector missing": ("vectors", f"DELETE FROM vectors WHERE rid = {PHRASE}"),
    "vector of another length": ("vectors", f"UPDATE vectors SET vector = x'00000000' WHERE rid = {PASSAGE}"),
    "vector of zeros": ("vectors", f"UPDATE vectors SET vector = zeroblob(128) WHERE rid = {RATIONALE}"),
    "vector of infinities": (
        "vectors",
        f"UPDATE vectors SET vector = CAST(x'0000807F' || substr(vector, 5) AS BLOB) WHERE rid = {FACT}",
    ),
    "fact without evidence": ("evidence", f"DELETE FROM evidence WHERE fact = {FACT}"),
    "evidence of another subject": ("evidence", "UPDATE evidence SET about = through WHERE eid = 1"),
    "evidence of no relation": ("evidence", "UPDATE evidence SET through = NULL WHERE eid = 1"),
    "rationale of another problem": ("problems", f"UPDATE rationales SET known_by = 'x' WHERE rid = {RATIONALE}"),
    "phrase without fact": (
        "terms",
        """INSERT INTO items (kind, id, user, session, agent, recorded_at)
           VALUES ('phrase', 'stray', 'alice', '', '', '2024-01-01T00:00:00.000000+00:00')""",
    ),
    "link across users": (
        "links",
        f"INSERT INTO links VALUES ({PHRASE}, {THEIRS.format('phrase')}, 'synonym', 1.0)",
    ),
    "link to itself": ("links", f"INSERT INTO links VALUES ({PHRASE}, {PHRASE}, 'synonym', 1.0)"),
    "words of nothing": ("foreign keys", "INSERT INTO words VALUES (99999, x'00')"),
    "vectors_next of nothing": (
        "unfinished reembed",
        "INSERT INTO vectors_next SELECT rid, vector FROM vectors LIMIT 2",
    ),
    "deleted past the log": ("change log", f"DELETE FROM changes WHERE rid = {FACT}"),
    "log of another state": ("change log", f"INSERT INTO changes (rid, op) VALUES ({RATIONALE}, 'delete')"),
    "counter behind": ("change log", "UPDATE sqlite_sequence SET seq = 3 WHERE name = 'items'"),
    "purge not finished": ("unfinished purge", "INSERT INTO meta VALUES ('erase', 'pending')"),
}

LEFT = {
    "passage without text": ("rows", f"DELETE FROM passages WHERE rid = {PASSAGE}"),
    "rationale without content": ("rows", f"DELETE FROM rationales WHERE rid = {RATIONALE}"),
    "item of no known kind": ("rows", f"UPDATE items SET kind = 'dream' WHERE rid = {RATIONALE}"),
    "text changed": ("digests", f"UPDATE passages SET text = text || '!' WHERE rid = {PASSAGE}"),
    "fact of another id": ("digests", f"UPDATE items SET id = 'fact:0' WHERE rid = {FACT}"),
    "phrase not in its plain form": ("digests", f"UPDATE items SET id = 'BEES' WHERE rid = {PHRASE}"),
    "rationale changed": ("digests", f"UPDATE rationales SET answer = 'no' WHERE rid = {RATIONALE}"),
    "time without zone": ("times", f"UPDATE items SET at = '2024-01-01T00:00:00.000000' WHERE rid = {PASSAGE}"),
    "time of another zone": (
        "times",
        f"UPDATE items SET at = '2024-01-01T00:00:00.000000+02:00' WHERE rid = {PASSAGE}",
    ),
    "time of evidence": ("times", "UPDATE evidence SET until = 'later' WHERE eid = 1"),
    "metadata": ("metadata", f"UPDATE passages SET metadata = '{{' WHERE rid = {PASSAGE}"),
    "metadata of a list": ("metadata", f"UPDATE rationales SET metadata = '[]' WHERE rid = {RATIONALE}"),
    "evidence across users": ("evidence", f"UPDATE evidence SET passage = {THEIRS.format('passage')} WHERE eid = 1"),
    "term of another user": ("terms", f"UPDATE facts SET object = {THEIRS.format('phrase')} WHERE rid = {FACT}"),
    "term of another kind": ("terms", f"UPDATE facts SET relation = {PHRASE} WHERE rid = {FACT}"),
    "declared neither way": ("values", "INSERT INTO declarations VALUES ('alice', '', '', 'keeps', 'perhaps')"),
    "passage of nobody": ("foreign keys", "INSERT INTO passages VALUES (99999, '', 'x', '{}')"),
}


def checks(findings: list[Finding]) -> set[str]:
    return {one.check for one in findings}


def test_a_healthy_file_has_no_findings(core: Core) -> None:
    told: list[str] = []
    assert doctor(core, on_progress=lambda number, total, name: told.append(name)) == []
    assert len(told) == len(set(told)) > 5
    assert doctor(core, repair=True) == []


def test_an_empty_file_has_no_findings() -> None:
    core = opened(":memory:", Hashing(dim=8))
    assert doctor(core) == []
    core.file().close()


@pytest.mark.parametrize("case", MENDED)
def test_what_can_be_worked_out_again_is_found_and_mended(core: Core, case: str) -> None:
    check, statement = MENDED[case]
    before = found_by(core)
    tamper(core, statement)
    findings = doctor(core)
    assert check in checks(findings)
    assert not any(one.repaired for one in findings)
    assert all(SECRET.lower() not in str(one).lower() for one in findings)
    assert any("--repair" in one.message or "reembed" in one.message for one in findings if one.check == check)
    repaired = doctor(core, repair=True)
    assert check in checks(repaired)
    assert all(one.repaired for one in repaired)
    assert doctor(core) == []
    if case != "fact without evidence":
        assert found_by(core) == before


def found_by(core: Core) -> list[object]:
    """What searches find: the same before and after damage was mended."""
    query = core.embed_query(f"{SECRET} note 3")
    return [
        core.passages.nearest(ALICE, query, 9),
        core.passages.match(ALICE, "note", 9),
        core.triples.nearest(ALICE, query, 9),
        core.triples.match(ALICE, "bees", 9),
        core.rationales.nearest(ALICE, query, 9),
        core.graph.nearest(ALICE, query, 9),
    ]


@pytest.mark.parametrize("case", LEFT)
def test_what_somebody_wrote_is_named_and_left_to_them(core: Core, case: str) -> None:
    check, statement = LEFT[case]
    tamper(core, statement)
    for repair in (False, True):
        findings = doctor(core, repair=repair)
        assert check in checks(findings)
        assert not any(one.repaired for one in findings if one.check == check and "without content" in one.message)
        assert all(SECRET.lower() not in str(one).lower() for one in findings)
    assert check in checks(doctor(core))


def test_a_damaged_file_is_one_finding_that_says_so(core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("memagent.stores.sqlite_file._QUICKLY", -1)  # as for a file too large to check when opened
    path = core.file().path
    core.file().read("PRAGMA wal_checkpoint(TRUNCATE)")
    data = bytearray(path.read_bytes())
    for page in range(3, len(data) // 4096, 2):
        data[page * 4096 + 100 : page * 4096 + 600] = b"\xff" * 500
    core.file().close()
    path.write_bytes(data)
    again = opened(path, Hashing(dim=32))
    findings = doctor(again)
    assert checks(findings) == {"integrity"}
    assert "copy" in findings[0].message
    again.file().close()


def test_a_text_that_is_no_utf_8_is_a_finding(core: Core) -> None:
    tamper(core, f"UPDATE passages SET text = CAST(x'5AFF' AS TEXT) WHERE rid = {PASSAGE}")
    findings = doctor(core)
    assert checks(findings) == {"integrity"}
    assert "UTF-8" in findings[0].message and "with text" not in findings[0].message


TEXTS = (
    "items.id items.source passages.title passages.text rationales.problem rationales.verified "
    "evidence.source evidence.object declarations.relation purged.digest"
).split()


@pytest.mark.parametrize("column", TEXTS)
@pytest.mark.parametrize("value", ["x'61FF'", "CAST(x'61FF' AS TEXT)"])
def test_what_is_no_text_where_one_must_be_is_one_finding(core: Core, column: str, value: str) -> None:
    table, name = column.split(".")
    core.triples.declare(ALICE, "keeps", True)
    tamper(core, "INSERT INTO purged VALUES ('alice', '', '', '0f')")
    tamper(core, f"UPDATE {table} SET {name} = {value} WHERE rowid = (SELECT min(rowid) FROM {table})")
    for repair in (False, True):
        [finding] = doctor(core, repair=repair)
        assert finding.check == "integrity" and "copy" in finding.message and not finding.repaired


@pytest.mark.parametrize("table", ["items", "passages", "evidence", "declarations", "purged", "vectors", "changes"])
def test_a_missing_table_is_one_finding(core: Core, table: str) -> None:
    tamper(core, "PRAGMA foreign_keys = OFF", f"DROP TABLE {table}")
    [finding] = doctor(core)
    assert finding.check == "integrity" and f"no such table: {table}" in finding.message


def test_an_index_that_fell_behind_is_found_and_caught_up(core: Core) -> None:
    assert core.passages.nearest(ALICE, core.embed_query("x"), 1)
    newest = "(SELECT max(rid) FROM items WHERE kind = 'passage' AND user = 'alice')"
    tamper(
        core,
        f"DELETE FROM evidence WHERE passage = {newest}",
        f"DELETE FROM words WHERE rid = {newest}",
        f"DELETE FROM vectors WHERE rid = {newest}",
        f"DELETE FROM passages WHERE rid = {newest}",
        f"UPDATE changes SET op = 'said' WHERE rid = {newest}",
        f"DELETE FROM items WHERE rid = {newest}",
    )
    assert "indexes" in checks(doctor(core))
    assert all(one.repaired for one in doctor(core, repair=True))
    assert doctor(core) == []


def test_other_open_handles_see_what_was_mended(core: Core) -> None:
    other = opened(core.file().path, Hashing(dim=32))
    rid = core.file().read("SELECT max(rid) AS rid FROM items WHERE kind = 'passage' AND user = 'alice'")[0]["rid"]
    wrong = np.zeros(32, dtype="<f4")
    wrong[0] = 1.0
    with core.file().write() as writer:
        writer.execute("UPDATE vectors SET vector = ? WHERE rid = ?", [wrong.tobytes(), rid])
        writer.execute("UPDATE words SET bag = x'0102030405060708' WHERE rid = ?", [rid])
    assert not other.passages.match(ALICE, "note 5", 9) or other.passages.match(ALICE, "5", 9) == []
    doctor(core, repair=True)
    assert [match.passage.text for match in other.passages.match(ALICE, "5", 9)] == [f"{SECRET} note 5"]
    other.file().close()


def test_without_its_embedder_missing_vectors_stay_a_finding_that_says_why(core: Core) -> None:
    tamper(core, f"DELETE FROM vectors WHERE rid = {PASSAGE}", "UPDATE meta SET value = 'acme' WHERE key = 'embedder'")
    other = opened(core.file().path, DeferredEmbedder("acme", 32))
    findings = doctor(other, repair=True)
    assert [one.repaired for one in findings] == [False]
    assert "acme" in findings[0].message
    with pytest.raises(ConfigError):
        other.embed(["x"])
    other.file().close()


def test_beside_a_writer_there_are_no_false_findings(core: Core) -> None:
    other = opened(core.file().path, Hashing(dim=32))
    stop = threading.Event()

    def write() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            ids = other.passages.add(ALICE, [Note(f"more {number}")], other.embed([f"more {number}"]))
            triples = [Triple(f"p{number}", "is", "q", passage=ids[0])]
            texts = other.triples.unknown(ALICE, triples)
            other.triples.add(ALICE, triples, dict(zip(texts, other.embed(texts), strict=True)))
            (other.passages.delete if number % 2 else other.passages.retire)(ALICE, ids)

    writing = threading.Thread(target=write)
    writing.start()
    try:
        findings = [one for _ in range(5) for one in doctor(core)]
    finally:
        stop.set()
        writing.join()
    assert findings == []
    other.file().close()


def test_findings_say_themselves() -> None:
    assert str(Finding("words", "2 items.", 2, True)) == "words: 2 items. (repaired)"
