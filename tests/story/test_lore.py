"""Which entries fire: keys and secondary keys, sticky and cooldown, recursion, budget and order."""

from __future__ import annotations

from typing import Any

import pytest

from memagent.story.lore import Firing, Lorebook, Moment
from memagent.story.lore_entry import Entry, Progression
from memagent.story.lore_match import Text
from memagent.story.manuscript import Place
from memagent.types import estimate_tokens


def entry(stem: str, text: str = "It is so.", **fields: Any) -> Entry:
    return Entry(stem, text, (Progression(Place(0), text),), **fields)


def fire(entries: list[Entry], text: str = "", moment: Moment = Moment(), **how: int) -> Firing:  # noqa: B008
    return Lorebook(entries).fire([Text("the plan", text)], moment, **how)


def stems(*args: Any, **how: Any) -> list[str]:
    return list(fire(*args, **how).stems)


def test_keys_aliases_and_the_name_call_an_entry_up_and_the_reason_is_told() -> None:
    wren = entry("wren", keys=("boat",), aliases=("old lady",), name="The Wren")
    for text, why in (("a Boat", "boat"), ("the OLD lady", "old lady"), ("the wren", "The Wren")):
        assert [one.why for one in fire([wren], text).fired] == [f"“{why}” in the plan"]
    assert stems([wren], "a ship") == []
    assert stems([entry("wren", keys=("boat",), match_name=False)], "wren") == []


@pytest.mark.parametrize(
    ("logic", "expected"),
    [
        ("any", [False, True, True]),
        ("all", [False, False, True]),
        ("not any", [True, False, False]),
        ("not all", [True, True, False]),
    ],
)
def test_secondary_keys_are_asked_as_the_logic_says(logic: str, expected: list[bool]) -> None:
    one = entry("x", keys=("boat",), secondary=("storm", "night"), secondary_logic=logic)
    texts = ["boat", "boat, storm", "boat, storm, night"]
    assert [bool(stems([one], text)) for text in texts] == expected
    assert stems([one], "storm") == []
    held = next(firing.held for text in texts if (firing := fire([one], text)).held)
    assert "“storm”, “night”" in held[0].why


def test_an_entry_that_is_off_or_not_yet_true_is_held_back() -> None:
    off, later = entry("off", enabled=False), entry("later", from_=Place(4))
    firing = fire([off, later, entry("always", always=True, from_=Place(4))], "off, later")
    assert firing.stems == ()
    assert [one.why for one in firing.held] == [
        "“later” in the plan, but it holds from ch.4 on",
        "“off” in the plan, but it is not enabled",
    ]
    assert stems([off, later], "off, later", Moment(9, Place(4, 1))) == ["later"]


def test_always_needs_no_key() -> None:
    assert [one.why for one in fire([entry("x", always=True)]).fired] == ["always"]


def run(one: Entry, called: set[int], paragraphs: int) -> list[int]:
    """For which paragraphs an entry fires where its key stands in the plans of some."""
    history: dict[str, list[int]] = {}
    for number in range(1, paragraphs + 1):
        text = "boat" if number in called else ""
        for stem in stems([one], text, Moment(number, history=history)):
            history.setdefault(stem, []).append(number)
    return history.get(one.stem, [])


def test_a_sticky_entry_stays_and_then_rests() -> None:
    every = set(range(1, 13))
    assert run(entry("x", keys=("boat",)), {2, 5}, 8) == [2, 5]
    assert run(entry("x", keys=("boat",), sticky=2), {2, 3, 8}, 12) == [2, 3, 4, 8, 9, 10]
    assert run(entry("x", keys=("boat",), cooldown=2), every, 8) == [1, 4, 7]
    assert run(entry("x", keys=("boat",), sticky=1, cooldown=2), every, 12) == [1, 2, 5, 6, 9, 10]
    assert run(entry("x", keys=("boat",), delay=3), every, 5) == [4, 5]


def test_staying_and_resting_are_told() -> None:
    one = entry("x", keys=("boat",), sticky=2, cooldown=2)
    history = {"x": [5]}
    whys = [fire([one], "boat", Moment(number, history=history)) for number in (6, 7, 8, 9, 10)]
    assert [one.fired[0].why if one.fired else one.held[0].why for one in whys] == [
        "stays for 1 more paragraph",
        "stays for the last time",
        "“boat” in the plan, but it rests up to ¶9",
        "“boat” in the plan, but it rests up to ¶9",
        "“boat” in the plan",
    ]


