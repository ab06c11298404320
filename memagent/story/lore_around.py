"""What stands round the entries of the books that were taken up, in `lore/book.json`: to be written again as it came.

One of each kind is kept. Of several of a kind, the fields of all are; where two say something else, the first one's.
"""

from __future__ import annotations

import json
from pathlib import Path

from memagent import files
from memagent.errors import StoryError
from memagent.story.lore_fields import Kind, Raw
from memagent.story.lore_files import FOLDER
from memagent.story.lore_json import JsonText

_FILE = "book.json"


def keep(story: Path, kind: Kind, style: JsonText, around: Raw, *, over: bool) -> None:
    """Keep what stands round a book beside what is kept already; `over` says that it goes before that."""
    before = kept(story)
    there = before.pop(kind, {"around": {}})["around"]
    both = _both(there, around) if over else _both(around, there)
    said = {"kind": kind, "style": style.to_dict(), "around": both, **({"also": before} if before else {})}
    files.replace(story / FOLDER / _FILE, json.dumps(said, ensure_ascii=False, indent=1) + "\n")


def kept(story: Path) -> dict[Kind, Raw]:
    """Return `around` and `style` of what was taken up, by its kind; the last kind first.

    Raises `StoryError` where the file is damaged.
    """
    path = story / FOLDER / _FILE
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        found = {said["kind"]: said, **said.get("also", {})}
        for one in found.values():
            JsonText.of(one["style"])
        return {kind: {"around": dict(one["around"]), "style": one["style"]} for kind, one in found.items()}
    except FileNotFoundError:
        return {}
    except (ValueError, KeyError, TypeError) as error:
        raise StoryError(f"{str(path)!r} is damaged: {error}", hint="Delete it, or import the book again.") from error


def kind_of(story: Path) -> Kind:
    """Return as what a lorebook is exported by default, whatever was imported last: a world where only that was, else
    a card.
    """
    return "world" if set(kept(story)) == {"world"} else "card"


def why_of(story: Path) -> str:
    """Say why `kind_of` is what it is, and how the other one is written."""
    known = set(kept(story))
    if len(known) > 1:
        return "a card and a world were imported; --kind world writes the other"
    if known:
        return f"as was imported; --kind {'card' if known == {'world'} else 'world'} writes the other"
    return "nothing was imported; --kind world writes a SillyTavern world"


def _both(one: Raw, other: Raw) -> Raw:
    """Return the fields of both: where they say something else, what `other` says."""
    both = {**one, **other}
    for name, value in other.items():
        if isinstance(value, dict) and isinstance(one.get(name), dict):
            both[name] = _both(one[name], value)
    return both
