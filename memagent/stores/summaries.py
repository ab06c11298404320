"""The summary of a conversation's older turns: one for each session, and gone as soon as a turn of it goes.

It is derived: whoever needs it makes it again from the turns that are left. So nothing that was forgotten, deleted,
purged or edited stays in it. It stands among what the file says about itself, where no search looks.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime

from memagent.stores import meta
from memagent.stores.base import Database, Row, Writer
from memagent.stores.scoping import columns, marks
from memagent.types import Scope, Summary

PREFIX = "summary of "
"""How the keys of summaries begin among what a file says about itself."""


def get(reader: Database | Writer, scope: Scope) -> Summary | None:
    """Return the summary of the exact scope, if it has one."""
    value = meta.get(reader, _key(columns(scope)))
    if value is None:
        return None
    found = json.loads(value)
    times = {name: datetime.fromisoformat(found[name]) for name in ("since", "until")}
    return Summary(**{**found, **times})


def put(database: Database, scope: Scope, summary: Summary, seen: int) -> bool:
    """Keep a summary in place of the one there is; return whether it could be.

    It cannot where something has gone since its turns were read, because it may say it: then it is to be made again.

    Args:
        database: where.
        scope: of the conversation, exactly.
        summary: what its turns said.
        seen: `last_change` before the turns were read.
    """
    values = {name: getattr(summary, name) for name in ("text", "upto", "turns", "by")}
    values.update(since=summary.since.isoformat(), until=summary.until.isoformat())
    with database.write() as writer:
        gone = ("retire", "restore", "delete")
        sql = f"SELECT 1 FROM changes WHERE seq > ? AND op IN ({marks(gone)}) LIMIT 1"
        if writer.read(sql, [seen, *gone]):
            return False
        meta.put(writer, _key(columns(scope)), json.dumps(values, ensure_ascii=False))
    return True


def last_change(database: Database) -> int:
    """Return the number of the last change in the file."""
    return int(database.read("SELECT coalesce(max(seq), 0) AS seq FROM changes")[0]["seq"])


def drop_of(writer: Writer, rows: Sequence[Row]) -> None:
    """Drop the summaries of the conversations that passages, as rows of `items`, belong to."""
    scopes = {(row["user"], row["session"], row["agent"]) for row in rows if row["kind"] == "passage"}
    if scopes:
        meta.drop(writer, *map(_key, sorted(scopes)))


def _key(scope: tuple[str, str, str]) -> str:
    return PREFIX + json.dumps(scope, ensure_ascii=False)
