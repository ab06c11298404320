"""LangChain chat models, with the fakes of langchain-core."""

import asyncio
import time
from typing import Any

import pytest
from langchain_core.caches import InMemoryCache
from langchain_core.language_models import BaseChatModel, FakeListChatModel, GenericFakeChatModel
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult

from memagent import registry
from memagent.errors import BackendError, CapabilityError
from memagent.llms.langchain import LangChain
from memagent.testing import check_llm
from memagent.types import Completion, Message, Request, Token, Usage

ASKED = Request((Message("system", "Be short."), Message("user", "Count."), Message("assistant", "One.")))
ENTRIES = [
    {"token": "one", "logprob": -0.5, "bytes": None},
    {"token": " two", "logprob": -9999.0, "bytes": [32, 116, 119, 111]},
]
USAGE = {"input_tokens": 10, "output_tokens": 2, "total_tokens": 12}


class Talker(BaseChatModel):
    """Remembers what it was asked and answers `one two`, with log-probabilities if it is told to."""

    temperature: float | None = None
    num_predict: int | None = None
    logprobs: bool | None = None
    seed: int | None = None
    flat: bool = False
    silent: bool = False
    model_name: str = "talker"
    heard: Any = None
    error: Any = None

    @property
    def _llm_type(self) -> str:
        return "talker"

    def _said(self) -> dict[str, Any]:
        entries = ENTRIES if self.flat else {"content": ENTRIES}
        shown = {"logprobs": entries} if self.logprobs and not self.silent else {}
        return {"finish_reason": "stop", **shown}

    def _hear(self, messages, stop):
        self.heard.append((messages, stop, self.temperature, self.num_predict, self.seed))
        if self.error:
            raise self.error

    def _generate(self, messages, stop=None, run_manager=None, **kwargs):
        self._hear(messages, stop)
        message = AIMessage("one two", usage_metadata=USAGE, response_metadata=self._said())
        return ChatResult(generations=[ChatGeneration(message=message)])

    def _stream(self, messages, stop=None, run_manager=None, **kwargs):
        for number, text in enumerate(("one", " two")):
            shown = {}
            if self.logprobs and not self.silent:
                part = ENTRIES[number : number + 1]
                shown = {"logprobs": part if self.flat else {"content": part}}
            yield ChatGenerationChunk(message=AIMessageChunk(text, response_metadata=shown))
            if not number:
                self._hear(messages, stop)
        end = AIMessageChunk("", usage_metadata=USAGE, response_metadata={"finish_reason": "length"})
        yield ChatGenerationChunk(message=end)


def collect(model, request=ASKED):
    async def run():
        return [item async for item in model.astream(request)]

    return asyncio.run(run())


def talker(**settings):
    return Talker(heard=[], **settings)


def test_an_answer_with_its_usage():
    inner = talker()
    answer = LangChain(inner).complete(Request(ASKED.messages, temperature=0.5, max_tokens=9, seed=3, stop=("\n",)))
    assert answer == Completion("one two", (), "stop", Usage(1, 10, 2, None), "talker")
    messages, stop, *settings = inner.heard[0]
    assert [(m.type, m.content) for m in messages] == [("system", "Be short."), ("human", "Count."), ("ai", "One.")]
    assert stop == ["\n"] and settings == [0.5, 9, 3]
    assert inner.temperature is None, "the model of the caller stays as it was"


def test_async_and_streams():
    model = LangChain(talker())
    assert asyncio.run(model.acomplete(ASKED)).text == "one two"
    for items in (list(model.stream(ASKED)), collect(model)):
        assert [item.text for item in items] == ["one", " two", "one two"]
        assert items[-1] == Completion("one two", (), "length", Usage(1, 10, 2, None), "talker")


@pytest.mark.parametrize("flat", [False, True], ids=["mapping", "flat list"])
def test_logprobs_in_both_forms(flat):
    model = LangChain(talker(flat=flat))
    assert "logprobs" in model.can
    request = Request(ASKED.messages, logprobs=True)
    expected = (Token("one", -0.5), Token(" two", None))
    assert model.complete(request).tokens == expected
    *tokens, answer = model.stream(request)
    assert tuple(tokens) == answer.tokens == expected


def test_logprobs_that_do_not_come_are_an_error():
    model = LangChain(talker(silent=True))
    for call in (model.complete, lambda request: list(model.stream(request))):
        with pytest.raises(CapabilityError, match="logprobs"):
            call(Request(ASKED.messages, logprobs=True))


def test_a_model_without_the_field_does_not_offer_logprobs():
    model = LangChain(FakeListChatModel(responses=["x"]))
    assert model.can == {"stop"}
    with pytest.raises(CapabilityError, match="logprobs"):
        model.complete(Request(ASKED.messages, logprobs=True))


