"""A graph that follows changes, in whatever order they come, equals one that is read anew."""

from __future__ import annotations

import itertools
from contextlib import suppress
from zlib import crc32

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memagent.errors import EmbedderMismatch, NotFound
from memagent.memory import Memory
from memagent.stores.graph import SQLGraphStore
from memagent.types import Note, Scope, Triple

NAMES = ["Ida", "ida ", "Ida Berg", "Gull Point", "gull-point", "the lighthouse", "Oslo", "us", "C++", "C#"]
TEXTS = ["one", "two", "three", "four"]
users = (f"user-{number}" for number in itertools.count())


class Near:
    """Texts that begin alike have near vectors, so that there are synonyms."""

    name, dim = "near", 24

    def embed(self, texts, kind="document"):
        return np.array([self._one(text) for text in texts], dtype=np.float32).reshape(-1, self.dim)

    def _one(self, text):
        group, own = (np.random.default_rng(crc32(part.encode())).normal(size=self.dim) for part in (text[:2], text))
        row = 3 * group + own
        return row / np.linalg.norm(row)


@pytest.fixture(scope="module")
def memory(tmp_path_factory):
    with Memory(tmp_path_factory.mktemp("graph") / "m.db", embedder=Near()) as opened:
        yield opened


names, texts = st.sampled_from(NAMES), st.sampled_from(TEXTS)
steps = st.one_of(
    st.tuples(st.just("say"), names, names, texts),
    st.tuples(st.just("tell"), names, names, texts),
    st.tuples(st.sampled_from(["forget", "restore", "delete", "edit"]), texts),
    st.tuples(st.sampled_from(["unsay", "hide"]), names, names),
    st.tuples(st.sampled_from(["look", "find"])),
)


def carry_out(handle, step):
    """One step; what it is about may not be there, which is nothing to it."""
    verb, *rest = step
    if verb == "say":
        [id] = handle.add(Note(f"Text {rest[2]}", title=rest[0], source=rest[2]))
        handle.facts.add(Triple(rest[0], "is near", rest[1], passage=id))
    elif verb == "tell":
        handle.facts.add(Triple(rest[0], "is near", rest[1], source=rest[2]))
    elif verb == "look":
        handle.core.graph.arrays(handle.scope)
    elif verb == "find":
        handle.core.graph.find_synonyms(handle.scope)
    elif len(rest) == 2:
        for fact in handle.facts.find(rest[0], "is near", rest[1]):
            (handle.delete if verb == "unsay" else handle.forget)(fact.id)
    else:
        with suppress(NotFound):
            change(handle, verb, rest[0])


def change(handle, verb, source):
    if verb == "edit":
        for passage in list(handle.passages(source)):
            handle.edit(passage.id, f"Text {source} anew")
    else:
        getattr(handle, verb)(source=source)


def fresh(memory):
    return SQLGraphStore(memory.core.file(), embedder="near", dim=24, synonyms=0.8)


def assert_equal(one, other):
    assert (one.kinds, one.names, one.facts) == (other.kinds, other.names, other.facts)
    np.testing.assert_array_equal(one.ends, other.ends)
    assert one.edges.keys() == other.edges.keys()
    for kind in one.edges:
        for mine, its in zip(one.edges[kind], other.edges[kind], strict=True):
            np.testing.assert_array_equal(mine, its)
    for kind in one.rids:
        for mine, its in zip(one.rids[kind], other.rids[kind], strict=True):
            np.testing.assert_array_equal(mine, its)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.booleans(), steps), max_size=14))
