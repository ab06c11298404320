"""Writing passages: what makes a note fit to be kept, and what becomes of the passage that it meets.

Each function works in a transaction that is open. Rows are never rewritten; an edit is a new row under the same id.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, count

import numpy as np
from numpy.typing import NDArray

from memagent.errors import Conflict
from memagent.stores import items, removal
from memagent.stores.base import Row, Writer
from memagent.stores.derived import of_passage
from memagent.stores.items import utc
from memagent.stores.passage_rows import as_json, check_note
from memagent.stores.scoping import exact
from memagent.types import Note, Scope


class NewPassage:
    """A note that was found fit to be kept, with what is worked out from it before a transaction is open."""

    def __init__(self, note: Note) -> None:
        check_note(note)
        derived = of_passage(note.title, note.text, note.source)
        self.note = note
        self.digest = derived.digest
        self.metadata = as_json(note.metadata)
        self.at = utc(note.at)
        self.bag = derived.bag


def keep(writer: Writer, scope: Scope, new: NewPassage, vector: NDArray[np.float32]) -> str:
    """Write one note unless its content is there; return its id."""
    condition, own = exact(scope)
    found, value = ("digest", new.digest) if new.note.id is None else ("id", new.note.id)
    sql = f"SELECT * FROM items WHERE kind = 'passage' AND {condition} AND {found} = ? ORDER BY rid LIMIT 1"
    same = writer.read(sql, [*own, value])
    _check_same(new, same)
    if same:
        if same[0]["retired_at"] is not None:
            items.set_retired(writer, [same[0]["rid"]], None)
        return str(same[0]["id"])
    id = new.note.id if new.note.id is not None else _free_id(writer, scope, new.digest)
    _insert(writer, scope, id, new, vector)
    return id


def put(writer: Writer, scope: Scope, new: NewPassage, vector: NDArray[np.float32]) -> str:
    """Write one note in the place of the passage of its id, if the exact scope has that; return its id.

    A passage that says all of it already stays as it is, and one that was retired is brought back. A note without a
    time leaves the passage its own.
    """
    condition, own = exact(scope)
    sql = f"SELECT * FROM items WHERE kind = 'passage' AND {condition} AND id = ? ORDER BY rid LIMIT 1"
    rows = writer.read(sql, [*own, new.note.id]) if new.note.id is not None else []
    if not rows:
        return keep(writer, scope, new, vector)
    [old] = rows
    content = writer.read("SELECT text, metadata FROM passages WHERE rid = ?", [old["rid"]])[0]
    new.at = new.at or old["at"]
    if (old["digest"], old["at"], content["metadata"]) == (new.digest, new.at, new.metadata):
        return keep(writer, scope, new, vector)
    rewrite(writer, scope, old, new, vector, same_text=content["text"] == new.note.text)
    return str(old["id"])


def rewrite(
    writer: Writer, scope: Scope, old: Row, new: NewPassage, vector: NDArray[np.float32], *, same_text: bool = False
) -> None:
    """Write a passage of the exact scope anew under its id, as important and as much used as it was.

    Facts that only its old text said go; with the same text, what it said goes over to the new row.
    """
    if same_text:
        aside = "UPDATE items SET id = ? WHERE rid = ?"  # an id is there once; what has it now goes in a moment
        writer.execute(aside, [f"\0{old['rid']} is replaced", old["rid"]])
        rid = _insert(writer, scope, old["id"], new, vector)
        _hand_over(writer, old["rid"], rid, new.note.source)
        removal.remove(writer, scope, [old])
    else:
        removal.remove(writer, scope, [old])
        rid = _insert(writer, scope, old["id"], new, vector)
    sql = "UPDATE items SET importance = ?, uses = ?, used_at = ? WHERE rid = ?"
    writer.execute(sql, [old["importance"], old["uses"], old["used_at"], rid])


def _hand_over(writer: Writer, old: int, new: int, source: str) -> None:
    """Let another row say what one row says, and have been gone through as it was."""
    facts = [row["fact"] for row in writer.read("SELECT DISTINCT fact FROM evidence WHERE passage = ?", [old])]
    writer.execute("UPDATE evidence SET passage = ?, source = ? WHERE passage = ?", [new, source, old])
    writer.execute("UPDATE extractions SET rid = ? WHERE rid = ?", [new, old])
    items.log(writer, facts, "said")


def _check_same(new: NewPassage, rows: list[Row]) -> None:
    if rows and rows[0]["digest"] != new.digest:
        state = "a forgotten passage" if rows[0]["retired_at"] else "another text"
        raise Conflict(f"the id {new.note.id!r} is taken by {state}", hint="Use edit() to change it, or another id.")


def _free_id(writer: Writer, scope: Scope, mark: str) -> str:
    """The digest; with a number behind it where an edit has given the passage of that id another text."""
    condition, own = exact(scope)
    sql = f"SELECT id FROM items WHERE kind = 'passage' AND {condition} AND id >= ? AND id < ?"
    taken = {row["id"] for row in writer.read(sql, [*own, mark, mark + "."])}
    return next(id for id in chain([mark], (f"{mark}-{n}" for n in count(1))) if id not in taken)


def _insert(writer: Writer, scope: Scope, id: str, new: NewPassage, vector: NDArray[np.float32]) -> int:
    note = new.note
    rid = items.insert(
        writer,
        "passage",
        scope,
        id,
        source=note.source,
        digest=new.digest,
        at=new.at,
        vector=vector if note.text else None,
        bag=new.bag,
    )
    sql = "INSERT INTO passages (rid, title, text, metadata) VALUES (?, ?, ?, ?)"
    writer.execute(sql, [rid, note.title, note.text, new.metadata])
    return rid


def drop_stale(writer: Writer, scope: Scope, notes: Sequence[NewPassage], *, replace_ids: bool) -> None:
    """Delete what the sources of the notes held and the notes do not, retired passages included.

    With `replace_ids`, a passage that has the id of a note is left to `put`.
    """
    named = {new.note.id for new in notes if replace_ids}
    wanted = {(new.note.id, new.digest) for new in notes}
    condition, own = exact(scope)
    for source in dict.fromkeys(new.note.source for new in notes if new.note.source):
        sql = f"SELECT * FROM items WHERE kind = 'passage' AND {condition} AND source = ?"
        stale = [
            row
            for row in writer.read(sql, [*own, source])
            if row["id"] not in named and not {(row["id"], row["digest"]), (None, row["digest"])} & wanted
        ]
        removal.remove(writer, scope, stale)
