"""Our stores of every kind keep their contracts, in memory and on disk; a store that breaks one is found out."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from memagent.stores import removal, tombstones
from memagent.stores.database import SQLiteDatabase
from memagent.stores.graph import SQLGraphStore
from memagent.stores.rationale import SQLRationaleStore
from memagent.stores.triple import SQLTripleStore
from memagent.stores.vector import SQLVectorStore
from memagent.testing import check_graph_store, check_rationale_store, check_store, check_triple_store
from memagent.types import Scope

DIM = 8
OWN = {"embedder": "test", "dim": DIM}


UNSEEN = ("reopened", "killed")


class Place:
    """Makes databases, each empty; one on disk can be closed and opened again."""

    def __init__(self, folder: Path | None) -> None:
        self.folder, self.numbers, self.opened = folder, itertools.count(), []

    def __call__(self) -> SQLiteDatabase:
        return self._open(":memory:" if self.folder is None else self.folder / f"{next(self.numbers)}.db")

    def again(self) -> SQLiteDatabase:
        self.opened[-1].close()
        return self._open(self.opened[-1].path)

    def reopen(self, stores):
        """What `reopen=` is for stores that `stores` makes of a database; none in memory."""
        return None if self.folder is None else lambda _: stores(self.again())

    def _open(self, path) -> SQLiteDatabase:
        self.opened.append(SQLiteDatabase(path))
        return self.opened[-1]


@pytest.fixture(params=["in memory", "on disk"])
def fresh(request, tmp_path):
    place = Place(None if request.param == "in memory" else tmp_path)
    yield place
    for database in place.opened:
        database.close()


@pytest.fixture
def on_disk(tmp_path):
    place = Place(tmp_path)
    yield place
    for database in place.opened:
        database.close()


def all_of(report, kind, place):
    """How many checks there are, where just those were skipped that this place cannot have."""
    assert set(report.skipped) == (set() if place.folder else {f"{kind}_{name}" for name in UNSEEN})
    assert all("no reopen= was given" in reason for reason in report.skipped.values())
    return len(report.passed) + len(report.skipped)


def passages(place, kind=SQLVectorStore):
    def stores(database):
        return kind(database, **OWN)

    return check_store(lambda: stores(place()), DIM, reopen=place.reopen(stores))


def triples(place, kind=SQLTripleStore, purge=None):
    def stores(database):
        return SQLVectorStore(database, **OWN), kind(database, **OWN)

    return check_triple_store(lambda: stores(place()), DIM, reopen=place.reopen(stores), purge=purge)


def graph(place, kind=SQLGraphStore):
    def stores(database):
        return SQLVectorStore(database, **OWN), SQLTripleStore(database, **OWN), kind(database, **OWN)

    return check_graph_store(lambda: stores(place()), DIM, reopen=place.reopen(stores))


def rationales(place, kind=SQLRationaleStore):
    def stores(database):
        return kind(database, **OWN)

    return check_rationale_store(lambda: stores(place()), DIM, reopen=place.reopen(stores))


def purging(place):
    """What `memory.purge` does with facts in one transaction."""

    def purge(stores, scope, ids):
        with place.opened[-1].write() as writer:
            rows = removal.chosen(writer, scope, ids, kinds=["fact"])
            tombstones.bury(writer, scope, removal.said(writer, scope, rows))
            removal.remove(writer, scope, rows)

    return purge


def test_passages(fresh):
    assert all_of(passages(fresh), "store", fresh) == 26


def test_triples(fresh):
    assert all_of(triples(fresh, purge=purging(fresh)), "facts", fresh) == 29


def test_without_purge_a_check_is_skipped_and_says_so(on_disk):
    assert "no purge= was given" in triples(on_disk).skipped["facts_purged"]


def test_graph(fresh):
    assert all_of(graph(fresh), "graph", fresh) == 10


def test_rationales(fresh):
    assert all_of(rationales(fresh), "rationales", fresh) == 23


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
        (triples, Everything, "of 2020 and 2022"),
        (graph, Unlinked, "link"),
        (rationales, Forgetful, "counts"),
        (rationales, Open, "deleted"),
    ):
        with pytest.raises(AssertionError, match=message):
            check(fresh, kind)
