"""Running a program with its tests: a step of the flow, which the controller may refuse."""

from __future__ import annotations

from dataclasses import replace

from memagent.flow import Flow, execute
from memagent.types import Execution

_PASSED = "memagent: the tests have passed"  # printed after them: a program that ends itself before has passed none


def tested(program: str, tests: str, seconds: float) -> Flow[Execution]:
    """Run a program, with tests that raise where it is wrong, if there are any.

    One that ends before its tests, or prints nothing where it has none, has failed.
    """
    source = f"{program}\n\n{tests}\n\nprint({_PASSED!r})\n" if tests else program
    ran = yield from execute(source, seconds=seconds)
    if ran.ok and tests and not ran.output.rstrip().endswith(_PASSED):
        return replace(ran, code=1, why="it ended before its tests did")
    if ran.ok and not ran.output.strip():
        return replace(ran, code=1, why="it printed nothing")
    return ran
