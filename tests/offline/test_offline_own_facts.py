"""Facts that somebody tells of themselves."""

from __future__ import annotations

import pytest

from memagent.offline.own_facts import own_facts
from memagent.offline.triples import writing

CASES = [
    ("I live in Porto with Maria Silva.", ["lives in Porto", "lives with Maria Silva"]),
    ("I moved to Lisbon last week.", ["moved to Lisbon"]),
    ("I'm from Brazil, but I live in Paris.", ["is from Brazil", "lives in Paris"]),
    ("I'm a nurse.", ["is a nurse"]),
    ("I'm allergic to peanuts.", ["is allergic to peanuts"]),
    ("My sister's name is Ana.", ["sister Ana"]),
    ("My dog is called Rex.", ["dog Rex"]),
    ("My favourite colour is green.", ["favourite colour green"]),
    ("I don't live in Paris.", ["don't live in Paris"]),
    ("I will visit Rome in May.", ["will visit Rome"]),
    ("The museum is in Rome.", []),
    ("I had a long day.", []),
]


@pytest.mark.parametrize(("sentence", "wanted"), CASES)
def test_what_somebody_says_of_themselves_is_told_of_i(sentence: str, wanted: list[str]) -> None:
    found = own_facts(sentence)
    assert [f"{relation} {object}" for _, relation, object in found] == wanted
    assert {subject for subject, _, _ in found} <= {"I"}


def test_offline_writes_them_and_takes_no_name_from_before_for_i() -> None:
    assert writing("({USER_ST})I live in Porto.({USER_END})", "(none)") == "({MEM_WRITE-->I>>lives in>>Porto})"
    assert "Ida" not in writing("({USER_ST})My cat sleeps all day.({USER_END})", "Ida keeps a lighthouse.")
