"""Chunks and files: nothing is lost, no word is cut, headings say where a chunk stands."""

from __future__ import annotations

import os
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memagent.errors import UsageProblem
from memagent.indexing.chunk import Section, chunk, sections
from memagent.indexing.files import notes_from
from memagent.types import estimate_tokens

TEXT = """Before it all.

# Guide #

Read this first.

## Install

```sh
# not a heading
pip install x

```

## Empty

# Last
end
"""

MARKDOWN = st.lists(
    st.one_of(
        st.sampled_from(
            ["# A\n", "## B ##\n", "```\n", "~~~~\n", "\n", "\n\n", "A b. C d! ", "词语。更多", "---\n", "\r\n"]
        ),
        st.text(max_size=30),
    ),
    max_size=20,
).map("".join)


def solid(text):
    return re.sub(r"\s", "", text)


@given(text=MARKDOWN, limit=st.integers(1, 40))
def test_nothing_is_lost_and_nothing_added(text, limit):
    assert solid("".join(chunk(text, max_tokens=limit))) == solid(text)


@given(text=MARKDOWN, limit=st.integers(1, 40))
def test_words_stay_whole(text, limit):
    ascii_words = set(re.findall(r"[!-~]+", re.sub(r"[^\x00-\x7f]", " ", text)))
    for piece in chunk(text, max_tokens=limit):
        assert set(re.findall(r"[!-~]+", re.sub(r"[^\x00-\x7f]", " ", piece))) <= ascii_words


@given(words=st.lists(st.text(alphabet="abcdefgh", min_size=1, max_size=12), max_size=200), limit=st.integers(3, 50))
def test_pieces_fit(words, limit):
    assert all(estimate_tokens(piece) <= limit for piece in chunk(" ".join(words), max_tokens=limit))


def test_long_chinese_is_divided():
    pieces = chunk("灯塔在海边" * 200, max_tokens=50)
    assert len(pieces) > 15 and all(estimate_tokens(piece) <= 50 for piece in pieces)


def test_sections_carry_their_path():
    assert sections(TEXT) == [
        Section("", "Before it all."),
        Section("Guide", "Read this first."),
        Section("Guide > Install", "```sh\n# not a heading\npip install x\n\n```"),
        Section("Guide > Empty", "## Empty"),
        Section("Last", "end"),
    ]


def test_a_piece_never_spans_two_sections():
    assert chunk("# A\none\n# B\ntwo") == ["# A\none", "# B\ntwo"]


def test_paragraphs_then_sentences():
    text = "First sentence is here. Second one too.\n\nAnother paragraph stands here."
    assert chunk(text, max_tokens=100) == [text]
    assert chunk(text, max_tokens=10) == [
        "First sentence is here. Second one too.",
        "Another paragraph stands here.",
    ]
    assert chunk(text, max_tokens=8)[:2] == ["First sentence is here.", "Second one too."]


def test_code_is_whole_if_it_fits_and_cut_at_lines_if_not():
    code = "```\n" + "value = function(argument)\n" * 6 + "```"
    assert code in chunk("Words before, too many to share a piece.\n\n" + code, max_tokens=50)
    assert all(line in code.splitlines() for piece in chunk(code, max_tokens=20) for line in piece.splitlines())


@pytest.mark.parametrize("text", ["", " \n\n ", "\ufeff"])
def test_blank_text(text):
    assert chunk(text) == ([text] if text.strip() else [])


def test_a_limit_below_one_is_refused():
    with pytest.raises(UsageProblem):
        chunk("x", max_tokens=0)


def test_files_and_folders(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, text in {
        "docs/b.md": "---\ntitle: x\n---\n# B\nbody b\n",
        "docs/a/z.TXT": "# plain text z",
        "docs/.hidden/h.md": "hidden",
        "docs/.h.md": "hidden",
        "docs/image.png": "no",
        "note.org": "given by name",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    notes = [(note.title, note.text, note.source) for note in notes_from(["docs", "note.org"])]
    assert notes == [
        ("z", "# plain text z", "docs/a/z.TXT"),
        ("B", "body b", "docs/b.md"),
        ("note", "given by name", "note.org"),
    ]
    assert [note.source for note in notes_from(tmp_path / "note.org")] == [(tmp_path / "note.org").as_posix()]


def test_rules_of_dashes_are_no_front_matter(tmp_path):
    path = tmp_path / "a.md"
    path.write_text("---\n\nNot a key\n\n---\nend", encoding="utf-8")
    assert "Not a key" in "".join(note.text for note in notes_from(path))


def test_what_cannot_be_read_is_named(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "latin.txt").write_bytes("café".encode("latin-1"))
    for path, message in [("nowhere", "does not exist"), ("empty", "no file to read"), ("latin.txt", "not UTF-8")]:
        with pytest.raises(UsageProblem, match=f"{path} .*{message}|{message}"):
            list(notes_from(tmp_path / path))


@pytest.mark.skipif(not hasattr(os, "symlink"), reason="needs symbolic links")
def test_links_to_folders_are_not_followed(tmp_path):
    (tmp_path / "a.md").write_text("once")
    (tmp_path / "loop").symlink_to(tmp_path)
    assert len(list(notes_from(tmp_path))) == 1


def test_a_word_without_end_is_cut() -> None:
    pieces = chunk("x" * 50_000 + " and " + "我" * 3000, max_tokens=200)
    assert max(map(len, pieces)) <= 800
    assert "".join("".join(pieces).split()) == "x" * 50_000 + "and" + "我" * 3000
