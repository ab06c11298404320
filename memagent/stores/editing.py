"""Edits: another value of a relation that has one at a time, which stands from then on."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from memagent.errors import UsageProblem, quoted
from memagent.stores.base import Writer
from memagent.stores.items import moment, now
from memagent.stores.keys import key
from memagent.stores.scoping import visible
from memagent.types import Scope, Triple

_BEGUN = """
    SELECT max(coalesce(evidence.at, evidence.recorded_at)) AS last
    FROM items AS subjects CROSS JOIN items AS relations CROSS JOIN evidence
    WHERE subjects.kind = 'phrase' AND {own} AND subjects.id = ?
    AND relations.kind = 'relation' AND relations.user = subjects.user AND relations.id = ?
    AND relations.session = subjects.session AND relations.agent = subjects.agent
    AND evidence.about = subjects.rid AND evidence.through = relations.rid
    AND coalesce(evidence.at, evidence.recorded_at) > ?
    AND coalesce(evidence.at, evidence.recorded_at) <= evidence.recorded_at"""


def dated(writer: Writer, scope: Scope, triple: Triple) -> Triple:
    """Return an edit with a time: its own, else now.

    Where the clock has been set back, now lies before the beginning of what the edit is to end, which would come back
    as soon as the clock is right again. The edit then begins just behind that. What was said of a time to come when it
    was written is not meant: that is still ahead.
    """
    if triple.at is not None:
        return triple
    present = now()
    own, params = visible(scope, "subjects")
    rows = writer.read(_BEGUN.format(own=own), [*params, key(triple.subject), key(triple.relation), present])
    last = rows[0]["last"]
    at = moment(last) + timedelta(microseconds=1) if last else moment(present)
    return replace(triple, at=at)


def many_values(relation: str) -> UsageProblem:
    """The error of an edit that would end nothing."""
    return UsageProblem(
        f"{quoted(relation)} may have many values at a time, so that a new one ends none",
        hint=f"Say that it has one, with one_value=True or facts.declare({relation!r}), or add the triple.",
    )


def not_learnt_again() -> UsageProblem:
    """The error of an edit to what was purged."""
    hint = "Give it another source, or add it with again=True."
    return UsageProblem("this was purged and is not learnt again from this source", hint=hint)
