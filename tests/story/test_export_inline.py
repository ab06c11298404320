"""The little Markdown of prose: what counts as a mark, and what stays as it was written."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memagent.story.inline import blocks, clean, escape, is_break, parse, plain
from memagent.story.markup import inline


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("*a* and _b_", "<em>a</em> and <em>b</em>"),
        ("**a** __b__", "<strong>a</strong> <strong>b</strong>"),
        ("***a***", "<em><strong>a</strong></em>"),
        ("*a **b** c*", "<em>a <strong>b</strong> c</em>"),
        ("“*Hi*,” he said", "“<em>Hi</em>,” he said"),
        ("他说**你好。**她走了", "他说<strong>你好。</strong>她走了"),
        ("*мы*, **они**", "<em>мы</em>, <strong>они</strong>"),
        ("un*believ*able", "un<em>believ</em>able"),
        ("s**t and s**t", "s**t and s**t"),
        ("What the f***? F*** you", "What the f***? F*** you"),
        ("2 * 3 * 4, 5*6*7", "2 * 3 * 4, 5*6*7"),
        ("snake_case_name", "snake_case_name"),
        (r"\*not\* \_this\_", "*not* _this_"),
        ("*a _b* c_", "<em>a _b</em> c_"),
        ("left *open", "left *open"),
        ("**half*", "*<em>half</em>"),
        ("a -- b — c --- d", "a -- b — c --- d"),
        ("<b>&amp;</b>", "&lt;b&gt;&amp;amp;&lt;/b&gt;"),
        ("[a](http://b) `c`", "[a](http://b) `c`"),
        ("one\ntwo", "one<br/>\ntwo"),
    ],
)
def test_marks_become_elements_and_all_else_is_text(text, html):
    assert inline(text) == html


@pytest.mark.parametrize("line", ["***", "* * *", "---", "- - -", "___", "#", "⁂", "◇ ◇ ◇", "———", "＊＊＊"])
def test_a_scene_break_is_one(line):
    assert is_break(line)
    assert blocks(f"a\n\n{line}\n\nb") == ["a", None, "b"]


@pytest.mark.parametrize("line", ["", "**", "--", "*a*", "# One", "-", "…", "*-*", "123"])
def test_what_is_no_scene_break(line):
    assert not is_break(line)


def test_blank_lines_in_a_paragraph_part_it():
    assert blocks("a\n\n \nb\\\nc") == ["a", "b\nc"]
    assert blocks(" \n") == []


signs = st.text(alphabet="ab *_\\\n你。1", max_size=40)


@given(signs)
def test_marks_are_properly_nested_and_no_letter_is_lost(text):
    open_marks = []
    for piece, mark in parse(text):
        if mark and piece.startswith("/"):
            assert open_marks.pop() == piece[1:]
        elif mark:
            open_marks.append(piece)
    assert open_marks == []
    assert re.sub(r"[*_\\]", "", plain(text)) == re.sub(r"[*_\\]", "", text)


@given(st.text(alphabet="ab *_\\.`你1", max_size=30))
def test_what_is_escaped_reads_as_it_was(text):
    assert plain(escape(text)) == text
    assert not any(mark for _, mark in parse(escape(text)))


@given(st.text(max_size=30))
def test_what_is_clean_stays_as_it_is(text):
    assert clean(clean(text)) == clean(text)
