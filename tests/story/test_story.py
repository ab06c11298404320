"""A story in a folder: what is on disk, who may edit it, and that nothing a person wrote is ever lost."""

from __future__ import annotations

import json
import shutil
import threading
from pathlib import Path
from typing import Any

import pytest

from memagent import Budget, Controller, Story
from memagent.errors import (
    BackendError,
    BudgetExceeded,
    Locked,
    MemagentError,
    ReplyError,
    StorageError,
    StorageFull,
    StoryError,
    UnknownName,
    Unsynced,
    UsageProblem,
)
from memagent.methods.recurrent import Settings
from memagent.story import writing
from memagent.story.config import StoryConfig
from memagent.story.writing import Progress, goal, reached, write
from memagent.testing import ScriptedLLM
from memagent.trace import Trace

PREMISE = "A lighthouse keeper stops believing that her brother is dead."


def paragraph(number: int, **changes: Any) -> str:
    fields = {
        "paragraph": f"Paragraph {number} tells of the lamp.",
        "rationale": "It is new.",
        "memory": f"Mara keeps the lamp. Known after {number}.",
        "plans": [f"Plan {letter} of the lamp after {number}." for letter in "abc"],
    }
    return json.dumps({**fields, **changes})


OPENING = json.dumps(
    {
        "title": "The Lamp",
        "outline": "It goes out.",
        "paragraphs": ["First comes fog.", "Second comes rain.", "Third comes night."],
        "memory": "Mara keeps the lamp.",
        "plans": ["Plan a, of fog.", "Plan b, of rain.", "Plan c, of night."],
    }
)


def replies(first: int = 4, last: int = 40) -> list[str]:
    return [paragraph(number) for number in range(first, last)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    Story.create(tmp_path / "lamp", PREMISE, StoryConfig(select="first"))
    return tmp_path / "lamp"


def go(folder: Path, until: int, llm: Any, **options: Any) -> Story:
    story = Story(folder)
    with story.editing():
        write(story, Controller(llm, story.memory, **options), until, select="first")
    return story


def log(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / ".memagent" / "events.jsonl").read_text().splitlines()]


def test_the_folder_is_plain_text_that_a_person_can_read(folder: Path) -> None:
    go(folder, 5, ScriptedLLM([OPENING, *replies()]))
    assert (folder / "premise.md").read_text() == PREMISE + "\n"
    assert (folder / "chapters" / "01.md").read_text() == (
        "# The Lamp\n\nFirst comes fog.\n\nSecond comes rain.\n\nThird comes night.\n\n"
        "Paragraph 4 tells of the lamp.\n\nParagraph 5 tells of the lamp.\n"
    )
    assert (folder / "memory" / "short.md").read_text() == "Mara keeps the lamp. Known after 5.\n"
    long = (folder / "memory" / "long.md").read_text()
    assert "## Paragraph 1\n\nFirst comes fog.\n" in long
    assert "## Paragraph 4\n\nParagraph 4 tells of the lamp.\n" in long
    assert "Paragraph 5 tells" not in long


def test_appended_pages_equal_pages_written_from_the_log(folder: Path) -> None:
    go(folder, 12, ScriptedLLM([OPENING, *replies()]))
    pages = [folder / "chapters" / "01.md", folder / "memory" / "long.md", folder / "memory" / "short.md"]
    appended = [page.read_bytes() for page in pages]
    for page in pages:
        page.unlink()
    with Story(folder).editing():
        pass
    assert [page.read_bytes() for page in pages] == appended


def test_the_memory_file_can_be_deleted_and_is_rebuilt(folder: Path) -> None:
    go(folder, 8, ScriptedLLM([OPENING, *replies()]))
    for path in (folder / ".memagent").glob("memory.db*"):
        path.unlink()
    story = Story(folder)
    with story.editing():
        assert [passage.id for passage in story.memory.passages()] == [f"p{number:06d}" for number in range(1, 8)]


