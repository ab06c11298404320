"""The real client over loopback: answers, usage, log-probabilities, streams, loops."""

import asyncio
import json

import openai
import pytest

from memagent import registry
from memagent.budget import Budget
from memagent.controller import Controller
from memagent.errors import BackendError, CapabilityError, ConfigError, KeyMissing, UsageProblem
from memagent.llms.openai import OpenAI
from memagent.testing import FakeOpenAIServer, Fault, check_llm
from memagent.types import Completion, Message, Request, Token

ASKED = Request((Message("system", "Be short."), Message("user", "Count to four.")))


@pytest.fixture
def connect():
    models = []

    def make(server, model="fake", **options):
        models.append(OpenAI(model, base_url=server.url, **options))
        return models[-1]

    yield make
    for model in models:
        model.close()


def collect(model, request):
    async def run():
        return [item async for item in model.astream(request)]

    return asyncio.run(run())


def test_an_answer_with_its_usage(connect):
    with FakeOpenAIServer(["one two three"]) as server:
        answer = connect(server).complete(ASKED)
    assert answer == Completion("one two three", (), "stop", answer.usage, "fake")
    assert (answer.usage.calls, answer.usage.output_tokens, answer.usage.estimated) == (1, 3, False)
    assert answer.usage.cost is None, "a server on this machine may pass calls on to one that sends a bill"


def test_a_server_on_this_machine_is_free_where_a_price_says_so_and_ollama_is(connect, tmp_path, monkeypatch):
    prices = tmp_path / "prices.toml"
    prices.write_text('[models]\n"fake" = { input = 0, output = 0 }\n')
    with FakeOpenAIServer(["one", "two"]) as server:
        with pytest.raises(ConfigError, match="the price of this model is not known") as unknown:
            Controller(connect(server), budget=Budget(cost=1.0))
        assert "MEMAGENT_PRICES" in unknown.value.hint and "0 for a free one" in unknown.value.hint
        monkeypatch.setenv("OLLAMA_HOST", server.url.removesuffix("/v1"))
        assert registry.llm("ollama:fake").complete(ASKED).usage.cost == 0.0
        monkeypatch.setenv("MEMAGENT_PRICES", str(prices))
        assert connect(server).complete(ASKED).usage.cost == 0.0
        assert Controller(connect(server), budget=Budget(cost=1.0)).usage.cost == 0.0


def test_what_is_sent(connect):
    with FakeOpenAIServer(["one\n\ntwo"]) as server:
        request = Request(ASKED.messages, max_tokens=9, temperature=0.5, stop=("\n\n",), seed=7)
        answer = connect(server).complete(request)
        sent = server.requests[0]
    assert sent.payload == {
        "model": "fake",
        "messages": [{"role": "system", "content": "Be short."}, {"role": "user", "content": "Count to four."}],
        "max_tokens": 9,
        "temperature": 0.5,
        "stop": ["\n\n"],
        "seed": 7,
    }
    assert answer.text == "one"


def test_length_is_reported(connect):
    with FakeOpenAIServer(["one two three"]) as server:
        answer = connect(server).complete(Request(ASKED.messages, max_tokens=2))
    assert (answer.text, answer.finish_reason) == ("one two", "length")


@pytest.mark.parametrize("given, ours", [("content_filter", "filter"), ("length", "length"), ("tool_calls", "unknown")])
def test_finish_reasons(connect, given, ours):
    with FakeOpenAIServer(["x"], finish_reason=given) as server:
        assert connect(server).complete(ASKED).finish_reason == ours


@pytest.mark.parametrize("way", ["complete", "acomplete", "stream", "astream"])
def test_logprobs_in_all_four_calls(connect, way):
    request = Request(ASKED.messages, logprobs=True)
    with FakeOpenAIServer(["one two"], logprob=lambda word: -0.25) as server:
        model = connect(server)
        if way == "complete":
            answer = model.complete(request)
        elif way == "acomplete":
            answer = asyncio.run(model.acomplete(request))
        else:
            *tokens, answer = list(model.stream(request)) if way == "stream" else collect(model, request)
            assert tuple(tokens) == answer.tokens
    assert answer.tokens == (Token("one", -0.25), Token(" two", -0.25))


