"""MemLLM's loop of reading and writing: conformance checks 7 to 9 and 11, the three ways to call, failing models."""

from __future__ import annotations

import asyncio
import json
import random
import re
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import tiny_model

from memagent import Answer, Budget, Controller, Flow, Memory
from memagent.errors import BackendError, Stopped, UsageProblem
from memagent.flow import Generate, read_triples, write_triples
from memagent.methods import memllm_calls
from memagent.methods.memllm import FORBIDDEN, memllm
from memagent.methods.memllm_grammar import blocks
from memagent.methods.memllm_probabilities import branched, late_stop, negative_log_likelihood
from memagent.methods.memllm_write import Written, memllm_write
from memagent.prompts import overriding
from memagent.testing import FakeOpenAIServer, Fault, ScriptedLLM
from memagent.trace import Trace
from memagent.triples import Query
from memagent.types import Completion, Request, ToolCall, Triple, estimate_tokens

QUESTION = "Where does Ida live, and for whom does Mara work?"
RAW: list[Any] = ["prefill", "stop", "logit_bias"]
YEAR = datetime(2024, 1, 1, tzinfo=UTC)
IDA, MARA = "({MEM_READ(Ida>>lives in>>)", "({MEM_READ(Mara>>works for>>)"


@pytest.fixture
def memory() -> Iterator[Memory]:
    with Memory(":memory:", embedder="hashing:256", single_user=True) as opened:
        opened.facts.add([("Ida", "lives in", "Oslo"), ("Mara", "works for", "Acme Corp")])
        yield opened


def ask(memory: Memory, llm: Any, **options: Any) -> Answer:
    return Controller(llm, memory, retries=0).run(memllm(QUESTION, **options)).value


def prompts(llm: ScriptedLLM) -> list[str]:
    return ["\n".join(m.content for m in r.messages if m.role != "system") + r.prefill for r in llm.requests]


def test_7_a_second_call_takes_the_first_block_away(memory: Memory) -> None:
    llm = ScriptedLLM([f"Ida lives in {IDA}", f" Oslo. Mara works for {MARA}", "Acme Corp."], can=RAW)
    answer = ask(memory, llm)
    assert answer.text == "Ida lives in Oslo. Mara works for Acme Corp."
    assert [request.prefill for request in llm.requests] == [
        "",
        f"Ida lives in{IDA}-->Oslo}})",
        f"Ida lives in Oslo. Mara works for{MARA}-->Acme Corp}})",
    ]
    assert all(blocks(text) <= 1 for text in prompts(llm))
    assert [part.queries for part in answer.parts] == [(), ("Ida>>lives in>>",), ("Mara>>works for>>",)]
    assert [hit.text for hit in answer.hits] == ["Ida lives in Oslo", "Mara works for Acme Corp"]
    assert answer.problems == ()
    assert {request.temperature for request in llm.requests} == {0.0}  # greedy, as the paper decodes


def test_half_of_an_opening_at_the_end_is_no_text(memory: Memory) -> None:
    for can in (RAW, ["stop"]):
        assert ask(memory, ScriptedLLM(["Ida lives in Oslo (", "END"], can=can)).text.rstrip() == "Ida lives in Oslo"


def test_8_the_same_call_again_is_dropped_and_the_opening_barred_for_one_token(memory: Memory) -> None:
    llm = ScriptedLLM([f"Ida lives in {IDA}", IDA, " Oslo", ", in the north."], can=RAW)
    answer = ask(memory, llm)
    assert answer.text == "Ida lives in Oslo, in the north."
    barred = [(request.max_tokens, dict(request.logit_bias)) for request in llm.requests]
    assert barred[2] == (1, {"(": FORBIDDEN})
    assert [bias for _, bias in (barred[0], barred[1], barred[3])] == [{}, {}, {}]
    assert "dropped: it repeats the one before" in answer.parts[1].why


def test_8_a_call_that_cannot_be_read_does_not_make_one_forget_the_one_before(memory: Memory) -> None:
    llm = ScriptedLLM([f"In {IDA}-->", "Oslo ({MEM_READ(a>>b>>c)-->", f"and {IDA}-->", "nowhere else."], can=["stop"])
    answer = ask(memory, llm)
    assert answer.text == "In Oslo and nowhere else."
    assert "dropped: it repeats the one before" in answer.parts[2].why


