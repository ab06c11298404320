"""A text in quotation marks as a person reads it: for messages, where the form of Python's source doubles signs."""

from __future__ import annotations

_LONGEST = 80


def quoted(text: str, longest: int = _LONGEST) -> str:
    r"""Return a text in quotation marks, such as `'50\%'`, and on one line.

    Runs of blanks, line ends and what cannot be seen become one blank each; what is longer than `longest` characters
    ends with an ellipsis. A backslash stays one. The marks are single ones, and double ones round a text that has a
    single one.
    """
    line = " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
    if len(line) > longest:
        line = f"{line[: longest - 1]}…"
    mark = '"' if "'" in line else "'"
    return f"{mark}{line}{mark}"
