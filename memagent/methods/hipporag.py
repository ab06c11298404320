"""HippoRAG 2 (Gutiérrez et al., arXiv:2502.14802) as flows: a filter of linked facts, a reader, thoughts in between.

The graph, PageRank and the linking of a query with facts are the retriever's (`using="graph"`); here is what asks a
language model. Departures from the paper and its published code:

- A fact that the filter names counts only if it is one of the candidates, apart from case, spaces and compatibility
  forms. The code takes the most similar candidate for whatever is named, so that an invented fact becomes a real one.
- A filter whose reply stays unreadable, three times in all, leaves all candidates, and says so: in the log and in each
  hit's `why`. The code goes over to dense retrieval without a word.
- The filter may be left out; in the paper's own figures it is worth 0.7 points of recall.
- Candidates are found by the retriever `facts`, by words as well as by vectors.
- `ircot` merges rankings by reciprocal rank: ranks by PageRank of different queries are not on one scale. The code
  takes the greatest score, which `merge="max"` does. Each search gives 2 * `k` passages, where the code's gives 200;
  the filter is left out unless asked for; an empty or repeated thought ends it; `steps` counts thoughts alone.
- The prompts are our own and zero-shot; the paper's filter has seven examples chosen by a prompt optimiser.
"""

from __future__ import annotations

import json
import logging
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

from memagent.errors import ReplyError, UsageProblem
from memagent.flow import Flow, generate, retrieve
from memagent.methods.plain import CALL, NOTHING_FOUND, SEARCH, numbered, unfinished
from memagent.methods.thinking import spoken
from memagent.prompts import fill
from memagent.structured import Unreadable, ask, json_object
from memagent.types import Answer, Hit

Triple = tuple[str, ...]
Merge = Literal["ranks", "max"]

FINISHED = "So the answer is:"
"""How the last thought of `ircot` begins."""

