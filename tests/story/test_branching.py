"""Forks of a story: at any paragraph of its past, as if it had ended there, whoever wrote what it is forked from."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from memagent import Controller, Story
from memagent.errors import StoryError, UsageProblem
from memagent.methods.recurrent import State
from memagent.story import reading_back, taking_over
from memagent.story.branching import branch
from memagent.story.config import StoryConfig
from memagent.story.context import next_request
from memagent.story.drafts import drafts, restore, undo
from memagent.story.edited import shown
from memagent.story.lore_scan import for_next
from memagent.story.manuscript import Chapter, Manuscript, Place
from memagent.story.recalling import recalling
from memagent.testing import ScriptedLLM
from tests.cli.commands import memagent

PREMISE = "A lighthouse keeper stops believing that her brother is dead."
CHAPTERS = (
    Chapter("The Quay", ("Ines's eyes were green.", "The ferry came in.", "Nobody got off it.")),
    Chapter("The Case", ("Ruth had a key.", "Ines dyed her hair black.")),
    Chapter("The Hat", ("Bram died.", "They buried a hat.")),
)
TEXTS = [text for chapter in CHAPTERS for text in chapter.paragraphs]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A story of eight paragraphs by `offline`."""
    folder = tmp_path_factory.mktemp("story") / "lamp"
    Story.create(folder, PREMISE, StoryConfig(select="first")).write(8, llm="offline")
    return folder


@pytest.fixture
def story(written: Path, tmp_path: Path) -> Story:
    return Story(shutil.copytree(written, tmp_path / "lamp"))


@pytest.fixture
def imported(tmp_path: Path) -> Story:
    """A story of seven paragraphs in three chapters, imported, of which nobody has read anything yet."""
    told = Manuscript("The Salt Year", CHAPTERS)
    story = taking_over.opened(tmp_path / "salt", told, "", StoryConfig(select="first"))
    with story.editing():
        taking_over.take_over(story, told, "salt.md")
    return story


def read(story: Story, first: int, last: int, memory: str, *plans: str) -> None:
    """Let a model have read some paragraphs in a row."""
    fields = {"memory": memory, "plans": list(plans), "done": bool(plans), "of": len(story.record.paragraphs)}
    with story.editing():
        story.commit({"type": "read", "first": first, "last": last, "llm": "a model", **fields})


def pages(story: Story) -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in sorted((story.folder / "chapters").iterdir())}


def state(story: Story) -> State:
    assert story.state is not None
    return story.state


def test_a_fork_is_a_story_of_its_own(story: Story) -> None:
    fork = branch(story, story.folder.with_name("fork"), Place(1, 5))
    assert fork.record.paragraphs == story.record.paragraphs[:5]
    assert len(story.record.paragraphs) == 8
    fork.write(1, llm="offline")
    assert fork.record.paragraphs[5] != story.record.paragraphs[5]
    with fork.editing():
        undo(fork)
    assert Story(story.folder).record == story.record
    with pytest.raises(StoryError, match="is there already"):
        branch(story, story.folder.with_name("fork"))


@pytest.mark.parametrize("inside", ["fork", "chapters/fork", ".", "../lamp/a/b"])
def test_a_fork_inside_the_story_itself_is_refused(story: Story, inside: str) -> None:
    before = sorted(story.folder.rglob("*"))
    with pytest.raises(UsageProblem, match="inside the story"):
        branch(story, story.folder / inside)
    assert sorted(story.folder.rglob("*")) == before


@pytest.mark.parametrize("number", [2, 3, 6, 7])
def test_an_import_is_forked_at_every_paragraph_and_nothing_behind_it_is_known(
    imported: Story, tmp_path: Path, number: int
) -> None:
    read(imported, 1, 7, "Bram is dead.", "They go to Harrow.")
    place, _ = imported.manuscript.paragraphs[number - 1]
    fork = branch(imported, tmp_path / "fork", place)
    ended = Manuscript("The Salt Year", tuple(_upto(number)))
    assert fork.manuscript == ended
    assert pages(fork) == pages(_told(ended, tmp_path / "short"))
    if number == 7:
        assert state(fork).memory == "Bram is dead."
        return
    assert (state(fork).memory, state(fork).plans) == ("", ())
    assert (fork.folder / "memory" / "short.md").read_text() == "\n"
    with fork.editing():
        assert {one.text for one in fork.memory.passages()} == set(TEXTS[: number - 1])
        facts = {(fact.subject, fact.relation, fact.object) for fact in fork.canon.facts()}
        assert (("Bram", "is", "dead") in facts) == (number > 5)
        undo(fork)
        assert fork.record.paragraphs == TEXTS
        assert state(fork).memory == "Bram is dead."


