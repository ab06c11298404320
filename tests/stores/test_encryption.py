"""A memory with a key: no byte of it can be read without, and everything works as without one."""

from __future__ import annotations

import logging
import os
import secrets
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from memagent import Memory, Note
from memagent.errors import Busy, StorageDamaged, StorageError, UsageProblem, WrongKey
from memagent.stores.engine import Cipher, engine_for
from memagent.stores.rekey import rekey
from memagent.types import Rationale, Triple

KEY = secrets.token_hex(32)
PLANTED = ("Zanzibarquartz", "Quillfeather", "Umbrageous", "Kestrelmoor", "Wexcombe")


def fill(memory: Memory) -> Memory:
    """Plant a word in each kind of thing that a memory keeps."""
    handle = memory.bind(user="Wexcombe")
    handle.add([Note(f"The {PLANTED[0]} lamp number {n} is lit.", source="Kestrelmoor") for n in range(40)])
    handle.add(Note("Drop this Quillfeather.", id="drop"))
    handle.facts.add(Triple("Ida", "lives in", PLANTED[1]))
    handle.rationales.add(Rationale(f"Where is {PLANTED[2]}?", "By the sea.", "There"))
    return handle


def readable(*folders: Path) -> set[str]:
    data = b"".join(path.read_bytes() for folder in folders for path in folder.rglob("*") if path.is_file()).lower()
    return {word for word in PLANTED if word.lower().encode() in data} | (
        {"SQLite"} if b"sqlite format" in data else set()
    )


def test_no_byte_of_what_is_kept_can_be_read_in_any_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    aside = tmp_path / "tmp"
    aside.mkdir()
    for name in ("TMPDIR", "SQLITE_TMPDIR"):
        monkeypatch.setenv(name, str(aside))
    place = tmp_path / "m.db"
    with Memory(place, key=KEY) as memory:
        handle = fill(memory)
        assert readable(tmp_path) == set()
        assert len(handle.search("lamp Zanzibarquartz", 3)) == 3 and handle.facts.find("Ida")
        handle.purge("drop")
        assert not any("Quillfeather" in one.text for one in handle.passages())
        assert memory.reembed("hashing:64") > 40
        assert memory.doctor(repair=True) == []
        assert readable(tmp_path) == set()
        handle.export(tmp_path / "export.jsonl")
        assert "Zanzibarquartz" in readable(tmp_path)  # an export is the reader's own, and says so
        (tmp_path / "export.jsonl").unlink()
    assert readable(tmp_path) == set() and place.stat().st_size > 4096
    with Memory(tmp_path / "plain.db") as plain:
        fill(plain)
        assert readable(tmp_path) >= set(PLANTED[:2])  # what is looked for would be found


