"""What was purged stays so: how far a tombstone reaches, and that nothing can be read from it."""

from __future__ import annotations

import pytest

from memagent.stores import tombstones
from memagent.stores.database import SQLiteDatabase
from memagent.types import Scope

USER, BOB = Scope(user="al"), Scope(user="alice")
ONE, TWO = Scope(user="al", session="one"), Scope(user="al", session="two")
AGENT, BOTH = Scope(user="al", agent="a"), Scope(user="al", session="one", agent="a")
SAID = ("a.md", "fact:1")


@pytest.mark.parametrize(
    ("purged", "reached"),
    [
        (USER, {USER, ONE, TWO, AGENT, BOTH}),
        (ONE, {USER, ONE, AGENT, BOTH}),
        (AGENT, {USER, ONE, TWO, AGENT, BOTH}),
        (BOTH, {USER, ONE, AGENT, BOTH}),
    ],
    ids=["user", "session", "agent", "both"],
)
def test_a_tombstone_holds_where_what_was_purged_could_be_seen(database, purged, reached):
    with database.write() as writer:
        tombstones.bury(writer, purged, [SAID, SAID])
        for scope in (USER, BOB, ONE, TWO, AGENT, BOTH):
            expected = {SAID} if scope in reached else set()
            assert tombstones.buried(writer, scope, [SAID, ("b.md", SAID[1]), (SAID[0], "fact:2")]) == expected


def test_it_is_lifted_where_it_holds_and_by_nobody_else(database):
    with database.write() as writer:
        tombstones.bury(writer, ONE, [SAID])
        for other in (BOB, TWO, Scope(user="al", session="two", agent="a")):
            tombstones.unbury(writer, other, [SAID])
        assert tombstones.buried(writer, ONE, [SAID]) == {SAID}
        tombstones.unbury(writer, USER, [SAID])
        assert tombstones.buried(writer, ONE, [SAID]) == set()


def test_nothing_can_be_read_from_it(tmp_path):
    digests = []
    for name in ("a.db", "b.db"):
        opened = SQLiteDatabase(tmp_path / name)
        with opened.write() as writer:
            assert tombstones.buried(writer, USER, [SAID]) == set()
            assert not writer.read("SELECT 1 FROM meta WHERE key = 'salt'"), "only the first burial makes a key"
            tombstones.bury(writer, USER, [SAID])
            tombstones.bury(writer, USER, [("", "fact:1")])
            digests += [row["digest"] for row in writer.read("SELECT digest FROM purged")]
        opened.close()
    assert len(set(digests)) == 4, "each file has a key of its own"
    assert all(len(one) == 32 and set(one) <= set("0123456789abcdef") for one in digests)
