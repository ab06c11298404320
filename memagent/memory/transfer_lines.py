"""The lines of an export: JSON, one object a line, first a header and last an end with counts.

Each kind of line has exactly the fields that `FIELDS` gives it. Reading is strict: an error names the line that is not
as it was written, so that a file that was cut, mixed up or edited by hand never goes in by half.
"""

from __future__ import annotations

import base64
import json
import math
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import IO, Any, NamedTuple

from memagent.errors import UsageProblem
from memagent.stores.items import utc

FORMAT, VERSION = "memory", 1
_COUNTLESS = 1 << 53  # far from where SQLite's integers end, so that it can be counted on from there
Field = Callable[[Any], Any]
"""Takes a value as it is read and returns it as it is stored; `ValueError` says what is wrong with it."""


class Line(NamedTuple):
    """One thing of an export, its values as they are stored: `session` and `agent` '' for none, vectors as bytes."""

    number: int
    kind: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Parsed:
    """A whole export: its header, and its lines by kind, in order."""

    header: Mapping[str, Any]
    lines: Mapping[str, list[Line]]


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("is no text")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueError("is not valid Unicode") from None
    return value


def _name(value: Any) -> str:
    if value is not None and not _text(value).strip():
        raise ValueError("is blank; it must be a name, or null")
    return value or ""


def _time(value: Any) -> str:
    try:
        stored = utc(datetime.fromisoformat(_text(value)))
    except (UsageProblem, OverflowError):
        stored = None
    if stored is None:
        raise ValueError("is no time with a time zone")
    return stored


def _flag(value: Any) -> int:
    if not isinstance(value, bool):
        raise ValueError("is neither true nor false")
    return int(value)


def _count(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < _COUNTLESS:
        raise ValueError("is no count, or one that nothing can have")
    return value


def _number(value: Any) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value) or value < 0:
        raise ValueError("is no number of 0 or more")
    return float(value)


def _above_zero(value: Any) -> float:
    if not _number(value):
        raise ValueError("is not above 0")
    return float(value)


def _confidence(value: Any) -> float:
    if _above_zero(value) > 1:
        raise ValueError("is above 1")
    return float(value)


def _object(value: Any) -> str:
    if not isinstance(value, dict):
        raise ValueError("is no JSON object")
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise ValueError("is not valid Unicode") from None
    return json.dumps(value, allow_nan=False)


def _vector(value: Any) -> bytes:
    try:
        return base64.b64decode(_text(value), validate=True)
    except ValueError:
        raise ValueError("is no base64") from None


def _or_null(field: Field) -> Field:
    return lambda value: None if value is None else field(value)


def _texts(value: Any) -> str:
    if not isinstance(value, list):
        raise ValueError("is no list")
    return json.dumps([_text(one) for one in value])


def _status(value: Any) -> str:
    if value not in ("done", "failed", "pending"):
        raise ValueError("is none of done, failed and pending")
    return str(value)


_PLACE: dict[str, Field] = {"session": _name, "agent": _name}
_ITEM: dict[str, Field] = {
    "id": _text,
    **_PLACE,
    "source": _text,
    "at": _or_null(_time),
    "recorded_at": _time,
    "retired_at": _or_null(_time),
    "shared": _flag,
    "importance": _above_zero,
    "uses": _count,
    "used_at": _or_null(_time),
}
_TERMS: dict[str, Field] = {"subject": _text, "relation": _text, "object": _text}
_RATIONALE: dict[str, Field] = dict.fromkeys(("problem", "reasoning", "answer", "verified"), _text)

ITEMS: dict[str, dict[str, Field]] = {
    "passage": {**_ITEM, "title": _text, "text": _text, "metadata": _object},
    "relation": _ITEM,
    "phrase": _ITEM,
    "fact": {**_ITEM, **_TERMS},
    "rationale": {**_ITEM, **_RATIONALE, "metadata": _object, "successes": _count, "failures": _count},
}
"""The fields of the lines that are items; where vectors are exported they have a `vector` as well, or null."""

FIELDS: dict[str, dict[str, Field]] = {
    **ITEMS,
    "evidence": {
        "fact": _text,
        **_PLACE,
        "passage": _or_null(_text),
        "source": _text,
        **_TERMS,
        "at": _or_null(_time),
        "until": _or_null(_time),
        "confidence": _confidence,
        "recorded_at": _time,
    },
    "link": {**_PLACE, "a": _text, "b": _text, "type": _text, "weight": _above_zero},
    "extraction": {
        "passage": _text,
        **_PLACE,
        "status": _status,
        "extractor": _text,
        "entities": _texts,
        "facts": _texts,
        "problem": _text,
        "recorded_at": _time,
    },
    "declaration": {**_PLACE, "relation": _text, "functional": _flag},
    "purged": {**_PLACE, "digest": _text},
}


