"""The real client over loopback, with a server that misbehaves."""

import asyncio
import socket
import time

import httpx
import openai
import pytest

from memagent.controller import Controller
from memagent.errors import BackendError, CapabilityError
from memagent.llms.openai import OpenAI
from memagent.methods.passive import alone
from memagent.testing import FakeOpenAIServer, Fault
from memagent.types import Message, Request, Token

ASKED = Request((Message("user", "Count to four."),))
LOG = "memagent"


@pytest.fixture
def connect():
    models = []

    def make(url, model="fake", **options):
        models.append(OpenAI(model, base_url=url, **options))
        return models[-1]

    yield make
    for model in models:
        model.close()


def failure(call):
    with pytest.raises(BackendError) as caught:
        call()
    return caught.value


def aiterate(model, request=ASKED):
    async def run():
        return [item async for item in model.astream(request)]

    return asyncio.run(run())


WAYS = {
    "complete": lambda model: model.complete(ASKED),
    "acomplete": lambda model: asyncio.run(model.acomplete(ASKED)),
    "stream": lambda model: list(model.stream(ASKED)),
    "astream": aiterate,
}
ways = pytest.mark.parametrize("call", WAYS.values(), ids=WAYS)


@ways
@pytest.mark.parametrize("status, hint", [(401, "API key"), (403, "API key"), (404, "name of the model"), (400, "")])
def test_statuses_that_no_retry_helps(connect, call, status, hint):
    with FakeOpenAIServer([Fault(status, "it went\n wrong")]) as server:
        error = failure(lambda: call(connect(server.url)))
        assert len(server.requests) == 1
    assert f"said {status}: it went wrong" in error.message and "127.0.0.1" in error.message
    assert "\n" not in error.message and hint in error.hint and not error.retryable


def test_a_full_server_is_asked_again_after_the_time_it_names(connect):
    with FakeOpenAIServer([Fault(429, headers={"retry-after": "1"}), "yes"]) as server:
        began = time.monotonic()
        assert connect(server.url).complete(ASKED).text == "yes"
    assert 0.9 < time.monotonic() - began < 5


def test_a_full_server_is_given_up_on(connect):
    with FakeOpenAIServer([Fault(429, "slow down")] * 2) as server:
        error = failure(lambda: connect(server.url, max_retries=1).complete(ASKED))
        assert len(server.requests) == 2
    assert "429" in error.message and not error.retryable


@pytest.mark.parametrize("call", [lambda m, r: m.complete(r), lambda m, r: asyncio.run(m.acomplete(r))])
def test_a_capped_call_keeps_its_retries(connect, call):
    with FakeOpenAIServer([Fault(500), Fault(429, headers={"retry-after": "0.2"}), "yes"]) as server:
        assert call(connect(server.url), Request(ASKED.messages, timeout=20)).text == "yes"


def test_a_capped_call_does_not_wait_past_its_cap(connect):
    with FakeOpenAIServer([Fault(429, headers={"retry-after": "30"}), "yes"]) as server:
        began = time.monotonic()
        error = failure(lambda: connect(server.url).complete(Request(ASKED.messages, timeout=2)))
    assert "429" in error.message and time.monotonic() - began < 2


@ways
def test_a_server_that_does_not_answer(connect, call):
    with FakeOpenAIServer([Fault(delay=30)]) as server:
        error = failure(lambda: call(connect(server.url, timeout=0.3, max_retries=0)))
    assert "no answer" in error.message and "0.3 s" in error.message and not error.retryable


@pytest.mark.parametrize("call", [lambda m, r: m.complete(r), lambda m, r: asyncio.run(m.acomplete(r))])
def test_a_request_may_cap_its_call(connect, call):
    with FakeOpenAIServer([Fault(delay=30)]) as server:
        began = time.monotonic()
        error = failure(lambda: call(connect(server.url), Request(ASKED.messages, timeout=0.5)))
    assert "0.5 s" in error.message and time.monotonic() - began < 4 and not error.retryable


@pytest.mark.parametrize("call", [lambda m, r: list(m.stream(r)), aiterate])
def test_a_slow_stream_is_capped(connect, call):
    with FakeOpenAIServer([Fault(reply="word " * 50, pause=0.1)]) as server:
        began = time.monotonic()
        error = failure(lambda: call(connect(server.url), Request(ASKED.messages, timeout=0.6)))
    assert "0.6 s" in error.message and error.retryable and time.monotonic() - began < 4


@pytest.mark.parametrize("quietly", [False, True], ids=["broken", "ended"])
@pytest.mark.parametrize("way", ["stream", "astream"])
def test_a_stream_that_breaks_off(connect, way, quietly):
    with FakeOpenAIServer([Fault(cut_after=2, quietly=quietly)]) as server:
        error = failure(lambda: WAYS[way](connect(server.url)))
    assert error.retryable and "after 7 characters" in error.message


def test_tokens_come_before_the_break(connect):
    with FakeOpenAIServer([Fault(cut_after=1)]) as server:
        stream = connect(server.url).stream(ASKED)
        assert next(stream) == Token("one")
        failure(lambda: next(stream))