def test_an_edited_short_memory_file_reaches_the_writer(folder: Path) -> None:
    go(folder, 4, ScriptedLLM([OPENING, *replies()]))
    (folder / "memory" / "short.md").write_text("Her brother is alive.\nHe has a parrot.\n")
    llm = ScriptedLLM(replies(5))
    story = go(folder, 5, llm)
    assert story.adopted == ["short memory"]
    assert "Her brother is alive.\nHe has a parrot." in llm.requests[0].messages[-1].content


def test_an_edited_and_a_deleted_long_memory_reach_the_writer(folder: Path) -> None:
    go(folder, 4, ScriptedLLM([OPENING, *replies()]))
    page = folder / "memory" / "long.md"
    text = page.read_text().replace("First comes fog.", "First comes a parrot.")
    page.write_text(text[: text.index("## Paragraph 2")] + text[text.index("## Paragraph 3") :])
    story = Story(folder)
    with story.editing():
        assert story.adopted == ["long memory of paragraph 1", "long memory of paragraph 2"]
        assert {p.id: p.text for p in story.memory.passages()} == {
            "p000001": "First comes a parrot.",
            "p000003": "Third comes night.",
        }
        story.pick("The parrot and the fog.")
        llm = ScriptedLLM(replies(5))
        write(story, Controller(llm, story.memory), 5, select="first")
    assert "First comes a parrot." in llm.requests[0].messages[-1].content
    assert "First comes fog." in (folder / "chapters" / "01.md").read_text()  # the manuscript is another matter


def test_edits_and_picks_through_the_library(folder: Path) -> None:
    go(folder, 4, ScriptedLLM([OPENING, *replies()]))
    story = Story(folder)
    with story.editing():
        assert story.pick(2) == "Plan b of the lamp after 4."
        story.edit_memory("The lamp is out.")
        story.edit_long(1, "Fog, and a parrot.")
        for wrong in (lambda: story.pick(4), lambda: story.pick(" "), lambda: story.edit_long(9, "x")):
            with pytest.raises(UsageProblem):
                wrong()
    llm = ScriptedLLM(replies(5))
    go(folder, 5, llm)
    prompt = llm.requests[0].messages[-1].content
    assert "<plan>\nPlan b of the lamp after 4.\n</plan>" in prompt
    assert "<memory>\nThe lamp is out.\n</memory>" in prompt


def test_a_manuscript_edited_by_hand_stops_writing_until_it_is_taken_up(folder: Path) -> None:
    go(folder, 5, ScriptedLLM([OPENING, *replies()]))
    page = folder / "chapters" / "01.md"
    edited = page.read_text().replace("Second comes rain.", "Second comes snow.")
    edited = edited.replace("Paragraph 5 tells of the lamp.", "Five: the lamp breaks.")
    page.write_text(edited)
    with pytest.raises(Unsynced, match="edited by hand"), Story(folder).editing():
        pass
    assert page.read_text() == edited
    story = Story(folder)
    with story.editing(adopt=False):
        assert story.sync() == 2
        assert [p.text for p in story.memory.passages()][1] != "Second comes rain."
    llm = ScriptedLLM(replies(6))
    go(folder, 6, llm)
    assert "<previous>\nFive: the lamp breaks.\n</previous>" in llm.requests[0].messages[-1].content
    assert page.read_text() == edited + "\nParagraph 6 tells of the lamp.\n"


def test_paragraphs_added_and_removed_by_hand_are_taken_up(folder: Path) -> None:
    go(folder, 6, ScriptedLLM([OPENING, *replies()]))
    page = folder / "chapters" / "01.md"
    page.write_text("# The Lamp\n\nOnly this.\n\nAnd this.\n")
    story = Story(folder)
    with story.editing(adopt=False):
        story.sync()
        assert {p.id: p.text for p in story.memory.passages()} == {"p000001": "Only this."}
    assert go(folder, 3, ScriptedLLM([paragraph(3)])).record.paragraphs == [
        "Only this.",
        "And this.",
        "Paragraph 3 tells of the lamp.",
    ]


