"""Lorebooks of character cards and of SillyTavern: in, and out again as they were, with all that means nothing here."""

from __future__ import annotations

import base64
import json
import struct
import zlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memagent import Story
from memagent.errors import StoryError, UsageProblem
from memagent.story.lore_around import kind_of
from memagent.story.lore_entry import Entry
from memagent.story.lore_exchange import export, read, take
from memagent.story.lore_files import entry_named, lorebook, path_of
from memagent.story.lore_lost import lost
from memagent.story.manuscript import Place

WORLD_ENTRY: dict[str, Any] = {
    "uid": 0, "key": ["wren", "boat"], "keysecondary": ["storm"], "comment": "The Wren",
    "content": "A boat.\r\nWhite. ",
    "constant": False, "vectorized": False, "selective": True, "selectiveLogic": 2, "addMemo": True, "order": 70,
    "position": 4, "disable": False, "ignoreBudget": False, "excludeRecursion": True, "preventRecursion": False,
    "matchScenario": False, "delayUntilRecursion": False, "probability": 40, "useProbability": True, "depth": 4,
    "outletName": "", "group": "boats", "groupOverride": False, "groupWeight": 100, "scanDepth": None,
    "caseSensitive": None, "matchWholeWords": None, "useGroupScoring": None, "automationId": "", "role": 0,
    "sticky": 3, "cooldown": None, "delay": 0, "triggers": [], "displayIndex": 0,
}  # fmt: skip
WORLD = {
    "entries": {
        "0": WORLD_ENTRY,
        "7": {"uid": 7, "key": ["灯塔"], "keysecondary": [], "comment": "", "content": "塔很高。", "order": 100},
        "9": {**WORLD_ENTRY, "uid": 9, "key": ["/мар(а|у)/i", "/(?<x>a)/"], "comment": "The Wren", "probability": 100,
              "disable": True, "group": "", "position": 0, "sticky": 0,
              "content": "{{user}} ## From the sea\n## From x"},
    },
    "name": "Harbour", "somebody_s": {"own": [1, 2.5, None]},
}  # fmt: skip
CARD = {
    "spec": "chara_card_v2",
    "spec_version": "2.0",
    "data": {
        "name": "Mara",
        "description": "A keeper.",
        "character_book": {
            "name": "Mara's book",
            "scan_depth": 4,
            "token_budget": 512,
            "recursive_scanning": False,
            "extensions": {"risu": {"x": 1}},
            "entries": [
                {
                    "keys": ["lamp"], "content": "It burns.\n", "extensions": {"depth": 4, "selectiveLogic": 3,
                    "position": 1, "sticky": None, "somebody": {"s": None}}, "enabled": True, "insertion_order": 5,
                    "case_sensitive": True, "name": "", "priority": 10, "id": 3, "comment": "The lamp",
                    "selective": True, "secondary_keys": ["oil", "wick"], "constant": False, "position": "after_char",
                },
                {"keys": [], "content": "Always.", "extensions": {}, "enabled": False, "insertion_order": 1,
                 "constant": True},
                {"keys": ["no"], "secondary_keys": ["kept"], "selective": False, "content": "It's \"so\".",
                 "extensions": {"case_sensitive": True, "match_whole_words": False}, "enabled": True,
                 "insertion_order": -1},
            ],
        },
        "extensions": {},
    },
    "create_date": "2026",
}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Story.create(tmp_path / "lamp", "A lighthouse.").folder


def written(folder: Path, data: Any, name: str = "book.json", **style: Any) -> Path:
    path = folder.parent / name
    path.write_text(json.dumps(data, ensure_ascii=False, **style), encoding="utf-8")
    return path


@pytest.mark.parametrize("data", [WORLD, CARD, CARD["data"]["character_book"]], ids=["world", "card", "book"])
@pytest.mark.parametrize(
    "style", [{"indent": 4}, {}, {"indent": 2}, {"separators": (",", ":")}], ids=["4", "line", "2", "compact"]
)
def test_what_comes_in_goes_out_byte_for_byte(folder: Path, data: Any, style: dict[str, Any]) -> None:
    path = written(folder, data, **style)
    taken = take(folder, read(path))
    assert len(taken) == 3
    assert export(folder) == path.read_text(encoding="utf-8")
    assert take(folder, read(path)) == []  # once more changes nothing


