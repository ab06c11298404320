"""The LangChain face: the library's own conformance tests, and what they leave out."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.documents import Document
from langchain_core.indexing import InMemoryRecordManager, index
from langchain_core.vectorstores import InMemoryVectorStore

from memagent import Memory
from memagent.errors import ScopeRequired, UsageProblem
from memagent.integrations.langchain import MemagentVectorStore
from memagent.types import Note, Triple

suites = pytest.importorskip("langchain_tests.integration_tests", reason='pip install "memagent[dev]"')


class _Suite:
    using = "hybrid"

    @pytest.fixture
    def vectorstore(self) -> Iterator[MemagentVectorStore]:
        embeddings = suites.VectorStoreIntegrationTests.get_embeddings()
        with Memory(":memory:", embedder=embeddings) as memory:
            yield MemagentVectorStore(memory.bind(user="alice"), using=self.using)


class TestHybrid(_Suite, suites.VectorStoreIntegrationTests):  # type: ignore[misc, name-defined]
    pass


class TestDense(_Suite, suites.VectorStoreIntegrationTests):  # type: ignore[misc, name-defined]
    using = "dense"


@pytest.fixture
def memory() -> Iterator[Memory]:
    with Memory(":memory:") as memory:
        yield memory.bind(user="alice")


@pytest.fixture
def store(memory: Memory) -> MemagentVectorStore:
    return MemagentVectorStore(memory)


TEXTS = ["Ida keeps the lighthouse.", "The ferry leaves at nine.", "Ida paints the ferry.", "Storms come in March."]


def texts(documents: list[Document]) -> list[str]:
    return [document.page_content for document in documents]


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
keys = st.sampled_from(["source", "title", "page", "langgraph"]) | st.text(max_size=5)


@given(
    text=st.text(st.characters(codec="utf-8"), min_size=1).filter(str.strip),
    metadata=st.dictionaries(keys, json_values, max_size=5),
)
def test_documents_come_back_without_loss(text: str, metadata: dict[str, Any]) -> None:
    if any(isinstance(metadata.get(name), str) and not _encodes(metadata[name]) for name in ("source", "title")):
        return
    with Memory(":memory:", single_user=True) as memory:
        store = MemagentVectorStore(memory)
        [id] = store.add_texts([text], [metadata])
        assert store.get_by_ids([id]) == [Document(text, id=id, metadata=metadata)]


def _encodes(text: str) -> bool:
    return text == text.encode("utf-8", "replace").decode()


def test_source_and_title_are_those_of_the_passage(memory: Memory, store: MemagentVectorStore) -> None:
    [id] = store.add_texts(["Ida keeps it."], [{"source": "a.md", "title": "Lighthouse", "page": 3}])
    passage = memory.get(id)
    assert (passage.source, passage.title, passage.metadata) == ("a.md", "Lighthouse", {"page": 3})
    assert store.get_by_ids([id])[0].metadata == {"source": "a.md", "title": "Lighthouse", "page": 3}


def test_what_the_memory_was_told_is_found_as_documents(memory: Memory, store: MemagentVectorStore) -> None:
    [id] = memory.add(Note("Ida keeps the lighthouse.", title="People", source="b.md"))
    expected = Document("Ida keeps the lighthouse.", id=id, metadata={"source": "b.md", "title": "People"})
    assert store.similarity_search("lighthouse") == [expected]


def test_the_same_document_is_kept_once_and_another_metadata_makes_another(store: MemagentVectorStore) -> None:
    first = store.add_texts(["Ida."] * 3, [{"page": 1}, {"page": 1}, {"page": 2}])
    again = store.add_texts(["Ida."], [{"page": 1}])
    assert first[0] == first[1] == again[0] != first[2]
    assert store.memory.count() == 2


def test_an_id_takes_new_metadata_too(store: MemagentVectorStore) -> None:
    store.add_texts(["Ida."], [{"page": 1}], ids=["x"])
    store.add_texts(["Ida."], [{"page": 2, "source": "s"}], ids=["x"])
    assert store.get_by_ids(["x"]) == [Document("Ida.", id="x", metadata={"page": 2, "source": "s"})]


def test_new_metadata_leaves_the_facts_of_a_text(memory: Memory, store: MemagentVectorStore) -> None:
    store.add_texts(["Ida keeps the lighthouse."], [{"page": 1}], ids=["x"])
    [fact] = memory.facts.add(Triple("Ida", "keeps", "the lighthouse", passage="x"))
    store.add_texts(["Ida keeps the lighthouse."], [{"page": 2, "source": "b.md", "title": "People"}], ids=["x"])
    [kept] = memory.facts.find()
    assert (kept.id, kept.passages, kept.sources) == (fact, ("x",), ("b.md",))
    assert not memory.doctor()
    store.add_texts(["Tom keeps it."], [{"page": 2, "source": "b.md"}], ids=["x"])
    assert not memory.facts.find() and not memory.doctor()


def test_the_store_of_a_user_leaves_what_sessions_have_under_an_id(memory: Memory, store: MemagentVectorStore) -> None:
    session = MemagentVectorStore(memory.bind(session="one"))
    session.add_texts(["Ida's own."], ids=["1"])
    store.add_texts(["The user's."], ids=["1"])
    store.add_texts(["The user's, later."], ids=["1"])
    assert texts(session.get_by_ids(["1"])) == ["Ida's own."]
    assert sorted(passage.text for passage in memory.passages()) == ["Ida's own.", "The user's, later."]
    session.add_texts(["Ida's new."], ids=["1"])
    assert sorted(passage.text for passage in memory.passages()) == ["Ida's new.", "The user's, later."]


def test_a_reader_never_misses_a_document_that_writers_update(tmp_path: Path) -> None:
    """Two writers update one document, each from a connection of its own; no one raises, and it is always there."""
    path, ended = tmp_path / "notes.db", Event()

    def write(name: str) -> None:
        with Memory(path) as memory:
            store = MemagentVectorStore(memory.bind(user="alice"))
            for number in range(30):
                store.add_texts([f"ferry {name} {number // 2}"], [{"n": number}], ids=["x"])

    def read() -> int:
        seen = 0
        with Memory(path) as memory:
            store = MemagentVectorStore(memory.bind(user="alice"))
            while not ended.is_set():
                assert [document.id for document in store.get_by_ids(["x"])] == ["x"]
                assert store.memory.count() == 1
                seen += 1
        return seen

    with Memory(path) as memory, ThreadPoolExecutor(3) as pool:
        MemagentVectorStore(memory.bind(user="alice")).add_texts(["ferry"], ids=["x"])
        reader = pool.submit(read)
        writers = [pool.submit(write, name) for name in ("a", "b")]
        try:
            for writer in writers:
                writer.result(timeout=120)
        finally:
            ended.set()
        assert reader.result(timeout=60) > 0


UPDATING = """
import sys
from memagent import Memory
from memagent.integrations.langchain import MemagentVectorStore
with Memory(sys.argv[1]) as memory:
    store = MemagentVectorStore(memory.bind(user="alice"))
    for number in range(int(sys.argv[2]), 10**9):
        store.add_texts(["ferry %d" % (number // 3)], [{"n": number}], ids=["x"])
        print(number, flush=True)
"""


def test_no_kill_loses_a_document_that_is_being_updated(tmp_path: Path) -> None:
    path, said = str(tmp_path / "notes.db"), 0
    for after in (1, 4, 9, 13, 20, 33):
        command = [sys.executable, "-c", UPDATING, path, str(said)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            lines = [process.stdout.readline() for _ in range(after)]
            time.sleep(after % 5 / 1000)  # so that the signal comes at another moment of an update each time
            process.kill()
            lines += process.stdout.readlines()
        said = int([line for line in lines if line.endswith("\n")][-1])
        with Memory(path) as memory:
            [document] = MemagentVectorStore(memory.bind(user="alice")).get_by_ids(["x"])
            assert memory.bind(user="alice").count() == 1
        number = document.metadata["n"]
        assert said <= number <= said + 1, "an update that was acknowledged is lost"
        assert document.page_content == f"ferry {number // 3}", "text and metadata are of two updates"


def test_a_forgotten_id_can_be_taken_again(store: MemagentVectorStore) -> None:
    store.add_texts(["Ida."], ids=["x"])
    store.memory.forget("x")
    assert store.get_by_ids(["x"]) == []
    store.add_texts(["Tom."], ids=["x"])
    assert texts(store.get_by_ids(["x"])) == ["Tom."]


def test_the_last_of_one_id_wins(store: MemagentVectorStore) -> None:
    assert store.add_texts(["a b", "c d"], ids=["x", "x"]) == ["x", "x"]
    assert texts(store.get_by_ids(["x"])) == ["c d"]


def test_what_cannot_be_kept_is_refused_and_nothing_written(store: MemagentVectorStore) -> None:
    with pytest.raises(UsageProblem, match="is empty"):
        store.add_texts(["fine", " "])
    with pytest.raises(UsageProblem, match="JSON"):
        store.add_texts(["fine", "bad"], [{}, {"x": object()}])
    with pytest.raises(ValueError, match="number of metadatas"):
        store.add_texts(["a", "b"], [{}])
    with pytest.raises(ValueError, match="number of ids"):
        store.add_texts(["a", "b"], ids=["1"])
    assert store.memory.count() == 0


def test_a_failing_embedder_costs_no_document(store: MemagentVectorStore, monkeypatch: pytest.MonkeyPatch) -> None:
    store.add_texts(["Ida."], ids=["x"])

    def broken(*args: Any, **kwargs: Any) -> Any:
        raise RuntimeError("no connection")

    monkeypatch.setattr(store.memory.embedder, "embed", broken)
    with pytest.raises(RuntimeError, match="no connection"):
        store.add_texts(["Tom."], ids=["x"])
    assert texts(store.get_by_ids(["x"])) == ["Ida."]


def test_delete(store: MemagentVectorStore) -> None:
    store.add_texts(TEXTS, ids=["1", "2", "3", "4"])
    assert store.delete(["1", "nobody"]) is True
    assert store.memory.count() == 3
    assert store.delete([]) is True
    assert store.memory.count() == 3
    assert store.delete() is True
    assert store.memory.count() == 0


def test_get_by_ids_leaves_out_what_is_not_there(store: MemagentVectorStore) -> None:
    store.add_texts(TEXTS, ids=["1", "2", "3", "4"])
    found = store.get_by_ids(["4", "x", "1", "y", "z", "3"])
    assert [document.id for document in found] == ["4", "1", "3"]


@pytest.mark.parametrize("using", ["hybrid", "dense", "keyword"])
def test_filters_look_further_down(memory: Memory, using: str) -> None:
    store = MemagentVectorStore(memory, using=using)
    store.add_texts([f"lighthouse number {n}" for n in range(200)], [{"n": n, "odd": n % 2 == 1} for n in range(200)])
    wanted = {"n": 173, "odd": True}
    assert [d.metadata["n"] for d in store.similarity_search("lighthouse number 3", k=1, filter=wanted)] == [173]
    found = store.similarity_search("lighthouse number 3", k=5, filter=lambda d: d.metadata["n"] >= 190)
    assert len(found) == 5 and all(document.metadata["n"] >= 190 for document in found)
    assert store.similarity_search("lighthouse", k=5, filter={"missing": None}) == []


def test_a_filter_searches_no_deeper_than_it_must(store: MemagentVectorStore, monkeypatch: pytest.MonkeyPatch) -> None:
    store.add_texts([f"lighthouse {n}" for n in range(100)], [{"n": n} for n in range(100)])
    asked: list[int] = []
    nearest = store.memory.store.nearest
    monkeypatch.setattr(store.memory.store, "nearest", lambda *a, **o: asked.append(a[2]) or nearest(*a, **o))
    vector = store.embeddings.embed_query("lighthouse")
    assert len(store.similarity_search_by_vector(vector, k=2)) == 2
    assert asked == [2]
    assert len(store.similarity_search_by_vector(vector, k=2, filter=lambda _: False)) == 0
    assert asked == [2, 2, 8, 32, 128]


def test_k_and_empty_queries(store: MemagentVectorStore) -> None:
    store.add_texts(TEXTS)
    assert store.similarity_search("ferry", k=0) == store.similarity_search(" ", k=3) == []
    assert len(store.similarity_search("ferry", k=50)) == 4
    vector = store.embeddings.embed_query("ferry")
    assert store.similarity_search_by_vector(vector, k=0) == []
    assert store.max_marginal_relevance_search("ferry", k=2, fetch_k=0) == []


def test_scores_fall_and_are_relevance(memory: Memory) -> None:
    for using in ("hybrid", "dense", "keyword"):
        store = MemagentVectorStore(memory, using=using)
        store.add_texts(TEXTS)
        scored = store.similarity_search_with_score("Ida and the ferry", k=4)
        assert [score for _, score in scored] == sorted((score for _, score in scored), reverse=True)
        relevant = store.similarity_search_with_relevance_scores("Ida and the ferry", k=4, score_threshold=0.01)
        assert 0 < len(relevant) < 4 and all(0.01 <= score <= 1 for _, score in relevant)


def test_mmr_prefers_what_differs(store: MemagentVectorStore) -> None:
    store.add_texts(["the red ferry", "the red ferry boat", "the red ferry ship", "red storms in March"])
    near = texts(store.max_marginal_relevance_search("the red ferry", k=2, lambda_mult=1.0))
    far = texts(store.max_marginal_relevance_search("the red ferry", k=2, lambda_mult=0.0))
    assert near == texts(store.similarity_search("the red ferry", k=2))
    assert far == ["the red ferry", "red storms in March"]


def test_mmr_agrees_with_the_library() -> None:
    embeddings = suites.VectorStoreIntegrationTests.get_embeddings()
    with Memory(":memory:", embedder=embeddings, single_user=True) as memory:
        store, peer = MemagentVectorStore(memory), InMemoryVectorStore(embeddings)
        for each in (store, peer):
            each.add_texts(TEXTS, ids=["1", "2", "3", "4"])
        for weight in (0.0, 0.3, 0.5, 1.0):
            ours = store.max_marginal_relevance_search("Ida paints", k=3, lambda_mult=weight)
            assert texts(ours) == texts(peer.max_marginal_relevance_search("Ida paints", k=3, lambda_mult=weight))


def test_mmr_sees_the_sessions_of_the_user(memory: Memory) -> None:
    memory.bind(session="s1").add(TEXTS[0])
    memory.bind(session="s2").add(TEXTS[2])
    found = MemagentVectorStore(memory).max_marginal_relevance_search("Ida", k=2)
    assert sorted(texts(found)) == sorted([TEXTS[0], TEXTS[2]])


def test_retrievers(store: MemagentVectorStore) -> None:
    store.add_texts(TEXTS, [{"n": n} for n in range(4)])
    assert texts(store.as_retriever(search_kwargs={"k": 1}).invoke("Who keeps the lighthouse?")) == [TEXTS[0]]
    only = store.as_retriever(search_kwargs={"k": 1, "filter": {"n": 1}})
    assert texts(only.invoke("Who keeps the lighthouse?")) == [TEXTS[1]]
    assert texts(asyncio.run(only.ainvoke("Who keeps the lighthouse?"))) == [TEXTS[1]]
    assert len(store.as_retriever(search_type="mmr", search_kwargs={"k": 2}).invoke("Ida")) == 2
    cut = store.as_retriever(search_type="similarity_score_threshold", search_kwargs={"score_threshold": 0.2})
    assert texts(cut.invoke("keeps the lighthouse")) == [TEXTS[0]]


def test_the_index_api_keeps_a_folder_up(store: MemagentVectorStore) -> None:
    records = InMemoryRecordManager(namespace="notes")
    records.create_schema()
    documents = [Document(text, metadata={"source": f"{n}.md"}) for n, text in enumerate(TEXTS)]

    def run(given: list[Document]) -> dict[str, int]:
        done = index(given, records, store, cleanup="full", source_id_key="source", key_encoder="blake2b")
        return {key: value for key, value in done.items() if value}

    assert run(documents) == {"num_added": 4}
    assert run(documents) == {"num_skipped": 4}
    assert run([*documents[:3], Document("Storms come in May.", metadata={"source": "3.md"})]) == {
        "num_added": 1,
        "num_skipped": 3,
        "num_deleted": 1,
    }
    assert sorted(passage.text for passage in store.memory.passages()) == sorted([*TEXTS[:3], "Storms come in May."])


def test_users_are_apart_and_somebody_must_be_bound() -> None:
    with Memory(":memory:") as memory:
        with pytest.raises(ScopeRequired):
            MemagentVectorStore(memory)
        alice, bob = (MemagentVectorStore(memory.bind(user=user)) for user in ("alice", "bob"))
        alice.add_texts(["Ida."], ids=["x"])
        bob.add_texts(["Tom."], ids=["x"])
        bob.delete(["x"])
        assert texts(alice.similarity_search("Ida")) == ["Ida."] and bob.similarity_search("Ida") == []


def test_it_survives_reopening(tmp_path: Path) -> None:
    path = str(tmp_path / "notes.db")
    first = MemagentVectorStore.from_texts(TEXTS, "hashing", ids=["1", "2", "3", "4"], path=path, user="alice")
    before = first.similarity_search_with_score("Ida and the ferry")
    with Memory(path) as memory:
        assert (
            MemagentVectorStore(memory.bind(user="alice")).similarity_search_with_score("Ida and the ferry") == before
        )


def test_from_documents_and_its_twin() -> None:
    embeddings = suites.VectorStoreIntegrationTests.get_embeddings()
    store = MemagentVectorStore.from_documents([Document("Ida.", id="x", metadata={"n": 1})], embeddings)
    assert store.get_by_ids(["x"]) == [Document("Ida.", id="x", metadata={"n": 1})]
    twin = asyncio.run(MemagentVectorStore.afrom_texts(["Ida."], embeddings, ids=["x"]))
    assert texts(twin.get_by_ids(["x"])) == ["Ida."]
    store.memory.close()
    twin.memory.close()


def test_twins_do_the_same(store: MemagentVectorStore) -> None:
    async def run() -> None:
        ids = await store.aadd_texts(TEXTS)
        vector = store.embeddings.embed_query("ferry")
        assert await store.aget_by_ids(ids) == store.get_by_ids(ids)
        assert await store.asimilarity_search("ferry", k=2) == store.similarity_search("ferry", k=2)
        scored = store.similarity_search_with_score("ferry", filter={"n": 1})
        assert await store.asimilarity_search_with_score("ferry", filter={"n": 1}) == scored
        assert await store.asimilarity_search_by_vector(vector) == store.similarity_search_by_vector(vector)
        relevant = store.similarity_search_with_relevance_scores("ferry")
        assert await store.asimilarity_search_with_relevance_scores("ferry") == relevant
        assert await store.amax_marginal_relevance_search("ferry") == store.max_marginal_relevance_search("ferry")
        near = store.max_marginal_relevance_search_by_vector(vector)
        assert await store.amax_marginal_relevance_search_by_vector(vector) == near
        assert await store.adelete(ids) is True

    asyncio.run(run())
    assert store.memory.count() == 0


def test_many_threads_add_and_search(store: MemagentVectorStore) -> None:
    def work(n: int) -> int:
        store.add_texts([f"lighthouse {n}", "shared"], ids=[f"own-{n}", "shared"])
        return len(store.similarity_search("lighthouse", k=3))

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(work, range(40)))
    assert store.memory.count() == 41
