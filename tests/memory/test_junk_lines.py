"""The sets of lines that the benchmark measures by, as a guard: what was reached once must not be lost again."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest

from memagent import Controller, Memory
from memagent.methods.memllm_grammar import print_write
from memagent.methods.memllm_write import memllm_write
from memagent.testing import ScriptedLLM
from memagent.types import Triple


def benchmark() -> Any:
    path = Path(__file__).parents[2] / "benchmarks" / "junk.py"
    spec = importlib.util.spec_from_file_location("junk_benchmark", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


junk = benchmark()
NEVER = ("recalled", "prompt", "greeting", "instruction")
"""Kinds of which nothing at all may become a fact, whatever a model proposes."""


UNSEEN = "held_out_g"
"""No rule was made by it."""


@pytest.mark.parametrize("name", [name for name in junk.SETS if name != UNSEEN])
def test_of_each_set_hardly_any_junk_becomes_a_fact_in_the_worst_case_and_nearly_all_facts_are_kept(name: str) -> None:
    found = junk.measure(junk.rows_of(name))
    assert found["junk"] >= 60
    assert found["facts"] >= 60
    none = sum(found["kinds"].get(kind, {}).get("became_facts", 0) for kind in NEVER)
    assert none == 0, found["let_in"]
    assert found["became_facts"] <= 0.02 * found["junk"], found["let_in"]
    kept = {
        "held_out_b": 0.93,
        "held_out_d": 0.95,
        "development_e": 0.96,
        "development_f": 0.96,
        "development_g": 0.9,
    } | {"development_i": 0.94}
    assert found["facts_kept"] >= kept.get(name, 0.97) * found["facts"], found["lost"]
    free = 0.6 if name == "development_h" else 0.5  # none of it English: of a free order of words nothing is known
    assert found["kept_turned_round"] <= free * found["facts"], found["turned_round"]


def test_of_the_set_that_no_rule_was_made_by_one_in_nine_gets_in_at_most_and_nine_in_ten_facts_are_kept() -> None:
    found = junk.measure(junk.rows_of(UNSEEN))
    assert (found["junk"], found["facts"]) == (90, 80)
    assert found["became_facts"] <= 10
    assert found["facts_kept"] >= 72


def test_the_benchmark_finds_what_gets_in() -> None:
    row = {"kind": "greeting", "language": "en", "text": "Mirko owns a vineyard near Trieste."}
    assert junk.worst(row) is not None
    found = junk.measure([row, {**row, "kind": "fact", "fact": ["Mirko", "sells", "boats"]}])
    assert (found["became_facts"], found["facts_kept"]) == (1, 0)
    wed = {**row, "kind": "fact", "fact": ["Mirko", "married", "Ana Baum"], "text": "Mirko married Ana Baum."}
    assert junk.measure([wed])["kept_turned_round"] == 1
    assert "became facts        1 of 1" in junk.report({"x": found}, show=True)


def test_fed_as_a_conversation_junk_teaches_nothing_each_refusal_is_told_and_facts_beside_it_are_kept() -> None:
    rows = [row for row in junk.rows_of("development") if row["kind"] != "fact"]
    fact = Triple("Tove", "owns", "sailing boat")
    model = ScriptedLLM([print_write([("Tove", "owns", "sailing boat")])] * 400)
    with Memory(":memory:", embedder="hashing:64", single_user=True) as memory:
        controller = Controller(model, memory=memory)
        for row in rows:
            written = controller.run(memllm_write(row["text"], speaker="Yuki")).value
            assert written.ids == (), row["text"]
            assert written.refused, row["text"]
            assert all(refusal.why for refusal in written.refused)
        assert memory.facts.count() == 0
        kept = controller.run(memllm_write("Hello!\nTove owns a sailing boat.\nAssistant: Noted.")).value
        assert [(one.subject, one.relation, one.object) for one in kept.triples] == [
            (fact.subject, fact.relation, fact.object)
        ]
        assert sorted(refusal.text for refusal in kept.refused) == ["Hello!", "Noted."]


def test_the_report_is_json_too(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["junk.py", "development", "--quick", "--json"])
    junk.main()
    assert json.loads(capsys.readouterr().out)["development"]["junk"] == 87
