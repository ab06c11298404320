"""Stores that lose, leak or overwrite, as a hostile reader would write them, fail the check that is there for it.

Each is one of ours with one thing wrong, so that nothing but that can fail it.
"""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import closing
from dataclasses import replace

import pytest

from memagent.stores.database import SQLiteDatabase
from memagent.stores.graph import SQLGraphStore
from memagent.stores.rationale import SQLRationaleStore
from memagent.stores.triple import SQLTripleStore
from memagent.stores.vector import SQLVectorStore
from memagent.testing import check_store
from memagent.types import Note, Scope
from tests.testing.test_conformance_kinds import OWN, graph, on_disk, passages, purging, rationales, triples

__all__ = ["on_disk"]  # the fixture

KINDS = {
    "store": (passages, SQLVectorStore),
    "facts": (triples, SQLTripleStore),
    "rationales": (rationales, SQLRationaleStore),
}


def every_50th_lost(kind):
    class Store(kind):
        written = 0

        def add(self, scope, things, *args, **options):
            ids = super().add(scope, things, *args, **options)
            self.written += len(things)
            if self.written >= 50:
                self.written -= 50
                self.delete(scope, ids[-1:])
            return ids

    return Store


def ten_of_a_batch(kind):
    class Store(kind):
        def add(self, scope, things, vectors, **options):
            few = vectors if isinstance(vectors, dict) else vectors[:10]
            ids = super().add(scope, things[:10], few, **options)
            return ids + [f"x{number}" for number in range(len(things) - 10)]

    return Store


def one_too_many(kind, verb):
    def search(self, scope, query, k, **options):
        return getattr(kind, verb)(self, scope, query, k + 1, **options)

    return type("Store", (kind,), {verb: search})


def one_too_few(kind, verb):
    def search(self, scope, query, k, **options):
        return getattr(kind, verb)(self, scope, query, k if k < 12 else k - 30, **options)

    return type("Store", (kind,), {verb: search})


def confused(kind, verb, change):
    """A store one verb of which takes a scope for another."""

    def wrong(self, scope, *args, **options):
        return getattr(kind, verb)(self, change(scope), *args, **options)

    return type("Store", (kind,), {verb: wrong})


def one_at_a_time(kind):
    class Store(kind):
        busy = False

        def add(self, *args, **options):
            if self.busy:
                raise RuntimeError("database is locked")
            self.busy = True
            try:
                time.sleep(0.01)
                return super().add(*args, **options)
            finally:
                self.busy = False

    return Store


def forgetting_one_of_two_threads(kind):
    """Reads what it will write before it has the lock, and so loses what another thread writes meanwhile."""

    class Store(kind):
        inside = 0

        def add(self, scope, *args, **options):
            self.inside += 1
            try:
                time.sleep(0.01)
                ids = super().add(scope, *args, **options)
                if self.inside > 1:
                    self.delete(scope, ids)
                return ids
            finally:
                self.inside -= 1

    return Store


def of_user(name):
    return lambda scope: Scope(user="alice") if scope.user == name else scope


def of_no_case(scope):
    return replace(scope, user=scope.user and scope.user.lower())


def stripped(scope):
    return replace(scope, user=scope.user and scope.user.strip())


def session_of_no_case(scope):
    return replace(scope, session=scope.session and scope.session.lower())


LOOK_ALIKE = {
    **{f"{name!r} is alice": of_user(name) for name in ("al", "ALICE", "a%", "a_ice", "alice ", "%", None)},
    "of no case": of_no_case,
    "stripped": stripped,
    "session of no case": session_of_no_case,
}
EACH_VERB = ("'a%' is alice", "of no case")
READS = {
    "store": ["get", "passages", "sources", "count", "nearest", "match", "known"],
    "facts": ["facts", "relations", "nearest", "match", "unknown"],
    "rationales": ["get", "rationales", "count", "nearest", "match"],
}
CHANGES = {
    "store": ["replace", "retire", "restore", "delete"],
    "facts": ["declare", "retire", "restore", "delete"],
    "rationales": ["rejudge", "record", "retire", "restore", "delete"],
}


def fails(kind, broken, check, place, **options):
    checking, _ = KINDS[kind]
    with pytest.raises(AssertionError, match=rf"^{kind}_({check}): "):
        checking(place, broken, **options)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "breaking, check",
    [
        (every_50th_lost, "restore|one_by_one|searched_as_they_hold"),
        (ten_of_a_batch, "limits|in_one_batch"),
        (one_at_a_time, "threads"),
        (forgetting_one_of_two_threads, "threads"),
    ],
)
def test_a_store_that_loses_is_found_out(on_disk, kind, breaking, check):
    fails(kind, breaking(KINDS[kind][1]), check, on_disk)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("verb", ["nearest", "match"])
@pytest.mark.parametrize("breaking", [one_too_many, one_too_few])
def test_a_store_that_finds_another_number_than_k_is_found_out(on_disk, kind, verb, breaking):
    found_before = "nearest|round_trip|ids|searched_as_they_hold|apart_from|shared"
    fails(kind, breaking(KINDS[kind][1], verb), f"limits|{found_before}", on_disk)


