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

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from memagent.errors import BackendError, MemagentError, Stopped, TraceError, UsageProblem, quoted
from memagent.flow import Flow, count_outcome, gather, generate, tell
from memagent.methods.arm_rag_examples import Key, Looked, answer_with, check_key, found_for, looked, shown
from memagent.methods.arm_rag_learning import Keep, Learnt, judge_all, keep_solution, learn
from memagent.methods.attempts import attempted
from memagent.methods.obfuscating import Nouns
from memagent.methods.verifying import Check, Verdict, boxed
from memagent.prompts import fill
from memagent.shown import Shown
from memagent.types import Answer, Rationale

__all__ = ["Key", "Learnt", "Solved", "Tried", "attempts", "learn", "solve"]


@dataclass(frozen=True, slots=True)
class Solved(Shown):
    """A problem that was worked on.

    Attributes:
        answer: the reasoning; its `hits` are the examples that were shown, its `problems` what went wrong on the way.
        boxed: the answer in the last box; `None` where there is none.
        verdict: what the check said; `None` without a check.
        learnt: the ids of the rationales that were kept, of a wrong one too where failures are.
        changed: the ids of what the memory had of this problem as right and is refuted now, or the reverse.
    """

    answer: Answer
    boxed: str | None
    verdict: Verdict | None = None
    learnt: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()


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
    problem: str,
    count: int = 5,
    *,
    temperature: float = 0.7,
    seed: int = 0,
    timeout: float | None = 120.0,
    came: Callable[[str], None] | None = None,
) -> Flow[Tried]:
    """Let the model try a problem several times, without examples: `count` calls at once. Those that fail are told.

    `learn(problem, (yield from attempts(problem)), check)` is how the paper's memory is filled.

    Args:
        problem: what is to be solved.
        count: how many attempts.
        temperature: of each call.
        seed: of the first call; that of each further one is one more.
        timeout: seconds for each call.
        came: called with each attempt when it comes, from the thread of its call: what has come before the rest is
            given up (Ctrl-C, a limit) has been paid for.

    Raises:
        BackendError: every one failed.
    """
    messages = fill("arm_rag/attempt", problem=problem)

    def one(number: int) -> Flow[tuple[str, str]]:
        reply, why = yield from attempted(
            generate(messages, temperature=temperature, seed=seed + number, timeout=timeout, label="arm_rag/attempt")
        )
        text = reply.text.strip() if reply is not None else ""
        if text and came is not None:
            came(text)
        return text, "" if text else why or "the model wrote nothing"

    found = yield from gather(*(one(number) for number in range(count)))
    tried = Tried(tuple(text for text, _ in found if text), tuple(why for _, why in found if why))
    if tried.problems and not tried.texts:
        raise BackendError(f"no attempt of {count} came: {tried.problems[0]}")
    if tried.problems:
        yield from tell(
            f"{len(tried.problems)} of {count} attempts at {quoted(problem, 60)} failed: {tried.problems[0]}"
        )
    return tried


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
    failures: bool = False,
    shared: bool = False,
    source: str = "",
    max_tokens: int | None = None,
    timeout: float | None = 120.0,
    search_timeout: float | None = 30.0,
) -> Flow[Solved]:
    """Solve a problem with like ones as examples, and learn from it where there is a check.

    One call; one more with `key` and no `nouns` of one's own; and those of the check. One search, one more with
    `contrast`. What is right is kept, and its examples count one success; what is wrong counts them one failure. What
    the memory has of this very problem is judged again by the check, as by `learn`. A check that fails, or a memory,
    costs no solution: that is among the problems of the answer, and without a check the verdict is that nothing can be
    told.

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
        failures: keep a wrong solution too, marked as such: no example, but there for `contrast`.
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
    changed: tuple[str, ...] = ()
    try:
        how = yield from looked(problem, key, nouns, seed, timeout, problems)
        aside = ("", "") if leak else (problem, id)
        if k:
            examples = yield from found_for(how.query, k, aside, False, search_timeout, problems)
        if contrast:
            failed = yield from found_for(how.query, contrast, aside, True, search_timeout, problems)
        messages = fill("arm_rag/solve", problem=problem, examples=shown(examples, failed, best), best=best)
        reply, why = yield from attempted(
            generate(messages, max_tokens=max_tokens, temperature=0.0, timeout=timeout, label="arm_rag/solve")
        )
        text = reply.text.strip() if reply is not None else ""
        if text and check is not None:
            [verdict], errors = yield from judge_all(check, [text])
            problems += ["the solution could not be judged: " + _said(error) for error in errors]
            nouns_kept = (how.nouns or ()) if how.key == "structure" else None
            to_keep = Keep(shared, source, id, failures, nouns_kept)
            ids, changed = yield from _learnt(problem, text, verdict, check, examples, to_keep, problems)
        if not text:
            problems.append(why or "the model wrote nothing")
    except Stopped as error:
        problems.append(f"stopped: {error.message}")
    return Solved(answer_with(text, examples, how.query, problems), boxed(text), verdict, ids, changed)


def _learnt(
    problem: str,
    text: str,
    verdict: Verdict,
    check: Check,
    examples: Sequence[Rationale],
    how: Keep,
    problems: list[str],
) -> Flow[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Keep an answer as it was judged, and count what followed its examples; return what was kept and what changed.

    A memory that cannot is a problem of the answer, which is told: the solution is there and has been paid for.
    """
    kept: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())
    try:
        kept = yield from keep_solution(problem, text, verdict, check, how)
        if examples and verdict.right is not None:
            yield from count_outcome(*(one.id for one in examples), success=verdict.right)
    except (Stopped, TraceError):
        raise
    except MemagentError as error:
        problems.append(f"not all of it could be learnt: {error.message}")
        yield from tell(f"{problems[-1][0].upper()}{problems[-1][1:]}")
    return kept


def _said(error: Exception) -> str:
    if not isinstance(error, MemagentError):
        return f"{type(error).__name__}: {error}"
    return f"{error.message} {error.hint}".strip()
