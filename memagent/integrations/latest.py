"""The latest items of a conversation under a limit of tokens, for a model that is shown the whole of it with each turn.

What is left out is told by an item in its place. The rest begins where a person speaks, so that no result of a tool is
shown without its call; only where the last exchange alone is too long are its texts shortened, with a mark.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from memagent.integrations.capped import written
from memagent.integrations.excerpts import excerpt, shares

_NOTE = 40  # tokens of the item that tells what is left out
_TEXTS = ("text", "content", "output")  # a call with half of its arguments is none: these are left as they are


def latest(items: Sequence[Any], tokens: int) -> list[Any]:
    """Return the latest items that fit, oldest first, and before them how many are left out; all where they fit.

    Args:
        items: of the Responses interface, oldest first.
        tokens: the limit, as JSON counts; see `capped.written`.
    """
    costs = [written(item) for item in items]
    if sum(costs) <= tokens:
        return list(items)
    room, start = tokens - _NOTE, len(items)
    while start and costs[start - 1] <= room:
        start -= 1
        room -= costs[start]
    asked = [place for place, item in enumerate(items) if item.get("role") == "user"]
    begin = next((place for place in asked if place >= start), None)
    if begin is not None:
        return [*_told(begin), *items[begin:]]
    begin = asked[-1] if asked else 0
    return [*_told(begin), *_shortened(items[begin:], tokens - _NOTE)]


def _told(count: int) -> list[Any]:
    text = f"{count} earlier items of this conversation are left out here: there was no room for them."
    return [{"role": "system", "content": text}] if count else []


def _shortened(items: Sequence[Any], tokens: int) -> list[Any]:
    """Items of one exchange, the long texts in them cut; where there are too many even so, the first of those after it.

    The message that opens the exchange stays; calls and their results are left out together.
    """
    opening, rest = list(items[:1]), list(items[1:])
    missing = 0
    while rest and sum(written(_with(item, [""] * len(_texts(item)))) for item in [*opening, *rest]) > tokens // 2:
        gone = rest.pop(0)
        missing += 1
        if "call_id" in gone:
            pair = [item for item in rest if item.get("call_id") == gone["call_id"]]
            rest = [item for item in rest if item not in pair]
            missing += len(pair)
    kept = [*opening, *_told(missing), *rest]
    texts = [text for item in kept for text in _texts(item)]
    bare = sum(written(_with(item, [""] * len(_texts(item)))) for item in kept)
    given = shares([written(text) for text in texts], max(0, tokens - bare))
    short = iter([excerpt(text, "", share, written) for text, share in zip(texts, given, strict=True)])
    return [_with(item, [next(short) for _ in _texts(item)]) for item in kept]


def _texts(value: Any) -> list[str]:
    """The texts in an item that may be shortened, in order."""
    if isinstance(value, list):
        return [text for part in value for text in _texts(part)]
    if not isinstance(value, Mapping):
        return []
    own = [value[name] for name in _TEXTS if name in value]
    return [text for one in own for text in ([one] if isinstance(one, str) else _texts(one))]


def _with(value: Any, texts: list[str]) -> Any:
    """The same item with other texts, taken from the front of the list."""
    if isinstance(value, list):
        parts = []
        for part in value:
            count = len(_texts(part))
            parts.append(_with(part, texts[:count]))
            texts = texts[count:]
        return parts
    if not isinstance(value, Mapping):
        return value
    changed = dict(value)
    for name in (name for name in _TEXTS if name in value):
        one = value[name]
        count = 1 if isinstance(one, str) else len(_texts(one))
        changed[name] = texts[0] if isinstance(one, str) else _with(one, texts[:count])
        texts = texts[count:]
    return changed
