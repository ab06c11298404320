"""Following current triples over edited facts: newest wins, at any moment; a model only finds the path."""

from __future__ import annotations

import importlib.util
import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from memagent import Controller, Memory
from memagent.errors import BackendError, UsageProblem
from memagent.methods.memllm_walk import edited, walk
from memagent.testing import ScriptedLLM
from memagent.types import Triple

RELATIONS = ["works for", "based in"]


def benchmark() -> Any:
    path = Path(__file__).parents[2] / "benchmarks" / "edited.py"
    spec = importlib.util.spec_from_file_location("edited_benchmark", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def memory() -> Iterator[Memory]:
    with Memory(":memory:", embedder="hashing:64", single_user=True) as opened:
        opened.facts.add([("Ida", "works for", "Acme"), ("Acme", "based in", "Oslo")])
        yield opened


def test_a_thousand_facts_with_three_hundred_corrections_are_all_right_now_and_before() -> None:
    made = benchmark()
    facts, asked = made.world()
    assert len(facts) == 1300
    with Memory(":memory:", embedder="hashing:64", single_user=True) as memory:
        made.filled(memory, facts)
        assert memory.facts.count() == 1000
        for as_of, right in ((None, "now"), (made.BETWEEN, "before")):
            wrong = [
                one
                for one in asked
                if walk(memory, one.subject, one.relations, as_of=as_of).value != getattr(one, right)
            ]
            assert wrong == []
        assert sum(len(one.relations) == 2 and one.now != one.before for one in asked) > 200


def test_a_model_that_makes_mistakes_is_right_but_for_these_and_never_makes_one_up() -> None:
    made = benchmark()
    facts, asked = made.world()
    with Memory(":memory:", embedder="hashing:64", single_user=True) as memory:
        made.filled(memory, facts)
        some = random.Random(4).sample(asked, 200)
        controller = Controller(made.mistaken(random.Random(2)), memory)
        answers = [controller.run(edited(one.question, made.RELATIONS)).value for one in some]
    right = sum(answer.text == one.now for answer, one in zip(answers, some, strict=True))
    assert 160 < right < 200
    told = {fact.object for fact in facts}
    assert all(answer.text in told or (answer.text == "" and answer.problems) for answer in answers)


def test_a_walk_tells_its_facts_or_where_it_breaks_off(memory: Memory) -> None:
    walked = walk(memory, "ida", ["Works  for", "based in"])
    assert (walked.value, [fact.text for fact in walked.facts]) == (
        "Oslo",
        ["Ida works for Acme", "Acme based in Oslo"],
    )
    broken = walk(memory, "Ida", ["works for", "owned by", "based in"])
    assert (broken.value, broken.missing, len(broken.facts)) == ("", "Acme owned by", 1)
    assert walk(memory, "Ida", ["works for"], as_of=datetime(1990, 1, 1, tzinfo=UTC)).value == ""
    for wrong in ([], "works for", ["r"] * 9):
        with pytest.raises(UsageProblem):
            walk(memory, "Ida", wrong)


def test_of_several_values_that_hold_the_newest_is_taken(memory: Memory) -> None:
    for year, place in ((2021, "Turku"), (2023, "Bergen"), (2022, "Umeå")):
        memory.facts.add(Triple("Bo", "stayed in", place, at=datetime(year, 1, 1, tzinfo=UTC)))
    assert walk(memory, "Bo", ["stayed in"]).value == "Bergen"


@pytest.mark.parametrize(
    ("reply", "text", "problem"),
    [
        ('{"subject": "Ida", "relations": ["works for", "BASED in"]}', "Oslo", ""),
        ('{"subject": "Ida", "relations": ["works for", "works for"]}', "", "nothing holds for: Acme works for"),
        ('{"subject": "Ida", "relations": ["lives in"]}', "", "no path was found"),
        ('{"subject": "", "relations": []}', "", "no path was found"),
        ("no idea", "", "no path was found"),
        (BackendError("gone"), "", "no path was found: gone"),
    ],
)
def test_a_model_finds_the_path_and_nothing_else(memory: Memory, reply: Any, text: str, problem: str) -> None:
    controller = Controller(ScriptedLLM([reply, reply]), memory, retries=0)
    result = controller.run(edited("Where is the firm of Ida based?", RELATIONS))
    assert result.value.text == text
    assert problem in " ".join(result.value.problems)
    assert result.trace.replay(edited("Where is the firm of Ida based?", RELATIONS)) == result.value


def test_ten_thousand_mangled_paths_are_read_or_refused(memory: Memory) -> None:
    chance = random.Random(9)
    whole = json.dumps({"subject": "Ida", "relations": RELATIONS})
    replies = []
    for _ in range(10_000):
        start, end = sorted(chance.randrange(len(whole) + 1) for _ in range(2))
        replies.append(whole[:start] + chance.choice(['"', "{", "[", "null", "\x00", "", "]", "7"]) + whole[end:])
    llm = ScriptedLLM(replies)
    controller = Controller(llm, memory)
    while llm.left >= 2:
        answer = controller.run(edited("Where?", RELATIONS)).value
        assert answer.text in ("", "Acme", "Oslo")


def test_the_newest_of_more_values_than_are_read_at_once_is_found(memory: Memory) -> None:
    day = timedelta(days=1)
    began = datetime(2020, 1, 1, tzinfo=UTC)
    memory.facts.add([Triple("Hub", "visited", f"place {n}", at=began + n * day) for n in range(1500)])
    assert walk(memory, "Hub", ["visited"]).value == "place 1499"
    assert walk(memory, "Hub", ["visited"], as_of=began + 1200.5 * day).value == "place 1200"


def test_a_walk_over_a_hub_reads_a_few_lines_of_thousands(memory: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    memory.facts.add([("Hub", "knows", f"person {n}") for n in range(3000)])
    memory.facts.add(("person 2999", "lives in", "Turku"))
    database, rows = memory.core.file(), []
    own = database.read
    monkeypatch.setattr(database, "read", lambda sql, params=(): rows.extend(found := own(sql, params)) or found)
    assert walk(memory, "Hub", ["knows", "lives in"]).value == "Turku"
    assert len(rows) < 200


def test_a_question_with_a_model_is_answered_as_of_a_moment(memory: Memory) -> None:
    memory.facts.declare("lives in")
    memory.facts.add([Triple("Ida", "lives in", "Bergen", at=datetime(2020, 1, 1, tzinfo=UTC))])
    memory.facts.add([Triple("Ida", "lives in", "Oslo", at=datetime(2023, 1, 1, tzinfo=UTC))])
    path = json.dumps({"subject": "Ida", "relations": ["lives in"]})
    for moment, place in ((None, "Oslo"), (datetime(2021, 1, 1, tzinfo=UTC), "Bergen")):
        flow = edited("Where does Ida live?", ["lives in"], as_of=moment)
        assert Controller(ScriptedLLM([path]), memory).run(flow).value.text == place


def test_half_of_a_character_in_a_path_is_asked_about_again(memory: Memory) -> None:
    replies = [json.dumps({"subject": name, "relations": ["works for"]}) for name in ("\ud83d", "Ida")]
    llm = ScriptedLLM(replies, can=["schema"])
    answer = Controller(llm, memory, retries=0).run(edited("For whom does Ida work?", RELATIONS)).value
    assert (answer.text, answer.problems) == ("Acme", ())
    assert "not valid Unicode" in llm.requests[1].messages[-1].content