def _upto(number: int) -> list[Chapter]:
    found, left = [], number
    for one in CHAPTERS:
        if left > 0:
            found.append(Chapter(one.title, one.paragraphs[:left]))
        left -= len(one.paragraphs)
    return found


def _told(manuscript: Manuscript, folder: Path) -> Story:
    story = taking_over.opened(folder, manuscript, "", StoryConfig())
    with story.editing():
        taking_over.take_over(story, manuscript, "short.md")
    return story


def test_a_fork_keeps_the_memory_that_knew_of_nothing_behind_it_and_only_the_rest_is_read(
    imported: Story, tmp_path: Path
) -> None:
    read(imported, 1, 3, "Nobody came.")
    read(imported, 4, 5, "Ruth has a key.")
    read(imported, 6, 7, "Bram is dead.", "They go to Harrow.")
    fork = branch(imported, tmp_path / "fork", Place(2, 1))
    assert state(fork).memory == "Nobody came."
    assert shown(fork.record) == "¶4, new: Ruth had a key."  # the next prompt carries it
    llm = ScriptedLLM([json.dumps({"memory": "Ruth came.", "plans": ["One.", "Two.", "Three."]})])
    with fork.editing():
        assert reading_back.read_back(fork, Controller(llm)) == 1
    prompt = llm.requests[0].messages[-1].content
    assert ("Nobody came." in prompt, "Ruth had a key." in prompt, "ferry" in prompt) == (True, True, False)
    assert (state(fork).memory, shown(fork.record)) == ("Ruth came.", "")


def test_a_memory_that_was_read_on_from_the_end_is_not_taken_for_one_of_the_beginning(
    imported: Story, tmp_path: Path
) -> None:
    read(imported, 1, 7, "Bram is dead.", "They go to Harrow.")
    read(imported, 1, 3, "Bram is dead, and nobody came.", "They stay.")  # the reader began from what it knew
    fork = branch(imported, tmp_path / "fork", Place(1))
    assert state(fork).memory == ""


def test_a_fork_before_what_was_revised_later_has_the_text_of_today_and_the_memory_of_then(
    story: Story, tmp_path: Path
) -> None:
    then = Story(shutil.copytree(story.folder, tmp_path / "then"))
    with then.editing():
        undo(then, 3)
    with story.editing():
        story.edit_long(2, "Fog.")
        restore(story, Place(1, 4), drafts(story, Place(1, 4))[0].text)
        story.commit({"type": "revised", "number": 4, "text": "She rowed out alone.", "by": "restored"})
    fork = branch(story, tmp_path / "fork", Place(1, 5))
    assert fork.record.paragraphs == [*then.record.paragraphs[:3], "She rowed out alone.", then.record.paragraphs[4]]
    assert (state(fork).memory, state(fork).plans) == (state(then).memory, state(then).plans)
    assert fork.record.long_memory[2] == "Fog."
    assert "She rowed out alone." in shown(fork.record)
    assert fork.write(1, llm="offline")
    again = branch(fork, tmp_path / "again", Place(1, 5))  # a fork of a fork
    assert (again.record.paragraphs, state(again).memory) == (fork.record.paragraphs[:5], state(then).memory)


