"""Passages in the order in which they were said, which is what a conversation is read by.

An edit writes a passage anew, with its time; so it is the time that tells its place, and the order of writing only
where times are the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import get_args

from memagent.stores.base import Database
from memagent.stores.items import HAPPENED, LIVE, LIVE_ONE
from memagent.stores.passage_rows import FULL, passage
from memagent.stores.scoping import marks, of_row, visible
from memagent.types import Passage, Role, Scope

ROLES: tuple[str, ...] = get_args(Role)
"""Who may say a turn; a passage whose metadata name none of them is a note."""

_PAGE = 200
_OWN = f"FROM items WHERE kind = 'passage' AND {LIVE}"


def in_order(
    database: Database, scope: Scope, *, latest_first: bool = False, after: str = "", page: int = _PAGE
) -> Iterator[Passage]:
    """Yield the live passages of a scope as they were said, or what was said last first.

    Args:
        database: where they are.
        scope: whose.
        latest_first: backwards.
        after: the id of a passage behind which to begin; at the beginning, where there is none of that id.
        page: how many are read at a time.
    """
    condition, params = visible(scope)
    sign, order = ("<", "DESC") if latest_first else (">", "ASC")
    last = _place(database, scope, after) if after else None
    while True:
        beyond = "" if last is None else f"AND ({HAPPENED} {sign} ? OR ({HAPPENED} = ? AND items.rid {sign} ?))"
        values = [*params] if last is None else [*params, last[0], last[0], last[1]]
        own = f"{_OWN} AND {condition} {beyond}"
        sql = f"SELECT rid, {HAPPENED} AS said {own} ORDER BY said {order}, rid {order} LIMIT {page}"
        places = database.read(sql, values)
        if not places:
            return
        rids = [row["rid"] for row in places]
        sql = f"""SELECT {FULL} FROM items JOIN passages ON passages.rid = items.rid
                  WHERE items.rid IN ({marks(rids)}) AND {LIVE}"""
        rows = {row["rid"]: row for row in database.read(sql, rids)}
        yield from (passage(rows[rid]) for rid in rids if rid in rows)
        if len(places) < page:
            return
        last = (places[-1]["said"], places[-1]["rid"])


def _place(database: Database, scope: Scope, id: str) -> tuple[str, int] | None:
    """When a passage was said, and its rid."""
    condition, params = visible(scope)
    sql = f"SELECT rid, {HAPPENED} AS said FROM items WHERE kind = 'passage' AND {condition} AND {LIVE_ONE} AND id = ?"
    rows = database.read(sql, [*params, id])
    return (rows[-1]["said"], rows[-1]["rid"]) if rows else None


def scopes(database: Database, scope: Scope) -> list[Scope]:
    """Return the exact scopes in which there are live passages, of those that a scope sees; of all users for none."""
    condition, params = visible(scope) if scope.user is not None else ("1 = 1", [])
    sql = f"SELECT DISTINCT user, session, agent {_OWN} AND {condition} ORDER BY user, session, agent"
    return [of_row(row) for row in database.read(sql, params)]


def sessions(database: Database, scope: Scope) -> list[str]:
    """Return the sessions of a scope in which there are live turns, that in which something was said last first."""
    condition, params = visible(scope)
    sql = f"""SELECT session, max({HAPPENED}) AS said FROM items JOIN passages ON passages.rid = items.rid
              WHERE kind = 'passage' AND {LIVE} AND {condition} AND session <> ''
              AND json_extract(metadata, '$.role') IN ({marks(ROLES)}) GROUP BY session ORDER BY said DESC, session"""
    return [row["session"] for row in database.read(sql, [*params, *ROLES])]
