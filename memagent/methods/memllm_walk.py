"""Questions over edited knowledge, answered by following current triples in code: one relation after the other.

The memory decides what holds, by time; no model does. One is asked only to turn the words of a question into a name and
relations, and only by `edited`.

MemLLM (arXiv:2404.11672) has its model read and reason over what it read. Its published evaluation of edits takes what
contradicts an edit out of the memory with the help of the gold answer; here the newest value of a relation that has one
at a time holds, and of a relation that may have several the newest is taken.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from memagent.errors import UsageProblem, quoted
from memagent.flow import Flow, Path, ReadTriples, Step, read_triples, run
from memagent.methods.attempts import attempted
from memagent.methods.memllm_grammar import is_text
from memagent.prompts import fill
from memagent.structured import Unreadable, ask, json_object
from memagent.triples import Limits, Query
from memagent.types import Answer, Fact, Hit, Part

MOST_HOPS = 8
"""A path is no longer than this; a longer one is a mistake of the model that made it."""

_NEWEST = Limits(values=1, literal=True, newest=True)
"""The newest value alone; by spelling, so that no vector can lead astray."""

_SCHEMA = {
    "type": "object",
    "properties": {"subject": {"type": "string"}, "relations": {"type": "array", "items": {"type": "string"}}},
    "required": ["subject", "relations"],
    "additionalProperties": False,
}


class Facts(Protocol):
    """The part of `memory.facts` that is needed here."""

    def read(self, queries: Any, *, limits: Any = "default", as_of: datetime | None = None) -> Any:
        """Return what stands in the empty place of the facts that queries fit."""
        ...


class Remembers(Protocol):
    """The part of a `Memory` that is needed here."""

    @property
    def facts(self) -> Facts:
        """The facts of a scope."""
        ...


@dataclass(frozen=True, slots=True)
class Walk:
    """A path that was followed.

    Attributes:
        value: what stands at its end; '' where it broke off.
        facts: those that it leads over, in order.
        missing: the subject and relation at which nothing holds; '' where the end was reached.
    """

    value: str
    facts: tuple[Fact, ...] = ()
    missing: str = ""


@dataclass(frozen=True, slots=True)
class Route:
    """Where a question begins, and which relations lead to its answer."""

    subject: str
    relations: tuple[str, ...]


def walk(memory: Remembers, subject: str, relations: Sequence[str], *, as_of: datetime | None = None) -> Walk:
    """Follow relations from a subject over what holds now, or at a moment, and return where they lead. No model.

    Args:
        memory: a `Memory` that is bound.
        subject: where to begin, whatever its case and spacing.
        relations: what to follow, in order, likewise.
        as_of: the moment (aware); now if not given.

    Raises:
        UsageProblem: there is no subject or relation, or there are more than 8.
    """

    def answer(step: Step, path: Path) -> Any:
        assert isinstance(step, ReadTriples)
        return memory.facts.read(step.queries, limits=step.limits, as_of=step.as_of)

    return run(walking(subject, relations, as_of=as_of), answer)


def walking(subject: str, relations: Sequence[str], *, as_of: datetime | None = None) -> Flow[Walk]:
    """Do what `walk` does, as a flow: one read for each relation."""
    if isinstance(relations, str) or not 1 <= len(relations) <= MOST_HOPS:
        raise UsageProblem(f"{relations!r} is no path", hint=f"Give a list of 1 to {MOST_HOPS} relations.")
    facts: list[Fact] = []
    at = subject
    for relation in relations:
        reading = yield from read_triples(Query(at, relation, None), limits=_NEWEST, as_of=as_of)
        if not reading.values:
            return Walk("", tuple(facts), f"{at} {relation}")
        newest = reading.values[0].fact
        facts.append(newest)
        at = newest.object
    return Walk(at, tuple(facts))


def route(question: str, relations: Sequence[str], *, tries: int = 2, timeout: float | None = 120.0) -> Flow[Route]:
    """Ask a model for the name that a question begins with and the relations to follow. One call, or `tries`.

    Raises `ReplyError` where no reply names a subject and relations of the list.
    """
    names = {" ".join(name.casefold().split()): name for name in relations}

    def read(reply: str) -> Route:
        found = json_object(reply)
        subject, given = found.get("subject"), found.get("relations")
        if not isinstance(subject, str) or not subject.strip() or not isinstance(given, list):
            raise Unreadable('it has no "subject" that is a name and "relations" that are a list')
        if not is_text(subject):
            raise Unreadable('its "subject" is not valid Unicode')
        folded = [" ".join(str(one).casefold().split()) for one in given]
        if unknown := [one for one in folded if one not in names]:
            raise Unreadable(f"{quoted(unknown[0], 80)} is not in the list of relations")
        if not 1 <= len(folded) <= MOST_HOPS:
            raise Unreadable(f"a path has 1 to {MOST_HOPS} relations")
        return Route(subject.strip(), tuple(names[one] for one in folded))

    messages = fill("memllm/walk", question=question, relations="\n".join(names.values()) or "(none)")
    return (
        yield from ask(
            messages, read, label="memllm/walk", schema=_SCHEMA, tries=tries, temperature=0.0, timeout=timeout
        )
    )


def edited(
    question: str, relations: Sequence[str], *, as_of: datetime | None = None, timeout: float | None = 120.0
) -> Flow[Answer]:
    """Answer a question by a path over what holds: a model finds the path, the memory follows it.

    One call of the model, two where its first reply cannot be read. Where there is no path, or it breaks off, the
    answer is empty and `problems` says where.

    Args:
        question: what is asked.
        relations: the names of the relations that there are, such as those of `memory.facts.relations()`.
        as_of: of which moment (aware) the facts are to hold; now if not given.
        timeout: seconds for each call.
    """
    found, failed = yield from attempted(route(question, relations, timeout=timeout))
    if found is None:
        return Answer("", problems=(f"no path was found: {failed}",))
    walked = yield from walking(found.subject, found.relations, as_of=as_of)
    hits = tuple(
        Hit(f.id, f.text, 1.0, source=", ".join(f.sources), kind="fact", triple=(f.subject, f.relation, f.object))
        for f in walked.facts
    )
    path = " > ".join((found.subject, *found.relations))
    part = Part(walked.value, walked.value, "retrieved", why=f"followed {path}", queries=(path,), hits=hits)
    problems = (f"nothing holds for: {walked.missing}",) if walked.missing else ()
    return Answer(walked.value, hits, (part,), problems)
