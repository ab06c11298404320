"""Samples that teach to read (MemLLM, arXiv:2404.11672): a call stands just before a name that the memory can supply.

When the second argument of a relation appears for the first time, its name is what is looked for, and the names that
the other argument has had so far are the keys. A document of n calls gives n samples, since a model never sees more
than one block of results: the text up to a call without the calls before, the call with its results, and the text up
to the next call, whose opening is learnt too. A block stands directly behind the word before it, so that the text
without the block is the text of the document.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from documents import Document, Mention, Relation
from samples import Sample

from memagent.methods.memllm_grammar import OPEN, parse_query, print_read
from memagent.triples import Query

LookUp = Callable[[Query], Sequence[str]]
"""Returns what a memory has for a query, best first."""

ANY = "X"
"""What stands in a pattern for whatever is given."""

_WHOSE = """
    applies to jurisdiction; basin country; country; country of citizenship; country of origin; date of birth;
    date of death; educated at; employer; headquarters location; inception; location; location of formation;
    located in the administrative territorial entity; original language of work; place of birth; place of death;
    platform; production company; publication date; religion; residence; work location"""
_OF_WHAT = "contains administrative territorial entity; continent"

AMBIGUOUS = tuple(
    parse_query(pattern.format(name.strip(), ANY))
    for names, pattern in ((_WHOSE, ">>{0}>>{1}"), (_OF_WHAT, "{1}>>{0}>>"))
    for name in names.split(";")
)
"""Queries that too many things answer, or that say too little, to be of use: everything in a country, everybody born in
a year, the continent of a place. They are the patterns of the published code (`data/mr_data_config.py`), which has 25;
the paper's 26th, most likely everything on a continent, is switched off there."""


class Call(NamedTuple):
    """A call to be: the mention that it stands before, its queries, and what they find."""

    target: Mention
    queries: tuple[Query, ...]
    results: tuple[str, ...]


def read_samples(
    document: Document,
    look_up: LookUp,
    *,
    ambiguous: Iterable[Query] = AMBIGUOUS,
    most_queries: int = 3,
    below: int = 30,
    bucket: int = 0,
) -> list[Sample]:
    """Return the samples of a document, in the order of its text; none where it has no call.

    Args:
        document: the document.
        look_up: the memory; what finds nothing in all its queries shows the name that follows.
        ambiguous: patterns of queries that are not asked, with `X` for any name.
        most_queries: of one call.
        below: the results of a call are fewer than this; a query that would bring more is left out.
        bucket: which copy of the document this is.
    """
    made = list(calls(document, look_up, ambiguous=ambiguous, most_queries=most_queries, below=below))
    cuts = [_cut(document, call) for call in made]
    samples = []
    for number, (call, cut) in enumerate(zip(made, cuts, strict=True)):
        after = cuts[number + 1] if number + 1 < len(cuts) else None
        samples.append(_sample(document, call, cut, after, first=number == 0, bucket=bucket))
    return samples


def calls(
    document: Document,
    look_up: LookUp,
    *,
    ambiguous: Iterable[Query] = AMBIGUOUS,
    most_queries: int = 3,
    below: int = 30,
) -> Iterator[Call]:
    """Yield the calls of a document, in the order of its text; see `read_samples`.

    A name that stood in the text before is not looked for, and a call that repeats the one before is left out, since
    it is dropped when a model writes it.
    """
    barred = frozenset((*ambiguous,))
    last: Call | None = None
    for target, asked in _places(document):
        if target.text in document.text[: target.start]:
            continue
        allowed = [query for query in asked if _pattern(query) not in barred]
        queries, results = _some(allowed, look_up, most_queries, below)
        if not queries:
            continue
        call = Call(target, queries, results or (target.text,))
        repeated = last is not None and (queries == last.queries or target.start == last.target.start)
        if not repeated:
            last = call
            yield call


def _places(document: Document) -> Iterator[tuple[Mention, list[Query]]]:
    """Yield each mention that is the first of its entity, with what may be asked there."""
    seen: dict[int, list[Mention]] = {}
    for mention in document.mentions:
        if mention.entity not in seen:
            asked = [query for relation in document.relations for query in _queries(relation, mention, seen)]
            if asked:
                yield mention, list(dict.fromkeys(asked))
        seen.setdefault(mention.entity, []).append(mention)


def _queries(relation: Relation, target: Mention, seen: dict[int, list[Mention]]) -> Iterator[Query]:
    """Yield a query for each name that the other argument has had when the target begins."""
    if target.entity not in (relation.head, relation.tail):
        return
    forward = target.entity == relation.tail
    for key in seen.get(relation.head if forward else relation.tail, ()):
        if key.end <= target.start:
            yield Query(key.text, relation.name, None) if forward else Query(None, relation.name, key.text)


def _pattern(query: Query) -> Query:
    return Query(query.subject and ANY, query.relation, query.object and ANY)


def _some(asked: Sequence[Query], look_up: LookUp, most: int, below: int) -> tuple[tuple[Query, ...], tuple[str, ...]]:
    """Return the first queries that stay within the limits, and what they find together, each once."""
    queries: list[Query] = []
    results: dict[str, None] = {}
    for query in asked:
        if len(queries) == most:
            break
        more = {**results, **dict.fromkeys(look_up(query))}
        if len(more) < below:
            queries.append(query)
            results = more
    return tuple(queries), tuple(results)


def _cut(document: Document, call: Call) -> int:
    return len(document.text[: call.target.start].rstrip())


def _sample(document: Document, call: Call, cut: int, after: int | None, *, first: bool, bucket: int) -> Sample:
    asked, block = print_read(call.queries), print_read(call.queries, call.results)
    goes_on = document.text[cut:after] + (OPEN if after is not None else "")
    text = document.text[:cut] + block + goes_on
    loss = ((0 if first else cut, cut + len(asked)), (cut + len(block), len(text)))
    return Sample("read", document.title, text, loss, ends=after is None, bucket=bucket)