def test_two_writers_cannot_write_one_story(folder: Path) -> None:
    inside, leave = threading.Event(), threading.Event()

    def hold() -> None:
        with Story(folder).editing():
            inside.set()
            leave.wait(10)

    holder = threading.Thread(target=hold)
    holder.start()
    inside.wait(10)
    try:
        with pytest.raises(Locked, match="another process"), Story(folder).editing():
            pass
        assert Story(folder).premise == PREMISE  # reading needs no lock
    finally:
        leave.set()
        holder.join()


def test_an_unreadable_reply_is_kept_and_the_story_is_as_it_was(folder: Path) -> None:
    go(folder, 4, ScriptedLLM([OPENING, *replies()]))
    before = {path: path.read_bytes() for path in folder.rglob("*.md")}
    story = Story(folder)
    with story.editing(), pytest.raises(ReplyError, match="no usable reply") as caught:
        write(story, Controller(ScriptedLLM(["bad"] * 2 + ["still bad, at length"]), story.memory), 5, select="first")
    [kept] = (folder / ".memagent" / "rejected").glob("*.txt")
    assert kept.read_text() == "still bad, at length"
    assert str(kept) in caught.value.hint
    assert {path: path.read_bytes() for path in folder.rglob("*.md")} == before
    assert len(Story(folder).record.paragraphs) == 4
    assert Story(folder).record.usage.calls == 2 + 3  # what came to nothing was paid for all the same
    assert len(go(folder, 5, ScriptedLLM(replies(5))).record.paragraphs) == 5


def test_a_failed_backend_loses_nothing_that_was_paid_for(folder: Path) -> None:
    go(folder, 4, ScriptedLLM([OPENING, *replies()]))
    long = " ".join(f"Fact {number} is known to all who live here." for number in range(80))
    story = Story(folder)
    with story.editing(), pytest.raises(BackendError):
        llm = ScriptedLLM([paragraph(5, memory=long), BackendError("the server is down")])
        write(story, Controller(llm, story.memory), 5, select="first")
    llm = ScriptedLLM(['{"memory": "Short again."}'])
    story = go(folder, 5, llm)
    assert len(llm.requests) == 1  # the paragraph was not asked for again
    assert story.state is not None
    assert story.state.memory == "Short again."
    assert story.record.usage.calls == 4


def test_a_budget_stops_between_calls_and_the_run_goes_on(folder: Path) -> None:
    llm = ScriptedLLM([OPENING, *replies()])
    story = Story(folder)
    with story.editing(), pytest.raises(BudgetExceeded):
        write(story, Controller(llm, story.memory, budget=Budget(calls=3)), 9, select="first")
    assert len(Story(folder).record.paragraphs) == 5
    assert len(go(folder, 9, llm).record.paragraphs) == 9
    assert len(llm.requests) == 7


def test_an_asked_for_stop_comes_after_the_paragraph_in_hand(folder: Path) -> None:
    progress = Progress()
    progress.on_written = lambda state, usage: progress.stop() if state.paragraphs == 5 else None
    story = Story(folder)
    with story.editing():
        llm = ScriptedLLM([OPENING, *replies()])
        assert not write(story, Controller(llm, story.memory), 9, select="first", progress=progress)
    assert len(Story(folder).record.paragraphs) == 5


def test_a_goal_survives_interruptions(folder: Path) -> None:
    story = Story(folder)
    with story.editing():
        assert goal(story, 40, None) == 40
    go(folder, 17, ScriptedLLM([OPENING, *replies()]))
    story = Story(folder)
    with story.editing():
        assert goal(story, 40, None) == 40  # the same again: to the end of the interrupted run
        assert goal(story, None, None) == 40
        assert goal(story, None, 20) == 20
        assert goal(story, 3, None) == 20  # something else: from here
        assert goal(story, 40, None) == 57


def test_each_step_of_the_log_says_what_it_cost_and_what_was_recalled(folder: Path) -> None:
    go(folder, 6, ScriptedLLM([OPENING, *replies()]))
    written = [event for event in log(folder) if event["type"] == "written"]
    assert [event["number"] for event in written] == [3, 4, 5, 6]
    assert all(event["usage"]["calls"] == 1 for event in written)
    assert written[1]["recalled"] == ["p000001", "p000002"]
    first = written[1]["recall"][0]
    assert (first["number"], first["quote"]) == (1, "First comes fog")
    assert first["why"].startswith("the plan names: fog")
    assert len(list((folder / ".memagent" / "runs").glob("*.jsonl"))) == 4


