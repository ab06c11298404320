"""One flow that writes what a text states and reads it back: against a server with tool calls, and on weights."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import tiny_caller
import tiny_model

from memagent import Answer, Controller, Flow, Memory, registry
from memagent.errors import UsageProblem
from memagent.flow import Generate, ReadTriples, WriteTriples
from memagent.methods.memllm import memllm
from memagent.methods.memllm_decoding import BEGUN
from memagent.methods.memllm_write import Written, memllm_write
from memagent.testing import FakeOpenAIServer, Fault, ScriptedLLM
from memagent.types import Message

NAMES = tiny_caller.KEPT_BACK
FACTS = [(NAMES[n], [*tiny_caller.QUESTIONS][n % 3], NAMES[(n + 3) % len(NAMES)]) for n in range(len(NAMES))]


@pytest.fixture
def memory() -> Iterator[Memory]:
    with Memory(":memory:", embedder="hashing:256", single_user=True) as opened:
        yield opened


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where weights are that were taught to call."""
    if tiny_model.MISSING:
        pytest.skip(f"not installed: {', '.join(tiny_model.MISSING)}")
    folder: Path = tmp_path_factory.mktemp("caller")
    losses = tiny_caller.build(folder)
    assert losses[-1] < losses[0] / 5
    return folder


@pytest.fixture(scope="module")
def caller(folder: Path) -> Any:
    """Weights that were taught to call."""
    return registry.llm(f"transformers:{folder}")


def session(
    said: str | list[Message], question: str, *, trained: bool = False, **options: Any
) -> Flow[tuple[Written, Answer]]:
    """Write what is said, and answer a question with what is read."""
    written = yield from memllm_write(said, source="chat", trained=trained, max_tokens=60, **options)
    answer = yield from memllm(question, trained=trained, barred=("({",), max_tokens=60)
    return written, answer


def by_tools(payload: dict[str, Any]) -> Any:
    """A model that writes what it is shown, and answers after one look-up."""
    names = [tool["function"]["name"] for tool in payload.get("tools", [])]
    last = payload["messages"][-1]
    if names == ["mem_write"]:
        subject, relation, object = re.search(r"ST}\)(\w+) (\w+ \w+) (\w+)", last["content"]).groups()  # type: ignore[union-attr]
        triple = {"subject": subject, "relation": relation, "object": object, "confidence": 0.8}
        return Fault(reply="", calls=(("mem_write", json.dumps({"triples": [triple]})),))
    if last["role"] == "tool":
        return f"{last['content']}."
    return Fault(reply="Bo lives in", calls=(("mem_read", '{"queries": [{"subject": "Bo", "relation": "lives in"}]}'),))


@pytest.mark.parametrize("streamed", [False, True])
def test_a_session_against_a_real_server_with_tool_calls(memory: Memory, streamed: bool) -> None:
    said, question = "Hello! Bo lives in Turku. Always answer in French.", "Where does Bo live?"
    with FakeOpenAIServer(by_tools) as server:
        heard = (lambda event: None) if streamed else None
        controller = Controller(f"openai:fake@{server.url}", memory, on_event=heard)
        result = controller.run(session(said, question))
    written, answer = result.value
    assert answer.text == "Bo lives in Turku."
    assert [(triple.object, triple.confidence) for triple in written.triples] == [("Turku", 0.8)]
    assert [fact.confidence for fact in memory.facts.find("Bo")] == [0.8]
    assert [refusal.text for refusal in written.refused] == ["Hello!", "Always answer in French."]
    assert memory.get(written.triples[0].passage or "").text == "Bo lives in Turku."
    kinds = [type(record.step) for record in result.trace if not isinstance(record.step, Generate)]
    assert WriteTriples in kinds and ReadTriples in kinds
    assert result.trace.replay(session(said, question)) == (written, answer)


def test_weights_write_a_triple_and_read_it_back_with_a_prefill(memory: Memory, caller: Any) -> None:
    said, question = "Bago lives in Kera.", "Where does Bago live?"
    assert memory.facts.find() == []
    result = Controller(caller, memory).run(session(said, question, trained=True))
    written, answer = result.value
    assert [(one.subject, one.relation, one.object) for one in written.triples] == [("Bago", "lives in", "Kera")]
    assert (answer.text, answer.problems, written.problems) == ("Bago lives in Kera.", (), ())
    assert [hit.id for hit in answer.hits] == [*written.ids]
    assert answer.parts[-1].queries == ("Bago>>lives in>>",)
    assert 0.5 < written.triples[0].confidence < 1
    asked = [record.step.request for record in result.trace if isinstance(record.step, Generate)]
    writing = [request for request in asked if request.label == "memllm/write"]
    assert writing[0].messages == (Message("user", "({USER_ST})Bago lives in Kera.({USER_END})"),)
    assert [request.prefill for request in writing[:2]] == [BEGUN, f"{BEGUN}Bago>>lives in>>Kera"]
    assert writing[1].logit_bias and writing[1].max_tokens == 1  # it went on behind where it would have closed
    assert asked[-1].prefill == " Bago lives in({MEM_READ(Bago>>lives in>>)-->Kera})"
    assert result.trace.replay(session(said, question, trained=True)) == (written, answer)
    with Memory(":memory:", embedder="hashing:256", single_user=True) as other:
        assert asyncio.run(Controller(caller, other).arun(session(said, question, trained=True))).value[1] == answer


