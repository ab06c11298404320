"""Whether an attempt at a problem is right: pluggable checks, and the box that an answer stands in.

A check is called with an attempt and returns a `Verdict`, or a flow that does. `numeric` and `exact` compare the last
box of the attempt with a known answer; `passes` runs a program with tests; `judge` asks a model.
"""

from __future__ import annotations

import inspect
import re
import unicodedata
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from memagent.errors import MemagentError, ReplyError, Stopped, TraceError, UsageProblem, quoted
from memagent.flow import Flow
from memagent.methods.amounts import Unclear, amount, same
from memagent.methods.rat_reading import program_in
from memagent.methods.running import returned, tested
from memagent.prompts import fill
from memagent.structured import Unreadable, ask, json_object

__all__ = ["Check", "Verdict", "boxed", "checked", "exact", "judge", "judged", "numeric", "passes"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a check says of an attempt.

    Attributes:
        right: whether it is; `None` where that cannot be told, such as where there is no box.
        answer: the answer that was found in the attempt.
        by: which check says so.
        why: what speaks for it, in words.
    """

    right: bool | None
    answer: str = ""
    by: str = ""
    why: str = ""


Check = Callable[[str], Any]
"""Called with an attempt; returns a `Verdict`, or a flow of one."""

_BRACE = re.compile(r"\\f?boxed\s*\{|\\(?=\\f?boxed\s*\{)|\\.|[{}]", re.DOTALL)
_VERDICT = {
    "type": "object",
    "properties": {"right": {"type": "boolean"}, "reason": {"type": "string"}},
    "required": ["right", "reason"],
    "additionalProperties": False,
}


def boxed(text: str) -> str | None:
    r"""Return what stands in the last balanced `\boxed{...}` of a text, or `None`; a box in a box counts itself.

    A brace behind a backslash is a sign and no brace. It takes time in proportion to the text.
    """
    found, begun = None, -1
    open_ones: list[int] = []  # where the content of a box begins; -1 for other braces
    for match in _BRACE.finditer(text):
        token = match.group()
        if token == "}":
            start = open_ones.pop() if open_ones else -1
            if start > begun:
                begun, found = start, text[start : match.start()].strip()
        elif token.endswith("{") and token != r"\{":
            open_ones.append(match.end() if len(token) > 1 else -1)
    return found


def numeric(gold: str) -> Check:
    """Return a check by value: the last box states the same number as `gold`, however it is written.

    What cannot be read surely, or reads both ways, is unclear and neither right nor wrong; see `amounts`.
    """
    try:
        wanted = amount(gold)
    except Unclear as error:
        hint = "Use exact(gold) for answers that are words."
        raise UsageProblem(f"{quoted(gold)} states no one number: {error}", hint=hint) from None

    def check(attempt: str) -> Verdict:
        found = boxed(attempt)
        if found is None:
            return Verdict(None, by="numeric", why="it has no box")
        try:
            right = same(amount(found), wanted)
        except Unclear as error:
            return Verdict(None, found, "numeric", f"{quoted(found)} states no one number: {error}")
        said = "may be" if right is None else "is" if right else "is not"
        return Verdict(right, found, "numeric", f"{quoted(found)} {said} {quoted(gold)}")

    return check


def exact(gold: str) -> Check:
    """Return a check by words: the last box is `gold`, apart from case, blanks, compatibility forms and a full stop."""

    def plain(text: str) -> str:
        return " ".join(unicodedata.normalize("NFKC", text).casefold().split()).rstrip(".。")

    def check(attempt: str) -> Verdict:
        found = boxed(attempt)
        if found is None:
            return Verdict(None, by="exact", why="it has no box")
        same = plain(found) == plain(gold)
        return Verdict(same, found, "exact", f"{quoted(found)} is {'' if same else 'not '}{quoted(gold)}")

    return check


def passes(tests: str | Sequence[tuple[str, Any]], *, seconds: float = 10.0) -> Check:
    """Return a check by running: the program of an attempt is run with tests.

    The controller must have been made with `allow_programs=True`.

    Args:
        tests: pairs of a call and the value that it must return, such as `("double(2)", 4)`: compared by type and
            content outside the program, which does not learn what is expected, so that 4.0, or a value whose `__eq__`
            says yes to everything, is wrong. Or the source of tests that raise where it is wrong: these trust the
            program's own values, and `assert double(2) == 4` is passed by such an `__eq__`; use pairs for programs that
            may be written to pass.
        seconds: by the clock, for the program with its tests.

    Raises:
        UsageProblem: by the check: a pair is no call with a value of Python's plain types.
    """

    def check(attempt: str) -> Flow[Verdict]:
        program = program_in(attempt)
        run = tested(program, tests, seconds) if isinstance(tests, str) else returned(program, tests, seconds)
        done = yield from run
        why = "it passes" if done.ok else f"it fails: {done.why}\n{done.errors[-300:]}".strip()
        return Verdict(done.ok, program, "tests", why)

    return check


def judge(problem: str, gold: str = "", *, timeout: float | None = 120.0) -> Check:
    """Return a check by a model: one call an attempt, up to two where the reply is unreadable, which tells nothing."""

    def check(attempt: str) -> Flow[Verdict]:
        messages = fill("arm_rag/judge", problem=problem, attempt=attempt, gold=gold or "(not known)")
        answer = _box(attempt)
        try:
            right, reason = yield from ask(
                messages, _judged, label="arm_rag/judge", schema=_VERDICT, tries=2, temperature=0.0, timeout=timeout
            )
        except ReplyError as error:
            return Verdict(None, answer, "judge", error.message)
        return Verdict(right, answer, "judge", reason)

    return check


def judged(check: Check, attempt: str) -> Flow[tuple[Verdict, Exception | None]]:
    """Return what a check says of an attempt; where it raises, that nothing can be told, and the error.

    A blank attempt, and one that is not valid Unicode, goes to no check. Orders to stop, and a trace that does not fit,
    are raised.
    """
    if unfit := _unfit(attempt):
        return Verdict(None, by="reading", why=unfit), None
    try:
        return (yield from checked(check, attempt)), None
    except (Stopped, TraceError):
        raise
    except Exception as error:  # noqa: BLE001 - a check may be anybody's, and one that fails must not cost what it was to judge
        said = error.message if isinstance(error, MemagentError) else f"{type(error).__name__}: {error}"
        return Verdict(None, _box(attempt), _name(check), f"the check failed: {said}"), error


def checked(check: Check, attempt: str) -> Flow[Verdict]:
    """Return what a check says of an attempt, whether it answers at once or by a flow."""
    found = check(attempt)
    if isinstance(found, Generator) and inspect.isgenerator(found):
        found = yield from found
    if isinstance(found, bool):
        return Verdict(found, _box(attempt), _name(check))
    if not isinstance(found, Verdict):
        raise UsageProblem(f"a check returned {found!r}", hint="Return a Verdict, True or False, or a flow of one.")
    return found


def _unfit(attempt: str) -> str:
    try:
        attempt.encode()
    except UnicodeEncodeError:
        return "it is not valid Unicode"
    return "" if attempt.strip() else "it is empty"


def _box(attempt: str) -> str:
    return boxed(attempt) or ""


def _name(check: Check) -> str:
    return getattr(check, "__name__", "check")


def _judged(reply: str) -> tuple[bool, str]:
    found = json_object(reply)
    right: bool | Literal["true", "false"] | Any = found.get("right")
    if isinstance(right, str):
        right = {"true": True, "false": False, "yes": True, "no": False}.get(right.strip().lower())
    if not isinstance(right, bool):
        raise Unreadable('it has no true or false in "right"')
    return right, " ".join(str(found.get("reason") or "").split())
