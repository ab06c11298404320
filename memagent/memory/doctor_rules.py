"""What must hold between the rows of a memory's file: each rule is one statement that finds the rows that break it.

A rule that can be mended says how. What somebody has written is never thrown away to satisfy one: such a finding says
what to do instead.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from memagent.stores import items, removal, synonyms
from memagent.stores.base import Row, Writer
from memagent.stores.items import pages
from memagent.stores.scoping import marks
from memagent.types import Scope

_SHOWN = 5

Mend = Callable[[Writer, Sequence[int]], object]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something in the file that is not as it must be.

    Attributes:
        check: which check found it.
        message: what is wrong and, where it was not repaired, what to do; no text of any user.
        count: how many rows it is about.
        repaired: it has been put right.
    """

    check: str
    message: str
    count: int
    repaired: bool = False

    def __str__(self) -> str:
        return f"{self.check}: {self.message}{' (repaired)' if self.repaired else ''}"


class Rule(NamedTuple):
    """One thing that must hold.

    Attributes:
        check: its name.
        broken: what is wrong with the rows that are found, such as `facts that nothing says`.
        sql: finds them: `rid`, by which the file knows them, and `id`, by which users do, or NULL.
        advice: what to do where it cannot be mended.
        mend: removes or makes anew what was derived; `None` where that takes a person.
    """

    check: str
    broken: str
    sql: str
    advice: str = ""
    mend: Mend | None = None


REPAIR = "Repair makes that good: memagent doctor --repair"
RESTORE = "Restore the file from a copy, or import an export of it."
_GO = "Remove it with purge or delete by its id, and add it again."


def without_row(kind: str, table: str) -> Rule:
    """Items of a kind must have their content."""
    sql = f"""SELECT items.rid, items.id FROM items LEFT JOIN {table} AS own ON own.rid = items.rid
              WHERE items.kind = '{kind}' AND own.rid IS NULL"""
    return Rule("rows", f"{removal.KINDS[kind]} without content", sql, _GO)


def with_row_of_another(kind: str, table: str) -> Rule:
    """Content must belong to an item of its kind; content without any item breaks a foreign key, checked apart."""
    sql = f"""SELECT items.rid, NULL AS id FROM {table} AS own JOIN items ON items.rid = own.rid
              WHERE items.kind <> '{kind}'"""
    return Rule("rows", f"{table} rows of items of another kind", sql, _GO)


def _remove_items(writer: Writer, rids: Sequence[int]) -> None:
    rows: list[Row] = []
    for page in pages(rids):
        rows += writer.read(f"SELECT * FROM items WHERE rid IN ({marks(page)})", page)
    removal.remove(writer, Scope(), rows)


def _remove_terms(writer: Writer, rids: Sequence[int]) -> None:
    items.erase(writer, rids)


def _remove_links(writer: Writer, rids: Sequence[int]) -> None:
    for page in pages(rids):
        writer.execute(f"DELETE FROM links WHERE rowid IN ({marks(page)})", page)  # SQLite: rowid
    items.log(writer, rids[:1], "repair")


def _remove_extractions(writer: Writer, rids: Sequence[int]) -> None:
    for page in pages(rids):
        writer.execute(f"DELETE FROM extractions WHERE rid IN ({marks(page)})", page)


def _file_anew(writer: Writer, rids: Sequence[int]) -> None:
    found = "SELECT subject, relation FROM facts WHERE facts.rid = evidence.fact"
    for page in pages(rids):
        writer.execute(f"UPDATE evidence SET (about, through) = ({found}) WHERE eid IN ({marks(page)})", page)


_APART = "({a}.user <> {b}.user OR {a}.session <> {b}.session OR {a}.agent <> {b}.agent)"


def _apart(a: str, b: str) -> str:
    return _APART.format(a=a, b=b)


OWN_TABLES = {"passage": "passages", "fact": "facts", "rationale": "rationales"}

