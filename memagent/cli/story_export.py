"""`memagent story export`: the story to one file, in the format that the file's suffix names."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

import click

from memagent.cli.console import emit, plural, say
from memagent.errors import UsageProblem


def chapter_number(ctx: click.Context, param: click.Parameter, value: str | None) -> int | None:
    """Return the number of a chapter as people write it: `3`, `ch.3`, `chapter 3`."""
    from memagent.story.manuscript import Place

    if value is None:
        return None
    try:
        place = Place.read(value)
    except UsageProblem as error:
        raise click.BadParameter(f"{value!r} is no chapter. Write its number.", ctx, param) from error
    if place.paragraph:
        raise click.BadParameter(f"{value!r} is a paragraph. Write the number of a chapter.", ctx, param)
    return place.chapter


@click.command()
@click.argument("folder", default=Path(), type=click.Path(path_type=Path, file_okay=True), required=False)
@click.argument("out", required=False, type=click.Path(path_type=Path))
@click.option("--from", "first", metavar="N", callback=chapter_number, help="Begin with this chapter.")
@click.option("--to", "last", metavar="N", callback=chapter_number, help="End with this chapter.")
@click.option("--title", help="The title to print; by default the story's.")
@click.option("--author", help="The author to print.")
@click.option("--overwrite", is_flag=True, help="Replace the file if it is there.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("-q", "--quiet", is_flag=True, help="Say nothing but errors.")
def export(
    folder: Path,
    out: Path | None,
    first: int | None,
    last: int | None,
    title: str | None,
    author: str | None,
    overwrite: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Write the story to one file, OUT.

    Its suffix says the format: .md, .txt, .html (one page that needs nothing else), .epub (EPUB 3), or .jsonl (one
    object a paragraph). `export OUT.epub` alone works on the story you are in. The same story gives the same bytes.
    """
    from memagent.story.book import Story
    from memagent.story.exporting import export as write

    if out is None:
        folder, out = Path(), folder
        if not out.suffix:
            raise UsageProblem("no file is named", hint=f"Write: memagent story export {out} OUT.md")
    story = Story(folder)
    _check_outside(story.folder, out)
    manuscript = story.manuscript
    if title is not None:
        manuscript = replace(manuscript, title=title)
    if author is not None:
        manuscript = replace(manuscript, author=author)
    done = write(manuscript, out, overwrite=overwrite, first=first, last=last)
    if as_json:
        emit(asdict(done) | {"path": str(done.path)})
        return
    part = f"{done.chapters} of " if done.chapters < done.total else ""
    say(f"{done.path}: {part}{plural(done.total, 'chapter')}, {plural(done.words, 'word')}, {done.format}", quiet=quiet)


def _check_outside(folder: Path, out: Path) -> None:
    """Refuse to write over what a story is made of."""
    inside = out.resolve()
    own = [folder / name for name in ("chapters", "memory", "lore", ".memagent")]
    pages = [folder / name for name in ("premise.md", "outline.md", "style.md", "note.md")]
    if inside in {page.resolve() for page in pages} or any(inside.is_relative_to(one.resolve()) for one in own):
        raise UsageProblem(f"{str(out)!r} belongs to the story itself", hint="Choose a file outside of its folders.")
