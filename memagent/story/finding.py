"""What a check of a story finds: the kind, the place, one line that says what, and what it is waived by.

A waiver names the finding and where it stands: by the text of its paragraph, so that it holds when chapters and
paragraphs come before it, and no more when that paragraph is written anew. The same slip elsewhere is another finding.
Waivers of older stories name no place, and hold everywhere.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from memagent.story.manuscript import Place

CANON = "canon"
"""The last word of a waiver of which the value holds from there on."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a check found.

    Attributes:
        kind: `repeat`, `name`, `timeline`, `canon` or `length`.
        place: where it is.
        text: what it is, on one line.
        other: the earlier place that it disagrees with or repeats, if there is one.
        quote: the words of the story that it is about; empty for a length.
        key: says the same finding again when the text around it has changed.
        places: all places of it, where it has several: those of a phrase that is repeated, of a name.
        where: what tells the texts of its places from others; empty for a length, and where no text is known.
    """

    kind: str
    place: Place
    text: str
    other: Place | None = None
    quote: str = ""
    key: str = ""
    places: tuple[Place, ...] = ()
    where: str = ""

    @property
    def waiver(self) -> tuple[str, ...]:
        """What an author keeps to be told of this no more: plain strings, which survive JSON."""
        return (self.kind, self.key, self.where) if self.where else (self.kind, self.key)

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
            "places": [str(place) for place in self.places or (self.place,)],
        }


def finding_id(kind: str, key: str, where: str = "") -> str:
    """Return the short name of a finding: eight hexadecimal digits. Without `where`, of all with this kind and key."""
    said = f"{kind}\0{key}\0{where}" if where else f"{kind}\0{key}"
    return hashlib.sha256(said.encode()).hexdigest()[:8]


def digest_of(text: str) -> str:
    """Return what tells one text of a paragraph from another: sixteen hexadecimal digits."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def named(findings: Iterable[Finding]) -> str:
    """Name what a draft contradicts to the model that writes it again, a line each."""
    return "\n".join(f"“{finding.quote}”: {finding.text}" for finding in findings)


def placed(findings: Iterable[Finding], texts: Mapping[Place, str]) -> list[Finding]:
    """Return findings with `where` they stand, by the texts of their places."""
    found = []
    for finding in findings:
        told = [digest_of(texts[place]) for place in finding.places or (finding.place,) if place in texts]
        where = told[0] if len(told) == 1 else digest_of(" ".join(told)) if told else ""
        found.append(replace(finding, where=where))
    return found


def is_waived(finding: Finding, waivers: Collection[tuple[str, ...]]) -> bool:
    """Say whether one of some waivers names a finding: with its place, or of an older story without."""
    return any(one in waivers for one in (finding.waiver, (*finding.waiver, CANON), finding.waiver[:2]))


def becomes_canon(finding: Finding, waivers: Collection[tuple[str, ...]]) -> bool:
    """Say whether what a finding found holds from there on; those of older stories did."""
    return any(one in waivers for one in ((*finding.waiver, CANON), finding.waiver[:2]))


def unwaived(findings: Iterable[Finding], waivers: Iterable[Sequence[str]]) -> list[Finding]:
    """Return the findings that no waiver names. Waivers are tuples, or lists as JSON gives them back."""
    meant = {tuple(waiver) for waiver in waivers}
    return [finding for finding in findings if not is_waived(finding, meant)]
