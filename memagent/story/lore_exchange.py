"""Lorebooks of other programs: character cards V2 and V3 (JSON or PNG), their books alone, SillyTavern world files.

What such a file says that means nothing here is kept, in the `[extensions]` of each entry and in `lore/book.json`, and
comes out again as it came in; what was not touched is exported byte for byte where the file was written by a usual
JSON writer. What cannot be said in a card (`from`, progressions, aliases, ...) is kept in it under
`extensions.memagent`, so that an export read again gives the same entries.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from memagent.errors import StoryError, UsageProblem
from memagent.story import lore_around
from memagent.story.lore_entry import BEGINNING, Entry, escaped, parse, text_of, unescaped
from memagent.story.lore_fields import FIELDS, KEYS, TITLES, Kind, Raw, at, meant, unlike
from memagent.story.lore_files import lorebook, path_of, save, stem_for
from memagent.story.lore_json import JsonText, read_json
from memagent.story.manuscript import Place

OURS = "memagent"
_END = Place(10**6)


@dataclass(frozen=True, slots=True)
class Book:
    """A lorebook as it was read from a file.

    Attributes:
        kind: how its entries are written.
        entries: as they are here, each with its original under `extensions`.
        around: all of the file but the entries.
        style: how the JSON of the file is written.
        notes: what behaves differently here, with the names of the entries.
    """

    kind: Kind
    entries: tuple[Entry, ...]
    around: Raw
    style: JsonText
    notes: Mapping[str, Sequence[str]] = field(default_factory=dict)


def read(path: Path) -> Book:
    """Read a card, a card's book, or a world. Raises `UsageProblem` for a file that is none or holds no entries."""
    return _read(*read_json(path), path)


def _read(around: Raw, style: JsonText, path: Path) -> Book:
    kind, raws = _entries(around, path)
    notes: dict[str, list[str]] = {}
    entries: list[Entry] = []
    taken: set[str] = set()
    for number, (key, raw) in enumerate(raws):
        entry = _entry(raw, kind, {"at": number, "key": key} if kind == "world" else {"at": number})
        entry = replace(entry, stem=stem_for(entry.stem or entry.name or next(iter(entry.keys), ""), taken))
        taken.add(entry.stem)
        entries.append(entry)
        for words in dict.fromkeys(unlike(raw, kind)):
            notes.setdefault(words, []).append(entry.called)
    for words in _unlike_book(around, kind):
        notes.setdefault(words, [])
    return Book(kind, tuple(entries), _emptied(around), style, notes)


def book_of(card: Raw, style: JsonText, path: Path) -> Book:
    """Return the book of a card, without entries where it has none; all of the card stays in what is round it."""
    book = at(card, ("data", "character_book"))
    if isinstance(book, Mapping) and book.get("entries") is not None:
        return _read(card, style, path)
    empty = {**(book if isinstance(book, Mapping) else {}), "entries": []}
    return Book("card", (), {**card, "data": {**card["data"], "character_book": empty}}, style)


def take(story: Path, book: Book, *, over: bool = False) -> list[Entry]:
    """Write the entries of a book into `lore/`; return those that are new or other than they were.

    Raises `UsageProblem`, with nothing written, where an entry of that name is there and says something else; with
    `over` it is replaced.
    """
    there = {one.stem: text_of(one) for one in lorebook(story).entries}
    fresh = [one for one in book.entries if there.get(one.stem) != text_of(one)]
    clashes = [one.stem for one in fresh if one.stem in there]
    if clashes and not over:
        more = f" and {len(clashes) - 1} more" if len(clashes) > 1 else ""
        raise UsageProblem(
            f"{str(path_of(story, clashes[0]))!r}{more} would be replaced",
            hint="Give the same command with --replace, or rename them.",
        )
    for one in fresh:
        save(story, one)
    lore_around.keep(story, book.kind, book.style, book.around, over=over)
    return fresh


