"""What differs between two texts word by word: `[-gone-]{+new+}`. Of scripts without blanks, sign by sign."""

from __future__ import annotations

import re
from collections.abc import Iterator

from memagent.cli.console import shortened, styled
from memagent.differences import differences

_PIECES = re.compile(r"\s+|[^\s\u2e80-\u9fff\uac00-\ud7af]+|.")


def word_diff(before: str, now: str) -> str:
    """Return all of both texts, in red and green where there is colour."""
    parts = []
    for same, gone, come in _parts(before, now):
        parts.append(same)
        parts += [styled(f"[-{gone}-]", fg="red")] * bool(gone)
        parts += [styled(f"{{+{come}+}}", fg="green")] * bool(come)
    return "".join(parts)


def word_diff_line(before: str, now: str, *, most: int = 600) -> str:
    """Return them on one line of at most `most` characters, without colour, a blank round each change."""
    told: list[str] = []
    for same, gone, come in _parts(before.strip(), now.strip()):
        told += [same.strip(), f"[-{gone.strip()}-]" * bool(gone.strip()), f"{{+{come.strip()}+}}" * bool(come.strip())]
    return shortened(" ".join(filter(None, told)), most)


def _parts(before: str, now: str) -> Iterator[tuple[str, str, str]]:
    """Yield what is in both, or what is gone and what has come in its place."""
    old, new = _PIECES.findall(before), _PIECES.findall(now)
    for kind, a, b, c, d in differences(old, new):
        same = kind == "equal"
        yield ("".join(old[a:b]), "", "") if same else ("", "".join(old[a:b]), "".join(new[c:d]))
