"""Names and objects to models, embedders and retrievers."""

import logging
import subprocess
import sys
from importlib.metadata import EntryPoint

import openai
import pytest

from memagent import registry
from memagent.errors import KeyMissing, UnknownName, UsageProblem
from memagent.testing import FakeOpenAIServer, ScriptedLLM
from memagent.types import Message, Request

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
        ("gpt-5-mini", "openai:gpt-5-mini"),
        ("ofline", "offline"),
    ],
)
def test_a_wrong_name_gets_the_nearest(spec, guess):
    with pytest.raises(UnknownName) as caught:
        registry.llm(spec)
    assert f"Did you mean {guess}?" in caught.value.hint
    assert all(form in caught.value.hint for form in registry.LLM_FORMS)


@pytest.mark.parametrize("spec", ["openai:", "ollama: ", "openai", "openai:@http://x/v1", "offline:x"])
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


def test_retrievers(monkeypatch):
    made = []
    monkeypatch.setattr(registry, "_new", lambda module, cls, *args: made.append(cls) or (cls, *args))
    assert registry.retriever("dense", "store", "embedder") == ("Dense", "store", "embedder")
    assert registry.retriever("keyword", "store", "embedder") == ("Keyword", "store")
    assert registry.retriever("hybrid", "s", "e") == ("Fusion", [("Dense", "s", "e"), ("Keyword", "s")])
    with pytest.raises(UnknownName, match="Did you mean hybrid"):
        registry.retriever("hybird", "store", "embedder")
    with pytest.raises(UsageProblem):
        registry.retriever(3, "store", "embedder")


def test_other_packages_add_names(monkeypatch):
    def entry_points(group):
        return [EntryPoint("acme", "tests.acme:make", group)]

    monkeypatch.setattr(registry, "entry_points", entry_points)
    monkeypatch.setattr(EntryPoint, "load", lambda self: lambda *args: (self.group, *args))
    assert registry.llm("acme:big") == ("memagent.llms", "big")
    assert registry.embedder("acme") == ("memagent.embedders", "")
    assert registry.retriever("acme:x", "store", "embedder") == ("memagent.retrievers", "x", "store", "embedder")
    with pytest.raises(UnknownName, match="acme:big"):
        registry.llm("acne:big")


def test_describe():
    assert registry.describe(ScriptedLLM(can=["stop", "seed"], name="x")) == "x (seed, stop)"


def test_nothing_heavy_is_imported():
    heavy = "openai langchain_core sentence_transformers torch faiss networkx numpy"
    code = f"import sys, memagent.registry; print([m for m in {heavy.split()!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("host", ["localhost:8000", "localhost", "10.0.0.7:8000/v1", "llm.example.org/v1", "box:8000"])
def test_a_server_without_a_scheme_is_refused_rather_than_taken_for_openai(host, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    with pytest.raises(UsageProblem, match="without http://"):
        registry.llm(f"openai:my-model@{host}")
    assert registry.llm("openai:ft@2024-snapshot").name == "openai:ft@2024-snapshot"