@pytest.mark.parametrize("logprob", [None, lambda word: -9999.0])
def test_logprobs_that_do_not_come_are_an_error(connect, logprob):
    with FakeOpenAIServer(lambda payload: "one two", logprob=logprob) as server:
        model = connect(server)
        with pytest.raises(CapabilityError, match="logprobs"):
            model.complete(Request(ASKED.messages, logprobs=True))
        with pytest.raises(CapabilityError, match="logprobs"):
            list(model.stream(Request(ASKED.messages, logprobs=True)))


def test_one_missing_logprob_is_none(connect):
    with FakeOpenAIServer(["one two"], logprob=lambda word: -9999.0 if word == "one" else -0.5) as server:
        answer = connect(server).complete(Request(ASKED.messages, logprobs=True))
    assert [token.logprob for token in answer.tokens] == [None, -0.5]


@pytest.mark.parametrize("collected", [lambda m: list(m.stream(ASKED)), lambda m: collect(m, ASKED)])
def test_a_stream_ends_with_its_completion(connect, collected):
    with FakeOpenAIServer(["one two three"]) as server:
        *tokens, answer = collected(connect(server))
        assert server.requests[0].payload["stream_options"] == {"include_usage": True}
    assert [token.text for token in tokens] == ["one", " two", " three"]
    assert (answer.text, answer.tokens, answer.finish_reason) == ("one two three", (), "stop")
    assert (answer.usage.output_tokens, answer.usage.estimated) == (3, False)


def test_usage_that_does_not_come_is_estimated(connect):
    with FakeOpenAIServer(lambda payload: "one two three", usage=False) as server:
        model = connect(server)
        *_, streamed = model.stream(ASKED)
        whole = model.complete(ASKED)
    assert streamed.usage == whole.usage
    assert whole.usage.estimated and whole.usage.input_tokens > 0 and whole.usage.output_tokens > 0


def test_a_stream_can_be_left_early(connect):
    with FakeOpenAIServer(["one two three", "four"]) as server:
        model = connect(server)
        stream = model.stream(ASKED)
        assert next(stream) == Token("one")
        stream.close()
        assert model.complete(ASKED).text == "four"


def test_several_event_loops_and_a_blocking_call_between(connect):
    with FakeOpenAIServer(lambda payload: "yes") as server:
        model = connect(server)
        for _ in range(3):
            assert asyncio.run(model.acomplete(ASKED)).text == "yes"
            assert collect(model, ASKED)[-1].text == "yes"
            assert model.complete(ASKED).text == "yes"


def test_one_loop_shares_its_client(connect):
    async def many(model):
        return await asyncio.gather(*(model.acomplete(ASKED) for _ in range(8)))

    with FakeOpenAIServer(lambda payload: "yes") as server:
        model = connect(server)
        assert len(asyncio.run(many(model))) == 8
        assert len(model._clients._loops) == 1


def test_a_blocking_call_inside_a_running_loop(connect):
    async def notebook(model):
        return model.complete(ASKED).text

    with FakeOpenAIServer(["yes"]) as server:
        assert asyncio.run(notebook(connect(server))) == "yes"


def test_clients_of_the_caller():
    with FakeOpenAIServer(lambda payload: "yes") as server:
        with openai.OpenAI(base_url=server.url, api_key="k", max_retries=0) as client:
            model = OpenAI("fake", client=client)
            assert model.complete(ASKED).text == "yes"
            assert asyncio.run(model.acomplete(ASKED)).text == "yes", "in a thread"
            assert collect(model, ASKED)[-1].text == "yes"
            assert model.name == f"openai:fake@{server.url}"

        async def run():
            async with openai.AsyncOpenAI(base_url=server.url, api_key="k") as client:
                model = OpenAI("fake", async_client=client)
                with pytest.raises(UsageProblem, match="asynchronous"):
                    model.complete(ASKED)
                return await model.acomplete(ASKED)

        assert asyncio.run(run()).text == "yes"


def test_the_key_is_sent_and_a_placeholder_without_one(connect, monkeypatch):
    with FakeOpenAIServer(lambda payload: "yes") as server:
        connect(server).complete(ASKED)
        connect(server, api_key="sk-mine").complete(ASKED)
        monkeypatch.setenv("OPENAI_API_KEY", "sk-env")
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        model = OpenAI("fake")
        model.complete(ASKED)
        model.close()
        assert [r.headers["authorization"] for r in server.requests] == [
            "Bearer none",
            "Bearer sk-mine",
            "Bearer sk-env",
        ]