def test_stop_strings_hold_for_models_that_ignore_them():
    request = Request(ASKED.messages, stop=("STOP",))
    model = LangChain(GenericFakeChatModel(messages=iter(["one STOP two"] * 4)))
    assert model.complete(request).text == "one "
    for items in (list(model.stream(request)), collect(model, request)):
        assert items[-1].text == "one " == "".join(item.text for item in items[:-1])


def test_usage_that_does_not_come_is_estimated():
    answer = LangChain(GenericFakeChatModel(messages=iter(["one two three"]))).complete(ASKED)
    assert answer.usage.estimated and answer.usage.cost is None and answer.usage.output_tokens > 0
    assert answer.finish_reason == "unknown"


def test_a_hit_in_langchains_cache_costs_nothing():
    model = LangChain(talker(cache=InMemoryCache()))
    first, second = model.complete(ASKED), model.complete(ASKED)
    assert first.usage == Usage(1, 10, 2, None)
    assert (second.text, second.usage) == ("one two", Usage())


def test_a_known_price_is_used():
    assert LangChain(talker(model_name="gpt-4o")).complete(ASKED).usage.cost == pytest.approx((10 * 2.5 + 2 * 10) / 1e6)


def provider_errors():
    import httpx
    import openai

    request = httpx.Request("POST", "http://x")
    return [
        openai.APIConnectionError(request=request),
        httpx.ReadTimeout("slow", request=request),
        ConnectionResetError("gone"),
        TimeoutError("slow"),
    ]


@pytest.mark.parametrize("error", provider_errors(), ids=lambda error: type(error).__name__)
def test_errors_of_the_provider_become_ours(error):
    model = LangChain(talker(error=error))
    with pytest.raises(BackendError, match=type(error).__name__) as caught:
        model.complete(ASKED)
    assert not caught.value.retryable and caught.value.__cause__ is error
    with pytest.raises(BackendError) as caught:
        list(model.stream(ASKED))
    assert caught.value.retryable, "it had begun"
    with pytest.raises(BackendError):
        asyncio.run(model.acomplete(ASKED))
    with pytest.raises(BackendError):
        collect(model)


@pytest.mark.parametrize("error", [TypeError("mine"), KeyError("mine"), ValueError("mine")])
def test_every_other_error_passes_unchanged(error):
    model = LangChain(talker(error=error))
    for call in (model.complete, lambda r: list(model.stream(r)), lambda r: collect(model, r)):
        with pytest.raises(type(error), match="mine"):
            call(ASKED)


class Slow(Talker):
    """Takes its time."""

    def _stream(self, messages, stop=None, run_manager=None, **kwargs):
        for _ in range(100):
            yield ChatGenerationChunk(message=AIMessageChunk("word "))
            time.sleep(0.02)

    async def _astream(self, messages, stop=None, run_manager=None, **kwargs):
        yield ChatGenerationChunk(message=AIMessageChunk("word "))
        await asyncio.sleep(60)

    async def _agenerate(self, messages, stop=None, run_manager=None, **kwargs):
        await asyncio.sleep(60)


def test_time_runs_out():
    model, request = LangChain(Slow(heard=[])), Request(ASKED.messages, timeout=0.1)
    for call in (lambda: asyncio.run(model.acomplete(request)), lambda: collect(model, request)):
        with pytest.raises(BackendError, match="did not finish"):
            call()
    with pytest.raises(BackendError, match="did not finish") as caught:
        list(model.stream(request))
    assert caught.value.retryable


def test_a_timeout_of_the_model_is_its_own():
    model = LangChain(talker(error=TimeoutError("theirs")))
    with pytest.raises(BackendError, match="theirs"):
        collect(model, Request(ASKED.messages, timeout=30))


def test_wishes_are_left_to_a_class_without_a_field_for_them():
    model = LangChain(FakeListChatModel(responses=["x"]))
    asked = Request(ASKED.messages, max_tokens=1, temperature=0.0, seed=1, schema={"type": "object"}, timeout=9)
    assert model.complete(asked).text == "x"


def test_a_seed_by_another_name():
    class Other(BaseChatModel):
        random_seed: int | None = None
        heard: Any = None

        @property
        def _llm_type(self):
            return "other"

        def _generate(self, messages, stop=None, run_manager=None, **kwargs):
            self.heard.append(self.random_seed)
            return ChatResult(generations=[ChatGeneration(message=AIMessage("x"))])

    inner = Other(heard=[])
    model = LangChain(inner)
    model.complete(Request(ASKED.messages, seed=7))
    assert "seed" in model.can and inner.heard == [7]


def test_conformance():
    report = check_llm(lambda: LangChain(talker()))
    assert set(report.skipped) == {"llm_prefill", "llm_logit_bias", "llm_tools"}


def test_the_registry_knows_langchain_models():
    model = registry.llm(talker())
    assert isinstance(model, LangChain) and model.name == "langchain:talker"
