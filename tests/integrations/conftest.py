"""Tests that are coroutines run here without a plugin, so that the other tests need no settings for one.

And the standard suites of LangChain that were run are counted at the end, each for itself.
"""

from __future__ import annotations

import asyncio
import inspect
from collections import Counter
from typing import Any

import pytest

_SUITES: dict[str, str] = {}


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    wanted = inspect.signature(pyfuncitem.obj).parameters
    asyncio.run(pyfuncitem.obj(**{name: pyfuncitem.funcargs[name] for name in wanted}))
    return True


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        kind = getattr(item, "cls", None)
        for base in kind.__mro__ if kind else ():
            if base.__module__.startswith("langchain_tests.") and base.__name__ != "BaseStandardTests":
                _SUITES.setdefault(_class_of(item.nodeid), base.__name__)
        if item.name == "test_init_time":  # how fast it is says something about the machine: once is enough
            item.add_marker(pytest.mark.benchmark(max_time=0.01, min_rounds=1), append=False)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    counts: dict[str, Counter[str]] = {name: Counter() for name in _SUITES}
    for outcome in ("passed", "failed", "skipped", "xfailed", "xpassed", "error"):
        for report in terminalreporter.stats.get(outcome, ()):
            if (name := _class_of(report.nodeid)) in counts:
                counts[name][outcome] += 1
    ran = {name: found for name, found in counts.items() if found}
    if ran:
        terminalreporter.section("LangChain's standard suites")
    for name, found in ran.items():
        told = ", ".join(f"{count} {outcome}" for outcome, count in found.items())
        terminalreporter.write_line(f"{name} ({_SUITES[name]}): {told}")


def _class_of(nodeid: str) -> str:
    return nodeid.rpartition("/")[2].rsplit("::", 1)[0]
