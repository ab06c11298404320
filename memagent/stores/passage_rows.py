"""Notes and passages as rows: what may be kept, and back again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from memagent.errors import UsageProblem
from memagent.stores.base import Row
from memagent.stores.items import moment
from memagent.stores.scoping import check_text, of_row
from memagent.types import Note, Passage

FULL = """items.rid, items.id, items.user, items.session, items.agent, items.source, items.at, items.recorded_at,
    passages.title, passages.text, passages.metadata"""
"""The columns of a passage, from `items JOIN passages`: no more of them, because a search reads a hundred rows."""


def check_note(note: Note) -> None:
    """Refuse what cannot be kept as it is."""
    for name, value in (("text", note.text), ("title", note.title), ("source", note.source), ("id", note.id or "")):
        check_text(f"the {name} of a note", value)


def as_json(metadata: Mapping[str, Any], name: str = "the metadata of a note") -> str:
    """Return metadata as it is stored; what is no JSON is refused."""
    try:
        json.dumps(dict(metadata), ensure_ascii=False).encode()  # half a surrogate pair is no text to export
        return json.dumps(dict(metadata), allow_nan=False)
    except (TypeError, ValueError) as error:
        hint = "Use str, int, finite float, bool, None, lists and dicts."
        raise UsageProblem(f"{name} cannot be kept as JSON: {error}", hint=hint) from None


def passage(row: Row) -> Passage:
    """Return the passage of a row of `FULL`."""
    return Passage(
        id=row["id"],
        text=row["text"],
        title=row["title"],
        source=row["source"],
        scope=of_row(row),
        recorded_at=moment(row["recorded_at"]),
        at=moment(row["at"]) if row["at"] else None,
        metadata=json.loads(row["metadata"]) if row["metadata"] != "{}" else {},
    )
