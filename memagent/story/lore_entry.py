"""One entry of the lorebook: a Markdown file in `lore/`, with its settings between two lines `+++`, as TOML.

    +++
    keys = ["boat", "/wrens?/i"]
    aliases = ["the old lady"]
    sticky = 3
    +++
    The Wren is a clinker-built boat, white, with one red oar.

    ## From ch.6

    Her bow is stove in.

Settings between two lines `---`, as YAML, are read as well, see `lore_yaml`; they are written as TOML.
A file without settings is an entry too: it is called as the file is, and its name is its key. `## From ch.6` adds to
the text from that chapter on, `## Instead from ch.6` takes its place. What is one's own goes under `[extra]`; what an
imported book said that means nothing here is kept under `[extensions]`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields
from difflib import get_close_matches
from typing import Any

from memagent.errors import StoryError, UsageProblem
from memagent.story import lore_yaml
from memagent.story.lore_regex import compiled, is_regex
from memagent.story.lore_toml import table, toml_of
from memagent.story.manuscript import Place

LOGICS = ("any", "all", "not any", "not all")
"""What the secondary keys have to do beside a key: one of them is there, all, none, not all."""
BEGINNING = Place(0)
"""Before all of a story."""

_FENCE = re.compile(r"\+\+\+[ \t]*\r?\n?")
_HEADING = re.compile(r"^##[ \t]+(instead[ \t]+)?from\b[ \t]*(.*?)[ \t]*#*[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)
_ESCAPED = re.compile(r"^\\(?=\\*##[ \t]+(?:instead[ \t]+)?from\b)", re.IGNORECASE | re.MULTILINE)
_ESCAPABLE = re.compile(r"^(?=\\*##[ \t]+(?:instead[ \t]+)?from\b)", re.IGNORECASE | re.MULTILINE)
_AT = re.compile(r" \(at line (\d+), column \d+\)$")


@dataclass(frozen=True, slots=True)
class Progression:
    """What the text of an entry is from a place on: added to what came before, or `instead` of it."""

    place: Place
    text: str
    instead: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry. The names of its fields are those of its file, but for the first three.

    Attributes:
        stem: the name of its file, which says who it is; `body`: what stands below the settings, as it is written.
        progressions: its texts, in the order in which they hold; the first from the beginning on.
        name: what it is called; by default as its file.
        keys: words that call it up; `/pattern/flags` is a regular expression, `word*` a beginning of words.
        aliases: other names of it; keys too.
        secondary: words of which `secondary_logic` asks something beside a key; see `LOGICS`.
        always: it is shown without any key.
        enabled: it is looked at at all.
        order: its place among the entries that are shown, the lowest first.
        priority: which are kept when the budget is full, the highest first; by default its `order`.
        sticky: for how many paragraphs more it stays once it was called up.
        cooldown: for how many paragraphs after that it cannot be called up.
        delay: how many paragraphs the story has to have before it can be called up.
        match_name: its name is a key.
        case_sensitive: keys are written with the very same capitals.
        whole_words: keys are whole words; of no meaning in scripts without blanks.
        exclude_recursion: other entries do not call it up; `prevent_recursion`: it does not call up others.
        from_: where in the story it begins to hold.
        extra: the author's own fields.
        extensions: what an imported book said of it, by the kind of book.
    """

    stem: str
    body: str
    progressions: tuple[Progression, ...]
    name: str = ""
    keys: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    secondary: tuple[str, ...] = ()
    secondary_logic: str = "any"
    always: bool = False
    enabled: bool = True
    order: int = 100
    priority: int | None = None
    sticky: int = 0
    cooldown: int = 0
    delay: int = 0
    match_name: bool = True
    case_sensitive: bool = False
    whole_words: bool = True
    exclude_recursion: bool = False
    prevent_recursion: bool = False
    from_: Place = BEGINNING
    extra: Mapping[str, Any] = field(default_factory=dict)
    extensions: Mapping[str, str] = field(default_factory=dict)

    @property
    def called(self) -> str:
        """What it is called: its name, or that of its file."""
        return self.name or self.stem

    @property
    def primary(self) -> tuple[str, ...]:
        """All that calls it up, each once: keys, aliases, its name."""
        names = (self.called,) if self.match_name else ()
        return tuple(dict.fromkeys(key for key in (*self.keys, *self.aliases, *names) if key.strip()))

    @property
    def worth(self) -> int:
        """How long it is kept when the budget is full."""
        return self.order if self.priority is None else self.priority

    def text_at(self, place: Place) -> str:
        """Return its text as it holds at a place of the story."""
        parts: list[str] = []
        for one in self.progressions:
            if one.place <= place:
                parts = [one.text] if one.instead else [*parts, one.text]
        return "\n\n".join(filter(None, parts))


