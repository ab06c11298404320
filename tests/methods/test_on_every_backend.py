"""One flow on every kind of backend: scripted, a server, weights of its own, LangChain, a function, and none at all."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
import tiny_model

from memagent import Answer, Controller, Flow, Memory, flare, flare_instruct, memllm, rat
from memagent.flow import Generate, Tell
from memagent.methods.passive import alone, every, once, previous_sentence, self_ask
from memagent.testing import FakeOpenAIServer, ScriptedLLM

QUESTION = "In which country is the lighthouse that Mara keeps?"
REPLY = "Mara keeps the lighthouse at Gull Point. So the answer is: Norway."
METHODS: dict[str, Callable[[str], Flow[Answer]]] = {
    "flare": flare,
    "flare instruct": flare_instruct,
    "alone": alone,
    "once": once,
    "every": every,
    "previous sentence": previous_sentence,
    "self-ask": self_ask,
    "memllm": memllm,
}
BACKENDS = ["scripted", "server", "transformers", "langchain", "function", "offline"]


@pytest.fixture(scope="session")
def wide_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a model of random weights with room for a prompt."""
    if tiny_model.MISSING:
        pytest.skip(f"not installed: {', '.join(tiny_model.MISSING)}")
    folder = tmp_path_factory.mktemp("wide")
    tiny_model.build_wide(folder)
    return folder


@pytest.fixture
def memory() -> Iterator[Memory]:
    with Memory(":memory:", single_user=True) as memory:
        memory.add(["Mara keeps the lighthouse at Gull Point.", "Gull Point is a cape in Norway.", "Oslo is a city."])
        yield memory


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> Iterator[Any]:
    """Yield a backend of each kind; those that answer by script say the same to everything."""
    if request.param == "scripted":
        yield ScriptedLLM([REPLY] * 100, can=["logprobs", "prefill", "stop", "logit_bias", "seed"])
    elif request.param == "server":
        with FakeOpenAIServer(lambda payload: REPLY) as server:
            yield f"openai:fake@{server.url}"
    elif request.param == "transformers":
        yield f"transformers:{request.getfixturevalue('wide_model')}"
    elif request.param == "langchain":
        from langchain_core.language_models import FakeListChatModel

        yield FakeListChatModel(responses=[REPLY])
    elif request.param == "function":
        yield lambda messages: REPLY
    else:
        yield "offline"


@pytest.mark.parametrize("name", METHODS)
def test_it_runs_both_ways_with_one_trace_and_replays(memory: Memory, backend: Any, name: str) -> None:
    controller = Controller(backend, memory)
    result = controller.run(METHODS[name](QUESTION))
    again = asyncio.run(controller.arun(METHODS[name](QUESTION)))
    answer: Answer = result.value
    assert answer.text
    lived_with = ("repeat", "cut off at", "may not sample")  # some of these say the same to everything
    assert all(any(known in problem for known in lived_with) for problem in answer.problems)
    assert result.trace == again.trace
    assert result.trace.replay(METHODS[name](QUESTION)) == answer
    assert "".join(part.text for part in answer.parts).strip() == answer.text or name == "self-ask"
    assert sum(isinstance(record.step, Generate) for record in result.trace) == result.usage.calls > 0


@pytest.mark.parametrize("query", ["", "draft"])
def test_rat_runs_both_ways_with_one_trace_and_replays(
    memory: Memory, backend: Any, query: Literal["", "draft"]
) -> None:
    def flow() -> Flow[Answer]:
        return rat(QUESTION, query=query, max_tokens=200)

    controller = Controller(backend, memory)
    result = controller.run(flow())
    again = asyncio.run(controller.arun(flow()))
    answer: Answer = result.value
    assert result.trace == again.trace and again.value == answer == result.trace.replay(flow())
    labels = [record.step.request.label for record in result.trace if isinstance(record.step, Generate)]
    assert labels[0] == "rat/draft_writing" and labels[-1] == "rat/finalise"
    assert ("rat/query" in labels) == (not query) and len(labels) == result.usage.calls
    assert answer.text and answer.parts and all(part.queries and part.why for part in answer.parts)
    if str(backend).startswith("transformers"):  # of random weights: its replies say nothing and do not end
        assert answer.problems[0] == "the draft was cut off at 200 tokens"
        assert all(part.decision == "kept" for part in answer.parts)
    else:
        assert answer.problems == () and answer.hits
        assert "rat/revise_prefix" in labels


def test_flare_measures_where_it_can_and_says_so_first_where_it_cannot(memory: Memory, backend: Any) -> None:
    controller = Controller(backend, memory)
    result = controller.run(flare(QUESTION, theta=1.0))
    steps = [record.step for record in result.trace]
    told = [at for at, step in enumerate(steps) if isinstance(step, Tell)]
    first = next(at for at, step in enumerate(steps) if isinstance(step, Generate))
    asked = [step.request.logprobs for step in steps if isinstance(step, Generate)]
    if "logprobs" in controller.llm.can:
        assert told == []
        assert all(asked)
        measured = [part for part in result.value.parts if part.confidence is not None]
        assert all(token.logprob is not None for part in measured for token in part.tokens)
    else:
        assert [at < first for at in told] == [True]
        assert "no log-probabilities" in str(steps[told[0]])
        assert not any(asked)
