"""Indexes that follow the change log equal indexes that are made anew, whatever was done and in whatever order."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from memagent.memory import Memory
from memagent.stores.base import Link
from memagent.stores.items import log
from memagent.stores.projections import Projections
from memagent.types import Note, Rationale, Scope, Triple

SETTINGS = settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
TEXTS = ["fog on the harbour", "the lamp is lit", "Ida keeps the lamp", "rye bread", "東京タワー", "fog", "the boat"]
OPERATIONS = st.lists(
    st.tuples(
        st.sampled_from(["add", "edit", "forget", "restore", "delete", "fact", "rationale", "search"]),
        st.sampled_from(["alice", "bob"]),
        st.integers(0, 30),
    ),
    max_size=14,
)
KINDS = ("passage", "fact", "rationale")


def apply(memory: Memory, operation: str, user: str, number: int) -> None:
    handle = memory.bind(user=user)
    text = TEXTS[number % len(TEXTS)]
    ids = [
        row["id"]
        for row in memory.core.file().read(
            "SELECT id FROM items WHERE user = ? AND kind IN ('passage', 'fact', 'rationale') ORDER BY rid", [user]
        )
    ]
    one = ids[number % len(ids)] if ids else None
    if operation == "add":
        handle.add(Note(text, source=f"{number % 3}"))
    elif operation == "edit" and (live := [passage.id for passage in handle.passages()]):
        handle.edit(live[number % len(live)], f"{text} {number}")
    elif operation == "fact":
        handle.facts.add(Triple(text, "is beside", TEXTS[(number + 1) % len(TEXTS)], source=f"{number % 3}"))
    elif operation == "rationale":
        handle.rationales.add(Rationale(text, "think", str(number), shared=number % 2 == 0))
    elif operation in ("forget", "restore", "delete") and one is not None:
        store = {"passage": memory.core.passages, "fact:": memory.core.triples, "ratio": memory.core.rationales}.get(
            one[:5], memory.core.passages
        )
        verb = {"forget": store.retire, "restore": store.restore, "delete": store.delete}[operation]
        verb(Scope(user=user), [one])
    else:
        handle.search(text)


def found(indexes: Projections, dim: int) -> list:
    """All that every scope and kind finds, by vector and by word."""
    vector = np.full(dim, dim**-0.5, dtype=np.float32)
    return [
        (
            indexes.nearest(Scope(user=user), kind, vector, 99),
            indexes.match(Scope(user=user), kind, "fog lamp Ida 東京 is", 99),
        )
        for user, kind in itertools.product(["alice", "bob"], KINDS)
    ]


@SETTINGS
@given(OPERATIONS)
def test_an_index_that_followed_equals_one_that_is_made_anew(tmp_path_factory, operations):
    with Memory(tmp_path_factory.mktemp("p") / "m.db", embedder="hashing:16") as memory:
        database = memory.core.file()
        followers = Projections(database, 16, shared=["rationale"])
        for operation, user, number in operations:
            found(followers, 16)
            apply(memory, operation, user, number)
        assert found(followers, 16) == found(Projections(database, 16, shared=["rationale"]), 16)


@SETTINGS
@given(st.permutations(range(7)), st.permutations(range(6)))
def test_the_order_of_adding_makes_no_difference(tmp_path_factory, order, facts_order):
    """To what is found, to the facts and to the graph; ties are by age, so texts that tie are compared as sets."""
    moments = [datetime(2020, 1, day + 1, tzinfo=UTC) for day in range(6)]
    triples = [
        Triple("Ida", "lives in", place, at=moment, source="s")
        for place, moment in zip(["Oslo", "Bergen", "Oslo", "oslo", "Paris", "Rome"], moments, strict=True)
    ]

    def filled(path, notes, facts):
        with Memory(path, embedder="hashing:16") as memory:
            alice = memory.bind(user="alice")
            for number in notes:
                alice.add(TEXTS[number])
            alice.facts.declare("lives in")
            for number in facts:
                alice.facts.add(triples[number])
            memory.core.graph.link(alice.scope, [Link("ida", "oslo", 0.5)])
            graph = memory.core.graph.arrays(alice.scope)
            return (
                sorted((hit.text, round(hit.score, 5)) for hit in alice.search("fog on the lamp of Ida", 99)),
                [(f.id, f.at, f.until, f.superseded_by) for f in alice.facts.find(history=True)],
                (graph.kinds, graph.names, {kind: (e.tolist(), w.tolist()) for kind, (e, w) in graph.edges.items()}),
            )

    folder = tmp_path_factory.mktemp("o")
    assert filled(folder / "a.db", range(7), range(6)) == filled(folder / "b.db", order, facts_order)


def test_indexes_of_two_processes_worth_of_handles_agree(tmp_path):
    path = tmp_path / "m.db"
    with Memory(path, embedder="hashing:32") as one, Memory(path, embedder="hashing:32") as two:
        mine, yours = one.bind(user="alice"), two.bind(user="alice")
        [id] = mine.add("The fog horn.")
        assert [hit.id for hit in yours.search("fog horn")] == [id]
        yours.edit(id, "The bell.")
        assert mine.search("fog horn", using="keyword") == [] and mine.search("bell")[0].id == id
        [fact] = yours.facts.add(("Ida", "rings", "the bell"))
        assert mine.facts.search("who rings the bell")[0].id == fact
        assert "the bell" in mine.core.graph.arrays(mine.scope).names
        mine.forget(fact)
        assert yours.facts.search("who rings the bell") == []
        assert "the bell" not in yours.core.graph.arrays(yours.scope).names


def test_a_follower_that_is_behind_the_trimmed_log_is_made_anew(tmp_path):
    with Memory(tmp_path / "m.db", embedder="hashing:16") as memory:
        alice = memory.bind(user="alice")
        [id] = alice.add("fog")
        assert alice.search("fog") and alice.search("fog", using="dense")
        database = memory.core.file()
        with database.write() as writer:
            writer.execute("DELETE FROM items WHERE id = ?", [id])  # as if its line had been trimmed away
            writer.executemany(
                "INSERT INTO changes (rid, op) VALUES (?, ?)", ((10**9, "delete") for _ in range(60_000))
            )
            log(writer, list(range(10**9, 10**9 + 2000)), "delete")
        assert database.read("SELECT min(seq) AS low FROM changes")[0]["low"] > 5000
        assert alice.search("fog") == alice.search("fog", using="dense") == []
