"""`memagent story check`: what does not add up in a story, found without a model."""

from __future__ import annotations

import shutil
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import click

from memagent.cli.console import FINDINGS, emit, plural, styled
from memagent.cli.story_options import folder_argument, json_option, open_story

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
@json_option
def check(folder: Path, as_json: bool, **chosen: bool) -> int:
    """Look for what repeats or contradicts itself, without asking a model. Exits with 6 on findings.

    Without an option, for all. Timeline and canon read English.
    """
    from memagent.story.checks import KINDS
    from memagent.story.checks import check as look

    story = open_story(folder)
    kinds = [kind for kind in KINDS if chosen[kind]] or KINDS
    findings = look(story.manuscript, kinds, asked=_asked(story))
    if as_json:
        emit({"findings": [finding.to_dict() for finding in findings], "calls": 0})
    else:
        _tell(findings)
    return FINDINGS if findings else 0


def _asked(story: Story) -> list[int]:
    """The words of each chapter that is written to its end; one that is being written is not judged yet."""
    from memagent.story.outline import USUAL

    outline = story.outline
    usual = story.config.chapter_words or (USUAL if outline else 0)
    where = story.standing
    written = len(story.manuscript.chapters) if where.begins else where.chapter - 1
    return [(outline[number].words if number < len(outline) else 0) or usual for number in range(written)]


def _tell(findings: list[Finding]) -> None:
    width = min(100, shutil.get_terminal_size().columns - 1)
    places = max((len(str(finding.place)) for finding in findings), default=0)
    for finding in findings:
        place = str(finding.place).ljust(places)
        before = f"{place}  {finding.kind.ljust(8)}  "
        lines = textwrap.wrap(finding.text, max(30, width - len(before)), break_on_hyphens=False) or [""]
        kind = styled(finding.kind.ljust(8), fg=_COLOURS[finding.kind])
        click.echo(f"{place}  {kind}  {lines[0]}")
        for line in lines[1:]:
            click.echo(" " * len(before) + line)
    click.echo(f"{plural(len(findings), 'finding')}, 0 model calls")
