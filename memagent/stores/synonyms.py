"""Synonyms: pairs of phrases of one user whose vectors are near. A projection, kept because comparing all is quadratic.

Comparing is done for new phrases only. Every phrase has a number that only grows, so one number a user says how far it
has come: all pairs among the phrases up to it are kept. Phrases stand in the table by a digest of their key, since two
sessions may each have the phrase; a pair goes when the last item of either phrase goes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from memagent.stores.base import Database, Row, Writer
from memagent.stores.items import pages
from memagent.stores.projections import Projections, Rids
from memagent.stores.scoping import columns, marks
from memagent.types import Scope


def mark(phrase: str) -> int:
    """Return the digest that a phrase has in the table: 63 bits."""
    return int.from_bytes(blake2b(phrase.encode(), digest_size=8).digest(), "big") >> 1


class Synonyms:
    """The synonyms of one database.

    Args:
        database: where they are kept.
        indexes: the vectors of its phrases.
        least: the cosine from which two phrases are synonyms.
    """

    def __init__(self, database: Database, indexes: Projections, least: float) -> None:
        self._database = database
        self._indexes = indexes
        self._least = least

    def kept(self, scope: Scope) -> tuple[int, NDArray[np.int64], NDArray[np.float32]]:
        """Return up to which number the phrases of the user were compared, the pairs (m, 2) as marks, the cosines (m,).

        Read from one state of the database.
        """
        user = columns(scope)[0]
        rows = self._database.read(
            """SELECT upto, a, b, cosine FROM synonym_marks LEFT JOIN synonyms ON synonyms.user = synonym_marks.user
               WHERE synonym_marks.user = ?""",
            [user],
        )
        pairs = [(row["a"], row["b"]) for row in rows if row["a"] is not None]
        cosines = np.array([row["cosine"] for row in rows if row["a"] is not None], dtype=np.float32)
        return (rows[0]["upto"] if rows else 0), np.array(pairs, dtype=np.int64).reshape(-1, 2), cosines

    def of(self, scope: Scope, rids: Rids) -> tuple[Rids, Rids, NDArray[np.float32]]:
        """Return pairs (m,), by rid, of one of these phrases (n,) and any that the scope sees, and the cosines (m,)."""
        return self._indexes.pairs(scope, "phrase", rids, self._least)

    def catch_up(self, scope: Scope, check: Callable[[Writer], None]) -> int:
        """Compare the phrases of the user that are new, keep the pairs, and return how many there are.

        `check` is asked in the transaction that writes whether the vectors are still those that were compared.
        """
        user = columns(scope)[0]
        before = self._upto(self._database, user)
        new = self._database.read(
            "SELECT rid FROM items WHERE kind = 'phrase' AND user = ? AND rid > ?", [user, before]
        )
        if not new:
            return 0
        rids = np.array(sorted(row["rid"] for row in new), dtype=np.int64)
        first, second, cosines = self.of(Scope(user=scope.user), rids)
        within = second <= rids[-1]  # what came meanwhile is compared next time, with all of these
        first, second, cosines = first[within], second[within], cosines[within]
        with self._database.write() as writer:
            check(writer)
            if self._upto(writer, user) != before:
                return 0  # another process has done the same
            pairs = _named(writer, user, np.stack([first, second], axis=1), cosines)
            writer.executemany(
                """INSERT INTO synonyms (user, a, b, cosine) SELECT ?, ?, ?, ?
                   WHERE NOT EXISTS (SELECT 1 FROM synonyms WHERE user = ? AND a = ? AND b = ?)""",
                ([user, *pair, cosine, user, *pair] for pair, cosine in pairs.items()),
            )
            writer.execute("DELETE FROM synonym_marks WHERE user = ?", [user])
            writer.execute("INSERT INTO synonym_marks (user, upto) VALUES (?, ?)", [user, int(rids[-1])])
        return len(pairs)

    def _upto(self, reader: Database | Writer, user: str) -> int:
        rows = reader.read("SELECT upto FROM synonym_marks WHERE user = ?", [user])
        return rows[0]["upto"] if rows else 0


def drop_all(writer: Writer) -> None:
    """Forget all synonyms: the vectors have changed."""
    writer.execute("DELETE FROM synonyms")
    writer.execute("DELETE FROM synonym_marks")


def drop_gone(writer: Writer, phrases: Sequence[Row]) -> int:
    """Drop the pairs of phrases whose items (rows with user and id) have just gone, unless another session has them."""
    count = 0
    for user in dict.fromkeys(row["user"] for row in phrases):
        names = list(dict.fromkeys(row["id"] for row in phrases if row["user"] == user))
        left: set[str] = set()
        for some in pages(names):
            sql = f"SELECT DISTINCT id FROM items WHERE kind = 'phrase' AND user = ? AND id IN ({marks(some)})"
            left.update(row["id"] for row in writer.read(sql, [user, *some]))
        for some in pages([mark(name) for name in names if name not in left]):
            for column in ("a", "b"):
                count += writer.execute(
                    f"DELETE FROM synonyms WHERE user = ? AND {column} IN ({marks(some)})", [user, *some]
                )
    return count


def _named(writer: Writer, user: str, pairs: Rids, cosines: NDArray[np.float32]) -> dict[tuple[int, int], float]:
    """Pairs (m, 2) of rids as marks, each once, with their cosines; without phrases that have gone meanwhile."""
    names: dict[int, str] = {}
    for some in pages(np.unique(pairs).tolist()):
        sql = f"SELECT rid, id FROM items WHERE user = ? AND rid IN ({marks(some)})"
        names.update((row["rid"], row["id"]) for row in writer.read(sql, [user, *some]))
    found: dict[tuple[int, int], float] = {}
    for (a, b), cosine in zip(pairs.tolist(), cosines.tolist(), strict=True):
        if a in names and b in names and names[a] != names[b]:
            one, other = sorted((names[a], names[b]))
            found[mark(one), mark(other)] = cosine
    return found