def test_a_world_file_says_the_same_here(folder: Path) -> None:
    take(folder, read(written(folder, WORLD)))
    wren, tower, other = (entry_named(folder, name) for name in ("the-wren", "灯塔", "the-wren-2"))
    assert (wren.name, wren.keys, wren.secondary, wren.secondary_logic) == (
        "The Wren", ("wren", "boat"), ("storm",), "not any",
    )  # fmt: skip
    assert (wren.order, wren.enabled, wren.exclude_recursion, wren.sticky, wren.cooldown) == (70, True, True, 3, 0)
    assert (wren.match_name, wren.case_sensitive, wren.whole_words) == (False, False, True)
    assert wren.text_at(Place(1)) == "A boat.\nWhite."
    assert (tower.name, tower.keys, tower.text_at(Place(1))) == ("", ("灯塔",), "塔很高。")
    assert (other.enabled, other.keys) == (False, ("/мар(а|у)/i",))
    assert other.text_at(Place(1)) == "{{user}} ## From the sea\n## From x"


def test_a_card_says_the_same_here(folder: Path) -> None:
    take(folder, read(written(folder, CARD)))
    lamp, every, no = (entry_named(folder, name) for name in ("the-lamp", "entry", "no"))
    assert (lamp.case_sensitive, lamp.priority, lamp.order, lamp.secondary_logic) == (True, 10, 5, "all")
    assert lamp.secondary == ("oil", "wick")
    assert (every.always, every.enabled) == (True, False)
    assert (no.secondary, no.case_sensitive, no.whole_words, no.order) == ((), True, False, -1)


def test_what_behaves_differently_is_named_with_the_entries(folder: Path) -> None:
    notes = {words.partition(":")[0]: names for words, names in read(written(folder, WORLD)).notes.items()}
    assert notes == {
        "position": ["The Wren"],
        "probability": ["The Wren"],
        "group": ["The Wren"],
        "sticky, cooldown, delay": ["The Wren"],
        "a key that cannot be used": ["The Wren"],
        "macros such as {{char}}": ["The Wren"],
    }
    notes = {words.partition(":")[0]: names for words, names in read(written(folder, CARD)).notes.items()}
    assert notes == {
        "a budget of 512 tokens": [],
        "a scan depth of 4": [],
        "no recursion": [],
    }


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("probability", 99, "probability"), ("position", 7, "position"), ("group", "x", "group"),
        ("vectorized", True, "vectorized"), ("delayUntilRecursion", 2, "delayUntilRecursion"),
        ("scanDepth", 0, "scanDepth"), ("ignoreBudget", True, "ignoreBudget"), ("automationId", "x", "automationId"),
        ("triggers", ["swipe"], "triggers"), ("characterFilter", {"names": ["x"]}, "characterFilter"),
        ("matchScenario", True, "match"), ("cooldown", 1, "sticky"), ("key", ["boat*"], "a key that ends with *"),
        ("content", "@@depth 3\nx", "decorators"),
    ],
)  # fmt: skip
def test_each_thing_that_is_not_done_here_is_named(folder: Path, name: str, value: Any, words: str) -> None:
    plain = {**WORLD["entries"]["7"], "probability": 100, "position": 0}  # type: ignore[index]
    assert read(written(folder, {"entries": {"0": plain}})).notes == {}
    notes = read(written(folder, {"entries": {"0": {**plain, name: value}}})).notes
    assert [one.startswith(words) for one in notes] == [True]
    snake = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)
    if name not in ("key", "content"):
        card = {"entries": [{"keys": ["x"], "content": "y", "extensions": {snake: value}}]}
        assert list(read(written(folder, card)).notes) == list(notes)


def test_a_change_here_changes_that_alone_in_the_book(folder: Path) -> None:
    take(folder, read(written(folder, WORLD)))
    path = path_of(folder, "the-wren")
    text = path.read_text(encoding="utf-8").replace("order = 70\n", "order = 71\ncooldown = 2\n")
    path.write_text(text.replace('keys = ["wren", "boat"]', 'keys = ["wren"]').replace("White. ", "Red."), newline="")
    expected = json.loads(json.dumps(WORLD))
    changes = {"order": 71, "cooldown": 2, "key": ["wren"], "content": "A boat.\nRed."}
    expected["entries"]["0"].update(changes)
    now = json.loads(export(folder))
    now["entries"]["0"]["content"] = now["entries"]["0"]["content"].replace("\r\n", "\n")
    assert now == expected
    path_of(folder, "灯塔").unlink()
    assert list(json.loads(export(folder))["entries"]) == ["0", "9"]


