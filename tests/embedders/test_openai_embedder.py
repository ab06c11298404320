"""The real client over loopback: embeddings."""

import numpy as np
import openai
import pytest

from memagent.embedders.openai import OpenAIEmbeddings
from memagent.errors import BackendError, KeyMissing
from memagent.testing import FakeOpenAIServer, check_embedder


@pytest.fixture
def connect():
    made = []

    def make(server, model="fake", **options):
        made.append(OpenAIEmbeddings(model, base_url=server.url, **options))
        return made[-1]

    yield make
    for embedder in made:
        embedder.close()


def test_batches_of_256_in_order(connect):
    texts = [f"word{number} other{number % 7}" for number in range(600)]
    with FakeOpenAIServer() as server:
        vectors = connect(server).embed(texts)
        assert [len(received.payload["input"]) for received in server.requests] == [256, 256, 88]
        np.testing.assert_allclose(vectors[300], connect(server).embed([texts[300]])[0], rtol=1e-6)
    assert vectors.shape == (600, 16) and vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, rtol=1e-6)


def test_the_dimension_is_found_with_one_call(connect):
    with FakeOpenAIServer(dim=5) as server:
        embedder = connect(server)
        assert embedder.embed([]).shape == (0, 5)
        assert embedder.dim == 5 and len(server.requests) == 1


def test_a_shorter_dimension_is_asked_for_and_is_another_embedder(connect):
    with FakeOpenAIServer() as server:
        embedder = connect(server, dim=4)
        assert embedder.dim == 4 and not server.requests
        assert embedder.embed(["a"]).shape == (1, 4)
        assert server.requests[0].payload["dimensions"] == 4
        assert embedder.name == connect(server).name + "/4"


def test_a_client_of_the_caller():
    with FakeOpenAIServer() as server, openai.OpenAI(base_url=server.url, api_key="k") as client:
        embedder = OpenAIEmbeddings("fake", client=client)
        assert embedder.embed(["a"]).shape == (1, 16)
        embedder.close()
        assert embedder.embed(["a"]).shape == (1, 16), "it is not ours to close"


def test_a_missing_key_is_told_before_anything_is_sent():
    with pytest.raises(KeyMissing, match="OPENAI_API_KEY"):
        OpenAIEmbeddings("text-embedding-3-small")


def test_failures_in_one_line(connect):
    with FakeOpenAIServer(refuses=["input"]) as server, pytest.raises(BackendError, match="said 400") as caught:
        connect(server, api_key="very-secret-key").embed(["a"])
    assert "very-secret-key" not in str(caught.value)


def test_a_server_that_is_not_there(connect):
    with FakeOpenAIServer() as server:
        embedder = connect(server, max_retries=0)
    with pytest.raises(BackendError, match="connection") as caught:
        embedder.embed(["a"])
    assert "Check that the server runs" in caught.value.hint


def test_conformance(connect):
    with FakeOpenAIServer(dim=64) as server:
        report = check_embedder(lambda: connect(server))
    assert len(report.passed) == 5
