"""The cache around embedders."""

import subprocess
import sys

import numpy as np
import pytest

from memagent.embedders.cached import Cached
from memagent.errors import StorageError
from memagent.testing import check_embedder


class Counting:
    """Embeds by length and remembers what it was given."""

    def __init__(self, name="counting", dim=4):
        self.name, self.dim, self.batches = name, dim, []

    def embed(self, texts, kind="document"):
        self.batches.append((list(texts), kind))
        rows = np.array([[1 + len(text), len(kind), *[1] * (self.dim - 2)] for text in texts], dtype=np.float32)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_only_what_is_missing_is_embedded_once_and_in_order(tmp_path):
    inner = Counting()
    embedder = Cached(inner, tmp_path / "v.db")
    embedder.embed(["a", "bb"])
    vectors = embedder.embed(["ccc", "a", "ccc", "dddd", "bb"])
    assert inner.batches == [(["a", "bb"], "document"), (["ccc", "dddd"], "document")]
    np.testing.assert_array_equal(vectors, Counting().embed(["ccc", "a", "ccc", "dddd", "bb"]))
    assert vectors.dtype == np.float32


def test_it_looks_like_the_embedder_inside(tmp_path):
    embedder = Cached(Counting("mine", 7), tmp_path / "v.db")
    assert (embedder.name, embedder.dim) == ("mine", 7)
    assert embedder.embed([]).shape == (0, 7)


def test_queries_and_names_have_their_own_vectors(tmp_path):
    inner = Counting()
    embedder = Cached(inner, tmp_path / "v.db")
    assert not np.array_equal(embedder.embed(["a"], "document"), embedder.embed(["a"], "query"))
    other = Counting("other")
    Cached(other, tmp_path / "v.db").embed(["a"])
    assert len(inner.batches) == 2 and len(other.batches) == 1


def test_another_object_finds_it(tmp_path):
    Cached(Counting(), tmp_path / "v.db").embed(["a"])
    inner = Counting()
    Cached(inner, tmp_path / "v.db").embed(["a"])
    assert inner.batches == []


def test_vectors_of_another_length_are_not_taken(tmp_path):
    Cached(Counting(dim=4), tmp_path / "v.db").embed(["a"])
    assert Cached(Counting(dim=5), tmp_path / "v.db").embed(["a"]).shape == (1, 5)


def test_more_texts_than_one_statement_takes(tmp_path):
    inner = Counting()
    embedder = Cached(inner, tmp_path / "v.db")
    texts = [f"text {number}" for number in range(1300)]
    first = embedder.embed(texts)
    np.testing.assert_array_equal(first, embedder.embed(texts))
    assert len(inner.batches) == 1


def test_a_file_that_is_no_cache(tmp_path):
    (tmp_path / "v.db").write_text("something else entirely, and long enough to be looked at " * 50)
    with pytest.raises(StorageError, match=r"v\.db"):
        Cached(Counting(), tmp_path / "v.db").embed(["a"])


def test_conformance(tmp_path):
    from memagent.embedders.hashing import Hashing

    check_embedder(lambda: Cached(Hashing(), tmp_path / "v.db"))


WRITER = """
import sys
from memagent.embedders.cached import Cached
from memagent.embedders.hashing import Hashing
embedder = Cached(Hashing(), sys.argv[1])
for number in range(60):
    embedder.embed([f"shared {number}", f"{sys.argv[2]} {number}"])
"""


def test_two_processes_write_at_once(tmp_path):
    from memagent.embedders.hashing import Hashing

    path = str(tmp_path / "v.db")
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, path, name]) for name in ("a", "b")]
    assert [writer.wait(60) for writer in writers] == [0, 0]
    inner = Counting(Hashing().name, Hashing().dim)
    texts = [f"{name} {number}" for name in ("a", "b", "shared") for number in range(60)]
    np.testing.assert_array_equal(Cached(inner, path).embed(texts), Hashing().embed(texts))
    assert inner.batches == []
