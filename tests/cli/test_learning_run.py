"""What `memagent learn` has kept and counts as kept, when Ctrl-C comes or another process learns beside it."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import pytest
from commands import memagent

from memagent import Controller, Memory
from memagent.cli.console import Terminated
from memagent.cli.finishing import finishing
from memagent.cli.learning_run import Learning
from memagent.cli.learning_tally import Tally
from memagent.cli.problems import Given
from memagent.methods.verifying import Verdict, numeric
from memagent.testing import FakeOpenAIServer, ScriptedLLM
from memagent.types import Rationale

OPTIONS: Any = {"shared": False, "source": "", "failures": True, "key": "plain"}


@pytest.mark.parametrize("samples", [0, 2])
def test_ctrl_c_while_attempts_are_judged_lets_them_be_kept_and_counted(samples: int) -> None:
    judged: list[str] = []

    def check(attempt: str) -> Verdict:
        judged.append(attempt)
        if len(judged) == 1:
            signal.raise_signal(signal.SIGINT)
        return numeric("4")(attempt)

    given = () if samples else (r"\boxed{4}", r"\boxed{5}")
    with Memory(":memory:", embedder="hashing:64", single_user=True) as memory:
        controller, tally = Controller(ScriptedLLM([r"\boxed{4}", r"\boxed{5}"][:samples]), memory), Tally(2)
        with pytest.raises(KeyboardInterrupt):
            Learning(controller, memory, tally, samples).learn(Given("2 + 2?", check, given), **OPTIONS)
        assert memory.rationales.count() == 2
    assert (tally.done, tally.new, tally.counts["right"], tally.counts["wrong"]) == (1, 2, 1, 1)


def test_a_second_ctrl_c_waits_for_nothing() -> None:
    reached: list[int] = []
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt), finishing():
        signal.raise_signal(signal.SIGINT)
        reached.append(1)
        signal.raise_signal(signal.SIGINT)
        reached.append(2)
    assert reached == [1]
    assert signal.getsignal(signal.SIGINT) is before


def test_sigterm_is_held_back_as_what_it_is_and_what_is_ignored_stays_ignored() -> None:
    def terminate(*_: object) -> None:
        raise Terminated

    reached: list[int] = []
    before = signal.signal(signal.SIGTERM, terminate), signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with pytest.raises(Terminated), finishing():
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGTERM)
            reached.append(1)
    finally:
        signal.signal(signal.SIGTERM, before[0])
        signal.signal(signal.SIGINT, before[1])
    assert reached == [1]


def test_what_another_process_keeps_meanwhile_is_not_counted_as_ones_own(tmp_path: Path) -> None:
    (tmp_path / "bare.jsonl").write_text(json.dumps({"question": "2 + 2?", "gold": "4"}))
    path = tmp_path / "m.db"

    def answers(payload: dict[str, Any]) -> str:
        if payload["seed"] == 0:
            with Memory(path, single_user=True) as beside:
                beside.rationales.add([Rationale(f"{n} + 1?", "So.", str(n), verified="numeric") for n in range(5)])
        return rf"Way {payload['seed']}. \boxed{{4}}"

    with FakeOpenAIServer(answers) as server:
        options = ("--samples", 2, "-m", f"openai:fake@{server.url}", "--db", path, "--json")
        told = [json.loads(memagent("learn", tmp_path / "bare.jsonl", *options).stdout) for _ in range(2)]
    assert [(one["kept"], one["known"]) for one in told] == [(2, 0), (0, 0)]
    with Memory(path, single_user=True) as memory:
        assert memory.rationales.count() == 7