def export(story: Path, kind: Kind | None = None, *, name: str = "", place: Place | None = None) -> str:
    """Return the lorebook as a file of another program.

    Args:
        story: the folder.
        kind: `card` or `world`; by default as `lore_around.kind_of` says.
        name: of the card or the world where none was imported.
        place: where in the story it is; entries that change with the story are as they are there, by default at its
            end.
    """
    kind = kind or lore_around.kind_of(story)
    said = lore_around.kept(story).get(kind)
    around = said["around"] if said else _fresh(kind, name)
    style = JsonText.of(said["style"]) if said else JsonText(indent=4)
    kept = [(entry, kept_of(entry, kind)) for entry in lorebook(story).entries]
    kept.sort(key=lambda pair: pair[1].get("at", len(kept)))
    used = {int(one["key"]) for _, one in kept if str(one.get("key", "")).isdecimal()}
    free = max(used, default=-1) + 1
    raws: dict[str, Raw] = {}
    for entry, one in kept:
        again = kind == "world" and str(one.get("key", "")) in raws  # of another book that was taken up too
        number = free if "entry" not in one or again else None
        free += number is not None
        key = str(number if again else one.get("key", number)) if kind == "world" else str(len(raws))
        raws[key] = _raw(entry, kind, one, number, place or _END)
    if kind == "world":
        return style.written({**around, "entries": raws})
    book = around["data"]["character_book"] if "data" in around else around
    book["entries"] = list(raws.values())
    return style.written(around)


def _entries(data: Raw, path: Path) -> tuple[Kind, list[tuple[str, Raw]]]:
    book = at(data, ("data", "character_book")) if "data" in data else data.get("character_book", data)
    entries = book.get("entries") if isinstance(book, Mapping) else None
    if isinstance(entries, Mapping) and "data" not in data:
        found = list(entries.items())
    elif isinstance(entries, list) and (book is data or "data" in data):
        found = [("", one) for one in entries]
    else:
        raise UsageProblem(
            f"{str(path)!r} holds no lorebook",
            hint="Give a character card V2 or V3 with a book, or a SillyTavern world file.",
        )
    if any("text" in one and "content" not in one for _, one in found if isinstance(one, dict)):
        raise UsageProblem(
            f"{str(path)!r} is a lorebook of NovelAI, which is not read", hint="Take it through SillyTavern."
        )
    if wrong := next((one for one in found if not isinstance(one[1], dict)), None):
        raise UsageProblem(f"{str(path)!r} has an entry that is none: {wrong[1]!r}", hint="Mend the file.")
    return ("world" if isinstance(entries, Mapping) else "card"), found


def _emptied(around: Raw) -> Raw:
    if "data" in around:
        book = {**around["data"]["character_book"], "entries": []}
        return {**around, "data": {**around["data"], "character_book": book}}
    return {**around, "entries": type(around["entries"])()}


def _entry(raw: Raw, kind: Kind, where: Raw) -> Entry:
    """Return an entry of another program as one of ours; its stem is empty unless it was ours once."""
    there = isinstance(raw.get("content"), str)
    kept = {**where, "entry": {**raw, "content": None} if there else raw}
    extensions: dict[str, str] = {kind: json.dumps(kept, ensure_ascii=False, separators=(",", ":"))}
    content = raw["content"] if there else ""
    own = _own(raw, content)
    entry = own or Entry("", escaped(content), (), **meant(raw, kind))
    return parse(text_of(replace(entry, extensions=extensions)), entry.stem, "the entry")


def _own(raw: Raw, content: str) -> Entry | None:
    """Return the entry that an export of ours put aside, unless another program changed its text since."""
    own = at(raw, ("extensions", OURS))
    if not isinstance(own, Mapping) or own.get("content") != content or not isinstance(own.get("file"), str):
        return None
    return parse(own["file"], str(own.get("stem", "")), "the entry")


def kept_of(entry: Entry, kind: Kind) -> Raw:
    """Return what is kept of an entry as a file of this kind had it; nothing where it came from none.

    Raises `StoryError` where that is damaged.
    """
    try:
        kept = json.loads(entry.extensions.get(kind, "{}"))
    except ValueError as error:
        raise StoryError(
            f"[extensions] of lore entry {entry.stem!r} is damaged: {error}", hint="Delete that line."
        ) from error
    return kept if isinstance(kept, dict) and isinstance(kept.get("entry", {}), dict) else {}


