"""Forget, restore, delete and purge over all kinds at once: receipts, dry runs, cascades, and raw bytes."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from memagent.errors import Busy, NotFound, UsageProblem
from memagent.memory import Memory
from memagent.types import Note, Rationale, Triple

SECRET = "The combination of the harbour safe is ninety-one, forty, seventeen."


@pytest.fixture
def memory(tmp_path):
    with Memory(tmp_path / "notes.db", embedder="hashing:64") as opened:
        yield opened


@pytest.fixture
def alice(memory):
    return memory.bind(user="alice")


def files_of(memory: Memory) -> dict[str, bytes]:
    path = memory.core.file().path
    return {name: (path.parent / name).read_bytes() for name in os.listdir(path.parent) if name.startswith(path.name)}


def holding(memory: Memory, text: str) -> list[str]:
    return [name for name, found in files_of(memory).items() if text.encode() in found]


def rows(memory: Memory) -> dict[str, list[tuple]]:
    """All that is kept, row for row, with what names a row in place of its number, and without times of writing."""
    read = memory.core.file().read
    name = {
        row["rid"]: (row["kind"], row["id"], row["user"], row["session"], row["agent"])
        for row in read("SELECT * FROM items")
    }
    found: dict[str, list[tuple]] = {
        "items": [
            (
                *name[row["rid"]],
                row["source"],
                row["digest"],
                row["at"],
                row["retired_at"] is None,
                row["importance"],
                row["uses"],
            )
            for row in read("SELECT * FROM items")
        ]
    }
    for table, columns in {
        "passages": "title text metadata",
        "vectors": "vector",
        "words": "bag",
        "rationales": "problem reasoning answer verified metadata successes failures",
    }.items():
        found[table] = [
            (name[row["rid"]], *(row[column] for column in columns.split())) for row in read(f"SELECT * FROM {table}")
        ]
    found["facts"] = [
        tuple(name[row[end]] for end in ("rid", "subject", "relation", "object")) for row in read("SELECT * FROM facts")
    ]
    found["evidence"] = [
        (
            name[row["fact"]],
            name.get(row["passage"]),
            *(row[column] or "" for column in ("source", "subject", "relation", "object", "at", "until", "confidence")),
        )
        for row in read("SELECT * FROM evidence")
    ]
    found["links"] = [
        (*sorted((name[row["a"]], name[row["b"]])), row["kind"], row["weight"]) for row in read("SELECT * FROM links")
    ]
    return {table: sorted(some, key=repr) for table, some in found.items()}


def test_a_receipt_counts_what_was_hidden_and_what_came_back(alice):
    [id] = alice.add("Ida lives at Gull Point.")
    alice.facts.add(Triple("Ida", "lives at", "Gull Point", passage=id))
    receipt = alice.forget(id)
    assert (receipt.verb, receipt.counts, receipt.ids) == ("forget", {"passages": 1, "facts": 1}, (id,))
    assert receipt.total == 2 and str(receipt) == "forget: 1 passage, 1 fact"
    assert alice.facts.find() == [] and alice.search("Gull Point") == [] and alice.facts.search("Gull Point") == []
    assert alice.restore(id).counts == {"passages": 1, "facts": 1}
    assert [fact.object for fact in alice.facts.find()] == ["Gull Point"]


def test_every_kind_is_forgotten_by_its_id(alice):
    [passage] = alice.add("fog")
    [fact] = alice.facts.add(("Ida", "keeps", "the lamp"))
    [rationale] = alice.rationales.add(Rationale("2 + 2", "count", "4"))
    assert alice.forget([passage, fact, rationale]).counts == {"passages": 1, "facts": 1, "rationales": 1}
    assert not alice.count() and not alice.facts.count() and not alice.rationales.count()
    alice.restore([passage, fact, rationale])
    assert alice.count() == alice.facts.count() == alice.rationales.count() == 1


def test_what_was_forgotten_is_listed_with_its_text_the_latest_first_and_to_its_user_alone(alice, memory):
    [passage, other] = alice.add(["fog", "rain"])
    [fact] = alice.facts.add(("Ida", "keeps", "the lamp"))
    [rationale] = alice.bind(session="s").rationales.add(Rationale("2 + 2", "count", "4"))
    for id in (passage, fact, rationale):
        alice.forget(id)
    assert [(one.id, one.kind, one.text) for one in alice.forgotten()] == [
        (rationale, "rationale", "2 + 2"),
        (fact, "fact", "Ida keeps the lamp"),
        (passage, "passage", "fog"),
    ]
    assert [one.id for one in alice.forgotten(1)] == [rationale]
    assert [one.id for one in alice.bind(session="s").forgotten()] == [rationale]
    assert memory.bind(user="bob").forgotten() == []
    alice.restore(fact)
    alice.purge(passage)
    assert [one.id for one in alice.forgotten()] == [rationale] and alice.get(other).text == "rain"
    for count in (0, True, "all"):
        with pytest.raises(UsageProblem):
            alice.forgotten(count)


@pytest.mark.parametrize("verb", ["forget", "restore", "delete", "purge"])
def test_nothing_matched_is_an_error_and_changes_nothing(alice, verb):
    alice.add(Note("fog", source="a.md"))
    before = rows(alice)
    for wanted in ({"ids": "nobody"}, {"source": "nowhere.md"}, {"ids": []}, {}):
        with pytest.raises(NotFound, match=f"nothing to {verb}"):
            getattr(alice, verb)(**wanted)
    for wrong in ({"ids": [3]}, {"source": ""}, {"source": "  "}, {"source": 3}):
        with pytest.raises(UsageProblem):
            getattr(alice, verb)(**wrong)
    assert rows(alice) == before


@pytest.mark.parametrize("verb", ["forget", "delete", "purge"])
def test_a_dry_run_says_what_the_real_run_does_and_changes_nothing(alice, verb):
    ids = alice.add([Note("Ida lives at Gull Point.", source="a.md"), Note("Fog.", source="b.md")])
    alice.facts.add(
        [Triple("Ida", "lives at", "Gull Point", passage=ids[0]), Triple("Fog", "is", "grey", source="a.md")]
    )
    before, seq = rows(alice), alice.core.file().changes()
    shown = getattr(alice, verb)(source="a.md", dry_run=True)
    assert shown.dry_run and rows(alice) == before and alice.core.file().changes() == seq
    done = getattr(alice, verb)(source="a.md")
    assert (done.counts, done.ids) == (shown.counts, shown.ids) and not done.dry_run


def test_deleting_a_source_takes_what_hung_on_it_alone(alice):
    a, b = alice.add([Note("Ida keeps the lamp.", source="a.md"), Note("Ida keeps the lamp, they say.", source="b.md")])
    alice.facts.add([Triple("Ida", "keeps", "the lamp", passage=a), Triple("IDA", "keeps", "the lamp", passage=b)])
    alice.facts.add(Triple("Ida", "owns", "a cat", source="a.md"))
    receipt = alice.delete(source="a.md")
    assert receipt.counts["passages"] == 1 and receipt.counts["facts"] == 1 and receipt.counts["evidence"] == 2
    assert receipt.counts["phrases"] == 1 and receipt.counts["relations"] == 1
    [fact] = alice.facts.find()
    assert fact.subject == "IDA" and fact.sources == ("b.md",) and fact.passages == (b,)


def test_what_was_superseded_holds_again_when_the_newer_goes(alice):
    alice.facts.declare("lives at")
    alice.facts.add(Triple("Ida", "lives at", "Paris", source="a", at=datetime(2019, 1, 1, tzinfo=UTC)))
    [newer] = alice.facts.add(Triple("Ida", "lives at", "Gull Point", source="b", at=datetime(2021, 1, 1, tzinfo=UTC)))
    assert [fact.object for fact in alice.facts.find("ida")] == ["Gull Point"]
    alice.forget(newer)
    assert [fact.object for fact in alice.facts.find("ida")] == ["Paris"]
    alice.restore(newer)
    assert [(fact.object, fact.superseded_by) for fact in alice.facts.history("Ida", "lives at")] == [
        ("Paris", newer),
        ("Gull Point", None),
    ]
    alice.delete(source="b")
    assert [fact.superseded_by for fact in alice.facts.history("Ida", "lives at")] == [None]


def test_no_file_of_the_memory_holds_what_was_purged(memory, alice):
    padding = [
        f"Line {number} of the log of the lighthouse at Gull Point, in the year of the great fog."
        for number in range(400)
    ]
    alice.add(padding[:200])
    [id] = alice.add(Note(SECRET, title="Safe of the harbour master", source="secrets.md", metadata={"who": "Quillon"}))
    alice.add(padding[200:])
    alice.edit(alice.add(f"Draft. {SECRET}")[0], "Nothing here.")
    alice.facts.add(Triple("safe of Quillon", "opens with", "ninety-one, forty, seventeen", passage=id))
    [rationale] = alice.rationales.add(Rationale("How does it open?", SECRET, "91", source="secrets.md"))
    assert holding(memory, SECRET), "the test must be able to fail"
    receipt = alice.purge([id, rationale])
    assert receipt.counts["passages"] == receipt.counts["rationales"] == receipt.counts["facts"] == 1
    for text in (SECRET, "ninety-one, forty", "Safe of the harbour master", "secrets.md", "Quillon", "safe of quillon"):
        assert holding(memory, text) == [], text
    assert alice.count() == 401 and alice.search("harbour safe", using="keyword") == []


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.integers(1, 9000), min_size=1, max_size=12), st.data())
def test_purge_leaves_no_piece_of_texts_of_any_length(tmp_path_factory, lengths, data):
    """Overflow pages, moved cells and half-empty pages included: no 24 bytes of what was purged are left."""
    folder = tmp_path_factory.mktemp("purge")
    with Memory(folder / "m.db", embedder="hashing:8") as memory:
        alice = memory.bind(user="alice")
        texts = [
            "".join(f"<{number}:{place:x}>" for place in range(length // 8 + 1))
            for number, length in enumerate(lengths)
        ]
        ids = alice.add(texts)
        for number in data.draw(st.lists(st.sampled_from(range(len(ids))), max_size=5, unique=True)):
            texts.append(f"edited {number} " + texts[number])
            alice.edit(ids[number], texts[-1])
        chosen = data.draw(st.lists(st.sampled_from(range(len(ids))), min_size=1, unique=True))
        alice.purge([ids[number] for number in chosen])
        found = b"".join(files_of(memory).values())
        for number in chosen:
            pieces = [texts[number][start : start + 24] for start in range(0, max(1, len(texts[number]) - 23), 24)]
            assert not [piece for piece in pieces if len(piece) > 8 and piece.encode() in found]


def test_purge_waits_for_a_reader_and_says_so_when_it_stays(tmp_path):
    with Memory(tmp_path / "m.db", embedder="hashing:8") as memory:
        database = memory.core.file()
        database._timeout = 0.3
        with database._link() as link:
            link.raw.execute("PRAGMA busy_timeout = 300")
        alice = memory.bind(user="alice")
        [id] = alice.add(SECRET)
        reader = sqlite3.connect(tmp_path / "m.db", isolation_level=None)
        with contextlib.closing(reader):
            reader.execute("BEGIN")
            reader.execute("SELECT * FROM passages").fetchall()
            with pytest.raises(Busy):
                alice.purge(id)
            assert alice.count() == 0, "it is gone from the memory all the same"
            assert memory.core.file().read("SELECT 1 FROM meta WHERE key = 'erase'"), "and the rest is known to be due"
            reader.execute("COMMIT")
        [other] = alice.add("fog")
        alice.purge(other)
        assert holding(memory, SECRET) == []
        assert not memory.core.file().read("SELECT 1 FROM meta WHERE key = 'erase'")


def test_a_purged_fact_is_not_learnt_again_from_the_same_source(alice):
    [passage] = alice.add(Note("Ida owns a boat.", source="gossip.md"))
    said = Triple("Ida", "owns", "a boat", passage=passage)
    [fact] = alice.facts.add(said)
    alice.purge(fact)
    assert alice.facts.add(said) == [""] and alice.facts.find() == []
    assert alice.bind(session="later").facts.add(Triple("ida", "OWNS", "a  boat", source="gossip.md")) == [""]
    assert alice.facts.add(Triple("Ida", "owns", "a boat", source="the registry")) == [fact]
    alice.delete(fact)
    assert alice.facts.add(said, again=True) == [fact], "unless it is asked for"
    assert alice.facts.add(said) == [fact]


def test_tombstones_hold_no_text_and_bind_one_user(memory, alice):
    bob = memory.bind(user="bob")
    [fact] = alice.facts.add(Triple("Ida", "owns", "a boat", source="x"))
    bob.facts.add(Triple("Ida", "owns", "a boat", source="x"))
    alice.purge(fact)
    assert [one.object for one in bob.facts.find()] == ["a boat"]
    bob.delete(source="x")
    assert bob.facts.add(Triple("Ida", "owns", "a boat", source="x")) == [fact]
    assert all(set(row["digest"]) <= set("0123456789abcdef") for row in memory.core.file().read("SELECT * FROM purged"))


KILLED = """
import os, sys, threading
from memagent.memory import Memory
memory = Memory(sys.argv[1], embedder="hashing:8").bind(user="alice")
threading.Timer(float(sys.argv[2]), lambda: os.kill(os.getpid(), 9)).start()
memory.purge(source="s")
print("done")
"""


@pytest.mark.parametrize("delay", [0.0, 0.002, 0.01, 0.03])
def test_a_purge_that_is_killed_is_finished_by_the_next(tmp_path, delay):
    path: Path = tmp_path / "m.db"
    with Memory(path, embedder="hashing:8") as memory:
        alice = memory.bind(user="alice")
        alice.add([Note(f"{SECRET} {number}", source="s") for number in range(300)] + ["fog"])
    subprocess.run([sys.executable, "-c", KILLED, str(path), str(delay)], check=False, capture_output=True)
    with Memory(path) as memory:
        alice = memory.bind(user="alice")
        assert alice.count() in (1, 301)
        if alice.count() == 301:
            alice.purge(source="s")
        else:
            alice.purge(alice.add("mist"))
        assert holding(memory, SECRET) == [] and alice.count() == 1


NOTES = st.builds(
    Note,
    st.sampled_from(["fog", "rain", "the lamp", "Ida keeps it", "東京タワー"]),
    title=st.sampled_from(["", "Log"]),
    source=st.sampled_from(["a", "b"]),
)
NAMES = st.sampled_from(["Ida", "ida", "the lamp", "Gull Point"])
TRIPLES = st.builds(
    Triple,
    NAMES,
    st.sampled_from(["keeps", "lives at"]),
    NAMES,
    source=st.sampled_from(["a", "b"]),
    at=st.sampled_from([datetime(2020, 1, 1, tzinfo=UTC), datetime(2021, 1, 1, tzinfo=UTC)]),
)


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(NOTES, max_size=5), st.lists(TRIPLES, max_size=5), st.lists(st.booleans(), min_size=5, max_size=5))
def test_adding_a_and_b_and_deleting_a_is_adding_b(tmp_path_factory, notes, triples, hang):
    """Row for row, in every table; facts hang on passages or on the source itself."""

    def fill(memory: Memory, sources: str) -> None:
        alice = memory.bind(user="alice")
        mine = [note for note in notes if note.source in sources]
        ids = {id: note for id, note in zip(alice.add(mine), mine, strict=True)}
        for triple, hangs in zip(triples, hang, strict=False):
            if triple.source in sources:
                homes = [id for id, note in ids.items() if note.source == triple.source]
                home = {"passage": homes[0], "source": ""} if hangs and homes else {"source": triple.source}
                alice.facts.add(Triple(triple.subject, triple.relation, triple.object, at=triple.at, **home))

    folder = tmp_path_factory.mktemp("equal")
    with Memory(folder / "one.db", embedder="hashing:8") as one, Memory(folder / "two.db", embedder="hashing:8") as two:
        fill(one, "ab")
        with contextlib.suppress(NotFound):
            one.bind(user="alice").delete(source="a")
        fill(two, "b")
        assert rows(one) == rows(two)


def test_forgetting_a_source_hides_the_facts_that_it_alone_says(alice):
    [alone] = alice.facts.add(Triple("Ida", "owns", "a boat", source="a letter"))
    alice.facts.add([Triple("Ida", "owns", "a cat", source="a letter"), Triple("Ida", "owns", "a cat", source="Bo")])
    assert alice.forget(source="a letter").ids == (alone,)
    assert [fact.object for fact in alice.facts.find("Ida")] == ["a cat"]
    assert alice.restore(source="a letter").ids == (alone,)
    assert len(alice.facts.find("Ida")) == 2
