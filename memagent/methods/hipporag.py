"""HippoRAG 2 (Gutiérrez et al., arXiv:2502.14802) as flows: a filter of linked facts, a reader, thoughts in between.

The graph, PageRank and the linking of a query with facts are the retriever's (`using="graph"`); here is what asks a
language model. Departures from the paper and its published code:

- A fact that the filter names counts only if it is one of the candidates, apart from case and spaces. The code takes
  the most similar candidate for whatever is named, so that an invented fact becomes a real one.
- A filter whose reply stays unreadable leaves all candidates, and says so in the log. The code goes over to dense
  retrieval without a word.
- `ircot` merges rankings by reciprocal rank: ranks by PageRank of different queries are not on one scale. The code
  takes the greatest score, which `merge="max"` does.
- The prompts are our own and zero-shot; the paper's filter has seven examples chosen by a prompt optimiser.
"""

from __future__ import annotations

import json
import logging
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from memagent.errors import ReplyError
from memagent.flow import Flow, generate, retrieve
from memagent.methods.plain import NOTHING_FOUND, numbered
from memagent.prompts import fill
from memagent.structured import Unreadable, ask, json_object
from memagent.types import Answer, Hit

Triple = tuple[str, ...]

FINISHED = "So the answer is:"
"""How the last thought of `ircot` begins."""

_ANSWER = re.compile(r"\bAnswer\s*[:：]\**", re.IGNORECASE)
_FINISHED = re.compile(r"\bso,? the answer is\s*[:：]?\**", re.IGNORECASE)
_CONSTANT = 60  # of reciprocal ranks (Cormack et al., 2009)
_SCHEMA = {
    "type": "object",
    "properties": {"facts": {"type": "array", "items": {"type": "array", "items": {"type": "string"}}}},
    "required": ["facts"],
    "additionalProperties": False,
}
_log = logging.getLogger("memagent")


@dataclass(frozen=True, slots=True)
class Linked:
    """The facts that link a question with the graph.

    Attributes:
        facts: what was kept, in the order of the candidates.
        candidates: what there was to choose from.
        ignored: what the filter named and is no candidate.
        reason: why the filter did not choose, where it did not.
    """

    facts: tuple[Hit, ...]
    candidates: tuple[Hit, ...]
    ignored: tuple[Triple, ...] = ()
    reason: str = ""


def look_up(
    question: str, k: int = 5, *, filter: bool = True, candidates: int = 5, keep: int = 4, using: str = "graph"
) -> Flow[list[Hit]]:
    """Find up to `k` passages over the graph of facts: with the filter at least one call of the model, without it none.

    Args:
        question: what is looked for.
        k: how many passages.
        filter: let the model choose among the facts that are like the question.
        candidates: how many facts it chooses from.
        keep: how many it may keep.
        using: the retriever: `graph`, or another form of it.
    """
    if not filter:
        hits = yield from retrieve(question, k, using=using)
        return hits
    linked = yield from link(question, candidates=candidates, keep=keep)
    facts = tuple(fact.id for fact in linked.facts) if linked.candidates else None
    hits = yield from retrieve(question, k, using=using, facts=facts)
    return hits


def link(question: str, *, candidates: int = 5, keep: int = 4, tries: int = 3) -> Flow[Linked]:
    """Find the facts that are like the question and let the model choose among them: its recognition memory.

    One retrieval; one call, up to `tries` where replies are unreadable, none where there are no facts.
    """
    found = yield from retrieve(question, candidates, using="facts")
    if not found:
        return Linked((), (), reason="no fact is like the question")
    triples = "\n".join(json.dumps(list(fact.triple), ensure_ascii=False) for fact in found)
    messages = fill("hipporag/filter", question=question, facts=triples, most=str(keep))
    try:
        named = yield from ask(messages, _named, label="hipporag/filter", schema=_SCHEMA, tries=tries, temperature=0.0)
    except ReplyError as error:
        _log.warning("the filter of facts is left out: %s", error)
        return Linked(tuple(found), tuple(found), reason=str(error))
    return _chosen(found, named, keep)


def hipporag(question: str, *, k: int = 5, filter: bool = True, using: str = "graph") -> Flow[Answer]:
    """Answer a question from up to `k` passages that the graph of facts leads to.

    Two calls of the model: the filter and the reader; one without the filter, or where nothing is like the question.
    None at all when nothing is found.
    """
    hits = yield from look_up(question, k, filter=filter, using=using)
    answer = yield from read(question, hits)
    return answer