def test_paragraphs_are_followed_through_edits_by_hand(story: Story, tmp_path: Path) -> None:
    page = story.folder / "chapters" / "01.md"
    head, rest = page.read_text().split("\n\n", 1)
    page.write_text(f"{head}\n\nA new beginning.\n\n{rest}")
    then = branch(story, tmp_path / "then", Place(1, 5))
    with story.editing(adopt=False):
        story.sync()
    fork = branch(story, tmp_path / "fork", Place(1, 6))
    assert fork.record.paragraphs == ["A new beginning.", *then.record.paragraphs]
    assert (state(fork).memory, state(fork).plans) == (state(then).memory, state(then).plans)
    assert shown(fork.record) == "¶1, new: A new beginning."


def test_a_fork_inside_the_opening_begins_with_what_is_there(story: Story, tmp_path: Path) -> None:
    fork = branch(story, tmp_path / "fork", Place(1, 2))
    assert fork.record.paragraphs == story.record.paragraphs[:2]
    assert (fork.record.title, state(fork).memory) == (story.record.title, "")
    with pytest.raises(StoryError, match="no plans yet"):
        fork.write(1, llm="offline")
    with fork.editing():
        fork.pick("She waits.")
    assert fork.write(1, llm="offline") != story.record.paragraphs[2:3]


def test_a_stopped_run_and_a_choice_are_not_gone_on_with_in_a_fork(story: Story, tmp_path: Path) -> None:
    with story.editing():
        story.pick("She burns the letter.")
    story.write(1, llm="offline")
    with story.editing():
        story.aim(40, "-n 32")
    fork = branch(story, tmp_path / "fork", Place(1, 8))
    assert fork.record.paragraphs == story.record.paragraphs[:8]
    assert state(fork).plan == ""
    assert fork.record.goal is not None and fork.record.goal.reached
    whole = branch(story, tmp_path / "whole")
    assert whole.record.goal is not None and not whole.record.goal.reached


def test_lore_of_later_chapters_is_not_shown_in_a_fork_of_an_import(imported: Story, tmp_path: Path) -> None:
    (imported.folder / "lore").mkdir(exist_ok=True)
    (imported.folder / "lore" / "hat.md").write_text('+++\nalways = true\nfrom = "ch.3"\n+++\nThe hat is buried.\n')
    read(imported, 1, 7, "Bram is dead.", "They go to Harrow.")
    fork = branch(imported, tmp_path / "fork", Place(2))
    with fork.editing():
        fork.pick("They wait.")
    for one, there in ((imported, True), (fork, False)):
        with one.reading():
            request = next_request(one, ScriptedLLM([]), "first", recalling(one), for_next(one, one.standing))
        prompt = "\n".join(message.content for message in request.messages)
        assert ("The hat is buried." in prompt) == there


def test_how_many_steps_can_be_taken_back_is_said_of_an_import_and_of_a_rebuilt_story(
    imported: Story, tmp_path: Path
) -> None:
    read(imported, 1, 7, "Bram is dead.", "They go to Harrow.")
    with imported.editing(), pytest.raises(UsageProblem, match="5 steps") as refused:
        undo(imported, 5)
    assert refused.value.hint.startswith("There is 1 step to take back. What was imported")
    shutil.rmtree(imported.folder / ".memagent")
    rebuilt = memagent("story", "rebuild", imported.folder)
    assert rebuilt.returncode == 0
    asked = memagent("story", "undo", imported.folder)
    assert asked.returncode == 0  # the short memory, found in its file
    asked = memagent("story", "undo", imported.folder, 2)
    assert (asked.returncode, "import" in asked.stderr) == (2, False)
    assert "nothing to take back" in asked.stderr and "rebuilt from" in asked.stderr


def test_the_command_says_what_is_known_of_and_what_comes_next(imported: Story, tmp_path: Path) -> None:
    read(imported, 1, 3, "Nobody came.")
    read(imported, 4, 7, "Bram is dead.", "They go to Harrow.")
    done = memagent("story", "branch", tmp_path / "fork", imported.folder, "--at", "ch.2")
    assert done.returncode == 0
    for said in ("2 chapters, 5 paragraphs", "knows of the first 3", "story undo", "Next: memagent story memory read"):
        assert said in done.stderr
    told = json.loads(memagent("story", "branch", tmp_path / "two", imported.folder, "--at", "ch.1", "--json").stdout)
    assert (told["paragraphs"], told["remembered"], told["plans"]) == (3, 3, [])
