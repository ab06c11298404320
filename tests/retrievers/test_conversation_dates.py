"""Days that a text speaks of, in English, Chinese and Russian, reckoned from Wednesday, the 10th of May 2023."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memagent.retrievers.conversation_dates import mentions

SAID = date(2023, 5, 10)


def days(text: str, said: date | None = SAID) -> list[tuple[str, str]]:
    spans = [one.span for one in mentions(text, said)]
    return [(str(date.fromordinal(low)), str(date.fromordinal(high - 1))) for low, high in spans]


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("We left yesterday.", "2023-05-09", "2023-05-09"),
        ("the day before yesterday", "2023-05-08", "2023-05-08"),
        ("I fly tomorrow", "2023-05-11", "2023-05-11"),
        ("two days ago", "2023-05-08", "2023-05-08"),
        ("a few days ago", "2023-05-05", "2023-05-08"),
        ("a week ago", "2023-05-01", "2023-05-05"),
        ("in two weeks", "2023-05-22", "2023-05-26"),
        ("last week", "2023-05-01", "2023-05-07"),
        ("last weekend", "2023-05-05", "2023-05-07"),
        ("this weekend", "2023-05-12", "2023-05-14"),
        ("last Friday", "2023-05-05", "2023-05-05"),
        ("next Saturday", "2023-05-13", "2023-05-13"),
        ("last Wednesday", "2023-05-03", "2023-05-03"),
        ("next month", "2023-06-01", "2023-06-30"),
        ("last year", "2022-01-01", "2022-12-31"),
        ("last summer", "2022-06-01", "2022-08-31"),
        ("this summer", "2023-06-01", "2023-08-31"),
        ("next winter", "2023-12-01", "2024-02-29"),
        ("last June", "2022-06-01", "2022-06-30"),
        ("in May 2023", "2023-05-01", "2023-05-31"),
        ("on 8 May, 2023", "2023-05-08", "2023-05-08"),
        ("on April 30th", "2023-04-30", "2023-04-30"),
        ("the summer of 2021", "2021-06-01", "2021-08-31"),
        ("since 2019", "2019-01-01", "2019-12-31"),
        ("2023-04-01", "2023-04-01", "2023-04-01"),
        ("昨天我们搬家了", "2023-05-09", "2023-05-09"),
        ("三天前", "2023-05-07", "2023-05-07"),
        ("上周", "2023-05-01", "2023-05-07"),
        ("下个月", "2023-06-01", "2023-06-30"),
        ("去年", "2022-01-01", "2022-12-31"),
        ("2023年4月2日", "2023-04-02", "2023-04-02"),
        ("вчера", "2023-05-09", "2023-05-09"),
        ("на прошлой неделе", "2023-05-01", "2023-05-07"),
        ("прошлым летом", "2022-06-01", "2022-08-31"),
        ("три года назад", "2020-01-10", "2020-09-08"),
        ("8 мая 2022", "2022-05-08", "2022-05-08"),
        ("в марте 2023", "2023-03-01", "2023-03-31"),
    ],
)
def test_a_day_is_reckoned_from_when_it_was_said(text: str, first: str, last: str) -> None:
    assert days(text) == [(first, last)]


@pytest.mark.parametrize("text", ["May I come in?", "We march on.", "at last", "the next one", "room 2023b", "он ушел"])
def test_what_is_no_date_is_none(text: str) -> None:
    assert days(text) == []


def test_two_days_of_one_text_are_in_its_order_and_named_ones_are_explicit() -> None:
    found = mentions("Not yesterday, but on 3 May 2023", SAID)
    assert [(one.text, one.explicit) for one in found] == [("yesterday", False), ("3 May 2023", True)]


def test_without_the_day_it_was_said_only_named_days_are_known() -> None:
    assert days("last week, in June 2020", None) == [("2020-06-01", "2020-06-30")]


@given(st.text(alphabet="0123456789 -./年月日前后agolstynexweekmonthдней назад", max_size=40), st.dates())
def test_no_text_is_an_error(text: str, said: date) -> None:
    for one in mentions(text, said):
        assert one.span[0] < one.span[1] and one.text in text