def _raw(entry: Entry, kind: Kind, kept: Raw, number: int | None, place: Place) -> Raw:
    """Return an entry as another program has it: its original, with what was changed here since."""
    raw: Raw = json.loads(json.dumps(kept.get("entry", FRESH[kind])))
    before = Entry("", "", (), **meant(raw, kind))
    if number is not None:
        raw["id" if kind == "card" else "uid"] = number
    held = entry.enabled and entry.from_ <= place
    _change_fields(raw, replace(entry, enabled=held), before, kind)
    if entry.primary != before.primary:
        raw[KEYS[kind][0]] = list(entry.primary)
    if entry.secondary != before.secondary:
        raw[KEYS[kind][1]] = list(entry.secondary)
        raw["selective"] = bool(entry.secondary)
    if entry.called != before.name and (entry.name or number is not None):
        raw[next((name for name in TITLES[kind] if name in raw), TITLES[kind][0])] = entry.called
    if entry.body or "content" in raw:
        raw["content"] = entry.text_at(place) if len(entry.progressions) > 1 else unescaped(entry.body)
    _put_aside(raw, entry, kind)
    return raw


def _change_fields(raw: Raw, entry: Entry, before: Entry, kind: Kind) -> None:
    """Write the fields that say something else than the original; each where the original has it, or in its place."""
    changed: set[str] = set()
    for one in FIELDS:
        path, value = one.path(kind), getattr(entry, one.attribute)
        if path and value != getattr(before, one.attribute):
            inner = raw.setdefault(path[0], {}) if len(path) > 1 else raw
            if one.attribute not in changed or path[-1] in inner:
                inner[path[-1]] = one.written(value)
            changed.add(one.attribute)


def _put_aside(raw: Raw, entry: Entry, kind: Kind) -> None:
    """Keep in an entry the file of ours where its own fields cannot say all of that."""
    if not isinstance(raw.get("extensions", {}), dict):
        return
    raw.get("extensions", {}).pop(OURS, None)
    changes = len(entry.progressions) > 1 or entry.from_ != BEGINNING
    unsaid = entry.aliases or entry.match_name or entry.extra or (kind == "world" and entry.priority is not None)
    if changes or unsaid:
        own = {"content": raw.get("content", ""), "stem": entry.stem, "file": text_of(replace(entry, extensions={}))}
        raw["extensions"] = {**raw.get("extensions", {}), OURS: own}


def _unlike_book(around: Raw, kind: Kind) -> list[str]:
    book: Any = at(around, ("data", "character_book")) if "data" in around else around
    found = []
    if isinstance(book.get("token_budget"), (int, float)):
        found.append(f"a budget of {book['token_budget']} tokens: set lore_budget in story.toml")
    if isinstance(book.get("scan_depth"), (int, float)):
        found.append(f"a scan depth of {book['scan_depth']}: set lore_paragraphs in story.toml")
    if book.get("recursive_scanning") is False:
        found.append("no recursion: set lore_depth = 0 in story.toml")
    return found


def _fresh(kind: Kind, name: str) -> Raw:
    if kind == "world":
        return {"entries": {}}
    book = {"name": name, "extensions": {}, "entries": []}
    texts = (
        "description personality scenario first_mes mes_example creator_notes system_prompt post_history_instructions"
    )
    data: Raw = {"name": name, **dict.fromkeys(texts.split(), "")}
    data.update(alternate_greetings=[], character_book=book, tags=[], creator="", character_version="", extensions={})
    return {"spec": "chara_card_v2", "spec_version": "2.0", "data": data}


FRESH: dict[str, Raw] = {
    "card": {
        "id": 0, "keys": [], "secondary_keys": [], "name": "", "comment": "", "content": None, "constant": False,
        "selective": False, "insertion_order": 100, "enabled": True, "position": "before_char", "extensions": {},
    },
    "world": {
        "uid": 0, "key": [], "keysecondary": [], "comment": "", "content": None, "constant": False,
        "vectorized": False, "selective": True, "selectiveLogic": 0, "addMemo": True, "order": 100, "position": 0,
        "disable": False, "excludeRecursion": False, "preventRecursion": False, "delayUntilRecursion": False,
        "probability": 100, "useProbability": True, "depth": 4, "group": "", "groupOverride": False,
        "groupWeight": 100, "scanDepth": None, "caseSensitive": None, "matchWholeWords": None,
        "useGroupScoring": None, "automationId": "", "role": None, "sticky": 0, "cooldown": 0, "delay": 0,
        "displayIndex": 0,
    },
}  # fmt: skip
