"""Settings of an entry as other programs write them: between two lines `---`, as the plainest part of YAML.

    ---
    keys: [boat, "Wren"]
    aliases:
      - the old lady
    always: false
    ---

Read are `name: value`, lists in brackets or a line an item, quoted texts, and comments; all that YAML has beyond that
is refused, with its line, and never guessed at. What an entry has no field for is the author's own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from memagent.errors import StoryError

_LINE = re.compile(r"([A-Za-z_][\w-]*)[ \t]*:(?:[ \t]+(.*))?")
_ITEM = re.compile(r"[ \t]*-[ \t]+(.*)")
_BARE = re.compile(r"[^\[\]{}&*!|>'\"%@`#,][^#]*(?:[^\s#]#[^#]*)*")
_QUOTED = re.compile(r"\"((?:[^\"\\]|\\[\"\\])*)\"|'((?:[^']|'')*)'")
_IN_LIST = re.compile(
    r"[ \t]*(\"(?:[^\"\\]|\\[\"\\])*\"|'(?:[^']|'')*'|[^,\"'\[\]{}#&*!|>%@`][^,\[\]{}]*?)[ \t]*(?:,|$)"
)
_HINT = "Write `name: value` or `name: [one, two]`; or write the settings between two lines +++, as TOML."


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: its name as written, its texts, whether that is a list, whether a text was quoted, and its line."""

    name: str
    texts: tuple[str, ...]
    line: int
    listed: bool = False
    quoted: bool = False


def split(text: str) -> tuple[list[str], str, int] | None:
    """Return the lines of the settings, what stands below them, and how many lines are above that.

    `None` where there are none: a rule `---` above a text is no beginning of settings.
    """
    lines = text.split("\n")
    if lines[0].rstrip() != "---":
        return None
    end = next((at for at, line in enumerate(lines[1:], 1) if line.rstrip() in ("---", "...")), None)
    within = [line.rstrip() for line in lines[1:end]]
    first = next((line for line in within if line and not line.lstrip().startswith("#")), "")
    if end is None or not (_LINE.fullmatch(first) or not first):
        return None
    return within, "\n".join(lines[end + 1 :]).removesuffix("\n"), end + 1


def read(lines: list[str], where: str) -> list[Setting]:
    """Return the settings; `where` is how errors name the file. Raises `StoryError` for what is no such line."""
    found: list[Setting] = []
    for number, line in enumerate(lines, 2):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if (item := _ITEM.fullmatch(line)) and found and found[-1].listed:
            last = found[-1]
            found[-1] = Setting(last.name, (*last.texts, _scalar(item[1], where, number)[0]), last.line, True)
        elif named := _LINE.fullmatch(line):
            found.append(_setting(named[1], (named[2] or "").strip(), where, number))
        else:
            raise _not_read(line, where, number)
    return found


def _setting(name: str, value: str, where: str, number: int) -> Setting:
    if not value:
        return Setting(name, (), number, listed=True)  # items follow, or nothing
    if value.startswith("["):
        return Setting(name, _listed(value, where, number), number, listed=True)
    text, quoted = _scalar(value, where, number)
    return Setting(name, (text,), number, quoted=quoted)


def _listed(value: str, where: str, number: int) -> tuple[str, ...]:
    inner = re.sub(r"[ \t]+#.*$", "", value)
    if not inner.endswith("]"):
        raise _not_read(value, where, number)
    inner, found, at = inner[1:-1].strip(), list[str](), 0
    while at < len(inner):
        part = _IN_LIST.match(inner, at)
        if part is None:
            raise _not_read(value, where, number)
        found.append(_scalar(part[1], where, number)[0])
        at = part.end()
    return tuple(found)


def _scalar(value: str, where: str, number: int) -> tuple[str, bool]:
    """Return a text, and whether it was quoted."""
    value = value.strip()
    bare = re.sub(r"[ \t]+#.*$", "", value)
    if quoted := _QUOTED.fullmatch(bare):
        double = quoted[1]
        return (re.sub(r"\\(.)", r"\1", double) if double is not None else quoted[2].replace("''", "'")), True
    if not _BARE.fullmatch(bare) or ": " in bare or bare.endswith(":"):
        raise _not_read(value, where, number)
    return bare, False


def _not_read(line: str, where: str, number: int) -> StoryError:
    return StoryError(f"{where}:{number}: {line.strip()!r} cannot be read as a setting", hint=_HINT)
