"""`memagent story init --from-card`: what of a character card went where, and what is of no use in a story."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from memagent.cli.console import say, wrapped

if TYPE_CHECKING:
    from memagent.story.card import Card
    from memagent.story.config import StoryConfig

_ROOM = 1_000  # tokens that the other entries of the lorebook have beside the character


def settings_for(card: Card, config: StoryConfig) -> StoryConfig:
    """Return the settings with room for the character, who is shown in every prompt."""
    return replace(config, lore_budget=max(config.lore_budget, card.tokens + _ROOM))


def tell(card: Card, written: list[Path], *, quiet: bool) -> None:
    """Say what went where, and what is kept and not used."""
    entries = len(card.book.entries)
    more = f" and {entries} more of its book" if entries else ""
    say(wrapped(f"{card.name} is in {written[0]}{more}; about {card.tokens:,} tokens of every prompt"), quiet=quiet)
    for path in written:
        if path.name in ("style.md", "note.md"):
            say(f"{path} is from the card too", quiet=quiet)
    notes = [*card.notes, *card.book.notes]
    if notes:
        say("Kept in lore/book.json, and not used here:", quiet=quiet)
    for note in notes:
        say(wrapped(f"  {note}"), quiet=quiet)
