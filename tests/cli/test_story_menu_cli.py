"""The questions between two paragraphs, and what is told behind each: at a real terminal."""

from __future__ import annotations

import json
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
    asked = ("--chapters", 3, "--words", 2000)
    assert memagent("story", "init", folder, "--premise", PREMISE, "-m", "offline", *asked).returncode == 0
    assert memagent("story", "write", folder, "-n", 4, "--auto", "-q").returncode == 0
    return folder


@pytest.fixture
def folder(written: Path, tmp_path: Path) -> Path:
    return shutil.copytree(written, tmp_path / "lamp")


def test_a_writer_steers_at_the_question_between_two_paragraphs(folder: Path) -> None:
    before = Story(folder)
    fourth, plans = before.record.paragraphs[3], before.record.state.plans if before.record.state else ()
    with Terminal("story", "write", folder) as terminal:

        def answer(text: str, question: str = "q quit [1]") -> None:
            terminal.expect(question)
            terminal.type(text + "\n")

        answer("w")
        answer("q", "What happens next:")
        terminal.expect("'q' is one of the choices and no plan")
        answer("", "What happens next:")  # the plan in one's own words can be left again
        answer("?")
        terminal.expect("every text stays in memagent story alt")
        answer("x")
        terminal.expect("is not one of the choices")
        answer("m")
        terminal.expect("1 call")
        others = Story(folder).record.state
        assert others is not None and not set(others.plans) & set(plans)
        answer("")  # as the question says: the first
        shown = terminal.expect("¶5")
        assert "memory +" in shown + terminal.expect("What happens next?")
        fifth = Story(folder).record.paragraphs[4]
        answer("r")
        terminal.expect("taken back: paragraph 5")
        terminal.expect("¶5")
        answer("u")
        terminal.expect("taken back: paragraph 5")
        answer("u")
        terminal.expect("taken back: other plans")
        terminal.expect("taken back: paragraph 4")
        answer("u")
        terminal.expect("This is the opening")
        answer("q")
        assert terminal.end() == 0
    story = Story(folder)
    texts = [one["written"] for one in story.log.events if one["type"] == "written" and one["number"] == 5]
    picked = [one["plan"] for one in story.log.events if one["type"] == "picked"]
    assert len(texts) == 2 and texts[0] == [fifth] != texts[1]  # written twice, after one choice
    assert picked == [others.plans[0]]
    assert fourth not in story.record.paragraphs and len(story.record.paragraphs) == 3
    assert memagent("story", "redo", folder, 1).returncode == 0
    assert Story(folder).record.paragraphs[3] == fourth


def test_other_plans_come_without_a_terminal_too_and_know_those_that_were_seen(folder: Path) -> None:
    assert memagent("story", "pick", folder, "--more", "-q").returncode == 0
    state = Story(folder).record.state
    assert state is not None
    reply = json.dumps({"plans": ["Row.", "Wait.", "Sleep."]})
    with FakeOpenAIServer([reply, "no", "no", "no"]) as server:
        done = memagent("story", "pick", folder, "--more", "-m", f"openai:fake@{server.url}")
        assert done.stdout.split() == ["1", "Row.", "2", "Wait.", "3", "Sleep."]
        asked = server.requests[0].payload["messages"][-1]["content"]
        assert all(plan in asked for plan in state.plans)
        failed = memagent("story", "pick", folder, "--more", "-m", f"openai:fake@{server.url}")
    assert failed.returncode == 4 and "The plans are as they were" in failed.stderr
    assert Story(folder).record.state.plans == ("Row.", "Wait.", "Sleep.")  # type: ignore[union-attr]
    assert memagent("story", "undo", folder).returncode == 0
    assert Story(folder).record.state == state


def test_behind_each_paragraph_stands_what_the_memory_changed_and_what_of_the_limit_is_spent(folder: Path) -> None:
    done = memagent("story", "write", folder, "-n", 1, "--auto", "--max-tokens", 90_000)
    assert "ch.1 of 3, " in done.stderr and "of 2,000 words" in done.stderr
    assert "of the limit of 90,000 tokens" in done.stderr
    assert "   memory − " in done.stderr and "   memory + " in done.stderr
    assert max(len(line) for line in done.stderr.splitlines() if str(folder) not in line) < 80


