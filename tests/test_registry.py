"""Names and objects to models, embedders and retrievers."""

import logging
import subprocess
import sys

import numpy as np
import openai
import pytest

from memagent import Chat, Controller, registry
from memagent.embedders.hashing import Hashing
from memagent.errors import KeyMissing, UnknownName, UsageProblem
from memagent.integrations.chat_model import as_chat_model
from memagent.memory import Memory
from memagent.retrievers.dense import Dense
from memagent.retrievers.fusion import Fusion
from memagent.retrievers.keyword import Keyword
from memagent.stores.database import SQLiteDatabase
from memagent.stores.vector import SQLVectorStore
from memagent.testing import FakeOpenAIServer, ScriptedLLM
from memagent.types import Message, Note, Request, Scope

ME = Scope(user="me")
ASKED = Request((Message("user", "hello"),))


@pytest.fixture(autouse=True)
def announced_anew():
    registry._announce_offline.cache_clear()


@pytest.mark.parametrize(
    "spec, name",
    [
        ("openai:gpt-4.1-mini", "openai:gpt-4.1-mini"),
        (" openai:gpt-4.1-mini ", "openai:gpt-4.1-mini"),
        ("openai:m@http://127.0.0.1:1/v1", "openai:m@http://127.0.0.1:1/v1"),
        ("openai:a@b@https://x.example/v1", "openai:a@b@https://x.example/v1"),
        ("ollama:llama3.2:3b", "ollama:llama3.2:3b"),
        ("offline", "offline"),
    ],
)
def test_names_of_models(monkeypatch, spec, name):
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    assert registry.llm(spec).name == name


@pytest.mark.parametrize(
    "host, url",
    [
        ("", "http://localhost:11434/v1"),
        ("box", "http://box:11434/v1"),
        ("box:8080", "http://box:8080/v1"),
        ("0.0.0.0:11434", "http://127.0.0.1:11434/v1"),
        ("https://ollama.example/", "https://ollama.example/v1"),
    ],
)
def test_where_ollama_is(monkeypatch, host, url):
    monkeypatch.setenv("OLLAMA_HOST", host)
    assert registry.llm("ollama:m")._place.url == url


@pytest.mark.parametrize(
    "spec, guess",
    [
        ("opnai:gpt-4.1", "openai:gpt-4.1"),
        ("Ollama:llama3", "ollama:llama3"),
        ("transformer:a/b", "transformers:a/b"),
        ("gpt-5-mini", "openai:gpt-5-mini"),
        ("ofline", "offline"),
    ],
)
def test_a_wrong_name_gets_the_nearest(spec, guess):
    with pytest.raises(UnknownName) as caught:
        registry.llm(spec)
    assert f"Did you mean {guess}?" in caught.value.hint
    assert all(form in caught.value.hint for form in registry.LLM_FORMS)


@pytest.mark.parametrize(
    "spec", ["openai:", "ollama: ", "openai", "transformers:", "transformers", "openai:@http://x/v1", "offline:x"]
)
def test_a_model_must_be_named(spec):
    with pytest.raises(UsageProblem):
        registry.llm(spec)


def test_a_missing_key():
    with pytest.raises(KeyMissing):
        registry.llm("openai:gpt-4.1-mini")


def test_nothing_chosen_is_announced_once(caplog):
    with caplog.at_level(logging.WARNING, logger="memagent"):
        assert registry.llm().name == registry.llm(None).name == "offline"
    assert len(caplog.records) == 1 and "MEMAGENT_LLM" in caplog.text
    caplog.clear()
    assert registry.llm("offline").name == "offline" and not caplog.records, "it was chosen"


