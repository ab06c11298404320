"""Steering a story from the command line: outline, undo, revise, alternatives, forks, context, play, the wizard."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from commands import Terminal, memagent

from memagent import Story
from memagent.testing import FakeOpenAIServer

PREMISE = "A lighthouse keeper stops believing that her brother is dead."


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("story") / "lamp"
    assert memagent("story", "init", folder, "--premise", PREMISE, "-m", "offline").returncode == 0
    assert memagent("story", "write", folder, "-n", 6, "--auto", "-q").returncode == 0
    return folder


@pytest.fixture
def folder(written: Path, tmp_path: Path) -> Path:
    return shutil.copytree(written, tmp_path / "lamp")


def manuscript(folder: Path) -> str:
    return "".join(path.read_text() for path in sorted((folder / "chapters").iterdir()))


def test_undo_and_redo_say_what_they_did(folder: Path) -> None:
    before = manuscript(folder)
    done = memagent("story", "undo", folder, 2)
    assert done.returncode == 0
    assert done.stderr.splitlines()[:2] == ["taken back: paragraph 6", "taken back: paragraph 5"]
    assert len(Story(folder).record.paragraphs) == 4
    assert "brought back: paragraph 5" in memagent("story", "redo", folder, 2).stderr
    assert manuscript(folder) == before
    too_many = memagent("story", "undo", folder, 99)
    assert (too_many.returncode, "There are 4 steps to take back" in too_many.stderr) == (2, True)
    assert memagent("story", "redo", folder).returncode == 2


def test_a_paragraph_is_revised_and_every_text_of_it_is_kept(folder: Path) -> None:
    asked = memagent("story", "revise", "ch.1 p2", "shorter", folder)
    assert (asked.returncode, "Add --yes" in asked.stderr) == (2, True)  # nobody is there to ask
    before = Story(folder).record.paragraphs[1]
    done = memagent("story", "revise", "ch.1 p2", "shorter", folder, "-y", "--json")
    told = json.loads(done.stdout)
    assert Story(folder).record.paragraphs[1] == told["taken"] != before
    assert "[-" in done.stderr
    texts = json.loads(memagent("story", "alt", "ch.1 p2", folder, "--json").stdout)
    assert [(one["text"] == before, one["now"]) for one in texts] == [(True, False), (False, True)]
    assert "{+" in memagent("story", "alt", "ch.1 p2", folder, "--diff").stdout
    assert memagent("story", "alt", "ch.1 p2", folder, "--restore", 1).returncode == 0
    assert Story(folder).record.paragraphs[1] == before
    for wrong in ("ch.9 p1", "ch.1", "nowhere", "ch.1 p99"):
        assert memagent("story", "revise", wrong, "shorter", folder, "-y").returncode == 2


def test_a_fork_goes_its_own_way(folder: Path, tmp_path: Path) -> None:
    done = memagent("story", "branch", tmp_path / "fork", folder, "--at", "ch.1 p4")
    assert (done.returncode, "4 paragraphs" in done.stderr) == (0, True)
    assert memagent("story", "write", tmp_path / "fork", "--auto", "-q").returncode == 0
    assert manuscript(tmp_path / "fork") != manuscript(folder)
    assert memagent("story", "branch", tmp_path / "fork", folder).returncode == 1


def test_an_outline_is_planned_written_to_and_told(folder: Path) -> None:
    planned = memagent("story", "plan", folder, "--chapters", "1-2", "--json")
    assert [set(one) for one in json.loads(planned.stdout)] == [{"title", "beats", "words"}] * 2
    outline = folder / "outline.md"
    outline.write_text(re.sub(r"^## (.*)$", r"## \1 (900 words)", outline.read_text(), flags=re.MULTILINE))
    assert memagent("story", "write", folder, "--until", "end", "--auto", "-q").returncode == 0
    status = memagent("story", "status", folder).stdout
    assert re.search(r"ch\.1 +\d{3},?\d* of 900 words", status) and "ch.2" in status
    assert sorted(path.name for path in (folder / "chapters").iterdir()) == ["01.md", "02.md"]
    for wrong in (("--chapters", "0"), ("--chapters", "3-1"), ("--chapters", "x"), ("--chapters", "9")):
        assert memagent("story", "plan", folder, *wrong).returncode == 2


def test_a_run_to_a_chapter_behind_the_outline_says_that_it_ends_before(folder: Path) -> None:
    (folder / "outline.md").write_text("## Bells (60 words)\n\n## Rain (60 words)\n")
    done = memagent("story", "write", folder, "--until", "ch:9", "--auto")
    assert done.returncode == 0
    assert "The outline ends with chapter 2" in done.stderr
    assert f"memagent story plan {folder} --chapters 3-9" in done.stderr
    assert "The outline ends" not in memagent("story", "write", folder, "--until", "ch:2", "--auto").stderr


def test_context_shows_just_what_the_next_call_sends(folder: Path) -> None:
    (folder / "note.md").write_text("Keep it cold.")
    (folder / "style.md").write_text("Short sentences, & no <adverbs>.")
    step = {
        "paragraph": "Seventh comes the boat.",
        "rationale": "New.",
        "memory": "Mara keeps the lamp. There is a boat.",
        "plans": ["Row.", "Wait.", "Sleep."],
    }
    assert memagent("story", "pick", folder, 2).returncode == 0
    with FakeOpenAIServer([json.dumps(step)]) as server:
        model = f"openai:fake@{server.url}"
        shown = json.loads(memagent("story", "context", folder, "-m", model, "--json").stdout)
        raw = memagent("story", "context", folder, "-m", model, "--raw").stdout
        assert server.requests == []  # nothing was sent
        assert memagent("story", "write", folder, "-m", model, "--auto", "-q").returncode == 0
        assert server.requests[0].payload == shown["request"]  # the schema, the seed and all else
        sent = server.requests[0].payload["messages"]
    assert '"paragraph"' in raw.splitlines()[-1] and shown["tokens"]["schema"] > 50
    assert [(one["role"], one["content"]) for one in shown["messages"]] == [
        (one["role"], one["content"]) for one in sent
    ]
    assert all(one["content"] in raw for one in sent)
    assert "<note>\nKeep it cold.\n</note>" in raw and "Short sentences" in raw
    assert {"style", "note", "memory", "plan", "recalled"} <= set(shown["tokens"])
    listed = memagent("story", "context", folder, "--plan", 1).stdout
    assert "recurrent/step for offline" in listed and max(map(len, listed.splitlines())) <= 80


def test_log_cost_and_diag_tell_what_happened_and_nothing_of_the_story(folder: Path) -> None:
    assert "the opening, 3 paragraphs" in memagent("story", "log", folder).stdout
    assert len(memagent("story", "log", folder, "-n", 2, "--json").stdout.splitlines()) == 2
    cost = memagent("story", "cost", folder)
    assert "in all" in cost.stdout and "10 paragraphs more:\n  ~" in cost.stderr
    data = json.loads(memagent("story", "cost", folder, "--json").stdout)
    assert data["all"]["calls"] == sum(one["calls"] for one in data["chapter"].values())
    report = memagent("story", "diag", folder).stdout
    assert json.loads(report)["paragraphs"] == 6
    words = {word for word in re.findall(r"[A-Z][a-z]{4,}", manuscript(folder)) if word not in ("Linux",)}
    assert not [word for word in words if word in report] and PREMISE not in report


# A person at a terminal.


def test_a_story_is_played_with_numbers_words_and_steps_back(folder: Path) -> None:
    with Terminal("story", "play", folder) as terminal:
        terminal.expect("/quit")
        terminal.type("1\n")
        terminal.expect("¶7")
        terminal.expect("/quit")
        terminal.type("She burns the boat.\n")
        terminal.expect("¶8")
        terminal.expect("/quit")
        terminal.type("9\n")
        terminal.expect("There is no choice 9")
        terminal.type("/undo\n")
        terminal.expect("taken back: paragraph 8")
        terminal.expect("She burns the boat.")
        terminal.type("/memory\n")
        terminal.expect("It began like this")
        terminal.type("/quit\n")
        terminal.expect("Play on: memagent story play")
        assert terminal.end() == 0
    assert len(Story(folder).record.paragraphs) == 7
    nobody = memagent("story", "play", folder)
    assert (nobody.returncode, "on a terminal" in nobody.stderr) == (2, True)


def test_the_wizard_asks_for_what_a_story_needs(tmp_path: Path) -> None:
    with Terminal("story", "init", tmp_path / "lamp") as terminal:
        for question, answer in (
            ("What is it about", PREMISE),
            ("Which model", "offline"),
            ("In which language", ""),
            ("Genre", "mystery"),
            ("How many chapters", "3"),
            ("how many words", "500"),
        ):
            terminal.expect(question)
            terminal.type(answer + "\n")
        terminal.expect("3 chapters of about 500 words")
        assert terminal.end() == 0
    story = Story(tmp_path / "lamp")
    assert (story.premise, story.config.genre, story.config.chapter_words) == (PREMISE, "mystery", 500)


def test_ctrl_c_in_the_wizard_leaves_nothing_behind(tmp_path: Path) -> None:
    with Terminal("story", "init", tmp_path / "lamp") as terminal:
        terminal.expect("What is it about")
        terminal.interrupt()
        assert terminal.end() == 130
    assert not (tmp_path / "lamp").exists()


def test_a_revision_is_shown_word_by_word_and_left_or_taken(folder: Path) -> None:
    before = Story(folder).record.paragraphs[3]
    for answer, changed in (("n", False), ("y", True)):
        with Terminal("story", "revise", "ch.1 p4", "shorter", folder) as terminal:
            terminal.expect("[-")
            terminal.expect("leave it")
            terminal.type(answer + "\n")
            assert terminal.end() == 0
        assert (Story(folder).record.paragraphs[3] != before) == changed


def test_the_chapters_that_were_asked_for_are_kept_told_and_the_end(tmp_path: Path) -> None:
    folder = tmp_path / "three"
    asked = ("--chapters", 3, "--words", 300, "-m", "offline", "--premise", PREMISE, "-q")
    assert memagent("story", "init", folder, *asked).returncode == 0
    done = memagent("story", "write", folder, "--until", "end", "--auto", "-q")
    assert done.returncode == 0, done.stderr
    told = json.loads(memagent("story", "status", folder, "--json").stdout)
    assert (told["of"], len(told["chapters"]), told["model"]) == (3, 3, "offline")
    assert all(one["asked"] == 300 and one["words"] > 100 for one in told["chapters"])
    assert told["next"] == f"memagent story write {folder}"
    on = memagent("story", "write", folder, "-n", 1, "--auto")
    assert "all 3 chapters are written; this goes on behind them, in chapter 4" in on.stderr
    assert "behind the 3 asked for" in memagent("story", "status", folder).stdout
    far = memagent("story", "write", folder, "--until", "ch:9", "--auto")
    assert "3 chapters were asked for" in " ".join(far.stderr.split())


def test_context_of_a_story_whose_model_chooses_says_how_to_see_the_paragraphs_call(folder: Path) -> None:
    shown = memagent("story", "context", folder, "-m", "offline")
    assert "recurrent/choose" in shown.stdout and "context --plan 1" in shown.stderr
    assert "chooses the plan" not in memagent("story", "context", folder, "-m", "offline", "--plan", 1).stderr
