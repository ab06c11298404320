"""Export and import: all that a scope holds as JSON lines, losslessly, and back into the same or another scope.

An import is one transaction. What is there already stays as it is, so that importing twice is importing once. A user is
not in the lines: what alice exported goes to bob when his handle imports it; session and agent are kept unless the
handle has its own.

What was purged goes along as keyed digests, which say nothing and keep what they stand for from being learnt again.
Their key (the salt of the file) is in an export of the memory that has no users, which is the whole file, and not in
that of one user: whoever has the key can try out what others purged. A user's digests therefore work only where they
came from; elsewhere they are left out, with a warning.
"""

from __future__ import annotations

import json
import os
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from memagent import files
from memagent.errors import UsageProblem
from memagent.memory.core import Core
from memagent.memory.transfer_intake import PLURALS, Intake, salt_digest
from memagent.memory.transfer_lines import FIELDS, FORMAT, ITEMS, VERSION, Parsed, as_base64, parsed, written
from memagent.stores import meta, tombstones
from memagent.stores.base import Row, Writer
from memagent.stores.label import Origin, origin
from memagent.stores.scoping import visible
from memagent.types import Scope

Place = str | os.PathLike[str] | IO[Any]
_PAGE = 1000


def export(core: Core, scope: Scope, place: Place, *, vectors: bool = True) -> Counter[str]:
    """Write all that a scope may change as JSON lines and return how many of each kind.

    It shows one moment, and nobody waits for it. A file appears when it is whole, or not at all; what is no file, such
    as a pipe, is written to.

    Args:
        core: the open memory.
        scope: whose.
        place: a path, or a file that is open for writing text.
        vectors: with vectors; without them the file is much smaller, and an import embeds all texts again.

    Raises:
        StorageError: the file cannot be written.
        UsageProblem: the place is the memory's own file.
    """
    if not isinstance(place, str | os.PathLike):
        return _export(core, scope, place, vectors)
    given, path = Path(place), Path(place).resolve()
    check_apart(core, path)
    if given.exists() and not given.is_file():  # by the name that was given: what a pipe is called in /proc opens none
        with files.writing(given), given.open("w", encoding="utf-8", newline="\n") as pipe:
            return _export(core, scope, pipe, vectors)
    aside = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}.new")
    with files.writing(path):
        try:
            with aside.open("w", encoding="utf-8", newline="\n") as file:
                counts = _export(core, scope, file, vectors)
                file.flush()
                os.fsync(file.fileno())
            aside.replace(path)
        finally:
            aside.unlink(missing_ok=True)
    return counts


def check_apart(core: Core, path: Path) -> None:
    """Refuse to write to the file of the memory itself, or to what lies beside it.

    Raises:
        UsageProblem: the path is one of these.
    """
    own = core.file().path
    for name in (own, *(own.with_name(own.name + ending) for ending in ("-wal", "-shm"))):
        if path == name.resolve() or (path.exists() and name.exists() and path.samefile(name)):
            hint = "Give it a name of its own, such as memory.jsonl."
            raise UsageProblem(f"{path} is the memory itself, and what is written would take its place", hint=hint)


def import_(core: Core, scope: Scope, place: Place) -> Counter[str]:
    """Take up an export into a scope, in one transaction, and return how many of each kind are new.

    What is there already stays as it is. Texts are embedded again where the export has no vectors, or those of another
    embedder. What was purged is not taken up again in the sessions that the purge reaches; the result counts it under
    `refused`.

    Args:
        core: the open memory.
        scope: who is to have it.
        place: a path, or a file that is open for reading.

    Raises:
        UsageProblem: the file is no whole export, or a newer one; the message names the line. Nothing was written.
        Conflict: an id is taken by another text here, or two things of the export would become one. Nothing was
            written.
        EmbedderMismatch: another process has meanwhile written with another embedder. Nothing was written.
    """
    return take_up(core, scope, parsed(place))


def take_up(core: Core, scope: Scope, lines: Parsed) -> Counter[str]:
    """Take up an export that was read already; see `import_`."""
    return Intake(core, scope, lines).carry_out()


def _export(core: Core, scope: Scope, file: IO[Any], vectors: bool) -> Counter[str]:
    counts: Counter[str] = Counter()
    with core.file().snapshot() as reader:
        file.write(written(_header(core, reader, scope, vectors)))
        for line in _lines(reader, scope, vectors):
            file.write(written(line))
            counts[line["kind"]] += 1
    file.write(written({"end": True, "counts": counts}))
    return Counter({PLURALS[kind]: count for kind, count in counts.items()})


