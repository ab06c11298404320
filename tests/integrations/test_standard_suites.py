"""LangChain's standard suites: retrievers of every kind, embeddings, and chat models over `offline` and a server.

What a suite leaves to the models that can do it (tools for `offline`, pictures, sounds) is switched off by its own
properties, and then reported as skipped.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from memagent import Memory, Note
from memagent.integrations.chat_model import MemagentChatModel
from memagent.integrations.documents import as_embeddings
from memagent.integrations.langchain_tools import memory_tools
from memagent.integrations.retriever import MemagentRetriever
from memagent.llms.openai import OpenAI
from memagent.testing.server import FakeOpenAIServer, Fault
from memagent.types import Triple

suites = pytest.importorskip("langchain_tests.integration_tests", reason='pip install "memagent[dev]"')
units = pytest.importorskip("langchain_tests.unit_tests", reason='pip install "memagent[dev]"')

TEXTS = ["Ida keeps the lighthouse.", "Ida paints the ferry.", "Ida lives in Gull Point.", "Ida rings the bell."]
FACTS = [("Ida", "keeps", "the lighthouse"), ("Ida", "paints", "the ferry"), ("Ida", "lives in", "Gull Point")]


class _Retriever:
    using = "hybrid"
    retriever_constructor = MemagentRetriever
    retriever_query_example = "What does Ida do?"

    @property
    def retriever_constructor_params(self) -> dict[str, Any]:
        memory = Memory(":memory:", single_user=True)
        ids = memory.add([Note(text) for text in TEXTS])
        memory.facts.add([Triple(*fact, passage=id) for fact, id in zip(FACTS, ids, strict=False)])
        return {"memory": memory, "using": self.using}


class TestHybridRetriever(_Retriever, suites.RetrieversIntegrationTests):  # type: ignore[misc, name-defined]
    pass


class TestDenseRetriever(_Retriever, suites.RetrieversIntegrationTests):  # type: ignore[misc, name-defined]
    using = "dense"


class TestKeywordRetriever(_Retriever, suites.RetrieversIntegrationTests):  # type: ignore[misc, name-defined]
    using = "keyword"


class TestGraphRetriever(_Retriever, suites.RetrieversIntegrationTests):  # type: ignore[misc, name-defined]
    using = "graph"


class TestFactsRetriever(_Retriever, suites.RetrieversIntegrationTests):  # type: ignore[misc, name-defined]
    using = "facts"


class _Embeddings:
    embeddings_class = staticmethod(as_embeddings)

    @property
    def embedding_model_params(self) -> dict[str, Any]:
        return {"embedder": "hashing:64"}


class TestEmbeddingsUnit(_Embeddings, units.EmbeddingsUnitTests):  # type: ignore[misc, name-defined]
    pass


class TestEmbeddings(_Embeddings, suites.EmbeddingsIntegrationTests):  # type: ignore[misc, name-defined]
    pass


class _Tool:
    """The tools of an agent, on a memory that is bound; that whose memory it is comes from the run is tested apart."""

    named: tuple[str, dict[str, Any]] = ("search_memory", {"query": "What does Ida do?"})

    @property
    def tool_constructor(self) -> Any:
        memory = Memory(":memory:").bind(user="alice")
        memory.add([Note(text) for text in TEXTS])
        return memory_tools(memory, [self.named[0]])[0]

    @property
    def tool_invoke_params_example(self) -> dict[str, Any]:
        return self.named[1]


class TestSearchToolUnit(_Tool, units.ToolsUnitTests):  # type: ignore[misc, name-defined]
    pass


class TestSearchTool(_Tool, suites.ToolsIntegrationTests):  # type: ignore[misc, name-defined]
    pass


class TestSaveToolUnit(_Tool, units.ToolsUnitTests):  # type: ignore[misc, name-defined]
    named = ("save_memory", {"text": "Ida likes fog."})


class TestSaveTool(_Tool, suites.ToolsIntegrationTests):  # type: ignore[misc, name-defined]
    named = ("save_memory", {"text": "Ida likes fog."})


class _Model:
    """What holds for both: the name of a model is part of the backend, and a call cannot change it."""

    chat_model_class = MemagentChatModel
    supports_model_override = False


class _Offline(_Model):
    """It reads and writes; it asks for no tools, and fills in no form but those of our own prompts."""

    chat_model_params: dict[str, Any] = {"llm": "offline"}  # noqa: RUF012 - as the suite has it
    has_tool_calling = False
    has_structured_output = False


class TestOfflineUnit(_Offline, units.ChatModelUnitTests):  # type: ignore[misc, name-defined]
    pass


class TestOffline(_Offline, suites.ChatModelIntegrationTests):  # type: ignore[misc, name-defined]
    pass


def _reply(payload: dict[str, Any]) -> Any:
    """What a model of middling wits would do: call the first tool, fill in the form, or say hello."""
    last = payload["messages"][-1]
    if payload.get("response_format"):
        form = payload["response_format"]["json_schema"]["schema"]
        return json.dumps(dict.fromkeys(form["properties"], "a cat"))
    if not payload.get("tools") or last["role"] == "tool":
        return "Hello there"
    tool = payload["tools"][0]["function"]
    asked = re.search(r"'([^']+)'|\"([^\"]+)\"", last["content"])
    words = next(filter(None, asked.groups())) if asked else "San Francisco"
    fields = tool["parameters"].get("properties", {})
    arguments = {name: 3 if field.get("type") == "integer" else words for name, field in fields.items()}
    return Fault(reply="", calls=((tool["name"], json.dumps(arguments, ensure_ascii=False)),))


@pytest.fixture(scope="class")
def serving(request: pytest.FixtureRequest) -> Iterator[None]:
    with FakeOpenAIServer(_reply) as server:
        request.cls.llm = OpenAI("fake", base_url=server.url)
        yield
        request.cls.llm.close()


@pytest.mark.usefixtures("serving")
class _Server(_Model):
    """That a tool must be asked for is a wish that our requests have no word for."""

    has_tool_choice = False
    supports_json_mode = True

    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {"llm": self.llm}  # type: ignore[attr-defined]


class TestOpenAIUnit(_Server, units.ChatModelUnitTests):  # type: ignore[misc, name-defined]
    pass


class TestOpenAI(_Server, suites.ChatModelIntegrationTests):  # type: ignore[misc, name-defined]
    pass
