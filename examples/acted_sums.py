r"""A model that cannot do sums until it is shown how, played by a script: it copies the way of the likest example.

A machine without weights has nothing to learn by heart, so this one is given four ways of working a problem out, and
one habit: it goes by the likest solved example in its prompt, whether that fits or not. Where it is shown none, or the
way needs more numbers than there are, it adds all the numbers up. Asked for attempts, it goes through its ways in
turn. Which examples a prompt has, and so whether an answer is right, is up to the method and the memory.
"""

from __future__ import annotations

import re

from memagent.llms.offline import Offline
from memagent.testing import ScriptedLLM
from memagent.types import Completion, Request

_NUMBER = re.compile(r"\d[\d,]*")


def half(a: int, *_: int) -> str:
    """So many, and half as many more."""
    return f"Half of {a} is {a} / 2 = {a // 2}.\nTogether that is {a} + {a // 2} = {a + a // 2}."


def rate(a: int, b: int, c: int, *_: int) -> str:
    """So many in some days; how many in others?"""
    return f"In one it is {a} / {b} = {a // b}.\nIn {c} it is {c} times that: {a // b} * {c} = {a // b * c}."


def shared(a: int, b: int, c: int, *_: int) -> str:
    """So many, some gone, the rest in equal parts."""
    return f"Left over are {a} - {b} = {a - b}.\nEach part is {a - b} / {c} = {(a - b) // c}."


def change(a: int, b: int, c: int, *_: int) -> str:
    """Paid with so much, for some things at a price each."""
    return f"The price is {b} * {c} = {b * c}.\nThe change is {a} - {b * c} = {a - b * c}."


def added(*numbers: int) -> str:
    """What it does when it knows no better."""
    return f"{' + '.join(map(str, numbers))} = {sum(numbers)}."


WAYS = {"Half of": half, "In one it is": rate, "Left over are": shared, "The price is": change}
"""By the words that a reasoning of this way begins with."""


def worker() -> ScriptedLLM:
    """Return the model. Other requests than to solve a problem are answered as `offline` does."""

    def reply(request: Request) -> Completion | str:
        asked = "\n".join(message.content for message in request.messages)
        problem = re.findall(r"<problem>\n(.*?)\n</problem>", asked, re.DOTALL)
        if request.label == "arm_rag/solve" and problem:
            return _worked(problem[-1], _way_of(asked.partition("</examples>")[0]))
        if request.label == "arm_rag/attempt" and problem:
            return _worked(problem[-1], list(WAYS)[(request.seed or 0) % len(WAYS)])
        return Offline().complete(request)

    return ScriptedLLM([reply] * 10_000, can=("seed",), name="acted")


def _way_of(examples: str) -> str:
    """The way of the last example, which is the likest."""
    return max(WAYS, key=examples.rfind) if any(way in examples for way in WAYS) else ""


def _worked(problem: str, way: str) -> str:
    numbers = [int(found.replace(",", "")) for found in _NUMBER.findall(problem)]
    try:
        reasoning = WAYS.get(way, added)(*numbers)
    except (TypeError, ZeroDivisionError):  # it needs more numbers than there are
        reasoning = added(*numbers)
    return f"{reasoning} \\boxed{{{reasoning.rstrip('.').rpartition(' ')[2]}}}"