@pytest.mark.parametrize("can", [RAW, ["prefill", "stop"], [], ["stop"]])
@pytest.mark.parametrize(
    "only", ["({", IDA, IDA + "-->", "({MEM_READ(", "({MEM_READ(a>>b>>c)-->", "(", "({MEM_WRITE-->"]
)
def test_8_a_model_that_does_nothing_but_call_comes_to_an_end(memory: Memory, can: list[Any], only: str) -> None:
    llm = ScriptedLLM([only] * 50, can=can)
    answer = ask(memory, llm, reads=3)
    assert len(llm.requests) <= 2 * (2 * 3 + 2)
    assert answer.problems or answer.text == "("
    assert blocks(answer.text) == 0


def test_9_branching_weighs_what_memory_and_no_memory_say() -> None:
    probability = branched(0.6, 0.9, 0.2)
    assert probability == pytest.approx(0.62)
    assert negative_log_likelihood(probability) == pytest.approx(0.478036, abs=1e-6)
    assert negative_log_likelihood(0) == float("inf")
    with pytest.raises(UsageProblem, match="must be a probability"):
        branched(1.2, 0.9, 0.2)


@pytest.mark.parametrize(
    ("scores", "stopped", "cut"),
    [
        ([-1, -2, -3, -4, -5, -6, -7], 6, 0),
        ([-3, -2, -3, -4, -5, -6, -7, -8], 7, 1),
        ([-5, -4, -3, -2, -1, -1.5, -2, -3, -4, -5, -6], 10, 4),
        ([-2, -2, -2, -2, -2, -2], 6, 0),
    ],
)
def test_11_late_stopping_closes_once_the_best_point_is_old(scores: list[float], stopped: int, cut: int) -> None:
    assert late_stop(scores) == (stopped, cut)
    assert [late_stop(scores[:n]) for n in range(stopped)] == [None] * stopped
    with pytest.raises(UsageProblem, match="patience"):
        late_stop(scores, 0)


def test_a_model_with_neither_prefill_nor_tools_is_shown_the_block_and_the_text_so_far(memory: Memory) -> None:
    llm = ScriptedLLM([f"Ida lives in {IDA}-->Bergen}}) Bergen.", "Ida lives in Oslo.", "END"], can=[])
    answer = ask(memory, llm)
    assert answer.text == "Ida lives in Oslo."
    assert f"{IDA}-->Oslo}})" in prompts(llm)[1]
    assert all(blocks(text) <= 1 for text in prompts(llm))
    assert answer.notes


def test_broken_and_empty_calls_are_dropped_counted_and_told(memory: Memory) -> None:
    llm = ScriptedLLM(
        ["It is ({MEM_READ(a>>b>>c;no)-->", "well ({MEM_READ(Bo>>owns>>)-->", f"so {IDA}-->", "Oslo."],
        can=["stop"],
    )
    answer = ask(memory, llm)
    assert answer.text == "It is well so Oslo."
    assert [part.why.partition("; ")[2][:45] for part in answer.parts] == [
        "a call at its end was dropped: it cannot be r",
        "a call at its end was dropped: it found nothi",
        "it stops to read Ida>>lives in>>",
        "",
    ]
    assert "it cannot be read" in prompts(llm)[1]


def test_a_bad_query_is_left_out_and_the_others_are_asked(memory: Memory) -> None:
    llm = ScriptedLLM(["In ({MEM_READ(Ida>>lives in>>;>>>>x;Mara>>works for>>)-->", "Oslo."], can=["stop"])
    answer = ask(memory, llm)
    assert answer.parts[1].queries == ("Ida>>lives in>>", "Mara>>works for>>")
    assert "has no relation" in answer.parts[0].why


def test_no_more_is_written_than_max_tokens_and_what_is_left_out_is_told(memory: Memory) -> None:
    llm = ScriptedLLM([f"Ida lives in {IDA}", f" Oslo. Mara works for {MARA}", "never"], can=RAW)
    answer = ask(memory, llm, max_tokens=12)
    asked = [request.max_tokens for request in llm.requests]
    assert asked[0] == 12 and len(asked) == 2
    spent = estimate_tokens(f"Ida lives in {IDA}")
    assert asked[1] == 12 - spent
    assert answer.text == "Ida lives in Oslo. Mara works for"
    assert answer.problems == ("the answer was cut off at 12 tokens, before a call",)


