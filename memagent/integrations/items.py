"""LangGraph's items as passages, and LangGraph's rules of what fits a search.

An item is one passage for each text that it is indexed by, all of one source: the address of the item. The first of
them, the head, has the value in its metadata; the others name the head. An item that is not indexed is a head without
text, which no search finds. A prolonged item has a slip beside it, of a source of its own, which says until when; it is
apart because whoever reads must never write the value back.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import inf
from typing import Any, Literal, TypeAlias
from urllib.parse import unquote
from uuid import uuid4

from langgraph.store.base import MatchCondition, get_text_at_path

from memagent.errors import UsageProblem
from memagent.types import Note, Passage

Path: TypeAlias = tuple[str, ...]

ITEM = "langgraph:"
SLIP = "langgraph-until:"
MARK = "langgraph"
_ESCAPES = {"%": "%25", "/": "%2F", "#": "%23"}


@dataclass(frozen=True)
class Kept:
    """An item as it is kept. `ids` are its passages, the head first; `passages` those that have a text."""

    namespace: Path
    key: str
    value: dict[str, Any]
    created_at: datetime
    updated_at: datetime
    ids: tuple[str, ...]
    passages: tuple[Passage, ...]
    ttl: float | None = None
    until: datetime | None = None


def address(namespace: Sequence[str], key: str | None = None) -> str:
    """Return the source of an item; without a key, how the sources of all items at and below a namespace begin."""
    path = ITEM + "".join(f"{_escaped(label)}/" for label in namespace)
    return path if key is None else f"{path}#{_escaped(key)}"


def slip_of(source: str) -> str:
    """Return the source of the slip that prolongs the item of a source."""
    return SLIP + source.removeprefix(ITEM)


def place(source: str) -> tuple[Path, str]:
    """Return namespace and key of an item's source."""
    path, _, key = source.removeprefix(ITEM).partition("#")
    return tuple(unquote(label) for label in path.split("/")[:-1]), unquote(key)


def plain(value: Mapping[str, Any]) -> dict[str, Any]:
    """Return a value as it will come back from JSON; what JSON cannot hold is refused."""
    try:
        same: dict[str, Any] = json.loads(json.dumps(dict(value), allow_nan=False))
    except (TypeError, ValueError) as error:
        hint = "Use str, int, finite float, bool, None, lists and dicts."
        raise UsageProblem(f"the value of an item cannot be kept as JSON: {error}", hint=hint) from None
    return same


def notes_of(
    namespace: Path,
    key: str,
    value: dict[str, Any],
    fields: Sequence[str] | Literal[False],
    ttl: float | None,
    created_at: datetime,
    now: datetime,
) -> list[Note]:
    """Return the notes that an item is kept as, the head first. Their ids are new each time."""
    source, head = address(namespace, key), uuid4().hex
    texts = list(
        dict.fromkeys(text for field in fields or () for text in get_text_at_path(value, field) if text.strip())
    )
    ttl = _lifetime(ttl)
    until = None if ttl is None else _later(now, ttl)
    times = {"created_at": created_at.isoformat(), "updated_at": now.isoformat(), "ttl": ttl, "until": until}
    first = Note(texts[0] if texts else "", source=source, id=head, metadata={MARK: {"value": value, **times}})
    rest = [Note(text, source=source, id=uuid4().hex, metadata={MARK: {"of": head}}) for text in texts[1:]]
    return [first, *rest]


def slip(kept: Kept, now: datetime) -> Note:
    """Return the note that prolongs an item by its time to live."""
    until = _later(now, kept.ttl or 0.0)
    metadata = {MARK: {"of": kept.ids[0], "until": until}}
    return Note("", source=slip_of(address(kept.namespace, kept.key)), id=uuid4().hex, metadata=metadata)


def kept_of(passages: Iterable[Passage], slips: Iterable[Passage] = ()) -> Kept | None:
    """Return the item that the passages of one source are; `None` if there is no head among them.

    Anybody may write a passage of such a source: what does not have all that a head has is none.
    """
    parts = [passage for passage in passages if isinstance(passage.metadata.get(MARK), Mapping)]
    heads = [passage for passage in parts if _is_head(passage.metadata[MARK])]
    if not heads:
        return None
    head, data = heads[-1], heads[-1].metadata[MARK]
    own = [head, *(part for part in parts if part.metadata[MARK].get("of") == head.id)]
    longer = [each.metadata[MARK]["until"] for each in slips if is_slip(each) and of(each) == head.id]
    until = max([data["until"], *longer]) if data["until"] else None
    return Kept(
        *place(head.source),
        value=data["value"],
        created_at=datetime.fromisoformat(data["created_at"]),
        updated_at=datetime.fromisoformat(data["updated_at"]),
        ids=tuple(part.id for part in own),
        passages=tuple(part for part in own if part.text),
        ttl=data["ttl"],
        until=datetime.fromisoformat(until) if until else None,
    )


