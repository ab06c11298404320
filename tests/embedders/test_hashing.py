"""Vectors that depend on the text alone."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from memagent.embedders.base import Embedder
from memagent.embedders.hashing import Hashing
from memagent.errors import UsageProblem

TEXTS = ["The lighthouse keeper is Ida.", "灯塔", "", "Straße naïve"]


def test_shape_name_and_contract():
    embedder = Hashing(256)
    assert isinstance(embedder, Embedder)
    assert embedder.name == "hashing-v1-256"
    assert embedder.embed([]).shape == (0, 256)
    assert embedder.embed(TEXTS).shape == (4, 256)
    assert embedder.embed(TEXTS).dtype == np.float32


@given(st.lists(st.text(), max_size=4))
def test_every_text_has_a_unit_vector(texts):
    rows = Hashing(64).embed(texts)
    assert np.isfinite(rows).all()
    assert np.allclose(np.linalg.norm(rows, axis=1), 1.0, atol=1e-5)


@pytest.mark.parametrize("seed", ["0", "1"])
def test_the_same_in_every_process(seed):
    code = f"from memagent.embedders.hashing import Hashing; print(Hashing(64).embed({TEXTS!r}).tobytes().hex())"
    out = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, check=True
    )
    assert out.stdout.decode().strip() == Hashing(64).embed(TEXTS).tobytes().hex()


def test_a_batch_is_its_texts():
    embedder = Hashing()
    assert np.array_equal(embedder.embed(TEXTS)[2], embedder.embed([TEXTS[2]])[0])


@pytest.mark.parametrize(
    ("query", "near", "far"),
    [
        ("lighthouses", "an old lighthouse", "a new bakery"),
        ("маяки на берегу", "старый маяк", "новая пекарня"),
        ("海边的灯塔", "灯塔很旧", "面包店很新"),
        ("café", "the cafe on the corner", "the bank on the corner"),
        ("منارة", "المنارة القديمة", "المخبز الجديد"),
    ],
)
def test_shared_words_and_parts_of_words_are_near(query, near, far):
    vectors = Hashing().embed([query, near, far])
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2] + 0.05


def test_dim_must_be_positive():
    with pytest.raises(UsageProblem, match="at least 1"):
        Hashing(0)
