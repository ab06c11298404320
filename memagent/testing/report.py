"""What the checks of all kinds share: the report, the passages that are kept and found, and how a breach is told."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from memagent.errors import MemagentError
from memagent.types import Note, Scope

T = TypeVar("T")
Check = Callable[[Callable[[], T]], None]

ALICE, BOB = Scope(user="alice"), Scope(user="bob")
ONE, TWO, AGENT = Scope(user="dora", session="one"), Scope(user="dora", session="two"), Scope(user="dora", agent="a")
PASSAGES = (
    Note("The lighthouse keeper feeds a grey cat.", title="Keeper"),
    Note("Rye bread needs a sour dough that is two days old.", title="Bread"),
    Note("The night train to Vienna leaves from platform nine.", title="Train"),
)


class NotOffered(Exception):
    """Raised by a check for something that the backend says it does not offer."""


@dataclass(frozen=True)
class Report:
    """Names of the checks that passed, and of those that were skipped with the reason."""

    passed: tuple[str, ...]
    skipped: Mapping[str, str]


def run_checks(checks: Iterable[tuple[str, Check[T]]], make: Callable[[], T]) -> Report:
    """Run named checks on what `make` builds; an `AssertionError` tells of a breach, after the name of its check."""
    passed, skipped = [], {}
    for name, check in checks:
        try:
            check(make)
        except NotOffered as reason:
            skipped[name.lstrip("_")] = str(reason)
        except AssertionError as breach:
            raise AssertionError(f"{name.lstrip('_')}: {breach}") from breach
        except Exception as problem:
            problem.add_note(f"This is not an error that the contract names. It came in the check {name.lstrip('_')}.")
            raise
        else:
            passed.append(name.lstrip("_"))
    return Report(tuple(passed), skipped)


def expect(condition: Any, message: str) -> None:
    """Raise `AssertionError` with `message` unless `condition` holds."""
    if not condition:
        raise AssertionError(message)


def raises(kind: type[MemagentError], call: Callable[[], object], what: str) -> None:
    """Check that a call raises this kind of error."""
    try:
        call()
    except kind:
        return
    raise AssertionError(f"{what} must raise {kind.__name__}")
