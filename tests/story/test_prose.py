"""Prose is seen while it comes in, and what was shown is the beginning of what is kept."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from memagent.methods.recurrent_reply import tidy_prose
from memagent.story.prose import ProseStream


@given(text=st.text(), size=st.integers(1, 9))
def test_what_is_shown_adds_up_to_what_is_kept(text: str, size: int) -> None:
    reply = json.dumps({"paragraph": text, "memory": "m", "plans": ["a"]})
    stream = ProseStream()
    shown = "".join(stream.feed(reply[start : start + size]) for start in range(0, len(reply), size))
    assert shown == stream.shown == tidy_prose(text)


def test_the_opening_is_shown_paragraph_by_paragraph() -> None:
    stream = ProseStream()
    assert stream.feed('```json\n{"title": "T", "paragraphs": ["One') == "One"
    assert stream.feed(' more.", "Tw') == " more.\n\nTw"
    assert stream.feed('o."], "memory": "Mara') == "o."


def test_prose_is_seen_before_the_reply_is_whole_and_other_formats_stay_silent() -> None:
    stream = ProseStream()
    assert stream.feed('{"paragraph": "The fog came') == "The fog came"
    assert stream.feed(' in.", "memory": "x') == " in."
    silent = ProseStream()
    assert silent.feed("Output Paragraph: The fog") == ""