def test_a_price_that_is_not_known_is_said_to_be_unknown_everywhere_and_no_limit(folder: Path) -> None:
    step = {"paragraph": "Fifth.", "rationale": "New.", "memory": "A boat.", "plans": ["Row.", "Wait.", "Sleep."]}
    assert memagent("story", "pick", folder, 1).returncode == 0
    with FakeOpenAIServer([json.dumps(step)]) as server:
        model = ("-m", f"openai:nobody-knows@{server.url}")
        refused = memagent("story", "write", folder, "--auto", *model, "--max-cost", 1)
        assert (refused.returncode, server.requests) == (3, [])
        assert "the price of this model is not known" in refused.stderr and "MEMAGENT_PRICES" in refused.stderr
        done = memagent("story", "write", folder, "--auto", *model)
    assert done.returncode == 0 and "$" not in done.stderr and "cost unknown" in done.stderr
    for command in ("status", "cost", "log"):
        shown = memagent("story", command, folder)
        assert "cost unknown" in shown.stdout, command
    assert json.loads(memagent("story", "status", folder, "--json").stdout)["usage"]["cost"] is None


def test_a_player_may_leave_the_slash_out_and_ctrl_c_ends_with_130(folder: Path) -> None:
    with Terminal("story", "play", folder) as terminal:

        def answer(text: str) -> None:
            terminal.expect("> ")
            terminal.type(text + "\n")

        terminal.expect("/quit")
        answer("?")
        terminal.expect("take the last turn back")
        answer("...")
        answer("")
        terminal.expect("take the last turn back")
        answer("undo")
        terminal.expect("taken back: paragraph 4")
        answer("more")
        terminal.expect("  3  ")
        terminal.expect("> ")
        terminal.interrupt()
        assert terminal.end() == 130
        assert "Play on: memagent story play" in terminal.raw
    story = Story(folder)
    assert len(story.record.paragraphs) == 3 and not any(one["type"] == "picked" for one in story.log.events)
    with Terminal("story", "play", folder) as terminal:
        terminal.expect("> ")
        terminal.type("q\n")
        assert terminal.end() == 0


def test_a_contradiction_is_shown_and_asked_of_before_it_is_accepted(folder: Path, tmp_path: Path) -> None:
    page = folder / "chapters" / "01.md"
    page.write_text(page.read_text() + "\nMara Voss had green eyes.\n")
    assert memagent("story", "sync", folder, "-q").returncode == 0

    def reply(text: str) -> str:
        return json.dumps({"paragraph": text, "rationale": "", "memory": "Well.", "plans": ["One.", "Two.", "Three."]})

    texts = ("Mara Voss had brown eyes.", "Mara Voss had blue eyes.", "Mara Voss had red hair.")
    server = FakeOpenAIServer([reply(text) for text in texts])
    edited = tmp_path / "editor.sh"
    edited.write_text("#!/bin/sh\necho 'Mara Voss had her green eyes shut.' > \"$1\"\n")
    edited.chmod(0o755)
    with server, Terminal(
        "story", "write", folder, "-n", 2, "-m", f"openai:fake@{server.url}", OPENAI_API_KEY="x", EDITOR=str(edited)
    ) as terminal:  # fmt: skip
        terminal.expect("[1]")
        terminal.type("1\n")
        shown = terminal.expect("What becomes of it")
        assert texts[0] in shown and "is not accepted yet" in shown and "“green” in ch.1 ¶5" in " ".join(shown.split())
        assert len(Story(folder).record.paragraphs) == 5
        terminal.type("r\n")
        terminal.expect("What becomes of it")
        terminal.type("e\n")
        terminal.expect("That contradicts nothing")
        terminal.expect("[1]")
        terminal.type("1\n")
        assert terminal.end() == 0
    assert Story(folder).record.paragraphs[5:] == ["Mara Voss had her green eyes shut.", texts[2]]


def test_a_draft_that_was_edited_is_shown_again_before_it_is_taken(folder: Path, tmp_path: Path) -> None:
    editor = tmp_path / "editor.sh"
    editor.write_text("#!/bin/sh\nprintf 'She waited.\\n\\nNobody came.\\n' > \"$1\"\n")
    editor.chmod(0o755)
    with Terminal("story", "revise", "ch.1 p2", "shorter", folder, EDITOR=str(editor)) as terminal:
        terminal.expect("n leave it:")
        terminal.type("e\n")
        assert "Nobody came." in terminal.expect("n leave it:")
        terminal.type("y\n")
        assert terminal.end() == 0
    assert Story(folder).record.paragraphs[1] == "She waited.\nNobody came."  # one paragraph still
    assert memagent("story", "sync", folder, "--check").returncode == 0


def test_who_is_above_a_story_is_told_its_folder(folder: Path, tmp_path: Path) -> None:
    asked = memagent("story", "status", tmp_path)
    assert (asked.returncode, f"Give the folder of one: {folder}\n" in asked.stderr) == (1, True)