def _header(core: Core, writer: Writer, scope: Scope, vectors: bool) -> dict[str, Any]:
    made_by = origin(writer) or Origin(core.embedder.name, str(int(core.embedder.dim)))
    salt = meta.get(writer, tombstones.SALT)
    return {
        "memagent": FORMAT,
        "version": VERSION,
        "embedder": made_by.embedder,
        "dim": int(made_by.dim),
        "scope": {"user": scope.user, "session": scope.session, "agent": scope.agent},
        "vectors": vectors,
        "salt": salt if scope == Scope() and not _of_users(writer) else None,
        "salt_digest": salt_digest(salt) if salt is not None else None,
    }


def _of_users(reader: Writer) -> bool:
    """Whether anything in the file, what was declared and what was purged from it included, belongs to a user."""
    tables = ("items", "declarations", "purged")
    rows = [reader.read(f"SELECT 1 FROM {table} WHERE user <> '' LIMIT 1") for table in tables]
    return any(rows)


def _lines(writer: Writer, scope: Scope, vectors: bool) -> Iterator[dict[str, Any]]:
    """Everything in the order it was written, kind by kind, so that an import writes it in that order again."""
    for kind, sql in _SELECTS.items():
        condition, params = visible(scope, _OWNERS.get(kind, "items"))
        fields = [*FIELDS[kind], *(["vector"] if vectors and kind in ITEMS else [])]
        for row in _paged(writer, sql.format(condition=condition), params):
            yield {"kind": kind, **{name: _SHOWN.get(name, _as_it_is)(row[name]) for name in fields}}


def _paged(writer: Writer, sql: str, params: list[str]) -> Iterator[Row]:
    last = 0
    while rows := writer.read(sql, [*params, last, _PAGE]):
        yield from rows
        last = rows[-1]["place"]


def _item(kind: str, columns: str = "", join: str = "") -> str:
    return f"""SELECT items.rid AS place, items.*, vectors.vector {columns} FROM items {join}
               LEFT JOIN vectors ON vectors.rid = items.rid
               WHERE items.kind = '{kind}' AND {{condition}} AND items.rid > ? ORDER BY items.rid LIMIT ?"""


_SELECTS: dict[str, str] = {
    "passage": _item(
        "passage",
        ", passages.title, passages.text, passages.metadata",
        "JOIN passages ON passages.rid = items.rid",
    ),
    "relation": _item("relation"),
    "phrase": _item("phrase"),
    "fact": _item(
        "fact",
        ", subjects.id AS subject, relations.id AS relation, objects.id AS object",
        """JOIN facts ON facts.rid = items.rid JOIN items AS subjects ON subjects.rid = facts.subject
           JOIN items AS relations ON relations.rid = facts.relation
           JOIN items AS objects ON objects.rid = facts.object""",
    ),
    "evidence": """
        SELECT evidence.eid AS place, items.id AS fact, items.session, items.agent, said.id AS passage, evidence.source,
               evidence.subject, evidence.relation, evidence.object, evidence.at, evidence.until, evidence.confidence,
               evidence.recorded_at
        FROM evidence JOIN items ON items.rid = evidence.fact LEFT JOIN items AS said ON said.rid = evidence.passage
        WHERE {condition} AND evidence.eid > ? ORDER BY evidence.eid LIMIT ?""",
    "rationale": _item(
        "rationale",
        """, rationales.problem, rationales.reasoning, rationales.answer, rationales.verified, rationales.metadata,
           rationales.successes, rationales.failures""",
        "JOIN rationales ON rationales.rid = items.rid",
    ),
    "link": """
        SELECT links.rowid AS place, items.session, items.agent, items.id AS a, other.id AS b, links.kind AS type,
               links.weight
        FROM links JOIN items ON items.rid = links.a JOIN items AS other ON other.rid = links.b
        WHERE {condition} AND links.rowid > ? ORDER BY links.rowid LIMIT ?""",
    "extraction": """
        SELECT extractions.rid AS place, items.id AS passage, items.session, items.agent, extractions.status,
               extractions.extractor, extractions.entities, extractions.facts, extractions.problem,
               extractions.recorded_at
        FROM extractions JOIN items ON items.rid = extractions.rid
        WHERE {condition} AND extractions.rid > ? ORDER BY extractions.rid LIMIT ?""",
    "declaration": """
        SELECT rowid AS place, declarations.* FROM declarations
        WHERE {condition} AND rowid > ? ORDER BY rowid LIMIT ?""",
    "purged": "SELECT rowid AS place, purged.* FROM purged WHERE {condition} AND rowid > ? ORDER BY rowid LIMIT ?",
}
"""What is exported of each kind, in the order in which an import needs it. SQLite: rowid."""

_OWNERS = {"declaration": "declarations", "purged": "purged"}


def _as_it_is(value: Any) -> Any:
    return value


_SHOWN: Mapping[str, Callable[[Any], Any]] = {
    "session": lambda value: value or None,
    "agent": lambda value: value or None,
    "shared": bool,
    "functional": bool,
    "metadata": json.loads,
    "entities": json.loads,
    "facts": json.loads,
    "vector": as_base64,
}
