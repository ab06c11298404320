"""Callables of all shapes as language models, inside and outside a running event loop."""

import asyncio
from dataclasses import replace

import pytest

from memagent.errors import CapabilityError, UsageProblem
from memagent.llms.function import Function
from memagent.testing import check_llm
from memagent.types import Completion, Message, Request, Token, Usage, estimate_tokens

ASKED = Request((Message("system", "Be short."), Message("user", "Say it.")))
TEXT = "one two STOP three"


def plain(messages):
    return TEXT


async def asynchronous(messages):
    await asyncio.sleep(0)
    return TEXT


def pieces(messages):
    yield from ("one", " tw", "o ST", "OP three")


async def async_pieces(messages):
    for piece in ("one", " tw", "o ST", "OP three"):
        await asyncio.sleep(0)
        yield piece


class Callable:
    def __call__(self, messages):
        return TEXT


class AsyncCallable:
    async def __call__(self, messages):
        return TEXT


def completion(messages):
    return Completion(TEXT)


def returns_coroutine(messages):
    return asynchronous(messages)


SHAPES = [plain, asynchronous, pieces, async_pieces, Callable(), AsyncCallable(), completion, returns_coroutine]
shapes = pytest.mark.parametrize("fn", SHAPES, ids=lambda fn: getattr(fn, "__name__", type(fn).__name__))


def everything(model, request):
    async def both():
        return await model.acomplete(request), [item async for item in model.astream(request)]

    answer, streamed = asyncio.run(both())
    return [model.complete(request), answer, list(model.stream(request))[-1], streamed[-1]]


async def inside_a_loop(model, request):
    return [model.complete(request), list(model.stream(request))[-1]]


@shapes
def test_every_shape_answers_in_every_way(fn):
    model = Function(fn)
    answers = everything(model, ASKED) + asyncio.run(inside_a_loop(model, ASKED))
    assert {answer.text for answer in answers} == {TEXT}
    assert {answer.usage.cost for answer in answers} == {None}
    assert all(answer.usage.estimated and answer.usage.calls == 1 for answer in answers)


def test_the_estimate_counts_an_answer_that_is_begun():
    model = Function(lambda messages, request: "and the end", can=("prefill",))
    begun = "The beginning of an answer, " * 20
    bare, more = (model.complete(replace(ASKED, prefill=prefill)).usage for prefill in ("", begun))
    assert more.input_tokens - bare.input_tokens == estimate_tokens(begun) > 100


@pytest.mark.parametrize("fn", SHAPES[:6], ids=lambda fn: getattr(fn, "__name__", type(fn).__name__))
def test_stop_strings_end_the_text(fn):
    answers = everything(Function(fn), Request(ASKED.messages, stop=("STOP",)))
    assert {answer.text for answer in answers} == {"one two "}


@shapes
def test_conformance(fn):
    report = check_llm(lambda: Function(fn))
    assert set(report.skipped) == {"llm_logprobs", "llm_prefill", "llm_logit_bias", "llm_tools"}


@pytest.mark.parametrize("fn", [pieces, async_pieces])
def test_pieces_are_streamed_as_they_come(fn):
    async def run():
        return [item.text async for item in Function(fn).astream(ASKED)]

    assert asyncio.run(run())[:-1] == ["one", " tw", "o ST", "OP three"]


def test_a_stop_string_ends_a_stream_early():
    taken = []

    def endless(messages):
        for number in range(1000):
            taken.append(number)
            yield f"{number} "

    *_, answer = Function(endless).stream(Request(ASKED.messages, stop=("5 ",)))
    assert answer.text == "0 1 2 3 4 " and taken[-1] == 5


def test_messages_are_mappings_and_the_request_is_there_for_who_wants_it():
    def fn(messages, request):
        return f"{messages} {request.max_tokens}"

    answer = Function(fn).complete(Request(ASKED.messages[:1], max_tokens=5))
    assert answer.text == "[{'role': 'system', 'content': 'Be short.'}] 5"


def test_errors_of_the_callable_pass_unchanged():
    def fails(messages):
        raise KeyError("mine")

    async def fails_too(messages):
        raise TimeoutError("mine")

    for fn, kind in ((fails, KeyError), (fails_too, TimeoutError)):
        with pytest.raises(kind, match="mine"):
            Function(fn).complete(ASKED)
        with pytest.raises(kind, match="mine"):
            list(Function(fn).stream(ASKED))
        with pytest.raises(kind, match="mine"):
            asyncio.run(Function(fn).acomplete(ASKED))


@pytest.mark.parametrize("wrong", [None, 3, b"bytes", ["text", 3]])
def test_what_is_no_text_is_said_so(wrong):
    with pytest.raises(UsageProblem, match="instead of a text"):
        Function(lambda messages: wrong).complete(ASKED)


def test_a_completion_keeps_its_own_usage_and_model():
    given = Completion("x", (Token("x", -0.5),), usage=Usage(1, 2, 3, 0.25), model="mine")
    model = Function(lambda messages: given, can=["logprobs"])
    assert model.complete(Request(ASKED.messages, logprobs=True)) == given


def test_a_declared_ability_must_be_there():
    with pytest.raises(CapabilityError, match="logprobs"):
        Function(plain, can=["logprobs"]).complete(Request(ASKED.messages, logprobs=True))
    with pytest.raises(CapabilityError, match="logprobs"):
        Function(completion, can=["logprobs"]).complete(Request(ASKED.messages, logprobs=True))


def test_an_ability_that_needs_the_request_needs_the_parameter():
    with pytest.raises(UsageProblem, match=r"declares prefill, seed and never sees"):
        Function(plain, can=["seed", "prefill", "logprobs"])
    assert Function(lambda messages, request: TEXT, can=["seed", "prefill"]).can == {"seed", "prefill", "stop"}


def test_names():
    assert Function(plain).name == "function:plain"
    assert Function(Callable()).name == "function:Callable"
    assert Function(plain, name="mine").name == "mine"


def test_builtin_callables_without_a_signature():
    assert Function(str).complete(ASKED).text.startswith("[{'role'")
