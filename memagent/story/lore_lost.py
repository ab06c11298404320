"""What is lost of a lorebook when it goes out as a file of other programs, with the names of the entries."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from memagent.story import lore_around
from memagent.story.lore_entry import BEGINNING, Entry
from memagent.story.lore_exchange import FRESH, kept_of
from memagent.story.lore_fields import FIELDS, KEYS, TITLES, Kind
from memagent.story.lore_files import lorebook

_OTHER: dict[Kind, Kind] = {"card": "world", "world": "card"}
_NEVER = frozenset(["entries", "name", "extensions"])


def lost(story: Path, kind: Kind) -> dict[str, list[str]]:
    """Return what a file of this kind will not say of the entries, in words, each with their names.

    That is what other programs do not know, and what stood in a file of the other kind alone, in which it stays.
    """
    other, found = _OTHER[kind], dict[str, list[str]]()
    around = lore_around.kept(story).get(other, {}).get("around", {})
    if other == "card" and around:
        found["what the card says beside its book"] = []
    elif names := [name for name, value in around.items() if value and name not in _NEVER]:
        found[f"{', '.join(names)} of the world file: its own export has that"] = []
    for entry in lorebook(story).entries:
        for words in (*_unknown(entry, kind), *_of_the_other(entry, other)):
            found.setdefault(words, []).append(entry.called)
    return found


def _unknown(entry: Entry, kind: Kind) -> Iterator[str]:
    if len(entry.progressions) > 1 or entry.from_ > BEGINNING:
        yield "from, progressions: it is as the story stands"
    if kind == "world" and entry.priority is not None:
        yield "priority: a world file has none"
    if any(one.endswith("*") and not one.startswith("/") for one in (*entry.primary, *entry.secondary)):
        yield "keys that end with *: others take the * as it is"


def _of_the_other(entry: Entry, other: Kind) -> Iterator[str]:
    """What an entry had in a file of the other kind that this program does not read, and so cannot say in this one."""
    paths = [one.path(other) for one in FIELDS]
    known = {*FRESH[other], *KEYS[other], *TITLES[other], "use_regex", *(path[0] for path in paths if path)}
    for name, value in kept_of(entry, other).get("entry", {}).items():
        if name not in known and value not in (None, "", [], {}):
            yield f"{name}: the {other} file's own export has that"
