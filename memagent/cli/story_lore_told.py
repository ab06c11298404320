"""How entries of the lorebook are told on the command line: in a list, in a prompt, and why they are there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from memagent.cli.console import dim, emit, padded, say, shortened

if TYPE_CHECKING:
    from memagent.story.book import Story
    from memagent.story.lore import Firing
    from memagent.story.lore_entry import Entry
    from memagent.story.manuscript import Place


def left_out(firing: Firing) -> list[str]:
    """Return the names of entries that are to be in every prompt, and for which the budget has no room."""
    return [one.entry.called for one in firing.held if one.entry.always and one.why.endswith(" left")]


place_option = click.option("--at", "at", help='As if the story were there: "ch.6".')


def fired_lines(firing: Firing) -> list[str]:
    """Return a line for each entry that is shown: its tokens, its name, why."""
    return [
        f"{one.tokens:>7,}  {padded(shortened(one.entry.called, 20), 20)}  {shortened(one.why, 48)}"
        for one in firing.fired
    ]


def firing_data(firing: Firing) -> dict[str, Any]:
    """Return what fired as plain values."""
    return {
        "fired": [
            {"name": one.entry.called, "file": f"{one.entry.stem}.md", "why": one.why, "tokens": one.tokens}
            for one in firing.fired
        ],
        "held": [{"name": one.entry.called, "file": f"{one.entry.stem}.md", "why": one.why} for one in firing.held],
    }


def tell(firing: Firing, place: Place, budget: int, as_json: bool) -> None:
    """Show what fired and what was held back, as lines or as JSON."""
    if as_json:
        emit({"place": str(place), "tokens": firing.tokens, "budget": budget, **firing_data(firing)})
        return
    for line in fired_lines(firing):
        click.echo(line)
    for one in firing.held:
        click.echo(dim(f"      -  {padded(shortened(one.entry.called, 20), 20)}  {shortened(one.why, 48)}"))
    limit = f" of {budget:,}" if budget else ""
    held = f", {len(firing.held)} held back" if firing.held else ""
    say(dim(f"{place}: {len(firing.fired)} shown, about {firing.tokens:,}{limit} tokens{held}"))


def told(entry: Entry) -> str:
    """Say in a line when an entry comes."""
    flags = [
        "off" if not entry.enabled else "",
        "always" if entry.always else "",
        f"from {entry.from_}" if entry.from_.chapter else "",
        f"{len(entry.progressions) - 1} more with the story" if len(entry.progressions) > 1 else "",
        f"sticky {entry.sticky}" if entry.sticky else "",
        f"delay {entry.delay}" if entry.delay else "",
        f"cooldown {entry.cooldown}" if entry.cooldown else "",
    ]
    return " · ".join([*filter(None, flags), ", ".join(entry.primary)])


def data_of(entry: Entry, where: Place) -> dict[str, Any]:
    """Return an entry as plain values, without its text."""
    names = (
        "order", "priority", "always", "enabled", "secondary_logic", "sticky", "cooldown", "delay", "match_name",
        "case_sensitive", "whole_words", "exclude_recursion", "prevent_recursion",
    )  # fmt: skip
    return {
        "name": entry.called,
        "file": f"{entry.stem}.md",
        "keys": list(entry.keys),
        "aliases": list(entry.aliases),
        "secondary": list(entry.secondary),
        **{name: getattr(entry, name) for name in names},
        "from": str(entry.from_) if entry.from_.chapter else None,
        "changes": [str(one.place) for one in entry.progressions[1:]],
        "tokens": tokens_of(entry, where),
    }


def tokens_of(entry: Entry, where: Place) -> int:
    """Return about how many tokens the text has that holds there."""
    from memagent.types import estimate_tokens

    return estimate_tokens(entry.text_at(where))


def place_in(book: Story, at: str | None) -> Place:
    """Return a place as it is written, or where the next paragraph stands."""
    from memagent.story.lore_scan import next_place
    from memagent.story.manuscript import Place

    return Place.read(at) if at else next_place(book, book.standing)
