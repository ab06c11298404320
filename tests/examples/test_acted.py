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


def revised(sheet: list[str], so_far: str, step: str, passages: str) -> str:
    asked = f"<so_far>\n{so_far}\n</so_far>\n<step>\n{step}\n</step>\n<passages>\n{passages}\n</passages>"
    return acted(sheet).complete(Request((Message("user", asked),), label="rat/revise_prefix")).text


def test_a_word_that_follows_the_text_above_goes_by_that_alone() -> None:
    sheet = ["The mail comes on the {Wren|Petrel}.", "The {Wren|Petrel|above} is {red|green}."]
    believed = "The Wren is red."
    assert revised(sheet, "The mail comes on the Petrel.", believed, "").endswith("The Petrel is red.")
    assert revised(sheet, "The mail comes on the Wren.", believed, "Petrel, green").endswith("The Wren is green.")


def test_a_careless_revision_loses_what_stands_before_it_and_is_refused() -> None:
    sheet = ["Gull Point has a lighthouse on a rock.", "> It was lit in {1888|1871}."]
    assert revised(sheet, sheet[0], "It was lit in 1888.", "1871") == "It was lit in 1871."
    with Memory(":memory:", single_user=True) as memory:
        memory.add("The lighthouse was lit in 1871.")
        part = Controller(acted(sheet), memory).run(rat("Describe it.")).value.parts[1]
    assert "1888" in part.text and part.decision == "kept" and "not taken" in part.why


def test_plain_writes_the_whole_sheet_with_what_it_found() -> None:
    with Memory(":memory:", single_user=True) as memory:
        memory.add("It was lit in 1871, the lighthouse of Gull Point.")
        said = Controller(acted(SHEET), memory).run(plain("When was the lighthouse lit?")).value.text
    assert said == "Gull Point has a lighthouse. It was lit in 1871. So the answer is: Mara."
