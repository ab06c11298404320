"""The file that `memagent learn` reads: problems with known answers and attempts, a JSON object a line."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from memagent.errors import UsageProblem

if TYPE_CHECKING:
    from memagent.methods.verifying import Check

_FORM = 'Give a JSON object a line: {"question": "...", "gold": "...", "attempts": ["..."]}.'
_HALF = "Give the whole character, as an emoji is two of \\uXXXX, or leave it out."
_GOLD = "####"  # what the known answer stands behind in the solutions of GSM8K


@dataclass(frozen=True, slots=True)
class Given:
    """A problem of a file.

    Attributes:
        problem: its text.
        check: compares an attempt with the known answer.
        attempts: those that the file has.
        id: of the problem; '' where it has none.
    """

    problem: str
    check: Check
    attempts: tuple[str, ...]
    id: str = ""


def problems_in(file: Path, how: str, *, tried: bool) -> list[Given]:
    """Read all problems of a file; `tried` says that attempts are made besides, so that it needs to have none.

    Lines end with a line feed and nothing else: a text may have Unicode's other line ends.

    Raises:
        UsageProblem: it is no UTF-8, has no problem, or a line is not of the form, which is named.
    """
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageProblem(f"{file} is not UTF-8 text", hint="Convert it first.") from error
    lines = [(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    if not lines:
        raise UsageProblem(f"{file} has no problems: it is empty", hint=_FORM)
    return [_given(line, f"line {number} of {file}", how, tried) for number, line in lines]


def checked_by(how: str, gold: str) -> Check:
    """Return the check of that name for a known answer.

    Raises:
        UsageProblem: the answer cannot be compared that way.
    """
    from memagent.methods.verifying import exact, numeric

    try:
        return numeric(gold) if how == "numeric" else exact(gold)
    except UsageProblem as error:
        raise UsageProblem(error.message, hint="Use --check exact for answers that are words.") from None


def _has_half(text: object) -> bool:
    """Whether a value is a text with a lone surrogate, which JSON can write and no memory can keep."""
    return isinstance(text, str) and any("\ud800" <= sign <= "\udfff" for sign in text)


def _given(line: str, where: str, how: str, tried: bool) -> Given:
    try:
        one: Any = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise UsageProblem(f"{where} is no JSON: {error}", hint=_FORM) from error
    if not isinstance(one, dict):
        raise UsageProblem(f"{where} is no JSON object", hint=_FORM)
    problem, gold = one.get("question", one.get("problem")), one.get("gold", one.get("answer"))
    attempts, id = one.get("attempts", []), one.get("id", "")
    if any(map(_has_half, (problem, gold, id))):
        raise UsageProblem(f"{where} is not valid Unicode: a text in it has half of a character", hint=_HALF)
    if not isinstance(problem, str) or not problem.strip() or not isinstance(gold, str | int | float):
        raise UsageProblem(f'{where} needs "question" and "gold"', hint=_FORM)
    if not isinstance(attempts, list) or not all(isinstance(text, str) and text.strip() for text in attempts):
        raise UsageProblem(f'"attempts" in {where} is no list of texts', hint=_FORM)
    if not attempts and not tried:
        raise UsageProblem(f"{where} has no attempts", hint="Let a model try: --samples 5 -m MODEL.")
    try:
        check = checked_by(how, str(gold).rpartition(_GOLD)[2].strip())
    except UsageProblem as error:
        raise UsageProblem(f"{where}: {error.message}", hint=error.hint) from error
    return Given(problem, check, tuple(attempts), str(id) if isinstance(id, str | int) else "")