def test_a_change_of_what_a_card_says_twice_changes_both(folder: Path) -> None:
    card = {
        "entries": [{"keys": ["x"], "content": "y", "case_sensitive": None, "extensions": {"case_sensitive": True}}]
    }
    take(folder, read(written(folder, card)))
    path = path_of(folder, "x")
    path.write_text(path.read_text().replace("case_sensitive = true\n", ""))
    (one,) = json.loads(export(folder))["entries"]
    assert (one["case_sensitive"], one["extensions"]["case_sensitive"]) == (False, False)


OWN = """+++
name = "The Wren"
keys = ["boat"]
aliases = ["old lady"]
secondary = ["storm"]
secondary_logic = "not all"
priority = 3
delay = 2
from = "ch.2"

[extra]
seen = 1987-05-01
+++
A boat.

## From ch.6

A wreck.
"""


@pytest.mark.parametrize("kind", ["card", "world"])
def test_what_was_written_here_comes_back_from_a_book_as_it_was(folder: Path, tmp_path: Path, kind: Any) -> None:
    (folder / "lore").mkdir(exist_ok=True)
    files = {"the-wren.md": OWN, "mara.md": "Green eyes.\n", "灯塔.md": "+++\nalways = true\n+++\n塔很高。\n"}
    for name, text in files.items():
        (folder / "lore" / name).write_text(text, encoding="utf-8")
    out = export(folder, kind, name="Harbour", place=Place(3))
    path = tmp_path / "out.json"
    path.write_text(out, encoding="utf-8")
    other = Story.create(tmp_path / "other", "A lighthouse.").folder
    take(other, read(path))
    assert [one.text_at(Place(9)) for one in lorebook(other).entries] == [
        one.text_at(Place(9)) for one in lorebook(folder).entries
    ]
    mine, theirs = ({one.stem: one for one in lorebook(place).entries} for place in (folder, other))
    assert {stem: bare(one) for stem, one in mine.items()} == {stem: bare(one) for stem, one in theirs.items()}
    assert export(other, place=Place(3)) == out


def bare(entry: Entry) -> tuple[Any, ...]:
    return tuple(getattr(entry, name) for name in Entry.__dataclass_fields__ if name != "extensions")


def test_others_see_an_entry_as_it_is_at_the_place(folder: Path) -> None:
    (folder / "lore").mkdir(exist_ok=True)
    path_of(folder, "wren").write_text(OWN)
    told = {
        place: json.loads(export(folder, "card", place=Place(place)))["data"]["character_book"]["entries"][0]
        for place in (1, 3, 6)
    }
    assert [(one["enabled"], one["content"]) for one in told.values()] == [
        (False, "A boat."), (True, "A boat."), (True, "A boat.\n\nA wreck."),
    ]  # fmt: skip
    assert told[3]["keys"] == ["boat", "old lady", "The Wren"]
    assert [words.partition(":")[0] for words in lost(folder, "world")] == ["from, progressions", "priority"]


def test_what_a_file_of_the_other_kind_has_alone_is_named(folder: Path, tmp_path: Path) -> None:
    entry = {"uid": 0, "key": ["boat"], "comment": "wren", "content": "A boat.", "foo": [1], "bar": "", "order": 7}
    path = tmp_path / "world.json"
    path.write_text(json.dumps({"entries": {"0": entry}, "top": 1, "originalData": {"a": 1}, "name": "w"}))
    take(folder, read(path))
    assert lost(folder, "world") == {}
    assert lost(folder, "card") == {
        "top, originalData of the world file: its own export has that": [],
        "foo: the world file's own export has that": ["wren"],
    }


def test_a_text_that_another_program_changed_is_taken_from_there(folder: Path, tmp_path: Path) -> None:
    (folder / "lore").mkdir(exist_ok=True)
    path_of(folder, "wren").write_text(OWN)
    data = json.loads(export(folder, "world"))
    data["entries"]["0"]["content"] = "A ship."
    path = written(folder, data)
    other = Story.create(tmp_path / "other", "A lighthouse.").folder
    take(other, read(path))
    assert lorebook(other).entries[0].text_at(Place(1)) == "A ship."


def test_a_card_is_read_out_of_its_picture(folder: Path) -> None:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    def png(*texts: bytes) -> bytes:
        parts = [chunk(b"IHDR", b"\0" * 13), *(chunk(b"tEXt", text) for text in texts), chunk(b"IEND", b"")]
        return b"\x89PNG\r\n\x1a\n" + b"".join(parts)

    coded = base64.b64encode(json.dumps(CARD).encode())
    path = folder.parent / "mara.png"
    path.write_bytes(png(b"Comment\0x", b"chara\0" + coded))
    assert [one.stem for one in read(path).entries] == ["the-lamp", "entry", "no"]
    newer = json.loads(json.dumps(CARD))
    newer["data"]["character_book"]["entries"] = newer["data"]["character_book"]["entries"][:1]
    path.write_bytes(png(b"chara\0" + coded, b"ccv3\0" + base64.b64encode(json.dumps(newer).encode())))
    assert len(read(path).entries) == 1
    for broken in (png(), png(b"chara\0!!!"), png(b"chara\0" + coded)[:60], png(b"chara\0" + base64.b64encode(b"{"))):
        path.write_bytes(broken)
        with pytest.raises(UsageProblem):
            read(path)


