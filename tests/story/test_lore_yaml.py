"""Settings of lore between two lines `---`, as other programs write them: read, or refused with their line."""

from __future__ import annotations

from pathlib import Path

import pytest

from memagent.errors import StoryError
from memagent.story.lore import Lorebook, Moment
from memagent.story.lore_entry import parse, text_of

OBSIDIAN = """---
# of another program
name: The Wren
key: boat, "the lady"
aliases:
  - old girl   # a comment
  - 'Ann''s boat'
Always: yes
order: 7
from: ch.2
tags: [place, "a, b"]
created: 2024-05-01
---
A white boat.

## From ch.6

Her bow is stove in.
"""


def test_the_plain_part_of_yaml_is_read_and_written_as_toml() -> None:
    entry = parse(OBSIDIAN, "wren", "lore/wren.md")
    assert (entry.name, entry.keys) == ("The Wren", ("boat", '"the lady"'))
    assert entry.aliases == ("old girl", "Ann's boat")
    assert (entry.always, entry.order, str(entry.from_)) == (True, 7, "ch.2")
    assert entry.extra == {"tags": ["place", "a, b"], "created": "2024-05-01"}
    assert [one.text for one in entry.progressions] == ["A white boat.", "Her bow is stove in."]
    again = text_of(entry)
    assert again.startswith("+++\n") and parse(again, "wren", "lore/wren.md") == entry
    assert parse(OBSIDIAN.replace("\n", "\r\n"), "wren", "w").keys == entry.keys


def test_brackets_expressions_and_a_word_alone_are_keys() -> None:
    for written, keys in (
        ("[dog, 'big dog']", ("dog", "big dog")),
        ("dog", ("dog",)),
        ("/dogs{1,2}/i", ("/dogs{1,2}/i",)),
        ('"dog, barking"', ("dog, barking",)),
        ("[]", ()),
        ("собака, 犬", ("собака", "犬")),
    ):
        assert parse(f"---\nkeys: {written}\n---\nIt barks.\n", "d", "d.md").keys == keys, written


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("keys: [dog\nalways: true", "d.md:2: '[dog'"),
        ("keys: dog\nnested:\n  one: two", "d.md:4: 'one: two'"),
        ("keys: dog\ntext: |\n  long", "d.md:3: '|'"),
        ("keys: {a: b}", "d.md:2: '{a: b}'"),
        ("keys: dog\nalway: true", "d.md:3: there is no field 'alway'"),
        ("always: perhaps", "d.md:2: always = 'perhaps' is not right"),
        ("order: first", "d.md:2: order = 'first' is not right"),
        ("from: somewhere", "d.md:2: "),
    ],
)
def test_what_is_no_such_setting_is_refused_with_its_line(lines: str, said: str) -> None:
    with pytest.raises(StoryError) as refused:
        parse(f"---\n{lines}\n---\nIt barks.\n", "d", "d.md")
    assert refused.value.message.startswith(said) and refused.value.hint


@pytest.mark.parametrize("text", ["---\nA rule above.\n\n---\nAnd below.\n", "---\n", "Text.\n---\nkeys: a\n---\n"])
def test_a_rule_is_no_beginning_of_settings(text: str) -> None:
    entry = parse(text, "rule", "rule.md")
    assert (entry.keys, entry.body) == ((), text.removesuffix("\n"))


def test_what_is_always_there_waits_for_its_delay() -> None:
    book = Lorebook([parse("+++\nalways = true\ndelay = 6\n+++\nIt is winter.\n", "w", "w.md")])
    early = book.fire([], Moment(number=6))
    assert early.stems == () and "waits for 6 paragraphs" in early.held[0].why
    assert book.fire([], Moment(number=7)).stems == ("w",)


def test_what_is_always_there_and_left_out_for_the_budget_is_said(tmp_path: Path) -> None:
    from cli.commands import memagent

    folder = tmp_path / "lamp"
    assert memagent("story", "init", folder, "--premise", "A keeper.", "-m", "offline").returncode == 0
    for name, words in (("winter", 3), ("bible", 3000)):
        lore = ("--text", "word " * words, "--always")
        assert memagent("story", "lore", "add", name, folder, *lore).returncode == 0
    done = memagent("story", "write", folder, "--auto")
    assert "lore: winter" in done.stderr and "bible: to be there always, and left out" in done.stderr
