"""What callers give `memory.facts`: triples and queries, one or many, as values or as tuples of three."""

from __future__ import annotations

from collections.abc import Iterable

from memagent.errors import UsageProblem
from memagent.stores.evidence import check_triple
from memagent.stores.keys import key
from memagent.stores.scoping import check_text
from memagent.triples import Query
from memagent.types import Triple

Given = Triple | tuple[str, str, str]
Asked = Query | tuple[str | None, str, str | None]


def as_queries(given: Asked | Iterable[Asked]) -> list[Query]:
    """Return one query or several as a list; refuse what is none."""
    if isinstance(given, Query) or (isinstance(given, tuple) and len(given) == 3 and not isinstance(given[1], Query)):
        several: list[object] = [given]
    elif isinstance(given, Iterable) and not isinstance(given, str):
        several = list(given)
    else:
        raise UsageProblem(f"a {type(given).__name__} is no query", hint=_ASK)
    return [_as_query(one) for one in several]


def _as_query(given: object) -> Query:
    query = Query(*given) if isinstance(given, tuple) and len(given) == 3 else given
    if not isinstance(query, Query):
        raise UsageProblem(f"{given!r} is no query"[:200], hint=_ASK)
    for term in (query.checked().entity, query.relation):
        check_text("a part of a query", term)
        if not key(term):
            raise UsageProblem(f"{query!r} has an empty part"[:300], hint=_ASK)
    return query


def as_triples(given: Given | Iterable[Given]) -> list[Triple]:
    """Return one triple or several as a list; refuse what is none or cannot be kept."""
    if isinstance(given, Triple) or (isinstance(given, tuple) and len(given) == 3 and isinstance(given[0], str)):
        several: list[object] = [given]
    elif isinstance(given, Iterable) and not isinstance(given, str):
        several = list(given)
    else:
        raise UsageProblem(f"a {type(given).__name__} is no triple", hint=_GIVE)
    return [_as_triple(one, number) for number, one in enumerate(several, 1)]


def _as_triple(given: object, number: int) -> Triple:
    triple = Triple(*given) if isinstance(given, tuple) and len(given) == 3 else given
    if not isinstance(triple, Triple):
        raise UsageProblem(f"triple {number} is {given!r}"[:200], hint=_GIVE)
    check_triple(triple)
    return triple


_GIVE = "Give Triple(subject, relation, object), a tuple of these three, or several of them."
_ASK = 'Give Query("Ida", "lives in", None), a tuple of these three, or several of them.'
