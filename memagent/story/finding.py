"""What a check of a story finds: the kind, the place, one line that says what, and what it is waived by."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from memagent.story.manuscript import Place


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a check found.

    Attributes:
        kind: `repeat`, `name`, `timeline`, `canon` or `length`.
        place: where it is.
        text: what it is, on one line.
        other: the earlier place that it disagrees with or repeats, if there is one.
        quote: the words of the story that it is about; empty for a length.
        key: says the same finding again when the text around it has changed, so that an author can waive it.
    """

    kind: str
    place: Place
    text: str
    other: Place | None = None
    quote: str = ""
    key: str = ""

    @property
    def waiver(self) -> tuple[str, str]:
        """What an author keeps to be told of this no more: plain strings, which survive JSON."""
        return self.kind, self.key

    @property
    def id(self) -> str:
        """A short name of it that stays when paragraphs are added before it; see `finding_id`."""
        return finding_id(*self.waiver)

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain values, the places as they are written: `ch.2 ¶3`."""
        return {
            "id": self.id,
            "kind": self.kind,
            "place": str(self.place),
            "text": self.text,
            "other": str(self.other) if self.other else None,
            "quote": self.quote,
            "key": self.key,
        }


def finding_id(kind: str, key: str) -> str:
    """Return the short name of all findings of a kind with this key: eight hexadecimal digits."""
    return hashlib.sha256(f"{kind}\0{key}".encode()).hexdigest()[:8]


def unwaived(findings: Iterable[Finding], waivers: Iterable[Sequence[str]]) -> list[Finding]:
    """Return the findings that no waiver names. A waiver is `[kind, key]`, as a tuple or as JSON gives it back."""
    meant = {tuple(waiver) for waiver in waivers}
    return [finding for finding in findings if finding.waiver not in meant]
