"""`memagent story diag`: a report for somebody who is to help, also of a story that cannot be opened."""

from __future__ import annotations

import json
import platform
from collections import Counter
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from memagent.cli.story_options import folder_argument
from memagent.errors import MemagentError, UsageProblem

if TYPE_CHECKING:
    from memagent.story.book import Story

_TOLD = 60  # files that are named


@dataclass
class _Lines:
    """What the lines of a log are, with no word of what they hold."""

    kinds: list[str] = field(default_factory=list)
    damaged: list[int] = field(default_factory=list)


@click.command()
@folder_argument
def diag(folder: Path) -> None:
    """Print a report for somebody who is to help: versions, settings, what happened; no word of the story, no key.

    A story that cannot be opened is reported too, with what is wrong with it.
    """
    if not folder.is_dir():
        raise UsageProblem(f"{str(folder)!r} is no folder", hint="Give the story's folder.")
    lines = _lines(folder / ".memagent" / "events.jsonl")
    report: dict[str, Any] = {
        "memagent": metadata.version("memagent"),
        "python": platform.python_version(),
        "system": platform.system(),
    }
    try:
        report |= _of(_opened(folder))
    except MemagentError as error:
        report["problem"] = f"{type(error).__name__}: {error.message}".replace(str(folder), "FOLDER")
        report["advice"] = error.hint.replace(str(folder), "FOLDER")
    report |= {"events": dict(Counter(lines.kinds)), "last": lines.kinds[-10:], "damaged_lines": lines.damaged}
    report["files"] = sorted(
        f"{path.relative_to(folder)} {path.stat().st_size}"
        for path in folder.rglob("*")
        if path.is_file() and (path.suffix != ".md" or path.parent.name == "chapters")
    )[:_TOLD]
    click.echo(json.dumps(report, indent=2))


def _opened(folder: Path) -> Story:
    from memagent.story.book import Story

    return Story(folder)


def _of(book: Story) -> dict[str, Any]:
    from memagent.story.lore_files import readable

    config, usage = book.config, book.record.usage
    numbers = {name: getattr(config, name) for name in config.__slots__}
    return {
        "model": config.llm.partition("@")[0],
        "settings": {name: value for name, value in numbers.items() if isinstance(value, (int, float, bool))},
        "paragraphs": len(book.record.paragraphs),
        "chapters": [len(texts) for _, texts in book.record.chapter_texts()],
        "lore_unreadable": len(readable(book.folder)[1]),
        "usage": {"calls": usage.calls, "tokens": usage.tokens, "cost": usage.cost},
    }


def _lines(log: Path) -> _Lines:
    found = _Lines()
    whole = log.read_bytes().split(b"\n") if log.is_file() else []
    for number, line in enumerate(whole, 1):
        if not line.strip():
            continue
        try:
            found.kinds.append(str(json.loads(line)["type"]))
        except (ValueError, KeyError, TypeError, RecursionError):
            found.damaged.append(number)
    return found
