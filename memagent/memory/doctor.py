"""The doctor: every invariant of a memory's file, checked over all users, and what can be worked out again made anew.

Findings name counts and ids, never what users wrote. `doctor_rules` has what must hold between rows, `doctor_contents`
what is worked out from texts (digests, bags of words, vectors); here are the file itself, work that was begun and not
finished, and the indexes in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from memagent.errors import MemoryProblem, StorageDamaged
from memagent.memory import doctor_contents, reembed
from memagent.memory.core import Core
from memagent.memory.doctor_rules import OWN_TABLES, REPAIR, RESTORE, RULES, Finding, Rule, indexes_anew, some
from memagent.memory.forgetting import ERASE, finish_purge
from memagent.stores import meta
from memagent.stores.base import Database, Row
from memagent.stores.items import LIVE, pages
from memagent.stores.scoping import marks, of_row, visible
from memagent.types import Scope

__all__ = ["Finding", "doctor"]

_SCOPES = 4
_DERIVED = ("vectors", "vectors_next", "words", "links")


Check = Callable[[Core, bool], Iterator[Finding]]


def doctor(
    core: Core, *, repair: bool = False, on_progress: Callable[[int, int, str], object] | None = None
) -> list[Finding]:
    """Check the whole file and return what is not as it must be; a healthy one gives an empty list.

    Reading and writing may go on meanwhile.

    Args:
        core: the open memory.
        repair: make anew what can be worked out again, remove what hangs on nothing, and finish what was begun.
        on_progress: called before each check with its number, how many there are, and its name.
    """
    findings: list[Finding] = []
    for number, (name, check) in enumerate(_CHECKS.items(), 1):
        if on_progress is not None:
            on_progress(number, len(_CHECKS), name)
        if name == "indexes" and any(one.check in _BUILT_FROM and not one.repaired for one in findings):
            continue
        try:
            findings += check(core, repair)
        except StorageDamaged as error:
            findings.append(Finding("integrity", f"{error.message}. {RESTORE}", 1))
        if any(one.check == "integrity" for one in findings):  # nothing that is read from it now can be relied on
            break
    return findings


def _integrity(core: Core, repair: bool) -> Iterator[Finding]:
    """The pages of the file, by SQLite's own check."""
    rows = core.file().read("PRAGMA integrity_check")  # SQLite
    wrong = [str(row["integrity_check"]) for row in rows if row["integrity_check"] != "ok"]
    if wrong:
        yield Finding("integrity", f"{'; '.join(wrong[:3])}. {RESTORE}", len(wrong))


def _foreign_keys(core: Core, repair: bool) -> Iterator[Finding]:
    """Rows that hang on rows which are not there."""
    broken: dict[str, list[int]] = {}
    for row in core.file().read("PRAGMA foreign_key_check"):  # SQLite
        broken.setdefault(row["table"], []).append(row["rowid"])
    for table, rowids in broken.items():
        mended = repair and table in _DERIVED
        if mended:
            _drop_rows(core, table, rowids)
        advice = REPAIR if table in _DERIVED else "No user can reach them; look at them with the sqlite3 program."
        message = f"{len(rowids)} rows of {table} hang on what is gone: row {some(rowids)}."
        yield Finding("foreign keys", message if mended else f"{message} {advice}", len(rowids), mended)


def _drop_rows(core: Core, table: str, rowids: Sequence[int]) -> None:
    with core.file().write() as writer:
        for page in pages(rowids):
            writer.execute(f"DELETE FROM {table} WHERE rowid IN ({marks(page)})", page)


def _rules(core: Core, repair: bool) -> Iterator[Finding]:
    for rule in RULES:
        mended = repair and rule.mend is not None
        rows = _mended(core, rule) if mended else core.file().read(rule.sql)
        if rows:
            ids = [str(row["id"]) for row in rows if row["id"] is not None]
            where = f"id {some(ids)}" if ids else f"row {some([row['rid'] for row in rows])}"
            message = f"{len(rows)} {rule.broken}: {where}."
            yield Finding(rule.check, message if mended else f"{message} {rule.advice or REPAIR}", len(rows), mended)