@pytest.mark.parametrize(
    "text",
    [
        "", "[]", "{}", "no", "3", '{"data": {}}', '{"entries": 3}', '{"entries": [3]}', '{"entries": {"0": null}}',
        '{"data": {"character_book": null}}', '{"data": {"character_book": {"entries": {}}}}', '{"data": 3}', "\xff",
        '{"lorebookVersion": 5, "entries": [{"text": "x", "keys": []}]}', "[" * 100_000,
    ],
)  # fmt: skip
def test_what_is_no_lorebook_is_refused_with_a_hint(folder: Path, text: str) -> None:
    path = folder.parent / "x.json"
    path.write_text(text, encoding="latin-1")
    with pytest.raises(UsageProblem) as refused:
        read(path)
    assert refused.value.hint


def test_entries_of_the_same_name_are_not_replaced_unasked(folder: Path) -> None:
    (folder / "lore").mkdir(exist_ok=True)
    path_of(folder, "the-wren").write_text("Mine.\n")
    book = read(written(folder, WORLD))
    with pytest.raises(UsageProblem, match=r"the-wren\.md"):
        take(folder, book)
    assert [path.name for path in (folder / "lore").iterdir()] == ["the-wren.md"]
    assert len(take(folder, book, over=True)) == 3
    assert kind_of(folder) == "world"


def test_a_damaged_remainder_is_named(folder: Path) -> None:
    take(folder, read(written(folder, WORLD)))
    (folder / "lore" / "book.json").write_text("{")
    with pytest.raises(StoryError, match=r"book\.json"):
        export(folder)
    (folder / "lore" / "book.json").unlink()
    path_of(folder, "x").write_text("+++\n[extensions]\nworld = '{'\n+++\nx\n")
    with pytest.raises(StoryError, match="'x' is damaged"):
        export(folder, "world")


values = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 200) | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
named = st.sampled_from(
    [*WORLD_ENTRY, "extensions", "enabled", "keys", "insertion_order", "name", "use_regex", "priority"]
)
entries = st.dictionaries(named | st.text(max_size=5), values, max_size=12)


@settings(max_examples=60)
@given(st.lists(entries, max_size=4), st.booleans())
def test_any_json_at_all_comes_out_as_it_came_in(
    tmp_path_factory: Any, raws: list[dict[str, Any]], world: bool
) -> None:
    base = tmp_path_factory.mktemp("any")
    folder = Story.create(base / "lamp", "A lighthouse.").folder
    raws = [{name: value for name, value in raw.items() if name != "text"} for raw in raws]
    raws = [{**raw, "content": raw["content"] if isinstance(raw.get("content"), str) else "x"} for raw in raws]
    data = {"entries": {str(at): raw for at, raw in enumerate(raws)} if world else raws}
    path = base / "x.json"
    path.write_text(json.dumps(data), encoding="utf-8")
    book = read(path)
    take(folder, book)
    assert export(folder) == json.dumps(data)


def test_two_books_are_both_kept_whatever_their_numbers_are_called(folder: Path, tmp_path: Path) -> None:
    def world(text: str, key: str, **around: Any) -> Path:
        path = tmp_path / f"{text}.json"
        entry = {"uid": int(key), "key": [text], "comment": text, "content": f"It is {text}.", "own": text}
        path.write_text(json.dumps({"entries": {key: entry}, **around}))
        return path

    take(folder, read(world("boat", "0", first=[1], name="one")))
    take(folder, read(world("bell", "0", second=[2], name="two")))
    take(folder, read(world("gull", "1")))
    out = json.loads(export(folder))
    assert sorted(entry["own"] for entry in out["entries"].values()) == ["bell", "boat", "gull"]
    assert all(int(key) == entry["uid"] for key, entry in out["entries"].items())
    assert (out["first"], out["second"], out["name"]) == ([1], [2], "one")
    card = tmp_path / "card.json"
    card.write_text(json.dumps({**CARD, "kept": True}))
    take(folder, read(card))
    assert json.loads(export(folder, "world"))["first"] == [1]
    assert json.loads(export(folder))["kept"] is True
