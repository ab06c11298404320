"""A paragraph that contradicts what was told waits until somebody decides; nothing of it is lost or paid for twice."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from test_canon import reply
from test_continuity import OPENING, RIGHT, WRONG, begun, facts_reply

from memagent import Controller, Story
from memagent.cli import run
from memagent.errors import HeldBack, UsageProblem
from memagent.story import holding
from memagent.story.config import StoryConfig
from memagent.story.context import next_request
from memagent.story.drafts import drafts, redo, undo
from memagent.story.edited import shown
from memagent.story.holding import Decision, Held, wanted
from memagent.story.log import event
from memagent.story.manuscript import Place
from memagent.story.revising import offer, take, waiting
from memagent.story.writing import Progress, write
from memagent.testing import ScriptedLLM
from tests.cli.commands import Terminal, memagent

BROWN = "Mara's eyes: “brown”; “green” in ch.1 ¶1"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "lamp"


def go(story: Story, until: int, llm: Any, *decisions: Decision, asking: bool = True, **more: Any) -> list[Held]:
    """Write, with somebody there who decides so, one after the other; return what they were asked."""
    left, held = list(decisions), list[Held]()

    def decide(one: Held) -> Decision:
        held.append(one)
        return left.pop(0)

    progress = Progress(decide=decide if decisions else None, asking=asking, **more)
    with story.editing():
        write(story, Controller(llm, story.memory), until, select="first", progress=progress)
    assert not left
    return held


def test_who_is_asked_for_plans_is_asked_of_a_contradiction_before_it_is_accepted(folder: Path) -> None:
    story = begun(folder)
    llm = ScriptedLLM([reply(WRONG), reply(RIGHT)])
    (held,) = go(story, 4, llm, Decision("again"))
    assert (str(held.place), held.text, [one.text for one in held.findings]) == ("ch.1 ¶4", WRONG, [BROWN])
    assert story.record.paragraphs[3:] == [RIGHT]
    assert [(one.text, one.by, one.now) for one in drafts(story, Place(1, 4))] == [
        (WRONG, "held back", False),
        (RIGHT, "written", True),
    ]
    assert story.record.usage.calls == 3 and len(llm.requests) == 2
    assert Story(folder).record == story.record


@pytest.mark.parametrize("how", ["stop", "ask"])
def test_a_run_that_nobody_watches_stops_before_a_contradiction_and_pays_for_nothing_twice(
    folder: Path, how: str
) -> None:
    story = begun(folder, continuity_check=how)
    for replies in ([reply(WRONG)], []):  # the same run again asks no model
        with pytest.raises(HeldBack, match="is put aside") as refused:
            go(story, 5, ScriptedLLM(replies), asking=False)
        assert [one.text for one in refused.value.findings] == [BROWN]
        assert WRONG not in (folder / "chapters" / "01.md").read_text()
        story = Story(folder)
    assert story.record.usage.calls == 2
    go(story, 5, ScriptedLLM([reply(RIGHT)]), asking=False, given=Decision("keep"))
    assert story.record.paragraphs[3:] == [WRONG, RIGHT]
    assert story.record.usage.calls == 3
    assert [one.get("findings", [{}])[0].get("text") for one in story.record.done[1:]] == [BROWN, None]


def test_a_contradiction_that_was_mended_in_the_older_text_waits_no_more(folder: Path) -> None:
    story = begun(folder, continuity_check="stop")
    with pytest.raises(HeldBack):
        go(story, 4, ScriptedLLM([reply(WRONG)]), asking=False)
    page = folder / "chapters" / "01.md"
    page.write_text(page.read_text().replace("green", "brown"))
    with story.editing(adopt=False):
        story.sync()
    go(story, 4, ScriptedLLM([]), asking=False)
    assert story.record.paragraphs[3] == WRONG
    assert "¶1 was: Mara's eyes were green." in shown(story.record)  # its memory does not know of that
    assert "¶4" not in shown(story.record) and Story(folder).record == story.record


def test_an_edited_text_is_taken_in_its_place_and_the_next_prompt_says_so(folder: Path) -> None:
    story = begun(folder)
    go(story, 4, ScriptedLLM([reply(WRONG)]), Decision("keep", "Mara had grey-green eyes."))
    assert story.record.paragraphs[3] == "Mara had grey-green eyes."
    assert "grey-green" in shown(story.record)
    with story.editing():
        assert {one.text for one in story.memory.passages()} == set(story.record.paragraphs[:3])


def test_another_plan_lets_a_paragraph_go_and_what_takes_the_plan_back_lets_it_wait_again(folder: Path) -> None:
    story = begun(folder, continuity_check="stop")
    with pytest.raises(HeldBack):
        go(story, 4, ScriptedLLM([reply(WRONG)]), asking=False)
    with story.editing():
        for elsewhere in (lambda: story.pick("Mara sleeps."), lambda: story.commit(event("plans", plans=["Fog."]))):
            elsewhere()
            assert holding.waiting(story) is None
            with pytest.raises(UsageProblem, match="no paragraph waits"):
                holding.keep(story)
            assert [(one.text, one.waits) for one in drafts(story, Place(1, 4))] == [(WRONG, False)]
            undo(story)
            assert [(one.text, one.waits) for one in drafts(story, Place(1, 4))] == [(WRONG, True)]
        undo(story)  # the opening, behind which it was written
        assert holding.waiting(story) is None
        redo(story)
        assert holding.waiting(story) is not None
        assert Story(folder).record == story.record
    go(story, 5, ScriptedLLM([reply(RIGHT)]), asking=False, given=Decision("keep"))
    with story.editing():
        undo(story, 2)  # what was decided on is decided on
        assert holding.waiting(story) is None
    assert story.record.usage.calls == 3


def test_the_short_memory_may_be_edited_while_a_paragraph_waits_and_goes_before_the_models(folder: Path) -> None:
    story = begun(folder, continuity_check="stop")
    with pytest.raises(HeldBack):
        go(story, 4, ScriptedLLM([reply(WRONG)]), asking=False)
    with story.editing():
        story.edit_memory("Mara dyes her hair.")
    go(story, 4, ScriptedLLM([]), asking=False, given=Decision("keep"))
    assert story.state is not None and story.state.memory == "Mara dyes her hair."
    assert story.record.paragraphs[3] == WRONG


def test_what_is_written_again_is_told_what_it_contradicted_until_something_is_written(folder: Path) -> None:
    story = begun(folder, continuity_check="stop", llm="offline")
    with pytest.raises(HeldBack):
        go(story, 4, ScriptedLLM([reply(WRONG)]), asking=False)
    with story.editing():
        holding.again(story)
        assert BROWN in next_request(story, ScriptedLLM([]), "first").messages[-1].content
    llm = ScriptedLLM([reply(RIGHT), reply("Fog came again.")])
    go(story, 5, llm, asking=False)
    assert [BROWN in "".join(one.content for one in request.messages) for request in llm.requests] == [True, False]


def test_what_was_written_twice_and_contradicts_still_is_asked_of_or_told(folder: Path) -> None:
    story = begun(folder, continuity_check="retry")
    again = "Mara's brown eyes shone."
    (held,) = go(story, 4, ScriptedLLM([reply(WRONG), reply(again)]), Decision("keep"))
    assert held.text == again and story.record.paragraphs[3] == again
    assert {one.text for one in drafts(story, Place(1, 4))} == {WRONG, again}
    told: list[str] = []
    progress = Progress(on_findings=lambda found, problems: told.extend(problems))
    with story.editing():
        write(
            story, Controller(ScriptedLLM([reply(WRONG), reply(again)]), story.memory), 5, select="first",
            progress=progress,
        )  # fmt: skip
    assert told == ["it was written once more, and contradicts what was told still"]


def test_an_opening_is_never_held_back(folder: Path) -> None:
    story = Story.create(folder, "A lamp goes out.", StoryConfig(select="first", continuity_check="stop"))
    assert len(story.write(3, llm=ScriptedLLM([OPENING.replace("Fog came.", WRONG)]))) == 3


def test_a_draft_that_contradicts_is_not_taken_where_that_is_not_wanted(folder: Path) -> None:
    story = Story.create(folder, "A lamp goes out.", StoryConfig(select="first", continuity="model"))
    facts = [facts_reply(("Mara", "eyes", "green"), ("Mara", "mood", "calm")), facts_reply(), facts_reply()]
    story.write(3, llm=ScriptedLLM([OPENING, *facts]))
    memory, clash = json.dumps({"memory": "All is well."}), facts_reply(clashes=((1, "Mara wept", "she never does"),))
    llm = ScriptedLLM([json.dumps({"paragraph": WRONG}), json.dumps({"paragraph": "Mara wept."}), memory, clash])
    with story.editing():
        controller = Controller(llm, story.memory)
        for calls, wish in ((1, "by rule: no call is made"), (4, "by what the model reads")):
            draft = offer(story, controller, Place(1, 3), wish)
            with pytest.raises(HeldBack, match="is not taken"):
                take(story, controller, Place(1, 3), draft, unless_it_contradicts=True)
            assert len(llm.requests) == calls
            assert not waiting(story, controller, Place(1, 3), wish)  # the same command asks for another one
            assert story.record.usage.calls == 4 + calls
    assert Story(folder).record.paragraphs[2] == "Fog came."


def test_who_is_asked_and_where_a_run_stops() -> None:
    def all_of(how: str) -> list[str]:
        return [wanted(how, asking=asking, somebody=there) for asking, there in ((1, 1), (0, 1), (0, 0))]

    assert all_of("auto") == all_of("retry") == ["ask", "tell", "tell"]
    assert all_of("ask") == ["ask", "ask", "stop"]
    assert (all_of("stop"), all_of("tell"), all_of("off")) == (["stop"] * 3, ["tell"] * 3, ["tell"] * 3)


def test_a_command_that_was_stopped_says_how_it_goes_on(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("signal.signal", lambda number, handler: None)

    def here(*arguments: Any) -> tuple[int, str, str]:
        """Run a command in this process, which is faster."""
        capsys.readouterr()
        return run([str(one) for one in arguments]), *capsys.readouterr()

    story = begun(folder, continuity_check="stop", llm="offline")
    with pytest.raises(HeldBack):
        go(story, 4, ScriptedLLM([reply(WRONG)]), asking=False)
    stopped = memagent("story", "write", folder, "--auto", "-q")
    assert (stopped.returncode, stopped.stdout) == (6, "")
    for said in (WRONG, "is put aside", BROWN, "--keep", "--again"):
        assert said in " ".join(stopped.stderr.split())
    (to_read,) = re.findall(r"Read it: memagent (story alt) '(.*)' ", stopped.stderr)
    assert f"1  held back {datetime.now(UTC):%Y-%m-%d}" in (
        shown := memagent(*to_read[0].split(), to_read[1], folder).stdout
    )
    assert WRONG in shown and "waits to be kept" in shown
    assert memagent("story", "alt", to_read[1], folder, "--restore", "1").returncode == 2
    status = here("story", "status", folder)[1]
    assert "ch.1 ¶4 waits to be kept or written again" in status and BROWN in status
    told = here("story", "pick", folder, "2")[2]
    assert "is let go" in told and f"story alt 'ch.1 ¶4' {folder}" in told
    told = here("story", "undo", folder)[2]
    assert "ch.1 ¶4 waits again" in told and "let go" not in told
    told = here("story", "undo", folder)[2]
    assert "is let go" in told and f"memagent story redo {folder}" in told
    assert "ch.1 ¶4 waits again" in here("story", "redo", folder)[2]
    page = folder / "chapters" / "01.md"
    page.write_text(page.read_text() + "\nBy hand.\n")
    told = here("story", "sync", folder)[2]
    assert "is let go" in told and " alt " not in told and f"again: memagent story undo {folder}" in told
    assert "ch.1 ¶4 waits again" in here("story", "undo", folder)[2]
    kept = memagent("story", "write", folder, "--auto", "--keep")
    assert (kept.returncode, WRONG in kept.stdout, "contradicts" in kept.stderr) == (0, True, True)
    assert memagent("story", "write", folder, "--auto", "--keep").returncode == 2


def test_a_text_that_was_mended_in_the_editor_is_what_is_shown_as_taken(folder: Path) -> None:
    story = begun(folder, continuity_check="stop", llm="offline")
    with pytest.raises(HeldBack):
        go(story, 4, ScriptedLLM([reply(WRONG)]), asking=False)
    settings, editor = folder / "story.toml", folder.with_name("editor.sh")
    settings.write_text(settings.read_text().replace('continuity_check = "stop"', 'continuity_check = "ask"'))
    editor.write_text('#!/bin/sh\nsed -i "s/brown/green/" "$1"\n')
    editor.chmod(0o755)
    command = ("story", "write", folder.name, "-n", 1)
    with Terminal(*command, cwd=folder.parent, NO_COLOR="1") as terminal:
        terminal.expect("What becomes of it: ")
        terminal.type("q\n")
        assert terminal.end() == 6
        assert max(map(len, terminal.raw.replace("\r", "").splitlines())) <= 80 and terminal.raw.count(WRONG) == 1
    with Terminal(*command, cwd=folder.parent, EDITOR=str(editor), NO_COLOR="1") as terminal:
        terminal.expect("What becomes of it: ")
        terminal.type("e\n")
        terminal.expect("it is taken.")
        assert terminal.end() == 0
        assert RIGHT in terminal.screen and WRONG not in terminal.screen
    assert Story(folder).record.paragraphs[3] == RIGHT


def test_a_run_killed_before_the_paragraph_was_put_aside_puts_it_aside_and_asks_for_nothing_twice(folder: Path) -> None:
    story = begun(folder, continuity_check="stop")
    log = folder / ".memagent" / "events.jsonl"
    before = log.read_bytes()
    with pytest.raises(HeldBack):
        go(story, 4, ScriptedLLM([reply(WRONG)]), asking=False)
    whole = Story(folder).record
    log.write_bytes(before)  # killed between the reply and the log
    with pytest.raises(HeldBack):
        go(Story(folder), 4, ScriptedLLM([]), asking=False)
    again = Story(folder).record
    assert (again.held or {})["step"] == (whole.held or {})["step"]
    assert again.usage == whole.usage
