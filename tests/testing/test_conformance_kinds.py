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
from memagent.types import Scope

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
    assert len(report.passed) == 15 and not report.skipped


def test_triples(fresh, kind=SQLTripleStore):
    def make():
        database = fresh()
        return SQLVectorStore(database, **OWN), kind(database, **OWN)

    report = check_triple_store(make, DIM)
    assert len(report.passed) == 19 and not report.skipped


def test_graph(fresh, kind=SQLGraphStore):
    def make():
        database = fresh()
        return SQLVectorStore(database, **OWN), SQLTripleStore(database, **OWN), kind(database, **OWN)

    report = check_graph_store(make, DIM)
    assert len(report.passed) == 6 and not report.skipped


def test_rationales(fresh, kind=SQLRationaleStore):
    report = check_rationale_store(lambda: kind(fresh(), **OWN), DIM)
    assert len(report.passed) == 14 and not report.skipped


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

    class Open(SQLRationaleStore):
        def delete(self, scope, ids=(), *, source=None):
            return super().delete(Scope(user="alice"), ids, source=source)

    for check, kind, message in (
        (test_triples, Everything, "of 2020 and 2022"),
        (test_graph, Unlinked, "link"),
        (test_rationales, Forgetful, "counts"),
        (test_rationales, Open, "deleted"),
    ):
        with pytest.raises(AssertionError, match=message):
            check(fresh, kind)
