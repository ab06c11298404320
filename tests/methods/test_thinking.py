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
        ("<think>a</think><think>b</think>Mara.", "Mara."),
        ("Mara keeps it.<think>Hm.</think> So Norway.", "Mara keeps it. So Norway."),
        ("Mara keeps it.\n\n<think>Hm.</think>\n\nSo Norway.", "Mara keeps it.\n\nSo Norway."),
        ("Mara keeps it.\n<think>Hm, is it", "Mara keeps it.\n"),
        ("Put <think> and </think> round it.", "Put <think> and </think> round it."),
        ("Write `<think>x</think>` there.", "Write `<think>x</think>` there."),
    ],
)
def test_a_reply_begins_behind_the_thoughts(reply: str, said: str) -> None:
    assert spoken(reply) == said