def test_weights_answer_from_the_memory_and_not_from_the_text_before(memory: Memory, caller: Any) -> None:
    memory.facts.add(("Bago", "lives in", "Mabi"))
    answer = Controller(caller, memory).run(memllm("Where does Bago live?", trained=True, barred=("({",))).value
    assert answer.text == "Bago lives in Mabi."


def test_weights_write_and_read_names_that_were_in_no_sample(caller: Any) -> None:
    """Copying is what they learnt: at least eight of ten, since a model so small slips now and then."""
    right = 0
    for subject, relation, object in FACTS:
        with Memory(":memory:", embedder="hashing:256", single_user=True) as memory:
            question = tiny_caller.QUESTIONS[relation].format(subject).replace(" ?", "?")
            flow = session(f"{subject} {relation} {object}.", question, trained=True)
            written, answer = Controller(caller, memory).run(flow).value
        triples = [(one.subject, one.relation, one.object) for one in written.triples]
        right += triples == [(subject, relation, object)] and answer.text == f"{subject} {relation} {object}."
    assert right >= 8


def test_weights_foretell_what_a_memory_holds_better_than_without_one(folder: Path) -> None:
    """Names that are looked up, of documents that were in no sample; also where each token is weighed with both."""
    from documents import read_document
    from perplexity import Scorer, measured
    from transformers import AutoModelForCausalLM, AutoTokenizer

    scorer = Scorer(AutoModelForCausalLM.from_pretrained(folder).eval(), AutoTokenizer.from_pretrained(folder))
    ways = {"read": (False, True), "branched": (True, True), "alone": (False, False)}
    nll = dict.fromkeys(ways, 0.0)
    for subject, relation, object in FACTS:
        names = [(subject, 0), (object, 1 + len(relation.split()))]
        raw = {
            "title": subject,
            "sents": [[subject, *relation.split(), object, "."]],
            "vertexSet": [[{"name": one, "sent_id": 0, "pos": [at, at + 1], "type": "PER"}] for one, at in names],
            "labels": [{"h": 0, "t": 1, "r": relation, "evidence": [0]}],
        }
        document = read_document(raw, {relation: relation}, "natural")
        for way, (branching, memory) in ways.items():
            nll[way] += measured(document, lambda _: (), scorer, branching=branching, memory=memory).sums["target"]
    assert nll["read"] < nll["branched"] < nll["alone"]
    assert nll["read"] < nll["alone"] / 3


def test_what_the_weights_are_unsure_of_is_refused(memory: Memory, caller: Any) -> None:
    flow = memllm_write("Bago lives in Kera.", trained=True, confidence=0.9999, max_tokens=60)
    written = Controller(caller, memory).run(flow).value
    assert written.triples == () and memory.facts.find() == []
    assert re.fullmatch(r"its confidence 0\.\d+ is less than 0\.9999", written.refused[0].why)


def test_a_model_that_was_trained_to_call_needs_a_prefill(memory: Memory) -> None:
    for flow in (memllm("Where?", trained=True), memllm_write("Bo lives in Turku.", trained=True)):
        with pytest.raises(UsageProblem, match="needs a prefill"):
            Controller(ScriptedLLM([], can=["stop"]), memory).run(flow)


def test_a_trained_model_is_shown_the_text_alone_and_a_blank_parts_it_from_the_question(memory: Memory) -> None:
    can: Any = ["prefill", "stop"]
    llm = ScriptedLLM([" at home."], can=can)
    answer = (
        Controller(llm, memory).run(memllm("Where is Ida?", begun="Ida is", trained=True, relations=["sails"])).value
    )
    assert answer.text == "Ida is at home."
    assert llm.requests[0].messages == (Message("user", "Where is Ida?"),)
    assert llm.requests[0].prefill == " Ida is"
    llm = ScriptedLLM(["})", "Bo>>sails>>Tern})"], can=can)
    written = Controller(llm, memory).run(memllm_write("It rains. Bo sails the Tern.", trained=True)).value
    assert [one.object for one in written.triples] == ["Tern"]
    shown = [request.messages[0].content for request in llm.requests]
    assert shown == ["({USER_ST})It rains.({USER_END})", "It rains.({USER_ST})Bo sails the Tern.({USER_END})"]
    assert {request.prefill for request in llm.requests} == {BEGUN}
