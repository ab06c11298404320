"""`memagent story check`: what does not add up in a story, with --deep by a model too, and what of it is meant."""

from __future__ import annotations

import shutil
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import click

from memagent.cli.console import FINDINGS, dim, emit, plural, say, shortened, styled
from memagent.cli.options import max_cost_option
from memagent.cli.story_check_deep import Looked, look
from memagent.cli.story_options import folder_argument, json_option, open_story, yes_option

if TYPE_CHECKING:
    from memagent.story.book import Story
    from memagent.story.finding import Finding

SHOWN = 30
"""So many findings are shown on a terminal."""
_COLOURS = {"canon": "red", "timeline": "red", "name": "yellow", "repeat": "cyan", "length": "blue"}


@click.command()
@folder_argument
@click.option("--repetition", is_flag=True, help="What is said again: paragraphs, phrases, openings.")
@click.option("--names", is_flag=True, help="Names that are spelt in two ways.")
@click.option("--timeline", is_flag=True, help="Days, months, years and ages that run backwards.")
@click.option(
    "--canon",
    is_flag=True,
    help="Contradictions: looks, kin, homes, counts, the dead who speak, what is lost and used. With --waive: what the "
    "finding says holds from there on.",
)
@click.option("--length", is_flag=True, help="Chapters far from the length that was asked.")
@click.option("--deep", is_flag=True, help="A model looks for contradictions as well, a call a chapter or so.")
@click.option("-m", "--model", help="Which model looks with --deep; by default the story's.")
@max_cost_option
@yes_option
@click.option("--waive", metavar="ID", multiple=True, help="Say that this finding is meant where it stands.")
@click.option("--unwaive", metavar="ID", multiple=True, help="Say that it is no longer meant.")
@click.option("--waived", "listing", is_flag=True, help="List what is waived, and check nothing.")
@click.option(
    "--limit",
    type=click.IntRange(min=0),
    metavar="N",
    help=f"Show so many findings, the worst first; 0 for all. By default {SHOWN} on a terminal, and all elsewhere.",
)
@json_option
def check(
    folder: Path,
    deep: bool,
    model: str | None,
    max_cost: float | None,
    yes: bool,
    waive: tuple[str, ...],
    unwaive: tuple[str, ...],
    listing: bool,
    limit: int | None,
    as_json: bool,
    **chosen: bool,
) -> int:
    """Look for what repeats or contradicts itself; no model is asked without --deep. Exits with 6 on findings.

    Without an option, for all. Timeline and canon read English, and canon also has what a model found: when it read
    the paragraphs, and with --deep, which compares each chapter with the facts and paragraphs before it and costs
    nothing for what it has looked at. The worst is told first. Each finding has an ID by which it can be waived where
    it stands: the same slip elsewhere is told, and so is this one once its paragraph is written anew. `memagent story
    undo` takes a waiver back too. Exits with 4 where a model could not look at all of it.
    """
    from memagent.story.checks import KINDS
    from memagent.story.ranking import by_kind, worst_first
    from memagent.story.waiving import findings

    story = open_story(folder)
    if waive or unwaive:
        return _meant(story, waive, unwaive, canon=chosen["canon"])
    if listing:
        return _list(story, as_json=as_json)
    kinds = [kind for kind in KINDS if chosen[kind] or (deep and kind == "canon" and any(chosen.values()))] or KINDS
    looked = look(story, model, max_cost, yes=yes) if deep else Looked()
    found = worst_first(findings(story, kinds, asked=_asked(story)))
    if as_json:
        shown = found[:limit] if limit else found
        told = {"findings": [one.to_dict() for one in shown], "kinds": by_kind(found), "calls": looked.calls}
        more = {"dropped": looked.dropped, "problems": looked.problems, "not_looked_at": looked.left}
        emit(told | (more if deep else {}))
    else:
        usual = SHOWN if sys.stdout.isatty() else 0
        _tell(found, looked, usual if limit is None else limit)
    return looked.code or (FINDINGS if found else 0)


def _meant(story: Story, waive: tuple[str, ...], unwaive: tuple[str, ...], *, canon: bool) -> int:
    from memagent.story import waiving

    with story.editing():
        for id in waive:
            finding = waiving.waive(story, id, asked=_asked(story), canon=canon)
            say(f"meant{', and so from there on' if canon else ''}: {finding.place} {finding.text}")
        for id in unwaive:
            say(f"no longer meant: {waiving.unwaive(story, id).text}")
    return 0


def _list(story: Story, *, as_json: bool) -> int:
    from dataclasses import asdict

    from memagent.story.waiving import waived

    ones = waived(story)
    if as_json:
        emit({"waived": [asdict(one) for one in ones]})
        return 0
    for one in ones:
        much = " (wherever it stands)" if one.everywhere else " (and so from there on)" if one.canon else ""
        click.echo(f"{one.id}  {one.kind.ljust(8)}  {shortened(one.text, 58 - len(much))}{much}")
    say(dim(f"{plural(len(ones), 'waiver')}. Take one back: memagent story check --unwaive ID"))
    return 0


def _asked(story: Story) -> list[int]:
    """The words of each chapter that is written to its end; one that is being written is not judged yet."""
    from memagent.story.outline import USUAL

    outline = story.outline
    usual = story.config.chapter_words or (USUAL if outline else 0)
    where = story.standing
    written = len(story.manuscript.chapters) if where.begins else where.chapter - 1
    return [(outline[number].words if number < len(outline) else 0) or usual for number in range(written)]


def _tell(findings: list[Finding], looked: Looked, limit: int) -> None:
    from memagent.story.ranking import by_kind

    shown = findings[:limit] if limit else findings
    width = min(100, shutil.get_terminal_size().columns - 1)
    places = max((len(str(finding.place)) for finding in shown), default=0)
    for finding in shown:
        place = str(finding.place).ljust(places)
        before = f"{place}  {finding.kind.ljust(8)}  {finding.id}  "
        lines = textwrap.wrap(finding.text, max(30, width - len(before)), break_on_hyphens=False) or [""]
        kind = styled(finding.kind.ljust(8), fg=_COLOURS[finding.kind])
        click.echo(f"{place}  {kind}  {dim(finding.id)}  {lines[0]}")
        for line in lines[1:]:
            click.echo(" " * len(before) + line)
    kinds = ", ".join(f"{count} {kind}" for kind, count in by_kind(findings).items())
    several = f" ({kinds})" if len(findings) > 1 else ""
    click.echo(f"{plural(len(findings), 'finding')}{several}, {plural(looked.calls, 'model call')}")
    if looked.left:
        say(f"{plural(looked.left, 'part')} not looked at, of which this says nothing")
    if len(shown) < len(findings):
        say(dim(f"{len(findings) - len(shown):,} more are not shown: memagent story check --limit 0"))
    if findings:
        say(dim("One that is meant: memagent story check --waive ID"))
