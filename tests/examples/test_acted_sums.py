"""The pupil of the notebook on ARM-RAG: it can do what its likest example shows, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from acted_sums import worker

from memagent import Controller, Memory, learn, solve
from memagent.methods.arm_rag import attempts
from memagent.methods.verifying import numeric
from memagent.types import Rationale

PROBLEMS = [
    json.loads(line)
    for line in (Path(__file__).parents[2] / "examples" / "problems.jsonl").read_text(encoding="utf-8").splitlines()
]
HALF, RATE = "Bo sold 8 pies in June and half as many in July. How many?", "9 in 3 days. How many in 5 days?"


def test_without_an_example_it_adds_up_and_with_one_it_does_as_the_example_does() -> None:
    with Memory(":memory:", single_user=True) as memory:
        pupil = Controller(worker(), memory)
        assert pupil.run(solve(RATE)).value.boxed == "17"
        memory.rationales.add(Rationale("12 in 4 days. How many in 7 days?", "In one it is 12 / 4 = 3.", "21"))
        assert pupil.run(solve(RATE)).value.boxed == "15"


def test_the_likest_example_decides_among_several() -> None:
    with Memory(":memory:", single_user=True) as memory:
        pupil = Controller(worker(), memory)
        memory.rationales.add(Rationale("12 in 4 days. How many in 7 days?", "In one it is 12 / 4 = 3.", "21"))
        memory.rationales.add(Rationale(f"{HALF} Say.", "Half of 8 is 4.", "12"))
        assert pupil.run(solve(HALF, k=2)).value.boxed == "12"
        assert pupil.run(solve(RATE, k=2)).value.boxed == "15"


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda problem: problem["question"][:30])
def test_one_of_its_four_attempts_at_each_problem_is_right(problem: dict[str, str]) -> None:
    with Memory(":memory:", single_user=True) as memory:
        pupil = Controller(worker(), memory)
        tried = pupil.run(attempts(problem["question"], 4)).value
        learnt = pupil.run(learn(problem["question"], tried.texts, numeric(problem["gold"]))).value
    assert (learnt.right, learnt.wrong) == (1, 3)