def test_the_environment_chooses(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    assert registry.llm().name == f"openai:{registry.DEFAULT_MODEL}"
    monkeypatch.setenv("MEMAGENT_LLM", "ollama:m")
    assert registry.llm().name == "ollama:m"
    monkeypatch.setenv("MEMAGENT_EMBEDDER", "hashing:64")
    assert registry.embedder().dim == 64


def test_objects():
    scripted = ScriptedLLM(["x"])
    assert registry.llm(scripted) is scripted
    assert registry.llm(lambda messages: "said").complete(ASKED).text == "said"


@pytest.mark.parametrize("thing", [3, ScriptedLLM, object(), ["x"]])
def test_objects_that_are_no_model(thing):
    with pytest.raises(UsageProblem, match="is not a language model"):
        registry.llm(thing)


def test_nobody_is_told_that_a_bare_client_is_a_model():
    for takes_a_model in (Chat, Controller, as_chat_model):
        assert "a client" not in " ".join((takes_a_model.__doc__ or "").split())


def test_a_bare_client_has_no_model():
    with openai.OpenAI(api_key="k") as client, pytest.raises(UsageProblem, match="not which model") as caught:
        registry.llm(client)
    assert "llms.openai.OpenAI(MODEL, client=client)" in caught.value.hint


def test_a_model_by_name_answers():
    with FakeOpenAIServer(["hello"]) as server:
        model = registry.llm(f"openai:fake@{server.url}")
        assert model.complete(ASKED).text == "hello"
        model.close()


def test_names_of_embedders():
    assert registry.embedder("hashing").name == registry.embedder().name
    assert registry.embedder("hashing:32").dim == 32
    assert registry.embedder("openai:m@http://127.0.0.1:1/v1").name == "openai:m@http://127.0.0.1:1/v1"
    made = registry.embedder("hashing")
    assert registry.embedder(made) is made


@pytest.mark.parametrize("spec", ["hashing:many", "hashing:0", "hashing:", "openai:", "sentence-transformers:", 3])
def test_embedders_that_cannot_be(spec):
    with pytest.raises(UsageProblem):
        registry.embedder(spec)


def test_a_wrong_embedder_gets_the_nearest():
    with pytest.raises(UnknownName, match="Did you mean hashing"):
        registry.embedder("hasing")


@pytest.fixture
def store():
    database = SQLiteDatabase(":memory:")
    embedder = Hashing(64)
    store = SQLVectorStore(database, embedder=embedder.name, dim=embedder.dim)
    notes = [Note("The lighthouse keeper is Ida."), Note("The ferry is late.")]
    store.add(ME, notes, embedder.embed([note.text for note in notes]))
    yield store, embedder
    database.close()


@pytest.mark.parametrize("name, kind, parts", [("dense", Dense, {"dense"}), (" keyword ", Keyword, {"keyword"})])
def test_retrievers(store, name, kind, parts):
    found = registry.retriever(name, *store)
    assert isinstance(found, kind)
    [hit] = found.retrieve("lighthouse keeper", 1, ME)
    assert hit.text == "The lighthouse keeper is Ida." and set(hit.parts) == parts


def test_hybrid_is_both(store):
    found = registry.retriever("hybrid", *store)
    assert isinstance(found, Fusion)
    assert set(found.retrieve("lighthouse keeper", 1, ME)[0].parts) == {"dense", "keyword"}
    assert registry.retriever(found, *store) is found


def test_retrievers_that_cannot_be(store):
    with pytest.raises(UnknownName, match="Did you mean hybrid"):
        registry.retriever("hybird", *store)
    for thing in (3, Fusion):
        with pytest.raises(UsageProblem, match="is not a retriever"):
            registry.retriever(thing, *store)


ACME = """
from memagent.embedders.hashing import Hashing
from memagent.testing import ScriptedLLM

def model(argument):
    return ScriptedLLM(["said"], name=f"acme:{argument}")

def vectors(argument):
    embedder = Hashing(8)
    embedder.name = f"acme:{argument}"
    return embedder

class Finder:
    name = "acme"

    def __init__(self, argument, store, embedder):
        self.given = argument, store, embedder

    def retrieve(self, query, k, scope):
        return []
"""
ENTRIES = """
[memagent.llms]
acme = acme_for_memagent:model
[memagent.embedders]
acme = acme_for_memagent:vectors
[memagent.retrievers]
acme = acme_for_memagent:Finder
"""


@pytest.fixture
def acme(tmp_path, monkeypatch):
    """A package of somebody else, as it lies there when it was installed."""
    folder = tmp_path / "site"
    info = folder / "acme_for_memagent-1.0.dist-info"
    info.mkdir(parents=True)
    (folder / "acme_for_memagent.py").write_text(ACME)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-for-memagent\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(ENTRIES)
    monkeypatch.syspath_prepend(folder)
    yield
    sys.modules.pop("acme_for_memagent", None)


def test_other_packages_add_names(acme, store):
    assert registry.llm("acme:big").name == "acme:big"
    assert registry.llm("acme").complete(ASKED).text == "said"
    assert registry.embedder("acme").name == "acme:"
    found = registry.retriever("acme:x", *store)
    assert found.given == ("x", *store)
    with pytest.raises(UnknownName, match="acme:big"):
        registry.llm("acne:big")
    with Memory(":memory:", single_user=True) as memory:
        assert memory.search("fog", using="acme") == []


def test_without_that_package_there_is_no_such_name():
    with pytest.raises(UnknownName):
        registry.llm("acme:big")


class Own:
    """An embedder as somebody else may write it."""

    name, dim = "own", 3

    def embed(self, texts, kind="document"):
        return [[1.0, 2.0, 2.0] for _ in texts]


def changed(**members):
    return type("Changed", (Own,), members)()


@pytest.mark.parametrize(
    "thing, message",
    [
        (changed(name=""), "name must be"),
        (changed(name=None), "name must be"),
        (changed(dim=0), "dim must be"),
        (changed(dim=True), "dim must be"),
        (changed(dim=3.0), "dim must be"),
        (changed(dim=None, name=7), "name must be .* 7; dim must be .* None"),
        (changed(embed=lambda self, texts: texts), r"embed must be callable as embed\(texts, kind"),
        (changed(embed=3), "embed must be callable"),
        (object(), "is not an embedder"),
        (Own, "is not an embedder"),
    ],
)
def test_objects_that_are_no_embedder(thing, message):
    with pytest.raises(UsageProblem, match=message):
        registry.embedder(thing)


def test_an_embedder_of_ones_own():
    made = changed(dim=np.int64(3), embed=lambda self, texts, *, kind="document": np.ones((len(texts), 3)))
    assert registry.embedder(made) is made


@pytest.mark.parametrize(
    "name", ["hashing-v1-64", "openai:text-embedding-3-small", "openai:text-embedding-3-small/256"]
)
def test_a_recorded_name_makes_its_embedder(name, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    assert registry.embedder_from_record(name).name == name


@pytest.mark.parametrize(
    "name",
    [
        "hashing-v9-64",
        "hashing-v1-0",
        "openai:m@http://127.0.0.1:1/v1",
        "openai:m/v1/256",
        "langchain:Fake",
        "acme:x",
        "",
    ],
)
def test_a_record_names_no_server_and_no_plugin(name, acme, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    assert registry.embedder_from_record(name) is None


def test_a_record_of_openai_is_not_taken_to_another_server(monkeypatch):
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:1/v1")
    assert registry.embedder_from_record("openai:text-embedding-3-small") is None


def test_describe():
    assert registry.describe(ScriptedLLM(can=["stop", "seed"], name="x")) == "x (seed, stop)"


def test_nothing_heavy_is_imported():
    heavy = "openai langchain_core sentence_transformers torch faiss networkx numpy"
    code = f"import sys, memagent.registry; print([m for m in {heavy.split()!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    "host", ["localhost:8000", "localhost", "10.0.0.7:8000/v1", "llm.example.org/v1", "box:8000", "box/v1"]
)
def test_a_server_without_a_scheme_is_refused_rather_than_taken_for_openai(host, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    with pytest.raises(UsageProblem, match="without http://"):
        registry.llm(f"openai:my-model@{host}")
    assert registry.llm("openai:ft@2024-snapshot").name == "openai:ft@2024-snapshot"