_FIELDS = {one.name.rstrip("_"): one for one in fields(Entry) if one.name not in ("stem", "body", "progressions")}
_LISTS = ("keys", "aliases", "secondary")


def parse(text: str, stem: str, where: str) -> Entry:
    """Read an entry from the text of its file; `where` is how errors name it.

    Raises `StoryError` that names the file and the line for settings that are no TOML, an unknown or a wrong one, a key
    that is no usable expression, and a heading `## From ...` whose place cannot be read.
    """
    text = text.removeprefix("\ufeff")
    if front := lore_yaml.split(text):
        lines, body, above = front
        return Entry(stem, body, _progressions(body, where, above), **_from_yaml(lore_yaml.read(lines, where), where))
    settings, body, above = _split(text, where)
    lines = text.splitlines()
    data = _toml(settings, where)
    values: dict[str, Any] = {}
    for name, value in data.items():
        line = _line_of(lines, name)
        if name not in _FIELDS:
            raise _unknown(name, f"{where}:{line}")
        values[_FIELDS[name].name] = _value(name, value, f"{where}:{line}")
    return Entry(stem, body, _progressions(body, where, above), **values)


def _from_yaml(settings: Sequence[lore_yaml.Setting], where: str) -> dict[str, Any]:
    """Return the fields of an entry whose settings are YAML; what it has no field for is the author's own."""
    values: dict[str, Any] = {}
    extra: dict[str, Any] = {}
    for one in settings:
        name = one.name.lower().replace("-", "_")
        name = {"key": "keys", "alias": "aliases"}.get(name, name)
        place = f"{where}:{one.line}"
        if name in _FIELDS and name not in ("extra", "extensions"):
            values[_FIELDS[name].name] = _value(name, _yaml_value(name, one), place)
        elif get_close_matches(name, _FIELDS, n=1, cutoff=0.8):
            raise _unknown(one.name, place)
        else:
            extra[one.name] = list(one.texts) if one.listed else one.texts[0]
    return values | ({"extra": extra} if extra else {})


def _yaml_value(name: str, one: lore_yaml.Setting) -> Any:
    """Return what a setting says, as the field needs it; what does not fit stays a text, and is refused then."""
    text = one.texts[0] if one.texts else ""
    if name in _LISTS:
        apart = not one.listed and not one.quoted and not text.startswith("/")
        return [part.strip() for part in text.split(",")] if apart else list(one.texts)
    kind = str if name == "from" else _kind(name)[0]
    if kind is bool and text.lower() in _YES_OR_NO:
        return _YES_OR_NO[text.lower()]
    return int(text) if kind is int and re.fullmatch(r"-?\d{1,9}", text) else text


_YES_OR_NO = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


def text_of(entry: Entry) -> str:
    """Return an entry as its file holds it: `parse` gives the same entry again. Settings as by default are left out."""
    lines: list[str] = []
    tables: list[str] = []
    for name, one in _FIELDS.items():
        value = getattr(entry, one.name)
        default = one.default_factory() if one.default_factory is not MISSING else one.default
        if value == default:
            continue
        if isinstance(value, Mapping):
            tables.append("\n".join([f"\n[{name}]", *table(value)]))
        else:
            lines.append(f"{name} = {toml_of(str(value) if isinstance(value, Place) else value)}")
    head = "\n".join([*lines, *tables]).lstrip("\n")
    if not head and not _FENCE.match(entry.body):
        return entry.body + "\n"
    return f"+++\n{head}\n+++\n{entry.body}\n"


def escaped(text: str) -> str:
    """Return a text as a body in which no line is taken for a progression of ours."""
    return _ESCAPABLE.sub(r"\\", text)


def unescaped(text: str) -> str:
    """Return what `escaped` was given."""
    return _ESCAPED.sub("", text)


def _split(text: str, where: str) -> tuple[str, str, int]:
    """Return the settings, the body, and how many lines stand above the body."""
    first = _FENCE.match(text)
    if first is None:
        return "", _without_end(text), 0
    for found in re.finditer(r"^\+\+\+[ \t]*(?:\r?\n|\r?\Z)", text[first.end() :], re.MULTILINE):
        start, end = first.end() + found.start(), first.end() + found.end()
        return text[first.end() : start], _without_end(text[end:]), text[:end].count("\n")
    raise StoryError(f"{where}:1: the settings have no end", hint="Write a line +++ behind them.")


