"""What differs between two texts word by word: `[-gone-]{+new+}`. Of scripts without blanks, sign by sign."""

from __future__ import annotations

from memagent.cli.console import shortened, styled
from memagent.differences import word_runs


def word_diff(before: str, now: str) -> str:
    """Return all of both texts, in red and green where there is colour."""
    parts = []
    for same, gone, come in word_runs(before, now):
        parts.append(same)
        parts += [styled(f"[-{gone}-]", fg="red")] * bool(gone)
        parts += [styled(f"{{+{come}+}}", fg="green")] * bool(come)
    return "".join(parts)


def word_diff_line(before: str, now: str, *, most: int = 600) -> str:
    """Return them on one line of at most `most` characters, without colour, a blank round each change."""
    told: list[str] = []
    for same, gone, come in word_runs(before.strip(), now.strip()):
        told += [same.strip(), f"[-{gone.strip()}-]" * bool(gone.strip()), f"{{+{come.strip()}+}}" * bool(come.strip())]
    return shortened(" ".join(filter(None, told)), most)