def test_a_read_that_found_more_than_it_may_show_says_so(memory: Memory) -> None:
    memory.facts.add(("Ida", "lives in", "Bergen"))
    for k, told in ((1, True), (2, False)):
        answer = ask(memory, ScriptedLLM([f"Ida lives in {IDA}", "there."], can=RAW), k=k)
        assert len(answer.hits) == k
        assert ("; there was more than it shows" in answer.parts[0].why) is told


def test_a_fact_that_is_not_just_what_was_asked_is_shown_whole(memory: Memory) -> None:
    llm = ScriptedLLM(["Ida's home is ({MEM_READ(Ida>>lives near>>)-->", "near Oslo."], can=["stop"])
    answer = ask(memory, llm)
    assert "-->Ida lives in Oslo})" in prompts(llm)[1]
    assert 0 < answer.hits[0].score < 1


def test_once_stops_reading_after_the_first_that_finds_something(memory: Memory) -> None:
    llm = ScriptedLLM([f"Ida lives in {IDA}", f" Oslo, Mara works for {MARA}"], can=RAW)
    answer = ask(memory, llm, once=True, barred=("({",))
    assert answer.text == "Ida lives in Oslo, Mara works for"
    assert llm.requests[-1].logit_bias == {"({": FORBIDDEN}
    assert "more than 1 reads" in answer.problems[0]


def test_a_text_is_gone_on_with_and_what_held_before_is_read(memory: Memory) -> None:
    memory.facts.declare("lives in")
    memory.facts.add(Triple("Ida", "lives in", "Gull Point", at=datetime(2020, 1, 1, tzinfo=UTC)))
    llm = ScriptedLLM([f"lived in {IDA}", "Gull Point then."], can=RAW)
    answer = ask(memory, llm, begun="In 2021 Ida ", as_of=datetime(2021, 1, 1, tzinfo=UTC))
    assert answer.text == "In 2021 Ida lived in Gull Point then."
    assert "".join(part.text for part in answer.parts) == answer.text


CALL = ToolCall("c1", "mem_read", '{"queries": [{"subject": "Ida", "relation": "lives in"}]}')


def test_tools_are_called_answered_and_only_the_last_exchange_is_shown(memory: Memory) -> None:
    second = ToolCall("c2", "mem_read", '{"queries": [{"subject": "Mara", "relation": "works for"}, {"object": "x"}]}')
    llm = ScriptedLLM(
        [Completion("Ida lives in", calls=(CALL,)), Completion("Oslo. Mara works for", calls=(second,)), "Acme Corp."],
        can=["tools"],
    )
    answer = ask(memory, llm)
    assert answer.text == "Ida lives in Oslo. Mara works for Acme Corp."
    said = [[(m.role, m.content) for m in request.messages[2:]] for request in llm.requests]
    assert said == [
        [],
        [("assistant", "Ida lives in"), ("tool", "Oslo")],
        [("assistant", "Ida lives in Oslo. Mara works for"), ("tool", "Acme Corp")],
    ]
    assert "has no relation" in answer.parts[1].why
    assert answer.notes == ()


def test_each_tool_call_of_a_reply_has_its_own_result_by_its_id(memory: Memory) -> None:
    def call(**query: str) -> tuple[str, str]:
        return "mem_read", json.dumps({"queries": [query]})

    ida, mara = call(subject="Ida", relation="lives in"), call(subject="Mara", relation="works for")
    first = Fault(reply="", calls=(ida, call(subject="Bo", relation="owns"), mara, ida, ("mem_drop", "{}")))
    with FakeOpenAIServer([first, "Oslo and Acme Corp."]) as server:
        answer = ask(memory, f"openai:fake@{server.url}")
        *_, asked, one, two, three, four, five = server.requests[1].payload["messages"]
    ids = [call["id"] for call in asked["tool_calls"]]
    assert len(set(ids)) == 5
    told = {said["tool_call_id"]: said["content"] for said in (one, two, three, four, five)}
    assert [*told] == ids
    assert [told[id] for id in ids[:4]] == ["Oslo", "it found nothing", "Acme Corp", "it repeats the one before"]
    assert "no tool that was offered" in told[ids[4]]
    assert answer.text == "Oslo and Acme Corp."
    assert answer.parts[-1].queries == ("Ida>>lives in>>", "Mara>>works for>>")
    assert [hit.text for hit in answer.hits] == ["Ida lives in Oslo", "Mara works for Acme Corp"]
    assert "stops to read Ida>>lives in>>; Mara>>works for>>; a call beside it was dropped" in answer.parts[0].why


