"""What the commands of a story share: its folder, and `--json` and `--quiet`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from memagent.story.book import Story

folder_argument = click.argument(
    "folder", default=Path(), type=click.Path(path_type=Path, file_okay=True), required=False
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
yes_option = click.option("-y", "--yes", is_flag=True, help="Spend what is estimated without asking.")
quiet_option = click.option("-q", "--quiet", is_flag=True, help="Say nothing but errors.")


def open_story(folder: Path) -> Story:
    """Open the story in a folder; the library is imported only here."""
    from memagent.story.book import Story

    return Story(folder)


def folder_or_number(folder: Path, number: int | None) -> tuple[Path, int | None]:
    """Tell the arguments apart: that of `pick 2` is the number, unless there is a folder of that name."""
    if number is None and str(folder).isdecimal() and not folder.is_dir():
        return Path(), int(str(folder))
    return folder, number