def test_a_missing_key_is_told_before_anything_is_sent():
    with pytest.raises(KeyMissing, match="OPENAI_API_KEY") as caught:
        OpenAI("gpt-4.1-mini")
    assert "offline" in caught.value.hint and "ollama:" in caught.value.hint


def test_a_schema_is_sent_strict_only_if_it_qualifies(connect):
    closed = {
        "type": "object",
        "properties": {"a": {"type": "string"}},
        "required": ["a"],
        "additionalProperties": False,
        "title": "my reply",
    }
    with FakeOpenAIServer(lambda payload: '{"a": "b"}') as server:
        model = connect(server)
        model.complete(Request(ASKED.messages, schema=closed))
        model.complete(Request(ASKED.messages, schema={"type": "object", "properties": {"a": {"type": "string"}}}))
        formats = [received.payload["response_format"]["json_schema"] for received in server.requests]
    assert formats[0] == {"name": "my_reply", "schema": closed, "strict": True}
    assert (formats[1]["name"], formats[1]["strict"]) == ("reply", False)


def test_logit_bias_needs_token_ids(connect):
    request = Request(ASKED.messages, logit_bias={"yes": 2.0})
    with FakeOpenAIServer(["yes"]) as server:
        with pytest.raises(CapabilityError, match="logit_bias"):
            connect(server).complete(request)
        assert not server.requests, "nothing was spent"
        model = connect(server, token_ids=lambda text: [ord(text[0])])
        assert "logit_bias" in model.can
        model.complete(request)
        assert server.requests[0].payload["logit_bias"] == {"121": 2.0}


def test_prefill_is_refused(connect):
    with FakeOpenAIServer(["yes"]) as server, pytest.raises(CapabilityError, match="prefill"):
        connect(server).complete(Request(ASKED.messages, prefill="I"))


@pytest.mark.parametrize(
    "body",
    [
        {"choices": []},
        {"error": {"message": "no such luck"}},
        {"choices": [{"message": {"role": "assistant", "content": None}, "finish_reason": "stop"}]},
    ],
)
def test_a_reply_without_an_answer(connect, body):
    with FakeOpenAIServer([Fault(body={"id": "1", "object": "chat.completion", **body})]) as server:
        with pytest.raises(BackendError, match="answered with"):
            connect(server).complete(ASKED)


@pytest.mark.parametrize(
    "message, reason, text, ours",
    [
        ({"content": None}, "length", "", "length"),
        ({"content": None}, "content_filter", "", "filter"),
        ({"content": ""}, "stop", "", "stop"),
        ({"content": None, "refusal": "I will not."}, "stop", "I will not.", "filter"),
        ({"content": [{"type": "thinking", "text": "hm"}, {"type": "text", "text": "yes"}]}, "stop", "yes", "stop"),
    ],
)
def test_a_reply_that_is_empty_for_a_reason(connect, message, reason, text, ours):
    body = {"choices": [{"index": 0, "message": {"role": "assistant", **message}, "finish_reason": reason}]}
    with FakeOpenAIServer([Fault(body=body)]) as server:
        answer = connect(server).complete(ASKED)
    assert (answer.text, answer.finish_reason) == (text, ours)


def test_conformance(connect):
    with FakeOpenAIServer(lambda payload: "hello there") as server:
        report = check_llm(lambda: connect(server))
    assert set(report.skipped) == {"llm_prefill", "llm_logit_bias"}
    assert {"llm_identity", "llm_price", "llm_complete", "llm_stream", "llm_logprobs", "llm_stop"} <= set(report.passed)


def test_neither_repr_nor_errors_show_the_key(connect):
    key = "abcdef-very-secret-0123"
    refused = Fault(401, f"Incorrect API key provided: {key}")
    with FakeOpenAIServer([refused]) as server:
        model = connect(server, api_key=key)
        with pytest.raises(BackendError) as caught:
            model.complete(ASKED)
    assert key not in repr(model) + str(caught.value) + json.dumps(str(vars(caught.value)))
    assert caught.value.__cause__ is None, "the client's own message gives the key away"