@pytest.mark.parametrize(("options", "results"), [({"reads": 1}, 1), ({"once": True}, 1), ({"reads": 2}, 2)])
def test_each_tool_call_of_a_reply_counts_as_a_read(memory: Memory, options: Any, results: int) -> None:
    mara = ToolCall("c2", "mem_read", '{"queries": [{"subject": "Mara", "relation": "works for"}]}')
    llm = ScriptedLLM([Completion("", calls=(CALL, mara)), "Done."], can=["tools"])
    ask(memory, llm, **options)
    told = [message.content for message in llm.requests[1].messages if message.role == "tool"]
    last = "\nNo more calls: finish the answer with what you have."
    assert told == ["Oslo", ("Acme Corp" if results == 2 else "no more reads are left") + last]


def test_a_server_that_turns_out_to_have_no_tools_is_asked_in_words(memory: Memory) -> None:
    with FakeOpenAIServer([f"Ida lives in {IDA}", "Oslo."], refuses=["tools"]) as server:
        answer = ask(memory, f"openai:fake@{server.url}")
    assert answer.text == "Ida lives in Oslo."
    assert "by the prompt alone" in answer.notes[0]


def test_weights_that_were_taught_to_call_read_with_a_prefill_and_go_on(memory: Memory, tmp_path: Path) -> None:
    if tiny_model.MISSING:
        pytest.skip(f"not installed: {', '.join(tiny_model.MISSING)}")
    prompts_of_its_own = tmp_path / "prompts" / "memllm"
    prompts_of_its_own.mkdir(parents=True)
    (prompts_of_its_own / "read.md").write_text("=== user ===\n$question $relations")
    answer = "Ida lives in({MEM_READ(Ida>>lives in>>)-->Oslo}) Oslo."
    tiny_model.build_reader(tmp_path / "model", "Ida? x", answer)
    controller = Controller(f"transformers:{tmp_path / 'model'}", memory)
    with overriding(tmp_path / "prompts"):
        result = controller.run(memllm("Ida?", relations=["x"], max_tokens=120))
    assert result.value.text == "Ida lives in Oslo."
    assert result.value.problems == ()
    assert [hit.text for hit in result.value.hits] == ["Ida lives in Oslo"]
    asked = [record.step.request for record in result.trace if isinstance(record.step, Generate)]
    assert [request.prefill for request in asked] == ["", "Ida lives in({MEM_READ(Ida>>lives in>>)-->Oslo})"]


def test_it_replays_and_runs_alike_both_ways(memory: Memory) -> None:
    replies = [f"Ida lives in {IDA}", IDA, " Oslo", ", in the north."]
    one = Controller(ScriptedLLM(replies, can=RAW), memory).run(memllm(QUESTION))
    two = asyncio.run(Controller(ScriptedLLM(replies, can=RAW), memory).arun(memllm(QUESTION)))
    assert one.trace == two.trace
    assert one.trace.replay(memllm(QUESTION)) == one.value == two.value


def slow(request: Request) -> str:
    time.sleep(5)
    return "late"


@pytest.mark.parametrize(
    ("second", "why"),
    [
        (BackendError("the server is gone"), "the server is gone; the answer ends here"),
        (slow, "did not finish within 0.2 s"),
        ("", ""),
    ],
)
def test_a_failing_hanging_or_empty_model_leaves_the_best_text_so_far(memory: Memory, second: Any, why: str) -> None:
    answer = ask(memory, ScriptedLLM([f"Ida lives in {IDA}", second], can=RAW), timeout=0.2)
    assert answer.text == "Ida lives in"
    assert why in " ".join(answer.problems)


