"""What a story's checks find, and what its author says is meant: listed, taken back, and told of no more.

A waiver is a step like any other: `undo` takes it back. It names the finding and the text of the paragraph where it
stands (see `finding`): it holds when paragraphs are added before, and the same contradiction said elsewhere is told.
The canon keeps what it held, so eyes that are meant to be blue in one scene do not become blue, unless the waiver says
that the new value holds from there on.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from memagent.errors import UsageProblem
from memagent.story.book import Story
from memagent.story.canon import Reading, doubts
from memagent.story.check_deep import deep_findings
from memagent.story.checks import KINDS, check
from memagent.story.finding import CANON, Finding, finding_id, unwaived
from memagent.story.log import event
from memagent.story.record import waiver_of


@dataclass(frozen=True, slots=True)
class Waived:
    """A finding that is meant.

    Attributes:
        id: the finding's.
        kind: the finding's.
        text: what it said when it was waived.
        at: when that was.
        everywhere: wherever it stands, as waivers of older stories are.
        canon: what it says holds from there on.
    """

    id: str
    kind: str
    text: str
    at: str
    everywhere: bool = False
    canon: bool = False


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
    found = check(manuscript, kinds, asked=asked, waivers=waivers, reads=story.rules.attributes)
    if "canon" in kinds and story.record.readings:
        readings = {digest: Reading.from_json(data) for digest, data in story.record.readings.items()}
        found += unwaived(doubts(manuscript.paragraphs, readings), waivers)
    if "canon" in kinds and story.record.deep:
        have = {finding.waiver for finding in found}
        found += [one for one in unwaived(deep_findings(story), waivers) if one.waiver not in have]
    return sorted(found, key=lambda finding: finding.place)


def waive(story: Story, id: str, *, asked: Sequence[int | None] = (), canon: bool = False) -> Finding:
    """Say that a finding is meant where it stands; return it. Call it inside `editing`.

    Args:
        story: whose.
        id: the finding's id, or as much of its beginning as is its alone.
        asked: as for `findings`.
        canon: what the finding says holds from there on, and what contradicts that is found.

    Raises:
        UsageProblem: no finding has it, or several; or it is no contradiction and cannot become canon.
    """
    by_id = {finding.id: finding for finding in findings(story, asked=asked)}
    finding = by_id[_only(id, by_id, "finding", "memagent story check")]
    if canon and finding.kind != CANON:
        raise UsageProblem(
            f"{finding.id} is of the kind {finding.kind}, which says nothing that could hold from there on",
            hint="Waive it without --canon.",
        )
    more: dict[str, Any] = {"where": finding.where} if finding.where else {}
    more |= {"canon": True} if canon else {}
    text = f"{finding.place} {finding.text}"
    story.commit(event("waived", kind=finding.kind, key=finding.key, text=text, **more))
    story.remember()
    return finding


def unwaive(story: Story, id: str) -> Waived:
    """Say that a finding is no longer meant; return what was. Call it inside `editing`. Raises as `waive`."""
    by_id = {one.id: one for one in waived(story)}
    chosen = by_id[_only(id, by_id, "waiver", "memagent story check --waived")]
    for kind, key, *rest in [one for one in story.record.waived if finding_id(*one[:3]) == chosen.id]:
        more: dict[str, Any] = {"where": rest[0]} if rest else {}
        more |= {"canon": True} if len(rest) > 1 else {}
        story.commit(event("waived", kind=kind, key=key, text=chosen.text, meant=False, **more))
    story.remember()
    return chosen


def waived(story: Story) -> list[Waived]:
    """Return what is waived now, in the order in which it was."""
    said = {waiver_of(one): one for one in story.record.done if one["type"] == "waived"}
    return [
        Waived(
            finding_id(*waiver[:3]),
            waiver[0],
            one.get("text") or waiver[1],
            one.get("at", ""),
            everywhere=len(waiver) == 2 and waiver[0] != "length",
            canon=waiver[3:] == (CANON,),
        )
        for waiver, one in said.items()
        if waiver in story.record.waived
    ]


def _only(id: str, there: Collection[str], what: str, command: str) -> str:
    found = [one for one in there if id and one.startswith(id.lower())]
    if id.lower() in there or len(found) == 1:
        return id.lower() if id.lower() in there else found[0]
    several = f"{len(found)} {what}s begin with {id!r}" if found else f"there is no {what} {id!r}"
    raise UsageProblem(several, hint=f"See their ids with: {command}")
