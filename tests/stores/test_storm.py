"""Nothing acknowledged is lost while processes write to one file and another is killed again and again."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

STORM = Path(__file__).parents[2] / "benchmarks" / "durability.py"

TAMPER = """
import sys
from pathlib import Path
folder = Path(sys.argv[1])
sys.path.insert(0, sys.argv[2])
import durability
from memagent import Memory
logs = durability._Logs(folder)
kept = [key for key, allowed in logs.allowed.items() if None not in allowed and len(allowed) == 1]
gone = [key for key, allowed in logs.allowed.items() if allowed == {None}]
with Memory(folder / "storm.db") as memory:
    memory.bind(user=kept[0][0]).forget(kept[0][1])
    memory.bind(user=kept[1][0]).edit(kept[1][1], "something else")
    memory.bind(user=kept[1][0]).add("a row of nobody")
    memory.bind(user=gone[0][0]).restore(gone[0][1])
"""


def storm(folder: Path, *options: str) -> dict[str, Any]:
    command = [sys.executable, str(STORM), "--json", "--folder", str(folder), *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=200)
    assert done.stdout, done.stderr
    return {"code": done.returncode, **json.loads(done.stdout)}


@pytest.mark.timeout(400)
def test_a_storm_of_writers_and_kills_loses_nothing(tmp_path: Path) -> None:
    result = storm(tmp_path, "--seconds", "6", "--processes", "3", "--threads", "4", "--kill-every", "0.5")
    wrong = ("lost", "wrong", "resurfaced", "unexplained", "torn", "missed", "leaked", "stale", "unfindable")
    broken = ("locked", "errors", "crashed")
    assert {name: result[name] for name in (*wrong, *broken)} == dict.fromkeys((*wrong, *broken), 0), result["messages"]
    assert result["integrity"] == ["ok"]
    assert not result["doctor"]
    assert result["kills"] >= 2
    assert min(result[f"acknowledged_{act}"] for act in ("adds", "edits", "forgets", "searches")) > 10
    assert result["code"] == 0


def test_the_check_notices_what_was_lost_changed_or_brought_back(tmp_path: Path) -> None:
    assert storm(tmp_path, "--seconds", "2", "--processes", "1", "--threads", "2")["code"] == 0
    subprocess.run([sys.executable, "-c", TAMPER, str(tmp_path), str(STORM.parent)], check=True, timeout=100)
    command = [sys.executable, str(STORM), "--step", str(tmp_path), "check", "0"]
    found = json.loads(subprocess.run(command, capture_output=True, text=True, check=True, timeout=100).stdout)
    assert [found[name] for name in ("lost", "wrong", "unexplained")] == [1, 1, 1]
    assert found["resurfaced"] >= 1