@pytest.mark.parametrize(
    "key", [KEY, bytes.fromhex(KEY), 'it\'s a "sea horse" — море'], ids=["digits", "bytes", "words"]
)
def test_the_same_key_opens_it_again_also_from_a_copy_and_from_other_threads(tmp_path: Path, key: str | bytes) -> None:
    with Memory(tmp_path / "m.db", key=key, single_user=True) as memory:
        memory.add("Ida keeps the lamp.")
        workers = [threading.Thread(target=memory.add, args=(f"Ship {n} passed.",)) for n in range(6)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
    shutil.copy(tmp_path / "m.db", tmp_path / "copy.db")
    for name in ("m.db", "copy.db"):
        with Memory(tmp_path / name, key=key, single_user=True) as again:
            assert again.count() == 7 and again.search("Who keeps the lamp?")[0].text == "Ida keeps the lamp."


def test_bytes_and_hex_digits_are_one_key_and_a_private_memory_takes_one_too(tmp_path: Path) -> None:
    Memory(tmp_path / "m.db", key=KEY).close()
    Memory(tmp_path / "m.db", key=bytes.fromhex(KEY)).close()
    with Memory(":memory:", key=KEY, single_user=True) as memory:
        memory.add("Zanzibarquartz")
        path = memory.core.file().path
        assert readable(path.parent) == set()


def test_another_key_or_none_is_one_clear_error_and_touches_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    with Memory(tmp_path / "m.db", key="sea horse") as memory:
        fill(memory)
        said = [repr(memory), repr(memory.core), repr(memory.core.file()), str(vars(memory))]
    Memory(tmp_path / "plain.db").close()
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    for name, key, kind, words in [
        ("m.db", "tide pool", WrongKey, "another key"),
        ("m.db", KEY, WrongKey, "another key"),
        ("m.db", None, StorageDamaged, "the key, if it is encrypted"),
        ("plain.db", "tide pool", WrongKey, "not encrypted"),
    ]:
        with pytest.raises(kind, match=words) as error:
            Memory(tmp_path / name, key=key)
        said.append(str(error.value))
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before
    seen = "\n".join([*said, caplog.text, *capfd.readouterr()])
    assert not any(key in seen for key in ("sea horse", "tide pool", KEY))


def test_what_is_no_key_is_refused_without_being_shown(tmp_path: Path) -> None:
    for bad in ("", "  ", b"short", b"x" * 33, 12345, "a\0b", f"x'{KEY}'"):
        with pytest.raises(UsageProblem, match="a key must be") as error:
            engine_for(bad)  # type: ignore[arg-type]
        assert str(bad) not in str(error.value) or not str(bad).strip()
    assert not (tmp_path / "m.db").exists()
    assert repr(Cipher("sea horse")) == "Cipher()"


def test_a_file_that_is_open_with_its_key_is_not_opened_without_in_the_same_process(tmp_path: Path) -> None:
    with Memory(tmp_path / "m.db", key=KEY):
        with pytest.raises(WrongKey, match="open in this process with a key"):
            Memory(tmp_path / "m.db")


def test_a_damaged_page_is_one_clear_error(tmp_path: Path) -> None:
    with Memory(tmp_path / "m.db", key=KEY) as memory:
        fill(memory)
    data = bytearray((tmp_path / "m.db").read_bytes())
    data[20_000] ^= 1
    (tmp_path / "m.db").write_bytes(data)
    with pytest.raises(StorageDamaged, match="damaged"):
        Memory(tmp_path / "m.db", key=KEY)


WRITER = """
import sys
from memagent import Memory
with Memory(sys.argv[1], key=sys.argv[2], single_user=True) as memory:
    for number in range(15):
        memory.add(f"process {sys.argv[3]} wrote {number}")
"""


def test_processes_share_an_encrypted_file_from_its_first_moment_on(tmp_path: Path) -> None:
    started = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path / "m.db"), KEY, str(number)])
        for number in range(3)
    ]
    assert [one.wait(120) for one in started] == [0, 0, 0]
    with Memory(tmp_path / "m.db", key=KEY, single_user=True) as memory:
        assert memory.count() == 45 and memory.doctor() == []


KILLED = """
import sys
from memagent import Memory
memory = Memory(sys.argv[1], key=sys.argv[2], single_user=True)
number = 0
while True:
    memory.add(f"acknowledged {number}")
    print(number, flush=True)
    number += 1
"""


def test_a_kill_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    arguments = [sys.executable, "-c", KILLED, str(tmp_path / "m.db"), KEY]
    writer = subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    acknowledged = [int(writer.stdout.readline()) for _ in range(25)]
    writer.kill()
    writer.communicate()
    assert readable(tmp_path) == set() and b"acknowledged" not in (tmp_path / "m.db-wal").read_bytes()
    with Memory(tmp_path / "m.db", key=KEY, single_user=True) as memory:
        assert {f"acknowledged {number}" for number in acknowledged} <= {one.text for one in memory.passages()}
        assert memory.doctor() == []


HOLDER = """
import sys, time
from memagent import Memory
memory = Memory(sys.argv[1], key="sea horse", single_user=True)
print(memory.count(), flush=True)
time.sleep(100)
"""


def exported(path: Path, key: str | None) -> str:
    with Memory(path, key=key) as memory:
        memory.bind(user="Wexcombe").export(path.with_name("out.jsonl"))
    text = path.with_name("out.jsonl").read_text()
    path.with_name("out.jsonl").unlink()
    return text


def test_a_file_gets_a_key_another_one_and_none_and_says_the_same_throughout(tmp_path: Path) -> None:
    place = tmp_path / "m.db"
    with Memory(place) as memory:
        fill(memory)
    was = exported(place, None)
    rekey(place, None, KEY)
    assert readable(tmp_path) == set() and os.listdir(tmp_path) == ["m.db"]
    assert exported(place, KEY) == was
    rekey(place, KEY, "sea horse")
    with pytest.raises(WrongKey):
        rekey(place, KEY, None)
    with Memory(place, key="sea horse") as open_elsewhere:
        open_elsewhere.bind(user="Wexcombe").count()
        with pytest.raises(Busy, match="open in this process"):
            rekey(place, "sea horse", None)
    elsewhere = subprocess.Popen([sys.executable, "-c", HOLDER, str(place)], stdout=subprocess.PIPE)
    assert elsewhere.stdout is not None and elsewhere.stdout.readline()
    with pytest.raises(Busy, match="open elsewhere"):
        rekey(place, "sea horse", None)
    elsewhere.kill()
    elsewhere.communicate()
    rekey(place, "sea horse", None)
    with Memory(place) as memory:
        assert memory.doctor() == []
    assert exported(place, None) == was
    with pytest.raises(StorageError):
        rekey(tmp_path / "no" / "m.db", None, KEY)
