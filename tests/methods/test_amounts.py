r"""Reading numbers: a table of answers as models write them, and what holds for every number and every text."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memagent.methods.amounts import Unclear, amount, same, value
from memagent.methods.verifying import boxed, exact, numeric

TABLE = Path(__file__).parents[1] / "data" / "answers.tsv"
ROWS = [line.split("\t") for line in TABLE.read_text(encoding="utf-8").split("\n") if line and line[0] != "#"]
RIGHT = {"right": True, "wrong": False, "unclear": None}


@pytest.mark.parametrize(("found", "gold", "said", "why"), ROWS, ids=lambda text: str(text)[:30])
def test_the_table_of_answers(found: str, gold: str, said: str, why: str) -> None:
    verdict = numeric(gold)(rf"So it is \boxed{{{found}}}.")
    assert verdict.right is RIGHT[said], f"{why}: {verdict.why}"
    assert verdict.answer == found
    assert verdict.why


def test_what_is_unclear_says_why() -> None:
    for found, words in (("5!", "'!' behind the number"), (r"x \neq 5", r"\neq"), ("5x", "'x' may stand"), ("", "no")):
        with pytest.raises(Unclear, match=words.replace("\\", "\\\\")):
            amount(found)


def test_answers_are_shown_as_they_were_written() -> None:
    said = [check(rf"\boxed{{{found}}}").why for check, found in (
        (numeric("50"), r"51\%"), (exact("70"), r"\$70"), (numeric("5"), r"\sqrt{25}")
    )]  # fmt: skip
    assert said == [
        r"'51\%' is not '50'", r"'\$70' is not '70'", r"'\sqrt{25}' states no one number: '\sqrt' is not read"
    ]  # fmt: skip


WAYS = [
    "{0}",
    "{0:,}",
    "${0}",
    r"\${0:,}.00",
    "{0} dollars",
    "{0:,} apples.",
    r"\text{{{0} apples}}",
    "x = {0}",
    "{0} = x",
    "= {0:,}",
    "{0}.000",
    "{0}e0",
    r"{0} \times 10^{{0}}",
    "{0}/1",
    r"\frac{{{0}}}{{1}}",
    "**{0}**",
    r"\(\mathbf{{{0}}}\)",
    "The answer is {0}",
    "{0} m²",
    r"{0}\text{{ cm}}^2",
]


@given(st.integers(0, 10**15), st.sampled_from(WAYS), st.sampled_from(["", "-", "−", "–"]))
def test_one_number_is_read_however_it_is_written(number: int, way: str, sign: str) -> None:
    text = way.format(number)
    place = next(at for at, letter in enumerate(text) if letter.isdigit())
    if text.startswith(r"\frac"):
        place = 0
    assert value(text[:place] + sign + text[place:]) == (-number if sign else number)


@given(st.integers(1, 10**12))
def test_groups_of_three_are_one_number(number: int) -> None:
    for between in (",", "{,}", " ", r"\,", "\u00a0", "\u202f", "'"):
        assert value(f"{number:,}".replace(",", between)) == number


@given(st.integers(1000, 999_999), st.sampled_from(["", "€", "$"]), st.sampled_from(["", " kg", "%", " dozen"]))
def test_a_point_before_three_figures_is_never_held_against_an_answer(number: int, sign: str, unit: str) -> None:
    pointed, plain = (amount(f"{sign}{form.format(number)}{unit}") for form in ("{:,}", "{}"))
    assert same(pointed, plain) is True
    pointed = amount(f"{sign}{number:,}{unit}".replace(",", "."))
    assert same(pointed, plain) is None is same(plain, pointed)
    assert same(pointed, pointed) is True
    assert same(pointed, amount(f"{sign}{number + 1}{unit}")) is False


@given(st.integers(0, 9999), st.integers(1, 98), st.integers(2, 99))
def test_mixed_numbers_are_sums_and_never_rows_of_figures(whole: int, top: int, bottom: int) -> None:
    wanted = whole + Fraction(top, bottom) if top < bottom else None
    for text in (rf"{whole}\frac{{{top}}}{{{bottom}}}", f"{whole} {top}/{bottom}"):
        assert value(text) == wanted


SPOILERS = ["{}!", "√{}", r"\sqrt{{{}}}", "not {}", r"x \neq {}", "x-{}", "{}x", "{}^2", "{}²", "{} or 7", "> {}",
            "{} and a half", "{}:30", "7 {} 5", "{}{{7}}", "{}+1", "2x = {}", "{}...", "{}₂", "±{}", "|{}|", "{} mod 7",
            r"\overline{{{}}}", "no. {}", "{} 万半", "не {}", "{} pi", "A{}", "{} thirds", "log {}"]  # fmt: skip


@given(st.integers(2, 9999).filter(lambda number: number != 10), st.sampled_from(SPOILERS))
def test_what_may_change_a_number_leaves_it_unread(number: int, spoiler: str) -> None:
    assert value(spoiler.format(number)) is None


@given(st.text(alphabet="0123456789.,-+/ ^=e×%$kM半万½²\\{}()xabfrct", max_size=14))
def test_every_text_is_read_alike_each_time_or_not_at_all(text: str) -> None:
    found = value(text)
    if found is not None:
        assert value(str(found)) == found
        assert value(f" {text}\u200b ") == found
        assert any(letter.isnumeric() for letter in text)
        assert value(f"{text} or {text}") is None


@given(st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-(10**9), max_value=10**9))
def test_trailing_zeros_and_percent_signs_do_not_count(number: object) -> None:
    assert value(f"{number}000") == Fraction(str(number)) == value(f"{number}%")


def test_amounts_are_compared_both_ways() -> None:
    for one, other, wanted in (
        ("50%", "50", True), ("50%", "0.5", None), ("50%", "0.5%", False), ("5 dozen", "5", None), ("7%", "8", False),
    ):  # fmt: skip
        assert same(amount(one), amount(other)) is wanted
        assert same(amount(other), amount(one)) is wanted


@pytest.mark.parametrize(
    "text", ["1" * 100_000, "1," * 50_000, "1/" * 50_000, "{" * 100_000, "1e99" * 9, "\\" * 90_000]
)
def test_long_texts_are_not_read(text: str) -> None:
    assert value(text) is None


# --- boxes


def boxed_one_by_one(text: str) -> str | None:
    """What `boxed` must find: each box looked at by itself."""
    found, at = None, 0
    while at < len(text):
        if text.startswith(r"\boxed{", at):
            depth, end = 1, at + len(r"\boxed{")
            begun = end
            while end < len(text) and depth:
                if text[end] == "\\" and not text.startswith(r"\boxed{", end + 1):
                    end += 1
                else:
                    depth += {"{": 1, "}": -1}.get(text[end], 0)
                end += 1
            if not depth:
                found = text[begun : end - 1].strip()
            at = begun
        elif text[at] == "\\" and not text.startswith(r"\boxed{", at + 1):
            at += 2
        else:
            at += 1
    return found


@given(st.lists(st.sampled_from([r"\boxed{", "{", "}", "\\", "7", " ", "a"]), max_size=16).map("".join))
def test_boxes_are_found_as_by_looking_at_each(text: str) -> None:
    assert boxed(text) == boxed_one_by_one(text)


def test_a_text_of_nothing_but_boxes_takes_no_time_to_speak_of() -> None:
    assert boxed(r"\boxed{" * 300_000) is None
    assert boxed(r"\boxed{" * 300_000 + "7}") == "7"
    assert boxed("\\" * 500_000 + "{" * 500_000 + r"\boxed" + " " * 500_000) is None
    assert boxed(r"\\boxed{5}") == "5"
