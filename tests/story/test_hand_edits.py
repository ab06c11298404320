"""A manuscript edited by hand in every way that a writer edits: what is taken up, and what follows."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memagent import Controller, Story
from memagent.embedders.hashing import Hashing
from memagent.errors import StoryError, Unsynced
from memagent.story import drafts as history
from memagent.story import hand_edits
from memagent.story.config import StoryConfig
from memagent.story.importing import read
from memagent.story.manuscript import Place
from memagent.story.record import Begun
from memagent.story.renumbering import Edits, compared, was
from memagent.story.taking_over import opened, take_over
from memagent.story.writing import write
from memagent.testing import ScriptedLLM

TEXT = """# The Lamp

## Fog

Mara kept the lamp on the Skerry, and it was never out.

Her brother Tomas sailed on the Wren four days ago.

The council met in the harbour house and spoke of coal.

## Rain

Mara found an iron key in the wet sand below the stair.

It fitted no door that anybody on the island knew.

The bells rang four times, and after that no more.
"""


@pytest.fixture
def story(tmp_path: Path) -> Story:
    """Two chapters of three paragraphs."""
    file = tmp_path / "lamp.md"
    file.write_text(TEXT)
    book = opened(tmp_path / "lamp", read(file), "", StoryConfig(select="first"))
    with book.editing(adopt=False):
        take_over(book, read(file), "lamp.md")
    return book


def edited(story: Story, chapter: int, change: Callable[[str], str]) -> None:
    page = story.pages.chapters / f"{chapter:02d}.md"
    page.write_text(change(page.read_text()))


def synced(story: Story) -> Edits:
    with story.editing(adopt=False):
        return hand_edits.sync(story)


def notes(story: Story) -> dict[str, str]:
    with story.editing():
        return {one.id: one.text for one in story.memory.passages()}


def expected(story: Story) -> dict[str, str]:
    return {f"p{number:06d}": text for number, text in enumerate(story.record.paragraphs[:-1], 1)}


def embedded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return where every text that goes to the embedder from now on is noted."""
    texts: list[str] = []
    plain = Hashing.embed

    def noting(self: Any, some: Any, *args: Any, **options: Any) -> Any:
        texts.extend(some)
        return plain(self, some, *args, **options)

    monkeypatch.setattr(Hashing, "embed", noting)
    return texts


