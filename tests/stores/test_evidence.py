"""Evidence as it is written and taken away: quickly, however much one source has said, and seen by what counts it."""

from __future__ import annotations

import numpy as np

from memagent.stores import evidence
from memagent.stores.graph import SQLGraphStore
from memagent.stores.triple import SQLTripleStore
from memagent.types import Scope, Triple

ALICE = Scope(user="alice")
DIM = 4


def add(store, *triples):
    vectors = {text: np.ones(DIM, dtype=np.float32) for text in store.unknown(ALICE, triples)}
    return store.add(ALICE, triples, vectors)


def test_known_evidence_is_looked_up_by_its_fact(database):
    plan = database.read(f"EXPLAIN QUERY PLAN {evidence.SAME}", [1, 0, "", "", ""])
    assert ["evidence_by_fact" in row["detail"] for row in plan] == [True]


def test_what_a_source_no_longer_says_is_a_change_for_all_that_counts_it(database):
    store, graph = (made(database, embedder="test", dim=DIM) for made in (SQLTripleStore, SQLGraphStore))
    add(store, Triple("Ida", "sees", "fog", "a.md"), Triple("Ida", "sees", "fog", "b.md"))
    assert graph.arrays(ALICE).edges["relation"][1].tolist() == [2.0]
    before = database.changes()
    assert store.delete(ALICE, source="b.md") == 0
    assert database.changes() > before
    assert graph.arrays(ALICE).edges["relation"][1].tolist() == [1.0]
    assert [fact.sources for fact in store.facts(ALICE)] == [("a.md",)]
