"""What limits on reading triples count, what they cut and tell, what they refuse; and the newest values first."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memagent.errors import UsageProblem
from memagent.memory import Memory
from memagent.stores import newest
from memagent.triples import Limits
from memagent.types import Triple
from tests.memory.test_reading import CHECK_4, QUERY, Placed


@pytest.fixture
def memory() -> Iterator[Memory]:
    with Memory(":memory:", embedder=Placed(CHECK_4), single_user=True) as opened:
        yield opened


@pytest.mark.parametrize("who", ["session", "agent"])
def test_what_is_said_in_forty_sessions_or_by_forty_agents_is_all_found(who: str) -> None:
    with Memory(":memory:", embedder="hashing:64") as memory:
        for n in range(40):
            own = memory.bind(user="alice", **{who: f"{n:02}"}).facts
            own.add([(f"Person{n}", "likes", f"thing {n}"), ("Ida", "likes", f"place {n}"), ("Ann", "likes", "tea")])
        facts = memory.bind(user="alice").facts
        assert [facts.read((f"Person{n}", "likes", None)).texts for n in range(40)] == [
            (f"thing {n}",) for n in range(40)
        ]
        found = facts.read(("Ida", "likes", None), limits=Limits(values=100))
        assert found.texts == tuple(f"place {n}" for n in range(40))
        assert not found.truncated
        assert facts.read(("Ida", "likes", None)).truncated
        one = facts.read(("Ann", "likes", None), limits=Limits(entities=1, relations=1))
        assert (one.texts, one.truncated) == (("tea",), False)
        assert memory.bind(user="alice", **{who: "07"}).facts.read(("Ida", "likes", None)).texts == ("place 7",)


def test_no_more_names_are_tried_than_the_limits_say_and_what_that_cut_is_told(memory: Memory) -> None:
    memory.facts.add((f"e{e}", f"r{r}", f"value {e} {r}") for e in (1, 2, 3) for r in (0, 1, 2))

    def read(entities: int, relations: int, pair: float = 2.0, exact: bool = False) -> tuple[set[str], bool]:
        near = Limits(0.5, 0.5, pair, exact=exact, entities=entities, relations=relations)
        found = memory.facts.read(QUERY, limits=near)
        return {text.removeprefix("value ") for text in found.texts}, found.truncated

    assert read(2, 1) == ({"1 0", "2 0"}, True)
    assert read(1, 2) == ({"1 0", "1 1"}, True)
    assert read(3, 2) == ({"1 0", "1 1", "2 0", "2 1", "3 0", "3 1"}, True)
    assert read(3, 3) == ({f"{e} {r}" for e in (1, 2, 3) for r in (0, 1, 2)}, False)
    assert read(2, 1, pair=0.02) == ({"1 0"}, False)  # what was left out is too far in any case
    assert read(1, 1, exact=True) == ({"1 0"}, False)  # nothing further off would count


def test_a_name_of_many_sessions_takes_no_place_of_another() -> None:
    with Memory(":memory:", embedder=Placed(CHECK_4)) as memory:
        for n in range(20):
            memory.bind(user="alice", session=f"{n}").facts.add(("e1", "r1", f"first {n}"))
        memory.bind(user="alice", session="last").facts.add([("e1", "r2", "second"), ("e2", "r1", "third")])
        near = Limits(0.5, 0.5, 2.0, exact=False, entities=2, relations=2)
        found = memory.bind(user="alice").facts.read(QUERY, limits=near)
        assert (found.texts[-2:], len(found.texts), found.truncated) == (("second", "third"), 22, False)


def test_names_beyond_the_limit_that_are_as_near_are_told_of() -> None:
    with Memory(":memory:", embedder=Placed({f"e{n}": 1.0 for n in range(5)}), single_user=True) as memory:
        memory.facts.add((f"e{n}", "asked relation", f"value {n}") for n in range(5))
        found = memory.facts.read(QUERY, limits=Limits(entities=4))
        assert (found.texts, found.truncated) == (("value 0", "value 1", "value 2", "value 3"), True)
        assert not memory.facts.read(QUERY, limits=Limits(entities=5)).truncated


@pytest.mark.parametrize("name", ["entity", "relation", "pair"])
@pytest.mark.parametrize("wrong", [0, -1.0, float("nan"), "0.1", None, True])
def test_a_distance_within_which_nothing_lies_is_refused(name: str, wrong: object) -> None:
    with pytest.raises(UsageProblem, match=f"the limit {name}="):
        Limits(**{name: wrong})  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["values", "entities", "relations"])
@pytest.mark.parametrize("wrong", [0, -1, 2.0, float("nan"), "3", None, True])
def test_a_count_of_less_than_one_is_refused(name: str, wrong: object) -> None:
    with pytest.raises(UsageProblem, match=f"the limit {name}="):
        Limits(**{name: wrong})  # type: ignore[arg-type]


told = st.tuples(st.integers(0, 5), st.sampled_from(["a", "b", "c"]), st.sampled_from([None, "one", "two"]))


@given(st.lists(told, max_size=12), st.booleans(), st.booleans())
@settings(max_examples=30, deadline=None)
def test_the_newest_first_is_all_that_holds_by_how_new_it_is(
    told: list[tuple[int, str, str | None]], functional: bool, backwards: bool
) -> None:
    """Values that come back, of one moment, in several sessions, of relations of either kind, from either place."""
    with Memory(":memory:", embedder="hashing:16") as memory, pytest.MonkeyPatch.context() as patched:
        patched.setattr(newest, "_PAGE", 1)
        patched.setattr(newest, "_MORE", 1)
        user = memory.bind(user="alice").facts
        user.declare("is", functional)
        for year, value, session in told:
            triple = (value, "is", "fog") if backwards else ("fog", "is", value)
            at = datetime(2000 + year, 1, 1, tzinfo=UTC)
            memory.bind(user="alice", session=session).facts.add(Triple(*triple, at=at))
        for year in (1999, 2002, 2010):
            as_of = datetime(year, 6, 1, tzinfo=UTC)
            holding = sorted(user.find(relation="is", as_of=as_of), key=lambda f: (f.at, f.recorded_at, f.id))[::-1]
            query = (None, "is", "fog") if backwards else ("fog", "is", None)
            for values in (1, 30):
                found = user.read(query, limits=Limits(literal=True, newest=True, values=values), as_of=as_of)
                assert [one.fact for one in found.values] == holding[:values]
                assert found.truncated == (len(holding) > values)
