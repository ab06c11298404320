"""`memagent add | search | ask | show`: a memory of your own files."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from memagent.cli.console import complain, dim, emit, hush, plural, say, shortened
from memagent.cli.options import (
    check_query,
    db_option,
    embedder_option,
    json_option,
    open_memory,
    scope_options,
    secrets_option,
)
from memagent.errors import NotFound, UsageProblem

if TYPE_CHECKING:
    from memagent.memory import Memory
    from memagent.types import Hit, Note


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path, allow_dash=True))
@click.option("--text", multiple=True, help="A text to keep, given here.")
@scope_options
@db_option
@embedder_option
@secrets_option
@json_option
@click.option("-q", "--quiet", is_flag=True, help="Say nothing but errors.")
def add(
    paths: Sequence[Path],
    text: Sequence[str],
    db: Path,
    embedder: str | None,
    secrets: str,
    as_json: bool,
    quiet: bool,
    **scope: str | None,
) -> int:
    """Put files and folders (Markdown, text) into a memory.

    Files are cut into passages at headings and paragraphs and kept verbatim. Adding a file or a folder again replaces
    what it held before, and drops what is gone. "-" reads standard input.
    """
    from memagent.indexing.folders import keep_up
    from memagent.types import Note

    if not paths and not text:
        raise click.UsageError('Name files or folders, "-" for standard input, or --text.')
    hush(quiet)
    with open_memory(db, embedder, new=True, secrets=secrets) as opened:
        memory = opened.bind(**scope)
        before = memory.count()
        memory.add([Note(one) for one in text] + _standard_input(paths))
        named = [path for path in paths if str(path) != "-"]
        kept = keep_up(memory, named, base=db.parent, on_file=_silent if quiet else _progress)
        after = memory.count()
    for problem in kept.skipped:
        complain(f"skipped: {problem}")
    counts = {"files": len(kept.read), "gone": len(kept.gone), "skipped": len(kept.skipped)}
    if as_json:
        emit({"db": str(db), **counts, "passages": after, "change": after - before})
    parts = [plural(counts["files"], "file") + " read"] + [f"{counts['gone']} gone from disk forgotten"] * bool(
        kept.gone
    )
    say(f"{db}: {', '.join(parts)}; {plural(after, 'passage')} ({after - before:+d})", quiet=quiet or as_json)
    return 1 if kept.skipped else 0


@click.command()
@click.argument("query")
@click.option("-k", default=5, show_default=True, type=click.IntRange(1, 1000), help="How many passages.")
@click.option("--using", default="hybrid", show_default=True, help="hybrid, dense, keyword, graph or facts.")
@scope_options
@db_option
@embedder_option
@json_option
def search(query: str, k: int, using: str, db: Path, embedder: str | None, as_json: bool, **scope: str | None) -> None:
    """Find passages, best first, and say why each was found."""
    check_query(query)
    with open_memory(db, embedder) as memory:
        hits = memory.bind(**scope).search(query, k, using=using)
    if as_json:
        for hit in hits:
            emit(asdict(hit))
        return
    for rank, hit in enumerate(hits, 1):
        click.echo(f"{rank}. {hit.score:.2f}  {where(hit)}")
        click.echo(f"   {shortened(hit.text, 200)}")
        click.echo(dim(f"   {hit.id}: {hit.why}"))
    if not hits:
        say("nothing found")


@click.command()
@click.argument("id", required=False)
@click.option("--source", help="List the passages of one source.")
@scope_options
@db_option
@embedder_option
@json_option
def show(
    id: str | None, source: str | None, db: Path, embedder: str | None, as_json: bool, **scope: str | None
) -> None:
    """Show what a memory holds: its sources, the passages of one source, or one passage."""
    with open_memory(db, embedder) as opened:
        memory = opened.bind(**scope)
        if id is not None:
            passages = [memory.get(id)]
        elif source is not None:
            passages = list(memory.passages(source=source))
            if not passages:
                raise NotFound(f"{str(db)!r} holds nothing from {source!r}", hint="See its sources: memagent show")
        else:
            _overview(memory, db, as_json)
            return
    for passage in passages:
        if as_json:
            emit({"id": passage.id, "title": passage.title, "source": passage.source, "text": passage.text})
        else:
            click.echo(dim(f"{passage.id}  {passage.source}  {passage.recorded_at:%Y-%m-%d %H:%M} UTC"))
            click.echo(f"{passage.full_text}\n")


def _overview(memory: Memory, db: Path, as_json: bool) -> None:
    sources = Counter(passage.source for passage in memory.passages())
    if as_json:
        emit({"db": str(db), "passages": memory.count(), "bytes": db.stat().st_size, "sources": sources})
        return
    click.echo(f"{db}: {plural(memory.count(), 'passage')}, {db.stat().st_size / 1e6:.1f} MB")
    for source, count in sources.items():
        click.echo(f"{count:6d}  {source or '(given as text)'}")


def _standard_input(paths: Sequence[Path]) -> list[Note]:
    from memagent.indexing.chunk import chunk
    from memagent.types import Note

    if not any(str(path) == "-" for path in paths):
        return []
    try:
        return [Note(text) for text in chunk(sys.stdin.read())]
    except UnicodeDecodeError as error:
        raise UsageProblem("standard input is not UTF-8 text", hint="Convert it first.") from error


def where(hit: Hit) -> str:
    """Return where a hit comes from, in a few words."""
    return " · ".join(part for part in (hit.title, hit.source) if part) or hit.id


_last: dict[str, float] = {"told": 0.0}


def _progress(number: int, total: int, file: Path) -> None:
    """Tell a terminal, at most four times a second, how far it has come."""
    if sys.stderr.isatty() and time.monotonic() - _last["told"] >= 0.25:
        _last["told"] = time.monotonic()
        click.echo(f"\r\x1b[K{number} of {total} files, {file}"[:100] + "\r", err=True, nl=False)


def _silent(number: int, total: int, file: Path) -> None:
    """Tell nothing."""