_ANSWER = re.compile(r"Answer\s*(?:\*\*)?\s*[:：](?:\*\*)?")
_FINISHED = re.compile(r"\bso,? the answer is\s*[:：]", re.IGNORECASE)
_LABEL = re.compile(r"^\W*thought\W*:[\s*_]*", re.IGNORECASE)
_PARTS = ("subject", "relation", "object")
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
        ignored: what the filter named and is no candidate, each once.
        reason: why the filter did not choose, where it did not.
    """

    facts: tuple[Hit, ...]
    candidates: tuple[Hit, ...]
    ignored: tuple[Triple, ...] = ()
    reason: str = ""

    def __str__(self) -> str:
        if self.reason:
            return f"filter left out: {self.reason}"
        told = f"filter kept {len(self.facts)} of {len(self.candidates)} facts"
        if not self.ignored:
            return told
        return f"{told} and ignored what is none of them: {', '.join(repr(' '.join(one)) for one in self.ignored)}"


def look_up(
    question: str, k: int = 5, *, filter: bool = True, candidates: int = 5, keep: int = 4, using: str = "graph"
) -> Flow[list[Hit]]:
    """Find up to `k` passages over the graph of facts; each hit's `why` ends with what the filter did.

    One call of the model, up to three where replies are unreadable. None without the filter, or where no fact is like
    the question: then the graph finds where to begin.

    Args:
        question: what is looked for.
        k: how many passages.
        filter: let the model choose among the facts that are like the question.
        candidates: how many facts it chooses from.
        keep: how many it may keep.
        using: the retriever: `graph`, or another form of it; without the filter, any.

    Raises:
        UsageProblem: the filter is to choose facts for a retriever that does not begin with facts. Nothing was spent.
    """
    if filter and using.partition(":")[0].strip() != "graph":
        raise UsageProblem(
            f"the filter chooses facts, and using={using!r} does not begin with facts",
            hint="Use 'graph', 'graph:paper' or 'graph:reference', or filter=False.",
        )
    linked = (yield from link(question, candidates=candidates, keep=keep)) if filter else Linked((), ())
    if not linked.candidates:
        return (yield from retrieve(question, k, using=using, timeout=SEARCH))
    facts = list(dict.fromkeys(fact.id for fact in linked.facts))
    hits = yield from retrieve(question, k, using=using, facts=facts, timeout=SEARCH)
    return [replace(hit, why=f"{hit.why}; {linked}") for hit in hits]


def link(question: str, *, candidates: int = 5, keep: int = 4, tries: int = 3) -> Flow[Linked]:
    """Find the facts that are like the question and let the model choose among them: its recognition memory.

    One retrieval; one call, up to `tries` where replies are unreadable, none where there are no facts. Of more than
    `keep` candidates that are named, the first count. Raises `UsageProblem` where `candidates` or `keep` is below 1.
    """
    if candidates < 1 or keep < 1:
        raise UsageProblem(
            f"candidates={candidates}, keep={keep} would keep no fact",
            hint="Let both be at least 1, or look up with filter=False.",
        )
    found = tuple((yield from retrieve(question, candidates, using="facts", timeout=SEARCH)))
    if not found:
        return Linked((), (), reason="no fact is like the question")
    triples = "\n".join(dict.fromkeys(json.dumps(_triple(fact), ensure_ascii=False) for fact in found))
    messages = fill("hipporag/filter", question=question, facts=triples, most=str(keep))
    try:
        named = yield from ask(
            messages, _named, label="hipporag/filter", schema=_SCHEMA, tries=tries, temperature=0.0, timeout=CALL
        )
    except ReplyError as error:
        _log.warning("the filter of facts is left out: %s", error.message)
        return Linked(found, found, reason=error.message)
    return _chosen(found, named, keep)


def hipporag(
    question: str, *, k: int = 5, filter: bool = True, candidates: int = 5, keep: int = 4, using: str = "graph"
) -> Flow[Answer]:
    """Answer a question from up to `k` passages that the graph of facts leads to. The arguments are those of `look_up`.

    Two calls of the model: the filter and the reader; one without the filter, or where no fact is like the question.
    Where no passage is found, the reader is not asked and the answer says so.
    """
    hits = yield from look_up(question, k, filter=filter, candidates=candidates, keep=keep, using=using)
    return (yield from read(question, hits))


def ircot(
    question: str,
    *,
    k: int = 5,
    steps: int = 3,
    filter: bool = False,
    candidates: int = 5,
    keep: int = 4,
    using: str = "graph",
    merge: Merge = "ranks",
) -> Flow[Answer]:
    """Answer a question by thoughts, each of which looks up more passages (IRCoT, arXiv:2212.10509, over the graph).

    One call for each thought, at most `steps`, and one for the reader; one search for the question and one for each
    thought that is new and does not finish. So at most `steps` + 1 calls and `steps` + 1 searches; with the filter, one
    call more for each search that finds facts. It ends early at a thought that is finished, empty, or was had before.
    Where the first search finds no passage, nothing more is asked. The reader is shown passages, not thoughts.

    Args:
        question: what is asked.
        k: how many passages are read at a time.
        steps: how many thoughts at most.
        filter: filter the facts of each search.
        candidates: how many facts the filter chooses from.
        keep: how many it may keep.
        using: the retriever.
        merge: how rankings become one; see `merged`.
    """
    _check(steps, merge)

    def search(query: str) -> Flow[list[Hit]]:
        return look_up(query, 2 * k, filter=filter, candidates=candidates, keep=keep, using=using)

    rankings = [(yield from search(question))]
    thoughts: list[str] = []
    while rankings[0] and len(thoughts) < steps:
        thought = yield from think(question, merged(rankings, merge)[:k], thoughts)
        if not thought or _plain(thought) in map(_plain, thoughts):
            break
        thoughts.append(thought)
        if _FINISHED.search(thought):
            break
        rankings.append((yield from search(thought)))
    return (yield from read(question, merged(rankings, merge)[:k]))


def think(question: str, hits: Sequence[Hit], thoughts: Sequence[str]) -> Flow[str]:
    """Ask for the thought that comes after `thoughts`. One call."""
    so_far = "\n".join(thoughts) or "(none yet)"
    messages = fill("hipporag/thought", passages=numbered(hits), question=question, thoughts=so_far)
    reply = yield from generate(messages, temperature=0.0, timeout=CALL, label="hipporag/thought")
    return thought_in(spoken(reply.text))


def read(question: str, hits: Sequence[Hit]) -> Flow[Answer]:
    """Answer from passages; no call where there are none."""
    if not hits:
        return Answer(NOTHING_FOUND)
    messages = fill("hipporag/read", passages=numbered(hits), question=question)
    reply = yield from generate(messages, temperature=0.0, timeout=CALL, label="hipporag/read")
    return Answer(answer_in(spoken(reply.text)), tuple(hits), problems=unfinished(reply))


def answer_in(reply: str) -> str:
    """Return what a reader's reply has after the first `Answer:`, or all of it where there is none."""
    found = _ANSWER.search(reply)
    return reply[found.end() :].strip() if found else reply.strip()


