"""Work on one conversation that is done by one at a time, in whichever process or thread.

Who begins says so in the file, with a time from which on it counts no more; who comes later waits. A process that ended
without taking that back is known by its number where that can be looked up on this machine, and is not waited for.
"""

from __future__ import annotations

import json
import os
import socket
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from memagent.stores import meta
from memagent.stores.base import Database, Writer
from memagent.stores.scoping import columns
from memagent.types import Scope

PREFIX = "at work on "
"""How the keys begin by which a file says that somebody works on a conversation."""

HOLDS = timedelta(minutes=30)
"""So long it is believed that somebody who did not say that they ended is still at it."""

_PAUSE = 0.1  # seconds between two looks
_own: set[str] = set()  # what this process works on


@contextmanager
def alone(database: Database, scope: Scope) -> Iterator[None]:
    """Wait until nobody else works on a conversation, and keep others from it meanwhile."""
    key = PREFIX + json.dumps(columns(scope), ensure_ascii=False)
    own = json.dumps({"who": uuid.uuid4().hex, "host": socket.gethostname(), "pid": os.getpid(), "since": time.time()})
    _own.add(own)
    try:
        while not _begun(database, key, own):
            time.sleep(_PAUSE)
        yield
    finally:
        _own.discard(own)
        with database.write() as writer:
            if meta.get(writer, key) == own:
                meta.drop(writer, key)


def _begun(database: Database, key: str, own: str) -> bool:
    if (held := meta.get(database, key)) is not None and _at_it(held):
        return False
    with database.write() as writer:
        return _taken(writer, key, own)


def _taken(writer: Writer, key: str, own: str) -> bool:
    held = meta.get(writer, key)
    if held is not None and _at_it(held):
        return False
    meta.put(writer, key, own)
    return True


def _at_it(held: str) -> bool:
    """Whether who said so is still at it, as far as can be told."""
    who = json.loads(held)
    if time.time() - who["since"] > HOLDS.total_seconds():
        return False
    if who["host"] != socket.gethostname():
        return True
    return held in _own if who["pid"] == os.getpid() else _runs(int(who["pid"]))


def _runs(pid: int) -> bool:
    """Whether there is a process of this number; where that cannot be asked without harm, it is believed."""
    if os.name != "posix":
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
