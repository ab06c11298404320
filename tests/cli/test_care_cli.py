"""The commands that look after a memory, as their users run them, in processes of their own."""

from __future__ import annotations

import json
import os
import pty
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from commands import memagent

from memagent import Memory, Note
from memagent.memory.conversation import Turn


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    with Memory(tmp_path / "memory.db", single_user=True) as memory:
        memory.add(
            [Note("The harbour freezes in March.", source="log", id="ice"), Note("Ida keeps the lamp.", id="ida")]
        )
        memory.bind(user="alice", session="s1").add(Note("The parrot is called Ines.", id="parrot"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def tamper(statement: str) -> None:
    raw = sqlite3.connect("memory.db", isolation_level=None)
    raw.execute(statement)
    raw.close()


def test_the_doctor_finds_and_repairs(place: Path) -> None:
    healthy = memagent("doctor")
    assert (healthy.returncode, healthy.stdout) == (0, "")
    assert "healthy" in healthy.stderr
    tamper("DELETE FROM words")
    found = memagent("doctor", "--json")
    assert found.returncode == 6
    assert json.loads(found.stdout)["check"] == "words"
    assert memagent("doctor").stdout.startswith("words: 3 items")
    repaired = memagent("doctor", "--repair")
    assert repaired.returncode == 0
    assert "(repaired)" in repaired.stdout
    assert memagent("doctor").returncode == 0


def test_the_doctor_says_how_many_turns_wait_to_be_gone_through(place: Path) -> None:
    with Memory(place / "talk.db") as memory:
        memory.bind(user="ana", session="s").turns.add_many([Turn("I live in Oslo."), Turn("Noted.", "assistant")])
    said = memagent("doctor", "--db", "talk.db")
    assert said.returncode == 0
    assert "1 turn of users not gone through for facts yet" in said.stderr


def test_a_receipt_tells_what_stays_and_has_words_of_what_goes(place: Path) -> None:
    with Memory(place / "talk.db", single_user=True) as memory:
        answer = Turn("Your cat is Zorbo.", "assistant", id="answer", metadata={"answers": "cat"})
        turns = [Turn("My cat is Zorbo.", id="cat"), answer]
        memory.turns.add_many([*turns, Turn("Zorbo sleeps a lot.", id="later")])
    said = memagent("forget", "cat", "--db", "talk.db").stdout
    assert said == "forget: 2 passages\n  cat\n  answer\nWhat stays and has words of it:\n  later\n"


def test_the_doctor_needs_no_key_and_no_known_embedder(place: Path) -> None:
    tamper("UPDATE meta SET value = 'acme' WHERE key = 'embedder'")
    assert memagent("doctor").returncode == 0
    assert memagent("forget", "ice").returncode == 0
    refused = memagent("why-not", "ida", "lamp")
    assert refused.returncode == 3
    assert "acme" in refused.stderr
    assert memagent("reembed", "--to", "hashing:64").returncode == 0
    assert "rank" in memagent("why-not", "ida", "lamp").stdout


def test_audit(place: Path) -> None:
    assert memagent("audit").returncode == 0
    with Memory("memory.db", single_user=True, secrets="keep") as memory:
        memory.add(Note("My key is sk-proj-" + "aB3dE5gH7jK9mN1pQ3sT" * 2))
    found = memagent("audit", "--json")
    assert found.returncode == 6
    assert json.loads(found.stdout.splitlines()[0])["kind"] == "secret"
    assert memagent("audit", "--user", "alice").returncode == 0


def test_reembed(place: Path) -> None:
    done = memagent("reembed", "--to", "hashing:64", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["vectors"] == 3
    assert "vectors" in done.stderr
    assert "lamp" in memagent("search", "lamp").stdout
    assert memagent("search", "lamp", "--embedder", "hashing").returncode == 1
    assert "0 vectors" in memagent("reembed", "--to", "hashing:64").stderr
    assert memagent("reembed", "--to", "hasing").returncode == 2


def test_reembed_that_is_stopped_says_how_to_go_on(place: Path) -> None:
    with Memory("memory.db", single_user=True) as memory:
        memory.add([f"note {number} of many" for number in range(8000)])
    command = [sys.executable, "-m", "memagent", "reembed", "--to", "hashing:2048"]
    running = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    raw = sqlite3.connect("memory.db")
    while not raw.execute("SELECT count(*) FROM vectors_next").fetchone()[0]:
        time.sleep(0.02)
    raw.close()
    running.send_signal(signal.SIGINT)
    _, said = running.communicate(timeout=60)
    assert running.returncode == 130
    assert "memagent reembed --to hashing:2048" in said
    assert "Traceback" not in said
    assert memagent("doctor").returncode == 6
    assert "lamp" in memagent("search", "keeps the lamp").stdout
    going_on = memagent("reembed", "--to", "hashing:2048", "--json")
    assert 0 < json.loads(going_on.stdout)["vectors"] < 8003
    assert memagent("doctor").returncode == 0


def test_export_and_import(place: Path) -> None:
    assert memagent("export", "out.jsonl", "--json").stdout == '{"file": "out.jsonl", "counts": {"passages": 2}}\n'
    assert "2 passages" in memagent("import", "out.jsonl", "--db", "new.db").stderr
    again = memagent("export", "-", "--db", "new.db")
    assert again.stdout == Path("out.jsonl").read_text(encoding="utf-8")
    assert "nothing" in memagent("import", "-", "--db", "new.db", stdin=again.stdout).stderr
    parrots = memagent("export", "-", "--user", "alice", "--no-vectors").stdout
    assert "Ines" in parrots
    assert "harbour" not in parrots
    assert memagent("import", "-", "--user", "bob", "--session", "s9", stdin=parrots).returncode == 0
    assert "Ines" in memagent("export", "-", "--user", "bob").stdout
    cut = memagent("import", "-", "--db", "new.db", stdin=parrots[:-20])
    assert cut.returncode == 2
    assert "line 3" in cut.stderr


def test_an_import_that_cannot_be_read_leaves_no_new_memory_behind(place: Path) -> None:
    whole = memagent("export", "-").stdout
    assert memagent("import", "-", "--db", "new.db", stdin=whole[:-20]).returncode == 2
    assert memagent("import", "none.jsonl", "--db", "new.db").returncode == 2
    assert list(place.glob("new.db*")) == []


def test_forget_and_restore(place: Path) -> None:
    assert memagent("forget", "ice", "--dry-run").stdout.startswith("forget (dry run): 1 passage")
    assert memagent("forget", "--source", "log").stdout == "forget: 1 passage\n  ice\n"
    assert "harbour" not in memagent("search", "harbour").stdout
    assert "forgotten" in memagent("why", "ice").stdout
    assert json.loads(memagent("restore", "ice", "--json").stdout)["total"] == 1
    assert "harbour" in memagent("search", "harbour").stdout
    assert memagent("forget", "ice", "--user", "alice").returncode == 1
    assert memagent("forget", "parrot", "--user", "alice", "--session", "s1").returncode == 0
    assert memagent("forget").returncode == 2
    assert memagent("forget", "ice", "--db", "none.db").returncode == 2


def test_purge_asks_where_somebody_can_answer_and_needs_yes_elsewhere(place: Path) -> None:
    refused = memagent("purge", "ice")
    assert refused.returncode == 2
    assert "--yes" in refused.stderr
    shown = memagent("purge", "ice", "--dry-run").stdout
    assert shown.startswith("purge (dry run): ")
    assert "1 passage" in shown
    assert on_a_terminal("n\n", "purge", "ice") == 130
    assert b"freezes" in Path("memory.db").read_bytes()
    assert on_a_terminal("y\n", "purge", "ice") == 0
    assert b"freezes" not in Path("memory.db").read_bytes()
    assert memagent("purge", "ida", "--yes").stdout.endswith("\n  ida\n")
    assert memagent("doctor").returncode == 0


def on_a_terminal(answer: str, *arguments: str) -> int:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "memagent", *arguments]
    running = subprocess.Popen(command, stdin=theirs, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    os.write(ours, answer.encode())
    code = running.wait(60)
    os.close(ours)
    os.close(theirs)
    return code


def test_why_and_why_not(place: Path) -> None:
    assert "log" in memagent("why", "ice").stdout
    assert json.loads(memagent("why", "ice", "--json").stdout)["verdict"] == "live"
    assert memagent("why", "nothing").returncode == 1
    assert "rank" in memagent("why-not", "ice", "harbour").stdout
    assert json.loads(memagent("why-not", "parrot", "parrot", "--json").stdout)["verdict"] == "absent"
