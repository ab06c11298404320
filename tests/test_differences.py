"""What differs between two texts: the edits lead from one to the other, and no text takes long."""

from __future__ import annotations

import time

from hypothesis import given
from hypothesis import strategies as st

from memagent.differences import differences

PIECES = st.lists(st.sampled_from("abc"), max_size=12)


@given(PIECES, PIECES)
def test_the_edits_lead_from_the_old_to_the_new(old: list[str], new: list[str]) -> None:
    made: list[str] = []
    at = (0, 0)
    for kind, a, b, c, d in differences(old, new):
        assert (a, c) == at and (b > a or d > c)
        assert (old[a:b] == new[c:d]) == (kind == "equal")
        made += new[c:d]
        at = (b, d)
    assert made == new and at == (len(old), len(new))


def test_long_texts_that_repeat_themselves_differ_as_a_whole() -> None:
    old, new = ["x", *"ab" * 20_000, "y"], ["x", *"ba" * 20_000, "z", "y"]
    began = time.perf_counter()
    assert list(differences(old, new)) == [
        ("equal", 0, 1, 0, 1),
        ("replace", 1, 40_001, 1, 40_002),
        ("equal", 40_001, 40_002, 40_002, 40_003),
    ]
    assert time.perf_counter() - began < 2
