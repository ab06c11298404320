"""One entry of the lorebook: what its file says, how it is written back, and what an error names."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memagent.errors import StoryError
from memagent.story.lore_entry import LOGICS, Entry, escaped, parse, text_of, unescaped
from memagent.story.manuscript import Place

WREN = """+++
name = "The Wren"
keys = ["boat", "/wrens?/i"]
aliases = ["the old lady"]
secondary = ["storm"]
secondary_logic = "not any"
always = true
order = 20
priority = 5
sticky = 3
cooldown = 2
from = "ch.2"

[extra]
seen = 1987-05-01
who = { captain = "Mara", crew = [1, 2.5, true] }
+++
A boat, white.

## From ch.6

Her bow is stove in.

## Instead from ch.9 p2

A wreck.
"""


def test_a_file_is_read_and_written_back_byte_for_byte() -> None:
    entry = parse(WREN, "wren", "lore/wren.md")
    assert (entry.called, entry.keys, entry.aliases) == ("The Wren", ("boat", "/wrens?/i"), ("the old lady",))
    assert (entry.secondary, entry.secondary_logic, entry.always, entry.order) == (("storm",), "not any", True, 20)
    assert (entry.worth, entry.sticky, entry.cooldown, entry.from_) == (5, 3, 2, Place(2))
    assert entry.primary == ("boat", "/wrens?/i", "the old lady", "The Wren")
    assert text_of(entry) == WREN


def test_a_text_alone_is_an_entry_that_its_name_calls_up() -> None:
    entry = parse("Green eyes.\n", "мара", "lore/мара.md")
    assert (entry.called, entry.primary, entry.text_at(Place(1))) == ("мара", ("мара",), "Green eyes.")
    assert text_of(entry) == "Green eyes.\n"
    assert parse("\ufeff+++\r\nkeys = 'lamp'\r\n+++\r\nIt burns.\r\n", "lamp", "x").keys == ("lamp",)


def test_the_text_follows_the_story() -> None:
    entry = parse(WREN, "wren", "lore/wren.md")
    told = [entry.text_at(place) for place in (Place(5, 9), Place(6, 1), Place(9, 1), Place(9, 2), Place(10, 1))]
    both = "A boat, white.\n\nHer bow is stove in."
    assert told == ["A boat, white.", both, both, "A wreck.", "A wreck."]


def test_progressions_hold_in_the_order_of_the_story_whatever_their_order_in_the_file() -> None:
    entry = parse("A.\n\n## From ch.6\nC.\n\n## from 2\nB.\n", "x", "x")
    assert entry.text_at(Place(7)) == "A.\n\nB.\n\nC."


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("+++\nkyes = ['x']\n+++\n", 2, "Did you mean 'keys'?"),
        ("+++\n\nalways = true\nOrder = 3\n+++\n", 4, "Did you mean 'order'?"),
        ("+++\nweather = 'x'\n+++\n", 2, "under [extra]"),
        ("+++\nkeys = [\n+++\n", 2, "TOML"),
        ("+++\nsticky = 1\nkeys = [1]\n+++\n", 3, 'keys = ["boat", "Wren"]'),
        ("+++\nsticky = -1\n+++\n", 2, "from 0"),
        ("+++\nsticky = true\n+++\n", 2, "a whole number"),
        ("+++\nalways = 1\n+++\n", 2, "true or false"),
        ("+++\nname = 3\n+++\n", 2, "a text in quotes"),
        ("+++\nextra = 3\n+++\n", 2, "a table"),
        ("+++\nfrom = 'soon'\n+++\n", 2, '"ch.2"'),
        ("+++\nsecondary_logic = 'none'\n+++\n", 2, "not any"),
        ("+++\nsecondary = ['x', '/(/']\n+++\n", 2, "Mend the expression"),
        ("+++\nkeys = ['/(a+)+$/']\n+++\n", 2, "several keys"),
        ("+++\n[extensions]\ncard = 1\n+++\n", 2, "[extra]"),
        ("+++\nkeys = ['x']\nThe end is missing.\n", 1, "+++"),
        ("One.\n\n## From the sea\n\nTwo.\n", 3, "`## From ch.6`"),
        ("+++\nsticky = 1\n+++\n\nOne.\n## instead from\nTwo.\n", 6, "a backslash"),
        ("## From ch.0\nOne.\n", 1, "`## From ch.6`"),
    ],
)
def test_an_error_names_the_file_and_the_line(text: str, line: int, words: str) -> None:
    with pytest.raises(StoryError, match=re.escape(words)) as failed:
        parse(text, "x", "lore/x.md")
    assert failed.value.message.startswith(f"lore/x.md:{line}: ")


def test_a_heading_of_ones_own_may_begin_like_ours() -> None:
    entry = parse("One.\n\\## From the sea\nTwo.\n## Fromage\nThree.\n", "x", "x")
    assert entry.text_at(Place(1)) == "One.\n## From the sea\nTwo.\n## Fromage\nThree."


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
keys = st.lists(texts.filter(lambda text: not text.startswith("/")), max_size=3).map(tuple)
own = st.dictionaries(texts, st.recursive(texts | st.booleans() | st.integers(), lambda inner: st.lists(inner)))


@given(
    keys, keys, st.sampled_from(LOGICS), texts, st.booleans(), st.integers(-9, 9) | st.none(), st.integers(0, 9), own,
    texts,
)  # fmt: skip
def test_any_entry_survives_its_file(
    keys: tuple[str, ...],
    secondary: tuple[str, ...],
    logic: str,
    name: str,
    always: bool,
    priority: int | None,
    sticky: int,
    extra: dict[str, Any],
    body: str,
) -> None:
    entry = Entry(
        "x", escaped(body), (), name=name, keys=keys, secondary=secondary, secondary_logic=logic, always=always,
        priority=priority, sticky=sticky, match_name=False, extra=extra,
    )  # fmt: skip
    again = parse(text_of(entry), "x", "x")
    assert replace(again, progressions=()) == entry
    assert unescaped(again.body) == body
    assert text_of(again) == text_of(entry)
