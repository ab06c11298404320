"""Thoughts aloud are no part of a reply."""

from __future__ import annotations

import pytest

from memagent.methods.thinking import spoken


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        ("<think>\nHm.\n</think>\n\nMara.", "Mara."),
        (" <Thinking>a <think> b</Thinking>Mara.", "Mara."),
        ("Hm, I think.\n</think>\nMara.", "Mara."),
        ("<think>Hm", ""),
        ("Mara.", "Mara."),
        ("", ""),
        ("Use <think> tags.", "Use <think> tags."),
        ("<think></think>", ""),
        ("<reasoning>x</reasoning>y<reasoning>z</reasoning>", "y<reasoning>z</reasoning>"),
    ],
)
def test_a_reply_begins_behind_the_thoughts(reply: str, said: str) -> None:
    assert spoken(reply) == said
