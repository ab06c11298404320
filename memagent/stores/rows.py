"""Notes and passages as rows: what identifies a note, what may be kept, and back again."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any

from memagent.errors import UsageProblem
from memagent.stores.base import Row
from memagent.stores.scoping import check_text, columns, of_row
from memagent.types import Note, Passage, Scope

INSERT = """
    INSERT INTO passages (id, user, session, agent, title, text, source, digest, metadata, at, recorded_at)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""


def digest(note: Note) -> str:
    """Return what identifies the content of a note: a digest of title, text and source."""
    content = json.dumps([note.title, note.text, note.source])
    return blake2b(content.encode(), digest_size=16).hexdigest()


def values(scope: Scope, note: Note) -> list[Any]:
    """The columns of a note in the order of `INSERT`, the id still open; refuses what cannot be kept as it is."""
    for name, value in (("text", note.text), ("title", note.title), ("source", note.source), ("id", note.id or "")):
        check_text(f"the {name} of a note", value)
    row = [note.title, note.text, note.source, digest(note), _as_json(note), _utc(note.at), now()]
    return [None, *columns(scope), *row]


def _as_json(note: Note) -> str:
    try:
        return json.dumps(dict(note.metadata), allow_nan=False)
    except (TypeError, ValueError) as error:
        hint = "Use str, int, finite float, bool, None, lists and dicts."
        raise UsageProblem(f"the metadata of a note cannot be kept as JSON: {error}", hint=hint) from None


def _utc(at: datetime | None) -> str | None:
    if at is None:
        return None
    if at.tzinfo is None:
        raise UsageProblem(f"the time {at.isoformat()} has no time zone", hint="Use datetime(..., tzinfo=UTC).")
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def now() -> str:
    """Return the present moment as it is stored: ISO 8601, UTC, microseconds, so that text order is time order."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


def passage(row: Row) -> Passage:
    """Return the passage of a full row of `passages`."""
    return Passage(
        id=row["id"],
        text=row["text"],
        title=row["title"],
        source=row["source"],
        scope=of_row(row),
        recorded_at=datetime.fromisoformat(row["recorded_at"]),
        at=datetime.fromisoformat(row["at"]) if row["at"] else None,
        metadata=json.loads(row["metadata"]),
    )
