"""Files of earlier schemas open, upgraded, with everything that was in them; a newer one is refused untouched."""

from __future__ import annotations

import shutil
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from memagent.errors import StorageError
from memagent.memory import Memory
from memagent.stores.database import SQLiteDatabase
from memagent.stores.migrations import MIGRATIONS
from memagent.types import Triple

DATA = Path(__file__).parents[1] / "data"
EARLIER = range(1, len(MIGRATIONS))


def test_there_is_a_file_of_every_earlier_schema():
    assert all((DATA / f"schema-{version}.db").exists() for version in EARLIER)


@pytest.mark.parametrize("version", EARLIER)
def test_a_file_of_an_earlier_schema_is_a_schema_of_its_time(version):
    with sqlite3.connect(f"file:{DATA / f'schema-{version}.db'}?mode=ro&immutable=1", uri=True) as raw:
        assert raw.execute("PRAGMA user_version").fetchone()[0] == version
    raw.close()


@pytest.mark.parametrize("version", EARLIER)
def test_an_earlier_file_opens_with_all_that_was_in_it(tmp_path, version):
    path = tmp_path / "notes.db"
    shutil.copy(DATA / f"schema-{version}.db", path)
    with Memory(path) as memory:
        assert memory.embedder.name == "hashing-v1-16"
        alice, bob = memory.bind(user="alice"), memory.bind(user="bob")
        first, second, edited = alice.passages()
        assert (first.title, first.source, first.metadata) == ("Log", "log.md", {"page": 3})
        assert first.at == datetime(2020, 1, 2, tzinfo=UTC) and first.recorded_at.tzinfo is not None
        assert edited.text == "Edited since." and [one.text for one in bob.passages()] == ["Bob's own."]
        assert [hit.id for hit in alice.search("lamp in the fog", 1)] == [first.id]
        assert [hit.id for hit in alice.search("東京", using="keyword")] == [second.id]
        assert alice.search("deleted", using="keyword") == alice.search("forgotten", using="keyword") == []
        [hidden] = [row["id"] for row in memory.core.file().read("SELECT id FROM items WHERE retired_at IS NOT NULL")]
        assert alice.restore(hidden).total == 1 and alice.get(hidden).text == "To be forgotten."
        assert alice.add("The same as ever.") and alice.facts.add(Triple("a", "b", "c", passage=first.id))
        assert memory.doctor() == []
        rids = [row["rid"] for row in memory.core.file().read("SELECT rid FROM items ORDER BY rid")]
        assert min(rids[-5:]) > 7, "a rid is never used again"


def test_what_goes_by_an_index_since_is_found_in_a_file_that_had_none(tmp_path):
    path = tmp_path / "notes.db"
    shutil.copy(DATA / "schema-3.db", path)
    with Memory(path) as memory:
        alice = memory.bind(user="alice")
        [known] = alice.rationales.of("how  many? say!")
        assert known.answer == "4"
        alice.facts.declare("lives in")
        start = datetime(2022, 1, 1, tzinfo=UTC)
        alice.facts.add([Triple("Ida", "lives in", f"Town {n}", at=start + timedelta(days=n)) for n in range(100)])
        for year, place in ((2020, "Oslo"), (2021, "Bergen")):
            at = datetime(year, 6, 1, tzinfo=UTC)
            assert alice.facts.read(("Ida", "lives in", None), as_of=at).texts == (place,)


def test_a_newer_file_is_refused_and_not_touched(tmp_path):
    path = tmp_path / "notes.db"
    SQLiteDatabase(path).close()
    with sqlite3.connect(path) as raw:
        raw.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    raw.close()
    before, when = path.read_bytes(), path.stat().st_mtime_ns
    with pytest.raises(StorageError, match=f"version {len(MIGRATIONS) + 1}.*\n.*Upgrade"):
        Memory(path)
    assert path.read_bytes() == before and path.stat().st_mtime_ns == when
    assert [file.name for file in tmp_path.iterdir()] == ["notes.db"]


@pytest.mark.parametrize("harm", ["truncated", "corrupt", "not a database"])
def test_a_damaged_file_is_one_clear_error_and_not_touched(tmp_path, harm):
    path = tmp_path / "notes.db"
    with Memory(path, embedder="hashing:16", single_user=True) as memory:
        memory.add(f"note {number}" for number in range(300))
    whole = path.read_bytes()
    spoilt = {
        "truncated": whole[: len(whole) // 2],
        "corrupt": whole[:4096] + b"\xa5" * (len(whole) - 4096),
        "not a database": b"\x00\x01\x02" * 5000,
    }[harm]
    path.write_bytes(spoilt)
    with pytest.raises(StorageError) as raised:
        with Memory(path, single_user=True) as memory:
            memory.search("note")
    assert str(path) in str(raised.value) and "\n" in str(raised.value)
    assert path.read_bytes() == spoilt
