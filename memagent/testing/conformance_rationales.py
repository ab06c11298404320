"""Checks that a store of rationales keeps the contract of `RationaleStore`. Each runs over a fresh, empty store."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from memagent.errors import Conflict, NotFound, UsageProblem
from memagent.stores.base import RationaleMatch, RationaleStore, Vectors
from memagent.testing.conformance_durable import shelf_durable
from memagent.testing.conformance_many import shelf_checks
from memagent.testing.report import AGENT, ALICE, BOB, ONE, TWO, Check, Report, expect, raises, run_checks
from memagent.testing.shelves import rationales_of
from memagent.types import REFUTED, Rationale, Scope

_AL = Scope(user="al")  # the beginning of another user's name
_DORA = Scope(user=ONE.user)
_MINE = (
    Rationale("How many legs have 3 spiders?", "A spider has 8 legs, and 3 * 8 = 24.", "24", "exact", "legs.md"),
    Rationale("What do 4 pears cost at 2 each?", "4 * 2 = 8.", "8", source="fruit.md", metadata={"level": 1}),
    Rationale("Which train is first?", "The one at seven leaves before the one at nine.", "at seven"),
)


def check_rationale_store(
    make: Callable[[], RationaleStore],
    dim: int = 8,
    *,
    reopen: Callable[[RationaleStore], RationaleStore] | None = None,
) -> Report:
    """Check the contract of `RationaleStore`, each time over a fresh database.

    Args:
        make: makes a store over a fresh, empty database.
        dim: the length of the vectors.
        reopen: as for `check_store`.
    """
    checks = [
        _rationales_round_trip,
        _rationales_refused,
        _rationales_same_once,
        _rationales_ids,
        _rationales_users,
        _rationales_sessions_and_agents,
        _rationales_shared,
        _rationales_shared_is_not_owned,
        _rationales_share_is_taken_back,
        _rationales_own_before_shared,
        _rationales_counts,
        _rationales_rejudged,
        _rationales_apart_from,
        _rationales_retire_and_restore,
        _rationales_delete,
    ]
    named: list[tuple[str, Check[RationaleStore]]] = [(check.__name__, _with_vectors(check, dim)) for check in checks]
    shelf = rationales_of(dim)
    return run_checks([*named, *shelf_checks("rationales", shelf), *shelf_durable("rationales", shelf, reopen)], make)


def _with_vectors(
    check: Callable[[RationaleStore, Vectors], None], dim: int
) -> Callable[[Callable[[], RationaleStore]], None]:
    def ready(make: Callable[[], RationaleStore]) -> None:
        check(make(), np.eye(len(_MINE), dim, dtype=np.float32))

    return ready


def _rationales_round_trip(store: RationaleStore, vectors: Vectors) -> None:
    ids = store.add(ALICE, _MINE, vectors)
    expect(len(set(ids)) == len(_MINE), f"{len(_MINE)} rationales got the ids {ids}")
    back = store.get(ALICE, ids[::-1])[::-1]
    for given, kept, id in zip(_MINE, back, ids, strict=True):
        expect(kept.recorded_at is not None and kept.recorded_at.utcoffset() is not None, "recorded_at is not aware")
        wanted = replace(given, id=id, scope=ALICE, recorded_at=kept.recorded_at)
        expect(kept == wanted, f"{given} came back as {kept}")
    expect([one.id for one in store.rationales(ALICE)] == ids, "rationales() is not in the order of adding")
    expect(store.count(ALICE) == len(ids), "count() is not the number of rationales")
    expect(_ids(store.nearest(ALICE, vectors[1], 1)) == ids[1:2], "the vector of a problem does not find it")
    for word in ("pears", "nine"):
        expect(len(store.match(ALICE, word, 3)) == 1, f"{word!r} of a problem or of its reasoning does not find it")
    expect(store.add(ALICE, [], vectors[:0]) == [], "adding nothing is an error")


def _rationales_refused(store: RationaleStore, vectors: Vectors) -> None:
    bad = [
        replace(_MINE[0], problem=" \n"),
        replace(_MINE[0], reasoning="", answer=" "),
        replace(_MINE[0], answer="\ud800"),
        replace(_MINE[0], metadata={"at": object()}),
    ]
    for one in bad:
        try:
            store.add(ALICE, [_MINE[1], one], vectors[:2])
        except UsageProblem:
            continue
        raise AssertionError(f"add() must refuse {one!r}")
    expect(store.count(ALICE) == 0, "add() kept one of several rationales, and refused another")


def _rationales_same_once(store: RationaleStore, vectors: Vectors) -> None:
    first = store.add(ALICE, _MINE[:1], vectors[:1])
    store.record(ALICE, first[0], success=True)
    again = store.add(ALICE, [replace(_MINE[0], successes=9)], vectors[:1])
    expect(again == first and store.count(ALICE) == 1, "the same rationale was kept twice")
    expect(store.get(ALICE, first)[0].successes == 1, "adding a rationale again changed its counts")
    other = store.add(ALICE, [replace(_MINE[0], answer="25")], vectors[:1])
    expect(other != first and store.count(ALICE) == 2, "another answer is another rationale")


def _rationales_ids(store: RationaleStore, vectors: Vectors) -> None:
    given = replace(_MINE[0], id="mine")
    expect(store.add(ALICE, [given], vectors[:1]) == ["mine"], "an explicit id was not kept")
    expect(store.add(ALICE, [given], vectors[:1]) == ["mine"], "adding an explicit id again is an error")
    try:
        store.add(ALICE, [_MINE[2], replace(_MINE[1], id="mine")], vectors[:2])
    except Conflict:
        expect(store.count(ALICE) == 1, "a conflict left a part of what was added")
        return
    raise AssertionError("add() must raise Conflict where an id is taken by another rationale")


def _rationales_users(store: RationaleStore, vectors: Vectors) -> None:
    ids = store.add(ALICE, _MINE, vectors)
    for other in (BOB, _AL):
        _sees(store, other, [], vectors)
        _changes_nothing(store, other, ids)
        _not_there(partial(store.record, other, ids[0], success=True), "record()")
        _not_there(partial(store.get, other, ids[:1]), "get()")
    _sees(store, ALICE, ids, vectors)
    store.add(BOB, _MINE[:1], vectors[:1])
    store.delete(BOB, ids[:1])
    _sees(store, ALICE, ids, vectors)


def _rationales_sessions_and_agents(store: RationaleStore, vectors: Vectors) -> None:
    """Each of three rationales is in a part of its own; its part sees it alone, and the user sees all."""
    ids: list[str] = []
    parts = (ONE, TWO, AGENT)
    for place, part in enumerate(parts):
        ids += store.add(part, _MINE[place : place + 1], vectors[place : place + 1])
    for place, part in enumerate(parts):
        _sees(store, part, ids[place : place + 1], vectors)
        _changes_nothing(store, part, ids[:place] + ids[place + 1 :])
    _sees(store, _DORA, ids, vectors)
    expect(store.retire(_DORA, ids[:1]) == 1, "a user cannot retire what one of its sessions wrote")


def _rationales_shared(store: RationaleStore, vectors: Vectors) -> None:
    mine = store.add(ALICE, [replace(_MINE[0], shared=True), _MINE[1]], vectors[:2])
    _sees(store, BOB, mine[:1], vectors)
    _sees(store, ALICE, mine, vectors)
    for seen in (store.get(BOB, mine[:1])[0], *store.rationales(BOB), store.nearest(BOB, vectors[0], 1)[0].rationale):
        expect(seen.scope == Scope() and seen.source == "", f"a shared rationale says who wrote it: {seen}")
        expect(seen.shared and seen.answer == _MINE[0].answer, f"a shared rationale is shown as {seen}")
    own = store.get(ALICE, mine[:1])[0]
    expect(own.scope == ALICE and own.source == _MINE[0].source, "a shared rationale lost its owner")


def _rationales_shared_is_not_owned(store: RationaleStore, vectors: Vectors) -> None:
    ids = store.add(ALICE, [replace(_MINE[0], shared=True)], vectors[:1])
    _changes_nothing(store, BOB, ids)
    _sees(store, BOB, ids, vectors)
    store.retire(ALICE, ids)
    _sees(store, BOB, [], vectors)
    expect(store.restore(BOB, ids) == 0, "a scope restored what another had retired")
    store.restore(ALICE, ids)
    _sees(store, BOB, ids, vectors)
    store.delete(ALICE, ids)
    _sees(store, BOB, [], vectors)


def _rationales_share_is_taken_back(store: RationaleStore, vectors: Vectors) -> None:
    ids = store.add(ALICE, _MINE[:1], vectors[:1])
    _sees(store, BOB, [], vectors)
    store.add(ALICE, [replace(_MINE[0], shared=True)], vectors[:1])
    _sees(store, BOB, ids, vectors)
    store.add(ALICE, _MINE[:1], vectors[:1])
    _sees(store, BOB, [], vectors)


def _rationales_own_before_shared(store: RationaleStore, vectors: Vectors) -> None:
    """Two scopes have the same one; each counts on its own, and nobody sees it twice."""
    shared = [replace(_MINE[0], shared=True)]
    ids = store.add(ALICE, shared, vectors[:1])
    expect(store.add(BOB, _MINE[:1], vectors[:1]) == ids, "the same content has another id in another scope")
    _sees(store, BOB, ids, vectors)
    store.record(BOB, ids[0], success=True)
    expect(store.get(BOB, ids)[0].scope == BOB, "a shared rationale hides one's own")
    expect((store.get(ALICE, ids)[0].successes, store.get(BOB, ids)[0].successes) == (0, 1), "record() hit another's")
    expect(store.delete(BOB, ids) == 1, "one's own was not deleted")
    _sees(store, BOB, ids, vectors)


def _rationales_counts(store: RationaleStore, vectors: Vectors) -> None:
    ids = store.add(ALICE, [replace(_MINE[0], shared=True), _MINE[1]], vectors[:2])
    for scope, success in ((ALICE, True), (BOB, True), (BOB, False)):
        store.record(scope, ids[0], success=success)
    counts = [(one.successes, one.failures) for one in store.get(ALICE, ids)]
    expect(counts == [(2, 1), (0, 0)], f"two successes and one failure are counted as {counts}")
    _not_there(partial(store.record, ALICE, "unknown", success=True), "record()")
    store.retire(ALICE, ids[:1])
    _not_there(partial(store.record, ALICE, ids[0], success=True), "record()")


def _rationales_rejudged(store: RationaleStore, vectors: Vectors) -> None:
    """A verdict that turns is that of every rationale of the problem and reasoning that the scope itself wrote."""
    mine = [replace(_MINE[0], shared=True), replace(_MINE[0], answer="25", source="b"), _MINE[1]]
    ids = store.add(ALICE, mine, vectors)
    store.record(ALICE, ids[0], success=True)
    wrong = replace(_MINE[0], problem=_MINE[0].problem.upper(), verified=f"{REFUTED} by hand", metadata={"why": "legs"})
    for other in (BOB, Scope(user="ALICE"), Scope(user="a%")):
        expect(store.rejudge(other, [wrong]) == [], f"rejudge() of {other} changed what another scope has shared")
    expect(store.rejudge(ALICE, [replace(wrong, reasoning="none")]) == [], "rejudge() changed another reasoning")
    expect(store.rejudge(ALICE, [wrong]) == ids[:2], "rejudge() did not change all that has problem and reasoning")
    said = [(one.verified, dict(one.metadata), one.answer, one.successes) for one in store.get(ALICE, ids)]
    wanted = [(wrong.verified, {"why": "legs"}, "24", 1), (wrong.verified, {"why": "legs"}, "25", 0)]
    expect(said[:2] == wanted, f"what was judged again is {said[:2]} and not {wanted}")
    expect(said[2][0] == _MINE[1].verified, "rejudge() changed another problem")
    expect(store.rejudge(ALICE, [wrong]) == [], "rejudge() changed what is judged so already")
    expect(store.rejudge(ALICE, [_MINE[0]]) == ids[:2], "rejudge() did not turn a verdict back")
    store.retire(ALICE, ids[1:])
    for scope, wanted_ids in ((ALICE, ids[:2]), (BOB, ids[:1])):
        found = [one.id for one in store.rationales(scope, problem=wrong.problem)]
        expect(found == wanted_ids, f"of the attempts at one problem {scope} sees {found} and not {wanted_ids}")


def _rationales_apart_from(store: RationaleStore, vectors: Vectors) -> None:
    """Many answers to one problem stand before the others; leaving them out still finds as many as are asked for."""
    copies = [replace(_MINE[0], answer=str(number)) for number in range(12)]
    store.add(ALICE, copies, np.repeat(vectors[:1], len(copies), axis=0))
    others = store.add(ALICE, _MINE[1:], vectors[1:])
    spelt = _MINE[0].problem.upper() + " "
    found = _ids(store.nearest(ALICE, vectors[0], 2, apart_from=spelt))
    expect(sorted(found) == sorted(others), f"apart_from found {found} and not the two other problems")
    expect(len(store.nearest(ALICE, vectors[0], 2)) == 2, "nearest() without apart_from found fewer than k")
    words = f"{_MINE[0].problem} {_MINE[1].problem} {_MINE[2].problem}"
    found = _ids(store.match(ALICE, words, 2, apart_from=_MINE[0].problem))
    expect(sorted(found) == sorted(others), f"apart_from found {found} and not the two other problems")


def _rationales_retire_and_restore(store: RationaleStore, vectors: Vectors) -> None:
    ids = store.add(ALICE, _MINE, vectors)
    expect(store.restore(ALICE, ids) == 0, "restore() counted rationales that were not retired")
    expect(store.retire(ALICE, [ids[0], "unknown"]) == 1, "retire() did not hide one rationale")
    _sees(store, ALICE, ids[1:], vectors)
    expect(store.retire(ALICE, ids[:1]) == 0, "retire() counted a rationale that was retired already")
    expect(store.restore(ALICE, ids[:1]) == 1, "restore() did not bring it back")
    _sees(store, ALICE, ids, vectors)
    store.retire(ALICE, ids[:1])
    expect(store.add(ALICE, _MINE[:1], vectors[:1]) == ids[:1], "a retired rationale got another id when added again")
    _sees(store, ALICE, ids, vectors)


def _rationales_delete(store: RationaleStore, vectors: Vectors) -> None:
    ids = store.add(ALICE, _MINE, vectors)
    store.retire(ALICE, ids[:1])
    expect(store.delete(ALICE, source="legs.md") == 1, "delete(source=) left a retired rationale")
    expect(store.restore(ALICE, ids[:1]) == 0, "restore() brought a deleted rationale back")
    _sees(store, ALICE, ids[1:], vectors)
    raises(UsageProblem, lambda: store.delete(ALICE, source=""), "delete(source='')")
    _sees(store, ALICE, ids[1:], vectors)
    expect(store.delete(ALICE, [ids[1], "unknown"]) == 1, "delete() did not count one rationale")
    _sees(store, ALICE, ids[2:], vectors)
    expect(store.delete(ALICE, ids[:2]) == 0, "delete() counted rationales that were deleted already")
    store.record(ALICE, ids[2], success=True)
    store.delete(ALICE, ids[2:])
    expect(store.add(ALICE, _MINE[2:], vectors[2:]) == ids[2:], "the id of a content changes when it is added anew")
    expect(store.get(ALICE, ids[2:])[0].successes == 0, "delete() left the counts of a rationale")


def _sees(store: RationaleStore, scope: Scope, ids: Sequence[str], vectors: Vectors) -> None:
    """Check by every verb that reads that a scope sees these and no others."""
    wanted = sorted(ids)
    query = " ".join(one.text for one in _MINE)
    seen = {
        "rationales()": [one.id for one in store.rationales(scope)],
        "nearest()": _ids(store.nearest(scope, vectors[0], 10)),
        "match()": _ids(store.match(scope, query, 10)),
        "get()": [one.id for one in store.get(scope, ids)],
    }
    for verb, found in seen.items():
        expect(sorted(found) == wanted, f"{verb} shows {scope} {found} and not {wanted}")
    expect(store.count(scope) == len(wanted), f"count() is {store.count(scope)} and not {len(wanted)}")


def _changes_nothing(store: RationaleStore, scope: Scope, ids: Sequence[str]) -> None:
    """Check that a scope cannot hide, bring back or delete what it did not write."""
    expect(store.retire(scope, ids) == 0, f"{scope} retired a rationale of another scope")
    expect(store.restore(scope, ids) == 0, f"{scope} restored a rationale of another scope")
    expect(store.delete(scope, ids) == 0, f"{scope} deleted a rationale of another scope")
    own = {one.source for one in store.rationales(scope)}
    for source in sorted({one.source for one in _MINE if one.source} - own):
        expect(store.delete(scope, source=source) == 0, f"{scope} deleted a source of another scope")


def _not_there(verb: Callable[[], object], name: str) -> None:
    try:
        verb()
    except NotFound:
        return
    raise AssertionError(f"{name} must raise NotFound for an id that this scope cannot see")


def _ids(matches: Sequence[RationaleMatch]) -> list[str]:
    return [match.rationale.id for match in matches]
