"""mem0's memories: what `get_all` returns, as JSON, and its history as SQLite.

A memory there is a sentence that a model made of a conversation: it becomes a passage without a role, said at the time
at which it was made or last changed. Relations of its graph become facts. From the history file, a memory is what the
last of its events has left, and none if that deleted it; the messages in it become turns.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from memagent.importers import sqlite_rows
from memagent.importers.found import Found, Odd, Skipped
from memagent.importers.json_stream import Text, document, elements, wrong
from memagent.importers.values import first_of, name_of, rest_of, role_of, text_of, time_of, whole

_USED = ("id", "memory", "text", "data", "user_id", "run_id", "created_at", "updated_at", "score", "hash")
_TEXTS = ("memory", "text", "data")


def read(file: IO[bytes], name: str) -> Iterator[Found | Skipped]:
    """Yield the memories and relations of a JSON file.

    Raises:
        UsageProblem: the file is no such export, or is cut short; the message names the line.
    """
    start = file.tell()
    first = Text(file, name).peek()
    file.seek(start)
    if first == "[":
        for number, (line, one) in enumerate(elements(file, name), 1):
            if not isinstance(one, Mapping) or not any(text in one for text in _TEXTS):
                yield Odd(f"line {line}, entry {number}", "has no memory of mem0: it needs 'memory'")
                continue
            yield _memory(one, f"memory {number}")
        return
    data = document(file, name)
    results = data.get("results", data.get("memories")) if isinstance(data, Mapping) else None
    if not isinstance(results, list):
        raise wrong(name, 1, "begins no export of mem0: neither a list nor an object with 'results'")
    for number, one in enumerate(results, 1):
        place = f"memory {number}"
        yield _memory(one, place) if isinstance(one, Mapping) else Odd(place, "is no memory of mem0, but another value")
    relations = data.get("relations")
    for number, one in enumerate(relations if isinstance(relations, list) else (), 1):
        yield _relation(one, f"relation {number}")


def read_sqlite(path: Path) -> Iterator[Found | Skipped]:
    """Yield the memories that the history of mem0 has left, and the messages that it keeps.

    Raises:
        UsageProblem: the file has no history of mem0, or cannot be read.
    """
    with sqlite_rows.opened(path) as raw:
        if not sqlite_rows.tables_with(raw, {"memory_id", "new_memory", "event"}):
            raise wrong(str(path), 1, "is of a database without mem0's table 'history'")
        left: dict[str, dict[str, Any]] = {}
        for row in sqlite_rows.rows(raw, "history"):
            left[str(row["memory_id"])] = {**left.get(str(row["memory_id"]), {}), **_kept(row)}
        for number, (id, row) in enumerate(left.items(), 1):
            place = f"memory {number}"
            if str(row["event"]).upper() == "DELETE" or row.get("is_deleted"):
                yield Skipped(place, "was deleted there")
            else:
                yield _memory({**row, "id": id, "memory": row["new_memory"]}, place)
        if sqlite_rows.tables_with(raw, {"session_scope", "role", "content"}):
            for row in sqlite_rows.rows(raw, "messages"):
                yield _message(row)


def _kept(row: Mapping[str, Any]) -> dict[str, Any]:
    """An event without what it does not say, so that who said it first is not forgotten by a later one."""
    names = ("new_memory", "event", "created_at", "updated_at", "is_deleted", "actor_id", "role")
    return {name: row[name] for name in names if row.get(name) is not None}


def _memory(one: Mapping[str, Any], place: str) -> Found | Skipped:
    text, _ = text_of(first_of(one, _TEXTS)[1] or "")
    if not text.strip():
        return Skipped(place, "has no text")
    more = rest_of(one, (*_USED, "new_memory", "event", "is_deleted"))
    return Found(
        text,
        place,
        at=time_of(one.get("updated_at")) or time_of(one.get("created_at")),
        conversation=name_of(one.get("run_id")),
        message=name_of(one.get("id")),
        user=name_of(one.get("user_id")),
        metadata={"mem0": more} if more else {},
    )


def _message(row: Mapping[str, Any]) -> Found | Skipped:
    place = f"message {row['rowid']}"
    role, (text, _) = role_of(row["role"]), text_of(row["content"] or "")
    if not role or not text.strip():
        return Skipped(place, "has no text" if role else "has no role that is known")
    return Found(
        text,
        place,
        role=role,
        speaker=name_of(row.get("name")),
        at=time_of(row.get("created_at")),
        conversation=str(row["session_scope"] or ""),
        message=str(row.get("id") or ""),
    )


def _relation(one: Any, place: str) -> Found | Skipped:
    data = one if isinstance(one, Mapping) else {}
    parts = [first_of(data, names)[1] for names in (("source",), ("relationship", "relation"), _ENDS)]
    terms = [whole(part).replace("_", " ").strip() if isinstance(part, str) else "" for part in parts]
    if not all(terms):
        return Skipped(place, "is no relation of two things")
    return Found("", place, user=name_of(data.get("user_id")), triple=(terms[0], terms[1], terms[2]))


_ENDS = ("target", "destination")
