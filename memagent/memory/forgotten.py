"""What was forgotten and can be restored: each with its text, so that a person can tell what it was."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from memagent.errors import UsageProblem
from memagent.memory.core import Core
from memagent.stores.base import Database, Row
from memagent.stores.items import moment
from memagent.stores.removal import OWN
from memagent.stores.scoping import marks, visible
from memagent.types import Scope


@dataclass(frozen=True, slots=True)
class Forgotten:
    """One thing that is hidden until it is restored. Times are aware UTC.

    Attributes:
        id: by which `restore`, `delete` and `purge` know it.
        kind: `passage`, `fact` or `rationale`.
        text: of a passage; subject, relation and object of a fact; the problem of a rationale.
        at: when it was forgotten.
    """

    id: str
    kind: str
    text: str
    at: datetime


def forgotten(core: Core, scope: Scope, count: int) -> list[Forgotten]:
    """Return what was forgotten, the latest first; see `Memory.forgotten`."""
    if not isinstance(count, int) or isinstance(count, bool) or count < 1:
        raise UsageProblem(f"count must be a whole number of at least 1, got {count!r}")
    condition, params = visible(scope)
    sql = f"""
        SELECT items.rid, items.id, items.kind, items.retired_at, passages.text, rationales.problem FROM items
        LEFT JOIN passages ON passages.rid = items.rid LEFT JOIN rationales ON rationales.rid = items.rid
        WHERE items.kind IN ({marks(OWN)}) AND {condition} AND items.retired_at IS NOT NULL
        ORDER BY items.retired_at DESC, items.rid DESC LIMIT ?"""
    database = core.file()
    rows = database.read(sql, [*OWN, *params, count])
    return [Forgotten(row["id"], row["kind"], _text(database, row), moment(row["retired_at"])) for row in rows]


def _text(database: Database, row: Row) -> str:
    if row["kind"] != "fact":
        return str(row["text"] if row["kind"] == "passage" else row["problem"])
    sql = "SELECT subject, relation, object FROM evidence WHERE fact = ? ORDER BY eid DESC LIMIT 1"
    said = database.read(sql, [row["rid"]])
    return " ".join([said[0]["subject"], said[0]["relation"], said[0]["object"]]) if said else ""
