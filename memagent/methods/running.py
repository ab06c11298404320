"""Running a program with its tests: a step of the flow, which the controller may refuse."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Sequence
from dataclasses import replace
from hashlib import blake2b
from typing import Any

from memagent.errors import UsageProblem
from memagent.flow import Flow, execute
from memagent.methods import plain_values
from memagent.methods.plain_values import plain_value
from memagent.types import Execution

_SOURCE = inspect.getsource(plain_values).partition("from __future__ import annotations\n")[2]


def tested(program: str, tests: str, seconds: float) -> Flow[Execution]:
    """Run a program, with tests that raise where it is wrong, if there are any.

    One that ends before its tests, or prints nothing where it has none, has failed.
    """
    mark = _mark(program, tests)
    source = f"{program}\n\n{tests}\n\nprint({mark!r})\n" if tests else program
    ran = yield from execute(source, seconds=seconds)
    if ran.ok and tests and not ran.output.rstrip().endswith(mark):
        return replace(ran, code=1, why="it ended before its tests did")
    if ran.ok and not ran.output.strip():
        return replace(ran, code=1, why="it printed nothing")
    return ran


def returned(program: str, pairs: Sequence[tuple[str, Any]], seconds: float) -> Flow[Execution]:
    """Run a program and calls behind it, and compare what each returns with what is expected, by type and content.

    The program's process has the calls and not what is expected of them; that is compared here. A value of a class of
    the program's own is never right, whatever its `__eq__` says.

    Raises:
        UsageProblem: a call is no expression of Python, or an expected value is not of its plain types.
    """
    expected = [(call, _plain(call, value)) for call, value in pairs]
    if not expected:
        raise UsageProblem("there is no test", hint='Give pairs of a call and its value: [("f(1)", 2)].')
    mark = _mark(program, [call for call, _ in expected])
    calls = "".join(f"print({mark!r}, ascii(plain_value({call})), flush=True)\n" for call, _ in expected)
    ran = yield from execute(f"{program}\n\n{_SOURCE}\n{calls}", seconds=seconds)
    if not ran.ok:
        return ran
    found = [line.removeprefix(f"{mark} ") for line in ran.output.splitlines() if line.startswith(f"{mark} ")]
    for number, (call, wanted) in enumerate(expected):
        if number >= len(found):
            return replace(ran, code=1, why="it ended before its tests did")
        if found[number] != ascii(wanted):
            return replace(ran, code=1, why=f"{call} returned {found[number][:200]} and not {ascii(wanted)[:200]}")
    return ran


def _mark(*source: Any) -> str:
    """What is printed behind a program, so that one which ends itself before has passed nothing.

    No program can hold it, since it is a digest of the program itself, and it is the same in a replay, which a random
    mark would not be. One that reads its own source finds it: this guards against mistakes, and no sandbox is meant.
    """
    return f"memagent-{blake2b(repr(source).encode('utf-8', 'replace'), digest_size=8).hexdigest()}"


def _plain(call: str, expected: Any) -> str:
    try:
        ast.parse(call.strip(), mode="eval")
        return plain_value(expected)
    except (SyntaxError, ValueError, TypeError) as error:
        hint = 'Give pairs of a call and its value, of Python\'s own types: [("f(1)", 2)].'
        raise UsageProblem(f"{call!r} with {expected!r} is no test: {error}", hint=hint) from error
