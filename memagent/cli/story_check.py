"""`memagent story check`: what does not add up in a story, with --deep by a model too, and what of it is meant."""

from __future__ import annotations

import shutil
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

_COLOURS = {"canon": "red", "timeline": "red", "name": "yellow", "repeat": "cyan", "length": "blue"}


@click.command()
@folder_argument
@click.option("--repetition", is_flag=True, help="What is said again: paragraphs, phrases, openings.")
@click.option("--names", is_flag=True, help="Names that are spelt in two ways.")
@click.option("--timeline", is_flag=True, help="Days, months, years and ages that run backwards.")
@click.option("--canon", is_flag=True, help="Contradictions: looks, kin, the dead who speak, what is lost and used.")
@click.option("--length", is_flag=True, help="Chapters far from the length that was asked.")
@click.option("--deep", is_flag=True, help="A model looks for contradictions as well, a call a chapter or so.")
@click.option("-m", "--model", help="Which model looks with --deep; by default the story's.")
@max_cost_option
@yes_option
@click.option("--waive", metavar="ID", multiple=True, help="Say that this finding is meant; it is told no more.")
@click.option("--unwaive", metavar="ID", multiple=True, help="Say that it is no longer meant.")
@click.option("--waived", "listing", is_flag=True, help="List what is waived, and check nothing.")
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
    as_json: bool,
    **chosen: bool,
) -> int:
    """Look for what repeats or contradicts itself; no model is asked without --deep. Exits with 6 on findings.

    Without an option, for all. Timeline and canon read English, and canon also has what a model found: when it read
    the paragraphs, and with --deep, which compares each chapter with the facts and paragraphs before it and costs
    nothing for what it has looked at. Each finding has an ID by which it can be waived; `memagent story undo` takes a
    waiver back too.
    """
    from memagent.story.checks import KINDS
    from memagent.story.waiving import findings

    story = open_story(folder)
    if waive or unwaive:
        return _meant(story, waive, unwaive)
    if listing:
        return _list(story, as_json=as_json)
    kinds = [kind for kind in KINDS if chosen[kind] or (deep and kind == "canon" and any(chosen.values()))] or KINDS
    looked = look(story, model, max_cost, yes=yes) if deep else Looked()
    found = findings(story, kinds, asked=_asked(story))
    if as_json:
        told = {"findings": [finding.to_dict() for finding in found], "calls": looked.calls}
        emit(told | ({"dropped": looked.dropped, "problems": looked.problems} if deep else {}))
    else:
        _tell(found, looked.calls)
    return looked.code or (FINDINGS if found else 0)


def _meant(story: Story, waive: tuple[str, ...], unwaive: tuple[str, ...]) -> int:
    from memagent.story import waiving

    with story.editing():
        for id in waive:
            finding = waiving.waive(story, id, asked=_asked(story))
            say(f"meant: {finding.place} {finding.text}")
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
        click.echo(f"{one.id}  {one.kind.ljust(8)}  {shortened(one.text, 58)}")
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


def _tell(findings: list[Finding], calls: int) -> None:
    width = min(100, shutil.get_terminal_size().columns - 1)
    places = max((len(str(finding.place)) for finding in findings), default=0)
    for finding in findings:
        place = str(finding.place).ljust(places)
        before = f"{place}  {finding.kind.ljust(8)}  {finding.id}  "
        lines = textwrap.wrap(finding.text, max(30, width - len(before)), break_on_hyphens=False) or [""]
        kind = styled(finding.kind.ljust(8), fg=_COLOURS[finding.kind])
        click.echo(f"{place}  {kind}  {dim(finding.id)}  {lines[0]}")
        for line in lines[1:]:
            click.echo(" " * len(before) + line)
    click.echo(f"{plural(len(findings), 'finding')}, {plural(calls, 'model call')}")
    if findings:
        say(dim("One that is meant: memagent story check --waive ID"))
