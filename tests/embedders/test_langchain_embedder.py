"""LangChain embeddings, with the fakes of langchain-core."""

import numpy as np
import pytest
from langchain_core.embeddings import DeterministicFakeEmbedding, Embeddings

from memagent import registry
from memagent.embedders.langchain import LangChainEmbeddings
from memagent.errors import BackendError


class Lengths(Embeddings):
    model = "lengths"

    def embed_documents(self, texts):
        return [[float(len(text)), 1.0, 0.0] for text in texts]

    def embed_query(self, text):
        return [0.0, 1.0, float(len(text))]


class Broken(Lengths):
    def embed_documents(self, texts):
        return [[float("nan")] * 3 for _ in texts]


def test_documents_and_queries_go_to_their_own_methods():
    embedder = LangChainEmbeddings(Lengths())
    np.testing.assert_allclose(embedder.embed(["", "xxx"])[:, 0], [0.0, 3 / np.sqrt(10)], rtol=1e-6)
    np.testing.assert_allclose(embedder.embed(["xxx"], "query")[:, 2], [3 / np.sqrt(10)], rtol=1e-6)


def test_names_and_dimensions():
    embedder = LangChainEmbeddings(Lengths())
    assert (embedder.name, embedder.dim) == ("langchain:Lengths:lengths", 3)
    assert embedder.embed([]).shape == (0, 3) and embedder.embed(["a"]).dtype == np.float32
    assert LangChainEmbeddings(Lengths(), name="mine").name == "mine"


def test_a_core_fake():
    embedder = registry.embedder(DeterministicFakeEmbedding(size=32))
    vectors = embedder.embed(["a", "b", "a"])
    assert embedder.dim == 32 and vectors.shape == (3, 32)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, rtol=1e-6)
    np.testing.assert_array_equal(vectors[0], vectors[2])


def test_numbers_that_are_none_are_refused():
    with pytest.raises(BackendError, match="not finite"):
        LangChainEmbeddings(Broken()).embed(["a"])
