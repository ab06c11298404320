"""Reading triples by query as MemLLM does: conformance checks 3 to 6 and 10, time, scopes, and what is refused."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from memagent.errors import ScopeRequired, UsageProblem
from memagent.memory import Memory
from memagent.stores.evidence_reading import Groups
from memagent.stores.keys import key
from memagent.stores.reading import FACTS, PAIRS
from memagent.triples import PRESETS, Limits, Query
from memagent.types import Scope, Triple


class Placed:
    """An embedder whose cosines with "asked" and "asked relation" are chosen; all else is far from both."""

    name = "placed"
    dim = 64

    def __init__(self, cosines: dict[str, float]) -> None:
        self.cosines = {"asked": 1.0, "asked relation": 1.0} | cosines
        self.asked: list[str] = []

    def embed(self, texts: Sequence[str], kind: str = "document") -> NDArray[np.float32]:
        self.asked += texts
        return np.array([self.one(text) for text in texts], dtype=np.float32).reshape(-1, self.dim)

    def one(self, text: str) -> NDArray[np.float64]:
        row = np.zeros(self.dim)
        if text not in self.cosines:
            row[8 + sum(text.encode()) % (self.dim - 8)] = 1
            return row
        first = 0 if text.startswith(("e", "asked")) and text != "asked relation" else 2
        row[first] = self.cosines[text]
        row[first + 1] = np.sqrt(1 - row[first] ** 2)
        return row


CHECK_4 = {"e1": 1.0, "e2": 0.92, "e3": 0.85, "r1": 0.95, "r2": 0.88, "r0": 1.0}
FOURTH = Limits(entity=0.15, relation=0.15, pair=0.1)
QUERY = Query("asked", "asked relation", None)


@pytest.fixture
def memory() -> Iterator[Memory]:
    with Memory(":memory:", embedder=Placed(CHECK_4), single_user=True) as opened:
        yield opened


def year(number: int) -> datetime:
    return datetime(number, 1, 1, tzinfo=UTC)


def test_3_a_triple_kept_twice_is_one_row_with_two_entities_and_a_relation(memory: Memory) -> None:
    memory.facts.add(("a", "r", "b"))
    memory.facts.add(("a", "r", "b"))
    rows = memory.core.file().read("SELECT kind, count(*) AS n FROM items GROUP BY kind ORDER BY kind")
    assert [(row["kind"], row["n"]) for row in rows] == [("fact", 1), ("phrase", 2), ("relation", 1)]


def test_4_candidates_and_pairs_are_nearer_than_their_limits_and_never_as_far(memory: Memory) -> None:
    memory.facts.add((f"e{e}", f"r{r}", f"value {e} {r}") for e in (1, 2, 3) for r in (1, 2))
    found = memory.facts.read(QUERY, limits=FOURTH)
    assert [(value.text, value.distance) for value in found.values] == [
        ("value 1 1", 0.025),
        ("value 1 2", 0.06),
        ("value 2 1", 0.065),
    ]
    assert not found.truncated


@pytest.mark.parametrize(
    ("entity", "relation", "texts"),
    [
        (0.15, 0.5, ["1 1", "1 2", "2 1", "2 2"]),  # e3 is just as far as it may not be
        (0.1501, 0.5, ["1 1", "1 2", "2 1", "3 1", "2 2", "3 2"]),
        (0.5, 0.12, ["1 1", "2 1", "3 1"]),  # r2 is
        (0.5, 0.1201, ["1 1", "1 2", "2 1", "3 1", "2 2", "3 2"]),
    ],
)
def test_4_each_limit_excludes_by_itself(memory: Memory, entity: float, relation: float, texts: list[str]) -> None:
    memory.facts.add((f"e{e}", f"r{r}", f"value {e} {r}") for e in (1, 2, 3) for r in (1, 2))
    found = memory.facts.read(QUERY, limits=Limits(entity, relation, pair=2.0, exact=False))
    assert sorted(found.texts) == sorted(f"value {text}" for text in texts)


def test_5_what_says_exactly_what_was_asked_goes_before_all_that_is_near(memory: Memory) -> None:
    memory.facts.add((f"e{e}", f"r{r}", f"value {e} {r}") for e in (1, 2) for r in (0, 1, 2))
    assert memory.facts.read(QUERY, limits=FOURTH).texts == ("value 1 0",)
    loose = Limits(entity=0.15, relation=0.15, pair=0.1, exact=False)
    found = memory.facts.read(QUERY, limits=loose)
    assert found.texts == ("value 1 0", "value 1 1", "value 2 0", "value 1 2", "value 2 1")
    assert [value.distance for value in found.values] == sorted(value.distance for value in found.values)


_FORTY = """
import sys
sys.path.insert(0, {tests!r})
from memory.test_reading import Placed, QUERY
from memagent.memory import Memory
from memagent.triples import Limits
cosines = {{f"e{{n}}": 1 - 0.002 * ((n * 7) % 40 + 1) for n in range(40)}} | {{"r1": 1.0}}
with Memory(":memory:", embedder=Placed(cosines), single_user=True) as memory:
    memory.facts.add((f"e{{n}}", "r1", f"value {{n}}") for n in range(40))
    found = memory.facts.read(QUERY, limits=Limits(0.5, 0.5, 0.5))
