"""The second opinion: the model is asked once more what the speaker states, of that which the rules would keep."""

from __future__ import annotations

import pytest

from memagent import Chat, Controller, Memory
from memagent.errors import UsageProblem
from memagent.methods.memllm_grammar import print_write
from memagent.methods.memllm_judge import NOT_STATED
from memagent.methods.memllm_write import memllm_write
from memagent.testing import ScriptedLLM

SAID = "Mirko owns a vineyard near Trieste."
PROPOSED = print_write([("Mirko", "owns", "vineyard"), ("vineyard", "near", "Trieste"), ("Ondine", "owns", "boat")])


def test_what_the_model_does_not_find_stated_is_refused_and_the_rules_go_first() -> None:
    model = ScriptedLLM([PROPOSED, '{"stated": [true, false]}'])
    with Memory(":memory:", embedder="hashing:64", single_user=True) as memory:
        written = Controller(model, memory=memory).run(memllm_write(SAID, speaker="Yuki", judge=True)).value
        assert [(one.subject, one.object) for one in written.triples] == [("Mirko", "vineyard")]
        whys = {refusal.triple.subject: refusal.why for refusal in written.refused if refusal.triple}
        assert whys["vineyard"] == NOT_STATED
        assert "is not in the sentence" in whys["Ondine"]
    asked = model.requests[-1].messages[-1].content
    assert SAID in asked and '["Mirko", "owns", "vineyard"]' in asked and "Ondine" not in asked


def test_nobody_is_asked_where_the_rules_keep_nothing_or_no_judge_is_wanted() -> None:
    for proposed, judge in ((print_write([("Ondine", "owns", "boat")]), True), (PROPOSED, False)):
        model = ScriptedLLM([proposed])
        with Memory(":memory:", embedder="hashing:64", single_user=True) as memory:
            Controller(model, memory=memory).run(memllm_write(SAID, speaker="Yuki", judge=judge))
        assert len(model.requests) == 1


def test_a_judge_that_cannot_be_read_lets_nothing_in_and_is_told() -> None:
    model = ScriptedLLM([PROPOSED, "yes", '{"stated": [true]}'])
    with Memory(":memory:", embedder="hashing:64", single_user=True) as memory:
        written = Controller(model, memory=memory).run(memllm_write(SAID, speaker="Yuki", judge=True)).value
        assert written.triples == () and memory.facts.count() == 0
    assert "was not written" in written.problems[0]


def test_a_chat_asks_its_judge_of_what_users_say() -> None:
    model = ScriptedLLM(["Lovely.", PROPOSED, '{"stated": [false, false]}'])
    with Memory(":memory:", embedder="hashing:64") as memory:
        Chat(model, memory, extract="each", judge=True).bind(user="yuki").send(SAID)
        assert memory.bind(user="yuki").facts.count() == 0
    assert len(model.requests) == 3


def test_a_model_that_can_only_do_one_thing_is_no_judge() -> None:
    with Memory(":memory:") as memory, pytest.raises(UsageProblem, match="judges no facts"):
        Chat("offline", memory, judge=True)
