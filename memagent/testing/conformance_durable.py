"""Checks that what a store has acknowledged is there after it was closed and opened again, and after a `kill -9`."""

from __future__ import annotations

import json
import os
import select
import signal
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeVar

from memagent.testing.conformance_many import shows
from memagent.testing.report import ALICE, Check, NotOffered, expect
from memagent.testing.shelves import Shelf

T = TypeVar("T")
Reopen = Callable[[T], T]
"""Closes what it is given and opens the same place again."""
Acknowledged = Any
"""What JSON can hold: what `fill` was told, for `verify` to look for."""

_SECONDS = 120.0
_NO_REOPEN = "no reopen= was given, so that nothing shows what is kept after closing, or after a crash"


def durable_checks(
    kind: str,
    fill: Callable[[T], Acknowledged],
    verify: Callable[[T, Acknowledged], None],
    reopen: Reopen[T] | None,
) -> list[tuple[str, Check[T]]]:
    """Return the named checks: `fill` writes and returns what was acknowledged, `verify` looks for it."""
    return [
        (f"_{kind}_reopened", partial(_reopened, fill, verify, reopen)),
        (f"_{kind}_killed", partial(_killed, fill, verify, reopen)),
    ]


def shelf_durable(kind: str, shelf: Callable[[T], Shelf], reopen: Reopen[T] | None) -> list[tuple[str, Check[T]]]:
    """Return the same checks for what is on a shelf."""
    return durable_checks(
        kind, lambda stores: _fill(shelf(stores)), lambda stores, told: _verify(shelf(stores), told), reopen
    )


def _fill(shelf: Shelf) -> Acknowledged:
    """Change things in every way; the last act is to add one."""
    retired, deleted, altered, back, *others = shelf.add(ALICE, range(8))
    shelf.alter(ALICE, altered)
    shelf.changes(ALICE, [retired, back])["retire()"]()
    shelf.changes(ALICE, [deleted])["delete()"]()
    shelf.changes(ALICE, [back])["restore()"]()
    last = shelf.add(ALICE, [8])
    return {"live": [altered, back, *others, *last], "altered": altered, "retired": retired, "deleted": deleted}


def _verify(shelf: Shelf, told: Acknowledged) -> None:
    gone = [told["retired"], told["deleted"]]
    shows(shelf, ALICE, told["live"], [*told["live"], *gone])
    expect(shelf.altered(ALICE, told["altered"]), "a change that was acknowledged is lost")
    expect(
        shelf.changes(ALICE, gone)["restore()"]() == 1, "what was retired cannot be restored, or what was deleted can"
    )


def _reopened(
    fill: Callable[[T], Acknowledged],
    verify: Callable[[T, Acknowledged], None],
    reopen: Reopen[T] | None,
    make: Callable[[], T],
) -> None:
    if reopen is None:
        raise NotOffered(_NO_REOPEN)
    store = make()
    told = fill(store)
    verify(reopen(store), told)


def _killed(
    fill: Callable[[T], Acknowledged],
    verify: Callable[[T, Acknowledged], None],
    reopen: Reopen[T] | None,
    make: Callable[[], T],
) -> None:
    """A child process opens the same place, writes, says so, and is killed before it can close anything."""
    if reopen is None:
        raise NotOffered(_NO_REOPEN)
    if not hasattr(os, "fork"):
        raise NotOffered("this system cannot fork a process that opens the same place, to be killed")
    again, store = reopen, make()
    told = _told_by_child(lambda: fill(again(store)))
    verify(again(store), told)


def _told_by_child(work: Callable[[], Acknowledged]) -> Acknowledged:
    """Return what `work` returns in a forked process, which SIGKILL ends right after."""
    end, start = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of forking beside threads: the child ends by SIGKILL
        pid = os.fork()
    if pid == 0:
        _work_and_die(work, start)
    os.close(start)
    with _buried(pid), os.fdopen(end, "rb") as pipe:
        expect(select.select([pipe], [], [], _SECONDS)[0], f"a child process did not finish within {_SECONDS:g} s")
        said = json.loads(pipe.read() or b'{"failed": "it ended without a word"}')
    expect("failed" not in said, f"writing in a child process, after reopen=, failed: {said.get('failed')}")
    return said["told"]


def _work_and_die(work: Callable[[], Acknowledged], pipe: int) -> None:
    try:
        said = {"told": work()}
    except Exception as problem:  # noqa: BLE001 - whatever it is, the parent must hear of it: nobody else can
        said = {"failed": repr(problem)}
    try:
        os.write(pipe, json.dumps(said).encode())
    finally:
        os.kill(os.getpid(), signal.SIGKILL)


@contextmanager
def _buried(pid: int) -> Iterator[None]:
    """Leave no child behind."""
    try:
        yield
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