def test_what_is_behind_the_paragraph_does_not_count() -> None:
    one = entry("x", keys=("boat",), sticky=2)
    assert stems([one], "", Moment(4, history={"x": [5]})) == []


CHAIN = [
    entry("a", "See bbb.", keys=("aaa",), match_name=False),
    entry("b", "See ccc.", keys=("bbb",), match_name=False),
    entry("c", "See ddd.", keys=("ccc",), match_name=False),
    entry("d", "The end.", keys=("ddd",), match_name=False),
]


def test_what_fires_calls_up_others_so_often_as_it_may() -> None:
    assert [stems(CHAIN, "aaa", depth=depth) for depth in range(5)] == [
        ["a"], ["a", "b"], ["a", "b", "c"], ["a", "b", "c", "d"], ["a", "b", "c", "d"],
    ]  # fmt: skip
    assert fire(CHAIN, "aaa").fired[1].why == "“bbb” in lore: a"
    assert stems([entry("a", "See a."), entry("x", "Of a.", always=True)], depth=9) == ["a", "x"]


def test_an_entry_may_keep_out_of_it() -> None:
    mute = entry("a", "See bbb.", keys=("aaa",), prevent_recursion=True)
    deaf = entry("b", keys=("bbb",), exclude_recursion=True)
    assert stems([mute, CHAIN[1]], "aaa") == ["a"]
    assert stems([CHAIN[0], deaf], "aaa") == ["a"]
    assert stems([CHAIN[0], deaf], "aaa bbb") == ["a", "b"]


def test_a_secondary_key_may_come_from_another_entry() -> None:
    one = entry("x", keys=("boat",), secondary=("storm",))
    firing = fire([one, entry("y", "A storm.", keys=("boat",))], "boat")
    assert firing.stems == ("x", "y")
    assert firing.held == ()


def test_the_budget_keeps_what_is_worth_most() -> None:
    text = "word " * 40
    size = estimate_tokens(f"## a\n{text}")
    low, high = entry("a", text, order=1, priority=9), entry("b", text, order=2)
    every = entry("c", text, order=3, always=True, priority=-5)
    assert stems([low, high, every], "a b", budget=3 * size) == ["a", "b", "c"]
    assert stems([low, high, every], "a b", budget=2 * size) == ["a", "c"]  # what is always there comes first
    firing = fire([low, high, every], "a b", budget=size)
    assert firing.stems == ("c",)
    assert f"its {size} tokens exceed the 0 left" in firing.held[0].why
    assert stems([entry("a", text), entry("b", "Short.")], "a b", budget=10) == ["b"]


def test_worth_is_the_priority_or_else_the_order() -> None:
    text = "word " * 40
    size = estimate_tokens(f"## a\n{text}")
    assert stems([entry("a", text, order=1), entry("b", text, order=2)], "a b", budget=size) == ["b"]
    assert stems([entry("a", text, order=1, priority=9), entry("b", text, order=2)], "a b", budget=size) == ["a"]
    assert stems([entry("a", text), entry("b", text)], "a b", budget=size) == ["a"]


def test_what_was_called_up_directly_is_kept_before_what_it_calls_up() -> None:
    text = "word " * 40
    first = entry("a", f"{text} bbb", keys=("aaa",))
    second, other = entry("b", text, keys=("bbb",), priority=999), entry("c", text, keys=("ccc",), priority=0)
    assert stems([first, second, other], "aaa ccc", budget=120) == ["a", "c"]


def test_what_there_is_no_room_for_calls_nobody_up() -> None:
    big = entry("a", "bbb " * 400, keys=("aaa",))
    assert stems([big, CHAIN[1]], "aaa", budget=100) == []


def test_entries_are_shown_in_their_order_under_their_names() -> None:
    firing = fire([entry("b", "Two.", order=5), entry("a", "One.", order=50, name="Ann")], "b ann")
    assert firing.text == "## b\nTwo.\n\n## Ann\nOne."
    assert firing.tokens == sum(one.tokens for one in firing.fired) > 0


def test_an_entry_without_a_text_is_not_shown() -> None:
    assert fire([entry("a", "")], "a").text == ""
