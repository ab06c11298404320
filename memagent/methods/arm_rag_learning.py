"""What ARM-RAG keeps of attempts at a problem: those that a check finds right, and the others by choice.

A check that fails costs no attempt: what it could not judge is unclear, and the others are kept. A check that says
otherwise than one before it (a known answer was corrected) changes what the memory has: what was right is no example
any more, and what was refuted may be one. That goes for every attempt at the problem that the memory has, whether it is
given again or not.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from memagent.errors import CapabilityError, ConfigError, UsageProblem
from memagent.flow import Flow, keep_rationales, rejudge, tell, tried_before
from memagent.methods.amounts import value
from memagent.methods.arm_rag_examples import Key, check_key, nouns_of
from memagent.methods.obfuscating import Nouns, structure
from memagent.methods.verifying import Check, Verdict, judged
from memagent.shown import Shown
from memagent.types import ORIGINAL, PROBLEM_ID, REFUTED, TRIED, Rationale

_MISUSE = (UsageProblem, ConfigError, CapabilityError)


@dataclass(frozen=True, slots=True)
class Learnt(Shown):
    """What was kept of some attempts at a problem.

    Attributes:
        ids: of the rationales that were kept, right ones first.
        right: how many attempts were right, and `wrong` and `unclear` how many were not, or could not be judged.
        verdicts: what the check said of each attempt, in order.
        changed: the ids of what the memory had as right and is refuted now, or the reverse.
    """

    ids: tuple[str, ...]
    right: int
    wrong: int
    unclear: int
    verdicts: tuple[Verdict, ...]
    changed: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"kept {len(self.ids)}: {self.right} right, {self.wrong} wrong, {self.unclear} unclear"


@dataclass(frozen=True, slots=True)
class Keep:
    """How what is learnt is kept.

    `nouns` are those of the problem where it is kept by its structure; `before` is how many more attempts there were.
    """

    shared: bool = False
    source: str = ""
    id: str = ""
    failures: bool = False
    nouns: Sequence[str] | None = None
    before: int = 0


def learn(
    problem: str,
    tried: Iterable[str],
    check: Check,
    *,
    again: Iterable[str] | None = None,
    before: int | None = None,
    shared: bool = False,
    source: str = "",
    id: str = "",
    failures: bool = False,
    key: Key = "plain",
    nouns: Nouns | None = None,
    timeout: float | None = 120.0,
) -> Flow[Learnt]:
    """Keep those attempts at a problem that a check finds right. No call, but those of the check and for nouns.

    All attempts that the memory has at this problem are judged anew: where the check says otherwise than it did, a
    right one is refuted from now on and no example any more, and a refuted one is right; how often success or failure
    followed is counted on. So a known answer is corrected by learning the problem once more, also without attempts. A
    check that asks a model is asked for each of them: `again=()` leaves it at those that are given.

    Args:
        problem: what was to be solved.
        tried: attempts: reasonings with an answer in a box.
        check: of `verifying`, or your own. An attempt at which it raises is unclear, which is told.
        again: attempts besides these, to be judged again and counted for agreement, and not kept anew; all that the
            memory has at this problem if not given.
        before: how many attempts there were besides all these, which nobody has any more; for agreement. As far as the
            memory knows of them if not given.
        shared: let every scope of the memory see them.
        source: where they come from.
        id: of the problem, if it has one; `solve` leaves out, by its id, a problem that is put in other words as well.
        failures: keep wrong attempts too, marked as such.
        key: `structure` keeps them by the structure of the problem; the problem stays in the metadata.
        nouns: lists a problem's nouns; asked of the model if not given.
        timeout: seconds for the call for nouns.

    Raises:
        UsageProblem: the check cannot be used like this, as one that needs programs where none may run (so do
            `ConfigError` and `CapabilityError`); raised when the attempts that it could judge have been kept.
    """
    check_key(key)
    given = list(tried)
    known, untold = (list(again), 0) if again is not None else (yield from _besides(problem, given))
    verdicts, errors = yield from judge_all(check, [*given, *known])
    found = (yield from nouns_of(problem, nouns, timeout, [])) if key == "structure" else None
    pairs = list(zip([*given, *known], verdicts, strict=True))
    how = Keep(shared, source, id, failures, found, untold if before is None else before)
    ids, changed = yield from keep(problem, pairs, how, new=len(given))
    for error in errors:
        if isinstance(error, _MISUSE):
            raise error
    counts = Counter(verdict.right for verdict in verdicts[: len(given)])
    return Learnt(ids, counts[True], counts[False], counts[None], tuple(verdicts[: len(given)]), changed)


def keep_solution(
    problem: str, text: str, verdict: Verdict, check: Check, how: Keep
) -> Flow[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Keep a solution as it was judged, and judge again what the memory has at this very problem, as `learn` does.

    Return the ids of what was kept, and of what is judged otherwise now. Where the check could not tell, it is not
    asked for more.
    """
    if verdict.right is None:
        return (), ()
    known, untold = yield from _besides(problem, [text])
    verdicts, _ = yield from judge_all(check, known)
    pairs = [(text, verdict), *zip(known, verdicts, strict=True)]
    return (yield from keep(problem, pairs, replace(how, before=untold), new=1))


