"""What messages of errors are made of: texts in quotation marks."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from memagent.errors import quoted


def test_a_text_stands_in_marks_as_it_is() -> None:
    for text, shown in (
        (r"50\%", r"'50\%'"),
        (r"\frac{1}{2}", r"'\frac{1}{2}'"),
        ("it's", '"it\'s"'),
        ("70 тысяч", "'70 тысяч'"),
        ("七万", "'七万'"),
        ("", "''"),
        ("two\nlines\u2028and\x1b[31m more", "'two lines and [31m more'"),
    ):
        assert quoted(text) == shown
    assert quoted("x" * 81) == f"'{'x' * 79}…'"
    assert quoted("x" * 80) == f"'{'x' * 80}'"


@given(st.text(max_size=200), st.integers(5, 90))
def test_it_is_one_line_of_what_can_be_seen(text: str, longest: int) -> None:
    shown = quoted(text, longest)
    assert len(shown) <= longest + 2
    assert shown.isprintable()
    assert shown[0] == shown[-1]
