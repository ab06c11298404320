"""Memory as its users see it: what goes in comes out, nobody sees another, nothing that was acknowledged is lost."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memagent.embedders.hashing import Hashing
from memagent.errors import (
    Conflict,
    EmbedderMismatch,
    NotFound,
    ScopeRequired,
    StorageError,
    UnknownName,
    UsageProblem,
)
from memagent.memory import Memory
from memagent.stores.base import VectorStore
from memagent.stores.database import SQLiteDatabase
from memagent.stores.vector import SQLVectorStore
from memagent.types import Hit, Note, Scope

# Read here, because inside of tests the environment has no such settings.
MUSIQUE = Path(os.environ.get("MEMAGENT_TEST_DATA") or Path(__file__).parents[2] / "../shared/data/musique")
HARBOUR = Path(__file__).parents[1] / "data" / "harbour.json"


class Counting(Hashing):
    """Hashing that counts what it is asked to embed."""

    def __init__(self, dim=64):
        super().__init__(dim)
        self.seen = []

    def embed(self, texts, kind="document"):
        self.seen += texts
        return super().embed(texts, kind)


@pytest.fixture
def memory(tmp_path):
    with Memory(tmp_path / "notes.db", embedder=Counting()) as opened:
        yield opened


@pytest.fixture
def alice(memory):
    return memory.bind(user="alice")


def test_the_first_steps(tmp_path):
    with Memory(tmp_path / "notes.db") as memory:
        alice = memory.bind(user="alice")
        ids = alice.add(["The lighthouse keeper's name is Ida.", "The fog horn broke in May."])
        [hit] = alice.search("Who keeps the lighthouse?", k=1)
        assert isinstance(hit, Hit) and hit.id == ids[0]
        assert "lighthouse" in hit.why and set(hit.parts) == {"dense", "keyword"}
    with Memory(tmp_path / "notes.db") as memory:
        assert memory.bind(user="alice").get(ids[1]).text == "The fog horn broke in May."


def test_a_note_comes_back_as_it_was(alice):
    at = datetime(2024, 2, 29, 12, 30, 1, 5, tzinfo=timezone(timedelta(hours=9)))
    note = Note(" text \r\n\0 ", title="T", source="a/b.md", id="x", at=at, metadata={"n": [1, None, {"é": 0.5}]})
    before = datetime.now(UTC)
    assert alice.add(note) == ["x"]
    passage = alice.get("x")
    assert (passage.text, passage.title, passage.source, passage.id) == (note.text, "T", "a/b.md", "x")
    assert passage.at == at and passage.at.tzinfo == UTC
    assert before <= passage.recorded_at <= datetime.now(UTC)
    assert passage.metadata == note.metadata and passage.scope == Scope(user="alice")
    assert list(alice.passages("a/b.md")) == list(alice.passages()) == [passage]
    assert alice.sources() == ["a/b.md"]


def test_any_text_survives(tmp_path_factory):
    path = tmp_path_factory.mktemp("round") / "notes.db"
    with (
        Memory(path, embedder=Hashing(32), single_user=True) as memory,
        Memory(path, embedder=Hashing(32), single_user=True) as other,
    ):

        @settings(max_examples=60, deadline=None)
        @given(text=st.text(min_size=1).filter(str.strip), title=st.text(), source=st.text())
        def check(text, title, source):
            [id] = memory.add(Note(text, title, source))
            passage = other.get(id)
            assert (passage.text, passage.title, passage.source) == (text, title, source)
            assert id in {one.id for one in other.passages(source)}

        check()
        assert memory.count() == len(list(other.passages()))


USERS = ["al", "alice", "ALICE", "al%", "_l", "алиса"]


def test_no_user_sees_another(tmp_path_factory):
    """Whatever is done in one scope, every other scope reads as it did before."""
    step = st.tuples(
        st.sampled_from(USERS),
        st.sampled_from([None, "s1", "s2"]),
        st.sampled_from(["add", "edit", "forget", "restore", "replace"]),
        st.sampled_from(["fog", "fog horn", "ferry in fog"]),
    )

    @settings(max_examples=25, deadline=None)
    @given(st.lists(step, min_size=1, max_size=12))
    def check(steps):
        with Memory(":memory:", embedder=Hashing(32)) as memory:
            for user, session, verb, text in steps:
                before = {other: seen(memory.bind(user=other)) for other in USERS if other != user}
                act(memory.bind(user=user, session=session), verb, text, user)
                assert {other: seen(memory.bind(user=other)) for other in before} == before
                assert all(passage.scope.user == user for passage in memory.bind(user=user).passages())

    check()


def seen(handle):
    hits = [(hit.id, hit.text) for using in ("dense", "keyword") for hit in handle.search("fog", 9, using=using)]
    return [(one.id, one.text) for one in handle.passages()], sorted(hits), handle.count(), handle.sources()


def act(handle, verb, text, user):
    note = Note(text, source=f"{text}.md", id=f"{len(text)}")
    if verb in ("add", "replace"):
        with_conflict(lambda: handle.add([note, f"{user}: {text}"], replace_sources=verb == "replace"))
    elif verb == "edit":
        with_conflict(lambda: handle.edit(note.id, f"edited {text}"))
    else:
        with_conflict(lambda: getattr(handle, verb)([note.id]))


def with_conflict(action):
    try:
        action()
    except (Conflict, NotFound):
        pass


def test_ids_of_others_are_not_found(memory, alice):
    [id] = alice.add("fog")
    al = memory.bind(user="al")
    for action in (lambda: al.get(id), lambda: al.edit(id, "x"), lambda: al.forget(id), lambda: al.restore(id)):
        with pytest.raises(NotFound):
            action()
    assert alice.get(id).text == "fog"


def test_sessions_and_agents_narrow(memory, alice):
    one, two = alice.bind(session="s1"), alice.bind(session="s2", agent="a")
    one.add("fog one")
    two.add("fog two")
    assert [hit.text for hit in one.search("fog")] == ["fog one"]
    assert {hit.text for hit in alice.search("fog")} == {"fog one", "fog two"}
    assert [len(one), len(two), len(alice), len(alice.bind(agent="a"))] == [1, 1, 2, 1]
    assert memory.bind(user="bob", session="s1").count() == 0


def test_a_handle_cannot_change_or_widen(alice):
    session = alice.bind(session="s1")
    assert session.bind(user="alice").scope == Scope("alice", "s1")
    with pytest.raises(UsageProblem, match="alice"):
        session.bind(user="bob")
    with pytest.raises(UsageProblem, match="s1"):
        session.bind(session="s2")
    for blank in ("", " "):
        with pytest.raises(UsageProblem, match="blank"):
            alice.bind(session=blank)


def test_no_user_no_access(memory):
    actions = [
        lambda: memory.add("x"),
        lambda: memory.get("x"),
        lambda: memory.passages(),
        lambda: memory.sources(),
        lambda: memory.count(),
        lambda: memory.search("x"),
        lambda: memory.edit("x", "y"),
        lambda: memory.forget("x"),
        lambda: memory.restore("x"),
        lambda: memory.bind(session="s").add("x"),
    ]
    for action in actions:
        with pytest.raises(ScopeRequired, match="bind"):
            action()


def test_nobody_in_particular_is_a_scope_of_its_own(tmp_path):
    with Memory(tmp_path / "notes.db", embedder=Hashing(32), single_user=True) as memory:
        memory.add("mine")
        memory.bind(user="alice").add("hers")
        assert [passage.text for passage in memory.passages()] == ["mine"]
        assert [hit.text for hit in memory.search("hers mine")] == ["mine"]


def test_only_new_texts_are_embedded(memory, alice):
    embedder = memory.embedder
    alice.add(["fog", "rain", "fog"])
    assert embedder.seen == ["fog", "rain"]
    alice.add([Note("fog"), Note("sun", title="Sky")])
    assert embedder.seen == ["fog", "rain", "Sky\nsun"]
    alice.add(["fog", "rain"], replace_sources=True)
    assert len(embedder.seen) == 3


def test_what_cannot_be_kept_is_refused_before_anything_is_written(alice):
    for bad, message in [
        ("", "note 2"),
        (" \n", "note 2"),
        (7, "int"),
        (Note(7), "int"),
        (Note("x", at=datetime(2024, 1, 1)), "time zone"),
        (Note("x", metadata={"x": object()}), "JSON"),
        (Note("x", metadata={"x": float("nan")}), "JSON"),
        (Note("\ud800"), "Unicode"),
        (Note("x", id="\ud800"), "Unicode"),
    ]:
        with pytest.raises(UsageProblem, match=message):
            alice.add(["good", bad])
    assert alice.count() == 0
    assert alice.add([]) == []


def test_a_batch_larger_than_a_commit(alice):
    ids = alice.add(str(number) for number in range(2500))
    assert len(set(ids)) == alice.count() == 2500
    assert alice.get(ids[2400]).text == "2400"


def test_edit_forget_restore(alice):
    [one, two] = alice.add([Note("The horn broke.", title="Horn"), "The lamp is new."])
    alice.edit(one, "The horn was repaired.")
    assert alice.get(one).text == "The horn was repaired." and alice.get(one).title == "Horn"
    assert alice.search("repaired", 1)[0].id == one
    assert alice.search("broke", using="keyword") == []
    assert alice.forget([one, "unknown"]).total == 1
    assert [passage.id for passage in alice.passages()] == [two]
    with pytest.raises(NotFound, match="unknown"):
        alice.forget("unknown")
    with pytest.raises(NotFound):
        alice.restore(two)
    assert alice.restore(one).total == 1 and alice.search("repaired", 1)[0].id == one
    with pytest.raises(UsageProblem):
        alice.edit(one, " ")
    with pytest.raises(NotFound):
        alice.forget([])


def test_replace_sources(alice):
    alice.add([Note("one", source="a.md"), Note("two", source="a.md"), Note("three", source="b.md")])
    alice.add([Note("two", source="a.md")], replace_sources=True)
    assert [passage.text for passage in alice.passages()] == ["two", "three"]


def test_search_arguments(alice):
    alice.add("fog")
    assert alice.search("") == [] == alice.search(" \n")
    for k in (0, -1, 2.0, True, "3"):
        with pytest.raises(UsageProblem):
            alice.search("fog", k)
    with pytest.raises(UsageProblem):
        alice.search(None)
    with pytest.raises(UnknownName):
        alice.search("fog", using="hybird")

    class Mine:
        name = "mine"

        def retrieve(self, query, k, scope):
            return [Hit(query, scope.user, 1.0)]

    assert alice.search("fog", using=Mine()) == [Hit("fog", "alice", 1.0)]


def test_another_embedder_is_refused(tmp_path):
    path = tmp_path / "notes.db"
    Memory(path, embedder=Hashing(16)).close()
    with Memory(path, embedder=Hashing(32), single_user=True) as memory:
        memory.add("fog")
    with pytest.raises(EmbedderMismatch, match=r"hashing-v1-32 .*hashing-v1-16"):
        Memory(path, embedder=Hashing(16))
    with Memory(path, embedder=Hashing(32), single_user=True) as memory:
        assert memory.count() == 1


def test_the_embedder_on_record_is_taken_where_none_is_named(tmp_path, monkeypatch):
    path = tmp_path / "notes.db"
    with Memory(path, embedder="hashing:48", single_user=True) as memory:
        memory.add("fog")
    monkeypatch.setenv("MEMAGENT_EMBEDDER", "hashing:32")
    with Memory(path, single_user=True) as memory:
        assert memory.embedder.name == "hashing-v1-48" and memory.search("fog", using="dense")
    with pytest.raises(EmbedderMismatch, match="hashing-v1-48"):
        Memory(path, embedder="hashing")
    with Memory(tmp_path / "new.db") as memory:
        assert memory.embedder.name == "hashing-v1-32"
    monkeypatch.delenv("MEMAGENT_EMBEDDER")
    with Memory(tmp_path / "new.db") as memory:
        assert memory.embedder.name == "hashing-v1-1024", "nothing was written with the other"


def test_an_embedder_that_a_name_does_not_make_must_be_given(tmp_path):
    class Own(Hashing):
        def __init__(self):
            super().__init__(16)
            self.name = "openai:own@http://127.0.0.1:1/v1"

    with Memory(tmp_path / "notes.db", embedder=Own(), single_user=True) as memory:
        memory.add("fog")
    with pytest.raises(EmbedderMismatch, match="openai:own@"):
        Memory(tmp_path / "notes.db")
    with Memory(tmp_path / "notes.db", embedder=Own(), single_user=True) as memory:
        assert memory.search("fog", using="dense")


@pytest.mark.parametrize("embedder", ["hasing", 3, "env"])
def test_a_wrong_embedder_creates_no_file(tmp_path, monkeypatch, embedder):
    monkeypatch.setenv("MEMAGENT_EMBEDDER", "hasing")
    with pytest.raises(UsageProblem):
        Memory(tmp_path / "notes.db", embedder=None if embedder == "env" else embedder)
    assert not any(tmp_path.iterdir())


class Recording:
    """A store of somebody else: another object with the same verbs, around one of ours."""

    def __init__(self, inner):
        self.inner, self.verbs = inner, []

    def __getattr__(self, name):
        if name not in vars(VectorStore):
            raise AttributeError(name)
        self.verbs.append(name)
        return getattr(self.inner, name)


@pytest.fixture
def database():
    opened = SQLiteDatabase(":memory:")
    yield opened
    opened.close()


def test_a_store_of_ones_own(database):
    store = Recording(SQLVectorStore(database, embedder="hashing-v1-32", dim=32))
    with Memory(store, embedder=Hashing(32)) as memory:
        assert memory.store is store
        alice = memory.bind(user="alice")
        [id] = alice.add(Note("The fog horn broke.", source="a.md"))
        alice.edit(id, "The fog horn was mended.")
        assert [hit.id for hit in alice.search("mended horn")] == [id]
        assert alice.forget(id).total == alice.restore(id).total == 1 and alice.sources() == ["a.md"]
        assert {"add", "known", "replace", "nearest", "match", "retire", "restore", "sources"} <= set(store.verbs)
        assert "Recording" in repr(memory)
    assert alice.count() == 1, "the store is not the memory's to close"


def test_a_store_that_records_its_embedder(database):
    store = SQLVectorStore(database, embedder="hashing-v1-32", dim=32)
    assert Memory(store).embedder.name == "hashing-v1-32"
    with pytest.raises(EmbedderMismatch, match=r"hashing-v1-32, and was given hashing-v1-64"):
        Memory(store, embedder=Hashing(64))
    assert "hashing-v1-32" in repr(Memory(store))


@pytest.mark.parametrize("thing", [3, None, object(), SQLVectorStore, ["notes.db"]])
def test_what_is_neither_a_path_nor_a_store(thing):
    with pytest.raises(UsageProblem, match="neither a path nor a store"):
        Memory(thing)


def test_a_store_that_lacks_verbs_is_told_which(database):
    class Half:
        def add(self, scope, notes, vectors, *, replace_sources=False):
            return []

    with pytest.raises(UsageProblem, match=r"it has no known, get, passages.*restore, delete"):
        Memory(Half())


class Own:
    """An embedder as somebody else may write it: lists, and lengths other than 1."""

    name, dim = "own", 3
    rows = ((3.0, 0.0, 4.0),)

    def embed(self, texts, kind="document"):
        return [list(row) for row in self.rows] * len(texts)


def test_lists_of_numbers_are_taken(tmp_path):
    with Memory(tmp_path / "notes.db", embedder=Own(), single_user=True) as memory:
        memory.add("fog")
        [hit] = memory.search("anything", using="dense")
        assert hit.score == pytest.approx(1.0)
        [vector] = memory.store.known(Scope(), [Note("fog")]).values()
        assert np.allclose(vector, [0.6, 0.0, 0.8])


@pytest.mark.parametrize(
    "rows, message",
    [
        (((1.0, 2.0),), r"embedder own gave vectors of shape \(1, 2\) instead of \(1, 3\)"),
        (((1.0, 0.0, 0.0),) * 2, r"of shape \(2, 3\) instead of \(1, 3\)"),
        ((), r"of shape \(0,\) instead of \(1, 3\)"),
        (((1.0, 2.0, 3.0), (1.0,)), "embedder own gave vectors of different lengths"),
        ((("a", "b", "c"),), "not vectors of numbers"),
        (((1.0, np.nan, 0.0),), "not finite"),
        (((1.0, -np.inf, 0.0),), "not finite"),
    ],
)
def test_vectors_that_are_none_are_told_with_the_embedder(tmp_path, rows, message):
    sound, broken = Own(), Own()
    broken.rows = rows
    with Memory(tmp_path / "notes.db", embedder=broken, single_user=True) as memory:
        with pytest.raises(UsageProblem, match=message):
            memory.add("fog")
        assert memory.count() == 0
    with Memory(tmp_path / "notes.db", embedder=sound, single_user=True) as memory:
        memory.add("fog")
    with Memory(tmp_path / "notes.db", embedder=broken, single_user=True) as memory:
        with pytest.raises(UsageProblem, match=message):
            memory.search("fog", using="dense")
        with pytest.raises(UsageProblem, match=message):
            memory.edit(next(memory.passages()).id, "rain")


def test_a_text_without_a_direction_is_kept_and_never_undefined(tmp_path):
    zero = Own()
    zero.rows = ((0.0, 0.0, 0.0),)
    with Memory(tmp_path / "notes.db", embedder=zero, single_user=True) as memory:
        memory.add("fog")
        assert [hit.score for hit in memory.search("fog", using="dense")] == [1.0]


def test_an_unsound_embedder_writes_nothing(tmp_path):
    class Broken(Hashing):
        def embed(self, texts, kind="document"):
            return np.full((len(texts), self.dim), np.nan, dtype=np.float32)

    with Memory(tmp_path / "notes.db", embedder=Broken(16), single_user=True) as memory:
        with pytest.raises(UsageProblem, match="finite"):
            memory.add("fog")
        assert memory.count() == 0


def test_handles_share_the_file_and_only_the_opener_closes_it(memory, alice):
    with alice as handle:
        handle.add("fog")
    assert alice.count() == len(alice) == 1
    assert bool(memory.bind(user="nobody"))
    assert "user='alice'" in repr(alice) and "notes.db" in repr(memory)
    memory.close()
    with pytest.raises(StorageError, match="closed"):
        alice.count()


def test_eight_threads_add_and_search(alice):
    problems = []

    def work(worker):
        for number in range(15):
            text = f"worker{worker} note{number}"
            [id] = alice.add(text)
            hits = alice.search(text, 3)
            if id not in [hit.id for hit in hits]:
                problems.append((text, hits))

    threads = [threading.Thread(target=work, args=(worker,)) for worker in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    assert sorted(one.text for one in alice.passages()) == sorted(
        f"worker{worker} note{number}" for worker in range(8) for number in range(15)
    )


def test_from_an_event_loop(alice):
    async def both():
        await asyncio.gather(*(asyncio.to_thread(alice.add, f"note {number}") for number in range(12)))
        return await asyncio.to_thread(alice.search, "note 7", 1)

    assert asyncio.run(both())[0].text == "note 7"
    assert alice.count() == 12


SECOND = """
import sys
from memagent.embedders.hashing import Hashing
from memagent.memory import Memory
with Memory(sys.argv[1], embedder=Hashing(64)) as memory:
    alice = memory.bind(user="alice")
    for line in sys.stdin:
        verb, text = line.rstrip().split(" ", 1)
        print(alice.add(text) if verb == "add" else [hit.text for hit in alice.search(text, 1)], flush=True)