def written(data: Mapping[str, Any]) -> str:
    """Return one line of an export."""
    return json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":")) + "\n"


def as_base64(vector: bytes | None) -> str | None:
    """Return a stored vector as it is exported."""
    return None if vector is None else base64.b64encode(vector).decode()


def parsed(place: str | os.PathLike[str] | IO[Any]) -> Parsed:
    """Read a whole export.

    Raises:
        UsageProblem: it cannot be read, is no export, or a newer one; or a line is wrong, which the message names.
    """
    name = os.fspath(place) if isinstance(place, str | os.PathLike) else getattr(place, "name", "the file")
    try:
        if isinstance(place, str | os.PathLike):
            with open(place, "rb") as file:
                return _parsed(_objects(file, str(name)), str(name))
        return _parsed(_objects(place, str(name)), str(name))
    except OSError as error:
        hint = "Check that it is there and that you may read it."
        raise UsageProblem(f"{name} cannot be read: {error.strerror or error}", hint=hint) from error


_NOT_WHOLE = "Nothing was written. Export again, or take another copy of the file."


def wrong(number: int, what: str, name: str = "the export") -> UsageProblem:
    """Return the error for a line that is not as it must be."""
    return UsageProblem(f"line {number} of {name} {what}", hint=_NOT_WHOLE)


def _objects(file: Iterable[bytes | str], name: str) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, raw in enumerate(file, 1):
        try:
            found = json.loads(raw if isinstance(raw, str) else raw.decode(), parse_constant=_no_number)
        except (ValueError, RecursionError):
            raise wrong(number, "is no JSON, or was cut short", name) from None
        if not isinstance(found, dict):
            raise wrong(number, "is no JSON object", name)
        yield number, found


def _no_number(text: str) -> Any:
    raise ValueError(f"{text} is no JSON")


def _parsed(objects: Iterator[tuple[int, dict[str, Any]]], name: str) -> Parsed:
    number, header = next(objects, (1, {}))
    _check_header(header, name)
    lines: dict[str, list[Line]] = {kind: [] for kind in FIELDS}
    for number, found in objects:
        if found.get("end") is True:
            _check_end(number, found, lines, name)
            if (more := next(objects, None)) is not None:
                raise wrong(more[0], "comes after the end", name)
            return Parsed(header, lines)
        line = _line(number, found, bool(header["vectors"]), name)
        lines[line.kind].append(line)
    raise UsageProblem(f"{name} was cut short: it has no end after line {number}", hint=_NOT_WHOLE)


_HEADER: dict[str, Callable[[Any], bool]] = {
    "embedder": lambda value: isinstance(value, str),
    "dim": lambda value: isinstance(value, int) and value >= 0,
    "scope": lambda value: isinstance(value, dict),
    "vectors": lambda value: isinstance(value, bool),
    "salt": lambda value: value is None or (isinstance(value, str) and _is_hex(value)),
    "salt_digest": lambda value: value is None or isinstance(value, str),
}


def _is_hex(text: str) -> bool:
    return len(text) == 32 and all(letter in "0123456789abcdef" for letter in text)


def _check_header(header: Mapping[str, Any], name: str) -> None:
    if header.get("memagent") != FORMAT or not isinstance(header.get("version"), int):
        raise UsageProblem(f"{name} is no export of a memory", hint="Make one with: memagent export FILE")
    if header["version"] > VERSION:
        found = f"{name} has version {header['version']}, and this memagent knows versions up to {VERSION}"
        raise UsageProblem(found, hint="Upgrade: pip install -U memagent")
    if bad := [field for field, fits in _HEADER.items() if field not in header or not fits(header[field])]:
        raise wrong(1, f"has no {bad[0]}, or a wrong one", name)


def _check_end(number: int, end: Mapping[str, Any], lines: Mapping[str, list[Line]], name: str) -> None:
    counts = Counter({kind: len(some) for kind, some in lines.items() if some})
    if end.get("counts") != dict(counts):
        raise wrong(number, f"promises {end.get('counts')}, and the file has {dict(counts)}", name)


def _line(number: int, found: Mapping[str, Any], vectors: bool, name: str) -> Line:
    kind = found.get("kind")
    if not isinstance(kind, str) or kind not in FIELDS:
        raise wrong(number, f"is of no known kind: {kind!r}"[:80], name)
    fields = {**FIELDS[kind], **({"vector": _or_null(_vector)} if vectors and kind in ITEMS else {})}
    if off := sorted(set(found) ^ {"kind", *fields}):
        raise wrong(number, f"({kind}) {'lacks' if off[0] in fields else 'has an unknown'} {off[0]!r}", name)
    data = {}
    for field, check in fields.items():
        try:
            data[field] = check(found[field])
        except (ValueError, RecursionError) as error:
            raise wrong(number, f"({kind}) is wrong: {field} {error}", name) from None
    return Line(number, kind, data)
