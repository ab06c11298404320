"""Our own backends keep the contracts that others are checked against, and each breach of a contract is found."""

from dataclasses import replace

import pytest

from memagent import registry
from memagent.embedders.hashing import Hashing
from memagent.llms.offline import Offline
from memagent.stores.database import SQLiteDatabase
from memagent.stores.vector import SQLVectorStore
from memagent.testing import ScriptedLLM, check_embedder, check_llm, check_retriever, check_store
from memagent.types import Scope


@pytest.fixture
def new_store(tmp_path):
    opened = []

    def make(embedder="any", dim=8, kind=SQLVectorStore):
        opened.append(SQLiteDatabase(tmp_path / f"{len(opened)}.db"))
        return kind(opened[-1], embedder=embedder, dim=dim)

    yield make
    for database in opened:
        database.close()


def without(*parts):
    """A store that forgets these parts of every scope when it reads or changes; without users, also when it adds."""

    def widened(scope):
        return replace(scope, **dict.fromkeys(parts))

    class Store(SQLVectorStore):
        pass

    verbs = ["get", "passages", "sources", "count", "nearest", "match", "retire", "restore", "delete"]
    for verb in [*verbs, *(["add", "known", "replace"] if "user" in parts else [])]:

        def wide(self, scope, *args, _verb=verb, **options):
            return getattr(SQLVectorStore, _verb)(self, widened(scope), *args, **options)

        setattr(Store, verb, wide)
    return Store


def one_verb_without(verb, *parts):
    wide = getattr(without(*parts), verb)
    return type("Store", (SQLVectorStore,), {verb: wide})


def breaking(**methods):
    return type("Store", (SQLVectorStore,), methods)


def first_change_only(self, scope, ids=(), *, source=None):
    return SQLVectorStore.delete(self, scope, ids) if source is None else 0


def delete_no_source(self, scope, ids=(), *, source=None):
    rows = [] if source is None else list(self.passages(scope, source=source))
    return SQLVectorStore.delete(self, scope, [*ids, *(row.id for row in rows)])


def retire_instead(self, scope, ids=(), *, source=None):
    found = [row.id for row in self.passages(scope, source=source)] if source else []
    return self.retire(scope, [*ids, *found])


def restore_nothing(self, scope, ids):
    return len(ids)


def delete_without_source(self, scope, ids=(), *, source=None):
    return SQLVectorStore.delete(self, scope, ids, source=source) if source != "" else 0


def late(verb):
    """Searches all there is, and cuts by time only what was found."""

    def search(self, scope, query, k, *, as_of=None):
        found = getattr(SQLVectorStore, verb)(self, scope, query, k)
        return [one for one in found if as_of is None or (one.passage.at or one.passage.recorded_at) <= as_of]

    return search


def timeless(verb):
    return lambda self, scope, query, k, *, as_of=None: getattr(SQLVectorStore, verb)(self, scope, query, k)


