"""ARM-RAG (Melz, arXiv:2311.04177): learning from success, by keeping the reasoning that led to right answers.

    learn(problem, tried, check)   what the check finds right of some attempts is kept as rationales
    solve(problem, check=...)      like problems are examples; what was right is kept in turn

Where we differ from the paper and its published code:
- Examples are of different problems, one rationale each, the one that has served best; the code's five are of 2.2
  problems on average. Those of the problem itself are left out unless they are asked for; the code's figures on its
  training set have the question among its own examples. Which problem it is goes by its own words and by its id, never
  by what it is searched by: two problems of one structure are two.
- Answers are compared by value (`verifying.numeric`): the code's comparison of strings can never be right for a known
  answer with a comma. The last balanced box counts; an attempt without a box is not kept.
- The memory learns while it solves, and forgets: what was followed by failure sinks (`Rationales.like`).
- How many of the attempts agree is kept with each, so that an answer that was right by luck ranks behind.
- Obfuscation takes one call and falls back to the problem as it is, which is told; it may be applied to what is stored.
- Attempts that were wrong may be kept as well and shown as what not to do; the paper throws them away.
- The prompts are our own.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from memagent.errors import Stopped, UsageProblem
from memagent.flow import Flow, count_outcome, gather, generate, keep_rationales
from memagent.methods.arm_rag_examples import (
    ORIGINAL,
    Key,
    Looked,
    answer_with,
    check_key,
    found_for,
    looked,
    nouns_of,
    shown,
)
from memagent.methods.attempts import attempted
from memagent.methods.obfuscating import Nouns, structure
from memagent.methods.verifying import Check, Verdict, boxed, checked, value
from memagent.prompts import fill
from memagent.types import REFUTED, Answer, Rationale

_ID = "problem_id"  # in the metadata of one whose problem has an id


@dataclass(frozen=True, slots=True)
class Learnt:
    """What was kept of some attempts at a problem.

    Attributes:
        ids: of the rationales that were kept, right ones first.
        right: how many attempts were right, and `wrong` and `unclear` how many were not, or could not be judged.
        verdicts: what the check said of each attempt, in order.
    """

    ids: tuple[str, ...]
    right: int
    wrong: int
    unclear: int
    verdicts: tuple[Verdict, ...]

    def __str__(self) -> str:
        return f"kept {len(self.ids)}: {self.right} right, {self.wrong} wrong, {self.unclear} unclear"


@dataclass(frozen=True, slots=True)
class Solved:
    """A problem that was worked on.

    Attributes:
        answer: the reasoning; its `hits` are the examples that were shown, its `problems` what went wrong on the way.
        boxed: the answer in the last box; `None` where there is none.
        verdict: what the check said; `None` without a check.
        learnt: the ids of the rationales that were kept.
    """

    answer: Answer
    boxed: str | None
    verdict: Verdict | None = None
    learnt: tuple[str, ...] = ()


def learn(
    problem: str,
    tried: Iterable[str],
    check: Check,
    *,
    shared: bool = False,
    source: str = "",
    id: str = "",
    failures: bool = False,
    key: Key = "plain",
    nouns: Nouns | None = None,
    timeout: float | None = 120.0,
) -> Flow[Learnt]:
    """Keep those attempts at a problem that a check finds right. No call, but those of the check and for nouns.

    Args:
        problem: what was to be solved.
        tried: attempts: reasonings with an answer in a box.
        check: of `verifying`, or your own.
        shared: let every scope of the memory see them.
        source: where they come from.
        id: of the problem, if it has one; `solve` leaves out, by its id, a problem that is put in other words as well.
        failures: keep wrong attempts too, marked as such.
        key: `structure` keeps them by the structure of the problem; the problem stays in the metadata.
        nouns: lists a problem's nouns; asked of the model if not given.
        timeout: seconds for the call for nouns.
    """
    check_key(key)
    given = list(tried)
    verdicts: list[Verdict] = []
    for attempt in given:
        verdicts.append((yield from checked(check, attempt)))
    found = (yield from nouns_of(problem, nouns, timeout, [])) if key == "structure" else None
    kept_as = problem if found is None else structure(problem, found)
    meant = {} if found is None else {ORIGINAL: problem}
    named = {_ID: id} if id else {}
    agreeing = Counter(_plain(verdict) for verdict in verdicts if verdict.right)
    kept = [
        Rationale(
            kept_as,
            attempt,
            verdict.answer,
            verdict.by if verdict.right else f"{REFUTED} by {verdict.by}",
            source,
            shared,
            {"agreement": agreeing[_plain(verdict)] / len(given) if verdict.right else 0.0, **meant, **named},
            "" if found is None else _own_id(problem, attempt, verdict.answer, source),
        )
        for attempt, verdict in sorted(zip(given, verdicts, strict=True), key=lambda pair: not pair[1].right)
        if verdict.right or (failures and verdict.right is False and verdict.answer)
    ]
    ids = (yield from keep_rationales(*kept)) if kept else []
    counts = Counter(verdict.right for verdict in verdicts)
    return Learnt(tuple(dict.fromkeys(ids)), counts[True], counts[False], counts[None], tuple(verdicts))


@dataclass(frozen=True, slots=True)
class Tried:
    """Attempts of a model at a problem; iterating over it gives their texts.

    Attributes:
        texts: the attempts that came about.
        problems: why the others did not, one reason each.
    """

    texts: tuple[str, ...]
    problems: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[str]:
        return iter(self.texts)

    def __len__(self) -> int:
        return len(self.texts)


def attempts(
    problem: str, count: int = 5, *, temperature: float = 0.7, seed: int = 0, timeout: float | None = 120.0
) -> Flow[Tried]:
    """Let the model try a problem several times, without examples: `count` calls at once. Those that fail are told.

    `learn(problem, (yield from attempts(problem)), check)` is how the paper's memory is filled.
    """
    messages = fill("arm_rag/attempt", problem=problem)

    def one(number: int) -> Flow[tuple[str, str]]:
        reply, why = yield from attempted(
            generate(messages, temperature=temperature, seed=seed + number, timeout=timeout, label="arm_rag/attempt")
        )
        text = reply.text.strip() if reply is not None else ""
        return text, "" if text else why or "the model wrote nothing"

    found = yield from gather(*(one(number) for number in range(count)))
    return Tried(tuple(text for text, _ in found if text), tuple(why for _, why in found if why))


def solve(
    problem: str,
    *,
    k: int = 5,
    check: Check | None = None,
    id: str = "",
    leak: bool = False,
    key: Key = "plain",
    nouns: Nouns | None = None,
    seed: int = 0,
    contrast: int = 0,
    best: Literal["last", "first"] = "last",
    shared: bool = False,
    source: str = "",
    max_tokens: int | None = None,
    timeout: float | None = 120.0,
    search_timeout: float | None = 30.0,
) -> Flow[Solved]:
    """Solve a problem with like ones as examples, and learn from it where there is a check.

    One call; one more with `key` and no `nouns` of one's own; and those of the check. One search, one more with
    `contrast`. What is right is kept, and its examples count one success; what is wrong counts them one failure.

    Args:
        problem: what is to be solved; the prompt has it as it is, whatever the key.
        k: how many examples.
        check: says whether the answer is right; without one nothing is learnt.
        id: of the problem, if it has one; what was learnt with this id is left out, besides what has the same words.
        leak: let rationales of this very problem be examples.
        key: by what like problems are found.
        nouns: lists a problem's nouns; asked of the model if not given.
        seed: of made-up words.
        contrast: how many wrong attempts at like problems to show as well.
        best: whether the likest example comes last, next to the problem, or first.
        shared: let every scope see what is learnt.
        source: where what is learnt comes from.
        max_tokens: of the reply.
        timeout: seconds for each call.
        search_timeout: seconds for each search.
    """
    check_key(key)
    if k < 0 or contrast < 0 or best not in ("last", "first"):
        raise UsageProblem(f"k={k}, contrast={contrast}, best={best!r} cannot be", hint="best is 'last' or 'first'.")
    problems: list[str] = []
    text, how, verdict = "", Looked(problem, "plain", None), None
    examples: Sequence[Rationale] = ()
    failed: Sequence[Rationale] = ()
    ids: tuple[str, ...] = ()
    try:
        how = yield from looked(problem, key, nouns, seed, timeout, problems)
        aside = ("", "") if leak else (problem, id)
        if k:
            examples = yield from found_for(how.query, k, aside, False, search_timeout, problems)
        if contrast:
            failed = yield from found_for(how.query, contrast, aside, True, search_timeout, problems)
        messages = fill("arm_rag/solve", problem=problem, examples=shown(examples, failed, best))
        reply, why = yield from attempted(
            generate(messages, max_tokens=max_tokens, temperature=0.0, timeout=timeout, label="arm_rag/solve")
        )
        text = reply.text.strip() if reply is not None else ""
        if text:
            keep = _Keep(shared, source, id, how.key, how.nouns)
            verdict, ids = yield from _learnt(text, problem, examples, check, keep)
        else:
            problems.append(why or "the model wrote nothing")
    except Stopped as error:
        problems.append(f"stopped: {error.message}")
    return Solved(answer_with(text, examples, how.query, problems), boxed(text), verdict, ids)


@dataclass(frozen=True, slots=True)
class _Keep:
    """How what is learnt is kept."""

    shared: bool
    source: str
    id: str
    key: Key
    nouns: Sequence[str] | None


def _learnt(
    text: str, problem: str, examples: Sequence[Rationale], check: Check | None, keep: _Keep
) -> Flow[tuple[Verdict | None, tuple[str, ...]]]:
    """Check an answer, keep it if it is right, and count what followed its examples."""
    if check is None:
        return None, ()
    nouns = keep.nouns or ()
    learnt = yield from learn(
        problem,
        [text],
        check,
        shared=keep.shared,
        source=keep.source,
        id=keep.id,
        key=keep.key,
        nouns=lambda _: nouns,
    )
    [verdict] = learnt.verdicts
    if examples and verdict.right is not None:
        yield from count_outcome(*(one.id for one in examples), success=verdict.right)
    return verdict, learnt.ids


def _own_id(*content: str) -> str:
    """An id for a rationale that is kept by its structure, which other problems with the same answer may share."""
    digest = hashlib.blake2b(json.dumps(["structure", *content]).encode(), digest_size=12).hexdigest()
    return f"rationale:{digest}"


def _plain(verdict: Verdict) -> object:
    number = value(verdict.answer)
    return verdict.answer.strip() if number is None else number
