"""What a story's checks find, and what its author says is meant: listed, taken back, and told of no more.

A waiver is a step like any other: `undo` takes it back. It names the finding and not the place, so it holds when
paragraphs are added before; the same contradiction said again is waived with it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from memagent.errors import UsageProblem
from memagent.story.book import Story
from memagent.story.canon import Reading, doubts
from memagent.story.check_deep import deep_findings
from memagent.story.checks import KINDS, check
from memagent.story.finding import Finding, finding_id, unwaived
from memagent.story.log import event


@dataclass(frozen=True, slots=True)
class Waived:
    """A finding that is meant: its id, its kind, what it said when it was waived, and when that was."""

    id: str
    kind: str
    text: str
    at: str


def findings(
    story: Story, kinds: Collection[str] = KINDS, *, asked: Sequence[int | None] = (), all: bool = False
) -> list[Finding]:
    """Return what the checks of these kinds find in a story, and what a model found of it, in the order of the book.

    Args:
        story: read only.
        kinds: which of `checks.KINDS`.
        asked: how many words each chapter is to have.
        all: also what is waived.

    Raises:
        UsageProblem: there is no check of a kind.
    """
    waivers = () if all else story.record.waived
    manuscript = story.manuscript
    found = check(manuscript, kinds, asked=asked, waivers=waivers)
    if "canon" in kinds and story.record.readings:
        readings = {digest: Reading.from_json(data) for digest, data in story.record.readings.items()}
        found += unwaived(doubts(manuscript.paragraphs, readings), waivers)
    if "canon" in kinds and story.record.deep:
        have = {finding.waiver for finding in found}
        found += [one for one in unwaived(deep_findings(story), waivers) if one.waiver not in have]
    return sorted(found, key=lambda finding: finding.place)


def waive(story: Story, id: str, *, asked: Sequence[int | None] = ()) -> Finding:
    """Say that a finding is meant; return it. Call it inside `editing`.

    Args:
        story: whose.
        id: the finding's id, or as much of its beginning as is its alone.
        asked: as for `findings`.

    Raises:
        UsageProblem: no finding has it, or several.
    """
    by_id = {finding.id: finding for finding in findings(story, asked=asked)}
    finding = by_id[_only(id, by_id, "finding", "memagent story check")]
    story.commit(event("waived", kind=finding.kind, key=finding.key, text=f"{finding.place} {finding.text}"))
    story.remember()
    return finding


def unwaive(story: Story, id: str) -> Waived:
    """Say that a finding is no longer meant; return what was. Call it inside `editing`. Raises as `waive`."""
    by_id = {one.id: one for one in waived(story)}
    chosen = by_id[_only(id, by_id, "waiver", "memagent story check --waived")]
    (kind, key) = next(pair for pair in story.record.waived if finding_id(*pair) == chosen.id)
    story.commit(event("waived", kind=kind, key=key, text=chosen.text, meant=False))
    story.remember()
    return chosen


def waived(story: Story) -> list[Waived]:
    """Return what is waived now, in the order in which it was."""
    said = {(one["kind"], one["key"]): one for one in story.record.done if one["type"] == "waived"}
    return [
        Waived(finding_id(*pair), pair[0], one.get("text") or pair[1], one.get("at", ""))
        for pair, one in said.items()
        if pair in story.record.waived
    ]


def _only(id: str, there: Collection[str], what: str, command: str) -> str:
    found = [one for one in there if id and one.startswith(id.lower())]
    if id.lower() in there or len(found) == 1:
        return id.lower() if id.lower() in there else found[0]
    several = f"{len(found)} {what}s begin with {id!r}" if found else f"there is no {what} {id!r}"
    raise UsageProblem(several, hint=f"See their ids with: {command}")
