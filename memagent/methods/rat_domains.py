"""The four kinds of task of RAT's experiments: how each is drafted, what its query is, how the answer is made.

Writing and planning are words alone. For maths and code the model may write a program, which is run only if that was
asked for; running it is a step of the flow, and the controller decides whether it runs any. Departures from the paper:

- Maths without `run_code` is worked out in words; the paper always runs the program.
- A program that fails is mended once, with the error; the paper takes what there is. Maths whose program fails twice
  is answered in words; code that fails twice is returned with its error in `problems`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from memagent.flow import Flow
from memagent.methods.rat_calls import Limits, say
from memagent.methods.rat_chatter import left_out, without_offers
from memagent.methods.rat_labels import without_label
from memagent.methods.rat_reading import program_in, words_in
from memagent.methods.running import tested
from memagent.types import Execution

Domain = Literal["writing", "planning", "maths", "code"]
Query = Literal["llm", "draft", "step"]

_STEP = re.compile(r"[\s#*_>-]{0,12}STEP\b", re.IGNORECASE)
_ERROR_CHARACTERS = 2000


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of task.

    Attributes:
        query: how its steps are looked up, if nothing else is asked for.
        final: the prompt for the answer; '' where the revised steps are the answer.
        joint: what stands between two steps.
        form: what a reviser is told about the form of a step.
        preamble: what stands before the first step of a draft belongs to it.
    """

    query: Query
    final: str
    joint: str = "\n\n"
    form: str = ""
    preamble: bool = True


KINDS: dict[str, Kind] = {
    "writing": Kind("llm", "finalise"),
    "planning": Kind(
        "llm", "", "\n", 'A step is one line that begins with "STEP", its number and a colon.', preamble=False
    ),
    "maths": Kind("draft", "answer_maths", form="Work every calculation out again that changes."),
    "code": Kind("draft", "program_code", form="Code stays in fenced blocks."),
}


@dataclass(frozen=True, slots=True)
class Made:
    """The answer made from the thoughts, '' if there is none, what went wrong on the way, and what else to tell."""

    text: str
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def in_form(step: str, number: int, domain: str) -> str:
    """Return a step as its domain has it: one of a plan begins with `STEP` and a number."""
    if domain != "planning" or not step or _STEP.match(step):
        return step
    return f"STEP {number}: {without_label(step, number)}"


def made_in_words(name: str, task: str, so_far: str, limits: Limits, domain: str) -> Flow[Made]:
    """Ask for the answer with one call."""
    said = yield from say(name, limits, task=task, so_far=so_far)
    cut = (f"the answer was {said.cut}",) if said.cut else ()
    words = words_in(said.text).strip()
    problems = (said.problem,) if said.problem else cut
    if domain == "code":
        return Made(program_in(said.text), problems)
    text = without_offers(words, letters=domain == "writing")
    return Made(text, problems, tuple(filter(None, [left_out(words, text)])))


def made_by_program(task: str, so_far: str, limits: Limits, seconds: float) -> Flow[Made]:
    """Let the model write a program for a problem of maths and return what it prints.

    One call, two where the first program fails, three where both do: the last then answers in words.
    """
    program, ran, problems = yield from _tried("program_maths", task, so_far, "", limits, seconds)
    if ran.ok:
        return Made(ran.output.strip(), problems)
    told = f"the program failed, and the answer is worked out in words: {ran.why}" if program else ""
    words = yield from made_in_words("answer_maths", task, so_far, limits, "maths")
    return Made(words.text, (*problems, *filter(None, [told]), *words.problems), words.notes)


def made_and_tested(task: str, so_far: str, tests: str, limits: Limits, seconds: float) -> Flow[Made]:
    """Let the model write the program that was asked for and run it with the tests.

    One call, two where the first program fails.
    """
    program, ran, problems = yield from _tried("program_code", task, so_far, tests, limits, seconds)
    if ran.ok or not program:
        return Made(program, problems)
    return Made(program, (*problems, f"the program fails its tests: {ran.why}"))


def _tried(
    name: str, task: str, so_far: str, tests: str, limits: Limits, seconds: float
) -> Flow[tuple[str, Execution, tuple[str, ...]]]:
    """Ask for a program and run it, followed by the tests; one that fails is mended once. The last one counts."""
    said = yield from say(name, limits, task=task, so_far=so_far)
    program = program_in(said.text)
    if not program.strip():
        return "", Execution(code=1, why="there is no program"), (said.problem or "the model wrote no program",)
    ran = yield from tested(program, tests, seconds)
    cut: tuple[str, ...] = (f"the program was {said.cut}",) if said.cut else ()
    if ran.ok:
        return program, ran, cut
    first = ran.why
    error = f"{first}\n{ran.errors[-_ERROR_CHARACTERS:]}".strip()
    mended = yield from say("repair", limits, task=task, program=program, error=error)
    second = program_in(mended.text)
    if not second.strip():
        return (
            program,
            ran,
            (
                *cut,
                mended.problem or "the model did not mend its program",
            ),
        )
    ran = yield from tested(second, tests, seconds)
    cut += (f"the mended program was {mended.cut}",) if mended.cut else ()
    return second, ran, (*cut, f"the first program failed and was mended: {first}")