def _mended(core: Core, rule: Rule) -> list[Row]:
    """Mend what breaks a rule, in the transaction that finds it, and return what that was."""
    with core.file().write() as writer:
        rows = writer.read(rule.sql)
        if rows and rule.mend is not None:
            rule.mend(writer, [row["rid"] for row in rows])
    return rows


def _unfinished_reembed(core: Core, repair: bool) -> Iterator[Finding]:
    pending = reembed.unfinished(core.file())
    left = int(core.file().read("SELECT count(*) AS n FROM vectors_next")[0]["n"])
    if pending is None and not left:
        return
    if repair:
        reembed.drop_unfinished(core.file())
    message = f"{left} vectors are left of a change of embedder that came to its end."
    advice = REPAIR
    if pending is not None:
        message = f"a change to the embedder {pending[0]} is under way or was interrupted, with {left} vectors made."
        advice = f"Go on with: memagent reembed --to {pending[0]}. Give it up with: memagent doctor --repair"
    yield Finding("unfinished reembed", message if repair else f"{message} {advice}", max(left, 1), repair)


def _unfinished_purge(core: Core, repair: bool) -> Iterator[Finding]:
    if meta.get(core.file(), ERASE) is None:
        return
    message, done = "what was purged is gone from the memory, but traces of it may still be in the file.", False
    if repair:
        try:
            finish_purge(core.file())
            done = True
        except MemoryProblem as error:
            message += f" They could not be erased: {error.message}. {error.hint}"
    yield Finding("unfinished purge", message if repair else f"{message} {REPAIR}", 1, done)


def _indexes(core: Core, repair: bool) -> Iterator[Finding]:
    """The indexes of this process against the file, for the largest scopes."""
    for scope, kind in _largest(core.file()):
        for table in ("vectors", "words"):
            astray = _astray(core, scope, kind, table)
            if astray:
                if repair:
                    with core.file().write() as writer:
                        indexes_anew(writer)
                message = f"{len(astray)} rows of {table} of a scope ({kind}) are not in step: row {some(astray)}."
                yield Finding("indexes", message if repair else f"{message} {REPAIR}", len(astray), repair)


def _largest(database: Database) -> list[tuple[Scope, str]]:
    sql = f"""SELECT user, session, agent, kind FROM items WHERE kind IN ({marks(OWN_TABLES)})
              GROUP BY user, session, agent, kind ORDER BY count(*) DESC, user, session, agent, kind LIMIT ?"""
    rows = database.read(sql, [*OWN_TABLES, _SCOPES])
    found = [(of_row(row), row["kind"]) for row in rows]
    return found + [(Scope(user=scope.user), kind) for scope, kind in found[:1] if scope != Scope(user=scope.user)]


def _astray(core: Core, scope: Scope, kind: str, table: str) -> list[int]:
    """The rids that an index has and should not, or lacks; looked at again while others write."""
    condition, params = visible(scope, shared=kind == "rationale")
    sql = f"""SELECT items.rid FROM items JOIN {table} AS hung ON hung.rid = items.rid
              WHERE items.kind = ? AND {condition} AND {LIVE}"""
    database = core.file()
    while True:
        before = database.changes()
        wanted = {row["rid"] for row in database.read(sql, [kind, *params])}
        held = core.projections.held(scope, kind, table)
        if database.changes() == before:
            return sorted(wanted ^ held)


_BUILT_FROM = ("foreign keys", "rows", "words", "vectors")
_CHECKS: dict[str, Check] = {
    "integrity": _integrity,
    "texts": doctor_contents.check_texts,
    "foreign keys": _foreign_keys,
    "rules": _rules,
    "contents": doctor_contents.check_contents,
    "evidence": doctor_contents.check_evidence,
    "vectors": doctor_contents.check_vectors,
    "reembed": _unfinished_reembed,
    "indexes": _indexes,
    "purge": _unfinished_purge,
}