def is_slip(passage: Passage) -> bool:
    """Tell whether a passage is a slip, and not something that another has written under such a source."""
    data = passage.metadata.get(MARK)
    return passage.source.startswith(SLIP) and isinstance(data, Mapping) and _is_moment(data.get("until"))


def of(passage: Passage) -> Any:
    """Return the id of the head that a slip belongs to."""
    return passage.metadata[MARK].get("of")


def check_page(limit: int, offset: int) -> None:
    """Refuse to give fewer than no items.

    Raises:
        UsageProblem: limit or offset is below 0.
    """
    for name, value in (("limit", limit), ("offset", offset)):
        if value < 0:
            raise UsageProblem(f"{name} is {value}", hint="Give 0 or more.")


def expired(kept: Kept, now: datetime) -> bool:
    """Tell whether the time of an item is over."""
    return kept.until is not None and kept.until <= now


def newest_first(found: Iterable[Kept]) -> list[Kept]:
    """Return items, those that were put last first."""
    return sorted(found, key=lambda kept: kept.updated_at, reverse=True)


def fits(value: Any, wanted: Any) -> bool:
    """Tell whether a value is what a filter asks for: equal, within the operators, and so on into dicts and lists.

    Raises:
        UsageProblem: there is no such operator.
    """
    if isinstance(wanted, Mapping):
        if any(name.startswith("$") for name in wanted):
            return all(_holds(value, name, other) for name, other in wanted.items())
        return isinstance(value, Mapping) and all(fits(value.get(name), other) for name, other in wanted.items())
    if isinstance(wanted, list | tuple):
        same = isinstance(value, list | tuple) and len(value) == len(wanted)
        return same and all(fits(one, other) for one, other in zip(value, wanted, strict=True))
    return bool(value == wanted)


def matches(namespace: Path, condition: MatchCondition) -> bool:
    """Tell whether a namespace begins or ends as a condition says; `*` stands for any label."""
    path = tuple(condition.path)
    if len(namespace) < len(path):
        return False
    part = namespace[: len(path)] if condition.match_type == "prefix" else namespace[len(namespace) - len(path) :]
    return all(wanted in ("*", label) for label, wanted in zip(part, path, strict=True))


def _holds(value: Any, operator: str, other: Any) -> bool:
    if operator == "$eq":
        return bool(value == other)
    if operator == "$ne":
        return bool(value != other)
    if operator not in _ORDERS:
        raise UsageProblem(f"no operator {operator!r}", hint=f"There are $eq, $ne, {', '.join(_ORDERS)}.")
    pair = _comparable(value, other)
    return pair is not None and _ORDERS[operator](*pair)


_ORDERS: dict[str, Any] = {
    "$gt": lambda a, b: a > b,
    "$gte": lambda a, b: a >= b,
    "$lt": lambda a, b: a < b,
    "$lte": lambda a, b: a <= b,
}


def _comparable(value: Any, other: Any) -> tuple[Any, Any] | None:
    """Both as numbers if they are, texts as texts (times in ISO 8601, say); nothing else has an order."""
    try:
        return float(value), float(other)
    except (TypeError, ValueError):
        return (value, other) if isinstance(value, str) and isinstance(other, str) else None


def _escaped(label: str) -> str:
    return "".join(_ESCAPES.get(char, char) for char in label)


def _is_head(data: Mapping[str, Any]) -> bool:
    if not isinstance(data.get("value"), Mapping) or not {"ttl", "until"} <= data.keys():
        return False
    times = [data.get("created_at"), data.get("updated_at"), *([data["until"]] if data["until"] is not None else [])]
    return all(map(_is_moment, times)) and (data["ttl"] is None or isinstance(data["ttl"], int | float))


def _is_moment(value: Any) -> bool:
    try:
        return datetime.fromisoformat(value).tzinfo is not None
    except (TypeError, ValueError):
        return False


def _lifetime(ttl: Any) -> float | None:
    """A number of minutes above 0; `None` is for ever, and so is infinity."""
    number = isinstance(ttl, int | float) and not isinstance(ttl, bool)
    if ttl is None or (number and ttl == inf):
        return None
    if not number or not ttl > 0:
        raise UsageProblem(
            f"a time to live is a number of minutes, not {ttl!r}", hint="Give more than 0, or None for an item to stay."
        )
    return float(ttl)


def _later(now: datetime, minutes: float) -> str:
    try:
        until = now + timedelta(minutes=minutes)
    except OverflowError:
        until = datetime.max.replace(tzinfo=UTC)
    except (TypeError, ValueError) as error:
        raise UsageProblem(f"a time to live is a number of minutes, not {minutes!r}") from error
    return until.isoformat(timespec="microseconds")