def test_a_simulator_that_takes_over_extends_only_what_it_sees_written(folder: Path) -> None:
    go(folder, 3, ScriptedLLM([OPENING]))
    choice = json.dumps({"reason": "It is dark.", "choice": 1})
    longer = json.dumps({"paragraph": "Fourth, and longer.", "plan": "Plan d, of boats."})
    story = Story(folder)
    with story.editing():
        write(
            story, Controller(ScriptedLLM([choice, paragraph(4), choice, longer]), story.memory), 4, select="simulator"
        )
        kept = sorted(passage.text for passage in story.memory.passages(source="story"))
    assert story.record.paragraphs[2:] == ["Third comes night.", "Fourth, and longer."]
    assert kept == ["First comes fog.", "Second comes rain.", "Third comes night."]


def test_recall_by_the_plan_is_the_papers(folder: Path) -> None:
    config = (folder / "story.toml").read_text(encoding="utf-8")
    (folder / "story.toml").write_text(config.replace('recall_by = "story"', 'recall_by = "plan"'), encoding="utf-8")
    go(folder, 4, ScriptedLLM([OPENING, *replies()]))
    written = [event for event in log(folder) if event["type"] == "written"]
    assert written[1]["recalled"] == ["p000001"]
    assert written[1]["recall"][0]["why"].startswith("like the plan (0.")


def test_a_way_of_recall_that_is_not_known_is_said_with_those_that_are(folder: Path) -> None:
    config = (folder / "story.toml").read_text(encoding="utf-8")
    (folder / "story.toml").write_text(config.replace('recall_by = "story"', 'recall_by = "mood"'), encoding="utf-8")
    with pytest.raises(StoryError, match="recall_by = 'mood'") as raised:
        Story(folder)
    assert "plan or story" in raised.value.hint


def test_a_traced_step_replays_without_a_backend(folder: Path) -> None:
    from memagent.methods.recurrent import advance

    story = go(folder, 5, ScriptedLLM([OPENING, *replies()]))
    trace = Trace.load(folder / ".memagent" / "runs" / "000000.jsonl")
    state = trace.replay(advance(PREMISE, select="first", settings=story.config.settings))
    assert state.written == ("First comes fog.", "Second comes rain.", "Third comes night.")


@pytest.mark.parametrize("size", [1, 20, 200])
def test_a_torn_log_is_mended_and_the_rest_stays(folder: Path, size: int) -> None:
    go(folder, 5, ScriptedLLM([OPENING, *replies()]))
    shutil.copytree(folder, folder.with_name("before"))
    go(folder, 6, ScriptedLLM(replies(6)))
    path = folder / ".memagent" / "events.jsonl"
    torn, traces = path.read_bytes()[:-size], folder / ".memagent" / "runs"
    before = folder.with_name("before")
    shutil.copytree(traces, before / ".memagent" / "runs", dirs_exist_ok=True)
    (before / ".memagent" / "events.jsonl").write_bytes(torn)  # killed while the line was being written
    folder = before
    assert len(Story(folder).record.paragraphs) == 5
    assert len(go(folder, 6, ScriptedLLM([])).record.paragraphs) == 6  # answered from the trace of that step
    assert (folder / "chapters" / "01.md").read_text().endswith("Paragraph 6 tells of the lamp.\n")


