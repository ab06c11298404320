"""Changing what is said of rationales that a check judges otherwise than one before it did, in a SQL database."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from memagent.stores.base import Database, Row, Writer
from memagent.stores.items import pages
from memagent.stores.keys import problem_key
from memagent.stores.passage_rows import as_json
from memagent.stores.scoping import marks, visible
from memagent.types import ORIGINAL, REFUTED, Rationale, Scope

_COLUMNS = "items.rid, items.id, rationales.problem, rationales.reasoning, rationales.verified, rationales.metadata"


def rejudged(database: Database, scope: Scope, rationales: Sequence[Rationale]) -> list[str]:
    """Change what a scope wrote of the same problems and reasonings; see `SQLRationaleStore.rejudge`."""
    given = {(known_by(one), one.reasoning): one for one in rationales if one.verified}
    if not _otherwise(database, scope, given):
        return []
    with database.write() as writer:
        changed = _otherwise(writer, scope, given)
        for row, one in changed:
            metadata = as_json({**json.loads(row["metadata"]), **one.metadata}, "the metadata of a rationale")
            sql = "UPDATE rationales SET verified = ?, metadata = ? WHERE rid = ?"
            writer.execute(sql, [one.verified, metadata, row["rid"]])
    return [row["id"] for row, _ in changed]


def known_by(rationale: Rationale) -> str:
    """Return what the problem of a rationale is known by, also where it is kept by its structure."""
    return problem_key(rationale.problem, rationale.metadata.get(ORIGINAL))


def _otherwise(
    reader: Database | Writer, scope: Scope, given: Mapping[tuple[str, str], Rationale]
) -> list[tuple[Row, Rationale]]:
    """The rows that a scope wrote whose problem and reasoning are given and judged otherwise there, in order."""
    own, params = visible(scope)
    rows: list[Row] = []
    for some in pages(list(dict.fromkeys(reasoning for _, reasoning in given))):
        sql = f"""SELECT {_COLUMNS} FROM rationales JOIN items ON items.rid = rationales.rid
                  WHERE items.kind = 'rationale' AND {own} AND rationales.reasoning IN ({marks(some)})"""
        rows += reader.read(sql, [*params, *some])
    found: list[tuple[Row, Rationale]] = []
    for row in sorted(rows, key=lambda row: int(row["rid"])):
        problem = problem_key(row["problem"], json.loads(row["metadata"]).get(ORIGINAL))
        one = given.get((problem, row["reasoning"]))
        if one is not None and one.verified.startswith(REFUTED) != str(row["verified"]).startswith(REFUTED):
            found.append((row, one))
    return found
