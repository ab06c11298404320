"""Where an export may go, whom it keeps waiting, and what must not be in it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading

import pytest

from memagent import Memory, Note, Triple
from memagent.errors import MemagentError, UsageProblem


@pytest.fixture
def memory(tmp_path):
    with Memory(tmp_path / "m.db", single_user=True) as opened:
        opened.add([Note(f"note {number}", id=str(number)) for number in range(50)])
        yield opened


@pytest.mark.parametrize("name", ["m.db", "m.db-wal", "link.jsonl", "hard.jsonl"])
def test_the_memory_itself_is_no_place_for_an_export(memory, tmp_path, name):
    (tmp_path / "link.jsonl").symlink_to(tmp_path / "m.db")
    os.link(tmp_path / "m.db", tmp_path / "hard.jsonl")
    with pytest.raises(UsageProblem, match="is the memory itself"):
        memory.export(tmp_path / name)
    with pytest.raises(UsageProblem, match="is the memory itself"):
        memory.graph.graphml(tmp_path / name)
    assert memory.count() == 50 and memory.doctor() == []


def test_a_link_is_written_through_and_a_pipe_is_written_to(memory, tmp_path):
    (tmp_path / "other").mkdir()
    (tmp_path / "link.jsonl").symlink_to(tmp_path / "other" / "target.jsonl")
    memory.export(tmp_path / "link.jsonl")
    assert (tmp_path / "link.jsonl").is_symlink() and (tmp_path / "other" / "target.jsonl").stat().st_size > 1000
    os.mkfifo(tmp_path / "pipe")
    read = []
    reader = threading.Thread(target=lambda: read.append((tmp_path / "pipe").read_text()))
    reader.start()
    memory.export(tmp_path / "pipe", vectors=False)
    reader.join(30)
    assert (tmp_path / "pipe").is_fifo() and json.loads(read[0].splitlines()[-1])["counts"] == {"passage": 50}


def test_a_slow_reader_of_an_export_keeps_nobody_waiting_and_sees_one_state(memory):
    wrote, lines = threading.Event(), []

    class Slow:
        def write(self, text):
            lines.append(text)
            if len(lines) == 10:
                threading.Thread(target=lambda: (memory.add(Note("meanwhile", id="new")), wrote.set())).start()
                assert wrote.wait(20), "a writer waits for the export"

    memory.export(Slow())
    assert memory.count() == 51 and sum('"passage"' in line for line in lines) == 51  # 50 and the end's count of them
    assert json.loads(lines[-1])["counts"] == {"passage": 50}


def test_what_takes_the_lines_of_an_export_may_write_to_the_memory(memory):
    class Taking:
        def write(self, text):
            memory.add(Note("taken", id=f"of line {len(text)}"))

    assert memory.export(Taking()) == {"passages": 50}
    assert memory.count() > 50 and memory.doctor() == []


@pytest.mark.skipif(not os.path.exists("/dev/stdout"), reason="needs /dev/stdout")
def test_standard_output_may_be_named_as_a_device(memory, tmp_path):
    command = [sys.executable, "-m", "memagent", "export", "/dev/stdout", "--db", str(tmp_path / "m.db")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1])["counts"] == {"passage": 50}


def test_exports_to_one_place_at_once_are_each_whole(memory, tmp_path):
    problems = []

    def export():
        try:
            memory.export(tmp_path / "e.jsonl")
        except MemagentError as error:
            problems.append(error)

    threads = [threading.Thread(target=export) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == [] and json.loads((tmp_path / "e.jsonl").read_text().splitlines()[-1])["end"]
    assert [file.name for file in tmp_path.glob(".*new")] == []


def test_the_key_of_what_users_purged_stays_in_the_file(tmp_path):
    with Memory(tmp_path / "m.db", single_user=True) as memory:
        alice = memory.bind(user="alice")
        alice.facts.add(Triple("a", "is", "b", source="x"))
        alice.purge(source="x")
        memory.add("of nobody in particular")
        memory.export(tmp_path / "e.jsonl")
    header = json.loads((tmp_path / "e.jsonl").read_text().splitlines()[0])
    assert header["salt"] is None and header["salt_digest"]


def test_the_key_stays_in_the_file_where_a_user_has_no_more_than_declared_something(tmp_path):
    with Memory(tmp_path / "m.db", single_user=True) as memory:
        memory.facts.add(Triple("a", "is", "b", source="x"))
        memory.purge(source="x")
        memory.export(tmp_path / "whole.jsonl")
        memory.bind(user="alice").facts.declare("is")
        memory.export(tmp_path / "part.jsonl")
    headers = [(tmp_path / f"{name}.jsonl").read_text().splitlines()[0] for name in ("whole", "part")]
    whole, part = (json.loads(header)["salt"] for header in headers)
    assert whole and part is None


def test_half_a_character_is_no_metadata(memory):
    for metadata in ({"k": "\ud800"}, {"\udfff": 1}):
        with pytest.raises(UsageProblem, match="metadata"):
            memory.add(Note("x", metadata=metadata))


def test_nothing_can_be_made_to_weigh_nothing_by_an_import(memory, tmp_path):
    memory.export(tmp_path / "e.jsonl", vectors=False)
    lines = (tmp_path / "e.jsonl").read_text().replace('"importance":1.0', '"importance":0')
    (tmp_path / "e.jsonl").write_text(lines)
    with pytest.raises(UsageProblem, match="importance is not above 0"):
        memory.import_(tmp_path / "e.jsonl")


@pytest.mark.parametrize("uses", [1 << 53, (1 << 63) - 1])
def test_nothing_was_used_more_often_than_can_be_counted_on(memory, tmp_path, uses):
    memory.export(tmp_path / "e.jsonl", vectors=False)
    lines = (tmp_path / "e.jsonl").read_text().replace('"uses":0', f'"uses":{uses}')
    (tmp_path / "e.jsonl").write_text(lines)
    with pytest.raises(UsageProblem, match="uses is no count"):
        memory.import_(tmp_path / "e.jsonl")


def test_a_purge_takes_along_what_was_declared_of_a_relation_that_is_no_more(tmp_path):
    with Memory(tmp_path / "m.db", single_user=True) as memory:
        for name in ("secretlylovesxyz", "lives in"):
            memory.facts.declare(name)
            memory.facts.add(Triple("Ida", name, "somebody", source="diary"))
        memory.facts.add(Triple("Bo", "lives in", "Oslo", source="letter"))
        assert memory.purge(source="diary").counts["declarations"] == 1
        assert [one.how for one in memory.facts.relations()] == ["declared"]
    assert not any(b"secretlyloves" in file.read_bytes() for file in tmp_path.iterdir())
