"""LangChain's message histories: the JSON of `messages_to_dict` (or `dumps`), and `SQLChatMessageHistory`'s SQLite."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from memagent.importers import sqlite_rows
from memagent.importers.found import Found, Odd, Skipped
from memagent.importers.json_stream import Text, document, elements, wrong
from memagent.importers.values import first_of, name_of, rest_of, role_of, text_of, time_of

_USED = ("content", "type", "name", "id", "role", "example")
_NONE = "has no message of LangChain: it needs 'type' and 'data'"
_TIMES = ("timestamp", "created_at", "create_time", "time", "date", "ts")
_KINDS = {"HumanMessage": "human", "AIMessage": "ai", "SystemMessage": "system", "ToolMessage": "tool"}


def read(file: IO[bytes], name: str) -> Iterator[Found | Skipped]:
    """Yield the turns of a JSON file: a list of messages, or an object of lists by the name of their session.

    Raises:
        UsageProblem: the file is no such history, or is cut short; the message names the line.
    """
    start = file.tell()
    first = Text(file, name).peek()
    file.seek(start)
    if first == "[":
        for number, (line, one) in enumerate(elements(file, name), 1):
            yield (
                Odd(f"line {line}, entry {number}", _NONE)
                if _data(one) is None
                else _turn(one, f"message {number}", "")
            )
        return
    whole_file = document(file, name)
    sessions = whole_file.items() if isinstance(whole_file, Mapping) else ()
    if not sessions or not all(isinstance(some, list) for _, some in sessions):
        raise wrong(name, 1, "begins neither a list of messages of LangChain nor an object of such lists")
    for session, some in sessions:
        for number, one in enumerate(some, 1):
            place = f"session {session!r}, message {number}"
            yield Odd(place, _NONE) if _data(one) is None else _turn(one, place, str(session))


def read_sqlite(path: Path) -> Iterator[Found | Skipped]:
    """Yield the turns of a SQLite file, in the order of its rows: every table with `session_id` and `message`.

    Raises:
        UsageProblem: it has no such table.
    """
    with sqlite_rows.opened(path) as raw:
        tables = sqlite_rows.tables_with(raw, {"session_id", "message"})
        if not tables:
            raise wrong(str(path), 1, "is of a database without a table of messages (session_id, message)")
        for table in tables:
            yield from _rows(raw, table)


def _rows(raw: sqlite3.Connection, table: str) -> Iterator[Found | Skipped]:
    for row in sqlite_rows.rows(raw, table):
        place = f"table {table!r}, row {row['rowid']}"
        try:
            one = json.loads(row["message"])
        except (TypeError, ValueError, RecursionError):
            one = None
        if _data(one) is None:
            yield Odd(place, "is no message of LangChain")
            continue
        _, at = first_of(row, _TIMES)
        yield _turn(one, place, str(row["session_id"] or ""), key=f"{table}:{row['rowid']}", at=at)


def _data(one: Any) -> Mapping[str, Any] | None:
    """The fields of a message in whichever form, with its type among them; `None` for what is no message."""
    if not isinstance(one, Mapping):
        return None
    if isinstance(one.get("data"), Mapping) and isinstance(one.get("type"), str):
        return {**one["data"], "type": one["type"]} if "content" in one["data"] else None
    if one.get("lc") and isinstance(one.get("kwargs"), Mapping) and isinstance(one.get("id"), list) and one["id"]:
        kind = str(one["id"][-1]).removesuffix("Chunk")
        return {"type": _KINDS.get(kind, kind), **one["kwargs"]} if "content" in one["kwargs"] else None
    return None


def _turn(one: Any, place: str, session: str, *, key: str = "", at: Any = None) -> Found | Skipped:
    data = _data(one)
    assert data is not None
    kind = data["type"].lower()
    role = role_of(data.get("role") if kind.startswith("chat") else kind)
    if not role:
        return Skipped(place, f"is of the type {data['type']!r}, which nobody says")
    text, other = text_of(data["content"])
    if not text.strip():
        calls = data.get("tool_calls") or (data.get("additional_kwargs") or {}).get("tool_calls")
        return Skipped(place, "is a call of a tool" if calls else "has no text")
    metadata: dict[str, Any] = {"left_out": other} if other else {}
    if more := rest_of(data, _USED):
        metadata["langchain"] = more
    said = at or _said_at(data)
    return Found(
        text,
        place,
        role=role,
        speaker=name_of(data.get("name")),
        at=time_of(said),
        conversation=session,
        message=str(data.get("id") or key),
        metadata=metadata,
    )


def _said_at(data: Mapping[str, Any]) -> Any:
    """LangChain keeps no time of its own; programs put one into either of these."""
    for name in ("additional_kwargs", "response_metadata"):
        part = data.get(name)
        if isinstance(part, Mapping) and (found := first_of(part, _TIMES)[1]) is not None:
            return found
    return None
