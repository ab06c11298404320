"""A character card becomes the beginning of a story: what goes where, what is named, and that nothing is lost."""

from __future__ import annotations

import base64
import json
import struct
import zlib
from pathlib import Path
from typing import Any

import pytest
from cli.commands import memagent

from memagent import Story
from memagent.errors import StoryError, UsageProblem
from memagent.story.card import premise_of, put, read
from memagent.story.lore_exchange import export
from memagent.story.lore_files import lorebook
from memagent.testing import ScriptedLLM

DATA = {
    "name": "Мара Voss",
    "description": "{{char}} keeps the lamp.\n\n## From her youth\nShe rowed.",
    "personality": "stubborn",
    "scenario": "A light at the end of the pier. {{user}} knocks.",
    "first_mes": "*{{char}} opens the door.*",
    "mes_example": "<START>\n{{char}}: Who is there?",
    "post_history_instructions": "Keep it cold.",
    "system_prompt": "You are {{char}}.",
    "alternate_greetings": ["Go away.", "Come in."],
    "tags": [],
    "creator": "somebody",
    "extensions": {"depth_prompt": {"prompt": "x"}},
    "strange": {"kept": [1, 2]},
    "character_book": {
        "extensions": {},
        "entries": [
            {
                "keys": ["bell"],
                "content": "It is cracked.",
                "extensions": {"own": 1},
                "enabled": True,
                "insertion_order": 7,
            }
        ],
    },
}
CARD = {"spec": "chara_card_v2", "spec_version": "2.0", "data": DATA}


def file(tmp_path: Path, card: Any = CARD, *, picture: bool = False) -> Path:
    text = json.dumps(card).encode()
    if not picture:
        path = tmp_path / "mara.json"
        path.write_bytes(text)
        return path

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    coded = chunk(b"tEXt", b"chara\0" + base64.b64encode(text))
    path = tmp_path / "mara.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", b"\0" * 13) + coded + chunk(b"IEND", b""))
    return path


@pytest.mark.parametrize("picture", [False, True])
def test_a_card_becomes_a_story_whose_writer_is_shown_the_character(picture: bool, tmp_path: Path) -> None:
    folder = tmp_path / "lamp"
    done = memagent("story", "init", folder, "--from-card", file(tmp_path, picture=picture))
    assert done.returncode == 0, done.stderr
    said = " ".join(done.stderr.split())
    for words in (
        "Мара Voss is in", "its system prompt", "other first messages (2)", "extensions of other programs",
        "the field 'strange'", "{{user}}: the model sees them as they are written",
        "--user NAME", "tokens of every prompt",
    ):  # fmt: skip
        assert words in said, words
    assert "creator" not in said and "tags" not in said
    opening = {"title": "T", "outline": "O", "paragraphs": ["A.", "B.", "C."], "memory": "M.", "plans": ["P", "Q", "R"]}
    llm = ScriptedLLM([json.dumps(opening)])
    Story(folder).write(3, llm=llm)
    prompt = llm.requests[0].messages[-1].content
    assert "## Мара Voss\nМара Voss keeps the lamp.\n\n## From her youth\nShe rowed.\n\nPersonality: stubborn" in prompt
    assert "A light at the end of the pier. {{user}} knocks.\n\nIt begins so:\n\n*Мара Voss opens the door.*" in prompt
    assert "<note>\nKeep it cold.\n</note>" in prompt
    assert "How Мара Voss talks, for example:\n\nМара Voss: Who is there?\n</style>" in prompt


def test_all_of_the_card_comes_out_again(tmp_path: Path) -> None:
    folder = tmp_path / "lamp"
    assert memagent("story", "init", folder, "--from-card", file(tmp_path), "-q").returncode == 0
    again = json.loads(export(folder))
    entries = again["data"]["character_book"].pop("entries")
    wanted = json.loads(json.dumps(CARD))
    assert wanted["data"]["character_book"].pop("entries")[0] in entries
    assert again == wanted
    assert [one.stem for one in lorebook(folder).entries] == ["мара-voss", "bell"]


