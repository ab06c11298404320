"""The canon and the waivers as a person sees them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from commands import memagent

from memagent import Story
from memagent.story.config import StoryConfig
from memagent.testing import ScriptedLLM

TEXTS = [
    "Mara Voss's eyes were green. Tomas was Mara's brother. It was Tuesday.",
    "Mara lived in Gull Point. Mara promised Tomas that she would keep the lamp burning through the nights of winter.",
    "Tomas gave Mara the brass key.",
]
WRONG = "Mara had brown eyes. Mara hid the brass key under the stairs."


def reply(text: str) -> str:
    return json.dumps({"paragraph": text, "rationale": "", "memory": "Mara.", "plans": ["a", "b", "c"]})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    story = Story.create(tmp_path / "lamp", "A lamp goes out.", StoryConfig(select="first", llm="offline"))
    fields = {"title": "The Lamp", "outline": "o", "paragraphs": TEXTS, "memory": "Mara.", "plans": ["a", "b", "c"]}
    story.write(4, llm=ScriptedLLM([json.dumps(fields), reply(WRONG)]))
    return story.folder


def run(*arguments: object, code: int = 0) -> tuple[list[str], str]:
    done = memagent("story", *arguments, COLUMNS="80", NO_COLOR="1")
    assert done.returncode == code, done.stderr
    return done.stdout.splitlines(), done.stderr


def test_the_canon_is_a_tidy_list_by_subject_with_the_place_that_each_fact_holds_from(folder):
    lines, errors = run("memory", "facts", folder)
    assert lines == [
        "Mara Voss",
        "  eyes              green                                               ch.1 ¶1",
        "  lives in          Gull Point                                          ch.1 ¶2",
        "Tomas",
        "  brother of        Mara Voss                                           ch.1 ¶1",
        "brass key",
        "  whereabouts       under the stairs                                    ch.1 ¶4",
        "Promises",
        "  Mara Voss promised Tomas that she would keep the lamp burning         ch.1 ¶2",
        "  through the nights of winter",
        "Time",
        "  day               Tuesday                                             ch.1 ¶1",
    ]
    assert errors.startswith("6 facts\n") and max(map(len, [*lines, *errors.splitlines()])) < 80


def test_one_subject_its_history_and_an_earlier_place_can_be_asked_for(folder):
    lines, _ = run("memory", "facts", folder, "--about", "brass", "--history")
    assert [line.split()[-4:] for line in lines[1:]] == [
        ["¶3", "to", "ch.1", "¶4"],
        ["the", "stairs", "ch.1", "¶4"],
    ]
    (line,), _ = run("memory", "facts", folder, "--about", "brass key", "--at", "ch.1 p3", "--json")
    assert json.loads(line) == {
        "facts": [
            {
                "kind": "fact", "subject": "brass key", "relation": "whereabouts", "object": "with Mara",
                "since": "ch.1 ¶3", "until": "ch.1 ¶4", "sources": ["ch.1 ¶3"],
            }
        ]
    }  # fmt: skip


def test_a_story_that_has_not_begun_has_no_facts_and_says_what_comes_next(tmp_path):
    Story.create(tmp_path / "new", "A lamp goes out.")
    lines, errors = run("memory", "facts", tmp_path / "new")
    assert lines == [] and "0 facts" in errors and "memagent story write" in errors


def test_a_finding_is_waived_listed_taken_back_and_undone(folder):
    (line, count), errors = run("check", folder, "--canon", code=6)
    id = line.split()[3]
    assert line == f"ch.1 ¶4  canon     {id}  Mara's eyes: “brown”; “green” in ch.1 ¶1"
    assert count == "1 finding, 0 model calls" and "--waive ID" in errors
    _, errors = run("check", folder, "--waive", id[:6])
    assert errors.startswith("meant: ch.1 ¶4 Mara's eyes")
    assert run("check", folder, "--canon") == (["0 findings, 0 model calls"], "")
    assert "brown" not in "".join(run("memory", "facts", folder, "--about", "mara")[0])
    (listed,), _ = run("check", folder, "--waived")
    assert listed == f"{id}  canon     ch.1 ¶4 Mara's eyes: “brown”; “green” in ch.1 ¶1"
    (data,), _ = run("check", folder, "--waived", "--json")
    assert [one["id"] for one in json.loads(data)["waived"]] == [id]
    run("undo", folder)
    run("check", folder, "--canon", code=6)
    run("redo", folder)
    run("check", folder, "--canon")
    run("check", folder, "--unwaive", id)
    assert run("check", folder, "--waived")[0] == []
    run("check", folder, "--canon", code=6)
    _, errors = run("check", folder, "--waive", id, "--canon")
    assert errors.startswith("meant, and so from there on: ch.1 ¶4 Mara's eyes")
    assert "brown" in "".join(run("memory", "facts", folder, "--about", "mara")[0])
    assert run("check", folder, "--waived")[0][0].endswith("(and so from there on)")
    _, errors = run("check", folder, "--waive", "nothing", code=2)
    assert "there is no finding 'nothing'" in errors and "memagent story check" in errors


def test_the_log_says_what_a_paragraph_contradicts(folder):
    lines, _ = run("log", folder)
    at = next(number for number, line in enumerate(lines) if "paragraph 4" in line)
    assert lines[at + 1].strip() == "contradicts: Mara's eyes: “brown”; “green” in ch.1 ¶1"


def test_unread_paragraphs_are_read_by_the_model_and_it_says_what_that_cost(folder):
    _, errors = run("memory", "extract", folder)
    lines = errors.splitlines()
    assert "4 paragraphs to read by offline" in lines[-6] and lines[-5].startswith("ch.1 ¶1: ")
    assert lines[-1].startswith("4 calls, ")
    assert "0 paragraphs to read by offline" in run("memory", "extract", folder)[1]
