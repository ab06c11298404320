"""Whether an attempt at a problem is right: pluggable checks, and the box that an answer stands in.

A check is called with an attempt and returns a `Verdict`, or a flow that does. `numeric` and `exact` compare the last
box of the attempt with a known answer; `passes` runs a program with tests; `judge` asks a model.
"""

from __future__ import annotations

import inspect
import re
import unicodedata
from collections.abc import Callable, Generator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal

from memagent.errors import ReplyError, UsageProblem
from memagent.flow import Flow
from memagent.methods.rat_reading import program_in
from memagent.methods.running import tested
from memagent.prompts import fill
from memagent.structured import Unreadable, ask, json_object


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

_BOX = re.compile(r"\\(?:f?boxed)\s*\{")
_WRAPPED = re.compile(r"\\(?:text|mathrm|mathbf|textbf|mbox)\s*\{([^{}]*)\}")
_FRACTION = re.compile(r"\\[dt]?frac\s*\{([^{}]+)\}\s*\{([^{}]+)\}")
_NUMBER = re.compile(r"[-+−]?\s*(?:(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d*)?|\.\d+)(?:\s*/\s*\d+(?:\.\d+)?)?")
_CURRENCY = "$€£¥₹₽"
_SCALES = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
_VERDICT = {
    "type": "object",
    "properties": {"right": {"type": "boolean"}, "reason": {"type": "string"}},
    "required": ["right", "reason"],
    "additionalProperties": False,
}


def boxed(text: str) -> str | None:
    r"""Return what stands in the last balanced `\boxed{...}` of a text, or `None`; a box in a box counts itself."""
    found: str | None = None
    for match in _BOX.finditer(text):
        depth, at = 1, match.end()
        while at < len(text) and depth:
            depth += {"{": 1, "}": -1}.get(text[at], 0) if text[at - 1] != "\\" else 0
            at += 1
        if not depth:
            found = text[match.end() : at - 1].strip()
    return found


def value(text: str) -> Fraction | None:
    r"""Return the number that a short text states, or `None`, without regard to currency, commas and units.

    `70,000`, `$70000`, `70000.00`, `70,000 dollars`, `70 thousand` are one number; `1/2` and `\frac{1}{2}` are another.
    Of an equation the last side counts. A text with two different numbers states none.
    """
    plain = unicodedata.normalize("NFKC", text).rpartition("=")[2]
    plain = _FRACTION.sub(r"\1/\2", _WRAPPED.sub(r" \1 ", plain))
    plain = re.sub(r"\\[,;:! ]|[\\~*_`]", " ", plain).translate(dict.fromkeys(map(ord, _CURRENCY), " "))
    numbers: set[Fraction] = set()
    for match in _NUMBER.finditer(plain):
        number = _read(match.group())
        if number is None:
            return None
        scale = re.match(r"\s*([a-z]+)", plain[match.end() :], re.IGNORECASE)
        numbers.add(number * _SCALES.get(scale.group(1).lower(), 1) if scale else number)
    return numbers.pop() if len(numbers) == 1 else None


def _read(text: str) -> Fraction | None:
    plain = re.sub(r"[\s,+]", "", text).replace("−", "-")
    top, _, bottom = plain.partition("/")
    try:
        return Fraction(top.rstrip(".") or "0") / Fraction(bottom or 1)
    except (ValueError, ZeroDivisionError):
        return None


def numeric(gold: str) -> Check:
    """Return a check by value: the last box states the same number as `gold`, however it is written."""
    wanted = value(gold)
    if wanted is None:
        raise UsageProblem(f"{gold!r} states no number", hint="Use exact(gold) for answers that are words.")

    def check(attempt: str) -> Verdict:
        found = boxed(attempt)
        if found is None:
            return Verdict(None, by="numeric", why="it has no box")
        number = value(found)
        if number is None:
            return Verdict(None, found, "numeric", f"{found!r} states no one number")
        return Verdict(number == wanted, found, "numeric", f"{found!r} is {'' if number == wanted else 'not '}{gold!r}")

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
        return Verdict(same, found, "exact", f"{found!r} is {'' if same else 'not '}{gold!r}")

    return check


def passes(tests: str, *, seconds: float = 10.0) -> Check:
    """Return a check by running: the program of an attempt is run with `tests`, which raise where it is wrong.

    The controller must have been made with `allow_programs=True`.
    """

    def check(attempt: str) -> Flow[Verdict]:
        program = program_in(attempt)
        done = yield from tested(program, tests, seconds)
        why = "it passes" if done.ok else f"it fails: {done.why}\n{done.errors[-300:]}".strip()
        return Verdict(done.ok, program, "tests", why)

    return check


def judge(problem: str, gold: str = "", *, timeout: float | None = 120.0) -> Check:
    """Return a check by a model: one call an attempt, up to two where the reply is unreadable, which tells nothing."""

    def check(attempt: str) -> Flow[Verdict]:
        messages = fill("arm_rag/judge", problem=problem, attempt=attempt, gold=gold or "(not known)")
        answer = boxed(attempt) or ""
        try:
            right, reason = yield from ask(
                messages, _judged, label="arm_rag/judge", schema=_VERDICT, tries=2, temperature=0.0, timeout=timeout
            )
        except ReplyError as error:
            return Verdict(None, answer, "judge", error.message)
        return Verdict(right, answer, "judge", reason)

    return check


def checked(check: Check, attempt: str) -> Flow[Verdict]:
    """Return what a check says of an attempt, whether it answers at once or by a flow."""
    found = check(attempt)
    if isinstance(found, Generator) and inspect.isgenerator(found):
        found = yield from found
    if isinstance(found, bool):
        return Verdict(found, boxed(attempt) or "", getattr(check, "__name__", "check"))
    if not isinstance(found, Verdict):
        raise UsageProblem(f"a check returned {found!r}", hint="Return a Verdict, True or False, or a flow of one.")
    return found


def _judged(reply: str) -> tuple[bool, str]:
    found = json_object(reply)
    right: bool | Literal["true", "false"] | Any = found.get("right")
    if isinstance(right, str):
        right = {"true": True, "false": False, "yes": True, "no": False}.get(right.strip().lower())
    if not isinstance(right, bool):
        raise Unreadable('it has no true or false in "right"')
    return right, " ".join(str(found.get("reason") or "").split())