RULES: tuple[Rule, ...] = (
    *(without_row(kind, table) for kind, table in OWN_TABLES.items()),
    *(with_row_of_another(kind, table) for kind, table in OWN_TABLES.items()),
    Rule(
        "rows",
        "items of an unknown kind",
        f"SELECT rid, NULL AS id FROM items WHERE kind NOT IN ({', '.join(repr(kind) for kind in removal.KINDS)})",
        "They were not written by this version of memagent; upgrade it.",
    ),
    Rule(
        "terms",
        "facts whose phrases or relation are of another kind or scope",
        f"""SELECT items.rid, items.id FROM facts JOIN items ON items.rid = facts.rid
            JOIN items AS a ON a.rid = facts.subject JOIN items AS b ON b.rid = facts.relation
            JOIN items AS c ON c.rid = facts.object
            WHERE a.kind <> 'phrase' OR b.kind <> 'relation' OR c.kind <> 'phrase'
               OR {_apart("items", "a")} OR {_apart("items", "b")} OR {_apart("items", "c")}""",
        _GO,
    ),
    Rule(
        "evidence",
        "pieces of evidence whose passage belongs to another scope than the fact, or that tie together other things",
        f"""SELECT evidence.eid AS rid, facts.id FROM evidence JOIN items AS facts ON facts.rid = evidence.fact
            LEFT JOIN items AS said ON said.rid = evidence.passage
            WHERE facts.kind <> 'fact' OR said.kind <> 'passage'
               OR (said.rid IS NOT NULL AND {_apart("facts", "said")})""",
        "One scope may see what another wrote. Purge the facts, and add them in the scope of their passage.",
    ),
    Rule(
        "evidence",
        "pieces of evidence that end before they begin",
        """SELECT eid AS rid, NULL AS id FROM evidence WHERE until <= coalesce(at, recorded_at)""",
        "Say again, with the right times, what they say, and delete the facts they are for.",
    ),
    Rule(
        "evidence",
        "facts that nothing says",
        """SELECT rid, id FROM items WHERE kind = 'fact'
           AND NOT EXISTS (SELECT 1 FROM evidence WHERE evidence.fact = items.rid)""",
        mend=_remove_items,
    ),
    Rule(
        "evidence",
        "pieces of evidence that are not found by subject, relation and time",
        """SELECT eid AS rid, NULL AS id FROM evidence JOIN facts ON facts.rid = evidence.fact
           WHERE evidence.about IS NOT facts.subject OR evidence.through IS NOT facts.relation""",
        mend=lambda writer, rids: _file_anew(writer, rids),
    ),
    Rule(
        "terms",
        "phrases and relations that no fact has",
        """SELECT rid, NULL AS id FROM items WHERE kind IN ('phrase', 'relation')
           AND NOT EXISTS (SELECT 1 FROM facts WHERE facts.subject = items.rid)
           AND NOT EXISTS (SELECT 1 FROM facts WHERE facts.object = items.rid)
           AND NOT EXISTS (SELECT 1 FROM facts WHERE facts.relation = items.rid)""",
        mend=_remove_terms,
    ),
    Rule(
        "links",
        "links between phrases of different scopes, to itself, without weight, or of things that are no phrases",
        f"""SELECT links.rowid AS rid, NULL AS id FROM links
            JOIN items AS a ON a.rid = links.a JOIN items AS b ON b.rid = links.b
            WHERE a.kind <> 'phrase' OR b.kind <> 'phrase' OR a.rid = b.rid OR NOT links.weight > 0
               OR {_apart("a", "b")}""",
        mend=_remove_links,
    ),
    Rule(
        "values",
        "items that weigh nothing, were used less than never, or are neither shared nor not",
        """SELECT rid, id FROM items WHERE typeof(importance) NOT IN ('real', 'integer') OR NOT importance > 0
           OR typeof(uses) <> 'integer' OR uses < 0 OR shared NOT IN (0, 1)""",
        "They were changed from outside. Say anew what they weigh, with weigh(), or remove them and add them again.",
    ),
    Rule(
        "values",
        "pieces of evidence whose confidence is not above 0 and at most 1",
        """SELECT eid AS rid, NULL AS id FROM evidence WHERE typeof(confidence) NOT IN ('real', 'integer')
           OR NOT (confidence > 0 AND confidence <= 1)""",
        "They were changed from outside. Say again what they say, and delete the facts they are for.",
    ),
    Rule(
        "values",
        "rationales that served less than never",
        """SELECT items.rid, items.id FROM rationales JOIN items ON items.rid = rationales.rid
           WHERE typeof(successes) <> 'integer' OR typeof(failures) <> 'integer' OR successes < 0 OR failures < 0""",
        "They were changed from outside. Remove them with delete, and add them again.",
    ),
    Rule(
        "values",
        "declarations of a relation that say neither that it has one value at a time nor that it has not",
        "SELECT rowid AS rid, NULL AS id FROM declarations WHERE functional NOT IN (0, 1)",  # SQLite: rowid
        "They were changed from outside. Declare the relation again.",
    ),
    Rule(
        "extractions",
        "extractions of things that are no passages, or in no known state",
        """SELECT extractions.rid, items.id FROM extractions JOIN items ON items.rid = extractions.rid
           WHERE items.kind <> 'passage' OR extractions.status NOT IN ('done', 'failed', 'pending')
              OR CASE WHEN json_valid(extractions.entities) THEN json_type(extractions.entities) END IS NOT 'array'
              OR CASE WHEN json_valid(extractions.facts) THEN json_type(extractions.facts) END IS NOT 'array'""",
        mend=lambda writer, rids: _remove_extractions(writer, rids),
    ),
    Rule(
        "synonyms",
        "synonyms that are none, or counts of phrases that are not there",
        """SELECT rowid AS rid, NULL AS id FROM synonyms
           WHERE a = b OR NOT cosine BETWEEN 0 AND 1.001 OR typeof(a) <> 'integer' OR typeof(b) <> 'integer'
              OR user NOT IN (SELECT user FROM synonym_marks)
           UNION ALL SELECT 0 AS rid, NULL AS id FROM synonym_marks WHERE upto < 0
           UNION ALL SELECT 0 AS rid, NULL AS id FROM synonym_marks WHERE upto > (SELECT max(seq) FROM sqlite_sequence
                                                                           WHERE name = 'items')""",
        mend=lambda writer, rids: synonyms.drop_all(writer),
    ),
    Rule(
        "change log",
        "items that are not in the state in which the change log left them",
        """SELECT newest.rid, NULL AS id FROM (
               SELECT rid, max(seq) AS seq FROM changes WHERE op IN ('add', 'retire', 'restore', 'delete') GROUP BY rid
           ) AS newest JOIN changes ON changes.seq = newest.seq LEFT JOIN items ON items.rid = newest.rid
           WHERE (changes.op = 'delete') <> (items.rid IS NULL) OR (changes.op = 'retire' AND items.retired_at IS NULL)
              OR (changes.op = 'restore' AND items.retired_at IS NOT NULL)""",
        mend=lambda writer, rids: indexes_anew(writer),
    ),
    Rule(
        "change log",
        "items that the change log should name and does not",
        """SELECT rid, NULL AS id FROM items WHERE rid > (SELECT min(rid) FROM changes WHERE op = 'add')
           AND rid NOT IN (SELECT rid FROM changes)""",
        mend=lambda writer, rids: indexes_anew(writer),
    ),
    Rule(
        "change log",
        "counters that lag behind what they number",  # SQLite: sqlite_sequence
        """SELECT 0 AS rid, NULL AS id FROM sqlite_sequence AS counter
           WHERE (counter.name = 'items' AND counter.seq < (SELECT max(rid) FROM items))
              OR (counter.name = 'items' AND counter.seq < (SELECT max(rid) FROM changes))
              OR (counter.name = 'changes' AND counter.seq < (SELECT max(seq) FROM changes))""",
        mend=lambda writer, rids: _set_counters(writer),
    ),
)


def indexes_anew(writer: Writer) -> None:
    """Make every process build its indexes anew: one that does not find in the log where it stopped does so."""
    items.log(writer, [0, 0], "repair")
    writer.execute("DELETE FROM changes WHERE seq < (SELECT max(seq) FROM changes)")


def some(names: Sequence[object]) -> str:
    """Return the first few of many names in words."""
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(map(str, names[:_SHOWN])) + more


def _set_counters(writer: Writer) -> None:
    highest = {
        "items": "SELECT max(rid) FROM (SELECT rid FROM items UNION ALL SELECT rid FROM changes)",
        "changes": "SELECT max(seq) FROM changes",
    }
    for name, sql in highest.items():
        writer.execute(f"UPDATE sqlite_sequence SET seq = max(seq, coalesce(({sql}), 0)) WHERE name = '{name}'")
