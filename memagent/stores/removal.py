"""What goes when something goes: hiding, bringing back and deleting across all kinds, in one open transaction.

Evidence hangs on its passage or its source, a fact on its evidence, a phrase and a relation on their facts, a link on
its phrases. Nothing of that stays behind, and nothing goes that something else still carries.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence

from memagent.errors import UsageProblem
from memagent.stores import items, summaries, synonyms
from memagent.stores.base import Database, Row, Writer
from memagent.stores.items import LIVE, LIVE_LINE, LIVE_ONE, WITH_PASSAGE, now, pages
from memagent.stores.scoping import marks, visible
from memagent.stores.tombstones import Said, who
from memagent.types import Scope

KINDS = {
    "passage": "passages",
    "fact": "facts",
    "rationale": "rationales",
    "phrase": "phrases",
    "relation": "relations",
}
"""The kinds of items, and how a receipt counts them."""

OWN = ("passage", "fact", "rationale")
"""The kinds that have ids of their own, and can be hidden or removed by them."""

ANSWERS = "answers"
"""In the metadata of a turn: the id of the turn that it answers."""

RETIRED = "+items.retired_at IS NOT NULL"


def check_source(source: str | None) -> None:
    """Refuse to take '' for a source: it would mean all that names none.

    Raises:
        UsageProblem: the source is ''.
    """
    if source == "":
        hint = "Delete such things by their ids."
        raise UsageProblem("'' is no source: it would mean all that names none", hint=hint)


def chosen(
    reader: Database | Writer,
    scope: Scope,
    ids: Sequence[str] = (),
    *,
    source: str | None = None,
    which: str = "1 = 1",
    kinds: Sequence[str] = OWN,
) -> list[Row]:
    """Return the items that the scope may change: those with one of the ids, and all that come from the source."""
    condition, params = visible(scope)
    by_id = which.replace(LIVE, LIVE_ONE)
    base = f"SELECT * FROM items WHERE kind IN ({marks(kinds)}) AND {condition} AND {by_id}"
    rows: dict[int, Row] = {}
    for some in pages(list(dict.fromkeys(ids))):
        found = reader.read(f"{base} AND id IN ({marks(some)})", [*kinds, *params, *some])
        rows.update((row["rid"], row) for row in found)
    if source is not None:
        rows.update((row["rid"], row) for row in reader.read(f"{base} AND source = ?", [*kinds, *params, source]))
    return [rows[rid] for rid in sorted(rows)]


def answers_to(reader: Database | Writer, scope: Scope, rows: Sequence[Row]) -> list[Row]:
    """Return what an assistant said, as its metadata say, in answer to one of these, and which is none of these."""
    condition, params = visible(scope)
    sql = f"SELECT * FROM items WHERE kind = 'passage' AND {condition} AND rid IN (SELECT rid FROM passages WHERE "
    sql += f"""metadata LIKE '%"{ANSWERS}"%' AND json_extract(metadata, '$.role') = 'assistant'
        AND json_extract(metadata, '$.{ANSWERS}') IN ("""
    ids, known = [row["id"] for row in rows if row["kind"] == "passage"], {row["rid"] for row in rows}
    found = {row["rid"]: row for some in pages(ids) for row in reader.read(f"{sql}{marks(some)}))", [*params, *some])}
    return [found[rid] for rid in sorted(found.keys() - known)]


def said_only_by(writer: Writer, scope: Scope, source: str, which: str) -> list[Row]:
    """Return the facts that nothing but a source says, and that without a passage."""
    condition, params = visible(scope)
    sql = f"""
        SELECT * FROM items WHERE kind = 'fact' AND {condition} AND {which}
        AND rid IN (SELECT fact FROM evidence WHERE source = ? AND passage IS NULL)
        AND NOT EXISTS (SELECT 1 FROM evidence WHERE fact = items.rid AND (source <> ? OR passage IS NOT NULL))
        ORDER BY rid"""
    return writer.read(sql, [*params, source, source])


def retire(writer: Writer, rows: Sequence[Row]) -> Counter[str]:
    """Hide items; return how many of each kind, with the facts that only hidden passages say."""
    hidden = hidden_with(writer, rows)
    summaries.drop_of(writer, rows)
    counts = _marked(writer, [row for row in rows if row["retired_at"] is None], now())
    counts["facts"] += len(hidden_with(writer, rows) - hidden)
    return +counts


def restore(writer: Writer, rows: Sequence[Row]) -> Counter[str]:
    """Bring items back; return how many of each kind, with the facts that come back with their passages."""
    hidden = hidden_with(writer, rows)
    summaries.drop_of(writer, rows)
    counts = _marked(writer, [row for row in rows if row["retired_at"] is not None], None)
    counts["facts"] += len(hidden - hidden_with(writer, rows))
    return +counts


def remove(writer: Writer, scope: Scope, rows: Sequence[Row], *, source: str | None = None) -> Counter[str]:
    """Delete items, and what a source says, with all that hung on them alone; return how many rows of each kind."""
    rids = [row["rid"] for row in rows]
    counts: Counter[str] = Counter()
    summaries.drop_of(writer, rows)
    facts = _facts_of(writer, scope, rids, source)
    counts["evidence"] += _drop_evidence(writer, scope, rids, source)
    gone = [row["rid"] for row in rows if row["kind"] != "fact"]
    given = [row["rid"] for row in rows if row["kind"] == "fact"]
    _erase(writer, gone, counts)
    _less_said(writer, facts, given, counts)
    return +counts


def unsay(writer: Writer, passage: int, facts: Sequence[int]) -> None:
    """Take away that a passage says these facts, by their rids, at no given time, and what hung on that alone."""
    for some in pages(facts):
        sql = f"DELETE FROM evidence WHERE passage = ? AND at IS NULL AND until IS NULL AND fact IN ({marks(some)})"
        writer.execute(sql, [passage, *some])
    _less_said(writer, facts, [], Counter())


def _less_said(writer: Writer, facts: Sequence[int], given: Sequence[int], counts: Counter[str]) -> None:
    """Erase these facts (`given`), those of `facts` that nothing says any more, and terms that no fact has then."""
    orphans = sorted({*given, *_without_evidence(writer, facts)})
    terms = _terms_of(writer, orphans)
    _erase(writer, orphans, counts)
    items.log(writer, sorted(set(facts).difference(orphans)), "unsaid")  # less says them: what counts that must know
    _erase(writer, _without_facts(writer, terms), counts)


def said(writer: Writer, scope: Scope, rows: Sequence[Row], *, source: str | None = None) -> list[Said]:
    """Return (who says it, id of the fact) for all evidence that goes with these items and this source."""
    select = """SELECT DISTINCT evidence.source, facts.id AS fact, passages.id AS passage FROM evidence
                JOIN items AS facts ON facts.rid = evidence.fact
                LEFT JOIN items AS passages ON passages.rid = evidence.passage WHERE """
    found: list[Row] = []
    for some in pages([row["rid"] for row in rows]):
        found += writer.read(f"{select} evidence.fact IN ({marks(some)})", some)
        found += writer.read(f"{select} evidence.passage IN ({marks(some)})", some)
    if source is not None:
        condition, params = visible(scope, "facts")
        found += writer.read(f"{select} evidence.source = ? AND {condition}", [source, *params])
    return sorted({(who(row["source"], row["passage"]), row["fact"]) for row in found})


def relations_of(writer: Writer, scope: Scope, facts: Sequence[str]) -> list[str]:
    """Return the keys of the relations that facts, given by their ids, have."""
    condition, params = visible(scope)
    found: set[str] = set()
    for some in pages(list(dict.fromkeys(facts))):
        sql = f"""SELECT DISTINCT relations.id FROM items JOIN facts ON facts.rid = items.rid
                  JOIN items AS relations ON relations.rid = facts.relation
                  WHERE items.kind = 'fact' AND {condition} AND items.id IN ({marks(some)})"""
        found.update(row["id"] for row in writer.read(sql, [*params, *some]))
    return sorted(found)


def unname(writer: Writer, facts: Sequence[int]) -> None:
    """Drop the entities of the extractions of all passages that say these facts: some of them name what is purged.

    The other facts stay theirs, so that a later extraction that does not find them takes them away.
    """
    gone: set[str] = set()
    passages: set[int] = set()
    for some in pages(facts):
        gone.update(row["id"] for row in writer.read(f"SELECT id FROM items WHERE rid IN ({marks(some)})", some))
        sql = f"SELECT passage FROM evidence WHERE passage IS NOT NULL AND fact IN ({marks(some)})"
        passages.update(row["passage"] for row in writer.read(sql, some))
    for some in pages(sorted(passages)):
        for row in writer.read(f"SELECT rid, facts FROM extractions WHERE rid IN ({marks(some)})", some):
            left = json.dumps([id for id in json.loads(row["facts"]) if id not in gone])
            writer.execute("UPDATE extractions SET entities = '[]', facts = ? WHERE rid = ?", [left, row["rid"]])


def undeclare(writer: Writer, scope: Scope, relations: Sequence[str]) -> int:
    """Drop what was declared of relations, by key, that no fact of the scope has any more; return how much."""
    condition, params = visible(scope, "declarations")
    seen, own = visible(scope)
    count = 0
    for some in pages(relations):
        left = f"SELECT id FROM items WHERE kind = 'relation' AND {seen} AND id IN ({marks(some)})"
        sql = f"DELETE FROM declarations WHERE {condition} AND relation IN ({marks(some)}) AND relation NOT IN ({left})"
        count += writer.execute(sql, [*params, *some, *own, *some])
    return count


def hidden_with(writer: Writer, rows: Sequence[Row]) -> set[str]:
    """Return the ids of facts that are not retired themselves, and that nothing live says any more, among those that
    these passages say.
    """
    found: set[str] = set()
    for some in pages([row["rid"] for row in rows if row["kind"] == "passage"]):
        sql = f"""
            SELECT DISTINCT items.id FROM evidence AS theirs JOIN items ON items.rid = theirs.fact
            WHERE theirs.passage IN ({marks(some)}) AND items.retired_at IS NULL AND NOT EXISTS (
                SELECT 1 FROM evidence {WITH_PASSAGE} WHERE evidence.fact = items.rid AND {LIVE_LINE})"""
        found.update(row["id"] for row in writer.read(sql, some))
    return found


def _marked(writer: Writer, rows: Sequence[Row], retired_at: str | None) -> Counter[str]:
    items.set_retired(writer, [row["rid"] for row in rows], retired_at)
    return Counter(KINDS[row["kind"]] for row in rows)


def _facts_of(writer: Writer, scope: Scope, rids: Sequence[int], source: str | None) -> list[int]:
    """The facts that lose evidence when these items, or what this source says, go."""
    found: set[int] = set()
    for some in pages(rids):
        sql = f"SELECT DISTINCT fact FROM evidence WHERE passage IN ({marks(some)})"
        found.update(row["fact"] for row in writer.read(sql, some))
    if source is not None:
        condition, params = visible(scope)
        sql = f"""SELECT DISTINCT fact FROM evidence JOIN items ON items.rid = evidence.fact
                  WHERE evidence.source = ? AND {condition}"""
        found.update(row["fact"] for row in writer.read(sql, [source, *params]))
    return sorted(found)


def _drop_evidence(writer: Writer, scope: Scope, rids: Sequence[int], source: str | None) -> int:
    count = 0
    for some in pages(rids):
        for column in ("passage", "fact"):
            count += writer.execute(f"DELETE FROM evidence WHERE {column} IN ({marks(some)})", some)
    if source is not None:
        condition, params = visible(scope)
        facts = f"SELECT rid FROM items WHERE kind = 'fact' AND {condition}"
        sql = f"DELETE FROM evidence WHERE source = ? AND fact IN ({facts})"
        count += writer.execute(sql, [source, *params])
    return count


def _without_evidence(writer: Writer, facts: Sequence[int]) -> list[int]:
    return _left_alone(writer, facts, "SELECT 1 FROM evidence WHERE evidence.fact = items.rid")


def _terms_of(writer: Writer, facts: Sequence[int]) -> list[int]:
    found: set[int] = set()
    for some in pages(facts):
        rows = writer.read(f"SELECT subject, relation, object FROM facts WHERE rid IN ({marks(some)})", some)
        found.update(rid for row in rows for rid in (row["subject"], row["relation"], row["object"]))
    return sorted(found)


def _without_facts(writer: Writer, terms: Sequence[int]) -> list[int]:
    return _left_alone(
        writer,
        terms,
        """SELECT 1 FROM facts WHERE facts.subject = items.rid UNION ALL
           SELECT 1 FROM facts WHERE facts.relation = items.rid UNION ALL
           SELECT 1 FROM facts WHERE facts.object = items.rid""",
    )


def _left_alone(writer: Writer, rids: Sequence[int], carrier: str) -> list[int]:
    found: list[int] = []
    for some in pages(rids):
        sql = f"SELECT rid FROM items WHERE rid IN ({marks(some)}) AND NOT EXISTS ({carrier}) ORDER BY rid"
        found += [row["rid"] for row in writer.read(sql, some)]
    return found


def _erase(writer: Writer, rids: Sequence[int], counts: Counter[str]) -> None:
    phrases: list[Row] = []
    for some in pages(rids):
        phrases += writer.read(f"SELECT user, id FROM items WHERE kind = 'phrase' AND rid IN ({marks(some)})", some)
        for table in ("vectors", "words"):
            sql = f"SELECT count(*) AS n FROM {table} WHERE rid IN ({marks(some)})"
            counts[table] += writer.read(sql, some)[0]["n"]
        links = f"SELECT count(*) AS n FROM links WHERE a IN ({marks(some)}) OR b IN ({marks(some)})"
        counts["links"] += writer.read(links, [*some, *some])[0]["n"]
        kinds = writer.read(f"SELECT kind, count(*) AS n FROM items WHERE rid IN ({marks(some)}) GROUP BY kind", some)
        counts.update({KINDS[row["kind"]]: row["n"] for row in kinds})
    items.erase(writer, rids)
    synonyms.drop_gone(writer, phrases)
