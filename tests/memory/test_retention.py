"""What a memory lets go of: each policy by itself, and that it is forgotten and nothing else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memagent.embedders.hashing import Hashing
from memagent.errors import NotFound, UsageProblem
from memagent.memory.core import opened
from memagent.memory.rationales import Rationales
from memagent.memory.retention import PINNED, AnyOf, AtMost, Faded, OlderThan, Policy, retain, strength, used, weigh
from memagent.types import Note, Rationale, Scope

ALICE, BOB = Scope(user="alice"), Scope(user="bob")
DAY = timedelta(days=1)
NOW = datetime(2026, 6, 1, tzinfo=UTC)


def row(age=0.0, *, rid=1, uses=0, used=None, importance=1.0, at=None):
    """A row of `items`; ages are in days before `NOW`."""
    times = {"recorded_at": age, "used_at": used, "at": at}
    stored = {name: days if days is None else stamp(NOW - days * DAY) for name, days in times.items()}
    return {"rid": rid, "id": f"id{rid}", "kind": "passage", "uses": uses, "importance": importance, **stored}


def stamp(at):
    return at.isoformat(timespec="microseconds")


@pytest.fixture
def core():
    made = opened(":memory:", Hashing(32))
    yield made
    made.file().close()


def add(core, *texts, scope=ALICE):
    return core.passages.add(scope, [Note(text) for text in texts], core.embed(texts))


def live(core, scope=ALICE):
    return [passage.id for passage in core.passages.passages(scope)]


# --- strength


def test_strength_halves_with_each_half_life():
    assert strength(row(0), NOW) == 1.0
    assert strength(row(30), NOW) == pytest.approx(0.5)
    assert strength(row(60), NOW) == pytest.approx(0.25)
    assert strength(row(10), NOW, 10 * DAY) == pytest.approx(0.5)


def test_use_sets_time_back_and_makes_it_last_longer():
    assert strength(row(300, uses=1, used=0), NOW) == 1.0
    assert strength(row(300, uses=1, used=60), NOW) == pytest.approx(0.5)
    assert strength(row(300, uses=3, used=60), NOW) == pytest.approx(2**-0.5)
    assert strength(row(60, importance=2), NOW) == pytest.approx(0.5)


def test_what_lies_ahead_does_not_fade_and_what_lies_back_counts_from_when_it_was_told():
    assert strength(row(300, at=-5), NOW) == 1.0
    assert strength(row(30, at=9000), NOW) == pytest.approx(0.5)


def test_strength_stays_above_zero_and_pins_hold():
    assert 0 < strength(row(1e5, importance=1e-300), NOW) < 1e-300
    assert strength(row(1e5, importance=PINNED), NOW) == 1.0
    assert strength(row(-3), NOW) == 1.0  # a clock that ran ahead
    with pytest.raises(UsageProblem):
        strength(row(), NOW, timedelta(0))


# --- policies


def test_older_than_goes_by_writing_and_not_by_use():
    rows = [row(29, rid=1), row(31, rid=2, uses=9, used=0), row(99, rid=3, at=-1), row(99, rid=4, importance=PINNED)]
    assert OlderThan(30 * DAY).choose(rows, NOW) == {2: "31 days old, and 30 days is the limit"}


def test_at_most_keeps_what_was_used_last():
    rows = [row(9, rid=1), row(8, rid=2), row(7, rid=3), row(99, rid=4, uses=1, used=1)]
    assert AtMost(2).choose(rows, NOW) == {
        1: "number 4 by last use, and 2 are kept",
        2: "number 3 by last use, and 2 are kept",
    }
    assert list(AtMost(0).choose([row(1, importance=PINNED), row(2, rid=2)], NOW)) == [2]


def test_faded_says_how_far():
    rows = [row(99, rid=1), row(101, rid=2), row(199, rid=3, uses=1, used=199), row(201, rid=4, uses=1, used=201)]
    assert Faded().choose(rows, NOW) == {2: "its strength is 0.097, below 0.1", 4: "its strength is 0.098, below 0.1"}


def test_any_of_gives_every_reason():
    rows = [row(400, rid=1), row(31, rid=2)]
    reasons = AnyOf([OlderThan(30 * DAY), Faded()]).choose(rows, NOW)
    assert reasons == {
        1: "400 days old, and 30 days is the limit; its strength is 9.7e-05, below 0.1",
        2: "31 days old, and 30 days is the limit",
    }
    assert AnyOf([]).choose(rows, NOW) == {}
    assert all(isinstance(policy, Policy) for policy in (OlderThan(DAY), AtMost(1), Faded(), AnyOf([])))


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: OlderThan(-DAY),
        lambda: OlderThan(30),
        lambda: AtMost(-1),
        lambda: AtMost(2.5),
        lambda: AtMost(True),
        lambda: Faded(threshold=0),
        lambda: Faded(threshold=1),
        lambda: Faded(half_life=timedelta(0)),
        lambda: AnyOf([DAY]),
        lambda: AnyOf([OlderThan]),
    ],
)
def test_policies_that_make_no_sense_are_refused(wrong):
    with pytest.raises(UsageProblem, match="retention needs"):
        wrong()


AGES = st.floats(0, 2000, allow_nan=False)
ROWS = st.builds(
    row,
    AGES,
    uses=st.integers(0, 50),
    used=st.none() | AGES,
    importance=st.floats(0.01, 100) | st.just(PINNED),
    at=st.none() | st.floats(-100, 5000, allow_nan=False),
)


def numbered(rows):
    return [{**one, "rid": rid} for rid, one in enumerate(rows, 1)]


@settings(max_examples=300, deadline=None)
@given(one=ROWS, older=AGES, fewer=st.integers(0, 50), lighter=st.floats(0.01, 1))
def test_strength_never_rises_with_age_and_never_falls_with_use_or_importance(one, older, fewer, lighter):
    now = strength(one, NOW)
    assert 0 < now <= 1
    assert strength(one, NOW + older * DAY) <= now
    assert strength({**one, "uses": one["uses"] + fewer}, NOW) >= now
    assert strength({**one, "used_at": stamp(NOW)}, NOW) == 1.0
    if one["importance"] < PINNED:
        assert strength({**one, "importance": one["importance"] * lighter}, NOW) <= now


@settings(max_examples=300, deadline=None)
@given(
    rows=st.lists(ROWS, max_size=12).map(numbered), threshold=st.floats(0.01, 0.99), days=AGES, most=st.integers(0, 14)
)
def test_what_is_newer_or_stronger_never_goes_before_what_is_older_or_weaker(rows, threshold, days, most):
    def kept_and_gone(policy):
        gone = policy.choose(rows, NOW)
        assert all(one["importance"] < PINNED for one in rows if one["rid"] in gone)
        free = [one for one in rows if one["importance"] < PINNED]
        return [one for one in free if one["rid"] not in gone], [one for one in free if one["rid"] in gone]

    kept, gone = kept_and_gone(Faded(threshold))
    assert min((strength(one, NOW) for one in kept), default=1) >= max((strength(one, NOW) for one in gone), default=0)

    def written(one):
        return max(one["recorded_at"], one["at"] or "")

    def touched(one):
        return max(written(one), one["used_at"] or "")

    for policy, time in ((OlderThan(days * DAY), written), (AtMost(most), touched)):
        kept, gone = kept_and_gone(policy)
        assert min(map(time, kept), default="~") >= max(map(time, gone), default="")


@settings(max_examples=200, deadline=None)
@given(rows=st.lists(ROWS, max_size=12).map(numbered), most=st.integers(0, 14))
def test_at_most_leaves_exactly_so_many_unless_more_are_pinned(rows, most):
    pinned = sum(one["importance"] >= PINNED for one in rows)
    left = len(rows) - len(AtMost(most).choose(rows, NOW))
    assert left == min(len(rows), max(most, pinned))


# --- retain


def test_what_goes_is_forgotten_with_the_reason_and_can_be_restored(core):
    ids = add(core, "one", "two", "three")
    receipt = retain(core, ALICE, AtMost(1))
    assert (receipt.verb, receipt.ids, receipt.counts, receipt.dry_run) == (
        "retain",
        tuple(ids[:2]),
        {"passages": 2},
        False,
    )
    assert receipt.reasons[ids[0]] == "number 3 by last use, and 1 are kept"
    assert live(core) == ids[2:]
    assert core.passages.match(ALICE, "one", 3) == []
    assert core.passages.restore(ALICE, receipt.ids) == 2
    assert retain(core, ALICE, AtMost(3)).ids == ()


def test_a_scope_lets_go_of_its_own_alone(core):
    add(core, "one", "two")
    others = add(core, "three", "four", scope=BOB)
    Rationales(core, BOB).add(Rationale("p", "r", "a", shared=True))
    session = Scope(user="alice", session="s")
    (own,) = add(core, "five", scope=session)
    assert retain(core, session, AtMost(0)).ids == (own,)
    assert len(live(core)) == 2
    assert retain(core, ALICE, AtMost(0)).counts == {"passages": 2}
    assert live(core, BOB) == others and Rationales(core, ALICE).count() == 1


def test_kinds_are_counted_apart_and_can_be_chosen(core):
    add(core, "one")
    Rationales(core, ALICE).add(Rationale("p", "r", "a"))
    assert retain(core, ALICE, AtMost(0), dry_run=True).counts == {"passages": 1, "rationales": 1}
    assert retain(core, ALICE, AtMost(0), kinds=["rationale"]).counts == {"rationales": 1}
    assert len(live(core)) == 1
    for wrong in (["phrase"], "fact"):
        with pytest.raises(UsageProblem, match="no such kinds"):
            retain(core, ALICE, AtMost(0), kinds=wrong)


def test_facts_fade_like_all_else(core):
    from memagent.memory.facts import Facts
    from memagent.types import Triple

    (id,) = Facts(core, ALICE).add([Triple("Ida", "keeps", "the lighthouse", source="talk")])
    assert retain(core, ALICE, OlderThan(DAY), now=datetime.now(UTC) + 2 * DAY).counts == {"facts": 1}
    assert core.triples.facts(ALICE) == []
    assert core.triples.restore(ALICE, [id]) == 1


@pytest.mark.parametrize("dry_run", [True, False])
def test_facts_that_go_with_their_passage_are_counted(core, dry_run):
    from memagent.memory.facts import Facts
    from memagent.types import Triple

    (passage,) = add(core, "Ida keeps the lighthouse.")
    Facts(core, ALICE).add([Triple("Ida", "keeps", "the lighthouse", passage=passage)])
    receipt = retain(core, ALICE, AtMost(0), kinds=["passage"], dry_run=dry_run)
    assert (receipt.counts, receipt.ids) == ({"passages": 1, "facts": 1}, (passage,))
    assert Facts(core, ALICE).count() == dry_run


def test_wrong_arguments_change_nothing(core):
    add(core, "one")
    with pytest.raises(UsageProblem, match="retention needs a policy"):
        retain(core, ALICE, AtMost)
    with pytest.raises(UsageProblem, match="no time zone"):
        retain(core, ALICE, AtMost(0), now=datetime(2026, 1, 1))
    assert len(live(core)) == 1


def test_uses_are_counted_in_one_write_and_keep_things(core):
    first, second = add(core, "one", "two")
    (shared,) = Rationales(core, BOB).add(Rationale("p", "r", "a", shared=True))
    (private,) = Rationales(core, BOB).add(Rationale("q", "r", "a"))
    assert used(core, ALICE, [first, first, "unknown", shared, private]) == 2
    assert used(core, BOB, [first]) == used(core, ALICE, []) == 0
    sql = "SELECT id, uses, used_at FROM items WHERE uses > 0 ORDER BY rid"
    rows = core.file().read(sql)
    assert [(found["id"], found["uses"]) for found in rows] == [(first, 1), (shared, 1)]
    assert datetime.fromisoformat(rows[0]["used_at"]).utcoffset() == timedelta(0)
    assert retain(core, ALICE, AtMost(1)).ids == (second,)
    assert used(core, ALICE, [second]) == 0  # forgotten


def test_more_uses_than_fit_one_statement(core):
    ids = add(core, *(f"text {number}" for number in range(1200)))
    assert used(core, ALICE, iter(ids)) == 1200


def test_what_is_pinned_stays_whatever_the_policy(core):
    class Everything:
        def choose(self, rows, now):
            return {found["rid"]: "all goes" for found in rows}

    first, second = add(core, "one", "two")
    weigh(core, ALICE, first, PINNED)
    assert retain(core, ALICE, Everything()).ids == (second,)
    assert live(core) == [first]


def test_weigh_refuses_what_is_no_weight_or_not_there(core):
    (id,) = add(core, "one")
    for wrong in (0, -1, float("nan"), float("inf"), "2", True):
        with pytest.raises(UsageProblem, match="importance"):
            weigh(core, ALICE, id, wrong)
    for scope, name in ((BOB, id), (ALICE, "unknown")):
        with pytest.raises(NotFound):
            weigh(core, scope, name, 2)
    weigh(core, ALICE, id, 2)
    assert core.file().read("SELECT importance FROM items")[0]["importance"] == 2.0


POLICIES = st.one_of(
    st.builds(AtMost, st.integers(0, 8)),
    st.builds(lambda days: OlderThan(days * DAY), AGES),
    st.builds(Faded, st.floats(0.01, 0.99)),
)


@settings(max_examples=200, deadline=None)
@given(rows=st.lists(ROWS, max_size=6), policy=POLICIES | st.lists(POLICIES, max_size=2).map(AnyOf))
def test_a_dry_run_changes_nothing_and_says_what_the_real_run_does(rows, policy):
    core = opened(":memory:", Hashing(8))
    try:
        for number, values in zip(count(), rows):
            (id,) = add(core, f"text {number}")
            columns = [values[name] for name in ("recorded_at", "at", "used_at", "uses", "importance")]
            with core.file().write() as writer:
                sql = "UPDATE items SET recorded_at = ?, at = ?, used_at = ?, uses = ?, importance = ? WHERE id = ?"
                writer.execute(sql, [*columns, id])
        before, seen = list(map(tuple, core.file().read("SELECT * FROM items"))), core.file().changes()
        dry = retain(core, ALICE, policy, dry_run=True, now=NOW)
        assert list(map(tuple, core.file().read("SELECT * FROM items"))) == before and core.file().changes() == seen
        real = retain(core, ALICE, policy, now=NOW)
        assert dry.dry_run and not real.dry_run
        assert (dry.ids, dry.counts, dry.reasons) == (real.ids, real.counts, real.reasons)
        assert sorted([*live(core), *real.ids]) == sorted(old[2] for old in before)
        assert set(real.reasons) == set(real.ids)
    finally:
        core.file().close()