"""


def test_a_second_process_sees_writes_at_once(tmp_path):
    path = tmp_path / "notes.db"
    with Memory(path, embedder=Hashing(64)) as memory:
        alice = memory.bind(user="alice")
        alice.add("The ferry is late.")
        with subprocess.Popen(
            [sys.executable, "-c", SECOND, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as process:

            def tell(line):
                process.stdin.write(line + "\n")
                process.stdin.flush()
                return process.stdout.readline().strip()

            assert tell("search ferry") == "['The ferry is late.']"
            for number in range(5):
                alice.add(f"Buoy{number} drifts.")
                assert tell(f"search buoy{number}") == f"['Buoy{number} drifts.']"
                tell(f"add Beacon{number} shines.")
                for using in ("dense", "keyword", "hybrid"):
                    assert alice.search(f"beacon{number}", 1, using=using)[0].text == f"Beacon{number} shines."
            process.stdin.close()
            assert process.wait() == 0
        assert alice.count() == 11


KILLED = """
import sys
from memagent.embedders.hashing import Hashing
from memagent.memory import Memory
memory = Memory(sys.argv[1], embedder=Hashing(64), single_user=True)
for number in range(10**6):
    print(memory.add(f"note{number}")[0], flush=True)
"""


def test_kill_loses_no_acknowledged_note(tmp_path):
    path = tmp_path / "notes.db"
    with subprocess.Popen([sys.executable, "-c", KILLED, str(path)], stdout=subprocess.PIPE, text=True) as process:
        seen = [process.stdout.readline().strip() for _ in range(40)]
        process.kill()
        seen += [line.strip() for line in process.stdout if line.endswith("\n")]
    with Memory(path, embedder=Hashing(64), single_user=True) as memory:
        assert {passage.id for passage in memory.passages()} >= set(seen)
        for number in (0, len(seen) - 1):
            for using in ("dense", "keyword"):
                assert memory.search(f"note{number}", 1, using=using)[0].id == seen[number]


def lines(name):
    return [json.loads(line) for line in (MUSIQUE / name).read_text(encoding="utf-8").splitlines()]


def recall(memory, questions, k, using):
    """The part of the supporting passages, whose ids are their numbers, that are among the first k."""
    found = [{hit.id for hit in memory.search(one["question"], k, using=using)} for one in questions]
    wanted = [{str(number) for number in one["supporting"]} for one in questions]
    return np.mean([len(hits & want) / len(want) for hits, want in zip(found, wanted, strict=True)])


def test_a_small_village_of_our_own(tmp_path):
    corpus = json.loads(HARBOUR.read_text(encoding="utf-8"))
    notes = [Note(one["text"], one["title"], id=str(number)) for number, one in enumerate(corpus["passages"])]
    assert len(notes) >= 20 and len(corpus["questions"]) == 10
    with Memory(tmp_path / "notes.db", single_user=True) as memory:
        memory.add(notes)
        assert recall(memory, corpus["questions"], 1, "hybrid") >= 0.75
        for using in ("dense", "keyword", "hybrid"):
            assert recall(memory, corpus["questions"], 3, using) >= 0.9, using


@pytest.mark.skipif(
    not (MUSIQUE / "passages.jsonl").is_file(),
    reason=f"no MuSiQue data at {MUSIQUE}; MEMAGENT_TEST_DATA may name its folder (default: ../shared/data/musique)",
)
def test_five_hundred_real_passages(tmp_path):
    """Every question whose passages are among the first 500 is asked; the floor is what BM25 must reach."""
    passages = lines("passages.jsonl")[:500]
    questions = [question for question in lines("questions.jsonl") if max(question["supporting"]) < 500]
    with Memory(tmp_path / "notes.db", single_user=True) as memory:
        ids = memory.add([Note(one["text"], one["title"], id=str(one["id"])) for one in passages])
        assert memory.count() == len(set(ids)) == 500
        for using, floor in (("dense", 0.45), ("keyword", 0.5), ("hybrid", 0.5)):
            assert recall(memory, questions, 5, using) >= floor, using
        assert memory.search(passages[0]["title"], 1)[0].id == "0"
