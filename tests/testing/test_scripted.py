"""The scripted model that other tests stand on."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest

from memagent.errors import BackendError, CapabilityError
from memagent.testing import OutOfReplies, ScriptedLLM, check_llm
from memagent.types import Completion, Message, Request, Token

ASKED = Request((Message("user", "hello"),), label="some/step")


def test_replies_come_in_order_and_requests_are_kept():
    model = ScriptedLLM(["one", Completion("two"), lambda request: request.label])
    assert [model.complete(ASKED).text for _ in range(3)] == ["one", "two", "some/step"]
    assert model.requests == [ASKED] * 3 and model.left == 0


def test_exceptions_are_raised():
    model = ScriptedLLM([BackendError("down"), lambda request: BackendError("down again")])
    for said in ("down", "down again"):
        with pytest.raises(BackendError, match=said):
            model.complete(ASKED)


def test_running_out_is_told():
    model = ScriptedLLM(["one"])
    model.complete(ASKED)
    with pytest.raises(OutOfReplies, match="1 replies and was asked for the 2th time: 'some/step'"):
        model.complete(ASKED)


def test_streams_are_word_by_word():
    *tokens, answer = ScriptedLLM(["  one two\nthree "]).stream(ASKED)
    assert [token.text for token in tokens] == ["  one", " two", "\nthree", " "]
    assert answer.text == "  one two\nthree "


def test_what_it_cannot_do_it_refuses():
    with pytest.raises(CapabilityError):
        ScriptedLLM(["x"]).complete(Request(ASKED.messages, logprobs=True))
    answer = ScriptedLLM(["x y"], can=["logprobs"]).complete(Request(ASKED.messages, logprobs=True))
    assert answer.tokens == (Token("x", 0.0), Token(" y", 0.0))


def test_many_threads_get_one_reply_each():
    model = ScriptedLLM([str(number) for number in range(200)])
    with ThreadPoolExecutor(8) as pool:
        texts = list(pool.map(lambda _: model.complete(ASKED).text, range(200)))
    assert sorted(texts, key=int) == [str(number) for number in range(200)]


def test_conformance():
    report = check_llm(lambda: ScriptedLLM(["hello there"] * 2))
    assert set(report.skipped) == {"llm_logprobs", "llm_tools"}


class Broken(ScriptedLLM):
    def stream(self, request):
        yield Token("something else")
        yield self.complete(request)


class Careless(ScriptedLLM):
    can = frozenset()

    def complete(self, request):
        return Completion("x")


@pytest.mark.parametrize("model", [Broken, Careless])
def test_the_conformance_checks_can_fail(model):
    def make():
        made = model(["hello"] * 3)
        made.can = frozenset()
        return made

    with pytest.raises(AssertionError):
        check_llm(make)


def test_async():
    async def run(model):
        return [await model.acomplete(ASKED), *[item async for item in model.astream(ASKED)]]

    assert asyncio.run(run(ScriptedLLM(["a", "b"])))[-1].text == "b"
