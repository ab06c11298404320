"""Our own backends keep the contracts that others are checked against."""

import pytest

from memagent import registry
from memagent.embedders.hashing import Hashing
from memagent.llms.offline import Offline
from memagent.stores.database import SQLiteDatabase
from memagent.stores.vector import PassageStore
from memagent.testing import check_embedder, check_llm, check_retriever, check_store


@pytest.fixture
def new_store(tmp_path):
    opened = []

    def make(embedder="any", dim=8):
        opened.append(SQLiteDatabase(tmp_path / f"{len(opened)}.db"))
        return PassageStore(opened[-1], embedder=embedder, dim=dim)

    yield make
    for database in opened:
        database.close()


def test_the_sqlite_store(new_store):
    report = check_store(new_store)
    assert len(report.passed) == 7 and not report.skipped


def test_a_store_that_forgets_is_found_out(new_store):
    def make():
        store = new_store()
        store.retire = lambda scope, ids: len(ids)
        return store

    with pytest.raises(AssertionError, match="retire"):
        check_store(make)


@pytest.mark.parametrize("name", registry.RETRIEVER_FORMS)
def test_retrievers(new_store, name):
    embedder = Hashing()

    def make(notes):
        store = new_store(embedder.name, embedder.dim)
        for scope, kept in notes.items():
            store.add(scope, kept, embedder.embed([note.text for note in kept]))
        return registry.retriever(name, store, embedder)

    assert len(check_retriever(make).passed) == 4


def test_a_retriever_that_crosses_scopes_is_found_out(new_store):
    embedder = Hashing()

    def make(notes):
        store = new_store(embedder.name, embedder.dim)
        for scope, kept in notes.items():
            store.add(scope, kept, embedder.embed([note.text for note in kept]))
        inner = registry.retriever("hybrid", store, embedder)
        first = next(iter(notes))
        inner_retrieve = inner.retrieve
        inner.retrieve = lambda query, k, scope: inner_retrieve(query, k, first)
        return inner

    with pytest.raises(AssertionError, match="one user found"):
        check_retriever(make)


def test_the_hashing_embedder():
    assert len(check_embedder(Hashing).passed) == 5


def test_the_offline_model():
    assert {"llm_complete", "llm_stream"} <= set(check_llm(Offline).passed)
