"""Changing a file over to another embedder: beside other writers, resumable after a kill, never a mixture."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from memagent.embedders.hashing import Hashing
from memagent.errors import ConfigError, Conflict, EmbedderMismatch
from memagent.memory import Memory
from memagent.memory.core import Core, opened
from memagent.memory.doctor import doctor
from memagent.memory.reembed import DeferredEmbedder, deferred_embedder, reembed, unfinished
from memagent.types import Note, Rationale, Scope, Triple

ALICE, BOB = Scope(user="alice"), Scope(user="bob", session="s1")
OLD, NEW = "hashing:64", "hashing:96"


def hashing(name: str) -> Hashing:
    return Hashing(dim=int(name.partition(":")[2]))


def fill(core: Core, count: int = 60) -> None:
    """Passages, facts and rationales of two users, some of them forgotten."""
    for scope in (ALICE, BOB):
        notes = [
            Note(f"note {n} of the harbour", title=f"title {n}" * (n % 2), source=f"s{n % 5}") for n in range(count)
        ]
        ids = core.passages.add(
            scope, notes, core.embed([f"{n.title}\n{n.text}" if n.title else n.text for n in notes])
        )
        triples = [Triple(f"Ida {n}", "Keeps", f"lamp {n % 7}", passage=ids[n]) for n in range(0, count, 3)]
        texts = core.triples.unknown(scope, triples)
        core.triples.add(scope, triples, dict(zip(texts, core.embed(texts), strict=True)))
        solved = [Rationale(f"problem {n}", f"because {n}", str(n)) for n in range(0, count, 6)]
        core.rationales.add(scope, solved, core.embed([one.problem for one in solved]))
        core.passages.retire(scope, ids[::9])


def vectors(path: Path) -> dict[tuple[str, ...], bytes]:
    core = opened(path, deferred_embedder(path))
    sql = """SELECT kind, id, user, session, vector FROM items LEFT JOIN vectors ON vectors.rid = items.rid"""
    rows = core.file().read(sql)
    core.file().close()
    return {(row["kind"], row["id"], row["user"], row["session"]): row["vector"] for row in rows}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    core = opened(tmp_path / "memory.db", hashing(OLD))
    fill(core)
    core.file().close()
    return tmp_path / "memory.db"


@pytest.fixture
def direct(tmp_path: Path) -> dict[tuple[str, ...], bytes]:
    """What the vectors are in a file that was written with the new embedder from the start."""
    core = opened(tmp_path / "direct.db", hashing(NEW))
    fill(core)
    core.file().close()
    return vectors(tmp_path / "direct.db")


@pytest.fixture
def core(path: Path) -> Iterator[Core]:
    made = opened(path, hashing(OLD))
    yield made
    made.file().close()


def test_the_file_is_as_if_written_with_the_new_embedder(core: Core, path: Path, direct: object) -> None:
    told: list[tuple[int, int]] = []
    made = reembed(core, hashing(NEW), batch=17, on_progress=lambda done, total: told.append((done, total)))
    assert made == len(vectors(path))
    assert told[-1] == (made, made)
    assert vectors(path) == direct
    assert doctor(core) == []
    assert core.embedder.name == hashing(NEW).name
    assert core.passages.nearest(ALICE, core.embed_query("note 7 of the harbour"), 1)[0].score > 0.5
    assert reembed(core, hashing(NEW)) == 0


def test_a_handle_with_the_old_embedder_is_refused_and_names_both(core: Core, path: Path) -> None:
    other = opened(path, hashing(OLD))
    query = other.embed_query("note 7")
    assert other.passages.nearest(ALICE, query, 1)
    graph = other.graph.arrays(ALICE)
    assert len(other.graph.rank(ALICE, graph, "passage", query, 1).places) == 1  # the index is as far as the graph
    reembed(core, hashing(NEW))
    attempts = [
        lambda: other.graph.rank(ALICE, graph, "passage", query, 1),
        lambda: other.graph.rank(ALICE, graph, "fact", query, 1),
        lambda: other.passages.nearest(ALICE, query, 1),
        lambda: other.triples.nearest(ALICE, query, 1),
        lambda: other.rationales.nearest(ALICE, query, 1),
        lambda: other.graph.nearest(ALICE, query, 1),
        lambda: other.passages.add(ALICE, [Note("late")], query[None]),
        lambda: opened(path, hashing(OLD)),
    ]
    for attempt in attempts:
        with pytest.raises(EmbedderMismatch) as caught:
            attempt()
        assert hashing(OLD).name in str(caught.value)
        assert hashing(NEW).name in str(caught.value)
    assert other.passages.count(ALICE) == core.passages.count(ALICE)
    other.file().close()


def test_two_embedders_of_one_dimension_are_told_apart(core: Core, path: Path) -> None:
    twin = Named("twin", 64)
    other = opened(path, hashing(OLD))
    query = other.embed_query("note 7")
    reembed(core, twin)
    with pytest.raises(EmbedderMismatch, match="twin"):
        other.passages.nearest(ALICE, query, 1)
    other.file().close()


class Named:
    """An embedder of any name, that can be made to fail after some texts."""

    def __init__(self, name: str, dim: int, fails_after: int | None = None) -> None:
        self.name = name
        self.dim = dim
        self.asked: list[str] = []
        self.fails_after = fails_after

    def embed(self, texts: Sequence[str], kind: str = "document") -> np.ndarray:
        if self.fails_after is not None and len(self.asked) >= self.fails_after:
            raise KeyboardInterrupt
        self.asked += texts
        return np.roll(Hashing(dim=self.dim).embed(list(texts)), 1, axis=1)


def test_it_goes_on_where_it_stopped_and_embeds_nothing_twice(core: Core, path: Path) -> None:
    new = Named("new", 32, fails_after=100)
    with pytest.raises(KeyboardInterrupt):
        reembed(core, new, batch=20)
    assert unfinished(core.file()) == ("new", 100)
    assert core.passages.nearest(ALICE, core.embed_query("note 7"), 1)  # the old one serves until the switch
    new.fails_after = None
    made = reembed(core, new, batch=20)
    assert made + 100 == len(vectors(path)) == len(new.asked)
    assert unfinished(core.file()) is None
    assert doctor(core) == []


def test_another_embedder_starts_anew_and_says_so(core: Core, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(KeyboardInterrupt):
        reembed(core, Named("first", 32, fails_after=100), batch=20)
    with caplog.at_level("WARNING"):
        reembed(core, Named("second", 48))
    assert "first" in caplog.text
    assert "100" in caplog.text
    assert doctor(core) == []


def test_the_embedder_on_record_clears_what_an_unfinished_change_left(core: Core) -> None:
    with pytest.raises(KeyboardInterrupt):
        reembed(core, Named("first", 32, fails_after=100), batch=20)
    assert [one.check for one in doctor(core)] == ["unfinished reembed"]
    assert reembed(core, hashing(OLD)) == 0
    assert doctor(core) == []


def test_of_two_changes_at_once_the_later_one_wins_and_the_other_is_told(core: Core, path: Path) -> None:
    other = opened(path, hashing(OLD))

    def meanwhile(done: int, total: int) -> None:
        if done <= 20:
            reembed(other, Named("second", 48))

    with pytest.raises(Conflict, match="first"):
        reembed(core, Named("first", 32), batch=20, on_progress=meanwhile)
    core.use(other.embedder)
    assert core.embedder.name == "second"
    assert doctor(core) == []
    other.file().close()


def test_the_same_change_by_two_at_once_ends_well_for_both(core: Core, path: Path, direct: object) -> None:
    other = opened(path, hashing(OLD))
    running = threading.Thread(target=reembed, args=(other, hashing(NEW)), kwargs={"batch": 7})
    running.start()
    reembed(core, hashing(NEW), batch=11)
    running.join()
    assert core.embedder.name == other.embedder.name == hashing(NEW).name
    assert vectors(path) == direct
    other.file().close()


def test_writers_and_deleters_go_on_meanwhile(core: Core, path: Path) -> None:
    other = opened(path, hashing(OLD))
    ids = [passage.id for passage in other.passages.passages(ALICE)]
    refused: list[str] = []

    def write() -> None:
        for number in range(200):
            try:
                other.passages.add(ALICE, [Note(f"meanwhile {number}")], other.embed([f"meanwhile {number}"]))
                other.passages.delete(ALICE, ids[number : number + 1])
            except EmbedderMismatch as error:
                refused.append(str(error))
                return

    writing = threading.Thread(target=write)
    writing.start()
    reembed(core, hashing(NEW), batch=5)
    writing.join()
    assert doctor(core) == []
    assert all(vector is not None and len(vector) == 96 * 4 for vector in vectors(path).values())
    other.file().close()


_CHILD = """
import sys
from memagent.embedders.hashing import Hashing
from memagent.memory.core import opened
from memagent.memory import reembed as module
core = opened(sys.argv[1], module.deferred_embedder(sys.argv[1]))
print("ready", flush=True)
module.reembed(core, Hashing(dim=96), batch=4)
print("done", flush=True)
"""


def test_killed_at_any_point_and_run_again_it_ends_right(path: Path, direct: object) -> None:
    chance = random.Random(7)
    kills = 0
    for _ in range(12):
        child = subprocess.Popen([sys.executable, "-c", _CHILD, str(path)], stdout=subprocess.PIPE, text=True)
        assert child.stdout is not None
        child.stdout.readline()
        time.sleep(chance.uniform(0.0, 0.25))
        child.send_signal(signal.SIGKILL)
        kills += child.wait() == -signal.SIGKILL
        child.stdout.close()
        found = opened(
            path, deferred_embedder(path)
        )  # whatever it was, the file is of one embedder and can be searched
        assert found.passages.nearest(ALICE, hashing(f"x:{found.embedder.dim}").embed(["note 7"])[0], 1)
        assert {one.check for one in doctor(found)} <= {"unfinished reembed"}
        found.file().close()
    assert kills
    core = opened(path, deferred_embedder(path))
    reembed(core, hashing(NEW))
    assert doctor(core) == []
    core.file().close()
    assert vectors(path) == direct


def test_the_exchange_leaves_no_old_vector_behind(core: Core, path: Path) -> None:
    sample = vectors(path)["passage", next(core.passages.passages(ALICE)).id, "alice", ""]
    reembed(core, hashing(NEW))
    core.file().close()
    assert sample not in path.read_bytes()


def test_an_empty_file_takes_the_new_embedder(tmp_path: Path) -> None:
    core = opened(tmp_path / "empty.db", hashing(OLD))
    assert reembed(core, hashing(NEW)) == 0
    core.passages.add(ALICE, [Note("a")], core.embed(["a"]))
    assert core.embedder.dim == 96
    core.file().close()


def test_a_file_opens_without_its_embedder(tmp_path: Path) -> None:
    made = opened(tmp_path / "memory.db", Named("acme", 8))
    fill(made, 4)
    made.file().close()
    found = deferred_embedder(tmp_path / "memory.db")
    assert found is not None
    core = opened(tmp_path / "memory.db", found)
    assert core.passages.count(ALICE)
    assert core.passages.match(ALICE, "harbour", 1)
    assert found.embed([]).shape == (0, 8)
    with pytest.raises(ConfigError, match="acme"):
        found.embed(["a text"])
    assert reembed(core, hashing(NEW)) > 0
    assert doctor(core) == []
    core.file().close()
    assert (DeferredEmbedder("hashing-v1-96", 96).embed(["a"]) == hashing(NEW).embed(["a"])).all()


def test_a_passage_without_text_has_no_vector_and_nobody_misses_it(tmp_path):
    with Memory(tmp_path / "m.db", embedder="hashing:16") as memory:
        alice = memory.bind(user="alice")
        alice.add("fog")
        memory.store.add(Scope(user="alice"), [Note("", source="s")], np.zeros((1, 16), dtype=np.float32))
        assert memory.doctor() == [] and len(alice.search("fog", using="dense")) == 1
        assert memory.reembed("hashing:32") == 1 and memory.doctor() == []
        alice.export(tmp_path / "out.jsonl")
        assert memory.bind(user="bob").import_(tmp_path / "out.jsonl")["passages"] == 2 and memory.doctor() == []


class Told:
    """An embedder that keeps what it is given, in no order."""

    def __init__(self, dim: int) -> None:
        self.name, self.dim, self.texts = f"told:{dim}", dim, set()

    def embed(self, texts: Sequence[str], kind: str = "document") -> np.ndarray:
        self.texts |= set(texts)
        return np.eye(1, self.dim, dtype=np.float32).repeat(len(texts), axis=0)


def test_add_reembed_and_import_embed_the_same_texts_of_every_kind(tmp_path):
    added, changed, imported = Told(8), Told(16), Told(8)
    with Memory(tmp_path / "a.db", embedder=added, single_user=True) as memory:
        ids = memory.add([Note("A grey cat.", title="Keeper", source="a.md"), "The fog bell."])
        memory.facts.add(Triple("Ida  Holm", "Lives In", "Gull Point", passage=ids[0]))
        memory.rationales.add(Rationale("What is 2 + 2?", "Count on.", "4", source="b.md"))
        memory.export(tmp_path / "a.jsonl", vectors=False)
        memory.reembed(changed)
    with Memory(tmp_path / "b.db", embedder=imported, single_user=True) as memory:
        memory.import_(tmp_path / "a.jsonl")
    terms = {"ida holm", "lives in", "gull point", "ida holm lives in gull point"}
    assert added.texts == {"Keeper\nA grey cat.", "The fog bell.", "What is 2 + 2?"} | terms
    assert changed.texts == added.texts and imported.texts == added.texts
