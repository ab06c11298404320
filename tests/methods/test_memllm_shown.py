"""What of its calls a model is shown while it reads (MemLLM), what is no call, and what costs a call and no more."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from memagent import Answer, Controller, Memory
from memagent.errors import CapabilityError
from memagent.methods.memllm import memllm
from memagent.testing import FakeOpenAIServer, Fault, ScriptedLLM
from memagent.types import Completion, Request, ToolCall

RAW: list[Any] = ["prefill", "stop", "logit_bias"]
MARA = "({MEM_READ(Mara>>works for>>)"
CALL = ToolCall("c1", "mem_read", '{"queries": [{"subject": "Ida", "relation": "lives in"}]}')


@pytest.fixture
def memory() -> Iterator[Memory]:
    with Memory(":memory:", embedder="hashing:256", single_user=True) as opened:
        opened.facts.add([("Ida", "lives in", "Oslo"), ("Mara", "works for", "Acme Corp")])
        yield opened


def ask(memory: Memory, llm: Any, **options: Any) -> Answer:
    return Controller(llm, memory, retries=0).run(memllm("Where does Ida live?", **options)).value


def prompts(llm: ScriptedLLM) -> list[str]:
    return ["\n".join(one.content for one in request.messages) + request.prefill for request in llm.requests]


@pytest.mark.parametrize("second", [{"subject": "Ida", "relation": "lives in"}, {"subject": "Zed", "relation": "owns"}])
def test_what_tools_found_stays_shown_behind_calls_that_came_to_nothing(memory: Memory, second: Any) -> None:
    vain = [("mem_read", json.dumps({"queries": [query]})) for query in (second, {"subject": "Bo", "relation": "owns"})]
    replies = [Fault(reply="Ida lives in", calls=((CALL.name, CALL.arguments),))]
    replies += [Fault(reply=text, calls=(call,)) for text, call in zip(("", "the city of"), vain, strict=True)]
    with FakeOpenAIServer([*replies, "Oslo."]) as server:
        answer = ask(memory, f"openai:fake@{server.url}")
        told = [[(one["role"], one["content"]) for one in each.payload["messages"][2:]] for each in server.requests]
    assert answer.text == "Ida lives in the city of Oslo."
    why = "it repeats the one before" if second["subject"] == "Ida" else "it found nothing"
    found = [("assistant", "Ida lives in"), ("tool", "Oslo")]

    def nothing(why: str) -> tuple[str, str]:
        return "tool", f"{why}\nYour last call was dropped: {why}. Go on without it."

    assert told[1:] == [
        found,
        [*found, ("assistant", ""), nothing(why)],
        [*found, ("assistant", " the city of"), nothing("it found nothing")],
    ]


def test_what_a_call_in_the_text_found_is_shown_whatever_tools_were_called(memory: Memory) -> None:
    vain = Completion("", calls=(ToolCall("c2", "mem_read", '{"queries": [{"subject": "Bo", "relation": "owns"}]}'),))
    llm = ScriptedLLM([Completion("In", calls=(CALL,)), f"and {MARA}-->", vain, "Acme Corp."], can=["tools"])
    answer = ask(memory, llm)
    assert answer.text == "In and Acme Corp."
    assert all(f"{MARA}-->Acme Corp}})" in shown for shown in prompts(llm)[2:])
    assert "Your last call was dropped: it found nothing" in prompts(llm)[3]


def test_the_text_before_a_tool_call_that_was_cut_off_is_whole(memory: Memory) -> None:
    cut = Completion("Ida lives in", finish_reason="length", calls=(ToolCall("c1", "mem_read", '{"queries": [{"subj'),))
    assert ask(memory, ScriptedLLM([cut, "Oslo."], can=["tools"])).text == "Ida lives in Oslo."


@pytest.mark.parametrize("can", [RAW, ["stop"], ["tools"]])
def test_code_with_an_opening_in_it_is_no_call(memory: Memory, can: list[Any]) -> None:
    said = "In JavaScript, call foo({a: 1}) and then bar(). That is all."
    llm = ScriptedLLM([said] * 9, can=can)
    answer = ask(memory, llm)
    assert (answer.text, answer.problems, len(llm.requests)) == (said, (), 1)
    taught = ScriptedLLM([said, ".", "", "END"], can=can)
    assert ask(memory, taught, barred=("({",)).text.startswith("In JavaScript, call foo" + "." * (can == RAW))


@pytest.mark.parametrize("way", ["prefill", "text", "tools"])
def test_half_of_a_character_in_a_query_costs_that_query_alone(memory: Memory, way: Any) -> None:
    half, whole = {"subject": "\ud83d", "relation": "lives in"}, {"subject": "Ida", "relation": "lives in"}
    asks = "({MEM_READ(\ud83d>>lives in>>;Ida>>lives in>>)-->"
    call = ToolCall("c1", "mem_read", json.dumps({"queries": [half, whole]}))
    first = Completion("Ida lives in", calls=(call,)) if way == "tools" else f"Ida lives in {asks}"
    answer = ask(memory, ScriptedLLM([first, " Oslo."], can=[*RAW, "tools"]), way=way)
    assert answer.text == "Ida lives in Oslo."
    assert answer.parts[1].queries == ("Ida>>lives in>>",)
    assert "is not valid Unicode" in answer.parts[0].why


@pytest.mark.parametrize("options", [{"reads": 0}, {"reads": 2}])
def test_an_opening_that_is_no_token_of_the_model_is_not_barred_and_that_is_noted(memory: Memory, options: Any) -> None:
    class Plain(ScriptedLLM):
        def complete(self, request: Request) -> Completion:
            if request.logit_bias:
                raise CapabilityError("scripted has no token '({'")
            return super().complete(request)

    answer = ask(
        memory, Plain(["Ida ({MEM_READ(Bo>>owns>>)-->", " is here.", "END"], can=RAW), barred=("({",), **options
    )
    assert answer.text.startswith("Ida")
    assert answer.notes == ("no token is barred: scripted has no token '({'",)
    assert answer.text == ("Ida" if options["reads"] == 0 else "Ida is here.")
