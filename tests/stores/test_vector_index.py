"""Vectors by cosine: exact scores, ties, what is allowed, and that a changed index equals one made anew."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memagent.stores.vector_index import VectorIndex

CHANGES = st.lists(
    st.tuples(st.sampled_from(["add", "remove", "search"]), st.integers(0, 120), st.integers(0, 120)), max_size=8
)


def rids(*values):
    return np.array(values, dtype=np.int64)


def unit(count, dim, seed=0):
    vectors = np.random.default_rng(seed).normal(size=(count, dim)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def expected(vectors, query, k, kept):
    scores = np.round((vectors.astype(np.float64) * query).sum(axis=1), 6)
    best = sorted((-scores[rid], rid) for rid in kept)[:k]
    return [(rid, -score) for score, rid in best]


@pytest.mark.parametrize("dim", [1, 3, 384])
def test_cosines_are_exact_and_best_first(dim):
    vectors, [query] = unit(200, dim), unit(1, dim, 1)
    index = VectorIndex(dim)
    index.add(np.arange(200), vectors)
    for k in (1, 7, 200, 300):
        assert index.search(query, k) == expected(vectors, query, k, range(200))
    assert index.search(query, 0) == []


def test_codes_find_what_a_full_comparison_finds():
    """Some rows lie near a query as passages on one subject do; the others anywhere."""
    noise, [query] = unit(6000, 256), unit(1, 256, 1)
    near = np.linspace(0.9, 0.2, 300, dtype=np.float32)[:, None]
    noise[:300] = near * query + np.sqrt(1 - near**2) * noise[:300]
    vectors = noise / np.linalg.norm(noise, axis=1, keepdims=True)
    index = VectorIndex(256, scanned=0, waits=0)
    index.add(np.arange(6000), vectors)
    assert index.search(query, 50) == expected(vectors, query, 50, range(6000))
    index.add(rids(6000), query[None])
    assert index.search(query, 50)[0] == (6000, 1.0)
    index.remove(rids(6000, 0))
    assert index.search(query, 50) == expected(vectors, query, 50, range(1, 6000))


def on_a_subject(rows, subject, dim):
    """Vectors (rows, dim) of which the first `subject` lie round a query (dim,), nearer and nearer to the first."""
    vectors, [query] = unit(rows, dim), unit(1, dim, 1)
    near = np.linspace(0.9, 0.3, subject, dtype=np.float32)[:, None]
    vectors[:subject] = near * query + np.sqrt(1 - near**2) * vectors[:subject]
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True), query


def test_removing_a_subject_hides_nothing_that_is_left_of_it():
    vectors, query = on_a_subject(20_000, 1000, 256)
    index = VectorIndex(256, scanned=0, waits=0)
    index.add(np.arange(20_000), vectors)
    index.search(query, 10)
    index.remove(np.arange(595))
    assert len(index._places) == 20_000, "packed already: nothing is dead"
    assert index.search(query, 10) == expected(vectors, query, 10, range(595, 20_000))


def test_a_large_index_compares_all_until_it_has_been_searched_a_few_times():
    vectors, queries = unit(600, 64), unit(4, 64, 1)
    index = VectorIndex(64, scanned=0, waits=2)
    index.add(np.arange(600), vectors)
    coded = []
    for query in queries:
        assert index.search(query, 5) == expected(vectors, query, 5, range(600))
        coded.append(index._codes is not None)
    assert coded == [False, False, True, True]


def test_room_that_was_made_before_is_filled_without_copying():
    vectors, [query] = unit(300, 16), unit(1, 16, 1)
    index = VectorIndex(16)
    index.add(np.arange(100), vectors[:100])
    index.reserve(300)
    room = index._room
    index.reserve(200)
    for first in range(100, 300, 50):
        index.add(np.arange(first, first + 50), vectors[first : first + 50])
    assert index._room is room
    assert index.search(query, 9) == expected(vectors, query, 9, range(300))


@pytest.mark.parametrize("step", [2, 9, 400])
def test_codes_find_what_is_allowed(step):
    vectors, query = on_a_subject(20_000, 1000, 256)
    index = VectorIndex(256, scanned=0, waits=0)
    index.add(np.arange(20_000), vectors)
    for allowed in (range(0, 20_000, step), range(1000, 20_000, step)):
        assert index.search(query, 10, rids(*allowed)) == expected(vectors, query, 10, allowed)


def test_vectors_that_all_lie_close_together_are_told_apart():
    """As those of some embedding models do, whose cosines all lie between 0.7 and 0.9."""
    vectors, query = on_a_subject(8000, 300, 128)
    shifted = np.concatenate([vectors, query[None]]) + 2 * unit(1, 128, 5)
    shifted /= np.linalg.norm(shifted, axis=1, keepdims=True)
    index = VectorIndex(128, scanned=0, waits=0)
    index.add(np.arange(8000), shifted[:-1])
    assert index.search(shifted[-1], 20) == expected(shifted, shifted[-1], 20, range(8000))


def test_codes_follow_additions_one_at_a_time_growth_and_packing():
    vectors, query = on_a_subject(9000, 9000, 65)
    order = np.random.default_rng(2).permutation(9000)
    index, kept = VectorIndex(65, scanned=0, waits=0), set()
    for some in [order[:1500], *order[1500:1510, None], order[1510:2300], order[2300:]]:
        index.add(some, vectors[some])
        kept |= set(some.tolist())
        assert index.search(query, 10) == expected(vectors, query, 10, kept)
    index.remove(np.arange(0, 9000, 3))
    assert len(index._places) == len(index) == 6000
    kept -= set(range(0, 9000, 3))
    assert index.search(query, 10) == expected(vectors, query, 10, kept)


def test_more_ties_than_candidates_still_go_by_rid():
    vectors = unit(12_000, 64)
    vectors[3000:6000] = vectors[3000]
    index = VectorIndex(64, scanned=0, waits=0)
    index.add(np.arange(12_000)[::-1].copy(), vectors[::-1].copy())
    assert [rid for rid, _ in index.search(vectors[3000], 5)] == [3000, 3001, 3002, 3003, 3004]


@pytest.mark.parametrize("scanned", [0, 1 << 23])
def test_ties_go_by_rid_also_at_the_last_place(scanned):
    vectors = np.tile(unit(1, 8), (500, 1))
    index = VectorIndex(8, scanned=scanned, waits=0)
    index.add(np.arange(500)[::-1].copy(), vectors)
    assert index.search(vectors[0], 3) == [(0, 1.0), (1, 1.0), (2, 1.0)]


@pytest.mark.parametrize("scanned", [0, 1 << 23])
def test_only_what_is_allowed_is_found(scanned):
    vectors, [query] = unit(3000, 16), unit(1, 16, 1)
    index = VectorIndex(16, scanned=scanned, waits=0)
    index.add(np.arange(3000), vectors)
    for allowed in (range(0, 3000, 2), range(5, 8), range(0)):
        assert index.search(query, 9, rids(*allowed, 9999)) == expected(vectors, query, 9, allowed)


def test_a_removed_rid_may_come_back_as_another_vector():
    vectors = np.eye(4, dtype=np.float32)
    index = VectorIndex(4)
    index.add(rids(1, 2), vectors[:2])
    index.remove(rids(1, 7))
    assert (len(index), index.held, index.search(vectors[0], 5)) == (1, {2}, [(2, 0.0)])
    index.add(rids(1), vectors[3:])
    assert (index.held, index.search(vectors[3], 1)) == ({1, 2}, [(1, 1.0)])


def test_nothing_is_found_in_an_empty_index():
    index = VectorIndex(4)
    index.add(rids(), np.zeros((0, 4), dtype=np.float32))
    index.remove(rids(1))
    assert (len(index), index.search(np.eye(4, dtype=np.float32)[0], 5)) == (0, [])


def test_searches_may_meet_changes():
    vectors = unit(2000, 32)
    index = VectorIndex(32, scanned=0, waits=0)
    index.add(np.arange(1000), vectors[:1000])
    failures = []

    def searching():
        for query in vectors[:60]:
            if index.search(query, 1)[0][1] != 1.0:
                failures.append("the vector itself was not found")

    threads = [threading.Thread(target=searching) for _ in range(3)]
    for thread in threads:
        thread.start()
    for start in range(1000, 2000, 50):
        index.add(np.arange(start, start + 50), vectors[start : start + 50])
        index.remove(np.arange(start, start + 10))
    for thread in threads:
        thread.join()
    assert failures == []
    assert index.held == set(range(1000)) | {rid for rid in range(1000, 2000) if rid % 50 >= 10}


@settings(max_examples=250, deadline=None)
@given(CHANGES, st.sampled_from([0, 400, 1 << 23]), st.integers(1, 3), st.integers(0, 3), st.randoms())
def test_a_changed_index_equals_one_made_anew(changes, scanned, k, seed, chance):
    """Vectors come in groups of equal ones. With codes too, since all of so few are ranked by their vectors."""
    vectors, [query] = np.repeat(unit(61, 6, seed), 2, axis=0), unit(1, 6, 9)
    index, kept = VectorIndex(6, scanned=scanned, waits=0), set()
    for what, first, last in changes:
        some = set(range(first, last))
        if what == "add":
            new = sorted(some - kept, reverse=bool(first % 2))
            index.add(rids(*new), vectors[new])
            kept |= some
        elif what == "remove":
            index.remove(rids(*some))
            kept -= some
        else:
            index.search(query, k)
    order = list(kept)
    chance.shuffle(order)
    anew = VectorIndex(6, scanned=scanned, waits=0)
    anew.add(rids(*order), vectors[order])
    assert (len(index), index.held) == (len(anew), anew.held)
    assert index.search(query, k) == anew.search(query, k) == expected(vectors, query, k, kept)
    allowed = order[::2]
    assert index.search(query, k, rids(*allowed)) == expected(vectors, query, k, allowed)
