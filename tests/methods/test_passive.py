"""The baselines: when each of them looks up, with what, and what it costs."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from memagent import Answer, Completion, Controller, Flow, Hit, Memory, flare_instruct
from memagent.budget import Budget
from memagent.errors import BackendError, BudgetExceeded, UsageProblem
from memagent.flow import Retrieve, retrieve
from memagent.methods.passive import alone, asked_in, every, once, previous_sentence, self_ask
from memagent.testing import ScriptedLLM
from memagent.types import Request, Token, Usage

QUESTION = "In which country is the lighthouse that Mara keeps?"


def said(text: str, finish: str = "stop") -> Completion:
    tokens = tuple(Token(f" {word}", -0.1) for word in text.split(" "))
    return Completion(f" {text}", tokens, finish, Usage(calls=1))  # type: ignore[arg-type]


@pytest.fixture
def memory() -> Iterator[Memory]:
    with Memory(":memory:", single_user=True) as memory:
        memory.add(["Mara keeps the lighthouse at Gull Point.", "Gull Point is a cape in Norway.", "Oslo is a city."])
        yield memory


def asked(llm: ScriptedLLM, memory: Memory | None, flow: Flow[Answer]) -> tuple[Answer, list[str]]:
    result = Controller(llm, memory, retries=0).run(flow)
    return result.value, [record.step.query for record in result.trace if isinstance(record.step, Retrieve)]


def test_alone_asks_once_and_looks_nothing_up() -> None:
    llm = ScriptedLLM([said("It is in Norway.")], can=["prefill"])
    answer, searches = asked(llm, None, alone(QUESTION))
    assert (answer.text, answer.hits, searches) == ("It is in Norway.", (), [])
    assert "<passages>" not in llm.requests[0].messages[-1].content


def test_once_asks_once_with_what_the_question_finds(memory: Memory) -> None:
    llm = ScriptedLLM([said("It is in Norway. So the answer is: Norway.")])
    answer, searches = asked(llm, memory, once(QUESTION, k=2))
    assert (answer.text, searches) == ("It is in Norway. So the answer is: Norway.", [QUESTION])
    assert len(answer.hits) == 1
    assert answer.hits[0].text in llm.requests[0].messages[-1].content


@pytest.mark.parametrize("method", [once, every, previous_sentence, self_ask, flare_instruct])
def test_those_that_search_take_a_flow_in_place_of_the_retriever(memory: Memory, method: Any) -> None:
    sought: list[tuple[str, int]] = []

    def look_up(query: str, k: int) -> Flow[list[Hit]]:
        sought.append((query, k))
        return (yield from retrieve("Gull Point", 1))

    replies = ["[Search(the lighthouse)]", "It is in Norway.", ""] if method is flare_instruct else ["It is in Norway."]
    llm = ScriptedLLM([*replies, *[""] * 3], can=["prefill"])
    answer, searches = asked(llm, memory, method(QUESTION, k=2, look_up=look_up))
    assert sought[0] == ("the lighthouse" if method is flare_instruct else QUESTION, 2)
    assert set(searches) == {"Gull Point"}
    assert "Norway" in answer.text
    with pytest.raises(UsageProblem, match="is no flow"):
        asked(llm, memory, method(QUESTION, look_up="graph"))


def test_every_window_is_looked_up_by_its_last_tokens(memory: Memory) -> None:
    llm = ScriptedLLM([said("Mara keeps the", "length"), said("lighthouse at Gull", "length"), said("Point.")],
                      can=["prefill"])  # fmt: skip
    answer, searches = asked(llm, memory, every(QUESTION, tokens=3))
    assert answer.text == "Mara keeps the lighthouse at Gull Point."
    assert searches == [QUESTION, "Mara keeps the", "lighthouse at Gull"]
    assert [request.max_tokens for request in llm.requests] == [3, 3, 3]
    assert [request.prefill for request in llm.requests] == ["", "Mara keeps the", "Mara keeps the lighthouse at Gull"]


def test_without_prefill_a_word_that_was_cut_off_is_written_again(memory: Memory) -> None:
    llm = ScriptedLLM([said("Mara keeps the light", "length"), said("lighthouse at Gull Point.")], can=())
    answer, _ = asked(llm, memory, every(QUESTION, tokens=4))
    assert answer.text == "Mara keeps the lighthouse at Gull Point."


def test_each_sentence_is_looked_up_for_the_next(memory: Memory) -> None:
    replies = [said("Mara keeps it. It", "length"), said("It is at Gull Point. So"), said("It is in Norway.")]
    llm = ScriptedLLM(replies, can=["prefill"])
    answer, searches = asked(llm, memory, previous_sentence(QUESTION))
    assert answer.text == "Mara keeps it. It is at Gull Point. It is in Norway."
    assert searches == [QUESTION, "Mara keeps it.", "It is at Gull Point."]
    assert [part.queries for part in answer.parts] == [(query,) for query in searches]


def test_a_question_is_taken_apart(memory: Memory) -> None:
    llm = ScriptedLLM(
        [
            "Follow up: Where is the lighthouse that Mara keeps?",
            "**Answer to that:** Gull Point\n**Follow up:** In which country is Gull Point?",
            "Answer to that: Norway\nSo the answer is: Norway",
        ]
    )
    answer, searches = asked(llm, memory, self_ask(QUESTION))
    assert answer.text == "So the answer is: Norway"
    assert searches == [QUESTION, "Where is the lighthouse that Mara keeps?", "In which country is Gull Point?"]
    assert (
        "Answer to that: Gull Point\nFollow up: In which country is Gull Point?" in llm.requests[2].messages[1].content
    )
    assert answer.problems == ()


@pytest.mark.parametrize(
    ("replies", "text", "searches"),
    [
        (["Norway."], "Norway.", 1),
        (["Follow up: a?", "Follow up: a?"], "", 2),
        (["Follow up: a?", "Answer to that: b\nFollow up: c?", "Answer to that: d"], "d", 3),
        ([""], "", 1),
    ],
)
def test_taking_apart_ends(memory: Memory, replies: list[str], text: str, searches: int) -> None:
    answer, made = asked(ScriptedLLM(replies), memory, self_ask(QUESTION))
    assert (answer.text, len(made)) == (text, searches)
    assert bool(answer.problems) == (text == "")


def test_taking_apart_is_bounded(memory: Memory) -> None:
    def reply(request: Request) -> str:
        return f"Answer to that: x{len(llm.requests)}\nFollow up: y{len(llm.requests)}?"

    llm = ScriptedLLM([reply] * 20)
    answer, searches = asked(llm, memory, self_ask(QUESTION, steps=2))
    assert (len(llm.requests), len(searches), answer.text) == (3, 3, "x3")
    assert answer.problems == ("not answered after 2 further questions",)


METHODS: list[Callable[[str], Flow[Answer]]] = [alone, once, every, previous_sentence, self_ask]


@pytest.mark.parametrize("method", METHODS)
def test_a_failing_call_and_an_empty_reply_end_with_a_reason(memory: Memory, method: Any) -> None:
    answer, _ = asked(ScriptedLLM([BackendError("the server is gone")]), memory, method(QUESTION))
    assert answer.problems == ("the server is gone; the answer ends here",)
    answer, _ = asked(ScriptedLLM([""]), memory, method(QUESTION))
    assert answer.problems == ("the model wrote nothing",)


@pytest.mark.parametrize("method", METHODS)
def test_a_model_that_never_ends_is_bounded(memory: Memory, method: Any) -> None:
    def reply(request: Request) -> Completion:
        return said(f"Sentence {len(llm.requests)} it is. And", "length")

    llm = ScriptedLLM([reply] * 300, can=["prefill"])
    asked(llm, memory, method(QUESTION))
    assert len(llm.requests) <= 256


@pytest.mark.parametrize("method", METHODS[1:])
def test_a_stopped_run_hands_out_what_there_is(memory: Memory, method: Any) -> None:
    with pytest.raises(BudgetExceeded) as stopped:
        Controller(ScriptedLLM(), memory, budget=Budget(calls=0)).run(method(QUESTION))
    assert stopped.value.partial.problems[0].startswith("stopped: the limit of 0 calls")


@pytest.mark.parametrize("wrong", [lambda: every(QUESTION, tokens=0), lambda: once(QUESTION, k=-1)])
def test_a_wrong_argument_is_refused(memory: Memory, wrong: Callable[[], Flow[Answer]]) -> None:
    with pytest.raises(UsageProblem):
        asked(ScriptedLLM(), memory, wrong())


def test_ten_thousand_mangled_replies() -> None:
    rng = random.Random(11)
    parts = ["Follow up:", "Answer to that:", "So the answer is:", "\n", " ", "**", "x", "?", "：", "\ud83d", "So, the"]
    for _ in range(10_000):
        reply = "".join(rng.choice(parts) for _ in range(rng.randrange(10)))
        said_, following, final = asked_in(reply)
        assert not (following and final)
        assert all(text == text.strip() for text in (said_, following, final))