def test_a_paragraph_put_in_front_shifts_all_numbers_and_only_it_is_embedded(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = embedded(monkeypatch)
    edited(story, 1, lambda text: text.replace("Mara kept", "It was a cold year.\n\nMara kept"))
    edits = synced(story)
    assert (edits.added, edits.count) == ((1,), 1)
    assert story.record.chapters == [Begun(1, "Fog"), Begun(5, "Rain")]
    assert notes(story) == expected(story)
    assert texts == ["It was a cold year."]


def test_a_paragraph_rewritten_keeps_its_number_and_only_it_is_embedded(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = embedded(monkeypatch)
    edited(story, 1, lambda text: text.replace("spoke of coal", "spoke of nothing"))
    assert synced(story).changed == (3,)
    assert notes(story) == expected(story)
    assert texts == ["The council met in the harbour house and spoke of nothing."]


def test_a_paragraph_split_in_two_is_one_rewritten_and_one_new(story: Story) -> None:
    edited(story, 1, lambda text: text.replace("on the Skerry, and it", "on the Skerry.\n\nIt"))
    edits = synced(story)
    assert (edits.changed, edits.added, edits.removed) == ((1,), (2,), ())
    assert story.record.paragraphs[:2] == ["Mara kept the lamp on the Skerry.", "It was never out."]
    assert notes(story) == expected(story)


def test_two_paragraphs_joined_are_one_rewritten_and_one_gone(story: Story) -> None:
    edited(story, 1, lambda text: text.replace("never out.\n\nHer", "never out. Her"))
    edits = synced(story)
    assert (edits.changed, len(edits.removed), edits.added) == ((1,), 1, ())
    assert len(story.record.paragraphs) == 5
    assert notes(story) == expected(story)


def test_a_paragraph_moved_to_another_chapter_is_moved_and_nothing_is_embedded(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = embedded(monkeypatch)
    moved = "Her brother Tomas sailed on the Wren four days ago.\n\n"
    edited(story, 1, lambda text: text.replace(moved, ""))
    edited(story, 2, lambda text: text.replace("It fitted", f"{moved}It fitted"))
    edits = synced(story)
    assert (edits.moved, edits.changed, edits.added, edits.removed) == ((4,), (), (), ())
    assert notes(story) == expected(story)
    assert texts == []


def test_a_paragraph_deleted_leaves_the_long_memory(story: Story) -> None:
    edited(story, 1, lambda text: text.replace("Her brother Tomas sailed on the Wren four days ago.\n\n", ""))
    assert synced(story).removed == (2,)
    assert "Tomas" not in "".join(notes(story).values())


def test_the_newest_paragraph_deleted_or_written_on_is_what_the_next_prompt_shows(story: Story) -> None:
    edited(story, 2, lambda text: text.replace("\n\nThe bells rang four times, and after that no more.", ""))
    assert synced(story).removed == (6,)
    assert story.state is not None
    assert story.state.paragraph == "It fitted no door that anybody on the island knew."
    edited(story, 2, lambda text: text + "\nA boat came in.\n")
    synced(story)
    assert story.state.paragraph == "A boat came in."
    assert story.state.previous == "It fitted no door that anybody on the island knew."
    assert notes(story) == expected(story)


def test_an_edit_of_long_memory_stays_with_its_paragraph(story: Story) -> None:
    with story.editing():
        story.edit_long(2, "Tomas is at sea.")
    edited(story, 1, lambda text: text.replace("Mara kept", "It was a cold year.\n\nMara kept"))
    synced(story)
    assert story.record.long_edits == {3: "Tomas is at sea."}
    assert notes(story)["p000003"] == "Tomas is at sea."
    assert notes(story)["p000002"].startswith("Mara kept")


def test_a_heading_changed_and_the_title_changed(story: Story) -> None:
    edited(story, 1, lambda text: text.replace("## Fog", "### Mist ##").replace("# The Lamp", "# The Light"))
    edits = synced(story)
    assert (edits.count, edits.headings) == (0, True)
    assert (story.record.title, story.record.chapters[0].title) == ("The Light", "Mist")
    assert (story.pages.chapters / "01.md").read_text().startswith("# The Light\n\n## Mist\n\nMara")


def test_a_heading_in_the_middle_begins_a_chapter_there(story: Story) -> None:
    edited(story, 1, lambda text: text.replace("The council", "## Coal\n\nThe council"))
    assert synced(story).headings
    assert [one.title for one in story.record.chapters] == ["Fog", "Coal", "Rain"]
    assert sorted(path.name for path in story.pages.chapters.iterdir()) == ["01.md", "02.md", "03.md"]


def test_a_chapter_added_as_a_file_is_taken_up(story: Story) -> None:
    (story.pages.chapters / "03.md").write_text("# Snow\nA boat came in.\n")
    with pytest.raises(Unsynced, match=r"03\.md"), story.editing():
        pass
    assert synced(story).added == (7,)
    assert story.record.chapters[-1] == Begun(7, "Snow")
    assert notes(story) == expected(story)


def test_a_chapter_deleted_by_hand_is_named_and_goes_when_it_is_taken_up(story: Story) -> None:
    (story.pages.chapters / "01.md").unlink()
    with pytest.raises(Unsynced, match=r"01\.md' was deleted by hand") as refused, story.editing():
        pass
    assert "memagent story sync" in refused.value.hint and "memagent story rebuild" in refused.value.hint
    edits = synced(story)
    assert edits.removed == (1, 2, 3)
    assert [one.title for one in story.record.chapters] == ["Rain"]
    assert len(story.record.paragraphs) == 3
    assert notes(story) == expected(story)
    assert (story.pages.chapters / "01.md").read_text().startswith("## Rain")


def test_a_chapter_deleted_and_the_next_renamed_is_no_chapter_twice(story: Story) -> None:
    (story.pages.chapters / "02.md").rename(story.pages.chapters / "01.md")
    synced(story)
    assert len(story.record.paragraphs) == 3
    assert story.record.chapters == [Begun(1, "Rain")]


def test_all_chapters_deleted_are_written_again(story: Story) -> None:
    before = {path.name: path.read_text() for path in story.pages.chapters.iterdir()}
    shutil.rmtree(story.pages.chapters)
    with story.editing():
        pass
    assert {path.name: path.read_text() for path in story.pages.chapters.iterdir()} == before


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data.replace(b"\n", b"\r\n"),
        lambda data: b"\xef\xbb\xbf" + data,
        lambda data: data.rstrip(b"\n"),
        lambda data: data + b"\n\n",
        lambda data: data.replace(b".\n", b".  \n"),
    ],
    ids=["windows", "mark", "no end of line", "more lines", "blanks"],
)
def test_what_an_editor_does_by_itself_is_no_edit(story: Story, change: Callable[[bytes], bytes]) -> None:
    page = story.pages.chapters / "02.md"
    whole = page.read_bytes()
    page.write_bytes(change(whole))
    with story.editing():
        pass
    assert page.read_bytes() == whole
    page.write_bytes(change(whole.replace(b"iron key", b"brass key")))
    assert synced(story).changed == (4,)
    assert story.record.paragraphs[3] == "Mara found an brass key in the wet sand below the stair."


def test_more_than_a_hundred_chapters_are_read_in_their_order(tmp_path: Path) -> None:
    file = tmp_path / "long.md"
    file.write_text("\n\n".join(f"## Chapter {number}\n\nText {number}." for number in range(1, 121)))
    story = opened(tmp_path / "long", read(file), "", StoryConfig())
    with story.editing(adopt=False):
        take_over(story, read(file), "long.md")
    edited(story, 7, lambda text: text.replace("Text 7.", "Text seven."))
    assert synced(story).changed == (7,)
    assert [text for text in story.record.paragraphs if text != "Text seven."] == [
        f"Text {number}." for number in range(1, 121) if number != 7
    ]


def test_two_files_of_one_chapter_are_refused(story: Story) -> None:
    (story.pages.chapters / "2.md").write_text("Another two.\n")
    with pytest.raises(StoryError, match="two files"), story.editing(adopt=False):
        hand_edits.sync(story)
    assert len(Story(story.folder).record.paragraphs) == 6


def test_a_paragraph_that_begins_like_a_heading_is_read_back_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    file.write_text('{"chapter": 1, "title": "", "text": "## No heading"}\n{"chapter": 1, "text": "\\\\# Nor this"}\n')
    story = opened(tmp_path / "a", read(file), "", StoryConfig())
    with story.editing(adopt=False):
        take_over(story, read(file), "a.jsonl")
        before = list(story.record.paragraphs)
        assert hand_edits.sync(story).count == 0
    assert story.record.paragraphs == before
    assert before[0] == "## No heading"
    assert len(story.record.chapters) == 1


def test_sync_is_taken_back_and_brought_back_with_its_memory(story: Story) -> None:
    before, pages = notes(story), {path.name: path.read_text() for path in story.pages.chapters.iterdir()}
    edited(story, 1, lambda text: text.replace("Mara kept", "It was a cold year.\n\nMara kept"))
    synced(story)
    after = notes(story)
    with story.editing():
        history.undo(story)
    assert notes(story) == before
    assert {path.name: path.read_text() for path in story.pages.chapters.iterdir()} == pages
    with story.editing():
        history.redo(story)
    assert notes(story) == after


def test_the_texts_of_a_paragraph_follow_it_when_its_number_shifts(story: Story) -> None:
    edited(story, 1, lambda text: text.replace("never out", "never once out"))
    synced(story)
    edited(story, 1, lambda text: text.replace("Mara kept", "It was a cold year.\n\nMara kept"))
    synced(story)
    texts = [one.text for one in history.drafts(story, Place(1, 2))]
    assert texts == [
        "Mara kept the lamp on the Skerry, and it was never out.",
        "Mara kept the lamp on the Skerry, and it was never once out.",
    ]
    assert [one.text for one in history.drafts(story, Place(1, 1))] == ["It was a cold year."]
    with story.editing():
        history.undo(story)
    assert [one.text for one in history.drafts(story, Place(1, 1))] == texts


def test_a_chapter_edited_while_a_session_is_open_is_not_written_over(story: Story) -> None:
    with story.editing():
        edited(story, 1, lambda text: text.replace("spoke of coal", "spoke of nothing"))
        story.edit_memory("Mara keeps the lamp.")
        story.pages.write(story.record, story.log)
    assert "spoke of nothing" in (story.pages.chapters / "01.md").read_text()
    with pytest.raises(Unsynced), story.editing():
        pass
    assert synced(story).changed == (3,)


def test_what_the_log_has_and_no_page_has_shown_yet_is_not_lost_by_sync(story: Story) -> None:
    """A kill between the log and the page, and then an edit of that page."""
    with story.editing():
        story.pick("A boat comes.")
        position = (story.folder / ".memagent" / "pages.json").read_text()
        page = (story.pages.chapters / "02.md").read_text()
        reply = '{"paragraph": "A boat came in.", "rationale": "", "memory": "A boat.", "plans": ["a", "b", "c"]}'
        write(story, Controller(ScriptedLLM([reply]), story.memory), 7, select="first")
    (story.folder / ".memagent" / "pages.json").write_text(position)
    (story.pages.chapters / "02.md").write_text(page.replace("iron key", "brass key"))
    assert synced(story).changed == (4,)
    assert story.record.paragraphs[-1] == "A boat came in."


@given(st.lists(st.sampled_from("abcdefgh"), max_size=12), st.lists(st.sampled_from("abcdefgh"), max_size=12))
def test_every_paragraph_is_accounted_for_once(before: list[str], now: list[str]) -> None:
    edits = compared(before, now)
    old = was(edits.runs)
    assert sorted([*old, *edits.added]) == list(range(1, len(now) + 1))
    assert sorted([*old.values(), *edits.removed]) == list(range(1, len(before) + 1))
    for new, number in old.items():
        assert (now[new - 1] == before[number - 1]) != (new in edits.changed)
    assert (edits.count == 0) == (before == now)


def test_paragraphs_of_scripts_without_blanks_are_known_again() -> None:
    edits = compared(["雾从门下进来。灯在窗台上。", "她数了钟声。"], ["夜。", "雾从门下进来。灯灭了。", "她数了钟声。"])
    assert (edits.changed, edits.added) == ((2,), (1,))
