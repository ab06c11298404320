"""A damaged file is one clear error when it is opened, and stays as it is."""

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
from datetime import datetime, timedelta, timezone

import pytest

from memagent import Memory
from memagent.errors import StorageDamaged, StorageError, UsageProblem


@pytest.fixture
def path(tmp_path):
    with Memory(tmp_path / "m.db", single_user=True) as memory:
        memory.add(f"note number {number} about the lamp" for number in range(400))
    return tmp_path / "m.db"


def zeroed(data):
    return data[:20_480] + bytes(40_960) + data[61_440:]


def scattered(data):
    spoilt, rng = bytearray(data), random.Random(3)
    for _ in range(300):
        spoilt[rng.randrange(8_192, len(spoilt))] = rng.randrange(256)
    return bytes(spoilt)


@pytest.mark.parametrize("harm", [zeroed, scattered])
def test_damage_in_the_middle_is_found_when_the_file_is_opened(path, harm):
    spoilt = harm(path.read_bytes())
    path.write_bytes(spoilt)
    with pytest.raises(StorageDamaged, match=r"m\.db is damaged or cut short.*\n.*copy"):
        Memory(path, single_user=True)
    assert path.read_bytes() == spoilt and [file.name for file in path.parent.iterdir()] == ["m.db"]


KILLED = """
import os, sys
from memagent import Memory
memory = Memory(sys.argv[1], single_user=True)
memory.add(f"what the log has, number {number}" for number in range(50))
os._exit(0)
"""


def test_what_a_killed_process_left_beside_a_damaged_file_stays_there(path):
    subprocess.run([sys.executable, "-c", KILLED, str(path)], check=True)
    log = path.with_name("m.db-wal")
    path.write_bytes(zeroed(path.read_bytes()))
    before = path.read_bytes(), log.read_bytes()
    assert before[1]
    with pytest.raises(StorageDamaged, match="not touched"):
        Memory(path, single_user=True)
    assert (path.read_bytes(), log.read_bytes()) == before


def test_what_a_killed_process_of_a_newer_version_left_stays_there(path):
    newer = "import sqlite3\nsqlite3.connect(sys.argv[1]).execute('PRAGMA user_version = 99')\nos._exit(0)"
    subprocess.run([sys.executable, "-c", KILLED.replace("os._exit(0)", newer), str(path)], check=True)
    log = path.with_name("m.db-wal")
    before = path.read_bytes(), log.read_bytes()
    assert before[1]
    with pytest.raises(StorageError, match="schema version 99"):
        Memory(path, single_user=True)
    assert (path.read_bytes(), log.read_bytes()) == before


def test_what_a_killed_process_left_beside_a_whole_file_is_taken_up(path):
    subprocess.run([sys.executable, "-c", KILLED, str(path)], check=True)
    with Memory(path, single_user=True) as memory:
        assert memory.count() == 450 and memory.doctor() == []


def test_a_file_that_does_not_say_its_version_is_refused(path):
    with sqlite3.connect(path) as raw:
        raw.execute("PRAGMA user_version = 0")
    raw.close()
    before = path.read_bytes()
    with pytest.raises(StorageDamaged, match="which schema version"):
        Memory(path, single_user=True)
    assert path.read_bytes() == before


@pytest.mark.parametrize("size", [1, 99])
def test_a_file_that_is_hardly_there_is_called_cut_short(tmp_path, size):
    path = tmp_path / "m.db"
    path.write_bytes(b"SQLite format 3\x00".ljust(100, b"\x01")[:size])
    with pytest.raises(StorageDamaged, match="cut short"):
        Memory(path, single_user=True)


def test_a_missing_table_is_a_damaged_file(path):
    with sqlite3.connect(path) as raw:
        raw.execute("DROP TABLE links")
    raw.close()
    with Memory(path, single_user=True) as memory, pytest.raises(StorageError, match="no such table: links"):
        memory.graph.counts()


def test_a_path_that_is_none_and_a_time_that_is_none():
    with pytest.raises(UsageProblem, match="NUL"):
        Memory("a\0b.db", single_user=True)
    with Memory(":memory:", single_user=True) as memory, pytest.raises(UsageProblem, match="UTC"):
        memory.facts.find(as_of=datetime.min.replace(tzinfo=timezone(timedelta(hours=5))))