print(found.truncated, *found.texts, sep="|")
"""


def test_6_of_forty_values_the_thirty_nearest_in_one_order_in_every_process() -> None:
    script = _FORTY.format(tests=str(Path(__file__).parents[1]))
    said = {
        subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, check=True, env={**os.environ, **seed}
        ).stdout.strip()
        for seed in ({"PYTHONHASHSEED": "1"}, {"PYTHONHASHSEED": "2"})
    }
    nearest = sorted(range(40), key=lambda n: (n * 7) % 40)[:30]
    assert said == {"|".join(["True", *(f"value {n}" for n in nearest)])}


def test_6_equal_values_stand_in_the_order_in_which_they_were_written(memory: Memory) -> None:
    memory.facts.add(("e1", "r0", f"value {n}") for n in range(40))
    found = memory.facts.read(QUERY)
    assert found.texts == tuple(f"value {n}" for n in range(30))
    assert found.truncated
    assert memory.facts.read(QUERY, limits=Limits(values=40)).truncated is False


@pytest.mark.parametrize(("place", "index"), [("subject", "facts_by_subject"), ("object", "facts_by_object")])
def test_10_each_open_place_has_its_index(memory: Memory, place: str, index: str) -> None:
    plan = memory.core.file().read(f"EXPLAIN QUERY PLAN {FACTS.format(place=place)}", [1, 1, 0, 10])
    assert [f"USING COVERING INDEX {index} ({place}=? AND relation=?" in row["detail"] for row in plan] == [True]
    pairs = PAIRS.format(own="entities.user = ?", place=place, entities="?, ?", relations="?")
    plan = memory.core.file().read(f"EXPLAIN QUERY PLAN {pairs}", ["", "e1", "e2", "r1"])
    whole = "(kind=? AND user=? AND id=? AND session=? AND agent=?)"  # not each scope for each scope of an entity
    assert any("relations USING" in row["detail"] and whole in row["detail"] for row in plan)
    assert any(f"USING COVERING INDEX {index} ({place}=? AND relation=?)" in row["detail"] for row in plan)
    assert not any("SCAN" in row["detail"] for row in plan)


def test_several_queries_are_one_list_each_value_once(memory: Memory) -> None:
    memory.facts.add([("e1", "r1", "Oslo"), ("e2", "r1", "OSLO"), ("e1", "r2", "Bergen"), ("x", "r1", "asked")])
    found = memory.facts.read([QUERY, ("e1", "r2", None), (None, "r1", "asked")], limits=FOURTH)
    assert found.texts == ("Bergen", "x", "Oslo")


def test_5_what_is_nearer_than_a_thousandth_counts_as_exactly_what_was_asked() -> None:
    with Memory(":memory:", embedder=Placed(CHECK_4 | {"e4": 0.9994, "e5": 0.9974}), single_user=True) as memory:
        memory.facts.add(
            [("e1", "r0", "same"), ("e4", "r0", "all but same"), ("e5", "r0", "near"), ("e2", "r0", "less")]
        )
        assert memory.facts.read(QUERY, limits=FOURTH).texts == ("same", "all but same")
        assert len(memory.facts.read(QUERY, limits=Limits(0.15, 0.15, 0.1, exact=False)).texts) == 4


def test_a_value_in_two_spellings_is_read_once(memory: Memory) -> None:
    memory.facts.add([("e1", "r1", "Oslo"), ("e2", "r1", "OSLO"), ("e2", "r1", "Bergen")])
    assert memory.facts.read(QUERY, limits=FOURTH).texts == ("Oslo", "Bergen")


def test_values_of_several_queries_that_are_as_near_stand_in_the_order_in_which_they_were_written(
    memory: Memory,
) -> None:
    memory.facts.add([("e1", "r1", "first"), ("e1", "r2", "second"), ("e1", "r1", "third")])
    for queries in ([("e1", "r1", None), ("e1", "r2", None)], [("e1", "r2", None), ("e1", "r1", None)]):
        assert memory.facts.read(queries).texts == ("first", "second", "third")


@pytest.mark.parametrize("functional", [False, True])
def test_more_than_a_handful_of_entities_are_as_near_and_all_are_read(memory: Memory, functional: bool) -> None:
    memory.facts.declare("keeps", functional)
    memory.facts.add([(f"Wren {'x' * n}", "keeps", f"lamp {n}") for n in range(20)])
    found = memory.facts.read(("Wren", "keeps", None), limits=Limits(2.0, 2.0, 2.0, exact=False))
    assert set(found.texts) == {f"lamp {n}" for n in range(20)}


def test_the_empty_place_is_never_embedded_and_known_words_are_not_again() -> None:
    embedder = Placed(CHECK_4)
    with Memory(":memory:", embedder=embedder, single_user=True) as memory:
        memory.facts.add(("e1", "r1", "Oslo"))
        embedder.asked.clear()
        assert memory.facts.read(("E1", "r1", None)).texts == ("Oslo",)
        assert embedder.asked == []
        memory.facts.read(QUERY)
        assert sorted(embedder.asked) == ["asked", "asked relation"]


def test_by_spelling_no_vector_is_asked_and_what_collides_is_kept_apart(memory: Memory) -> None:
    embedder = memory.embedder
    assert isinstance(embedder, Placed)
    memory.facts.add([("e1", "r0", "Oslo"), ("asked", "asked relation", "Turku")])
    embedder.asked.clear()
    assert memory.facts.read(QUERY).texts == ("Oslo", "Turku")  # one place, two names
    assert memory.facts.read(("ASKED", "asked  relation", None), limits="literal").texts == ("Turku",)
    assert memory.facts.read(("nobody", "r0", None), limits="literal").texts == ()
    assert embedder.asked == []


def test_entities_and_relations_are_apart(memory: Memory) -> None:
    memory.facts.add([("e1", "x", "as a relation"), ("r1", "e1", "the other way")])
    assert memory.facts.read(("e1", "r1", None), limits=FOURTH).texts == ()


def test_only_what_holds_is_read_or_what_held_then(memory: Memory) -> None:
    memory.facts.declare("r1")
    memory.facts.add([Triple("e1", "r1", "Gull Point", at=year(2020)), Triple("e1", "r1", "Oslo", at=year(2023))])
    assert memory.facts.read(("e1", "r1", None)).texts == ("Oslo",)
    assert memory.facts.read((None, "r1", "Gull Point")).texts == ()
    assert memory.facts.read(("e1", "r1", None), as_of=year(2021)).texts == ("Gull Point",)
    assert memory.facts.read(("e1", "r1", None), as_of=year(2019)).texts == ()
    (fact,) = memory.facts.find("e1")
    memory.forget(fact.id)
    assert memory.facts.read(("e1", "r1", None)).texts == ("Gull Point",)


@pytest.mark.parametrize("moment", [None, datetime(2020, 1, 1, tzinfo=UTC) + timedelta(days=5)])
def test_a_history_is_not_gone_through_however_long_it_is(
    memory: Memory, monkeypatch: pytest.MonkeyPatch, moment: datetime | None
) -> None:
    memory.facts.declare("lives in")
    days = [datetime(2020, 1, 1, tzinfo=UTC) + timedelta(days=n) for n in range(200)]
    memory.facts.add([Triple("Ida", "lives in", f"Place {n}", at=day) for n, day in enumerate(days)])
    asked: list[int] = []
    judged = Groups.judged

    def counted(self: Groups, scope: Scope, ids: list[str], at: str) -> object:
        asked.append(len(ids))
        return judged(self, scope, ids, at)

    monkeypatch.setattr(Groups, "judged", counted)
    assert memory.facts.read(("Ida", "lives in", None), as_of=moment).texts == ("Place 5" if moment else "Place 199",)
    assert asked == []
    memory.facts.add([(f"Bo {n}", "sails", "Tern") for n in range(100)])
    assert len(memory.facts.read((None, "sails", "Tern"), limits=Limits(values=200)).texts) == 100
    assert sum(asked) == 100  # what belongs to nothing that was judged is judged by itself


def test_each_user_reads_their_own() -> None:
    with Memory(":memory:", embedder="hashing:64") as memory:
        for user, place in (("alice", "Oslo"), ("bob", "Bergen")):
            memory.bind(user=user).facts.add(("Ida", "lives in", place))
        memory.bind(user="alice", session="s").facts.add(("Ida", "lives in", "Turku"))
        assert memory.bind(user="alice").facts.read(("Ida", "lives in", None)).texts == ("Oslo", "Turku")
        assert memory.bind(user="bob").facts.read(("ida", "Lives  in", None)).texts == ("Bergen",)
        assert memory.bind(user="carl").facts.read(("Ida", "lives in", None)).texts == ()
        with pytest.raises(ScopeRequired):
            _ = memory.facts


def test_an_edit_is_a_write_with_a_time_and_ends_what_was(memory: Memory) -> None:
    memory.facts.add(Triple("e1", "r1", "Gull Point", at=year(2020)))
    with pytest.raises(UsageProblem, match="may have many values"):
        memory.facts.edit("e1", "r1", "Oslo")
    memory.facts.declare("R1")
    memory.facts.edit("e1", "r1", "Oslo", at=year(2021))
    memory.facts.edit("e1", "r1", "Gull Point")
    assert [fact.object for fact in memory.facts.history("e1", "r1")] == ["Gull Point", "Oslo", "Gull Point"]
    assert memory.facts.read(("e1", "r1", None), as_of=year(2022)).texts == ("Oslo",)
    assert memory.facts.read(("e1", "r1", None)).texts == ("Gull Point",)


@pytest.mark.parametrize(
    "wrong", ["a", 3, ("a", "r", "b"), (None, "r", None), ("a", "", None), ("a", "r"), [("a",)], ("", "r", None)]
)
def test_what_is_no_query_is_refused(memory: Memory, wrong: object) -> None:
    with pytest.raises(UsageProblem):
        memory.facts.read(wrong)  # type: ignore[arg-type]


def test_presets_are_those_of_the_paper(memory: Memory) -> None:
    shown = {name: (one.entity, one.relation, one.pair, one.exact) for name, one in PRESETS.items()}
    assert shown == {
        "default": (0.1, 0.1, 0.001, True),
        "training": (0.1, 0.1, 0.1, False),
        "perplexity": (0.15, 0.15, 0.1, True),
        "editing": (0.15, 0.8, 0.5, True),
        "literal": (0.1, 0.1, 0.001, True),
    }
    with pytest.raises(UsageProblem, match="default, training"):
        memory.facts.read(QUERY, limits="loose")
    assert memory.facts.read([]).texts == ()
    assert asyncio.run(memory.facts.aread(QUERY)).values == ()


names = st.sampled_from(["Ida", "ida ", "Bo", "Oslo", "Gull Point"])
triples = st.lists(st.tuples(names, st.sampled_from(["knows", "lives in"]), names), max_size=12)


@given(triples, names, st.sampled_from(["knows", "lives in"]), st.booleans())
@settings(max_examples=60, deadline=None)
def test_exact_reading_is_what_a_scan_finds(
    kept: list[tuple[str, str, str]], entity: str, relation: str, forwards: bool
) -> None:
    with Memory(":memory:", embedder="hashing:256", single_user=True) as memory:
        memory.facts.add(kept)
        query = (entity, relation, None) if forwards else (None, relation, entity)
        found = memory.facts.read(query)
        given, other = (0, 2) if forwards else (2, 0)
        wanted = [t[other] for t in kept if key(t[given]) == key(entity) and t[1] == relation]
        assert [key(text) for text in found.texts] == list(dict.fromkeys(map(key, wanted)))
