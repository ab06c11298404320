"""`memagent story status | show`: where a story stands, and its text."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from memagent.cli.console import emit, numbered, plural, prose, say, shortened, spent
from memagent.cli.story_options import folder_argument, json_option, open_story

if TYPE_CHECKING:
    from memagent.story.book import Story


@click.command()
@folder_argument
@json_option
def status(folder: Path, as_json: bool) -> None:
    """Say where the story stands, what it cost, and what comes next."""
    from memagent.cli import story_waiting
    from memagent.story import holding
    from memagent.story.book import quote
    from memagent.story.lore_files import readable
    from memagent.story.writing import words

    book = open_story(folder)
    record, state = book.record, book.state
    where = book.standing
    unread = state is not None and not (state.plans or state.plan)  # an import of which nobody has read the end
    rebuilt = unread and book.log.events[0].get("rebuilt") and state is not None and bool(state.memory)
    step = "pick --more" if rebuilt else "memory read" if unread else "write"
    held = holding.waiting(book)
    unread_lore = readable(book.folder)[1]
    next_ = story_waiting.next_step(book, held) if held else f"memagent story {step} {quote(book.folder)}"
    facts = {
        "folder": str(book.folder),
        "title": record.title,
        "model": book.config.llm,
        "paragraphs": len(record.paragraphs),
        "words": words(record.paragraphs),
        "chapters": _chapters(book),
        "chapter": where.chapter,
        "of": where.total,
        "goal": record.goal.until if record.goal else None,
        "reached": record.goal.reached if record.goal else True,
        "plan": state.plan if state else "",
        "plans": list(state.plans) if state else [],
        "waits": held.text if held else "",
        "contradicts": [one.text for one in held.findings] if held else [],
        "usage": asdict(record.usage + book.unfinished()),
        "problems": [one.message for one in unread_lore],
        "next": next_,
    }
    if as_json:
        emit(facts)
        return
    counts = f"{plural(len(record.paragraphs), 'paragraph')}, {plural(words(record.paragraphs), 'word')}"
    click.echo(f"{record.title or book.folder}: {counts}")
    _show_chapters(book)
    click.echo(f"spent: {spent(record.usage + book.unfinished())}")
    if record.goal and not record.goal.reached:
        until = record.goal.until
        click.echo(f"stopped on the way to {f'{until} paragraphs' if isinstance(until, int) else until}")
    if held:
        story_waiting.tell(book, held)
    elif state and (state.plans or state.plan):
        show_plans(book)
    if unread_lore:
        cannot = f"{plural(len(unread_lore), 'file')} of lore/ cannot be read; nothing is written until that is mended"
        click.echo(f"{cannot}:\n  memagent story lore list {quote(book.folder)}")
    click.echo(f"next: {next_}")


@click.command()
@folder_argument
def show(folder: Path) -> None:
    """Print the story."""
    from memagent.story.book import quote
    from memagent.story.chapter_files import manuscript_text

    book = open_story(folder)
    if not book.record.paragraphs:
        say(f"Nothing is written yet. Next: memagent story write {quote(book.folder)}")
    click.echo(prose(manuscript_text(book.record)), nl=False)


def _chapters(book: Story) -> list[dict[str, Any]]:
    """Words got and asked of each chapter, also of those that are to come; `asked` is 0 for any number."""
    from memagent.story.outline import USUAL
    from memagent.story.writing import words

    outline, texts = book.outline, book.record.chapter_texts()
    usual = book.config.chapter_words or (USUAL if outline else 0)
    found = []
    for number in range(1, max(book.standing.total, len(texts)) + 1):
        planned = outline[number - 1] if number <= len(outline) else None
        title, paragraphs = texts[number - 1] if number <= len(texts) else (planned.title if planned else "", [])
        asked = (planned.words if planned else 0) or usual
        found.append({"number": number, "title": title, "words": words(paragraphs), "asked": asked})
    return found


def _show_chapters(book: Story) -> None:
    """Show them where there are any to speak of."""
    chapters, total = _chapters(book), book.standing.total
    if len(chapters) < 2 and not total and not book.config.chapter_words:
        return
    for one in chapters:
        asked = f"of {one['asked']:,} words" if one["asked"] else "words"
        behind = f"  behind the {total} asked for" if total and one["number"] == total + 1 else ""
        click.echo(
            f"  ch.{one['number']:<3} {one['words']:>7,} {asked}  {shortened(one['title'], 30)}{behind}".rstrip()
        )


def show_plans(book: Story) -> None:
    """Show what may happen next, the chosen one marked."""
    state = book.state
    if state is None:
        say("There are no plans before the first paragraph.")
        return
    if state.plan and state.plan not in state.plans:
        click.echo(prose(f"the next paragraph follows: {state.plan}", indent="  "))
    click.echo(numbered(state.plans, chosen=state.plan, whole=not sys.stdout.isatty()))
