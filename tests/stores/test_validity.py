"""When facts hold: worked examples of the rule, and what must be true of it for any evidence."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from memagent.stores.validity import Evidence, deciding, held, holds, standing, stretches
from memagent.types import Scope

DAY = datetime(2020, 1, 1, tzinfo=UTC)
ONE, TWO = Scope("u", "one"), Scope("u", "two")


def stored(day):
    return (DAY + timedelta(days=day)).isoformat(timespec="microseconds") if day is not None else ""


def line(value, at, until=None, *, recorded=100, source="", passage="", spelled=None, confidence=1.0, scope=ONE):
    words = ("Ida", "lives in", spelled or value)
    times = stored(at), stored(until), stored(recorded)
    return Evidence(f"fact:{value}", value, *words, scope, source, passage, *times, confidence)


def short(facts):
    """Value, first day, last day and what took its place."""
    days = [[None if t is None else (t - DAY).days for t in (fact.at, fact.until)] for fact in facts]
    return [
        (fact.id[5:], *both, fact.superseded_by and fact.superseded_by[5:])
        for fact, both in zip(facts, days, strict=True)
    ]


def test_no_evidence_is_no_fact():
    assert stretches([], functional=True) == stretches([], functional=False) == []


def test_stretches_that_overlap_or_touch_are_one():
    told = [line("a", 1, 3), line("a", 2, 5), line("a", 5, 6), line("a", 8), line("b", 2)]
    assert short(stretches(told, functional=False)) == [("a", 1, 6, None), ("b", 2, None, None), ("a", 8, None, None)]


def test_a_stretch_without_an_end_swallows_what_follows():
    assert short(stretches([line("a", 1), line("a", 4, 5)], functional=False)) == [("a", 1, None, None)]


def test_what_is_newer_ends_what_was_before_whenever_it_was_written():
    told = [line("a", 2, recorded=9), line("b", 4, recorded=8), line("c", 1, recorded=10)]
    assert short(stretches(told, functional=True)) == [("c", 1, 2, "a"), ("a", 2, 4, "b"), ("b", 4, None, None)]


def test_without_a_time_of_its_own_it_begins_when_it_was_written():
    told = [line("a", None, recorded=3), line("b", 2)]
    assert short(stretches(told, functional=True)) == [("b", 2, 3, "a"), ("a", 3, None, None)]


def test_a_value_can_come_back():
    told = [line("a", 1), line("b", 2), line("a", 3)]
    assert short(stretches(told, functional=True)) == [("a", 1, 2, "b"), ("b", 2, 3, "a"), ("a", 3, None, None)]


def test_what_had_ended_by_itself_was_not_superseded():
    told = [line("a", 1, 2), line("a", 3, 4), line("b", 5, 9), line("c", 9), line("d", 7, 8)]
    assert short(stretches(told, functional=True)) == [
        ("a", 1, 2, None),
        ("a", 3, 4, None),
        ("b", 5, 7, "d"),
        ("d", 7, 8, None),
        ("c", 9, None, None),
    ]
    assert short(stretches([line("a", 1, 3), line("b", 3)], functional=True))[0] == ("a", 1, 3, "b")


def test_of_one_moment_the_later_written_stands_and_the_other_is_empty():
    told = [line("a", 1, recorded=1), line("b", 5, recorded=9), line("c", 5, recorded=8), line("b", 5, recorded=7)]
    wanted = [("a", 1, 5, "b"), ("b", 5, None, None), ("c", 5, 5, "b")]
    assert short(stretches(told, functional=True)) == wanted
    last = [line("a", 5, recorded=10), line("d", 5, recorded=6)]
    assert short(stretches([*told, *last], functional=True)) == [
        ("a", 1, None, None),
        ("b", 5, 5, "a"),
        ("c", 5, 5, "a"),
        ("d", 5, 5, "a"),
    ]
    both = [line("b", 5), line("a", 5)]
    assert short(stretches(both, functional=True)) == [("a", 5, 5, "b"), ("b", 5, None, None)]


def test_an_end_before_the_beginning_counts_as_the_beginning():
    assert short(stretches([line("a", 5, 2)], functional=False)) == [("a", 5, 5, None)]
    assert short(stretches([line("a", 5, 2), line("b", 7)], functional=True))[0] == ("a", 5, 5, None)


def test_what_is_shown_is_the_most_frequent_spelling_then_the_first_then_by_alphabet():
    first, again, other = (line("a", day, recorded=day, spelled=word) for day, word in ((2, "A"), (3, "A"), (1, "a")))
    assert stretches([other, first, again], functional=False)[0].object == "A"
    assert stretches([other, first], functional=False)[0].object == "a"
    assert stretches([line("a", 1, spelled="a"), line("a", 2, spelled="A")], functional=False)[0].object == "A"


def test_a_fact_names_all_that_says_it():
    told = [
        line("a", 2, recorded=5, source="z.md", passage="p9", confidence=0.3),
        line("a", 3, recorded=6, source="b.md", passage="p1", confidence=0.9, scope=TWO),
        line("a", 4, recorded=4, confidence=0.1),
    ]
    [fact] = stretches(told, functional=True)
    assert (fact.sources, fact.passages) == (("b.md", "z.md"), ("p9", "p1"))
    assert (fact.recorded_at, fact.confidence) == (DAY + timedelta(days=4), 0.9)
    assert fact.scope == Scope("u")
    assert stretches(told[:1], functional=True)[0].scope == ONE


def test_one_line_says_what_two_equal_ones_say():
    """The short way for a single line agrees with the long one."""
    one = line("a", 2, 7, source="z.md", passage="p", spelled="Á", confidence=0.5)
    for functional in (True, False):
        assert stretches([one], functional=functional) == stretches([one, one], functional=functional)


LINES = st.lists(
    st.builds(
        line,
        st.sampled_from("abc"),
        st.none() | st.integers(0, 8),
        st.none() | st.integers(0, 10),
        recorded=st.integers(0, 8),
        source=st.sampled_from(["", "x.md"]),
        passage=st.sampled_from(["", "p"]),
        spelled=st.sampled_from(["A", "a"]),
        confidence=st.sampled_from([0.5, 1.0]),
        scope=st.sampled_from([ONE, TWO]),
    ),
    max_size=9,
)
often = settings(max_examples=300, deadline=None)


def holding(facts, day):
    """The values that hold at noon of a day."""
    noon = DAY + timedelta(days=day, hours=12)
    return [fact.id[5:] for fact in facts if fact.at <= noon and (fact.until is None or noon < fact.until)]


def test_how_a_fact_stands():
    lines = [line("oslo", 1, 3), line("oslo", 5), line("rome", 7)]
    found = [fact for fact in stretches(lines, functional=True) if fact.id == "fact:oslo"]
    days = {day: standing(found, DAY + timedelta(days=day)) for day in (0, 1, 3, 5, 7, 9)}
    assert days == {0: "not yet", 1: "live", 3: "ended", 5: "live", 7: "superseded", 9: "superseded"}


@often
@given(LINES)
def test_a_functional_relation_has_one_value_at_a_time(lines):
    """The newest value that had begun holds, until it ends; worked out here day by day and without any stretch."""
    facts = stretches(lines, functional=True)
    for day in range(-1, 12):
        run: list[Evidence] = []
        for start in sorted({one.start for one in lines if one.start <= stored(day)}, reverse=True):
            at_once = [one for one in lines if one.start == start]
            stands = max(at_once, key=lambda one: (one.recorded_at, one.key))
            if run and run[0].key != stands.key:
                break
            run += [one for one in at_once if one.key == stands.key]
        wanted = {one.key for one in run if not one.until or one.until > stored(day)}
        assert holding(facts, day) == sorted(wanted)


@often
@given(LINES)
def test_other_relations_have_a_value_while_something_says_so(lines):
    facts = stretches(lines, functional=False)
    for day in range(-1, 12):
        said = {one.key for one in lines if one.start <= stored(day) and not (one.until and one.until <= stored(day))}
        assert sorted(holding(facts, day)) == sorted(said)
    assert all(fact.superseded_by is None for fact in facts)


@often
@given(LINES, st.randoms(use_true_random=False), st.booleans())
def test_the_order_of_evidence_changes_nothing(lines, random, functional):
    shuffled = random.sample(lines, len(lines))
    assert stretches(lines, functional=functional) == stretches(shuffled, functional=functional)


@often
@given(LINES, st.booleans())
def test_nothing_is_said_that_the_evidence_does_not_say(lines, functional):
    """What was deleted or forgotten is not among the lines, and so leaves no trace."""
    ids, times = {one.fact for one in lines}, {time for one in lines for time in (one.start, one.until)}
    for fact in stretches(lines, functional=functional):
        assert fact.superseded_by in {None, *ids} - {fact.id}
        assert {stored((time - DAY).days) for time in (fact.at, fact.until) if time} <= times


@often
@given(LINES)
def test_no_evidence_is_lost(lines):
    for functional in (True, False):
        facts = stretches(lines, functional=functional)
        assert {fact.id for fact in facts} == {one.fact for one in lines}
        assert {name for fact in facts for name in fact.sources} == {one.source for one in lines if one.source}
        assert all(fact.until is None or fact.at <= fact.until for fact in facts)
        ended = [fact for fact in facts if fact.superseded_by]
        for fact in ended:
            assert any(other.id == fact.superseded_by and other.at <= fact.until for other in facts)


@often
@given(LINES, st.booleans(), st.integers(0, 12))
def test_what_is_held_is_what_of_all_stretches_holds(lines, functional, day):
    at = DAY + timedelta(days=day)
    wanted = [fact for fact in stretches(lines, functional=functional) if holds(fact, at)]
    assert held(lines, stored(day), functional=functional) == wanted


@often
@given(LINES, st.integers(-1, 12))
def test_the_lines_that_decide_say_what_all_lines_say(lines, day):
    before = sorted((one for one in lines if one.start <= stored(day)), key=lambda one: one.start, reverse=True)
    after = sorted((one for one in lines if one.start > stored(day)), key=lambda one: one.start)
    few = deciding(iter(before), iter(after))
    assert held(few, stored(day), functional=True) == held(lines, stored(day), functional=True)


def test_no_more_lines_are_looked_at_than_decide():
    def counted(lines):
        for one in lines:
            looked.append(one)
            yield one

    looked = []
    lines = [line(f"place {day}", day) for day in range(100)]
    few = deciding(counted(lines[50::-1]), counted(lines[51:]))
    assert [one.key for one in few] == ["place 50", "place 51"]
    assert len(looked) == 5  # a moment is known to be over by the line behind it