def test_a_premise_of_ones_own_goes_first_and_a_bare_card_is_enough(tmp_path: Path) -> None:
    card = read(file(tmp_path))
    assert premise_of(card, "A storm.").startswith("A storm.\n\nA light at the end")
    old = read(file(tmp_path, {"name": "Tom", "description": "A smith.", "first_mes": ""}))  # a card V1
    assert (old.who, premise_of(old), old.notes) == ("A smith.", "A story of Tom.", ())
    put(tmp_path / "other", old)
    assert json.loads(export(tmp_path / "other"))["data"]["description"] == "A smith."


def test_a_long_character_has_room_beside_the_lorebook(tmp_path: Path) -> None:
    long = {**CARD, "data": {**DATA, "description": "She waits and waits. " * 400}}
    folder = tmp_path / "lamp"
    assert memagent("story", "init", folder, "--from-card", file(tmp_path, long), "-q").returncode == 0
    shown = json.loads(memagent("story", "lore", "test", "bell", folder, "--json").stdout)
    assert [one["name"] for one in shown["fired"]] == ["Мара Voss", "bell"] and shown["held"] == []


@pytest.mark.parametrize(
    "card", [{}, {"spec": "chara_card_v2"}, {"spec": "chara_card_v2", "data": {"name": " "}}, {"entries": {}}, [1]]
)
def test_what_is_no_card_is_refused_and_nothing_is_made(card: Any, tmp_path: Path) -> None:
    with pytest.raises(UsageProblem):
        read(file(tmp_path, card))


def test_nothing_of_a_persons_is_written_over_and_a_killed_run_goes_on(tmp_path: Path) -> None:
    card = read(file(tmp_path))
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "note.md").write_text("Mine.")
    with pytest.raises(UsageProblem, match=r"note\.md"):
        put(tmp_path / "mine", card)
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["note.md"]
    put(tmp_path / "lamp", card)  # and killed before the story was made
    assert memagent("story", "init", tmp_path / "lamp", "--from-card", file(tmp_path), "-q").returncode == 0
    with pytest.raises(StoryError, match="there is a story"):
        put(tmp_path / "lamp", card)


def test_a_name_takes_the_place_of_the_user_and_what_stays_of_such_marks_is_named(tmp_path: Path) -> None:
    entries = [
        {
            "keys": ["bell", "{{char}}"],
            "content": "{{char}} rings it for {{user}}.",
            "enabled": True,
            "insertion_order": 7,
        }
    ]
    data = {**DATA, "first_mes": "<USER> sits. {{random:a,b}}", "character_book": {"entries": entries}}
    path = file(tmp_path, {**CARD, "data": data})
    folder = tmp_path / "lamp"
    done = memagent("story", "init", folder, "--from-card", path, "--user", "Anton")
    premise = (folder / "premise.md").read_text()
    assert "Anton knocks." in premise and "Anton sits." in premise
    said = " ".join(done.stderr.split())
    assert "{{random:a,b}}: the model sees them as they are written" in said and "--user NAME" not in said
    assert "{{char}}, {{user}} in entries of its book" in said
    assert "{{char}} in keys of its book: such a key calls nothing up" in said
    assert json.loads(export(folder))["data"]["first_mes"] == data["first_mes"]  # the card comes out as it came


@pytest.mark.parametrize("book", [None, {}, {"entries": None, "name": "Pier"}])
def test_a_card_with_an_empty_book_is_taken(book: Any, tmp_path: Path) -> None:
    card = read(file(tmp_path, {**CARD, "data": {**DATA, "character_book": book}}))
    assert card.book.entries == ()
    put(tmp_path / "lamp", card)
    assert json.loads(export(tmp_path / "lamp"))["data"]["character_book"]["entries"][0]["constant"] is True


def test_a_picture_that_is_cut_short_says_so_unless_the_card_is_whole(tmp_path: Path) -> None:
    path = file(tmp_path, picture=True)
    whole = path.read_bytes()
    path.write_bytes(whole[:-6])
    assert read(path).name == "Мара Voss"
    for cut in (60, len(whole) // 2):
        path.write_bytes(whole[:cut])
        with pytest.raises(UsageProblem, match="cut short"):
            read(path)
