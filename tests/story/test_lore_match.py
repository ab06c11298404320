"""Keys in texts: whole words, scripts without blanks, endings, expressions, and the same as looking for each alone."""

from __future__ import annotations

import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memagent.errors import UsageProblem
from memagent.story.lore_match import Key, Keys, Text, fold
from memagent.story.lore_regex import compiled


def found(key: str, text: str, **how: bool) -> bool:
    return bool(Keys([Key(key, **how)]).find([Text("the text", text)]))


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("Wren", "the wren's lamp"),
        ("wren", "WREN"),
        ("the old  boat", "She saw the\nold boat."),
        ("O’Brien", "Mrs O'Brien came."),
        ("straße", "in der STRASSE"),
        ("ｗｒｅｎ", "the wren"),
        ("Фёдор", "Федор вошёл"),
        ("мар*", "Он увидел Марой"),
        ("old boat*", "two old boats"),
        ("灯塔", "他在灯塔里等。"),
        ("Mara", "玛拉Mara说"),
        ("เรือ", "ขึ้นเรือไป"),
        ("유리", "유리는 웃었다"),
        ("船", "小船"),
        ("café", "a cafe\u0301 by the sea"),
        ("हिंदी", "यह हिंदी है"),
        ("№5", "dock №5"),
        ("T恤", "红T恤"),
        ("/wrens?/i", "Two WRENS"),
        ("/渔船|小船/", "一只小船"),
        (r"/km\/h/", "90 km/h"),
        ("/a/b/", "dir /a/b/"),
    ],
)
def test_a_key_is_found(key: str, text: str) -> None:
    assert found(key, text)


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("wren", "a wrench"),
        ("wren", "the drowren"),
        ("мар", "кошмар"),
        ("мар*", "кошмары"),
        ("Мара", "Марой"),
        ("हिंद", "हिंदी"),
        ("a b", "ab"),
        ("cafe", "café"),
        ("/wrens?/", "WREN"),
        ("灯塔", "灯 塔"),
        ("", "anything"),
        ("  ", "any thing"),
        ("*", "anything"),
    ],
)
def test_a_key_is_not_found(key: str, text: str) -> None:
    assert not found(key, text)


def test_capitals_and_parts_of_words_count_where_it_is_said() -> None:
    assert found("Hope", "in the Hope", case_sensitive=True)
    assert not found("Hope", "in the hope", case_sensitive=True)
    assert found("wren", "a wrench", whole_words=False)
    assert found("ench", "a wrench", whole_words=False)


def test_the_first_text_that_has_a_key_is_told() -> None:
    texts = [Text("the plan", "She rows."), Text("¶7", "the boat"), Text("¶6", "a boat, she rows")]
    assert Keys([Key("boat"), Key("rows")]).find(texts) == {Key("boat"): "¶7", Key("rows"): "the plan"}


def test_a_key_is_not_found_across_two_texts() -> None:
    assert Keys([Key("old boat")]).find([Text("¶1", "the old"), Text("¶2", "boat")]) == {}


words = st.lists(
    st.sampled_from(["мара", "boat", "boats", "灯塔", "灯", "the", "old", "B", "é", "-", "'s"]), max_size=8
)


@given(words, st.lists(st.sampled_from(["boat", "old boat", "灯", "灯塔", "b", "мар*", "é", "the"]), unique=True))
def test_many_keys_find_what_each_alone_finds(parts: list[str], keys: list[str]) -> None:
    """The oracle knows no index: it tries an expression with edges at each place of the text."""
    text = " ".join(parts) if len(parts) % 2 else "".join(parts)
    edge = "[a-zéа-я]"
    expected = set()
    for key in keys:
        plain, end = (key[:-1], "") if key.endswith("*") else (key, f"(?!{edge})")
        spaced = re.fullmatch(f"(?:{edge}| )+", plain) is not None
        pattern = f"(?<!{edge}){re.escape(plain)}{end}" if spaced else re.escape(plain)
        if re.search(pattern, fold(text)):
            expected.add(key)
    many = Keys(Key(key) for key in keys).find([Text("the text", text)])
    assert {key.written for key in many} == expected


@pytest.mark.parametrize(
    "key",
    [
        "/(a+)+$/", "/(a|a)*b/", r"/(\w+\s?)*!/", r"/\w*\w*\w*!/", "/" + "a?" * 30 + "a" * 30 + "/",
        "/" + "(a|a)" * 25 + "b/", "/a{500}/", "/(?i)x/", "/(/", "/x/q", "/a**/", "/" + "a" * 600 + "/",
    ],
)  # fmt: skip
def test_an_expression_that_is_wrong_or_could_take_too_long_is_refused(key: str) -> None:
    with pytest.raises(UsageProblem) as refused:
        Keys([Key(key)])
    assert refused.value.hint


def test_an_expression_with_an_odd_class_warns_nobody() -> None:
    assert found("/[[]x/", "a [x")


def test_expressions_that_are_taken_find_what_python_finds() -> None:
    """Made-up expressions: the end that is given to open repeats changes nothing in short texts."""
    chance = random.Random(7)
    taken = 0
    while taken < 300:
        pattern = "".join(
            chance.choice(["a", "b", ".", r"\w", "[ab]", "(?:ab|b)", "(a)", " "])
            + chance.choice(["", "", "*", "+", "?", "{2,3}", "*?"])
            for _ in range(chance.randint(1, 5))
        )
        try:
            expression = compiled(f"/{pattern}/")
        except UsageProblem:
            continue
        taken += 1
        for text in ("aab ab", "ba b", "", "bbbb aa b a"):
            assert bool(expression.search(text)) == bool(re.search(pattern, text)), pattern


def test_no_expression_that_is_taken_runs_away() -> None:
    """Without the weighing, each of these would take longer than the age of the sea."""
    refused = 0
    for part in ("a*", "a+?", "[ab]*", r"\w+", "(?:a|b)+", "(?:ab?)*"):
        for count in range(1, 12):
            try:
                compiled("/" + part * count + "!/").search("a" * 1000)
            except UsageProblem:
                refused += 1
    assert refused >= 50
