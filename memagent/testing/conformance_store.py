"""Checks that a store of passages keeps the contract of `VectorStore`. Each runs over a fresh, empty store."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import numpy as np
from numpy.typing import NDArray

from memagent.errors import Conflict, NotFound, UsageProblem
from memagent.stores.base import Match, Vectors, VectorStore
from memagent.testing.conformance_durable import shelf_durable
from memagent.testing.conformance_many import shelf_checks
from memagent.testing.report import AGENT, ALICE, BOB, ONE, PASSAGES, TWO, Check, Report, expect, raises, run_checks
from memagent.testing.shelves import passages_of
from memagent.types import Note, Passage, Scope

_WORDS = "lighthouse bread train"  # one of each passage
_LONG_AGO = datetime(2020, 5, 1, 14, tzinfo=UTC)
_SOURCES = ("a.md", "a.md", "b.md")


def check_store(
    make: Callable[[], VectorStore], dim: int = 8, *, reopen: Callable[[VectorStore], VectorStore] | None = None
) -> Report:
    """Check the contract of `VectorStore`, each time over a fresh database.

    Args:
        make: makes a store over a fresh, empty database.
        dim: the length of the vectors.
        reopen: closes a store and opens the same place again, also in a forked process; without it, what is kept after
            a restart or a crash is not checked, and the report says so.
    """
    checks = [
        _store_add_and_get,
        _store_round_trip,
        _store_same_note_once,
        _store_ids,
        _store_users,
        _store_sessions_and_agents,
        _store_changes_in_scope,
        _store_sources,
        _store_replace_sources,
        _store_replace_ids,
        _store_nearest,
        _store_match,
        _store_as_of,
        _store_replace,
        _store_retire,
        _store_restore,
        _store_delete,
        _store_delete_source,
    ]
    named: list[tuple[str, Check[VectorStore]]] = [(check.__name__, _with_vectors(check, dim)) for check in checks]
    shelf = passages_of(dim)
    return run_checks([*named, *shelf_checks("store", shelf), *shelf_durable("store", shelf, reopen)], make)


def _with_vectors(
    check: Callable[[VectorStore, Vectors], None], dim: int
) -> Callable[[Callable[[], VectorStore]], None]:
    def ready(make: Callable[[], VectorStore]) -> None:
        check(make(), np.eye(len(PASSAGES), dim, dtype=np.float32))

    return ready


def _store_add_and_get(store: VectorStore, vectors: Vectors) -> None:
    ids = store.add(ALICE, PASSAGES, vectors)
    expect(sorted(store.known(ALICE, PASSAGES)) == list(range(len(PASSAGES))), "known() misses a note that was kept")
    expect(len(set(ids)) == len(PASSAGES), f"{len(PASSAGES)} notes got the ids {ids}")
    back = store.get(ALICE, ids[::-1])
    expect([passage.text for passage in back] == [note.text for note in PASSAGES][::-1], "get changed texts or order")
    expect([passage.id for passage in store.passages(ALICE)] == ids, "passages() is not in the order of adding")
    expect(store.count(ALICE) == len(PASSAGES), "count() is not the number of passages")


def _store_round_trip(store: VectorStore, vectors: Vectors) -> None:
    given = [
        Note(
            "Line one.\n\tLine  two: “𝕏” \u0000 é e\u0301.",
            "A title",
            "a/b.md",
            at=_LONG_AGO,
            metadata={"n": [1, {"x": None}]},
        ),
        Note("No more than a text."),
    ]
    ids = store.add(ALICE, given, vectors[:2])
    searched = [store.nearest(ALICE, vector, 1)[0].passage for vector in vectors[:2]]
    for shown in (store.get(ALICE, ids), list(store.passages(ALICE)), searched):
        for note, id, passage in zip(given, ids, shown, strict=True):
            expect(passage.recorded_at.utcoffset() is not None, "recorded_at is not aware")
            wanted = Passage(
                id, note.text, note.title, note.source, ALICE, passage.recorded_at, at=note.at, metadata=note.metadata
            )
            expect(passage == wanted, f"{note} came back as {passage}")


def _store_ids(store: VectorStore, vectors: Vectors) -> None:
    given, other = replace(PASSAGES[0], id="mine"), replace(PASSAGES[1], id="mine")
    expect(store.add(ALICE, [given], vectors[:1]) == ["mine"], "an explicit id was not kept")
    expect(store.add(ALICE, [given], vectors[:1]) == ["mine"], "adding an explicit id again is an error")
    taken = partial(store.add, ALICE, [PASSAGES[2], other], vectors[[2, 1]])
    raises(Conflict, taken, "add() where an id is taken by another text")
    expect(store.get(ALICE, ["mine"])[0].text == given.text, "an id that was taken got another text")
    expect(store.count(ALICE) == 1, "a conflict left a part of what was added")
    store.retire(ALICE, ["mine"])
    raises(Conflict, taken, "add() where an id is taken by a retired passage")
    expect(store.restore(ALICE, ["mine"]) == 1, "a conflict took a retired passage")
    expect(store.add(BOB, [other], vectors[1:2]) == ["mine"], "an id is taken by another user")
    left = [passage.text for passage in store.passages(ALICE)]
    expect(left == [given.text], f"after restore(), and another user's passage of the same id, there is {left}")


def _store_same_note_once(store: VectorStore, vectors: Vectors) -> None:
    first = store.add(ALICE, PASSAGES[:1], vectors[:1])
    expect(store.add(ALICE, PASSAGES[:1], vectors[:1]) == first, "the same note got another id")
    expect(store.count(ALICE) == 1, "the same note was kept twice")


def _store_users(store: VectorStore, vectors: Vectors) -> None:
    ids = store.add(ALICE, PASSAGES, vectors)
    expect(store.count(BOB) == 0 and not list(store.passages(BOB)), "one user sees the passages of another")
    expect(not store.known(BOB, PASSAGES), "known() crosses scopes")
    expect(not store.nearest(BOB, vectors[0], 3), "nearest() crosses scopes")
    expect(not store.match(BOB, "lighthouse", 3), "match() crosses scopes")
    _missing(store, BOB, ids[:1])


def _store_sessions_and_agents(store: VectorStore, vectors: Vectors) -> None:
    """Each of three passages is in a part of its own; its part sees it alone, and the user sees all."""
    parts = [ONE, TWO, AGENT]
    added = _spread(store, vectors)
    for place, scope in enumerate(parts):
        own = [added[place]]
        what = "a session" if scope.session else "an agent"
        expect([passage.id for passage in store.passages(scope)] == own, f"passages() leaves {what}")
        expect(store.count(scope) == 1, f"count() leaves {what}")
        expect(store.sources(scope) == [f"{place}.md"], f"sources() leaves {what}")
        expect(_ids(store.nearest(scope, vectors[place], 3)) == own, f"nearest() leaves {what}")
        expect(_ids(store.match(scope, _WORDS, 3)) == own, f"match() leaves {what}")
        _missing(store, scope, [added[place - 1]])
    whole = Scope(user=ONE.user)
    expect(store.count(whole) == len(parts), "a user does not see all sessions and agents in count()")
    expect(len(store.nearest(whole, vectors[0], 3)) == len(parts), "a user does not see all of them in nearest()")
    expect(len(store.match(whole, _WORDS, 3)) == len(parts), "a user does not see all of them in match()")


def _store_changes_in_scope(store: VectorStore, vectors: Vectors) -> None:
    added = _spread(store, vectors)
    expect(store.retire(ONE, added[1:]) == 0, "a session retired a passage of another")
    store.retire(TWO, added[1:2])
    expect(store.restore(ONE, added[1:2]) == 0, "a session restored a passage of another")
    expect(store.restore(TWO, added[1:2]) == 1, "restore() did not bring it back")
    expect(store.delete(ONE, added[1:]) == 0, "a session deleted a passage of another")
    expect(store.delete(BOB, added, source="0.md") == 0, "one user deleted the passages of another")
    expect(store.delete(AGENT, source="0.md") == 0, "an agent deleted a source of a session")
    raises(NotFound, lambda: store.replace(TWO, added[0], "Gone.", vectors[0]), "replace() of another session's id")
    expect(store.count(Scope(user=ONE.user)) == len(added), "a change in one scope reached another")


def _store_sources(store: VectorStore, vectors: Vectors) -> None:
    notes = [replace(PASSAGES[0], source="b.md"), replace(PASSAGES[1], source="a.md"), PASSAGES[2]]
    ids = store.add(ALICE, notes, vectors)
    expect(store.sources(ALICE) == ["a.md", "b.md"], f"sources() gave {store.sources(ALICE)} for a.md and b.md")
    expect([passage.id for passage in store.passages(ALICE, source="b.md")] == ids[:1], "passages(source=) is wrong")
    expect([passage.source for passage in store.get(ALICE, ids)] == ["b.md", "a.md", ""], "a source was changed")
    expect(not list(store.passages(ALICE, source="c.md")), "passages(source=) found some of an unknown source")
    store.retire(ALICE, ids[:1])
    expect(store.sources(ALICE) == ["a.md"], "sources() names that of a retired passage")


def _store_replace_sources(store: VectorStore, vectors: Vectors) -> None:
    old, kept, other = [replace(note, source=source) for note, source in zip(PASSAGES, _SOURCES, strict=True)]
    ids = store.add(ALICE, [old, kept, other], vectors)
    elsewhere = store.add(BOB, [old], vectors[:1])
    again = store.add(ALICE, [kept], vectors[1:2], replace_sources=True)
    expect(again == ids[1:2], "replace_sources gave a note that was here another id")
    left = [passage.id for passage in store.passages(ALICE)]
    expect(ids[0] not in left, "replace_sources left a passage that its source no longer has")
    expect(left == ids[1:], "replace_sources deleted more than the sources that the notes name")
    expect(not store.match(ALICE, "lighthouse", 3), "replace_sources left the words of a passage")
    expect([one.id for one in store.passages(BOB)] == elsewhere, "replace_sources reached another user")


def _store_replace_ids(store: VectorStore, vectors: Vectors) -> None:
    old = replace(PASSAGES[0], id="mine", source="a.md", at=_LONG_AGO, metadata={"page": 1})
    for scope in (ALICE, ONE):
        store.add(scope, [old], vectors[:1])
    _put(store, ALICE, replace(old, title="Cat", source="b.md", at=None, metadata={"page": 2}), vectors[1])
    [passage] = store.passages(ALICE)
    told = (passage.id, passage.text, passage.title, passage.source, passage.at, passage.metadata)
    expect(
        told == ("mine", old.text, "Cat", "b.md", _LONG_AGO, {"page": 2}), f"replace_ids made of the same text {told}"
    )
    expect(store.sources(ALICE) == ["b.md"], f"replace_ids left the sources {store.sources(ALICE)}")
    expect(store.nearest(ALICE, vectors[1], 1)[0].score > 0.99, "replace_ids kept the old vector")
    _put(store, ALICE, Note(PASSAGES[1].text, id="mine"), vectors[2])
    expect(store.get(ALICE, ["mine"])[0].text == PASSAGES[1].text, "replace_ids kept the old text")
    expect(not store.match(ALICE, "lighthouse", 3), "replace_ids kept the old words")
    expect(_ids(store.match(ALICE, "bread", 3)) == ["mine"], "replace_ids did not keep the new words")
    store.retire(ALICE, ["mine"])
    _put(store, ALICE, replace(old, metadata={"page": 3}), vectors[0])
    expect(store.get(ALICE, ["mine"])[0].metadata == {"page": 3}, "replace_ids did not take the place of a retired one")
    _put(store, Scope(user=ONE.user), Note(PASSAGES[2].text, id="mine"), vectors[2])
    expect(store.get(ONE, ["mine"])[0].text == old.text, "replace_ids of a user took the place of what a session has")
    expect(store.count(ONE) == store.count(ALICE) == 1, "replace_ids left two of one id")
    both = [Note("First.", id="two"), Note("Last.", id="two")]
    expect(store.add(BOB, both, vectors[:2], replace_ids=True) == ["two"] * 2, "replace_ids changed an id")
    expect([one.text for one in store.passages(BOB)] == ["Last."], "of two notes of one id the last does not count")
    wrong = [Note("Better.", id="two"), Note("No JSON.", metadata={"at": object()})]
    raises(UsageProblem, lambda: store.add(BOB, wrong, vectors[:2], replace_ids=True), "metadata that is no JSON")
    expect(store.get(BOB, ["two"])[0].text == "Last.", "an add() that failed replaced something")


def _put(store: VectorStore, scope: Scope, note: Note, vector: NDArray[np.float32]) -> None:
    try:
        told = store.add(scope, [note], vector[None], replace_ids=True)
    except Conflict as problem:
        raise AssertionError(f"replace_ids did not take the place of what has the id: {problem}") from problem
    expect(told == [note.id], f"replace_ids gave the id {told} and not {note.id!r}")


def _store_nearest(store: VectorStore, vectors: Vectors) -> None:
    ids = store.add(ALICE, PASSAGES, vectors)
    found = store.nearest(ALICE, vectors[1], 2)
    expect(found[0].passage.id == ids[1] and abs(found[0].score - 1.0) < 1e-3, f"the same vector found {found}")
    expect(len(found) == 2 and found[0].score >= found[1].score, "nearest() is not best first, or not up to k")


def _store_match(store: VectorStore, vectors: Vectors) -> None:
    ids = store.add(ALICE, PASSAGES, vectors)
    found = store.match(ALICE, 'Vienna? "night" OR (train', 3)
    expect(_ids(found)[:1] == ids[2:3], f"the words of a passage found {found}")
    expect(not store.match(ALICE, "", 3), "no words found something")


def _store_as_of(store: VectorStore, vectors: Vectors) -> None:
    """Of three passages one happened long ago, one is told now, and one is to come."""
    now = datetime.now(UTC)
    past, ahead = now - timedelta(days=900), now + timedelta(days=900)
    old, told, coming = replace(PASSAGES[0], at=past), PASSAGES[1], replace(PASSAGES[2], at=ahead)
    ids = store.add(ALICE, [coming, told, old], vectors[::-1])[::-1]
    elsewhere = store.add(BOB, [old], vectors[:1])
    for at, count in ((past - timedelta(days=1), 0), (past, 1), (datetime.now(UTC), 2), (ahead, 3)):
        near, words = store.nearest(ALICE, vectors[2], 3, as_of=at), store.match(ALICE, _WORDS, 3, as_of=at)
        for verb, found in (("nearest", near), ("match", words)):
            expect(sorted(_ids(found)) == sorted(ids[:count]), f"{verb}(as_of={at}) found {found}")
    expect(_ids(store.nearest(ALICE, vectors[2], 1, as_of=past)) == ids[:1], "nearest(as_of=) cuts after the best k")
    expect(_ids(store.match(BOB, _WORDS, 3, as_of=past)) == elsewhere, "match(as_of=) crosses scopes")
    whole = len(store.nearest(ALICE, vectors[0], 3)), len(store.match(ALICE, _WORDS, 3))
    expect(whole == (3, 3), "without as_of=, not all was found")
    naive = datetime(2020, 1, 1)
    raises(UsageProblem, lambda: store.nearest(ALICE, vectors[0], 3, as_of=naive), "nearest() as of no time zone")
    raises(UsageProblem, lambda: store.match(ALICE, _WORDS, 3, as_of=naive), "match() as of no time zone")


def _store_replace(store: VectorStore, vectors: Vectors) -> None:
    first = replace(PASSAGES[0], source="a.md", at=_LONG_AGO, metadata={"page": 3})
    ids = store.add(ALICE, [first, PASSAGES[1]], vectors[:2])
    store.replace(ALICE, ids[0], "A violin stands in the corner.", vectors[2])
    changed = store.get(ALICE, ids[:1])[0]
    expect(changed.text == "A violin stands in the corner.", "replace() kept the old text")
    for name in ("title", "source", "at", "metadata"):
        kept, wanted = getattr(changed, name), getattr(first, name)
        expect(kept == wanted, f"replace() made the {name} {kept!r}, which was {wanted!r}")
    expect(store.get(ALICE, ids[1:])[0].text == PASSAGES[1].text, "replace() changed another passage")
    raises(NotFound, lambda: store.replace(ALICE, "unknown", "No.", vectors[0]), "replace() of an unknown id")
    expect(_ids(store.nearest(ALICE, vectors[2], 1)) == ids[:1], "replace() kept the old vector")
    expect(not store.match(ALICE, "lighthouse", 3), "replace() kept the old words")


def _store_retire(store: VectorStore, vectors: Vectors) -> None:
    ids = store.add(ALICE, PASSAGES, vectors)
    expect(store.retire(BOB, ids) == 0, "one user retired the passages of another")
    expect(store.retire(ALICE, ids[:1]) == 1 and store.count(ALICE) == 2, "retire() did not hide one passage")
    expect(ids[0] not in _ids(store.nearest(ALICE, vectors[0], 3)), "nearest() finds a retired passage")
    expect(ids[0] not in _ids(store.match(ALICE, "lighthouse", 3)), "match() finds a retired passage")
    expect(ids[0] not in [passage.id for passage in store.passages(ALICE)], "passages() has a retired passage")
    _missing(store, ALICE, ids[:1])
    expect(store.retire(ALICE, ids[:1]) == 0, "retire() counted a passage that was retired already")


def _store_restore(store: VectorStore, vectors: Vectors) -> None:
    ids = store.add(ALICE, PASSAGES, vectors)
    expect(store.restore(ALICE, ids) == 0, "restore() counted passages that were not retired")
    store.retire(ALICE, ids[:1])
    expect(store.restore(ALICE, ids[:1]) == 1 and store.count(ALICE) == 3, "restore() did not bring it back")
    expect(store.get(ALICE, ids[:1])[0].text == PASSAGES[0].text, "restore() changed the text")
    expect(_ids(store.nearest(ALICE, vectors[0], 1)) == ids[:1], "nearest() misses a restored passage")
    expect(_ids(store.match(ALICE, "lighthouse", 1)) == ids[:1], "match() misses a restored passage")
    store.retire(ALICE, ids[:1])
    store.add(ALICE, PASSAGES[:1], vectors[:1])
    expect(store.count(ALICE) == 3, "adding a retired note again did not bring it back")


def _store_delete(store: VectorStore, vectors: Vectors) -> None:
    ids = store.add(ALICE, PASSAGES, vectors)
    store.retire(ALICE, ids[1:2])
    expect(store.delete(ALICE, [*ids[:2], "unknown"]) == 2, "delete() did not count two passages, one of them retired")
    _gone(store, vectors, ids[0])
    expect(store.restore(ALICE, ids[:2]) == 0 and store.count(ALICE) == 1, "restore() brought a deleted passage back")
    expect(store.delete(ALICE, ids[:1]) == 0, "delete() counted a passage that was deleted already")


def _store_delete_source(store: VectorStore, vectors: Vectors) -> None:
    notes = [replace(note, source=source) for note, source in zip(PASSAGES, _SOURCES, strict=True)]
    ids = store.add(ALICE, notes, vectors)
    store.retire(ALICE, ids[1:2])
    expect(store.delete(ALICE, source="a.md") == 2, "delete(source=) did not count two passages, one of them retired")
    _gone(store, vectors, ids[0])
    expect(store.restore(ALICE, ids[1:2]) == 0, "delete(source=) left a retired passage")
    expect([one.id for one in store.passages(ALICE)] == ids[2:], "delete(source=) deleted another source")
    store.add(ALICE, PASSAGES[:1], vectors[:1])
    raises(UsageProblem, lambda: store.delete(ALICE, source=""), "delete(source='')")
    expect(store.count(ALICE) == 2, "delete(source='') deleted what has no source")


def _gone(store: VectorStore, vectors: Vectors, id: str) -> None:
    """Check that the first passage of alice is in no read any more."""
    _missing(store, ALICE, [id])
    expect(id not in [passage.id for passage in store.passages(ALICE)], "delete() left a passage in passages()")
    expect(id not in _ids(store.nearest(ALICE, vectors[0], 3)), "delete() left a vector")
    expect(not store.match(ALICE, "lighthouse", 3), "delete() left the words of a passage")
    expect(not store.known(ALICE, PASSAGES[:1]), "delete() left a passage in known()")


def _spread(store: VectorStore, vectors: Vectors) -> list[str]:
    """Add one passage, with a source, in each of two sessions and one agent; return their ids."""
    added = []
    for place, (scope, note) in enumerate(zip((ONE, TWO, AGENT), PASSAGES, strict=True)):
        added += store.add(scope, [replace(note, source=f"{place}.md")], vectors[place : place + 1])
    return added


def _ids(matches: Sequence[Match]) -> list[str]:
    return [match.passage.id for match in matches]


def _missing(store: VectorStore, scope: Scope, ids: list[str]) -> None:
    try:
        store.get(scope, ids)
    except NotFound:
        return
    raise AssertionError("get() must raise NotFound for an id that this scope cannot see")
