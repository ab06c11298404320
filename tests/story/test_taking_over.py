"""A story from a manuscript that exists: what is taken over, what a model reads, and that nothing is paid for twice."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from pathlib import Path

import pytest

from memagent import Budget, Controller, Story
from memagent.errors import BudgetExceeded, ReplyError, StoryError, UsageProblem
from memagent.methods.recurrent_follow import follow
from memagent.story import drafts
from memagent.story.config import StoryConfig
from memagent.story.importing import read
from memagent.story.manuscript import Manuscript
from memagent.story.reading_back import Piece, estimated, pieces, read_back
from memagent.story.record import Begun
from memagent.story.taking_over import beginning, begun, complete, opened, take_over, written_as_read
from memagent.story.writing import write
from memagent.testing import ScriptedLLM

LONG = "She counted the bells again and again until the fog came in under the door. "


def reading(number: int) -> str:
    plans = [f"Plan {letter} after {number}." for letter in "abc"]
    return json.dumps({"memory": f"Mara keeps the lamp; {number} parts are read.", "plans": plans})


STEP = json.dumps(
    {"paragraph": "A boat came in.", "rationale": "", "memory": "A boat.", "plans": ["Row.", "Wait.", "Sleep."]}
)


@pytest.fixture
def manuscript(tmp_path: Path) -> Manuscript:
    """Two chapters of ten paragraphs, of about 300 words each."""
    text = "# The Lamp\n\n" + "\n\n".join(
        f"## Chapter {chapter}\n\n" + "\n\n".join(f"Number {chapter}.{at}. {LONG * 20}" for at in range(1, 11))
        for chapter in (1, 2)
    )
    (tmp_path / "lamp.md").write_text(text)
    return written_as_read(read(tmp_path / "lamp.md"))


def taken(folder: Path, manuscript: Manuscript) -> Story:
    story = opened(folder, manuscript, "", StoryConfig(select="first"))
    with story.editing(adopt=False):
        take_over(story, manuscript, "lamp.md")
    return story


def test_paragraphs_go_into_chapters_and_all_but_the_newest_into_long_memory(
    tmp_path: Path, manuscript: Manuscript
) -> None:
    story = taken(tmp_path / "lamp", manuscript)
    assert story.record.chapters == [Begun(1, "Chapter 1"), Begun(11, "Chapter 2")]
    assert story.manuscript == manuscript
    with story.editing():
        texts = [one.text for one in story.memory.passages()]
    assert texts == [text for _, text in manuscript.paragraphs][:-1]
    assert read(tmp_path / "lamp" / "chapters" / "02.md").chapters[0].paragraphs == manuscript.chapters[1].paragraphs
    assert story.premise == beginning(manuscript)
    assert story.premise.startswith("The Lamp\n\nNumber 1.1.")


def test_an_import_that_nobody_has_read_is_not_written_on(tmp_path: Path, manuscript: Manuscript) -> None:
    story = taken(tmp_path / "lamp", manuscript)
    llm = ScriptedLLM([])
    with pytest.raises(StoryError, match="no plans yet") as refused:
        story.write(1, llm=llm)
    assert f"memagent story memory read {story.folder}" in refused.value.hint
    assert llm.requests == []
    with story.editing():
        story.pick("A boat comes in.")
        write(story, Controller(ScriptedLLM([STEP]), story.memory), 21, select="first")
    assert story.record.paragraphs[-1] == "A boat came in."


def test_the_last_part_is_read_piece_by_piece_and_the_story_goes_on_from_it(
    tmp_path: Path, manuscript: Manuscript
) -> None:
    story = taken(tmp_path / "lamp", manuscript)
    parts = pieces(story.record.paragraphs, 3000)
    assert parts[-1].last == 20 and len(parts) == 2
    llm = ScriptedLLM([reading(1), reading(2), STEP])
    seen: list[tuple[int, int]] = []
    with story.editing():
        assert read_back(story, Controller(llm), 3000, on_read=lambda done, of: seen.append((done, of))) == 2
    assert seen == [(1, 2), (2, 2)]
    first, second = (request.messages[-1].content for request in llm.requests)
    assert "(nothing yet)" in first and "1 parts are read" in second
    assert f"Number 2.{parts[0].first - 10}." in first and "Number 2.10." in second and "Number 2.10." not in first
    assert story.state is not None
    assert story.state.memory == "Mara keeps the lamp; 2 parts are read."
    story.write(1, llm=llm)
    prompt = llm.requests[-1].messages[-1].content
    assert "Plan a after 2." in prompt and "2 parts are read" in prompt and "Number 2.10." in prompt
    assert (story.folder / "chapters" / "02.md").read_text().endswith("\n\nA boat came in.\n")


@pytest.mark.parametrize("stop", ["a limit", "a reply"])
def test_a_reading_that_was_stopped_goes_on_and_pays_for_nothing_twice(
    tmp_path: Path, manuscript: Manuscript, stop: str
) -> None:
    story = taken(tmp_path / "lamp", manuscript)
    count = len(pieces(story.record.paragraphs, 6000))
    assert count == 4
    replies = [reading(number) for number in range(1, 3)]
    llm = ScriptedLLM([*replies, *(["no JSON"] * 3 if stop == "a reply" else [])])
    budget = Budget(calls=2) if stop == "a limit" else None
    with pytest.raises(BudgetExceeded if stop == "a limit" else ReplyError), story.editing():
        read_back(story, Controller(llm, budget=budget), 6000)
    with pytest.raises(StoryError, match="no plans yet"):
        story.write(1, llm=llm)
    with story.editing():
        story.edit_memory("Mara keeps the lamp, and a parrot.")  # a person looks in meanwhile
    rest = ScriptedLLM([reading(number) for number in range(3, 5)])
    with story.editing():
        assert read_back(story, Controller(rest), 6000) == 2
    assert "and a parrot" in rest.requests[0].messages[-1].content
    assert story.state is not None and story.state.plans[0] == "Plan a after 4."
    assert story.record.usage.calls == (4 if stop == "a limit" else 7)
    with story.editing():
        assert drafts.undo(story, 1) == ["the memory made from paragraphs 16 to 20"]


def test_a_call_that_was_answered_and_not_taken_up_is_not_made_again(tmp_path: Path, manuscript: Manuscript) -> None:
    story = taken(tmp_path / "lamp", manuscript)
    log = story.log.path.read_bytes()
    with story.editing():
        read_back(story, Controller(ScriptedLLM([reading(1)])), 300)
    story.log.path.write_bytes(log)  # killed between the trace and the log
    story = Story(story.folder)
    with story.editing(adopt=False):
        assert read_back(story, Controller(ScriptedLLM([])), 300) == 1
    assert story.state is not None and story.state.plans[0] == "Plan a after 1."


def test_the_import_itself_is_not_taken_back(tmp_path: Path, manuscript: Manuscript) -> None:
    story = taken(tmp_path / "lamp", manuscript)
    with story.editing():
        with pytest.raises(UsageProblem, match="What was imported cannot be taken back"):
            drafts.undo(story)
        assert len(story.record.paragraphs) == 20


def test_the_folder_knows_its_text_until_all_is_done(tmp_path: Path, manuscript: Manuscript) -> None:
    folder = tmp_path / "lamp"
    assert begun(folder, manuscript) is None
    opened(folder, manuscript, "", StoryConfig())
    assert begun(folder, manuscript) is not None
    other = Manuscript("Another", manuscript.chapters)
    with pytest.raises(StoryError, match="another text"):
        begun(folder, other)
    story = taken(folder, manuscript)
    assert begun(folder, manuscript) is not None and not complete(story)
    with story.editing():
        read_back(story, Controller(ScriptedLLM([reading(1)])), 100)
    for one in (manuscript, other):
        with pytest.raises(StoryError, match="there is a story in"):
            begun(folder, one)
    Story.create(tmp_path / "own", "A lamp.")
    with pytest.raises(StoryError, match="there is a story in"):
        begun(tmp_path / "own", manuscript)


def test_pieces_cover_the_end_without_gaps_and_all_where_all_is_asked() -> None:
    texts = ["word " * count for count in (5000, 10, 400, 2000, 1, 900, 900, 30)]
    for asked in (1, 100, 2500, 4000, 100_000):
        found = pieces(texts, asked)
        assert found[-1].last == len(texts)
        assert all(one.last + 1 == two.first for one, two in pairwise(found))
    assert pieces(texts, 100_000)[0].first == 1
    assert pieces(texts, 1) == [Piece(8, 8)]
    assert pieces([], 10) == []
    assert pieces(["雾" * 1000] * 4, 2000) == [Piece(3, 4)]


def test_what_is_estimated_is_near_what_is_asked(tmp_path: Path, manuscript: Manuscript) -> None:
    story = taken(tmp_path / "lamp", manuscript)
    llm = ScriptedLLM([reading(number) for number in range(1, 5)])
    guess = estimated(story.config, story.record.paragraphs, 6000)
    with story.editing():
        read_back(story, Controller(llm), 6000)
    assert guess.calls == len(llm.requests)
    shown = sum(len(one.content) for request in llm.requests for one in request.messages) / 4
    assert 0.6 * shown < guess.input_tokens < 1.8 * shown


def test_a_reply_in_labelled_sections_is_read_too() -> None:
    reply = "**Output Memory:**\n雾从门下进来。\n\n## Plan 1\nSie geht.\n## Plan 2\nОна ждёт.\n## Plan 3\n她睡了。"
    found = Controller(ScriptedLLM([reply])).run(follow("", "雾。", number=1)).value
    assert found.memory == "雾从门下进来。"
    assert found.plans == ("Sie geht.", "Она ждёт.", "她睡了。")


def test_a_memory_that_is_too_long_is_shortened_and_an_empty_part_is_refused() -> None:
    long = json.dumps({"memory": "She counted. " * 30, "plans": ["a", "b", "c"]})
    llm = ScriptedLLM([long, json.dumps({"memory": "She counted."})])
    assert Controller(llm).run(follow("", "Fog.", number=1)).value.memory == "She counted."
    assert len(llm.requests) == 2
    with pytest.raises(UsageProblem, match="nothing to read"):
        Controller(llm).run(follow("", " ", number=1))


def test_offline_notes_who_is_in_a_part_and_reads_its_notes_back() -> None:
    part = "Mara kept the lamp on the Skerry. Her brother Tomas had sailed. Old Ines said that the light must go out."
    first = Controller("offline").run(follow("", part, number=3)).value
    assert "Mara" in first.memory and "Tomas" in first.memory and "Old Ines" in first.memory
    assert len(set(first.plans)) == 3
    assert not re.search(r"\b(?:she|he|they) \.", first.memory)
    second = Controller("offline").run(follow(first.memory, "Mara found a key in the sand.", number=4)).value
    assert "Tomas" in second.memory and "Mara found a key in the sand." in second.memory
    assert first == Controller("offline").run(follow("", part, number=3)).value
