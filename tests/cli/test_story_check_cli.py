"""`memagent story check` as its users run it."""

from __future__ import annotations

import json
import re

import pytest
from click.testing import CliRunner

from memagent import Story
from memagent.cli.story_check import check
from memagent.cli.word_diff import word_diff
from memagent.story.config import StoryConfig
from memagent.story.finding import digest_of, finding_id


@pytest.fixture
def folder(tmp_path):
    story = Story.create(tmp_path / "lamp", "A lamp goes out.", StoryConfig(llm="offline"))
    story.write(3)
    return story.folder


def edit(folder, *paragraphs: str) -> None:
    """Put other paragraphs into the story, as a person does who edits the manuscript."""
    (page,) = (folder / "chapters").glob("*.md")
    page.write_text("# The Lamp\n\n" + "\n\n".join(paragraphs) + "\n", encoding="utf-8")
    story = Story(folder)
    with story.editing(adopt=False):
        story.sync()


def run(*arguments: object):
    done = CliRunner().invoke(check, [str(one) for one in arguments], standalone_mode=False, env={"COLUMNS": "80"})
    assert done.exception is None, done.exception
    return done


def test_findings_are_a_tidy_table_and_exit_with_6(folder):
    edit(
        folder,
        "Mara's eyes were green.",
        "Tomas was Mara's brother.",
        "Mara's eyes were brown. Tomas was Mara's uncle.",
    )
    done = run(folder)
    where = digest_of("Mara's eyes were brown. Tomas was Mara's uncle.")
    eyes, kin = (
        finding_id("canon", "Mara, eyes: green > brown", where),
        finding_id("canon", "Tomas, kin of Mara: brother > uncle", where),
    )
    assert done.return_value == 6
    assert done.stdout.splitlines() == [
        f"ch.1 ¶3  canon     {eyes}  Mara's eyes: “brown”; “green” in ch.1 ¶1",
        f"ch.1 ¶3  canon     {kin}  Tomas is Mara's “uncle”; “brother” in ch.1 ¶2",
        "2 findings (2 canon), 0 model calls",
    ]


def test_a_long_finding_is_wrapped_under_itself(folder):
    said = "The seven grey herons stalked solemnly between rotting jetties while fishermen mended"
    edit(folder, f"{said} torn nets.", f"{said} old sails.", "Night.")
    lines = run(folder, "--repetition").stdout.splitlines()
    assert len(lines) == 3 and lines[1].startswith(" " * 29) and max(map(len, lines)) < 80


def test_a_clean_story_exits_with_0(folder):
    edit(folder, "Fog came.", "Rain came later.", "Night fell.")
    done = run(folder)
    assert (done.return_value, done.stdout) == (0, "0 findings, 0 model calls\n")


def test_a_check_can_be_chosen_and_printed_as_json(folder):
    edit(folder, "Mara's eyes were green.", "It was Thursday.", "Mara's eyes were brown. It was Wednesday.")
    found = json.loads(run(folder, "--timeline", "--json").stdout)
    assert found["calls"] == 0
    assert [one["kind"] for one in found["findings"]] == ["timeline"]
    assert found["findings"][0]["place"] == "ch.1 ¶3"
    assert len(json.loads(run(folder, "--timeline", "--canon", "--json").stdout)["findings"]) == 2


def test_length_is_judged_by_the_outline_for_chapters_that_are_done(folder):
    (folder / "outline.md").write_text("## One (50 words)\n\n## Two (50 words)\n", encoding="utf-8")
    edit(folder, "word " * 90)
    (line, _) = run(folder, "--length").stdout.splitlines()
    assert line.startswith("ch.1  length  ") and line.endswith("  90 of 50 words asked")
    edit(folder, "word " * 20)
    assert run(folder, "--length").return_value == 0


def test_the_worst_comes_first_and_as_many_as_asked_are_shown(folder):
    said = "seven grey herons stalked solemnly between rotting jetties"
    edit(folder, f"There {said}.", f"Again {said}. Mara's eyes were green.", "Mara had brown eyes. It was 1900.")
    lines = run(folder).stdout.splitlines()
    assert [line.split()[2] for line in lines[:2]] == ["canon", "repeat"]
    assert lines[-1] == "2 findings (1 canon, 1 repeat), 0 model calls"
    done = run(folder, "--limit", 1)
    assert len(done.stdout.splitlines()) == 2 and "1 more are not shown" in done.stderr
    told = json.loads(run(folder, "--json").stdout)
    assert told["kinds"] == {"canon": 1, "repeat": 1} and len(told["findings"]) == 2
    assert told["findings"][1]["places"] == ["ch.1 ¶1", "ch.1 ¶2"]


def test_a_waiver_of_one_scene_leaves_the_same_slip_elsewhere(folder):
    edit(folder, "Mara's eyes were green.", "Mara had brown eyes.", "Mara had brown eyes, as ever.")
    first, second = json.loads(run(folder, "--json").stdout)["findings"]
    assert first["key"] == second["key"] and first["id"] != second["id"]
    run(folder, "--waive", first["id"])
    assert [one["id"] for one in json.loads(run(folder, "--json").stdout)["findings"]] == [second["id"]]


def test_the_words_of_a_rewrite_are_told_in_runs(monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    before = "Ines walked home and sat down. She was glad to be there to think about it all."
    now = "Bram laughed and sat down. “No,” said Bram, to be there was to be glad about it all."
    told = word_diff(before, now)
    begins = "[-Ines walked home-]{+Bram laughed+} and sat down. [-She was glad-]{+“No,” said Bram,+} to be there "
    assert told.startswith(begins)
    for mark, text in (("{+", before), ("[-", now)):
        end = {"{+": "+}", "[-": "-]"}[mark]
        left = re.sub(rf"{re.escape(mark)}.*?{re.escape(end)}", "", told)
        assert re.sub(r"\[-|-\]|\{\+|\+\}", "", left) == text
    assert word_diff("灯塔的看守人不再相信", "灯塔的老看守人也不再相信") == "灯塔的{+老+}看守人{+也+}不再相信"
