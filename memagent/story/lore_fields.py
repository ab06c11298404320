"""How the fields of an entry are called in books of other programs, and what they say that means nothing here.

Two kinds are known: entries of a character card's book (`card`; the specification of cards V2, and V3 which goes on
from it) and of a SillyTavern world file (`world`). In a card, what the specification does not know stands under
`extensions`, in snake_case.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal

from memagent.errors import UsageProblem
from memagent.story.lore_entry import Entry
from memagent.story.lore_regex import compiled, is_regex

Kind = Literal["card", "world"]
Raw = dict[str, Any]
"""An entry of another program, as its JSON."""
Said = Callable[[str], Any]
"""Returns what an entry says under a name of a world file."""

_LOGICS = ("any", "not all", "not any", "all")  # SillyTavern's numbers for them are 0 to 3
_DEFAULTS = {one.name: one.default for one in fields(Entry)}


@dataclass(frozen=True, slots=True)
class Field:
    """One field: its path in a card and its name in a world file, whether it is in every file, how it is read."""

    attribute: str
    card: tuple[str, ...]
    world: str
    always: bool = False
    flipped: bool = False

    def path(self, kind: Kind) -> tuple[str, ...]:
        """Where it stands in an entry; empty where that kind has no place for it."""
        return self.card if kind == "card" else (self.world,) if self.world else ()

    def read(self, value: Any) -> Any:
        """Return what a value means here; the default where it means nothing."""
        default = _DEFAULTS[self.attribute]
        if self.attribute == "secondary_logic":
            return _LOGICS[value] if _is_number(value) and 0 <= value < len(_LOGICS) else default
        if isinstance(default, bool):
            return value != self.flipped if isinstance(value, bool) else default
        return value if _is_number(value) and (value >= 0 or self.attribute in ("order", "priority")) else default

    def written(self, value: Any) -> Any:
        """Return a value as the other program writes it."""
        if self.attribute == "secondary_logic":
            return _LOGICS.index(value)
        return value != self.flipped if isinstance(value, bool) else value


FIELDS = (
    Field("enabled", ("enabled",), "", always=True),
    Field("enabled", (), "disable", always=True, flipped=True),
    Field("order", ("insertion_order",), "order", always=True),
    Field("always", ("constant",), "constant", always=True),
    Field("priority", ("priority",), ""),
    Field("case_sensitive", ("case_sensitive",), "caseSensitive"),
    Field("case_sensitive", ("extensions", "case_sensitive"), ""),
    Field("secondary_logic", ("extensions", "selectiveLogic"), "selectiveLogic"),
    Field("whole_words", ("extensions", "match_whole_words"), "matchWholeWords"),
    Field("exclude_recursion", ("extensions", "exclude_recursion"), "excludeRecursion"),
    Field("prevent_recursion", ("extensions", "prevent_recursion"), "preventRecursion"),
    Field("sticky", ("extensions", "sticky"), "sticky"),
    Field("cooldown", ("extensions", "cooldown"), "cooldown"),
    Field("delay", ("extensions", "delay"), "delay"),
)
KEYS = {"card": ("keys", "secondary_keys"), "world": ("key", "keysecondary")}
TITLES = {"card": ("name", "comment"), "world": ("comment",)}


def meant(raw: Raw, kind: Kind) -> dict[str, Any]:
    """Return what an entry of another program says, by the names of ours: all fields but the text."""
    found: dict[str, Any] = {}
    for one in FIELDS:
        path = one.path(kind)
        if path and (value := at(raw, path)) is not None:
            read = one.read(value)
            if one.attribute not in found or found[one.attribute] == _DEFAULTS[one.attribute]:
                found[one.attribute] = read
    keys, secondary = (_strings(raw.get(name)) for name in KEYS[kind])
    if raw.get("use_regex") is True:
        keys = tuple(key if is_regex(key) else f"/{key}/" for key in keys)
    found["keys"] = tuple(key for key in keys if _usable(key) is None)
    found["secondary"] = tuple(key for key in secondary if _usable(key) is None) if raw.get("selective", True) else ()
    found["name"] = next((text for name in TITLES[kind] if (text := _title(raw.get(name)))), "")
    return {"match_name": False, **found}


def at(raw: Raw, path: tuple[str, ...]) -> Any:
    """Return what stands at a path; `None` where there is nothing."""
    value: Any = raw
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def unlike(raw: Raw, kind: Kind) -> Iterator[str]:
    """Yield what an entry asks for that is not done here, or done in another way, in words."""

    def said(name: str) -> Any:
        snake = re.sub(r"([A-Z])", lambda found: "_" + found[1].lower(), name)
        extensions = raw.get("extensions")
        inside = extensions if kind == "card" and isinstance(extensions, dict) else raw
        return inside.get(snake, inside.get(name))

    yield from (words for asks, words in _UNLIKE if asks(said))
    for key in (key for name in KEYS[kind] for key in _strings(raw.get(name))):
        if why := _usable(key):
            yield f"a key that cannot be used: {why}"
        elif len(key.strip()) > 1 and key.strip().endswith("*") and not is_regex(key):
            yield "a key that ends with *: that is any ending here"
    if "{{" in str(raw.get("content", "")):
        yield "macros such as {{char}}: they stay as they are written"
    if str(raw.get("content", "")).startswith("@@"):
        yield "decorators (@@...): they stay in the text"


def _unsure(said: Said) -> bool:
    chance = said("probability")
    return said("useProbability") is not False and isinstance(chance, (int, float)) and chance < 100


def _matches_cards(said: Said) -> bool:
    return any(said(f"match{name}") is True for name in _CARD_PARTS)


def _timed(said: Said) -> bool:
    return any(_is_number(said(name)) and said(name) > 0 for name in ("sticky", "cooldown", "delay"))


_CARD_PARTS = (
    "PersonaDescription", "CharacterDescription", "CharacterPersonality", "CharacterDepthPrompt", "Scenario",
    "CreatorNotes",
)  # fmt: skip
_UNLIKE: tuple[tuple[Callable[[Said], bool], str], ...] = (
    (_unsure, "probability: it comes whenever it is called up"),
    (lambda said: _is_number(said("position")) and said("position") > 1, "position: it stands with the other entries"),
    (lambda said: bool(said("group")), "group: each of a group may come"),
    (lambda said: said("vectorized") is True, "vectorized: its keys alone call it up"),
    (lambda said: bool(said("delayUntilRecursion")), "delayUntilRecursion: it may come at once"),
    (lambda said: said("scanDepth") is not None, "scanDepth: lore_paragraphs of story.toml holds for all"),
    (lambda said: said("ignoreBudget") is True, "ignoreBudget: the budget holds for all"),
    (lambda said: bool(said("automationId")), "automationId: nothing is started"),
    (lambda said: bool(said("triggers")), "triggers: it comes for all prompts"),
    (lambda said: _filtered(said("characterFilter")), "characterFilter: it comes for all characters"),
    (_matches_cards, "match...: plan, paragraphs and memory are looked through, no cards"),
    (_timed, "sticky, cooldown, delay: they count paragraphs, not messages"),
)


def _usable(key: str) -> str | None:
    """Why a key cannot be used; `None` where it can."""
    if not is_regex(key):
        return None
    try:
        compiled(key)
    except UsageProblem as error:
        return error.message
    return None


def _strings(value: Any) -> tuple[str, ...]:
    return tuple(one for one in value if isinstance(one, str)) if isinstance(value, list) else ()


def _title(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""


def _is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _filtered(value: Any) -> bool:
    return isinstance(value, Mapping) and bool(value.get("names") or value.get("tags"))
