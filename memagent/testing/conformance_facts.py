"""Checks that a store of facts keeps the contract of `TripleStore`. Each runs over fresh, empty stores.

A store of facts is made together with the store of passages that its facts may name, both over one database.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import pairwise

import numpy as np

from memagent.errors import Conflict, NotFound, UsageProblem
from memagent.stores.base import TripleStore, VectorStore
from memagent.testing.conformance_durable import shelf_durable
from memagent.testing.conformance_many import shelf_checks
from memagent.testing.kept import AL, DORA, HOME, KEEPS, SEES, Kept
from memagent.testing.report import AGENT, ALICE, BOB, ONE, TWO, Check, NotOffered, Report, expect, raises, run_checks
from memagent.testing.shelves import facts_of
from memagent.types import Fact, Note, Scope, Triple

Stores = tuple[VectorStore, TripleStore]
Purge = Callable[[Stores, Scope, Sequence[str]], None]


def check_triple_store(
    make: Callable[[], Stores],
    dim: int = 8,
    *,
    reopen: Callable[[Stores], Stores] | None = None,
    purge: Purge | None = None,
) -> Report:
    """Check the contract of `TripleStore`, each time over a fresh database, with vectors (`dim`,).

    Args:
        make: makes a store of passages and a store of facts over one database.
        dim: the length of their vectors.
        reopen: as for `check_store`, of both stores.
        purge: deletes facts of a scope by their ids so that they are not learnt again. No store has a verb for that by
            contract; without it, that they are not is not checked, and the report says so.
    """
    checks = [
        _facts_round_trip,
        _facts_unknown,
        _facts_refused,
        _facts_same_evidence_once,
        _facts_by_any_part,
        _facts_users,
        _facts_sessions_and_agents,
        _facts_superseded_by_event_time,
        _facts_reinstated,
        _facts_as_of,
        _facts_declared_and_undone,
        _facts_declarations_in_scope,
        _facts_supersede_in_scope,
        _facts_in_any_order,
        _facts_searched_as_they_hold,
        _facts_of_passages,
        _facts_of_replaced_passages,
        _facts_retire_and_restore,
        _facts_delete,
        _facts_delete_source,
    ]
    named: list[tuple[str, Check[Stores]]] = [(check.__name__, partial(_on_stores, check, dim)) for check in checks]
    named.append(("_facts_purged", partial(_facts_purged, purge, dim)))
    shelf = facts_of(dim)
    return run_checks([*named, *shelf_checks("facts", shelf), *shelf_durable("facts", shelf, reopen)], make)


def _on_stores(check: Callable[[Kept], None], dim: int, make: Callable[[], Stores]) -> None:
    check(Kept(*make(), None, dim))


def _facts_purged(purge: Purge | None, dim: int, make: Callable[[], Stores]) -> None:
    """What was purged is not learnt again from the same source, unless `again` is given."""
    if purge is None:
        raise NotOffered("no purge= was given, so that nothing shows whether purged facts are learnt again")
    stores = make()
    kept = Kept(*stores, None, dim)
    home, keeps = kept.add(ALICE, HOME, KEEPS)
    purge(stores, ALICE, [home])
    expect([fact.id for fact in kept.store.facts(ALICE, history=True)] == [keeps], "purge= did not take one fact away")
    expect(kept.add(ALICE, SEES, HOME)[1] == "", "a purged fact got an id when it was told again by the same source")
    expect(not kept.store.facts(ALICE, ids=[home], history=True), "a purged fact was learnt again from the same source")
    expect(kept.add(BOB, HOME) != [""], "what one user purged is kept from another")
    expect(kept.add(ALICE, HOME, again=True) == [home], "again= did not bring a purged fact back")
    expect(kept.add(ALICE, HOME) == [home] and len(kept.store.facts(ALICE)) == 3, "again= does not last")


def _facts_round_trip(kept: Kept) -> None:
    at = datetime(2020, 5, 1, 14, tzinfo=UTC)
    given = Triple("Ida  Holm", "Lives In", "Gull Point", "a.md", at=at, confidence=0.5)
    [id] = kept.add(ALICE, given)
    [fact] = kept.store.facts(ALICE)
    wanted = Fact(
        id=id,
        subject="Ida  Holm",
        relation="Lives In",
        object="Gull Point",
        scope=ALICE,
        sources=("a.md",),
        passages=(),
        at=at,
        recorded_at=fact.recorded_at,
        confidence=0.5,
    )
    expect(fact == wanted, f"{given} came back as {fact}")
    expect(fact.recorded_at.utcoffset() is not None, "recorded_at is not aware")
    expect(kept.add(ALICE, replace(given, subject="IDA HOLM")) == [id], "another case made another fact")
    expect(kept.add(ALICE) == [], "adding nothing is an error")


def _facts_unknown(kept: Kept) -> None:
    new = kept.store.unknown(ALICE, [KEEPS, SEES])
    expect(len(new) == len(set(new)) == 7, f"two facts of three phrases and two relations asked for {new}")
    kept.add(ALICE, KEEPS)
    left = kept.store.unknown(ALICE, [KEEPS, SEES])
    expect(
        left == ["bo sees the lighthouse", "bo", "sees"], f"of a fact and a phrase that are here it asked for {left}"
    )
    for other in (BOB, AL):
        expect(len(kept.store.unknown(other, [KEEPS])) == 4, f"unknown() of {other} crosses users")
    raises(Conflict, lambda: kept.store.add(ALICE, [SEES], {}), "add() without a vector")
    expect(len(kept.store.facts(ALICE)) == 1, "an add() that failed wrote something")


def _facts_refused(kept: Kept) -> None:
    at = datetime(2020, 1, 1, tzinfo=UTC)
    wrong = [
        replace(HOME, subject=" "),
        replace(HOME, relation=""),
        replace(HOME, object="\ud800"),
        replace(HOME, confidence=0.0),
        replace(HOME, confidence=float("nan")),
        replace(HOME, at=datetime(2020, 1, 1)),
        replace(HOME, at=at, until=at),
        replace(HOME, until=at),  # it would begin now, when it is written
    ]
    vectors = kept.vectors(ALICE, [KEEPS, HOME])
    for triple in wrong:
        raises(UsageProblem, partial(kept.store.add, ALICE, [KEEPS, triple], vectors), f"{triple}")
    raises(NotFound, lambda: kept.add(ALICE, replace(HOME, passage="unknown")), "a passage that is not there")
    expect(not kept.store.facts(ALICE, history=True), "a triple that was refused left something")


def _facts_same_evidence_once(kept: Kept) -> None:
    passage = kept.note(ALICE, "Ida lives at Gull Point.", "p.md")
    at = datetime(2020, 1, 1, tzinfo=UTC)
    told = [HOME, replace(HOME, source="b.md"), replace(HOME, passage=passage), replace(HOME, at=at)]
    ids = kept.add(ALICE, *told)
    before = kept.store.facts(ALICE, history=True)
    expect(kept.add(ALICE, *told) == ids and len(set(ids)) == 1, "the same fact got another id")
    expect(kept.store.facts(ALICE, history=True) == before, "the same evidence was kept twice")
    expect(before[0].sources == ("a.md", "b.md", "p.md"), f"four lines of three sources came back as {before}")
    expect(before[0].passages == (passage,) and before[0].at == at, "a fact does not begin with its oldest evidence")


def _facts_by_any_part(kept: Kept) -> None:
    home, keeps, sees = kept.add(ALICE, HOME, KEEPS, SEES)
    asked: list[tuple[dict[str, str], list[str]]] = [
        ({"subject": "IDA"}, [keeps, home]),
        ({"relation": "keeps"}, [keeps]),
        ({"object": "The  Lighthouse"}, [sees, keeps]),
        ({"subject": "ida", "relation": "lives in"}, [home]),
        ({"relation": "sees", "object": "the lighthouse"}, [sees]),
        ({"subject": "ida", "object": "the lighthouse"}, [keeps]),
        ({"subject": "bo", "relation": "lives in", "object": "gull point"}, []),
        ({"subject": "lives in"}, []),
    ]
    for parts, wanted in asked:
        found = [fact.id for fact in kept.store.facts(ALICE, **parts)]  # type: ignore[arg-type]
        expect(found == wanted, f"{parts} found {found} and not {wanted}")
    expect([fact.id for fact in kept.store.facts(ALICE, ids=[home, "unknown"])] == [home], "ids= found something else")
    expect([fact.id for fact in kept.store.facts(ALICE, ids=[])] == [], "no ids found something")
    expect(len(kept.store.facts(ALICE)) == 3, "without any part, facts() has not all facts")


def _facts_users(kept: Kept) -> None:
    [id] = kept.add(ALICE, HOME)
    before = kept.store.facts(ALICE, history=True)
    for other in (BOB, AL):
        _nothing(kept, other, id, f"the user {other.user!r}")
        expect(kept.store.delete(other, source="a.md") == 0, "one user deleted what a source says to another")
        kept.add(other, replace(HOME, object="Elsewhere", at=datetime(2030, 1, 1, tzinfo=UTC)))
        kept.store.declare(other, "lives in", True)
    expect(kept.store.facts(ALICE, history=True) == before, "another user's newer value or declaration was seen")
    expect(len(kept.store.relations(ALICE)) == 1 and not kept.store.relations(ALICE)[0].functional, "a rule crossed")


def _facts_sessions_and_agents(kept: Kept) -> None:
    parts = [ONE, TWO, AGENT]
    ids = [kept.add(scope, triple)[0] for scope, triple in zip(parts, (HOME, KEEPS, SEES), strict=True)]
    for place, scope in enumerate(parts):
        what = "a session" if scope.session else "an agent"
        expect([fact.id for fact in kept.store.facts(scope)] == [ids[place]], f"facts() leaves {what}")
        expect(len(kept.store.relations(scope)) == 1, f"relations() leaves {what}")
        _nothing(kept, scope, ids[place - 1], what)
    expect(len(kept.store.facts(DORA)) == len(kept.store.relations(DORA)) == 3, "a user does not see all sessions")
    kept.add(TWO, HOME)
    [both] = kept.store.facts(DORA, ids=ids[:1])
    expect(both.scope == DORA, "a fact of two sessions does not belong to their user")


def _facts_superseded_by_event_time(kept: Kept) -> None:
    kept.store.declare(ALICE, "lives in", True)
    kept.add(ALICE, _since("Bergen", 2020), _since("Oslo", 2022))
    expect(kept.objects(ALICE) == ["Oslo"], f"of 2020 and 2022, {kept.objects(ALICE)} holds")
    kept.add(ALICE, _since("Voss", 2019), _since("Molde", 2021))
    expect(kept.objects(ALICE) == ["Oslo"], "what was written later but is older took the place of what is newer")
    past = kept.past(ALICE)
    expect([fact.object for fact in past] == ["Voss", "Bergen", "Molde", "Oslo"], f"the history is {past}")
    for older, newer in pairwise(past):
        expect(older.until == newer.at and older.superseded_by == newer.id, f"{older} does not end with {newer}")
    [bergen] = kept.store.facts(ALICE, object="Bergen", history=True)
    expect(bergen.superseded_by == past[2].id, "asked for by its object, a fact does not show what took its place")
    expect(not kept.store.facts(ALICE, object="Bergen"), "asked for by its object, a superseded fact holds")


def _facts_reinstated(kept: Kept) -> None:
    kept.store.declare(ALICE, "lives in", True)
    kept.add(ALICE, _since("Bergen", 2020))
    before = kept.past(ALICE)
    [newer] = kept.add(ALICE, _since("Oslo", 2022))
    kept.store.retire(ALICE, [newer])
    expect(kept.past(ALICE) == before, "a forgotten fact still ends an older one")
    kept.store.restore(ALICE, [newer])
    expect(kept.objects(ALICE) == ["Oslo"], "a restored fact does not end the older one")
    kept.store.delete(ALICE, [newer])
    expect(kept.past(ALICE) == before, "a deleted fact still ends an older one")


def _facts_as_of(kept: Kept) -> None:
    kept.store.declare(ALICE, "lives in", True)
    ahead = datetime.now(UTC) + timedelta(days=900)
    kept.add(ALICE, _since("Bergen", 2020, until=2021), _since("Oslo", 2022), replace(_since("Rome", 2022), at=ahead))
    for year, wanted in ((2019, []), (2020, ["Bergen"]), (2021, []), (2022, ["Oslo"])):
        found = kept.objects(ALICE, as_of=datetime(year, 1, 1, tzinfo=UTC))
        expect(found == wanted, f"at the beginning of {year} {found} holds, and not {wanted}")
    expect(kept.objects(ALICE) == ["Oslo"], "what is to come holds already")
    expect(kept.objects(ALICE, as_of=ahead) == ["Rome"], "what is to come does not hold then")
    expect([fact.superseded_by is not None for fact in kept.past(ALICE)] == [False, True, False], "ended by what?")
    raises(UsageProblem, lambda: kept.objects(ALICE, as_of=datetime(2020, 1, 1)), "as_of without a time zone")


def _facts_declared_and_undone(kept: Kept) -> None:
    kept.add(ALICE, _since("Bergen", 2020), _since("Oslo", 2022))
    both = kept.past(ALICE)
    expect(kept.objects(ALICE) == ["Bergen", "Oslo"], "without a rule, one of two values was hidden")
    kept.store.declare(ALICE, " LIVES  in", True)
    expect(kept.objects(ALICE) == ["Oslo"], "declare() did not work backwards")
    [relation] = kept.store.relations(ALICE)
    expect((relation.name, relation.functional, relation.how) == ("lives in", True, "declared"), f"{relation}")
    expect((relation.subjects, relation.facts) == (1, 2), f"{relation} does not count one subject and two facts")
    kept.store.declare(ALICE, "lives in", False)
    expect(kept.objects(ALICE) == ["Bergen", "Oslo"], "declare(False) did not take effect")
    kept.store.declare(ALICE, "lives in", None)
    expect(kept.past(ALICE) == both and kept.store.relations(ALICE)[0].how == "", "declare(None) left something")


def _facts_declarations_in_scope(kept: Kept) -> None:
    for scope in (ONE, TWO):
        kept.add(scope, _since("Bergen", 2020), _since("Oslo", 2022))
    kept.store.declare(ONE, "lives in", True)
    expect(len(kept.objects(ONE)) == 1 and len(kept.objects(TWO)) == 2, "a session's declaration reached another")
    expect(len(kept.objects(DORA)) == 2, "a session's declaration reached its user")
    kept.store.declare(DORA, "lives in", True)
    expect(len(kept.objects(TWO)) == 1, "a session does not follow its user's declaration")
    kept.store.declare(TWO, "lives in", False)
    expect(len(kept.objects(TWO)) == 2, "a session's own declaration does not go first")


def _facts_supersede_in_scope(kept: Kept) -> None:
    kept.store.declare(DORA, "lives in", True)
    kept.add(ONE, _since("Bergen", 2020))
    alone = kept.past(ONE)
    kept.add(TWO, _since("Oslo", 2022))
    expect(kept.past(ONE) == alone, "a newer value in another session left a trace")
    expect(kept.objects(DORA) == ["Oslo"], "a user does not see one value end another across sessions")
    expect(kept.objects(ONE) == ["Bergen"], "a session does not see its own value hold")


def _facts_in_any_order(kept: Kept) -> None:
    told = [_since("Bergen", 2020), _since("Oslo", 2022), _since("Bergen", 2023), _since("Voss", 2021, until=2022)]
    for scope, order in ((ALICE, told), (BOB, told[::-1])):
        kept.store.declare(scope, "lives in", True)
        for triple in order:
            kept.add(scope, triple)
    seen = [[(fact.id, fact.at, fact.until, fact.superseded_by) for fact in kept.past(who)] for who in (ALICE, BOB)]
    expect(seen[0] == seen[1], f"another order of adding gave {seen[1]} and not {seen[0]}")


def _facts_searched_as_they_hold(kept: Kept) -> None:
    kept.store.declare(ALICE, "lives in", True)
    years = [kept.add(ALICE, _since(f"harbour town {year}", year))[0] for year in range(2000, 2020)]
    vector = kept.vector("ida lives in harbour town 2003")
    then = datetime(2003, 6, 1, tzinfo=UTC)
    near, words = kept.store.nearest(ALICE, vector, 3), kept.store.match(ALICE, "harbour town", 3)
    expect([match.fact.id for match in near] == years[-1:], f"nearest() found {near}, not the one fact that holds")
    expect([match.fact.id for match in words] == years[-1:], f"match() found {words}, not the one fact that holds")
    expect("harbour" in words[0].terms, "match() does not name the words that matched")
    near, words = kept.store.nearest(ALICE, vector, 3, as_of=then), kept.store.match(ALICE, "town", 3, as_of=then)
    expect([match.fact.id for match in near] == [match.fact.id for match in words] == years[3:4], "as_of= was ignored")
    expect(abs(near[0].score - 1.0) < 1e-3, f"the same vector has the score {near[0].score}")
    raises(UsageProblem, lambda: kept.store.nearest(ALICE, np.ones(kept.dim + 1, dtype=np.float32), 3), "a long vector")


def _facts_of_passages(kept: Kept) -> None:
    passage, other = kept.note(ALICE, "Ida moved.", "p.md"), kept.note(ALICE, "She keeps the light.")
    kept.store.declare(ALICE, "lives in", True)
    kept.add(ALICE, _since("Bergen", 2020))
    before = kept.past(ALICE)
    kept.add(ALICE, replace(_since("Oslo", 2022), passage=passage), replace(KEEPS, passage=other))
    [fact] = kept.store.facts(ALICE, object="Oslo")
    expect(
        fact.passages == (passage,) and fact.sources == ("p.md",), f"the source of its passage is not that of {fact}"
    )
    elsewhere = replace(KEEPS, passage=kept.note(TWO, "Elsewhere."))
    for scope in (ALICE, ONE, DORA):
        raises(NotFound, partial(kept.add, scope, elsewhere), "a passage of another scope")
    kept.passages.retire(ALICE, [passage])
    expect(kept.past(ALICE) == before, "a forgotten passage still says something")
    near = kept.store.nearest(ALICE, kept.vector("ida lives in oslo"), 5)
    words = kept.store.match(ALICE, "Oslo", 5)
    expect(fact.id not in [match.fact.id for match in [*near, *words]], "what a forgotten passage says was found")
    kept.passages.restore(ALICE, [passage])
    expect(kept.objects(ALICE) == ["Oslo"], "a restored passage does not say again what it said")
    kept.passages.delete(ALICE, [passage])
    expect(kept.past(ALICE) == before, "a deleted passage left a fact")


def _facts_of_replaced_passages(kept: Kept) -> None:
    """A note that takes the place of a passage keeps the facts of its text, and takes those of another text away."""
    note = Note("Ida moved.", source="p.md", id="mine")
    vector = kept.vector(note.text)[None]
    kept.passages.add(ALICE, [note], vector)
    [id] = kept.add(ALICE, replace(HOME, passage="mine"))
    for changed in (replace(note, metadata={"page": 2}), replace(note, title="T", source="q.md")):
        kept.passages.add(ALICE, [changed], vector, replace_ids=True)
        [fact] = kept.store.facts(ALICE)
        told = (fact.id, fact.passages, fact.sources)
        expect(told == (id, ("mine",), (changed.source,)), f"with another title, source or metadata, a fact is {fact}")
    kept.passages.retire(ALICE, ["mine"])
    expect(not kept.store.facts(ALICE), "a replaced passage that is forgotten still says something")
    kept.passages.add(ALICE, [note], vector, replace_ids=True)
    expect([one.id for one in kept.store.facts(ALICE)] == [id], "a passage that was brought back lost its fact")
    kept.passages.add(ALICE, [replace(note, text="Bo moved.")], vector, replace_ids=True)
    expect(not kept.store.facts(ALICE, history=True), "what only the old text said is still said")


def _facts_retire_and_restore(kept: Kept) -> None:
    home, keeps = kept.add(ALICE, HOME, KEEPS)
    expect(kept.store.retire(ALICE, [home, "unknown"]) == 1, "retire() did not count one fact")
    expect(kept.store.retire(ALICE, [home]) == 0, "retire() counted a retired fact")
    _nothing(kept, ALICE, home, "retire()", of_others=False)
    expect([fact.id for fact in kept.store.facts(ALICE)] == [keeps], "retire() hid another fact")
    expect(kept.store.restore(ALICE, [home, keeps]) == 1, "restore() did not count one fact")
    expect(len(kept.store.facts(ALICE)) == 2, "restore() did not bring it back")
    kept.store.retire(ALICE, [home])
    kept.add(ALICE, replace(HOME, source="c.md"))
    expect(len(kept.store.facts(ALICE)) == 2, "new evidence did not bring a forgotten fact back")


def _facts_delete(kept: Kept) -> None:
    home, keeps, sees = kept.add(ALICE, HOME, KEEPS, SEES)
    kept.store.retire(ALICE, [keeps])
    expect(kept.store.delete(ALICE, [home, keeps, "unknown"]) == 2, "delete() did not count two, one of them retired")
    _nothing(kept, ALICE, home, "delete()", of_others=False)
    expect(kept.store.restore(ALICE, [keeps]) == 0, "restore() brought a deleted fact back")
    expect([fact.id for fact in kept.store.facts(ALICE)] == [sees], "delete() took another fact")
    left = kept.store.unknown(ALICE, [KEEPS, HOME])
    expect(
        "the lighthouse" not in left and "ida" in left, "delete() took a phrase of another fact, or left one of none"
    )


def _facts_delete_source(kept: Kept) -> None:
    kept.add(ALICE, HOME, KEEPS, replace(KEEPS, source="b.md"), SEES)
    kept.add(BOB, HOME)
    expect(kept.store.delete(ALICE, source="a.md") == 1, "delete(source=) did not count the one fact that went")
    found = {fact.text: fact.sources for fact in kept.store.facts(ALICE)}
    wanted = {"Bo sees the lighthouse": ("b.md",), "Ida keeps the Lighthouse": ("b.md",)}
    expect(found == wanted, f"delete(source=) left {found}")
    expect(len(kept.store.facts(BOB)) == 1, "delete(source=) reached another user")
    kept.add(ALICE, replace(HOME, source=""))
    raises(UsageProblem, lambda: kept.store.delete(ALICE, source=""), "delete(source='')")
    expect(len(kept.store.facts(ALICE)) == 3, "delete(source='') took what has no source")
    expect(kept.store.delete(ALICE, source="unknown") == 0, "an unknown source counted something")


def _since(object: str, year: int, *, until: int | None = None) -> Triple:
    end = datetime(until, 1, 1, tzinfo=UTC) if until else None
    return Triple("Ida", "lives in", object, at=datetime(year, 1, 1, tzinfo=UTC), until=end)


def _nothing(kept: Kept, scope: Scope, id: str, what: str, *, of_others: bool = True) -> None:
    """Check that a fact of Ida is in no read of this scope; and, if it is another's, that no write reaches it."""
    store = kept.store
    expect(not store.facts(scope, ids=[id], history=True), f"{what}: facts(ids=) sees it")
    for match in [*store.nearest(scope, kept.vector("ida lives in gull point"), 9), *store.match(scope, "Ida", 9)]:
        expect(match.fact.id != id, f"{what}: a search finds it")
    for fact in [*store.facts(scope, history=True), *store.facts(scope, subject="Ida", history=True)]:
        expect(fact.id != id and fact.superseded_by != id, f"{what}: facts() sees it")
    if of_others:
        expect(store.retire(scope, [id]) == store.restore(scope, [id]) == 0, f"{what}: retire() or restore() reach it")
        expect(store.delete(scope, [id]) == 0, f"{what}: delete() reaches it")