@pytest.mark.parametrize(
    "kind, verb, name",
    [
        *((kind, verb, name) for kind in KINDS for verb in READS[kind] + CHANGES[kind] for name in EACH_VERB),
        *((kind, verb, name) for kind in KINDS for verb in ("match", "delete") for name in LOOK_ALIKE),
    ],
)
def test_a_store_that_takes_one_scope_for_another_is_found_out(on_disk, kind, verb, name):
    checks = "names_alike|parts_alike|unknown|users|sessions_and_agents|shared|shared_is_not_owned|rejudged"
    fails(kind, confused(KINDS[kind][1], verb, LOOK_ALIKE[name]), checks, on_disk)


@pytest.mark.parametrize("verb", ["arrays", "links", "phrases", "nearest", "cosines", "mentioned", "rank", "link"])
@pytest.mark.parametrize("name", ["'al' is alice", "None is alice", "of no case", "stripped"])
def test_a_graph_that_takes_one_user_for_another_is_found_out(on_disk, verb, name):
    with pytest.raises(AssertionError, match=r"^graph_(names_alike|scopes): "):
        graph(on_disk, confused(SQLGraphStore, verb, LOOK_ALIKE[name]))


def test_a_graph_that_finds_one_too_many_is_found_out(on_disk):
    with pytest.raises(AssertionError, match=r"^graph_(nearest|limits): "):
        graph(on_disk, one_too_many(SQLGraphStore, "nearest"))


def test_a_store_that_overwrites_a_taken_id_is_found_out(on_disk):
    class Store(SQLVectorStore):
        def add(self, scope, notes, vectors, **options):
            taken = [note.id for note in notes if note.id]
            self.delete(scope, [one.id for one in self.passages(scope) if one.id in taken])
            return super().add(scope, notes, vectors, **options)

    fails("store", Store, "ids", on_disk)


@pytest.mark.parametrize("lost", ["title", "source", "at", "metadata"])
def test_a_replace_that_drops_a_field_is_found_out(on_disk, lost):
    class Store(SQLVectorStore):
        def replace(self, scope, id, text, vector):
            [old] = self.get(scope, [id])
            kept = {name: getattr(old, name) for name in ("title", "source", "at", "metadata") if name != lost}
            self.delete(scope, [id])
            self.add(scope, [Note(text, id=id, **kept)], vector[None])

    fails("store", Store, "replace", on_disk)


@pytest.mark.parametrize("lost", ["title", "source", "at", "metadata"])
def test_an_add_that_drops_a_field_is_found_out(on_disk, lost):
    nothing = getattr(Note("x"), lost)

    class Store(SQLVectorStore):
        def add(self, scope, notes, vectors, **options):
            return super().add(scope, [replace(note, **{lost: nothing}) for note in notes], vectors, **options)

    fails("store", Store, "add_and_get|round_trip", on_disk)


def test_a_store_that_learns_purged_facts_again_is_found_out(on_disk):
    class Store(SQLTripleStore):
        def add(self, scope, told, vectors, *, again=False):
            return super().add(scope, told, vectors, again=True)

    fails("facts", Store, "purged", on_disk, purge=purging(on_disk))


def copied(source, target):
    with closing(sqlite3.connect(source)) as one, closing(sqlite3.connect(target)) as other:
        one.backup(other)


class AtClosing:
    """Keeps everything in memory, or what is as good as that, and writes it to its place when it is closed."""

    def __init__(self, folder, writes=True):
        self.place, self.writes, self.opened = folder / "place.db", writes, []

    def make(self):
        self.place.unlink(missing_ok=True)
        return self.open()

    def open(self):
        self.opened.append(SQLiteDatabase(":memory:"))
        if self.place.exists():
            copied(self.place, self.opened[-1].path)
        return SQLVectorStore(self.opened[-1], **OWN)

    def reopen(self, store):
        if self.writes:
            copied(self.opened[-1].path, self.place)
        return self.open()


@pytest.mark.parametrize("writes, check", [(True, "killed"), (False, "reopened")])
def test_a_store_that_writes_late_or_never_is_found_out(tmp_path, writes, check):
    late = AtClosing(tmp_path, writes)
    with pytest.raises(AssertionError, match=f"^store_{check}: "):
        check_store(late.make, 8, reopen=late.reopen)
    for database in late.opened:
        database.close()


def test_a_child_that_cannot_open_the_place_says_why(on_disk):
    opened = []

    def reopen(store):
        opened.append(store)
        if os.getpid() != own:
            raise RuntimeError("the place is locked by its parent")
        return SQLVectorStore(on_disk.again(), **OWN)

    own = os.getpid()
    with pytest.raises(AssertionError, match=r"^store_killed: .*the place is locked by its parent"):
        check_store(lambda: SQLVectorStore(on_disk(), **OWN), 8, reopen=reopen)
    assert opened
