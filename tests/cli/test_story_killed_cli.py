"""Commands that change a story, killed or out of disk at one call after the other: they go on to the same story."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
from dying import Dying

from memagent import Controller, Story
from memagent.story import revising
from memagent.story.founding import is_founded
from memagent.story.manuscript import Place
from memagent.story.taking_over import complete
from memagent.testing import ScriptedLLM

PREMISE = "A lighthouse keeper stops believing that her brother is dead."
EYES = "Mara had green eyes and lived in the tower. She hid the letter under the stair."
CARD = {
    "spec": "chara_card_v2",
    "spec_version": "2.0",
    "data": {"character_book": {"entries": [{"keys": [one], "content": f"It is {one}."} for one in ("fog", "bell")]}},
}


@pytest.fixture(scope="module")
def dying(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dying]:
    with Dying(tmp_path_factory.mktemp("dying")) as dying:
        yield dying


@pytest.fixture(scope="module")
def begun(dying: Dying, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A story of five paragraphs, an entry of lore, a book of another program, and a manuscript edited by hand."""
    folder = tmp_path_factory.mktemp("begun")
    assert dying.run("story", "init", folder / "lamp", "--premise", PREMISE, "-m", "offline")[0] == 0
    assert dying.run("story", "write", folder / "lamp", "-n", 3, "--auto", "-q")[0] == 0
    assert dying.run("story", "lore", "add", "fox", folder / "lamp", "--text", "A fox.")[0] == 0
    (folder / "card.json").write_text(json.dumps(CARD))
    (folder / "told.md").write_text(
        "# Told\n\n" + "\n\n".join(f"Number {at}. {EYES} {'So. ' * 200}" for at in range(9))
    )
    return folder


COMMANDS: dict[str, list[str]] = {
    "lore add": ["lore", "add", "wren", "{}/lamp", "--text", "A raven.", "--key", "raven", "--from", "ch.2"],
    "lore edit": ["lore", "edit", "fox", "{}/lamp", "--text", "A red fox."],
    "lore import": ["lore", "import", "{}/card.json", "{}/lamp"],
    "facts": ["memory", "extract", "{}/lamp"],
    "undo": ["undo", "{}/lamp"],
    "revise": ["revise", "ch.1 p2", "shorter", "{}/lamp", "-y", "-k", "2"],
    "sync": ["sync", "{}/lamp"],
    "import": ["import", "{}/told.md", "{}/told", "-m", "offline"],
}


def prepared(begun: Path, folder: Path, name: str) -> list[str]:
    shutil.copytree(begun, folder)
    if name == "sync":
        page = folder / "lamp" / "chapters" / "01.md"
        page.write_text(page.read_text() + f"\n{EYES}\n\n## The second\n\nThe letter was gone.\n")
    return ["story", *(one.replace("{}", str(folder)) for one in COMMANDS[name])]


def whole(folder: Path) -> dict[str, Any]:
    """All that a story is: its log without the times, its files, its facts and its long memory."""
    story = Story(folder / "told" if (folder / "told").exists() else folder / "lamp")
    with story.editing():
        assert story.adopted == []
        facts = story.canon.facts(history=True)
        passages = {one.id: one.text for one in story.memory.passages(source="story")}
    files = {
        str(path.relative_to(folder)): path.read_text()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix in (".md", ".json", ".toml") and path.name != "canon.json"
    }
    return {
        "log": [of_use(one) for one in story.log.events],
        "files": files,
        "facts": facts,
        "passages": passages,
    }


def of_use(step: dict[str, Any]) -> dict[str, Any]:
    """A step of the log without its time, and without what calls had used that were killed or had to be made again."""
    step = {name: value for name, value in step.items() if name != "at"}
    lost = step.pop("lost", {})
    if "usage" in step:
        used = step.pop("usage")
        step["used"] = {name: used[name] - lost.get(name, 0) for name in ("calls", "input_tokens", "output_tokens")}
    return step


def points(changes: int) -> Iterator[int]:
    """Some eight of so many calls, the first and the last among them."""
    yield from sorted({*range(1, changes + 1, max(1, changes // 6)), changes})


@pytest.mark.parametrize("how", ["kill", "full"])
@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_that_is_stopped_anywhere_goes_on_to_the_same_story(
    name: str, how: Literal["kill", "full"], dying: Dying, begun: Path, tmp_path: Path
) -> None:
    command = prepared(begun, tmp_path / "whole", name)
    changes = dying.changes(*command)
    expected = whole(tmp_path / "whole")
    assert changes > 3
    stopped = 0
    for at in points(changes):
        folder = tmp_path / f"at{at}"
        command = prepared(begun, folder, name)
        code, said = dying.run(*command, at=at, how=how)
        if how == "kill":
            assert code == -9
        elif code:
            assert code == 1 and "full" in said and "Traceback" not in said and "bug" not in said, said
        if code and not taken(folder, name):
            stopped += 1
            again, said = dying.run(*command)
            assert again == 0, (at, said)
            assert name != "revise" or "is changed, and the short memory with it" in said
        assert whole(folder) == expected, at
        shutil.rmtree(folder)
    assert stopped > 2


def taken(folder: Path, name: str) -> bool:
    """Whether it has come to its end: then the same import is refused."""
    return name == "import" and is_founded(folder / "told") and complete(Story(folder / "told"))


def test_a_sync_that_was_killed_takes_no_chapter_twice_and_loses_none(
    dying: Dying, begun: Path, tmp_path: Path
) -> None:
    """One chapter was put into two, and another was deleted with its file: the files change their names."""
    shutil.copytree(begun, tmp_path / "a")
    page = tmp_path / "a" / "lamp" / "chapters" / "01.md"
    page.write_text(page.read_text() + "".join(f"\n## Part {at}\n\nPart {at} is told.\n" for at in (2, 3, 4)))
    assert dying.run("story", "sync", tmp_path / "a" / "lamp")[0] == 0
    (tmp_path / "a" / "lamp" / "chapters" / "02.md").unlink()
    texts = [text for text in Story(tmp_path / "a" / "lamp").record.paragraphs if text != "Part 2 is told."]
    for at in range(1, 14):
        folder = shutil.copytree(tmp_path / "a", tmp_path / f"at{at}") / "lamp"
        assert dying.run("story", "sync", folder, at=at)[0] == -9
        assert dying.run("story", "sync", folder)[0] == 0
        assert Story(folder).record.paragraphs == texts, at
        assert [path.name for path in sorted((folder / "chapters").iterdir())] == ["01.md", "02.md", "03.md"]


def test_drafts_of_a_revision_that_was_left_are_not_offered_again(begun: Path, tmp_path: Path) -> None:
    story = Story(shutil.copytree(begun, tmp_path / "a") / "lamp")
    llm = ScriptedLLM([json.dumps({"paragraph": f"Draft {at}."}) for at in (1, 2)])
    with story.editing():
        controller, place = Controller(llm, story.memory), Place(1, 2)
        assert revising.offer(story, controller, place, "shorter") == "Draft 1."
        assert revising.waiting(story, controller, place, "shorter") == ["Draft 1."]
        assert revising.waiting(story, controller, place, "longer") == []
        revising.leave(story, place)
        assert revising.waiting(story, controller, place, "shorter") == []
        revising.offer(story, controller, place, "shorter")
        revising.take(story, Controller("offline", story.memory), place, "Draft 2.")
        assert revising.waiting(story, controller, place, "shorter") == []
