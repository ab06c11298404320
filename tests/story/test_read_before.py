"""What is kept of what was read: a long book is opened with it, and is as a plain scan of all of it would have it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from test_canon import TEXTS, opening, reply

from memagent import Controller, Story
from memagent.story import read_before
from memagent.story.branching import branch
from memagent.story.canon import FUNCTIONAL, SHOWN
from memagent.story.canon_shown import facts_for_next
from memagent.story.canon_store import fold, place_of
from memagent.story.checks import check
from memagent.story.config import StoryConfig
from memagent.story.context import next_request
from memagent.story.drafts import undo
from memagent.story.manuscript import Place
from memagent.story.noting import STORY
from memagent.story.read_before import ByRule
from memagent.story.waiving import findings
from memagent.story.wording import words
from memagent.story.writing import write
from memagent.testing import ScriptedLLM

EYES = ("green", "blue", "grey", "brown")
BEGIN, END = "Bal Cor Dun Fen Gal Hol Kes Lor Mel Nar".split(), "da ric mo nna ster".split()
NAMES = [begin + end for begin in BEGIN for end in END]
PLAN = "Mara and Balda row out to Fenster. The old key is Corric's."


def book() -> list[str]:
    """Paragraphs that tell some hundred facts: of each of fifty people two, of Mara twenty-four, and of things."""
    texts = [
        f"{name}'s eyes were {EYES[n % 4]}. {name} lived in {name}ton. It was cold." for n, name in enumerate(NAMES)
    ]
    texts += [f"Mara promised {name} to keep watch. {name} gave Mara the old key." for name in NAMES[:24]]
    return texts


@pytest.fixture
def long(tmp_path: Path) -> Story:
    story = Story.create(tmp_path / "lamp", "A lamp goes out.", StoryConfig(select="first"))
    story.write(5, llm=ScriptedLLM([opening(*TEXTS[:3]), *map(reply, TEXTS[3:])]))
    page = story.folder / "chapters" / "01.md"
    page.write_text("\n\n".join([page.read_text().strip(), *book()]) + "\n")
    with story.editing(adopt=False):
        story.sync()
    return story


def scanned(story: Story, text: str) -> list[str]:
    """What a plain scan of every paragraph and every fact shows for a text."""

    def key(words: str) -> str:
        return " ".join(words.casefold().split())

    facts: dict[str, dict[tuple[str, str], str]] = {}
    first: dict[str, str] = {}
    told = fold(Story(story.folder).record).told
    for triple in (triple for place in sorted(told, key=place_of) for triple in told[place]):
        subject, relation = key(triple.subject), key(triple.relation)
        name = relation, "" if relation in FUNCTIONAL else key(triple.object)
        facts.setdefault(subject, {}).pop(name, None)
        facts[subject][name] = f"{triple.subject} | {triple.relation} | {triple.object} ({triple.source})"
        first[subject] = words(triple.subject)[0].text
    named = dict.fromkeys(one for word in words(text) for one in facts if first[one] == word.text)
    return [line for one in named for line in list(facts[one].values())[-8:]][:SHOWN]


def prompt(story: Story) -> str:
    """What the next step sends, and the same with nothing kept of what was read before."""
    kept = sent(story)
    (story.folder / ".memagent" / read_before.FILE).unlink(missing_ok=True)
    assert sent(Story(story.folder)) == kept
    return kept


def sent(story: Story) -> str:
    with story.editing():
        story.pick(PLAN)
        sheet = facts_for_next(story)
        assert sheet(PLAN).splitlines() == shown(story)
        return next_request(story, ScriptedLLM([]), "first").messages[-1].content


def shown(story: Story) -> list[str]:
    return scanned(story, "\n".join((PLAN, story.record.paragraphs[-1], STORY)))


def stages(story: Story) -> Iterator[Story]:
    """The story as it is, after one more step, after an undo, as a branch, and after edits by hand."""
    yield story
    llm = ScriptedLLM([reply("Balda's hair was red. Mara kept the old key.")])
    with story.editing():
        write(story, Controller(llm, story.memory), len(story.record.paragraphs) + 1, select="first")
    yield story
    with story.editing():
        undo(story, 3)  # two choices of the plan, and the step
    yield story
    yield branch(story, story.folder.with_name("other"))
    page = story.folder / "chapters" / "01.md"
    page.write_text(page.read_text().replace("Balda's eyes were green", "Balda's eyes were black", 1))
    with story.editing(adopt=False):
        assert story.sync() == 1
    yield story


def test_a_long_book_shows_what_a_plain_scan_of_it_does_after_each_step_undo_branch_and_edit(long: Story) -> None:
    assert sum(map(len, fold(long.record).told.values())) > 150
    prompts = [prompt(story) for story in stages(long)]
    assert all("Balda | lives in | Baldaton (ch.1 ¶6)" in text for text in prompts)
    assert ["Balda | hair | red" in text for text in prompts] == [False, True, False, False, False]
    assert ["Balda | eyes | black" in text for text in prompts] == [False, False, False, False, True]


def test_what_was_read_is_not_read_again_by_those_who_open_the_book_or_check_it(
    long: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    with long.editing():
        before = long.known.told
    plain = check(long.manuscript)
    monkeypatch.setattr(read_before, "read", lambda *of: pytest.fail("it was read again"))
    monkeypatch.setattr(read_before, "noted", lambda *of: pytest.fail("it was read again"))
    read_before._read.cache_clear()
    read_before._noted.cache_clear()
    again = Story(long.folder)
    with again.editing():
        assert again.known.told == before
    with again.reading():
        assert again.known.told == before
    with branch(again, long.folder.with_name("other")).editing() as other:
        assert other.known.told == before
    assert findings(again) == plain != []


@pytest.mark.parametrize("left", ["", "[]\n", '{"rules": "others"}\n{"of": "it", "read": []}\n', "torn"])
def test_a_file_of_other_rules_or_torn_by_a_kill_counts_for_nothing_and_is_written_anew(long: Story, left: str) -> None:
    path = long.folder / ".memagent" / read_before.FILE
    whole = path.read_bytes()
    path.write_bytes(whole[:-9] if left == "torn" else left.encode())
    with long.editing():
        assert long.known.told == fold(long.record).told
    assert sorted(path.read_bytes().splitlines()) == sorted(whole.splitlines())


@pytest.mark.parametrize("read", [None, 5, [[1]], [5], {"a": "b"}, [["x"] * 5], [["x", "y", 3]]])
def test_a_row_of_another_shape_is_read_anew(tmp_path: Path, read: object) -> None:
    by_rule, path = ByRule(tmp_path / read_before.FILE), tmp_path / read_before.FILE
    expected = by_rule.attributes(TEXTS[0], Place(1), ()), by_rule.noted(TEXTS[0], ())
    by_rule.save()
    rules, *rows = map(json.loads, path.read_text().splitlines())
    path.write_text("".join(json.dumps(one) + "\n" for one in (rules, *({**row, "read": read} for row in rows))))
    for _ in range(2):
        again = ByRule(path)
        assert (again.attributes(TEXTS[0], Place(1), ()), again.noted(TEXTS[0], ())) == expected
        again.save()


def test_a_folder_in_its_place_keeps_nobody_from_reading(tmp_path: Path) -> None:
    (tmp_path / read_before.FILE).mkdir()
    found = ByRule(tmp_path / read_before.FILE).attributes(TEXTS[0], Place(1), ())
    assert found == ByRule().attributes(TEXTS[0], Place(1), ()) != []
