"""A character card as the beginning of a story: V1, V2 or V3, as JSON or in a PNG.

What a card says goes where a writer looks for it: who the character is into an entry of `lore/` that every prompt
shows, the scenario and the first message into the premise, examples of talk into `style.md`, its instructions for the
end of a prompt into `note.md`, which is just that; its book becomes the lorebook. All of the card is kept beside the
entries, in `lore/book.json`, and `lore export` gives it back. What is of no use here is named.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from memagent import files
from memagent.errors import UsageProblem
from memagent.story import founding
from memagent.story.lore_entry import Entry, escaped
from memagent.story.lore_exchange import Book, book_of, take
from memagent.story.lore_files import lorebook, path_of, save, stem_for
from memagent.story.lore_json import read_json
from memagent.types import estimate_tokens

SPECS = ("chara_card_v2", "chara_card_v3")
_TEXTS = tuple("name nickname description personality scenario first_mes mes_example post_history_instructions".split())
_USED = frozenset([*_TEXTS, "character_book"])
_KNOWN = {
    "system_prompt": "its system prompt: a story has its own",
    "alternate_greetings": "other first messages",
    "group_only_greetings": "first messages for groups",
    "creator_notes": "notes of its creator",
    "creator_notes_multilingual": "notes of its creator in other languages",
    "assets": "pictures and sounds",
    "extensions": "extensions of other programs",
    "tags": "tags",
}
_SILENT = frozenset("creator character_version source creation_date modification_date avatar chat create_date".split())
_CHAR = re.compile(r"\{\{char\}\}|<BOT>|<CHAR>", re.IGNORECASE)
_USER = re.compile(r"\{\{user\}\}|<USER>", re.IGNORECASE)
_MACRO = re.compile(r"\{\{[^{}]*\}\}|<USER>", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Card:
    """A character card.

    Attributes:
        name: of the character.
        who: description and personality, as an entry's text.
        premise: the scenario and the first message.
        style: examples of talk; `note`: what it wants said at the end of every prompt.
        aliases: other names.
        book: its lorebook, without entries where it has none.
        notes: what is kept and of no use here, in words.
    """

    name: str
    who: str
    premise: str
    style: str
    note: str
    aliases: tuple[str, ...]
    book: Book
    notes: tuple[str, ...] = field(default=())

    @property
    def tokens(self) -> int:
        """About how many tokens of every prompt the character takes."""
        return estimate_tokens(f"## {self.name}\n{self.who}")


def read(path: Path, user: str = "") -> Card:
    """Read a card. Raises `UsageProblem` for a file that is none, or whose character has no name.

    `{{char}}` is written as the character's name, and `{{user}}` as `user` if that is given; what stays of such marks
    is named in `notes`. The entries of its book stay as they are, so that they can be given back.
    """
    whole, style = read_json(path)
    data = whole.get("data") if whole.get("spec") in SPECS else whole if "first_mes" in whole else None
    if not isinstance(data, dict):
        raise UsageProblem(
            f"{str(path)!r} is no character card",
            hint="Give a card V1, V2 or V3, as JSON or PNG; a lorebook alone goes in with: memagent story lore import",
        )
    name = _text(data, "name").strip()
    if not name:
        raise UsageProblem(f"the character of {str(path)!r} has no name", hint='Write one into its "name".')
    kept = whole if data is not whole else {"spec": "chara_card_v2", "spec_version": "2.0", "data": data}
    texts = {one: _CHAR.sub(lambda _: name, _text(data, one)).strip() for one in _TEXTS}
    texts["post_history_instructions"] = texts["post_history_instructions"].replace("{{original}}", "").strip()
    if user.strip():
        texts = {one: _USER.sub(lambda _: user.strip(), text) for one, text in texts.items()}
    book = book_of(kept, style, path)
    return Card(
        name=name,
        who=_joined(texts["description"], _headed("Personality: ", texts["personality"])) or name,
        premise=_joined(texts["scenario"], _headed("It begins so:\n\n", texts["first_mes"])),
        style=_headed(f"How {name} talks, for example:\n\n", texts["mes_example"].replace("<START>", "").strip()),
        note=texts["post_history_instructions"],
        aliases=tuple(filter(None, [texts["nickname"]])),
        book=book,
        notes=tuple(_notes(data, texts, book)),
    )


def premise_of(card: Card, given: str = "") -> str:
    """Return the premise of a story that begins with a card: what a person gives goes first."""
    return _joined(given.strip(), card.premise) or f"A story of {card.name}."


def put(folder: Path, card: Card) -> list[Path]:
    """Write into the folder of a story that is to be made what a card says; return the files, the character's first.

    Killed anywhere, the same call goes on. Raises `UsageProblem`, with nothing written, where a file is there already
    and says something else.
    """
    founding.check_free(folder)
    with files.writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    texts = {folder / "style.md": card.style, folder / "note.md": card.note}
    for path, text in texts.items():
        if text and path.exists() and path.read_text(encoding="utf-8").strip() != text:
            raise UsageProblem(f"{str(path)!r} is there already", hint="Move it away, or choose another folder.")
    taken = {one.stem for one in card.book.entries}
    stem = stem_for(card.name, taken)
    take(folder, card.book)
    there = {one.stem for one in lorebook(folder).entries}
    entry = Entry(stem, escaped(card.who), (), name=card.name, aliases=card.aliases, always=True, order=0)
    written = [save(folder, entry)] + [path_of(folder, one) for one in sorted(there - {stem})]
    for path, text in texts.items():
        if text:
            files.replace(path, text + "\n")
            written.append(path)
    return written


def _notes(data: Mapping[str, Any], texts: Mapping[str, str], book: Book) -> Iterator[str]:
    """What of a card is of no use here, in words."""
    for name, value in data.items():
        if name in _USED or name in _SILENT or not value:
            continue
        many = f" ({len(value)})" if isinstance(value, list) else ""
        yield f"{_KNOWN.get(name, f'the field {name!r}')}{many}"
    if macros := _macros(texts.values()):
        user = "; a name for {{user}}: --user NAME" if any(map(_USER.search, texts.values())) else ""
        yield f"{macros}: the model sees them as they are written{user}"
    if macros := _macros(entry.body for entry in book.entries):
        yield f"{macros} in entries of its book: the model sees them so; edit lore/ to say what is meant"
    if macros := _macros(key for entry in book.entries for key in (*entry.primary, *entry.secondary)):
        yield f"{macros} in keys of its book: such a key calls nothing up; edit lore/ to name who is meant"


def _macros(texts: Iterable[str]) -> str:
    return ", ".join(sorted({found[0] for text in texts for found in _MACRO.finditer(text)})[:4])


def _text(data: Mapping[str, Any], name: str) -> str:
    value = data.get(name)
    return value.replace("\r\n", "\n") if isinstance(value, str) else ""


def _headed(head: str, text: str) -> str:
    return head + text if text else ""


def _joined(*texts: str) -> str:
    return "\n\n".join(text for text in texts if text)
