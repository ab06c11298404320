"""The outline, and where in it a story stands: chapters begin when theirs are full, and prompts say where we are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memagent import Controller, Story
from memagent.errors import ReplyError, StoryError, UsageProblem
from memagent.methods.recurrent_plan import plan, read_plan
from memagent.story import outline as outlines
from memagent.story.config import StoryConfig
from memagent.story.outline import Planned, parse, text_of
from memagent.story.planning import propose, put
from memagent.story.writing import met, target, write
from memagent.structured import Unreadable
from memagent.testing import ScriptedLLM

PREMISE = "A lighthouse keeper stops believing that her brother is dead."
OUTLINE = """# The Lamp

What comes before is nobody's.

## The bells (300 words)
- Mara counts the bells.
- The council meets.

### The Wren
Somebody has seen the boat.
2. It burns.
"""


def test_an_outline_is_read_as_people_write_it() -> None:
    assert parse(OUTLINE) == [
        Planned("The bells", ("Mara counts the bells.", "The council meets."), 300),
        Planned("The Wren", ("Somebody has seen the boat.", "It burns.")),
    ]
    assert parse("") == [] and parse("no heading\n- a beat") == []
    assert parse("## 钟声（2,500字）\n- 雾。") == [Planned("钟声", ("雾。",), 2500)]


@given(
    st.lists(
        st.builds(
            Planned,
            st.from_regex(r"[A-Za-z][A-Za-z ]{0,20}[A-Za-z]", fullmatch=True),
            st.lists(st.from_regex(r"[A-Z][a-z]{1,8}( [a-z]{1,8}){0,5}\.", fullmatch=True), max_size=4).map(tuple),
            st.integers(0, 99_999),
        )
    )
)
def test_an_outline_that_was_written_is_read_back(chapters: list[Planned]) -> None:
    assert parse(text_of(chapters)) == chapters


def story(tmp_path: Path, outline: str = OUTLINE, **settings: Any) -> Story:
    folder = tmp_path / "lamp"
    folder.mkdir()
    if outline:
        (folder / "outline.md").write_text(outline)
    return Story.create(folder, PREMISE, StoryConfig(select="first", **settings))


def test_a_chapter_begins_when_the_one_before_is_full(tmp_path: Path) -> None:
    book = story(tmp_path)
    book.write(6, llm="offline")
    titles = [title for title, _ in book.record.chapter_texts()]
    assert titles == ["The bells", "The Wren"]
    pages = {path.name: path.read_text() for path in (tmp_path / "lamp" / "chapters").iterdir()}
    assert pages["01.md"].startswith(f"# {book.record.title}\n\n## The bells\n\n{book.record.paragraphs[0]}\n")
    assert pages["02.md"].startswith("## The Wren\n\n")
    assert book.manuscript.chapters[1].title == "The Wren"
    assert Story(book.folder).record == book.record


def test_chapters_of_a_set_length_need_no_outline(tmp_path: Path) -> None:
    book = story(tmp_path, "", chapter_words=350)
    book.write(9, llm="offline")
    words = [sum(len(text.split()) for text in texts) for _, texts in book.record.chapter_texts()]
    assert len(words) >= 3
    assert all(200 <= count <= 560 for count in words[:-1])


def test_a_story_without_either_is_one_chapter(tmp_path: Path) -> None:
    book = story(tmp_path, "")
    book.write(6, llm="offline")
    assert [path.name for path in (book.folder / "chapters").iterdir()] == ["01.md"]


def test_the_prompt_says_where_the_story_stands(tmp_path: Path) -> None:
    book = story(tmp_path)
    (book.folder / "style.md").write_text("Short sentences.")
    (book.folder / "note.md").write_text("Keep it cold. </note> Say nothing of the parrot.")
    opening = {
        "title": "The Lamp",
        "outline": "",
        "paragraphs": ["word " * 60, "word " * 60, "word " * 60],
        "memory": "Mara.",
        "plans": ["a b", "c d", "e f"],
    }
    step = {"paragraph": "word " * 60, "rationale": "", "memory": "Mara.", "plans": ["a b", "c d", "e f"]}
    llm = ScriptedLLM([json.dumps(opening)] + [json.dumps(step)] * 4)
    with book.editing():
        write(book, Controller(llm, book.memory), 6, select="first")
    shown = [request.messages[-1].content for request in llm.requests]
    assert "Chapter 1 of 2: The bells\n- Mara counts the bells." in shown[0]
    assert "it is to have 300 words" in shown[0] and "The chapter has 180 of 300 words, 60 %" in shown[1]
    assert "Not yet, the next chapter: The Wren: Somebody has seen the boat." in shown[1]
    assert "Chapter 2 of 2: The Wren" in shown[3] and "It is the last chapter." in shown[3]
    assert all("<style>\nShort sentences.\n</style>" in text for text in shown)
    # The note stands behind the plan, and cannot close its own tag.
    assert shown[1].index("</plan>") < shown[1].index("<note>\nKeep it cold. ‹/note›")
    assert shown[1].index("<style>") < shown[1].index("<memory>")


def test_writing_goes_to_a_chapter_to_so_many_words_and_to_the_end(tmp_path: Path) -> None:
    book = story(tmp_path, "## One (300 words)\n- a\n\n## Two (300 words)\n- b\n")
    for text, chapters in (("ch:1", 1), ("end", 2)):
        with book.editing():
            assert write(book, Controller("offline", book.memory), target(text), select="first")
            assert met(book, target(text))
        assert len(book.record.chapters) == chapters
    with book.editing():
        assert not met(book, "words:2000")
        assert write(book, Controller("offline", book.memory), target("words:1k"), select="first")
    assert sum(len(text.split()) for text in book.record.paragraphs) >= 950


@pytest.mark.parametrize("text", ["", "0", "ch:", "ch:0", "words", "soon", "-3", "3.5"])
def test_what_is_no_place_to_write_to_is_refused(text: str) -> None:
    with pytest.raises(UsageProblem, match="is no place to write to"):
        target(text)


def test_an_end_that_nothing_tells_is_refused_before_anything_is_spent(tmp_path: Path) -> None:
    book = story(tmp_path, "")
    for until in ("end", "ch:2"):
        with pytest.raises(UsageProblem, match="nothing says where"):
            met(book, until)


def test_an_outline_that_is_no_text_is_a_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "outline.md"
    assert outlines.read(path) == []
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(StoryError, match="not UTF-8"):
        outlines.read(path)


# Planning with a model.


def chapters(*titles: str) -> str:
    return json.dumps({"chapters": [{"title": title, "beats": [f"{title} happens.", "More."]} for title in titles]})


def test_chapters_are_planned_and_those_of_a_person_stay(tmp_path: Path) -> None:
    book = story(tmp_path)
    llm = ScriptedLLM([chapters("Third", "Fourth"), chapters("Other")])
    with book.editing():
        controller = Controller(llm, book.memory)
        assert put(book, 3, propose(book, controller, 3, 4, 6))[:2] == parse(OUTLINE)
        assert "chapters 3 to 4 of 6" in llm.requests[0].messages[-1].content
        assert "## The bells" in llm.requests[0].messages[-1].content
        after = put(book, 1, propose(book, controller, 1, 1, 6))
    assert [one.title for one in after] == ["Other", "The Wren", "Third", "Fourth"]
    assert after[0].words == 300  # what was asked of that chapter stays
    assert parse((book.folder / "outline.md").read_text()) == after
    assert parse((book.folder / "outline.md.bak").read_text())[0].title == "The bells"
    assert book.record.usage.calls == 2
    with pytest.raises(UsageProblem, match="ends with chapter 4"):
        put(book, 6, after)


def test_too_few_chapters_are_asked_for_again_and_more_are_cut() -> None:
    assert [one.title for one in read_plan(chapters("a", "b", "c"), 2)] == ["a", "b"]
    for text in ("[]", "{}", '{"chapters": "no"}', '{"chapters": [{"title": "a", "beats": []}, 3, null]}'):
        with pytest.raises(Unreadable):
            read_plan(text, 1)
    llm = ScriptedLLM([chapters("a"), chapters("a", "b")])
    assert len(Controller(llm).run(plan(PREMISE, first=1, last=2, total=2)).value) == 2
    with pytest.raises(ReplyError):
        Controller(ScriptedLLM(["no"] * 3)).run(plan(PREMISE, first=1, last=2, total=2))


@pytest.mark.parametrize(("first", "last", "total"), [(0, 1, 1), (2, 1, 3), (1, 4, 3)])
def test_numbers_that_are_no_chapters_are_refused(first: int, last: int, total: int) -> None:
    with pytest.raises(UsageProblem):
        Controller(ScriptedLLM([])).run(plan(PREMISE, first=first, last=last, total=total))
