"""The model that reads a table while it writes: what stands in its gaps comes out of the memory."""

from __future__ import annotations

from acted_tables import UNKNOWN, reader

from memagent import Controller, Memory, memllm
from memagent.types import Message, Request

SHEET = "Her brother is {>>is the brother of>>Mara}. He was born in {Tomas>>was born in>>}. He built {Tomas>>built>>}."


def test_it_stops_at_a_gap_and_goes_on_with_what_is_read() -> None:
    model = reader("The {Tomas>>built>>} is green.")

    def says(prefill: str) -> str:
        return model.complete(Request((Message("user", "What?"),), prefill=prefill)).text

    assert says("") == "The ({MEM_READ(Tomas>>built>>)"
    assert says("The({MEM_READ(Tomas>>built>>)-->Wren;Heron})") == " Wren, Heron is green."


def test_the_memory_fills_the_gaps_and_an_edit_changes_the_text() -> None:
    with Memory(":memory:", single_user=True) as memory:
        memory.facts.declare("built")
        memory.facts.add([("Tomas", "is the brother of", "Mara"), ("Tomas", "built", "the Wren")])
        agent = Controller(reader(SHEET), memory)
        assert agent.run(memllm("Who?")).value.text == (
            f"Her brother is Tomas. He was born in {UNKNOWN}. He built the Wren."
        )
        memory.facts.edit("Tomas", "built", "the Petrel")
        assert agent.run(memllm("Who?")).value.text.endswith("He built the Petrel.")


def test_an_empty_table_leaves_every_gap_unknown() -> None:
    with Memory(":memory:", single_user=True) as memory:
        text = Controller(reader(SHEET), memory).run(memllm("Who?")).value.text
    assert text == f"Her brother is {UNKNOWN}. He was born in {UNKNOWN}. He built {UNKNOWN}."


def test_a_read_may_hang_on_what_the_one_before_it_found() -> None:
    sheet = "Her brother is {>>is the brother of>>Mara}, who built {_>>built>>}."
    with Memory(":memory:", single_user=True) as memory:
        memory.facts.add([("Olaf", "is the brother of", "Mara"), ("Tomas", "built", "the Wren")])
        memory.facts.add([("Olaf", "built", "the Heron")])
        answer = Controller(reader(sheet), memory).run(memllm("Who?")).value
    assert answer.text == "Her brother is Olaf, who built the Heron."
