"""What was purged and is not to be learnt again: keyed digests, from which nothing of it can be read back.

A tombstone names who said a fact, which fact, and the scope that purged it. It holds in every scope that sees some of
what that one saw: what a user purges as a whole is not learnt again in any session of theirs; what is purged in one
session is not learnt again there, nor by the user as a whole. Other sessions, which never saw it, learn nothing of it.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from hashlib import blake2b

from memagent.stores import meta
from memagent.stores.base import Writer
from memagent.stores.items import pages
from memagent.stores.scoping import columns, marks
from memagent.types import Scope

SALT = "salt"
"""Where a file keeps the key of its digests."""

Said = tuple[str, str]
"""Who says it, and the id of the fact."""


def who(source: str, passage: str | None) -> str:
    """Return who says what a line of evidence says: its source, or the id of its passage where that has none."""
    return source or passage or ""


def bury(writer: Writer, scope: Scope, said: Iterable[Said]) -> None:
    """Keep what was said from being learnt again from the same source."""
    salt, owner = _salt(writer, make=True), columns(scope)
    rows = [(*owner, _digest(salt, one)) for one in said]
    writer.executemany("INSERT OR IGNORE INTO purged (user, session, agent, digest) VALUES (?, ?, ?, ?)", rows)


def buried(writer: Writer, scope: Scope, said: Sequence[Said]) -> set[Said]:
    """Return what of this is not to be learnt in this scope."""
    salt = _salt(writer)
    if not salt:
        return set()
    condition, params = _reaching(scope)
    by_digest = {_digest(salt, one): one for one in said}
    found: set[Said] = set()
    for some in pages(list(by_digest)):
        sql = f"SELECT digest FROM purged WHERE {condition} AND digest IN ({marks(some)})"
        found.update(by_digest[row["digest"]] for row in writer.read(sql, [*params, *some]))
    return found


def unbury(writer: Writer, scope: Scope, said: Iterable[Said]) -> None:
    """Let what was said be learnt again, here and wherever the same tombstone held."""
    salt = _salt(writer)
    condition, params = _reaching(scope)
    rows = [(*params, _digest(salt, one)) for one in said] if salt else []
    writer.executemany(f"DELETE FROM purged WHERE {condition} AND digest = ?", rows)


def _reaching(scope: Scope) -> tuple[str, list[str]]:
    """A condition, and its parameters, that holds for the tombstones of every scope that overlaps with this one."""
    user, session, agent = columns(scope)
    narrower = [(name, value) for name, value in (("session", session), ("agent", agent)) if value]
    condition = " AND ".join(["user = ?", *(f"{name} IN ('', ?)" for name, _ in narrower)])
    return condition, [user, *(value for _, value in narrower)]


def _digest(salt: str, said: Said) -> str:
    who, fact = said
    return blake2b(f"{len(who)}:{who}{fact}".encode(), key=bytes.fromhex(salt), digest_size=16).hexdigest()


def _salt(writer: Writer, *, make: bool = False) -> str:
    """The key of this file's digests: without it nobody can try out which facts were purged."""
    salt = meta.get(writer, SALT)
    if salt is None and make:
        salt = secrets.token_hex(16)
        meta.put(writer, SALT, salt)
    return salt or ""
