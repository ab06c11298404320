"""Requests, replies, tokens and prices without a network."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memagent.llms.openai_format import Assembly, Dialect, arguments, is_strict
from memagent.llms.openai_tokens import Aligner, decode, logprob
from memagent.llms.prices import Price
from memagent.llms.stopping import Cutter, cut, slice_tokens
from memagent.openai_server import locate, one_line
from memagent.types import Message, Request, Token

ASKED = Request((Message("user", "hello"),))


def entry(raw, value=-0.5):
    return {"token": raw.decode("utf-8", "replace"), "bytes": list(raw), "logprob": value}


def split_bytes(text, cuts):
    raw = text.encode()
    edges = sorted({0, len(raw), *(c % (len(raw) + 1) for c in cuts)})
    return [raw[a:b] for a, b in pairwise(edges)]


@given(st.text(), st.lists(st.integers(0, 99)))
def test_token_texts_always_make_the_text(text, cuts):
    aligner = Aligner()
    tokens = aligner.push(text, [entry(raw) for raw in split_bytes(text, cuts)])
    rest = aligner.finish()
    assert "".join(t.text for t in tokens + (rest or [])) == text


@given(st.text(min_size=1), st.lists(st.integers(0, 99), min_size=1))
def test_a_character_over_two_chunks_of_a_stream(text, cuts):
    aligner, tokens, sent = Aligner(), [], 0
    pieces = split_bytes(text, cuts)
    for number, raw in enumerate(pieces):
        whole = b"".join(pieces[: number + 1]).decode("utf-8", "ignore")
        tokens += aligner.push(whole[sent:], [entry(raw)])
        sent = len(whole)
    tokens += aligner.finish() or []
    assert "".join(t.text for t in tokens) == text
    assert all(t.logprob == -0.5 for t in tokens)


def test_tokens_that_are_no_part_of_the_text_are_cut_off():
    aligner = Aligner()
    assert aligner.push("one two", [entry(b"<think>"), entry(b"one"), entry(b" two"), entry(b"<|end|>")]) == []
    assert aligner.finish() == [Token("one", -0.5), Token(" two", -0.5)]


def test_tokens_of_another_text_are_refused():
    aligner = Aligner()
    aligner.push("one two", [entry(b"three")])
    assert aligner.finish() is None


@pytest.mark.parametrize(
    "value, ours", [(-1.5, -1.5), (0.0, 0.0), (1e-9, 0.0), (-9999.0, None), (None, None), (float("nan"), None)]
)
def test_values_of_logprobs(value, ours):
    assert logprob(value) == ours


def test_bytes_may_be_missing():
    assert decode([{"token": "é", "logprob": -1}]) == [Token("é", -1.0)]


CLOSED = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"], "additionalProperties": False}


@pytest.mark.parametrize(
    "schema, strict",
    [
        (CLOSED, True),
        ({**CLOSED, "required": []}, False),
        ({**CLOSED, "additionalProperties": True}, False),
        ({key: value for key, value in CLOSED.items() if key != "additionalProperties"}, False),
        ({**CLOSED, "properties": {"a": {"type": "integer", "default": 1}}}, False),
        ({**CLOSED, "properties": {"a": {"type": "array", "items": CLOSED}}}, True),
        ({**CLOSED, "properties": {"a": {"type": "array", "items": {"type": "object"}}}}, False),
        ({**CLOSED, "properties": {"a": {"$ref": "#/$defs/x"}}, "$defs": {"x": {"oneOf": []}}}, False),
        ({"type": "array", "items": CLOSED}, False),
        ({}, False),
    ],
)
def test_strict_schemas(schema, strict):
    assert is_strict(schema) is strict


def test_openai_takes_objects_only():
    request = Request(ASKED.messages, schema={"type": "array"})
    assert "response_format" not in arguments(request, Dialect("gpt-4.1", official=True))
    assert "response_format" in arguments(request, Dialect("llama"))


def test_a_dialect_learns_each_refusal_once():
    dialect = Dialect("m")
    assert dialect.learn("max_tokens") and dialect.limit == "max_completion_tokens"
    assert dialect.learn("max_tokens"), "another thread may have learnt it first"
    assert not dialect.learn("max_completion_tokens")
    assert dialect.learn("seed") and dialect.dropped == {"seed"}
    assert not dialect.learn("stop") and not dialect.learn("logprobs")


def test_cached_input_is_cheaper():
    assembly = Assembly(ASKED, "m", Price(input=2.0, output=8.0, cached=0.5))
    assembly.add(
        {
            "choices": [{"message": {"content": "x"}, "finish_reason": "stop"}],
            "usage": {
                "prompt_tokens": 1000,
                "completion_tokens": 100,
                "prompt_tokens_details": {"cached_tokens": 600},
            },
        }
    )
    assert assembly.completion().usage.cost == pytest.approx((400 * 2 + 600 * 0.5 + 100 * 8) / 1e6)


def test_an_unknown_price_is_unknown():
    assembly = Assembly(ASKED, "m", None)
    assembly.add({"choices": [{"message": {"content": "x"}, "finish_reason": "stop"}]})
    assert assembly.completion().usage.cost is None


@given(st.text("ab\n", max_size=30), st.lists(st.text("ab\n", min_size=1, max_size=4), max_size=3), st.integers(1, 5))
def test_cutting_a_stream_is_cutting_the_text(text, stop, size):
    cutter, tokens = Cutter(stop), []
    for at in range(0, len(text), size):
        if not cutter.done:
            tokens += cutter.push(Token(text[at : at + size]))
    if not cutter.done:
        tokens += cutter.flush()
    assert "".join(token.text for token in tokens) == cut(text, stop)


def test_slicing_tokens_shortens_those_at_the_edges():
    tokens = [Token("one", -1.0), Token(" two", -2.0), Token(" three", -3.0)]
    assert slice_tokens(tokens, 1, 6) == (Token("ne", -1.0), Token(" tw", -2.0))


@pytest.mark.parametrize(
    "url, name, local",
    [
        ("http://user:secret@localhost:1234/v1/", "openai:m@http://localhost:1234/v1", True),
        ("http://[::1]:8000/v1", "openai:m@http://[::1]:8000/v1", True),
        ("https://eu.api.openai.com/v1", "openai:m", False),
        ("https://notopenai.com/v1", "openai:m@https://notopenai.com/v1", False),
    ],
)
def test_places(url, name, local):
    place = locate("m", None, url, "secret", 1.0)
    assert (place.name, place.is_local) == (name, local)
    assert "secret" not in repr(place)


@pytest.mark.parametrize("said", ["wrong key sk-proj-abcdefgh1234", "Bearer abcdefghijk", "bad gsk_abcdefghijkl"])
def test_what_looks_like_a_key_is_blotted_out(said):
    assert "[key]" in one_line(said) and "abcdefgh" not in one_line(said)


def test_a_long_message_is_shortened():
    assert len(one_line("x " * 1000)) == 300
