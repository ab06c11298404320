"""The model that a person plays in the notebooks: it believes its sheet until a passage tells otherwise."""

from __future__ import annotations

import math

from acted import SURE, acted

from memagent import Controller, Memory, flare, plain, rat
from memagent.types import Message, Request

SHEET = ["Gull Point has a lighthouse.", "It was lit in {1888|1871|0.24}.", "So the answer is: Mara."]


def asked(passages: str, prefill: str = SHEET[0]) -> Request:
    prompt = f"<passages>\n{passages}\n</passages>\n\nWho?" if passages else "Who?"
    return Request((Message("user", prompt),), prefill=prefill, logprobs=True, label="flare/answer")


def test_it_goes_on_from_where_it_is_and_doubts_what_the_sheet_doubts() -> None:
    said = acted(SHEET).complete(asked(""))
    assert said.text == " It was lit in 1888. So the answer is: Mara."
    assert "".join(token.text for token in said.tokens) == said.text
    likely = {token.text.strip(): math.exp(token.logprob or 0.0) for token in said.tokens}
    assert round(likely["1888"], 6) == 0.24 and round(likely["lit"], 6) == SURE


def test_it_is_right_only_where_a_passage_is() -> None:
    model = acted(SHEET)
    assert "1871" in model.complete(asked("The lamp was lit in 1871.")).text
    assert "1888" in model.complete(asked("The lamp was lit in 1903.")).text
    assert model.complete(asked("It was 1871.", " ".join([SHEET[0], "It was lit in 1871.", SHEET[2]]))).text == ""


def test_what_is_not_in_the_memory_stays_wrong_whatever_the_method() -> None:
    with Memory(":memory:", single_user=True) as memory:
        memory.add("The lighthouse of Gull Point is kept by Mara.")
        for method in (flare, rat):
            assert "1888" in Controller(acted(SHEET), memory).run(method("Who keeps it?")).value.text
        memory.add("It was lit in 1871, the lighthouse.")
        for method in (flare, rat):
            assert "1871" in Controller(acted(SHEET), memory).run(method("Who keeps it?")).value.text


def test_other_questions_are_answered_as_the_offline_model_does() -> None:
    with Memory(":memory:", single_user=True) as memory:
        memory.add("The lighthouse of Gull Point is kept by Mara.")
        replies = [
            Controller(model, memory).run(plain("Who keeps the lighthouse?")) for model in ("offline", acted([]))
        ]
    assert replies[0].value.text == replies[1].value.text
