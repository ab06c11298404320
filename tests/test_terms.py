"""Words of any script, and query terms that are safe whatever was typed."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memagent.terms import STOP_WORDS, pieces, runs, terms, tokens


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Café NAÏVE", "cafe naive"),
        ("what's C++ snake_case", "what s c snake case"),
        ("我喜欢灯塔", "我 喜 欢 灯 塔"),
        ("iPhone手机", "iphone 手 机"),
        ("हिन्दी में", "हिन्दी में"),
        ("كِتَاب", "كتاب"),
        ("Ёлка", "елка"),
        ("ﬁne ｶﾞ", "fine ガ"),
        ("ที่", "ที่"),
        ("😀 \0 *", ""),
    ],
)
def test_tokens(text, expected):
    assert tokens(text) == unicodedata.normalize("NFKC", expected)


def test_terms_of_a_spaceless_script_are_windows():
    assert terms("東京大学") == [["東", "京"], ["京", "大"], ["大", "学"]]
    assert terms("東") == [["東"]]
    assert [len(term) for term in terms("ประเทศ")] == [3, 3, 3, 3]


def test_stop_words_go_unless_nothing_else_is_there():
    assert terms("who is the keeper") == [["keeper"]]
    assert terms("who is") == [["who"], ["is"]]


@given(st.text())
def test_terms_are_plain_words_without_repeats(text):
    found = terms(text)
    assert len(found) <= 64
    assert len({tuple(term) for term in found}) == len(found)
    assert all(unit and not set(unit) & set('"*\0 ') for term in found for unit in term)


@given(st.text(alphabet=st.characters(max_codepoint=127)))
def test_ascii_text_takes_the_same_way_as_any_other(text):
    """The fast path for ASCII must agree with the general one, which a character beyond ASCII forces."""
    assert [run.units for run in runs(text)] == [run.units for run in runs(text + " é")][:-1]
    assert pieces(text) == pieces(text + " é")[:-1]


def test_stop_words_are_as_folded():
    assert all(tokens(word) == word for word in STOP_WORDS)
