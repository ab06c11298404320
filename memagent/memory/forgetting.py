"""Hiding, bringing back, deleting and erasing: each one transaction over all four stores, with a receipt.

*Forget* hides until `restore`. *Delete* removes, and what is added again is there again. *Purge* removes, leaves no
byte of it in any file of the memory, and keeps what it took from being learnt again from the same source.

What an assistant answered to a turn, or said later in words of it, goes and comes back with it: `memory.repeated`.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import partial

from memagent.errors import NotFound, UsageProblem
from memagent.memory.core import Core
from memagent.memory.dry_run import undoable
from memagent.memory.repeated import Repeated, hidden_along, repeated
from memagent.stores import meta, removal, tombstones
from memagent.stores.base import Row, Writer
from memagent.stores.database import SQLiteDatabase
from memagent.stores.items import LIVE
from memagent.types import Receipt, Scope

ERASE = "erase"
"""Where a file keeps that it is to be rewritten without what was purged."""

_log = logging.getLogger("memagent")

Change = Callable[[Writer, Sequence[Row]], "Counter[str]"]


def forget(
    core: Core, scope: Scope, ids: str | Iterable[str], source: str | None, *, answers: bool = True, dry_run: bool
) -> Receipt:
    """Hide what has one of the ids or comes from the source; see `Memory.forget`."""
    wanted = as_ids(ids, source)
    if core.database is None:
        _only_ids(source, dry_run)
        return _receipt("forget", {"passages": core.passages.retire(scope, wanted)}, wanted)

    return _carried_out(core.file(), "forget", scope, wanted, source, LIVE, removal.retire, dry_run, answers=answers)


def restore(
    core: Core, scope: Scope, ids: str | Iterable[str], source: str | None, *, answers: bool = True, dry_run: bool
) -> Receipt:
    """Bring back what was forgotten; see `Memory.restore`."""
    wanted = as_ids(ids, source)
    if core.database is None:
        _only_ids(source, dry_run)
        return _receipt("restore", {"passages": core.passages.restore(scope, wanted)}, wanted)

    change = removal.restore
    return _carried_out(
        core.file(), "restore", scope, wanted, source, removal.RETIRED, change, dry_run, answers=answers
    )


def delete(
    core: Core, scope: Scope, ids: str | Iterable[str], source: str | None, *, answers: bool = True, dry_run: bool
) -> Receipt:
    """Remove what has one of the ids or comes from the source; see `Memory.delete`."""
    wanted = as_ids(ids, source)
    if core.database is None:
        _only_ids(None, dry_run)
        return _receipt("delete", {"passages": core.passages.delete(scope, wanted, source=source)}, wanted)

    change = partial(_removed, scope, source)
    return _carried_out(core.file(), "delete", scope, wanted, source, "1 = 1", change, dry_run, answers=answers)


def purge(
    core: Core, scope: Scope, ids: str | Iterable[str], source: str | None, *, answers: bool, dry_run: bool
) -> Receipt:
    """Erase what has one of the ids or comes from the source; see `Memory.purge`."""
    wanted = as_ids(ids, source)
    database = core.file()
    change = partial(_purged, scope, source)
    receipt = _carried_out(database, "purge", scope, wanted, source, "1 = 1", change, dry_run, answers=answers)
    if not dry_run:
        finish_purge(database)
    return receipt


def finish_purge(database: SQLiteDatabase) -> None:
    """Rewrite the file without what was purged. Until this has come to its end the file says that it is due."""
    _log.info("rewriting %s without what was purged", database.path)
    database.erase_traces()
    with database.write() as writer:
        meta.drop(writer, ERASE)


def as_ids(ids: str | Iterable[str], source: str | None) -> list[str]:
    """Return the ids as a list, checked; a blank source would mean all that has none, and is refused."""
    if source is not None and (not isinstance(source, str) or not source.strip()):
        raise UsageProblem(f"a source must be a text that is not blank, got {source!r}", hint="See sources().")
    wanted = [ids] if isinstance(ids, str) else list(ids)
    if not all(isinstance(id, str) for id in wanted):
        raise UsageProblem(f"ids must be str, got {wanted!r}"[:200], hint="Give what add() or a hit's id gave you.")
    return wanted


def _carried_out(
    database: SQLiteDatabase,
    verb: str,
    scope: Scope,
    ids: Sequence[str],
    source: str | None,
    which: str,
    change: Change,
    dry_run: bool,
    *,
    answers: bool = False,
) -> Receipt:
    """Choose and change in one transaction; a dry run does the same and takes it all back."""
    with undoable(database, dry_run) as writer:
        rows = removal.chosen(writer, scope, ids, source=source, which=which)
        if source is not None and verb in ("forget", "restore"):
            known = {row["rid"] for row in rows}
            rows += [row for row in removal.said_only_by(writer, scope, source, which) if row["rid"] not in known]
        along = _along(writer, scope, rows, verb, which) if answers else Repeated()
        rows += along.rows
        counts = change(writer, rows)
        if not +counts:
            raise _nothing(verb, ids, source)
    ids = tuple(row["id"] for row in rows)
    return Receipt(verb, dict(+counts), ids, along.why, along.left, dry_run=dry_run)


def _along(writer: Writer, scope: Scope, rows: Sequence[Row], verb: str, which: str) -> Repeated:
    """What an assistant said that goes, or comes back, with these."""
    if verb != "restore":
        return repeated(writer, scope, rows, which)
    back = hidden_along(writer, scope, rows)
    return Repeated(back, {row["id"]: "an answer that was hidden with it" for row in back})


def _removed(scope: Scope, source: str | None, writer: Writer, rows: Sequence[Row]) -> Counter[str]:
    return removal.remove(writer, scope, rows, source=source)


def _purged(scope: Scope, source: str | None, writer: Writer, rows: Sequence[Row]) -> Counter[str]:
    """Remove, remember by digests what is not to be learnt again, and note that the file is to be rewritten."""
    said = removal.said(writer, scope, rows, source=source)
    relations = removal.relations_of(writer, scope, [fact for _, fact in said])
    tombstones.bury(writer, scope, said)
    meta.put(writer, ERASE, "pending")
    removal.unname(writer, [row["rid"] for row in rows if row["kind"] == "fact"])
    counts = removal.remove(writer, scope, rows, source=source)
    counts["declarations"] += removal.undeclare(writer, scope, relations)
    return +counts


def _receipt(verb: str, counts: dict[str, int], ids: Sequence[str]) -> Receipt:
    if not counts["passages"]:
        raise _nothing(verb, ids, None)
    return Receipt(verb, counts, tuple(ids))


def _nothing(verb: str, ids: Sequence[str], source: str | None) -> NotFound:
    what = "forgotten here" if verb == "restore" else "here"
    asked = [f"the id {id!r}" for id in ids[:5]] + [f"the source {source!r}"] * (source is not None)
    hint = "See passages(), facts.find() and sources() for what there is."
    return NotFound(
        f"nothing {what} has {' or '.join(asked) or 'an id (none was given)'}: nothing to {verb}", hint=hint
    )


def _only_ids(source: str | None, dry_run: bool) -> None:
    if source is not None or dry_run:
        raise UsageProblem("a given store hides and removes by id only, and has no dry run", hint="Use a file.")
