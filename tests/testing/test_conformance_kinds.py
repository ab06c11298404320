"""Our stores of every kind keep their contracts, in memory and on disk; a store that breaks one is found out."""

from __future__ import annotations

import itertools

import pytest

from memagent.stores.database import SQLiteDatabase
from memagent.stores.graph import SQLGraphStore
from memagent.stores.rationale import SQLRationaleStore
from memagent.stores.triple import SQLTripleStore
from memagent.stores.vector import SQLVectorStore
from memagent.testing import check_graph_store, check_rationale_store, check_store, check_triple_store

DIM = 8
OWN = {"embedder": "test", "dim": DIM}


@pytest.fixture(params=["in memory", "on disk"])
def fresh(request, tmp_path):
    """Makes databases, each empty, and closes them."""
    numbers, opened = itertools.count(), []

    def make() -> SQLiteDatabase:
        path = ":memory:" if request.param == "in memory" else tmp_path / f"{next(numbers)}.db"
        opened.append(SQLiteDatabase(path))
        return opened[-1]

    yield make
    for database in opened:
        database.close()


def test_passages(fresh):
    report = check_store(lambda: SQLVectorStore(fresh(), **OWN), DIM)
    assert len(report.passed) >= 14 and not report.skipped


def test_triples(fresh, kind=SQLTripleStore):
    def make():
        database = fresh()
        return SQLVectorStore(database, **OWN), kind(database, **OWN)

    report = check_triple_store(make, DIM)
    assert len(report.passed) >= 10 and not report.skipped


def test_graph(fresh, kind=SQLGraphStore):
    def make():
        database = fresh()
        return SQLVectorStore(database, **OWN), SQLTripleStore(database, **OWN), kind(database, **OWN)

    report = check_graph_store(make, DIM)
    assert len(report.passed) >= 4 and not report.skipped


def test_rationales(fresh, kind=SQLRationaleStore):
    report = check_rationale_store(lambda: kind(fresh(), **OWN), DIM)
    assert len(report.passed) >= 10 and not report.skipped


def test_stores_that_break_their_contract_are_found_out(fresh):
    class Everything(SQLTripleStore):
        def facts(self, scope, **options):
            return super().facts(scope, **{**options, "history": True})

    class Unlinked(SQLGraphStore):
        def links(self, scope):
            return []

    class Forgetful(SQLRationaleStore):
        def record(self, scope, id, *, success):
            """Count nothing."""

    for check, kind in ((test_triples, Everything), (test_graph, Unlinked), (test_rationales, Forgetful)):
        with pytest.raises(AssertionError):
            check(fresh, kind)
