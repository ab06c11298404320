"""A model that writes nothing: each method ends with no text, and says so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from memagent import Controller, Memory, flare, flare_instruct, plain, rat
from memagent.methods.memllm import memllm
from memagent.methods.passive import alone, every, once, previous_sentence, self_ask
from memagent.methods.recite import recite
from memagent.testing import ScriptedLLM

METHODS = [plain, recite, flare, flare_instruct, rat, memllm, alone, once, every, previous_sentence, self_ask]


@pytest.mark.parametrize("reply", ["", " \n\t "], ids=["nothing", "blanks"])
@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.__name__)
def test_an_empty_answer_comes_with_its_reason(method: Callable[[str], Any], reply: str) -> None:
    with Memory(":memory:", single_user=True) as memory:
        memory.add("Mara keeps the lamp.")
        llm = ScriptedLLM([lambda request: reply] * 100)
        answer = Controller(llm, memory, retries=0).run(method("Who keeps the lamp?")).value
    assert not answer.text.strip() and answer.problems
