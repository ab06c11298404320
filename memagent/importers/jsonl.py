"""Plain JSON lines: a message a line, or a conversation a line; a JSON list of either does as well.

A message has `role` and `content`, or what other programs call them (`from` and `value`, `sender` and `text`), and may
have a speaker, a time, an id, a session and a user; it may stand in a field `message`. A conversation has a list of
messages under `messages` or `conversations`, and may be the whole file. A line with a text and without a role is a
note.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import IO, Any

from memagent.errors import UsageProblem
from memagent.importers.found import Found, Odd, Skipped
from memagent.importers.json_stream import Fault, Text, document, elements, lines
from memagent.importers.values import first_of, name_of, rest_of, role_of, text_of, time_of, whole

_ROLES = ("role", "from", "sender", "author", "type")
_TEXTS = ("content", "text", "value", "message", "body")
_SPEAKERS = ("speaker", "name", "username")
_TIMES = ("at", "timestamp", "time", "created_at", "create_time", "date", "datetime", "ts")
_SESSIONS = (
    "session",
    "session_id",
    "sessionId",
    "conversation_id",
    "conversation",
    "thread_id",
    "thread",
    "chat_id",
    "channel",
)
_USERS = ("user", "user_id")
_IDS = ("id", "message_id", "uuid", "msg_id")
_LISTS = ("messages", "conversations", "conversation", "turns")


def read(file: IO[bytes], name: str) -> Iterator[Found | Skipped]:
    """Yield the turns of a file, one line in memory at a time.

    Raises:
        UsageProblem: the file is a list that is cut short; the error names the line.
    """
    start = file.tell()
    first = Text(file, name).peek()
    file.seek(start)
    taken: set[str] = set()
    for place, one in _entries(file, name) if first == "[" else _named(_lines(file, name)):
        if not isinstance(one, Mapping):
            yield Odd(place, one.reason if isinstance(one, Fault) else "is no JSON object")
            continue
        key, listed = next(((key, one[key]) for key in _LISTS if isinstance(one.get(key), list)), ("", None))
        if listed is None:
            yield _turn(one, place, {}, alone=True)
            continue
        around = {names[0]: first_of({**one, key: None}, names)[1] for names in (_SESSIONS, _USERS)}
        around[_SESSIONS[0]] = around[_SESSIONS[0]] or first_of(one, _IDS)[1] or _session(place, taken)
        for number, message in enumerate(listed, 1):
            if not isinstance(message, Mapping):
                yield Odd(f"{place}, message {number}", "is no message")
                continue
            yield _turn(message, f"{place}, message {number}", around)


def _entries(file: IO[bytes], name: str) -> Iterator[tuple[str, Any]]:
    """The elements of a list, each by its line and its number, since all of them may be on one line."""
    for number, (line, one) in enumerate(elements(file, name), 1):
        yield f"line {line}, entry {number}", one


def _named(found: Iterator[tuple[int, Any]]) -> Iterator[tuple[str, Any]]:
    return ((f"line {line}", one) for line, one in found)


def _session(place: str, taken: set[str]) -> str:
    """The name of a conversation that has none: its line, and of others on this line their whole place."""
    line = place.partition(",")[0]
    name = place if line in taken else line
    taken.add(name)
    return name


def _lines(file: IO[bytes], name: str) -> Iterator[tuple[int, Any]]:
    """The lines; where the first is no JSON of its own, the file is one object over many lines."""
    start = file.tell()
    try:
        json.loads(file.readline())
    except (ValueError, RecursionError):
        file.seek(start)
        if file.read(4096).split(None, 1)[:1] == [b"{"]:
            file.seek(start)
            try:
                whole_file = document(file, name)
            except UsageProblem:  # then it may be lines, of which the first is none
                file.seek(start)
            else:
                yield 1, whole_file
                return
    file.seek(start)
    yield from lines(file)


def _turn(one: Mapping[str, Any], place: str, around: Mapping[str, Any], *, alone: bool = False) -> Found | Skipped:
    """A message; one that stands `alone` and was said by nobody is a note."""
    if isinstance(one.get("message"), Mapping):  # as in the transcripts of coding assistants
        one = {**{key: value for key, value in one.items() if key != "message"}, **one["message"]}
    used = {names: first_of(one, names) for names in (_TEXTS, _ROLES, _SPEAKERS, _TIMES, _SESSIONS, _USERS, _IDS)}
    content = used[_TEXTS][1]
    if not any(text in one for text in _TEXTS):
        return Odd(place, "has no message: it needs 'role' and 'content'")
    said, speaker = used[_ROLES][1], used[_SPEAKERS][1]
    role = role_of(said) if said is not None else "user" if speaker is not None else ""
    text, other = text_of(content if content is not None else "")
    if not role and (said or not alone):
        return Skipped(place, f"has the role {whole(str(said))!r}, which is not known" if said else "has no role")
    if not text.strip():
        return Skipped(place, "is a call of a tool" if one.get("tool_calls") else "has no text")
    at = time_of(used[_TIMES][1])
    names = [found for names, (found, _) in used.items() if found and (names != _TIMES or at is not None)]
    more = rest_of(one, names)
    metadata: dict[str, Any] = {**({"left_out": other} if other else {}), **({"jsonl": more} if more else {})}
    return Found(
        text,
        place,
        role=role,
        speaker=name_of(speaker),
        at=at,
        conversation=name_of(used[_SESSIONS][1]) or name_of(around.get(_SESSIONS[0])),
        message=name_of(used[_IDS][1]),
        user=name_of(used[_USERS][1]) or name_of(around.get(_USERS[0])),
        metadata=metadata,
        untimed=at is None and used[_TIMES][1] is not None,
    )