@pytest.mark.parametrize("lost", [1, 2])
def test_a_log_that_lost_a_paragraph_which_its_pages_show_goes_on_to_the_same_story(tmp_path: Path, lost: int) -> None:
    """The page was on disk and the line of the log was not: no edit by hand, and the trace has the reply."""
    folder = tmp_path / "lamp"
    Story.create(folder, PREMISE).write(6, llm="offline")
    whole = {path.name: path.read_bytes() for path in folder.rglob("*.md")}
    log = folder / ".memagent" / "events.jsonl"
    lines = log.read_bytes().splitlines(keepends=True)
    written = [at for at, line in enumerate(lines) if b'"type": "written"' in line][-lost]
    log.write_bytes(b"".join(lines[:written]) + lines[written][: len(lines[written]) // 2])
    story = Story(folder)
    with story.editing():
        assert "its last lines were lost" in story.adopted[-1]
    assert len(story.record.paragraphs) == 6 - lost
    story.write(lost, llm="offline")
    kept = {path.name: path.read_bytes() for path in folder.rglob("*.md") if path.parent.name != "ahead"}
    assert kept == whole
    assert (folder / ".memagent" / "ahead" / "01.md").read_bytes() == whole["01.md"]


@pytest.mark.parametrize("size", [70, 1_500])
def test_a_torn_line_that_the_newest_page_shows_already_is_no_edit_by_hand(tmp_path: Path, size: int) -> None:
    """Killed between the page and the note of how far the pages are, and then the line of the log was lost as well."""
    folder = tmp_path / "lamp"
    Story.create(folder, PREMISE).write(6, llm="offline")
    whole = {path.name: path.read_bytes() for path in folder.rglob("*.md")}
    log, position = folder / ".memagent" / "events.jsonl", folder / ".memagent" / "pages.json"
    *lines, last, reached = log.read_bytes().splitlines(keepends=True)
    assert b'"type": "written"' in last
    assert b'"type": "reached"' in reached
    log.write_bytes(b"".join(lines) + last[:-size])
    position.write_text(json.dumps({"events": len(lines)}))
    with Story(folder).reading():
        assert log.read_bytes().endswith(last[:-size])  # looking changes nothing
    story = Story(folder)
    with story.editing():
        assert "its last lines were lost" in story.adopted[-1]
    story.write(1, llm="offline")
    kept = {path.name: path.read_bytes() for path in folder.rglob("*.md") if path.parent.name != "ahead"}
    assert kept == whole


def test_words_of_a_person_behind_the_newest_page_are_an_edit_though_the_log_is_torn(folder: Path) -> None:
    go(folder, 5, ScriptedLLM([OPENING, *replies()]))
    log, page = folder / ".memagent" / "events.jsonl", folder / "chapters" / "01.md"
    log.write_bytes(log.read_bytes() + b'{"type": "written", "number": 6, "written": ["Paragraph 6 tells of the')
    page.write_text(page.read_text() + "\nA sentence that a person wrote behind it all.\n")
    with pytest.raises(Unsynced), Story(folder).editing():
        pass


def test_a_damaged_log_is_named_and_left_alone(folder: Path) -> None:
    path = folder / ".memagent" / "events.jsonl"
    path.write_text("not json\n" + path.read_text())
    damaged = path.read_bytes()
    with pytest.raises(StoryError, match="line 1 of"):
        Story(folder)
    assert path.read_bytes() == damaged
    path.write_text('{"type": "created", "version": 99}\n')
    with pytest.raises(StoryError, match="format 99"):
        Story(folder)


def test_a_full_disk_stops_before_anything_is_spent(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing.shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(10, 10, 0))
    llm = ScriptedLLM([OPENING])
    with pytest.raises(StorageFull, match=r"disk .* is full"):
        go(folder, 3, llm)
    assert llm.requests == []


def test_create_refuses_what_it_would_spoil(tmp_path: Path, folder: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.tex").touch()
    (tmp_path / "file").touch()
    cases: list[tuple[Path, str, type[MemagentError], str]] = [
        (folder, PREMISE, StoryError, "already"),
        (tmp_path / "full", PREMISE, StoryError, "thesis.tex"),
        (tmp_path / "file", PREMISE, StoryError, "is a file"),
        (tmp_path / "new", " \n", UsageProblem, "premise is empty"),
        (tmp_path / "file" / "under", PREMISE, StorageError, "could not be written"),
    ]
    for path, premise, error, words in cases:
        with pytest.raises(error, match=words):
            Story.create(path, premise)
    with pytest.raises(UnknownName):
        Story.create(tmp_path / "new", PREMISE, StoryConfig(embedder="hashin"))
    assert not (tmp_path / "new").exists()
    with pytest.raises(StoryError, match="no story in"):
        Story(tmp_path)


def test_a_killed_create_can_be_done_again(tmp_path: Path) -> None:
    (tmp_path / "lamp" / ".memagent").mkdir(parents=True)
    (tmp_path / "lamp" / "story.toml").touch()
    assert Story.create(tmp_path / "lamp", PREMISE).premise == PREMISE


def test_the_settings_file_is_read_back_and_checked(tmp_path: Path) -> None:
    config = StoryConfig(llm="ollama:x", language='Old "Norse"', genre="сага", seed=7, recall=3, new_character=0.5)
    config.save(tmp_path / "story.toml")
    assert StoryConfig.load(tmp_path / "story.toml") == config
    assert config.settings == Settings(language='Old "Norse"', genre="сага", seed=7, k=3, new_character=0.5)
    for line, words in [
        ("languag = 'x'", "unknown setting 'languag'.*\n.*'language'"),
        ("seed = 'x'", "must be a whole number"),
        ("seed = 1.5", "must be a whole number"),
        ("seed = -1", "not below zero"),
        ("seed = true", "must be a whole number"),
        ("sentences = 0", "out of range"),
        ("new_character = 2", "out of range"),
        ("select = 'oracle'", "Use first, model or simulator"),
        ("genre = 3", "a text in quotes"),
        ("genre = ", "cannot be read"),
    ]:
        (tmp_path / "story.toml").write_text(line)
        with pytest.raises(StoryError, match=words):
            StoryConfig.load(tmp_path / "story.toml")


def test_an_emptied_short_memory_is_refused_rather_than_believed(folder: Path) -> None:
    go(folder, 4, ScriptedLLM([OPENING, *replies()]))
    page = folder / "memory" / "short.md"
    page.write_text("\n")
    with pytest.raises(StoryError, match="is empty"), Story(folder).editing():
        pass
    page.unlink()
    with Story(folder).editing():
        pass
    assert page.read_text() == "Mara keeps the lamp. Known after 4.\n"


def test_a_run_killed_after_its_last_paragraph_is_the_same_run(folder: Path) -> None:
    story = Story(folder)
    with story.editing():
        assert goal(story, 6, None) == 6
    go(folder, 6, ScriptedLLM([OPENING, *replies()]))  # and killed before it could say that it is done
    story = Story(folder)
    with story.editing():
        assert goal(story, 6, None) == 6
        reached(story)
        assert goal(story, 6, None) == 12  # now it is a new one


def test_a_manuscript_cut_to_one_paragraph_can_be_written_on(folder: Path) -> None:
    go(folder, 6, ScriptedLLM([OPENING, *replies()]))
    (folder / "chapters" / "01.md").write_text("# The Boat\n\nOnly this.\n")
    story = Story(folder)
    with story.editing(adopt=False):
        story.sync()
        assert list(story.memory.passages()) == []
    story = go(folder, 3, ScriptedLLM(replies(2)))
    assert story.record.title == "The Boat"
    assert story.record.paragraphs[0] == "Only this."
    assert (folder / "chapters" / "01.md").read_text().startswith("# The Boat\n\nOnly this.\n\n")


def test_a_title_edited_by_hand_is_kept(folder: Path) -> None:
    go(folder, 4, ScriptedLLM([OPENING, *replies()]))
    page = folder / "chapters" / "01.md"
    page.write_text(page.read_text().replace("# The Lamp", "# The Last Lamp"))
    story = Story(folder)
    with story.editing(adopt=False):
        assert story.sync() == 0
    assert page.read_text().startswith("# The Last Lamp\n")
    assert Story(folder).record.title == "The Last Lamp"


def test_long_memory_that_is_let_go_is_not_called_to_mind(folder: Path) -> None:
    go(folder, 4, ScriptedLLM([OPENING, *replies()]))
    story = Story(folder)
    with story.editing():
        for number in (1, 2, 3):
            story.edit_long(number, "")
        assert list(story.memory.passages()) == []


@pytest.mark.parametrize("text", ["no sections", "## Paragraph 1\n\nA.\n\n## Paragraph 1\n\nB.\n"])
def test_a_long_memory_that_cannot_be_read_is_refused_and_left_alone(folder: Path, text: str) -> None:
    go(folder, 4, ScriptedLLM([OPENING, *replies()]))
    page = folder / "memory" / "long.md"
    page.write_text(text)
    with pytest.raises(StoryError, match=r"long\.md"), Story(folder).editing():
        pass
    assert page.read_text() == text


@pytest.mark.parametrize("damage", [b"not a database" * 99, b""], ids=["junk", "empty"])
def test_a_damaged_memory_file_is_rebuilt_from_the_log(folder: Path, damage: bytes) -> None:
    go(folder, 6, ScriptedLLM([OPENING, *replies()]))
    for path in (folder / ".memagent").glob("memory.db*"):
        path.unlink()
    (folder / ".memagent" / "memory.db").write_bytes(damage)
    story = Story(folder)
    with story.editing():
        assert len(story.memory) == 5


def test_another_embedder_rebuilds_the_memory_file(folder: Path) -> None:
    go(folder, 6, ScriptedLLM([OPENING, *replies()]))
    config = folder / "story.toml"
    config.write_text(config.read_text().replace('"hashing"', '"hashing:256"'))
    story = Story(folder)
    with story.editing():
        assert story.adopted == ["memory file: it was rebuilt from the log"]
        assert story.memory.embedder.dim == 256
        assert len(story.memory) == 5


@pytest.mark.parametrize(
    "line", [b'{"x": 1}', b"[1]", b'{"type": "written"}', b'{"type": "picked", "plan": 1}', b"\xff\xfe", b"{"]
)
def test_any_damage_to_the_log_is_a_clear_error(folder: Path, line: bytes) -> None:
    path = folder / ".memagent" / "events.jsonl"
    path.write_bytes(path.read_bytes() + line + b"\n")
    with pytest.raises(StoryError):
        Story(folder)


def test_missing_and_undecodable_files_are_clear_errors(folder: Path) -> None:
    (folder / "premise.md").write_bytes(b"caf\xe9")
    with pytest.raises(StoryError, match="not UTF-8"):
        _ = Story(folder).premise
    (folder / "story.toml").unlink()
    with pytest.raises(StoryError, match="is missing"):
        Story(folder)


def test_half_characters_of_a_model_do_not_spoil_the_files(folder: Path) -> None:
    broken = OPENING.replace("First comes fog.", "First \\ud83d comes \\u001b[31mfog.")
    story = go(folder, 4, ScriptedLLM([broken, *replies()]))
    assert story.record.paragraphs[0] == "First ? comes [31mfog."
    assert "First ? comes [31mfog." in (folder / "chapters" / "01.md").read_text(encoding="utf-8")
    assert len(go(folder, 5, ScriptedLLM(replies(5))).record.paragraphs) == 5  # no edit by hand is suspected
    with pytest.raises(UsageProblem, match="not UTF-8"):
        Story.create(folder.with_name("other"), "bad \udcff byte")


def test_what_is_appended_after_a_torn_line_can_be_read(folder: Path) -> None:
    go(folder, 4, ScriptedLLM([OPENING, *replies()]))
    with (folder / ".memagent" / "events.jsonl").open("ab") as file:
        file.write(b'{"type": "wri')
    go(folder, 5, ScriptedLLM(replies(5)))
    assert len(Story(folder).record.paragraphs) == 5


def test_a_story_writes_itself_from_python(folder: Path) -> None:
    story = Story(folder)
    assert story.write(4, llm=ScriptedLLM([OPENING, *replies()])) == [
        "First comes fog.",
        "Second comes rain.",
        "Third comes night.",
        "Paragraph 4 tells of the lamp.",
    ]
    with pytest.raises(BudgetExceeded):
        story.write(3, llm=ScriptedLLM(replies(5)), budget=Budget(calls=1))
    assert story.write(3, llm=ScriptedLLM(replies(6))) == [f"Paragraph {n} tells of the lamp." for n in (6, 7)]
    assert len(story.write(llm=ScriptedLLM(replies(8)))) == 1


def test_all_three_pages_edited_at_once_are_taken_up_by_sync(folder: Path) -> None:
    go(folder, 6, ScriptedLLM([OPENING, *replies()]))
    chapter, long = folder / "chapters" / "01.md", folder / "memory" / "long.md"
    chapter.write_text(chapter.read_text().replace("Third comes night.", "Third comes snow."))
    long.write_text(long.read_text().replace("First comes fog.", "First comes a parrot."))
    (folder / "memory" / "short.md").write_text("The parrot is alive.\n")
    story = Story(folder)
    with story.editing(adopt=False):
        assert story.sync() == 1
        assert story.memory.get("p000001").text == "First comes a parrot."
    assert story.state is not None
    assert story.state.memory == "The parrot is alive."
    assert story.record.paragraphs[2] == "Third comes snow."


def test_a_short_memory_edited_while_a_run_goes_on_reaches_the_next_paragraph(folder: Path) -> None:
    def edit_meanwhile(request: Any) -> str:
        (folder / "memory" / "short.md").write_text("A person wrote this meanwhile.\n")
        return paragraph(5)

    go(folder, 4, ScriptedLLM([OPENING, *replies()]))
    llm = ScriptedLLM([edit_meanwhile, paragraph(6)])
    story = go(folder, 6, llm)
    assert "<memory>\nA person wrote this meanwhile.\n</memory>" in llm.requests[1].messages[-1].content
    assert "short memory" in story.adopted


def test_a_long_memory_saved_from_an_older_view_lets_nothing_go(folder: Path) -> None:
    go(folder, 4, ScriptedLLM([OPENING, *replies()]))
    page = folder / "memory" / "long.md"
    older = page.read_text().replace("First comes fog.", "First comes a parrot.")
    go(folder, 6, ScriptedLLM(replies(5)))
    page.write_text(older)  # an editor that was open all the time
    story = Story(folder)
    with story.editing():
        assert story.adopted == ["long memory of paragraph 1"]
        assert len(story.memory) == 5


def test_a_paragraph_that_looks_like_a_heading_of_ours_is_no_section(folder: Path) -> None:
    go(
        folder,
        4,
        ScriptedLLM([OPENING.replace("First comes fog.", "First:\\n## Paragraph 2\\ncomes fog."), *replies()]),
    )
    page = folder / "memory" / "long.md"
    page.write_text(page.read_text().replace("Second comes rain.", "Second comes a parrot."))
    story = Story(folder)
    with story.editing():
        assert story.adopted == ["long memory of paragraph 2"]
        assert story.memory.get("p000001").text == "First:\n## Paragraph 2\ncomes fog."


def test_goals_of_every_kind_go_on_and_end(folder: Path) -> None:
    def aim(paragraphs: int | None, until: int | None) -> int:
        story = Story(folder)
        with story.editing():
            return goal(story, paragraphs, until)

    assert aim(10, None) == 10
    go(folder, 4, ScriptedLLM([OPENING, *replies()]))
    assert aim(None, 30) == 30
    assert aim(None, None) == 30  # the command that is printed when a run stops
    story = Story(folder)
    with story.editing():
        reached(story)
    assert aim(None, None) == 30  # it has not reached anything
    assert aim(None, 3) == 3
    assert aim(2, None) == 6


def test_the_words_of_a_paragraph_are_counted_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    counted: list[str] = []
    monkeypatch.setattr(writing, "count_words", lambda text: counted.append(text) or len(text.split()))
    writing._words_of.cache_clear()
    try:
        story = Story(folder)
        with story.editing():
            write(story, Controller(ScriptedLLM([OPENING, *replies()]), story.memory), "words:60", select="first")
        assert writing.words(story.record.paragraphs) >= 60
        assert sorted(counted) == sorted(set(counted))
        assert set(counted) == set(story.record.paragraphs)
    finally:
        writing._words_of.cache_clear()


def test_python_asks_for_a_sensible_number(folder: Path) -> None:
    story = Story(folder)
    assert story.write(0, llm=ScriptedLLM([])) == []
    with pytest.raises(UsageProblem, match="-1 paragraphs"):
        story.write(-1, llm=ScriptedLLM([]))