def test_an_empty_answer_says_so_and_a_stopped_run_gives_what_there_is(memory: Memory) -> None:
    assert ask(memory, ScriptedLLM([""], can=RAW)).problems == ("the model wrote nothing",)
    llm = ScriptedLLM([f"Ida lives in {IDA}", "Oslo."], can=RAW)
    with pytest.raises(Stopped) as stopped:
        Controller(llm, memory, budget=Budget(calls=1)).run(memllm(QUESTION))
    assert stopped.value.partial.text == "Ida lives in"
    assert "stopped" in stopped.value.partial.problems[0]


def test_a_memory_that_fails_is_told_and_lived_with(memory: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object, **options: object) -> None:
        raise OSError("the disk is gone")

    monkeypatch.setattr("memagent.memory.facts.Facts.read", fail)
    answer = ask(memory, ScriptedLLM([f"Ida lives in {IDA}", " ", "somewhere."], can=RAW))
    assert answer.text == "Ida lives in somewhere."
    assert "the disk is gone" in answer.problems[0]


def test_a_read_that_hangs_is_given_up_and_told(memory: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("memagent.memory.facts.Facts.read", lambda *args, **options: time.sleep(3))
    answer = ask(memory, ScriptedLLM([f"Ida lives in {IDA}", "somewhere."], can=["stop"]), search_timeout=0.1)
    assert answer.text == "Ida lives in somewhere."
    assert "did not end within 0.1 s" in answer.problems[0]


def test_steps_with_moments_and_limits_come_back_from_a_trace_on_disk(memory: Memory, tmp_path: Path) -> None:
    def flow() -> Flow[Any]:
        learnt = yield from write_triples([Triple("Bo", "sails", "Tern", at=YEAR)], "Bo sails the Tern.", speaker="Bo")
        found = yield from read_triples(Query("Bo", "sails", None), limits="perplexity", as_of=YEAR)
        return learnt, found

    path = tmp_path / "trace.jsonl"
    value = Controller(ScriptedLLM([]), memory).run(flow(), trace=path).value
    assert value[1].texts == ("Tern",)
    assert Trace.load(path).replay(flow()) == value
    with pytest.raises(UsageProblem, match="no memory"):
        Controller(ScriptedLLM([])).run(flow())


def test_wrong_arguments_are_refused(memory: Memory) -> None:
    for wrong in ({"k": 0}, {"reads": -1}, {"max_tokens": 0}, {"way": "by post"}, {"limits": "loose"}):
        with pytest.raises(UsageProblem):
            ask(memory, ScriptedLLM([]), **wrong)


def writes(memory: Memory, llm: Any, text: str, **options: Any) -> Written:
    return Controller(llm, memory, retries=0).run(memllm_write(text, **options)).value


def test_a_text_is_written_sentence_by_sentence_with_what_came_before(memory: Memory) -> None:
    llm = ScriptedLLM(
        [
            "({MEM_WRITE-->Bo>>lives in>>Turku;she>>likes>>Turku})",
            "Here: Bo>>keeps>>lamp;Bo>>owns>>Acme",
            "no idea",
            "({MEM_WRITE-->",
        ]
    )
    written = writes(memory, llm, "Bo lives in Turku. He keeps the lamp. Mara sails there.", source="log")
    assert [(one.subject, one.relation, one.object) for one in written.triples] == [("Bo", "lives in", "Turku")]
    assert [refusal.why for refusal in written.refused] == [
        "its subject 'she' names nobody",
        "its subject 'Here: Bo' is not in the sentence",
        "its object 'Acme' is not in the sentence",
    ]
    contexts = [request.messages[1].content for request in llm.requests]
    assert "Bo lives in Turku. He keeps the lamp." in contexts[2]
    assert len(llm.requests) == 4  # the third sentence was asked for twice
    (fact,) = memory.facts.find("Bo")
    assert fact.sources == ("log",)
    assert [memory.get(passage).text for passage in fact.passages] == ["Bo lives in Turku."]


@pytest.mark.parametrize("count", [0, 2])
def test_no_more_sentences_are_shown_than_asked_for(memory: Memory, count: int) -> None:
    llm = ScriptedLLM(["({MEM_WRITE-->})"] * 4)
    writes(memory, llm, "One is a lamp. Two is a tide. Three is a gull. Four is a boat.", context=count)
    shown = re.search(r"<context>\n(.*)\n</context>", llm.requests[3].messages[1].content, re.DOTALL)
    assert shown is not None
    assert shown[1] == ("Two is a tide. Three is a gull." if count else "(none)")


def test_a_model_that_fails_three_times_in_a_row_is_not_asked_again(memory: Memory) -> None:
    llm = ScriptedLLM([BackendError("gone")] * 3)
    written = writes(memory, llm, "One is a lamp. Two is a tide. Three is a gull. Four is a boat.")
    assert len(written.problems) == 4
    assert "three times in a row" in written.problems[-1]


def test_ten_thousand_mangled_tool_calls_are_read_or_refused() -> None:
    chance = random.Random(5)
    whole = [
        '{"queries": [{"subject": "Ida", "relation": "lives in"}, {"object": "x", "relation": 3}]}',
        '{"triples": [{"subject": "a", "relation": "r", "object": "b"}, ["a", "r", "c"], null, 7]}',
        '{"relation": "r", "subject": {"deep": [1]}}',
    ]
    odd = ['"', "{", "}", "[", "]", "null", ":", ",", "\\", "\ud800", "\x00", "1e9", ""]
    for number in range(10_000):
        text = chance.choice(whole)
        for _ in range(chance.randrange(4)):
            at = chance.randrange(len(text) + 1)
            text = text[:at] + chance.choice(odd) + text[at + chance.randrange(3) :]
        call = ToolCall("", "mem_read" if number % 2 else "mem_write", text)
        assert all(query.checked() is query for query in memllm_calls.read_calls([call]).queries)
        assert all(all(triple) for triple in memllm_calls.write_calls([call]).triples)


def test_five_hundred_random_models_come_to_an_end(memory: Memory) -> None:
    chance = random.Random(11)
    pieces = [
        "({",
        "MEM_READ(",
        "Ida>>lives in>>",
        ")-->",
        "Oslo",
        "})",
        " ",
        "\n\n",
        "END",
        ";",
        ">>",
        "the lamp. ",
        "(",
        "",
    ]

    def babble(request: Request) -> str:
        return "".join(chance.choice(pieces) for _ in range(chance.randrange(8)))

    def make(replies: Callable[[Request], str]) -> ScriptedLLM:
        return ScriptedLLM([replies] * 40, can=chance.choice([RAW, ["stop"], [], ["prefill", "stop"]]))

    for _ in range(500):
        llm = make(babble)
        answer = ask(memory, llm, reads=2)
        assert all(blocks(text) <= 1 for text in prompts(llm))
        assert blocks(answer.text) == 0
        assert "".join(part.text for part in answer.parts).split() == answer.text.split()


def test_what_was_shown_and_what_is_too_much_is_refused_and_listed(memory: Memory) -> None:
    said = "({MEM_WRITE-->Ida>>lives in>>Oslo})"
    flow = memllm_write("Yes, Ida lives in Oslo.", shown=["Ida lives in Oslo."])
    written = Controller(ScriptedLLM([said]), memory).run(flow).value
    assert written.ids == () and [one.why for one in written.refused] == ["the sentence is recalled text"]
    many = ";".join(f"Ida>>lives in {'so ' * n}>>Oslo" for n in range(40))
    written = (
        Controller(ScriptedLLM(["({MEM_WRITE-->" + many + "})"]), memory).run(memllm_write("Ida lives in Oslo.")).value
    )
    assert len(written.refused) >= 8 and "no more than 32" in written.refused[0].why
    assert 30 < len(written.ids) <= 32


def test_an_answer_of_two_paragraphs_is_whole_where_the_model_continues_its_own_text(memory: Memory) -> None:
    replies = ["Ida lives in ({MEM_READ(Ida>>lives in>>)", " Oslo.\n\nThat is in Norway."]
    llm = ScriptedLLM(replies, can=["prefill", "stop", "logit_bias"])
    answer = Controller(llm, memory, retries=0).run(memllm("Where does Ida live?")).value
    assert answer.text.endswith("Oslo.\n\nThat is in Norway.")
