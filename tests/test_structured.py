"""Replies that must have a form: mended, asked for again, given up on."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memagent import Completion, Controller, Message
from memagent.errors import ReplyError
from memagent.structured import Unreadable, ask, json_object
from memagent.testing import ScriptedLLM


def number(text: str) -> int:
    try:
        return int(json_object(text)["n"])
    except (KeyError, ValueError) as error:
        raise Unreadable(f'"n" must be a number: {error}') from error


def asked(llm: ScriptedLLM, **options: int) -> int:
    return Controller(llm).run(ask([Message("user", "n?")], number, label="test/n", **options)).value


@pytest.mark.parametrize(
    "reply",
    [
        '{"n": 3}',
        '```json\n{"n": 3}\n```',
        "Sure! Here it is:\n\n{'n': 3}\n\nHope that helps.",
        '{"n": 3,}',
        '{"n": "3", "note": "a "quoted" word"}',
        '<think>maybe 4?</think>{"n": 3}',
        '{"n": 3, "text": "cut in the mid',
        '{"n": 3}{"m": 4, "k": 5}',
    ],
)
def test_json_is_mended(reply: str) -> None:
    if reply.startswith('{"n": 3}{'):
        assert json_object(reply)  # two objects: one of them, whole
    else:
        assert number(reply) == 3


@pytest.mark.parametrize("reply", ["", "I cannot do that.", "[1, 2]", "{}", "null"])
def test_what_holds_no_object_is_unreadable(reply: str) -> None:
    with pytest.raises(Unreadable):
        json_object(reply)


@given(st.text())
def test_any_text_gives_an_object_or_is_unreadable(text: str) -> None:
    try:
        assert isinstance(json_object("{" + text), dict)
    except Unreadable:
        pass


@pytest.mark.parametrize("depth", [100, 200, 400, 1_000, 50_000])
@pytest.mark.parametrize("opening", ["{", '{"n":', '{"n": [[', "{'a': ["])
def test_a_reply_that_nests_without_end_gives_an_object_or_is_unreadable(opening: str, depth: int) -> None:
    try:
        assert isinstance(json_object(opening * depth), dict)
    except Unreadable as error:
        assert str(error).startswith("it holds no JSON object that can be read")


def test_a_reply_that_nests_too_deeply_is_asked_for_again_and_told_so() -> None:
    llm = ScriptedLLM(['{"n":' * 50_000, "{" * 300, '{"n": 5}'])
    assert asked(llm) == 5
    assert all("nested too deeply" in request.messages[-1].content for request in llm.requests[1:])


def test_a_broken_reply_is_asked_for_again_with_the_reason_shown() -> None:
    llm = ScriptedLLM(["no idea", '{"m": 1}', '{"n": 7}'])
    assert asked(llm) == 7
    second, third = (request.messages for request in llm.requests[1:])
    assert [message.role for message in second] == ["user", "assistant", "user"]
    assert "no JSON object" in second[-1].content
    assert second[1].content == "no idea"
    assert '"n" must be a number' in third[-1].content
    assert len(third) == 3  # the conversation does not grow with the tries


def test_after_the_last_try_the_error_carries_the_raw_reply() -> None:
    llm = ScriptedLLM(["a", "b", "the last one"])
    with pytest.raises(ReplyError, match="no usable reply in 3 tries") as caught:
        asked(llm)
    assert caught.value.reply == "the last one"
    assert len(llm.requests) == 3
    with pytest.raises(ReplyError):
        asked(ScriptedLLM(["a"]), tries=1)


def test_a_reply_cut_at_the_length_limit_says_so_to_the_model() -> None:
    llm = ScriptedLLM([Completion('{"m"', finish_reason="length"), '{"n": 1}'])
    assert asked(llm) == 1
    assert "cut off at the length limit" in llm.requests[1].messages[-1].content