def _without_end(text: str) -> str:
    return text[:-1] if text.endswith("\n") else text


def _toml(settings: str, where: str) -> dict[str, Any]:
    try:
        return tomllib.loads(settings.replace("\r\n", "\n"))
    except tomllib.TOMLDecodeError as error:
        found = _AT.search(str(error))
        line = int(found[1]) + 1 if found else settings.count("\n") + 1
        raise StoryError(f"{where}:{line}: {_AT.sub('', str(error))}", hint="Mend that line; it is TOML.") from error


def _line_of(lines: list[str], name: str) -> int:
    pattern = re.compile(rf"\s*\[?\s*[\"']?{re.escape(name)}[\"']?\s*[\].=]")
    return next((number for number, line in enumerate(lines, 1) if pattern.match(line)), 1)


def _unknown(name: str, where: str) -> StoryError:
    known = list(_FIELDS)
    near = get_close_matches(name.lower().replace("-", "_"), known, n=1)
    what = f"Did you mean {near[0]!r}? Fields of your own go" if near else f"Fields: {', '.join(known)}. Your own go"
    return StoryError(f"{where}: there is no field {name!r}", hint=f"{what} under [extra].")


def _value(name: str, value: Any, where: str) -> Any:
    if name in _LISTS:
        return _keys(name, value, where)
    if name == "from":
        return _place(value, where)
    if name == "secondary_logic" and value not in LOGICS:
        raise StoryError(f"{where}: {name} = {value!r} is not known", hint=f"It is one of: {', '.join(LOGICS)}.")
    kind, told = _kind(name)
    given: Any = type(value)
    if given is not kind:
        raise StoryError(f"{where}: {name} = {value!r} is not right", hint=f"It must be {told}.")
    if name in ("sticky", "cooldown", "delay") and value < 0:
        raise StoryError(f"{where}: {name} = {value!r} is below zero", hint="Count paragraphs from 0.")
    if name == "extensions" and not all(isinstance(one, str) for one in value.values()):
        raise StoryError(f"{where}: [extensions] holds what no import wrote", hint="Your own fields go under [extra].")
    return value


def _kind(name: str) -> tuple[type, str]:
    one = _FIELDS[name]
    if name in ("extra", "extensions"):
        return dict, "a table"
    if isinstance(one.default, bool):
        return bool, "true or false"
    if name == "priority" or isinstance(one.default, int):
        return int, "a whole number"
    return str, "a text in quotes"


def _keys(name: str, value: Any, where: str) -> tuple[str, ...]:
    ones = [value] if isinstance(value, str) else value
    if not isinstance(ones, list) or not all(isinstance(one, str) for one in ones):
        raise StoryError(f"{where}: {name} = {value!r} is not right", hint=f'Write a list: {name} = ["boat", "Wren"].')
    for one in filter(is_regex, ones):
        try:
            compiled(one)
        except UsageProblem as error:
            raise StoryError(f"{where}: {error.message}", hint=error.hint) from error
    return tuple(ones)


def _place(value: Any, where: str) -> Place:
    try:
        return Place.read(str(value))
    except UsageProblem as error:
        raise StoryError(f"{where}: {error.message}", hint=error.hint) from error


def _progressions(body: str, where: str, above: int) -> tuple[Progression, ...]:
    found = list(_HEADING.finditer(body))
    ends = [*(one.start() for one in found[1:]), len(body)][: len(found)]
    first = body[: found[0].start()] if found else body
    parts = [Progression(BEGINNING, _shown(first))]
    for heading, end in zip(found, ends, strict=True):
        line = above + body[: heading.start()].count("\n") + 1
        try:
            place = Place.read(heading[2])
        except UsageProblem as error:
            raise StoryError(
                f"{where}:{line}: {heading[0].strip()!r} names no place in the story",
                hint="Write `## From ch.6`; put a backslash before a heading of your own that begins so.",
            ) from error
        parts.append(Progression(place, _shown(body[heading.end() : end]), bool(heading[1])))
    return tuple(sorted(parts, key=lambda one: one.place))


def _shown(text: str) -> str:
    return unescaped(text.replace("\r\n", "\n")).strip()
