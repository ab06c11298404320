"""What was purged and is not to be learnt again: keyed digests, from which nothing of it can be read back.

A tombstone names a user, who said a fact and which fact. It holds for all sessions and agents of the user: who purges a
fact in one conversation does not want it back from another.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from hashlib import blake2b

from memagent.stores.base import Writer
from memagent.stores.items import pages
from memagent.stores.scoping import columns, marks
from memagent.types import Scope

Said = tuple[str, str]
"""Who says it (a source, or the id of a passage that has none), and the id of the fact."""


def bury(writer: Writer, scope: Scope, said: Iterable[Said]) -> None:
    """Keep what was said from being learnt again from the same source by this user."""
    salt, user = _salt(writer, make=True), columns(scope)[0]
    rows = [(user, "", "", _digest(salt, one)) for one in said]
    writer.executemany("INSERT OR IGNORE INTO purged (user, session, agent, digest) VALUES (?, ?, ?, ?)", rows)


def buried(writer: Writer, scope: Scope, said: Sequence[Said]) -> set[Said]:
    """Return what of this was purged by this user."""
    salt = _salt(writer)
    if not salt:
        return set()
    by_digest = {_digest(salt, one): one for one in said}
    found: set[Said] = set()
    for some in pages(list(by_digest)):
        sql = f"SELECT digest FROM purged WHERE user = ? AND digest IN ({marks(some)})"
        found.update(by_digest[row["digest"]] for row in writer.read(sql, [columns(scope)[0], *some]))
    return found


def unbury(writer: Writer, scope: Scope, said: Iterable[Said]) -> None:
    """Let what was said be learnt again."""
    salt = _salt(writer)
    rows = [(columns(scope)[0], _digest(salt, one)) for one in said] if salt else []
    writer.executemany("DELETE FROM purged WHERE user = ? AND digest = ?", rows)


def _digest(salt: str, said: Said) -> str:
    who, fact = said
    return blake2b(f"{len(who)}:{who}{fact}".encode(), key=bytes.fromhex(salt), digest_size=16).hexdigest()


def _salt(writer: Writer, *, make: bool = False) -> str:
    """The key of this file's digests: without it nobody can try out which facts were purged."""
    rows = writer.read("SELECT value FROM meta WHERE key = 'salt'")
    if not rows and make:
        salt = secrets.token_hex(16)
        writer.execute("INSERT INTO meta (key, value) VALUES ('salt', ?)", [salt])
        return salt
    return str(rows[0]["value"]) if rows else ""