def ircot(
    question: str,
    *,
    k: int = 5,
    steps: int = 3,
    filter: bool = False,
    using: str = "graph",
    merge: Literal["ranks", "max"] = "ranks",
) -> Flow[Answer]:
    """Answer a question by thoughts, each of which looks up more passages (IRCoT, arXiv:2212.10509, over the graph).

    Up to `steps` thoughts and the reader, so at most `steps` + 1 calls of the model, and one retrieval more than there
    are thoughts that do not finish; with the filter one more call for each retrieval. Ends early at a thought that is
    finished, empty, or was had before.

    Args:
        question: what is asked.
        k: how many passages are read at a time.
        steps: how many thoughts at most.
        filter: filter the facts of each retrieval.
        using: the retriever.
        merge: how rankings become one: by reciprocal `ranks`, or by the `max` of a passage's scores.
    """
    rankings = [(yield from look_up(question, 2 * k, filter=filter, using=using))]
    thoughts: list[str] = []
    for _ in range(steps):
        hits = merged(rankings, merge)[:k]
        if not hits:
            break
        values = {"passages": numbered(hits), "question": question, "thoughts": "\n".join(thoughts) or "(none yet)"}
        reply = yield from generate(fill("hipporag/thought", **values), temperature=0.0, label="hipporag/thought")
        thought = _first_line(reply.text)
        if not thought or thought in thoughts:
            break
        thoughts.append(thought)
        if _FINISHED.search(thought):
            break
        rankings.append((yield from look_up(thought, 2 * k, filter=filter, using=using)))
    answer = yield from read(question, merged(rankings, merge)[:k])
    return answer


def read(question: str, hits: Sequence[Hit]) -> Flow[Answer]:
    """Answer from passages; no call where there are none."""
    if not hits:
        return Answer(NOTHING_FOUND)
    messages = fill("hipporag/read", passages=numbered(hits), question=question)
    reply = yield from generate(messages, temperature=0.0, label="hipporag/read")
    return Answer(answer_in(reply.text), tuple(hits))


def answer_in(reply: str) -> str:
    """Return what a reader's reply has after the first `Answer:`, or all of it where there is none."""
    found = _ANSWER.search(reply)
    return reply[found.end() :].strip() if found else reply.strip()


def merged(rankings: Sequence[Sequence[Hit]], merge: Literal["ranks", "max"] = "ranks") -> list[Hit]:
    """Return one ranking of several, each passage once: by the sum of 1 / (60 + rank), or by its greatest score."""
    scores: dict[str, float] = {}
    first: dict[str, Hit] = {}
    for hits in rankings:
        for rank, hit in enumerate(hits, 1):
            first.setdefault(hit.id, hit)
            before = scores.get(hit.id, 0.0)
            scores[hit.id] = before + 1 / (_CONSTANT + rank) if merge == "ranks" else max(before, hit.score)
    return sorted(first.values(), key=lambda hit: -scores[hit.id])


def _named(text: str) -> list[Triple]:
    """The facts that a reply of the filter names; what is no list of three texts is dropped."""
    found: Any = json_object(text).get("facts")
    if not isinstance(found, list):
        raise Unreadable('it has no list "facts"')
    return [tuple(map(str, parts)) for parts in found if isinstance(parts, list) and len(parts) == 3]


def _chosen(found: Sequence[Hit], named: Iterable[Triple], keep: int) -> Linked:
    known = {_plain(fact.triple): fact for fact in found}
    kept, ignored = dict[str, Hit](), list[Triple]()
    for triple in named:
        fact = known.get(_plain(triple))
        if fact is None:
            ignored.append(triple)
        elif len(kept) < keep:
            kept[fact.id] = fact
    if ignored:
        _log.info("the filter named %d facts that are no candidates; they are ignored", len(ignored))
    return Linked(tuple(fact for fact in found if fact.id in kept), tuple(found), tuple(ignored))


def _plain(triple: Iterable[str]) -> Triple:
    return tuple(" ".join(unicodedata.normalize("NFKC", part).casefold().split()) for part in triple)


def _first_line(text: str) -> str:
    """The first line of a reply that says something, without a label."""
    lines = [re.sub(r"^\W*thought\W*:\s*", "", line, flags=re.IGNORECASE).strip() for line in text.splitlines()]
    return next((line for line in lines if line), "")
