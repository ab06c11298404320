"""Words to passages: what is found, how it is weighed, and that a changed index equals one made anew."""

from __future__ import annotations

import struct
from math import log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memagent.stores.bags import VERSION, bag, unpacked
from memagent.stores.word_index import WordIndex

FOG = "014aa6c147e1c30a"  # the hash of the word and a count of 1
WORDS = ["fog", "fogs", "harbour", "lamp", "Ida", "the", "1960", "Élan", "東京大学", "ภาษาไทย"]
TEXTS = st.lists(st.sampled_from(WORDS), max_size=8).map(" ".join)
CHANGES = st.lists(
    st.tuples(st.sampled_from(["add", "remove", "search"]), st.lists(st.integers(0, 25), max_size=6, unique=True)),
    max_size=12,
)


def rids(*values):
    return np.array(values, dtype=np.int64)


def made(passages):
    index = WordIndex()
    if passages:
        index.add(rids(*passages), [bag("", text) for text in passages.values()])
    return index


def weight(total, having):
    return log(1 + (total - having + 0.5) / (having + 0.5))


def share(frequency, length, average):
    return frequency / (frequency + 1.2 * (0.25 + 0.75 * length / average))


def test_scores_are_bm25_as_a_part_of_what_is_possible():
    index = made({7: "fog fog lamp", 3: "lamp boat", 5: "rye"})
    average = 6 / 3
    possible = weight(3, 1) + weight(3, 2)
    first = weight(3, 1) * share(2, 3, average) + weight(3, 2) * share(1, 3, average)
    second = weight(3, 2) * share(1, 2, average)
    assert index.search("fog lamp", 5) == [
        (7, pytest.approx(first / possible, abs=1e-6), ["fog", "lamp"]),
        (3, pytest.approx(second / possible, abs=1e-6), ["lamp"]),
    ]


def test_a_word_that_nobody_has_takes_from_the_score():
    index = made({1: "fog", 2: "rye"})
    [(_, alone, _)] = index.search("fog", 1)
    [(_, beside, words)] = index.search("fog zebra", 1)
    assert beside < alone
    assert words == ["fog"]


def test_a_word_in_the_title_counts_twice():
    index = WordIndex()
    index.add(rids(1, 2), [bag("Harbour", "fog"), bag("Fog", "harbour")])
    assert [rid for rid, _, _ in index.search("fog", 2)] == [2, 1]


@pytest.mark.parametrize(
    ("text", "query", "words"),
    [
        ("She publishes journals.", "published journal", ["published", "journal"]),
        ("in the 1960s", "1960", None),
        ("ÉLAN vital", "elan", ["elan"]),
        ("東京大学で", "東京", ["東京"]),
        ("東京大学で", "東京大学", ["東京", "京大", "大学"]),
        ("東京大学で", "京", ["京"]),
        ("東京大学で", "東大", None),
        ("ภาษาไทย", "ไทย", ["ไทย"]),
        ("fog", "", None),
        ("fog", "...", None),
    ],
)
def test_words_of_any_script_are_found_as_they_are_asked_for(text, query, words):
    found = made({1: text}).search(query, 3)
    assert [terms for _, _, terms in found] == ([] if words is None else [words])


def test_stop_words_are_searched_only_where_nothing_else_is_asked():
    index = made({1: "the fog", 2: "the rye"})
    assert [rid for rid, _, _ in index.search("the fog", 5)] == [1]
    assert [rid for rid, _, _ in index.search("the", 5)] == [1, 2]


def test_common_words_are_left_out_of_large_indexes_where_others_remain():
    many = {rid: "fog" for rid in range(8000)}
    assert len(made(many | {8001: "fog lamp"}).search("fog lamp", 10)) == 1
    assert len(made(many | {8001: "fog lamp"}).search("fog zebra", 10)) == 10
    few = {rid: "fog" for rid in range(999)} | {rid: "rye" for rid in range(1000, 5000)}
    assert len(made(few | {5001: "fog lamp"}).search("fog lamp", 10)) == 10


def test_only_what_is_allowed_is_found_and_weights_stay():
    index = made({1: "fog", 2: "fog lamp", 3: "rye"})
    every = {rid: score for rid, score, _ in index.search("fog", 5)}
    assert index.search("fog", 5, rids(2, 3, 9)) == [(2, every[2], ["fog"])]
    assert index.search("fog", 5, rids()) == []


def test_ties_go_by_rid_also_at_the_last_place():
    index = made({rid: "fog" for rid in (9, 4, 7, 1, 8)})
    assert [rid for rid, _, _ in index.search("fog", 3)] == [1, 4, 7]
    assert index.search("fog", 0) == []


def test_a_removed_rid_may_come_back_with_other_words():
    index = made({1: "fog", 2: "rye"})
    index.remove(rids(1, 5))
    assert (len(index), index.held, index.search("fog", 5)) == (1, {2}, [])
    index.add(rids(1), [bag("", "lamp")])
    assert (index.held, index.search("fog", 5)) == ({1, 2}, [])
    assert [rid for rid, _, _ in index.search("lamp", 5)] == [1]


def test_nothing_is_found_in_an_empty_index():
    index = WordIndex()
    index.add(rids(), [])
    index.remove(rids(1))
    assert (len(index), index.search("fog", 5)) == (0, [])


def test_a_bag_is_the_same_everywhere():
    lengths, sizes, words = unpacked([bag("Fog", "fogs 東京")])
    assert (lengths.tolist(), sizes.tolist(), sorted(int(word) & 0xFF for word in words)) == ([4], [4], [1, 1, 1, 3])
    assert bag("", "fog").hex() == "0101000000000000" + FOG
    assert bag("", "") == struct.pack("<Q", VERSION)


def test_counts_end_at_255():
    _, _, words = unpacked([bag("", "fog " * 1000)])
    assert int(words[0]) & 0xFF == 255


def test_a_bag_of_another_version_is_refused():
    other = bytearray(bag("", "fog"))
    other[0] = VERSION + 1
    index = WordIndex()
    with pytest.raises(ValueError, match="version 2"):
        index.add(rids(1), [bytes(other)])
    assert len(index) == 0


@settings(max_examples=300, deadline=None)
@given(CHANGES, st.lists(TEXTS, min_size=26, max_size=26), TEXTS, st.integers(0, 8), st.randoms())
def test_a_changed_index_equals_one_made_anew_in_any_order(changes, texts, query, k, chance):
    index, kept = WordIndex(), {}
    for number, (what, some) in enumerate(changes):
        if what == "add":
            new = {rid: texts[(rid + number) % len(texts)] for rid in some if rid not in kept}
            index.add(rids(*new), [bag("", text) for text in new.values()])
            kept |= new
        elif what == "remove":
            index.remove(rids(*some))
            kept = {rid: text for rid, text in kept.items() if rid not in some}
        else:
            index.search(query, 1)
    order = list(kept)
    chance.shuffle(order)
    anew = made({rid: kept[rid] for rid in order})
    assert (len(index), index.held) == (len(anew), anew.held)
    allowed = rids(*order[::2])
    assert index.search(query, k) == anew.search(query, k) == anew.search(query, 99)[:k]
    assert index.search(query, k, allowed) == anew.search(query, k, allowed)
