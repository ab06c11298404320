"""What keeps a value in its place in a prompt: it cannot close the tag that it stands in, nor begin a turn of its own.

Tags are known in any case, with blanks or attributes in them, with characters that cannot be seen, and in letters and
brackets that look like the plain ones: full-width, Cyrillic, Greek. Turns are begun by the marks of chat templates,
which servers of local models take for their control tokens wherever they stand. Both stay readable: their brackets
become ‹ and ›, or ( and ).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Set
from functools import lru_cache

_OPEN, _CLOSE, _SLASH = "<＜﹤〈⟨〈❮˂‹", ">＞﹥〉⟩〉❯˃›", "/／∕⁄╱"
_OPENER = re.compile(f"[{_OPEN}]")
_REACH = 200  # characters; what is no tag by then is none
_PLAIN = {
    **dict.fromkeys(_OPEN, "<"),
    **dict.fromkeys(_CLOSE, ">"),
    **dict.fromkeys(_SLASH, "/"),
    **dict(zip("аеорсухіѕѵԁɡһոԛѡкмтвн", "aeopcyxisvdghnqwkmtbh", strict=True)),
    **dict(zip("αορνικτυεχ", "aopviktuex", strict=True)),
}
_CONTROLS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"<([|｜][^<>\n|｜]{1,60}[|｜])>"), r"‹\1›"),
    (re.compile(r"<<(/?SYS)>>"), r"‹‹\1››"),
    (re.compile(r"<(/?(?:start_of_turn|end_of_turn|bos|eos|tool_call|tool_response|tool_calls|tools))>"), r"‹\1›"),
    (re.compile(r"\[(/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS|TOOL_CONTENT))\]"), r"(\1)"),
)


def contained(value: str, tags: Set[str]) -> str:
    """Return a value that opens and closes none of these tags, and has no mark of a chat template."""
    value = without_controls(value)
    if not tags or not _OPENER.search(value):
        return value
    tag, initials = _tag(frozenset(tags)), {name[0] for name in tags}
    parts: list[str] = []
    done = 0
    for opener in _OPENER.finditer(value):
        start = opener.start()
        if start < done or not _may_begin(value, start + 1, initials):
            continue
        if length := _length(value[start : start + _REACH], tag):
            closed = value[start + length - 1] in _CLOSE
            inner = value[start + 1 : start + length - closed]
            parts += [value[done:start], "‹", inner, "›" if closed else ""]
            done = start + length
    return "".join([*parts, value[done:]])


def without_controls(value: str) -> str:
    """Return a text in which the marks of chat templates, such as `<|im_start|>` and `[INST]`, are none."""
    if "<" in value or "[" in value:
        for pattern, plain in _CONTROLS:
            value = pattern.sub(plain, value)
    return value


@lru_cache(maxsize=256)
def _tag(tags: frozenset[str]) -> re.Pattern[str]:
    names = "|".join(sorted(map(re.escape, tags), key=len, reverse=True))
    return re.compile(rf"<\s*/?\s*(?:{names})(?!\w)(?:[^<>\n]*>|\s*/?\s*(?:\n|$))")


def _may_begin(value: str, start: int, initials: Set[str]) -> bool:
    """Whether the first letter behind an opening bracket is that of a tag: code has many brackets and few tags."""
    for character in value[start : start + _REACH]:
        plain = _plain(character).strip(" \t\n/")
        if plain:
            return plain[0] in initials
    return False


def _length(window: str, tag: re.Pattern[str]) -> int:
    """How many characters of a text the tag has that it begins with; 0 where it begins with none."""
    plain: list[str] = []
    places: list[int] = []
    for place, character in enumerate(window):
        for one in _plain(character):
            plain.append(one)
            places.append(place)
    found = tag.match("".join(plain))
    if found is None:
        return 0
    last = found.end() - 1
    while last > 0 and plain[last].isspace():  # the line end behind a tag that is not closed
        last -= 1
    return places[last] + 1


@lru_cache(maxsize=4096)
def _plain(character: str) -> str:
    """A character as it looks: folded and without marks; '' for one that cannot be seen."""
    if character in _PLAIN:
        return _PLAIN[character]
    if unicodedata.category(character) in ("Cf", "Mn", "Cc") and not character.isspace():
        return ""
    folded = unicodedata.normalize("NFKD", character).casefold()
    return "".join(_PLAIN.get(one, one) for one in folded if not unicodedata.combining(one))
