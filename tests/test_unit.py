"""The one rule for vectors: length 1, a direction for every text, nothing undefined."""

import numpy as np
import pytest

from memagent.errors import BackendError, UsageProblem
from memagent.unit import unit_rows


def test_rows_get_length_one_and_lists_are_taken():
    rows = unit_rows([[3, 4], [0.6, 0.8]])
    assert rows.dtype == np.float32 and rows.shape == (2, 2)
    np.testing.assert_allclose(rows, [[0.6, 0.8]] * 2, rtol=1e-6)


def test_a_row_of_zeros_becomes_the_first_unit_vector():
    np.testing.assert_array_equal(unit_rows(np.zeros((2, 3))), [[1, 0, 0]] * 2)


def test_what_is_a_unit_vector_stays_bit_for_bit():
    rows = np.random.default_rng(0).normal(size=(200, 384))
    once = unit_rows(rows)
    np.testing.assert_array_equal(unit_rows(once), once)


def test_large_and_small_numbers():
    rows = unit_rows(np.array([[1e30, 0], [1e-30, 0]], dtype=np.float32))
    np.testing.assert_array_equal(rows, [[1, 0], [1, 0]])


def test_no_rows():
    assert unit_rows([], (0, 4)).shape == (0, 4)


@pytest.mark.parametrize(
    "rows, message",
    [
        ([1.0, 2.0], r"shape \(2,\)"),
        ([[1.0], [1.0, 2.0]], "different lengths"),
        ([["a"]], "not vectors of numbers"),
        ([[None]], "not vectors of numbers"),
        ([[np.nan]], "not finite"),
        ([[np.inf]], "not finite"),
    ],
)
def test_what_is_refused_and_how(rows, message):
    with pytest.raises(BackendError, match=f"the embedder .*{message}"):
        unit_rows(rows)
    with pytest.raises(UsageProblem, match=f"mine .*{message}"):
        unit_rows(rows, of="mine", problem=UsageProblem)