def test_following_equals_reading_anew(memory, taken):
    user = next(users)
    handles = [memory.bind(user=user, session=session) for session in ("s1", "s2")]
    wide = Scope(user=user)
    for first, step in taken:
        carry_out(handles[first], step)
        if step[0] == "look":
            memory.core.graph.arrays(wide)
    for scope in (wide, handles[0].scope, handles[1].scope):
        followed, anew = memory.core.graph, fresh(memory)
        graph, other = followed.arrays(scope), anew.arrays(scope)
        assert_equal(graph, other)
        text = " ".join(NAMES)
        assert set(map(tuple, zip(*map(list, followed.mentioned(scope, graph, text)), strict=True))) == set(
            map(tuple, zip(*map(list, anew.mentioned(scope, other, text)), strict=True))
        )


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.tuples(texts, names, names), min_size=1, max_size=12, unique=True),
    st.sets(texts),
    st.booleans(),
)
def test_deleting_some_passages_is_never_having_had_them(memory, told, gone, found):
    """Edge for edge, whether synonyms were found before or not."""
    both, other = memory.bind(user=next(users)), memory.bind(user=next(users))
    for text, subject, object in told:
        carry_out(both, ("say", subject, object, text))
    if found:
        carry_out(both, ("find",))
    both.core.graph.arrays(both.scope)
    for text in gone:
        carry_out(both, ("delete", text))
    for text, subject, object in told:
        if text not in gone:
            carry_out(other, ("say", subject, object, text))
    carry_out(other, ("find",))
    one, two = both.core.graph.arrays(both.scope), other.core.graph.arrays(other.scope)
    assert (one.kinds, one.names, one.facts) == (two.kinds, two.names, two.facts)
    for kind in one.edges.keys() | two.edges.keys():
        for mine, its in zip(one.edges[kind], two.edges[kind], strict=True):
            np.testing.assert_array_equal(mine, its)


def test_synonyms_that_are_kept_leave_no_word_behind_and_go_with_their_phrases(tmp_path):
    path = tmp_path / "m.db"
    with Memory(path, embedder=Near(), single_user=True) as memory:
        memory.facts.add(Triple("Zanzibarine", "is near", "Zanzibarium", source="a letter"))
        assert memory.core.graph.find_synonyms(Scope()) == 1
        assert memory.core.graph.find_synonyms(Scope()) == 0
        memory.purge(source="a letter")
        assert memory.core.file().read("SELECT * FROM synonyms") == []
        assert memory.doctor() == []
    for file in tmp_path.iterdir():
        assert b"anzibar" not in file.read_bytes().lower(), file


def test_a_change_of_embedder_finds_synonyms_anew(tmp_path):
    with Memory(tmp_path / "m.db", embedder=Near(), single_user=True) as memory:
        memory.facts.add(("Gull Point", "is near", "Gull Pond"))
        assert memory.core.graph.find_synonyms(Scope()) == 1
        memory.reembed("hashing:64")
        assert memory.core.file().read("SELECT * FROM synonyms") == []
        graph = memory.core.graph.arrays(Scope())
        assert len(graph.names) == 2


def test_synonyms_are_not_kept_of_vectors_that_were_exchanged_meanwhile(tmp_path, monkeypatch):
    with Memory(tmp_path / "m.db", embedder=Near(), single_user=True) as memory:
        memory.facts.add(("Gull Point", "is near", "Gull Pond"))
        store, own = memory.core.graph, memory.core.graph._synonyms.of

        def exchanged(scope, rids):
            found = own(scope, rids)
            with Memory(tmp_path / "m.db", embedder=Near(), single_user=True) as other:
                other.reembed("hashing:16")
            return found

        monkeypatch.setattr(store._synonyms, "of", exchanged)
        with pytest.raises(EmbedderMismatch):
            store.find_synonyms(Scope())
        assert memory.core.file().read("SELECT * FROM synonyms") == []


def test_two_processes_that_find_synonyms_keep_them_once(tmp_path):
    with Memory(tmp_path / "m.db", embedder=Near(), single_user=True) as one:
        with Memory(tmp_path / "m.db", embedder=Near(), single_user=True) as two:
            one.facts.add(("Gull Point", "is near", "Gull Pond"))
            found = [handle.core.graph.find_synonyms(Scope()) for handle in (one, two)]
            assert found == [1, 0]
            two.facts.add(("Gull Poise", "is near", "Oslo"))
            assert two.core.graph.find_synonyms(Scope()) == 2
            edges = [len(handle.core.graph.arrays(Scope()).edges["synonym"][0]) for handle in (one, two)]
            assert edges == [3, 3]