@pytest.mark.parametrize("way", ["stream", "astream"])
def test_a_stream_that_stalls(connect, way):
    with FakeOpenAIServer([Fault(pause=30)]) as server:
        error = failure(lambda: WAYS[way](connect(server.url, timeout=0.3)))
    assert error.retryable and "no answer" in error.message and "after 3 characters" in error.message


@pytest.mark.parametrize("way", ["stream", "astream"])
def test_a_stream_that_is_not_json(connect, way):
    with FakeOpenAIServer([Fault(malformed=True)]) as server:
        error = failure(lambda: WAYS[way](connect(server.url)))
    assert "not JSON" in error.message and not error.retryable


@ways
def test_nobody_listens(connect, call):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    error = failure(lambda: call(connect(f"http://127.0.0.1:{port}/v1", max_retries=0)))
    assert f"127.0.0.1:{port}" in error.message and "Check that the server runs" in error.hint


def test_ollama_that_does_not_run_is_named(connect):
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", 11434)) == 0:
            pytest.skip("something listens on the port of Ollama here")
    error = failure(lambda: connect("http://localhost:11434/v1", name="ollama:m", max_retries=0).complete(ASKED))
    assert "Ollama does not seem to run" in error.hint and "ollama:m" in error.message


def test_a_web_page_instead_of_an_answer(connect):
    with FakeOpenAIServer() as server:
        error = failure(lambda: connect(server.url.removesuffix("/v1") + "/nowhere").complete(ASKED))
    assert error.message


@pytest.mark.parametrize("call", WAYS.values(), ids=WAYS)
def test_the_limit_is_renamed_once_and_remembered(connect, call, caplog):
    with FakeOpenAIServer(lambda payload: "yes", refuses={"max_tokens"}) as server:
        model = connect(server.url)
        for _ in range(2):
            assert model.complete(Request(ASKED.messages, max_tokens=5)).text == "yes"
        call(model)
        limits = [sorted(set(r.payload) & {"max_tokens", "max_completion_tokens"}) for r in server.requests]
    assert limits[:3] == [["max_tokens"], ["max_completion_tokens"], ["max_completion_tokens"]]
    assert [record.message for record in caplog.records if record.name == LOG] == [
        f"{model.name} does not take 'max_tokens'; it is not sent any more"
    ]


def test_a_limit_refused_under_both_names_is_an_error(connect):
    with FakeOpenAIServer(lambda payload: "yes", refuses={"max_tokens", "max_completion_tokens"}) as server:
        error = failure(lambda: connect(server.url).complete(Request(ASKED.messages, max_tokens=5)))
        assert len(server.requests) == 2
    assert "max_completion_tokens" in error.message


def test_optional_parameters_are_left_out_and_remembered(connect, caplog):
    request = Request(ASKED.messages, temperature=0.0, seed=1, schema={"type": "object"})
    refuses = {"temperature", "seed", "response_format", "stream_options"}
    with FakeOpenAIServer(lambda payload: "yes", refuses=refuses) as server:
        model = connect(server.url)
        *_, answer = model.stream(request)
        assert answer.text == "yes" and answer.usage.estimated
        asked = len(server.requests)
        model.complete(request)
        assert asked == 5 and len(server.requests) == 6
    assert len([record for record in caplog.records if record.name == LOG]) == 4


@pytest.mark.parametrize(
    "ability, request_",
    [("stop", Request(ASKED.messages, stop=("x",))), ("logprobs", Request(ASKED.messages, logprobs=True))],
)
def test_what_changes_the_answer_is_never_left_out(connect, ability, request_):
    with FakeOpenAIServer(lambda payload: "yes", refuses={ability}) as server:
        model = connect(server.url)
        with pytest.raises(CapabilityError, match=ability):
            model.complete(request_)
        assert ability not in model.can
        with pytest.raises(CapabilityError, match=ability):
            model.complete(request_)
        assert len(server.requests) == 1, "the second time it is known"


def test_a_bug_in_the_callers_own_transport_is_not_blamed_on_the_server():
    def handler(request):
        raise KeyError("mine")

    with httpx.Client(transport=httpx.MockTransport(handler)) as transport:
        client = openai.OpenAI(api_key="k", base_url="http://127.0.0.1:1/v1", http_client=transport, max_retries=0)
        with pytest.raises(KeyError, match="mine"):
            OpenAI("fake", client=client).complete(ASKED)


@pytest.mark.parametrize("way", ["stream", "astream"])
def test_a_stream_that_says_that_it_is_done_is_whole_though_not_why_it_ended(connect, way):
    with FakeOpenAIServer(["one two three", "four", "five six"], finish_reason=None) as server:
        model = connect(server.url)
        *tokens, reply = WAYS[way](model)
        assert (reply.text, reply.finish_reason) == ("one two three", "unknown")
        assert "".join(token.text for token in tokens) == reply.text and len(server.requests) == 1
        assert WAYS[way](model)[-1].text == "four" and WAYS[way](model)[-1].text == "five six"


def test_methods_take_such_a_reply_for_whole(connect):
    said = "Mara keeps the lighthouse. So the answer is: Norway"
    with FakeOpenAIServer(lambda _: said, finish_reason=None) as server:
        result = Controller(connect(server.url)).run(alone("Where is it?", timeout=30))
        assert (result.value.text, result.value.problems, len(server.requests)) == (said, (), 1)
        assert result.usage.calls == 1 and result.usage.tokens > 0
