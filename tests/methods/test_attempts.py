"""What a method lives with: whatever comes from outside, and no mistake of its own."""

from __future__ import annotations

import logging

import pytest

from memagent.errors import BackendError, CapabilityError, Late, ReplyError, Stopped, UsageProblem
from memagent.flow import gather, generate, run
from memagent.methods.attempts import attempted, caught, given

FOREIGN = [TypeError("t"), AttributeError("a"), NameError("n"), ValueError("v"), KeyError("k"), RuntimeError("r")]


def fails(error):
    """A driver whose every answer is an error."""

    def answer(step, path):
        raise error

    return answer


def asks():
    reply = yield from generate("What?")
    return reply.text


@pytest.mark.parametrize("error", [*FOREIGN, MemoryError("m"), RecursionError("d"), BackendError("b")])
def test_whatever_answers_a_step_may_raise_anything(error):
    assert run(caught(asks()), fails(error)) == (None, error)
    value, why = run(attempted(asks()), fails(error))
    assert value is None and str(error).strip("'") in why


def test_a_stop_iteration_from_outside_is_lived_with():
    value, error = run(caught(asks()), fails(StopIteration("no more replies")))
    assert value is None and isinstance(error, BackendError) and "no more replies" in error.message


@pytest.mark.parametrize("error", FOREIGN)
def test_a_mistake_of_the_flow_itself_is_not_hidden(error):
    def mistaken():
        yield from generate("What?")
        raise error

    with pytest.raises(type(error)):
        run(caught(mistaken()), lambda step, path: None)


def test_a_mistake_made_while_an_error_from_outside_is_handled_is_not_hidden():
    def clumsy():
        try:
            yield from generate("What?")
        except ValueError as error:
            return error.nothing
        return ""

    with pytest.raises(AttributeError, match="nothing"):
        run(caught(clumsy()), fails(ValueError("v")))


def test_a_flow_may_live_with_an_error_and_go_on():
    def goes_on():
        try:
            yield from generate("What?")
        except TypeError:
            return (yield from generate("And now?"))

    answers = iter([TypeError("t"), "better"])

    def answer(step, path):
        said = next(answers)
        if isinstance(said, Exception):
            raise said
        return said

    assert run(caught(goes_on()), answer) == ("better", None)


def test_an_error_that_was_lived_with_and_raised_later_is_still_one_from_outside():
    def late():
        try:
            yield from generate("What?")
        except TypeError as error:
            yield from generate("And now?")
            raise error

    error, answers = TypeError("t"), iter([None])

    def answer(step, path):
        if path == (0,):
            raise error
        return next(answers)

    assert run(caught(late()), answer) == (None, error)


def test_an_unreadable_reply_is_lived_with():
    def reads():
        yield from generate("What?")
        raise ReplyError("no JSON", reply="{")

    value, error = run(caught(reads()), lambda step, path: None)
    assert value is None and isinstance(error, ReplyError)


@pytest.mark.parametrize(
    "error",
    [UsageProblem("u"), CapabilityError("c"), AssertionError("a"), Stopped("s")],
    ids=lambda e: type(e).__name__,
)
def test_what_the_caller_has_to_mend_comes_out(error):
    for flow in (caught(asks()), attempted(asks()), given(lambda: asks())):
        with pytest.raises(type(error)):
            run(flow, fails(error))


def test_an_error_may_be_loud_for_one_call():
    with pytest.raises(Late):
        run(attempted(asks(), loud=(Late,)), fails(Late("l")))
    assert run(attempted(asks()), fails(Late("l"))) == (None, "l")


def test_a_flow_that_is_closed_closes_the_one_inside():
    closed = []

    def inner():
        try:
            yield from generate("What?")
        finally:
            closed.append(True)

    flow = caught(inner())
    next(flow)
    flow.close()
    assert closed == [True]


def test_branches_at_once_are_answered_as_ever():
    assert run(caught(gather(asks(), asks())), lambda step, path: type("R", (), {"text": str(path)})) == (
        ["(0, 0, 0)", "(0, 1, 0)"],
        None,
    )


@pytest.mark.parametrize("error", FOREIGN)
def test_a_mistake_in_a_branch_is_no_more_hidden_than_any_other(error):
    def mistaken():
        yield from generate("What?")
        raise error

    with pytest.raises(type(error)):
        run(caught(gather(asks(), mistaken())), lambda step, path: type("R", (), {"text": ""}))
    assert run(caught(gather(asks(), asks())), fails(error)) == (None, error)


@pytest.mark.parametrize("error", FOREIGN)
def test_a_function_that_was_given_may_raise_anything(error):
    def raises(text):
        raise error

    def flow(text):
        yield from generate(text)
        raise error

    assert run(given(raises, "x"), lambda step, path: None) == (None, error)
    assert run(given(flow, "x"), lambda step, path: None) == (None, error)


def test_a_function_that_was_given_may_return_a_value_or_a_flow():
    def flow(text):
        return (yield from generate(text))

    assert run(given(str.upper, "x"), fails(AssertionError())) == ("X", None)
    assert run(given(flow, "x"), lambda step, path: step.request.messages[-1].content) == ("x", None)


def test_where_a_foreign_error_came_from_is_in_the_log(caplog):
    with caplog.at_level(logging.INFO, logger="memagent"):
        run(caught(asks()), fails(TypeError("odd")))
        run(caught(asks()), fails(BackendError("known")))
    [record] = caplog.records
    assert "odd" in record.getMessage() and record.exc_info[0] is TypeError