def _besides(problem: str, given: Sequence[str]) -> Flow[tuple[list[str], int]]:
    """The attempts at a problem that the memory has besides some, and how many more there were that it has not."""
    there = yield from tried_before(problem)
    known = [text for text in dict.fromkeys(one.reasoning for one in there) if text not in given]
    counts = [one.metadata.get(TRIED, 0) for one in there]
    tried = max([count for count in counts if isinstance(count, int)], default=0)
    return known, max(0, tried - len(known) - len(given))


def judge_all(check: Check, attempts: Sequence[str]) -> Flow[tuple[list[Verdict], list[Exception]]]:
    """Return what a check says of each attempt, in order, and what it raised, which is told once."""
    verdicts: list[Verdict] = []
    errors: list[Exception] = []
    why = ""
    for attempt in attempts:
        verdict, error = yield from judged(check, attempt)
        verdicts.append(verdict)
        if error is not None:
            errors.append(error)
            why = why or verdict.why
    if errors:
        yield from tell(f"{len(errors)} of {len(attempts)} attempts could not be judged: {why}")
    return verdicts, errors


def keep(
    problem: str, pairs: Sequence[tuple[str, Verdict]], how: Keep, *, new: int
) -> Flow[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Keep the first `new` attempts of some that were judged, and judge again what the memory has of all of them.

    Return the ids of what was kept, right ones first, and of what is judged otherwise now.
    """
    tried = len(pairs) + how.before
    agreeing = Counter(_plain(verdict) for _, verdict in pairs if verdict.right)

    def rationale(attempt: str, verdict: Verdict) -> Rationale:
        agreement = agreeing[_plain(verdict)] / tried if verdict.right else 0.0
        return Rationale(
            problem if how.nouns is None else structure(problem, how.nouns),
            attempt,
            verdict.answer,
            verdict.by if verdict.right else f"{REFUTED} by {verdict.by}",
            how.source,
            how.shared,
            {
                "agreement": agreement,
                TRIED: tried,
                **({ORIGINAL: problem} if how.nouns is not None else {}),
                **({PROBLEM_ID: how.id} if how.id else {}),
            },
            "" if how.nouns is None else _own_id(problem, attempt, verdict.answer, how.source),
        )

    clear = [rationale(*pair) for pair in pairs if pair[1].right is not None]
    changed = (yield from rejudge(*clear)) if clear else []
    wanted = [
        rationale(attempt, verdict)
        for attempt, verdict in sorted(pairs[:new], key=lambda pair: not pair[1].right)
        if verdict.right or (how.failures and verdict.right is False and verdict.answer)
    ]
    ids = (yield from keep_rationales(*wanted)) if wanted else []
    return tuple(dict.fromkeys(ids)), tuple(changed)


def _own_id(*content: str) -> str:
    """An id for a rationale that is kept by its structure, which other problems with the same answer may share."""
    digest = hashlib.blake2b(json.dumps(["structure", *content]).encode(), digest_size=12).hexdigest()
    return f"rationale:{digest}"


def _plain(verdict: Verdict) -> object:
    number = value(verdict.answer)
    return verdict.answer.strip() if number is None else number