BREACHES = {
    "ignores users": (without("user", "session", "agent"), "user|crosses"),
    "ignores sessions": (without("session"), "leaves a session"),
    "ignores agents": (without("agent"), "leaves an agent"),
    **{
        f"{verb} ignores sessions": (one_verb_without(verb, "session"), rf"{verb}\(\) leaves a session|cannot see")
        for verb in ("get", "passages", "sources", "count", "nearest", "match")
    },
    **{
        f"{verb} ignores sessions": (one_verb_without(verb, "session"), f"a session {verb}d a passage of another")
        for verb in ("retire", "restore", "delete")
    },
    "deletes nothing": (breaking(delete=lambda self, scope, ids=(), source=None: 0), r"delete\(\)"),
    "says it deletes": (
        breaking(delete=lambda self, scope, ids=(), source=None: 2 if scope.user == "alice" else 0),
        "NotFound",
    ),
    "retires instead of deleting": (breaking(delete=retire_instead), r"delete\(\)"),
    "deletes ids only": (breaking(delete=first_change_only), r"delete\(source=\)"),
    "deletes only what is live of a source": (breaking(delete=delete_no_source), r"delete\(source=\)"),
    "takes '' for a source": (breaking(delete=delete_without_source), r"delete\(source=''\) must raise"),
    "nearest ignores as_of": (breaking(nearest=timeless("nearest")), r"nearest\(as_of="),
    "match ignores as_of": (breaking(match=timeless("match")), r"match\(as_of="),
    "cuts by time too late": (breaking(nearest=late("nearest")), "cuts after the best k"),
    "ignores replace_sources": (
        breaking(
            add=lambda self, scope, notes, vectors, *, replace_sources=False, **options: SQLVectorStore.add(
                self, scope, notes, vectors, **options
            )
        ),
        "replace_sources left",
    ),
    "replaces everything": (
        breaking(
            add=lambda self, scope, notes, vectors, *, replace_sources=False, **options: (
                replace_sources
                and self.delete(
                    scope, [one.id for one in self.passages(scope) if one.text not in {note.text for note in notes}]
                ),
                SQLVectorStore.add(self, scope, notes, vectors, **options),
            )[1]
        ),
        "deleted more than the sources",
    ),
    "ignores replace_ids": (
        breaking(
            add=lambda self, scope, notes, vectors, *, replace_ids=False, **options: SQLVectorStore.add(
                self, scope, notes, vectors, **options
            )
        ),
        "^store_replace_ids: replace_ids did not take the place",
    ),
    "replaces ids of others": (
        breaking(
            add=lambda self, scope, notes, vectors, *, replace_ids=False, **options: (
                replace_ids and self.delete(scope, [note.id for note in notes]),
                SQLVectorStore.add(self, scope, notes, vectors, **options),
            )[1]
        ),
        "^store_replace_ids: ",
    ),
    "names no sources": (breaking(sources=lambda self, scope: []), r"sources\(\)"),
    "names sources unsorted": (
        breaking(sources=lambda self, scope: SQLVectorStore.sources(self, scope)[::-1]),
        r"sources\(\) gave",
    ),
    "ignores passages(source=)": (
        breaking(passages=lambda self, scope, *, source=None: SQLVectorStore.passages(self, scope)),
        r"passages\(source=\)",
    ),
    "retires nothing": (breaking(retire=lambda self, scope, ids: len(ids)), "retired|retire"),
    "deletes when it should retire": (
        breaking(retire=lambda self, scope, ids: SQLVectorStore.delete(self, scope, ids)),
        "restore|retired",
    ),
    "restores nothing": (breaking(restore=restore_nothing), "restore"),
    "changes ids of others": (
        breaking(
            replace=lambda self, scope, id, text, vector: SQLVectorStore.replace(
                self, Scope(user=scope.user), id, text, vector
            )
        ),
        r"replace\(\) of another session's id must raise",
    ),
}


@pytest.mark.parametrize("name", BREACHES)
def test_a_store_that_breaks_its_contract_is_found_out(new_store, name):
    kind, message = BREACHES[name]
    with pytest.raises(AssertionError, match=message):
        check_store(lambda: new_store(kind=kind))


def filled(new_store, notes, name="hybrid"):
    embedder = Hashing()
    store = new_store(embedder.name, embedder.dim)
    for scope, kept in notes.items():
        store.add(scope, kept, embedder.embed([note.text for note in kept]))
    return registry.retriever(name, store, embedder)


RETRIEVER_CHECKS = {
    "retriever_finds",
    "retriever_limits",
    "retriever_users",
    "retriever_sessions",
    "retriever_empty",
}


# Those over facts: test_graph_search.py.
@pytest.mark.parametrize("name", ["hybrid", "dense", "keyword", "recall", "conversation"])
def test_retrievers(new_store, name):
    report = check_retriever(lambda notes: filled(new_store, notes, name))
    assert set(report.passed) == RETRIEVER_CHECKS and not report.skipped


class Widening:
    """A retriever that searches another scope than it was told to."""

    name = "widening"

    def __init__(self, inner, change):
        self.inner, self.change = inner, change

    def retrieve(self, query, k, scope):
        return self.inner.retrieve(query, k, self.change(scope))


@pytest.mark.parametrize(
    "change, message",
    [
        (lambda scope: Scope(user="alice"), "one user found"),
        (lambda scope: Scope(user=scope.user), "one session found"),
    ],
    ids=["users", "sessions"],
)
def test_a_retriever_that_crosses_scopes_is_found_out(new_store, change, message):
    with pytest.raises(AssertionError, match=message):
        check_retriever(lambda notes: Widening(filled(new_store, notes), change))


def test_the_hashing_embedder():
    report = check_embedder(Hashing)
    assert {"embedder_shapes", "embedder_unit_rows", "embedder_order"} <= set(report.passed) and not report.skipped


def test_the_offline_model():
    assert {"llm_complete", "llm_stream", "llm_price"} <= set(check_llm(Offline).passed)


@pytest.mark.parametrize(
    "price, message", [(3, "have cost"), (object(), "have cost")], ids=["a number", "something else"]
)
def test_a_price_that_is_none_is_found_out(price, message):
    def make():
        model = ScriptedLLM(["hello"] * 2)
        model.price = price
        return model

    with pytest.raises(AssertionError, match=message):
        check_llm(make)
