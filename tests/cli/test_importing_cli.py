"""`memagent import --from`, and the key of an encrypted memory, as their users meet them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from commands import memagent

LINES = [
    {"role": "user", "content": "I moved to Porto in May.", "timestamp": "2024-05-01T09:00:00Z", "user": "ana"},
    {"role": "assistant", "content": "Lovely! Your key sk-proj-a1B2c3D4e5F6g7H8i9J0k1 is safe."},
    {"role": "narrator", "content": "It rained."},
]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "chat.jsonl").write_text("\n".join(map(json.dumps, LINES)))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_conversation_is_imported_for_a_user_once(place: Path) -> None:
    tried = memagent("import", "--from", "jsonl", "chat.jsonl", "--user", "ana", "--dry-run", "--json")
    assert tried.returncode == 0 and not (place / "memory.db").exists()
    assert json.loads(tried.stdout)["added"] == 2 and json.loads(tried.stdout)["dry_run"] is True
    done = memagent("import", "--from", "jsonl", "chat.jsonl", "--user", "ana")
    assert done.returncode == 0 and done.stdout == ""
    assert "2 new and 0 known, of 1 conversation" in done.stderr
    assert "left out 1: has the role 'narrator'" in done.stderr and "line 3" in done.stderr
    assert "masked a secret" in done.stderr and "sk-proj" not in done.stderr
    again = json.loads(memagent("import", "--from", "jsonl", "chat.jsonl", "--user", "ana", "--json").stdout)
    assert (again["added"], again["there"]) == (0, 2)
    assert "I moved to Porto" in memagent("search", "Where did I move?", "--user", "ana").stdout
    assert "nothing found" in memagent("search", "Where did I move?", "--user", "eve").stderr
    assert memagent("import", "--from", "jsonl", "chat.jsonl", "--user", "a", "--users-from-file").returncode == 2
    assert memagent("import", "--from", "jsonl", "missing.jsonl").returncode != 0
    with (place / "chat.jsonl").open("a") as file:
        file.write('\n{"role": "user", "content": "I have debts.", "user": "bob"}')
    several = memagent("import", "--from", "jsonl", "chat.jsonl", "--user", "ana", "--db", "new.db")
    assert several.returncode == 2 and "2 users" in several.stderr and "--users-from-file" in several.stderr
    assert not (place / "new.db").exists()
    one = memagent("import", "--from", "jsonl", "chat.jsonl", "--user", "ana", "--all-as-user")
    assert one.returncode == 0 and "1 new and 2 known" in one.stderr
    wrong = memagent("import", "--from", "chatgpt", "chat.jsonl", "--user", "ana", "--db", "new.db")
    assert wrong.returncode != 0 and "line 1 of chat.jsonl" in wrong.stderr and not (place / "new.db").exists()


def test_a_memory_is_encrypted_by_a_key_from_the_environment_or_a_file(place: Path) -> None:
    (place / "key").write_text("sea horse\n")
    (place / "other").write_text("tide pool\n")
    by_file, by_name = {"MEMAGENT_KEY_FILE": "key"}, {"MEMAGENT_KEY": "sea horse"}
    assert memagent("add", "--text", "The Zanzibarquartz lamp is lit.", **by_file).returncode == 0
    assert "Zanzibarquartz" in memagent("search", "lamp", **by_name).stdout
    assert b"anzibarquartz" not in (place / "memory.db").read_bytes()
    for command in (["doctor"], ["reembed", "--to", "hashing:64"], ["audit"]):
        assert memagent(*command, **by_name).returncode == 0, command
    for environment in ({"MEMAGENT_KEY": "tide pool"}, {}, {**by_file, **by_name}, {"MEMAGENT_KEY": ""}):
        refused = memagent("search", "lamp", **environment)
        assert refused.returncode in (1, 3) and len(refused.stderr.splitlines()) == 2
        assert (
            "key" in refused.stderr.lower() and "sea horse" not in refused.stderr and "tide pool" not in refused.stderr
        )
    assert memagent("rekey", "--new-key-file", "other", **by_file).returncode == 0
    assert "Zanzibarquartz" in memagent("search", "lamp", MEMAGENT_KEY="tide pool").stdout
    assert memagent("rekey", "--decrypt", MEMAGENT_KEY_FILE="other").returncode == 0
    assert "Zanzibarquartz" in memagent("search", "lamp").stdout
    assert memagent("rekey", "--decrypt", "--new-key-file", "other").returncode == 2