def thought_in(reply: str) -> str:
    """Return the first line of a reply that says something; all of it, on one line, where it says that it is the last.

    A label `Thought:` is left out.
    """
    if _FINISHED.search(reply):
        return " ".join(_LABEL.sub("", reply).split())
    lines = (_LABEL.sub("", line).strip() for line in reply.splitlines())
    return next((line for line in lines if line), "")


def merged(rankings: Sequence[Sequence[Hit]], merge: Merge = "ranks") -> list[Hit]:
    """Return one ranking of several, each passage once and with its merged score; what ties stays as it came.

    By `ranks`: the sum of 1 / (60 + rank), as a share of what the first place in every ranking would give. By `max`:
    the greatest score. A single ranking stays as it is.
    """
    if len(rankings) == 1:
        return list(rankings[0])
    scores: dict[tuple[str, str], float] = {}
    first: dict[tuple[str, str], Hit] = {}
    most = len(rankings) / (_CONSTANT + 1)
    for hits in rankings:
        for rank, hit in enumerate(hits, 1):
            key = hit.id, hit.text  # a wide scope may see an id in two sessions
            first.setdefault(key, hit)
            before = scores.get(key, 0.0)
            scores[key] = before + 1 / (_CONSTANT + rank) / most if merge == "ranks" else max(before, hit.score)
    ranked = sorted(first, key=lambda key: -scores[key])
    return [replace(first[key], score=min(1.0, scores[key])) for key in ranked]


def _check(steps: int, merge: str) -> None:
    if steps < 0:
        raise UsageProblem(f"steps={steps} is no number of thoughts", hint="Use 0 or more.")
    if merge not in get_args(Merge):
        raise UsageProblem(f"merge={merge!r} is not known", hint="Use 'ranks' or 'max'.")


def _named(reply: str) -> list[Triple]:
    """The facts that a reply of the filter names, as lists or objects, in an object or in a bare list."""
    bare = reply.strip("` \njson")
    found: Any = json_object(f'{{"facts": {bare}}}' if bare.startswith("[") else reply).get("facts")
    if not isinstance(found, list) or not all(isinstance(fact, list | dict) for fact in found):
        raise Unreadable('it has no list "facts" of lists of three texts; the list is empty if no fact is of use')
    return [triple for fact in found if (triple := _texts(fact))]


def _texts(fact: list[Any] | dict[str, Any]) -> Triple:
    if isinstance(fact, dict):
        fact = [fact.get(name) for name in _PARTS] if fact.keys() >= set(_PARTS) else list(fact.values())
    return tuple(str(part) for part in fact if part is not None)


def _triple(fact: Hit) -> Triple:
    """A fact's three parts, or its text alone where the retriever does not tell them."""
    return fact.triple or (fact.text,)


def _chosen(found: tuple[Hit, ...], named: Iterable[Triple], keep: int) -> Linked:
    known: dict[str, list[str]] = {}
    for fact in found:
        known.setdefault(_plain(" ".join(_triple(fact))), []).append(fact.id)
    kept, ignored = dict[str, None](), dict[Triple, None]()
    for triple in named:
        ids = known.get(_plain(" ".join(triple)), [])
        kept.update(dict.fromkeys(ids))
        if not ids:
            ignored[triple] = None
    if ignored:
        _log.info("the filter named %d facts that are no candidates; they are ignored", len(ignored))
    ids = list(kept)[:keep]
    return Linked(tuple(fact for fact in found if fact.id in ids), found, tuple(ignored))


def _plain(text: str) -> str:
    """A text as it is compared: without regard to compatibility forms, case and spaces."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return " ".join(folded.split())
