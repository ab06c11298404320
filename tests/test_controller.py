"""Limits, retries, abilities: what is decided in the one place where calls are made."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memagent import Budget, Completion, Controller, Flow, Message, Usage, gather, generate, remember, retrieve
from memagent.errors import BackendError, BudgetExceeded, CapabilityError, ConfigError, Interrupted, UsageProblem
from memagent.flow import Event, RunDone, StepDone, StepRetried, StepStarted, TokenReceived
from memagent.llms.cached import Cached
from memagent.llms.openai import OpenAI
from memagent.llms.prices import Price
from memagent.prompts import fill, overriding
from memagent.testing import ScriptedLLM
from memagent.trace import Trace
from memagent.types import Request, Token, estimate_tokens


def ask(text: str, **options: Any) -> Flow[Completion]:
    return generate([Message("user", text)], **options)


def many(count: int, **options: Any) -> Flow[int]:
    for number in range(count):
        yield from ask(f"question {number}", **options)
    return count


def priced(cost: float | None) -> Callable[[Request], Completion]:
    return lambda request: Completion("ok", usage=Usage(1, 100, 50, cost))


def test_a_budget_of_calls_stops_before_the_call_and_a_higher_one_goes_on(tmp_path: Any) -> None:
    llm = ScriptedLLM(["a", "b", "c", "d", "e"])
    path = tmp_path / "run.jsonl"
    with pytest.raises(BudgetExceeded, match="3 calls"):
        Controller(llm, budget=Budget(calls=3)).run(many(5), trace=path)
    assert len(llm.requests) == 3
    assert Controller(llm, budget=Budget(calls=2)).run(many(5), trace=path).value == 5
    assert len(llm.requests) == 5


def test_a_budget_covers_all_runs_of_a_controller() -> None:
    controller = Controller(ScriptedLLM(["a"] * 9), budget=Budget(calls=3))
    controller.run(many(2))
    with pytest.raises(BudgetExceeded):
        controller.run(many(2))
    assert controller.usage.calls == 3


def test_a_budget_of_tokens_charges_input_and_the_largest_output_in_advance() -> None:
    llm = ScriptedLLM([priced(0.0)] * 9)
    controller = Controller(llm, budget=Budget(tokens=400))
    with pytest.raises(BudgetExceeded, match="400 tokens"):
        controller.run(many(9, max_tokens=200))
    assert len(llm.requests) == 2  # 150 and 150 spent: a third could take 203 more
    assert controller.usage.tokens == 300


def test_a_budget_of_money_stops_and_needs_a_known_price() -> None:
    llm = ScriptedLLM([priced(0.4)] * 9)
    with pytest.raises(BudgetExceeded, match=r"\$1\.00 is reached"):
        Controller(llm, budget=Budget(cost=1.0)).run(many(9))
    assert len(llm.requests) == 3
    unknown = ScriptedLLM([priced(None)] * 9)
    with pytest.raises(ConfigError, match="not known"):
        Controller(unknown, budget=Budget(cost=1.0)).run(many(9))
    assert len(unknown.requests) == 1  # a backend that tells no price in advance is found out by its first answer
    with pytest.raises(ConfigError, match="not known"):
        Controller(OpenAI("never-heard-of", api_key="k"), budget=Budget(cost=1.0))


def test_a_known_price_is_charged_in_advance() -> None:
    class Dear(ScriptedLLM):
        price = Price(input=0.0, output=1_000_000.0)  # a dollar a token

    llm = Dear([lambda request: Completion("ok", usage=Usage(1, 1, 40, 40.0))] * 9)
    with pytest.raises(BudgetExceeded, match=r"\$150\.00 is reached \(\$80"):
        Controller(llm, budget=Budget(cost=150)).run(many(9, max_tokens=100))
    assert len(llm.requests) == 2


class Writes(ScriptedLLM):
    """Replies as long as was drawn, or up to `max_tokens`; bills more input than anybody estimates."""

    price = Price(input=10.0, output=50.0)

    def __init__(self, lengths: list[int], billed: float) -> None:
        super().__init__([partial(self._reply, length) for length in lengths])
        self.billed = billed

    def _reply(self, length: int, request: Request) -> Completion:
        inputs = int(sum(estimate_tokens(message.content) for message in request.messages) * self.billed)
        most = length if request.max_tokens is None else min(length, request.max_tokens)
        usage = Usage(1, inputs, most, self.price.cost(inputs, most))
        return Completion("a " * most, finish_reason="stop" if most == length else "length", usage=usage)


@given(
    lengths=st.lists(st.integers(0, 3000), min_size=1, max_size=12),
    limit=st.floats(0.0, 0.5),
    billed=st.floats(0.5, 1.15),
    words=st.integers(1, 800),
)
def test_a_limit_is_never_passed_and_no_reply_that_it_cut_is_used(
    lengths: list[int], limit: float, billed: float, words: int
) -> None:
    for budget in (Budget(cost=limit), Budget(tokens=int(limit * 20_000))):
        controller = Controller(Writes(lengths, billed), budget=budget)
        used: list[str] = []

        def go(used: list[str] = used) -> Flow[int]:
            for _ in lengths:
                reply = yield from generate([Message("user", "word " * words)])
                used.append(reply.text)
            return len(lengths)

        with contextlib.suppress(BudgetExceeded):
            controller.run(go())
        assert [text.count("a") for text in used] == lengths[: len(used)]
        assert (controller.usage.cost or 0.0) <= limit + 1e-9 or budget.cost is None
        assert budget.tokens is None or controller.usage.tokens <= budget.tokens


@given(
    lengths=st.lists(st.integers(0, 3000), min_size=2, max_size=10),
    limit=st.integers(0, 12_000),
    asynchronous=st.booleans(),
)
@settings(deadline=None, max_examples=40)
def test_calls_at_once_never_pass_a_limit_together(lengths: list[int], limit: int, asynchronous: bool) -> None:
    controller = Controller(Writes(lengths, 1.0), budget=Budget(tokens=limit))
    flow = gather(*(ask("word " * 30) for _ in lengths))
    with contextlib.suppress(BudgetExceeded):
        asyncio.run(controller.arun(flow)) if asynchronous else controller.run(flow)
    assert controller.usage.tokens <= limit


def test_a_limit_holds_what_an_answer_begins_with_for_input_too() -> None:
    llm = ScriptedLLM([Completion("ok", usage=Usage(1, 4000, 10))] * 3, can=["prefill"])
    with pytest.raises(BudgetExceeded):
        Controller(llm, budget=Budget(tokens=5000)).run(many(3, prefill="word " * 3200, max_tokens=10))
    assert len(llm.requests) == 1


def test_what_was_streamed_of_a_call_that_broke_off_is_charged() -> None:
    class Flaky(ScriptedLLM):
        def stream(self, request: Request) -> Iterator[Token | Completion]:
            super().complete(request)
            yield from [Token("word ")] * 500
            raise BackendError("reset", retryable=False)

    controller = Controller(Flaky(["a"] * 9), budget=Budget(tokens=1800), on_event=lambda event: None, retries=0)
    for _ in range(2):
        with pytest.raises(BackendError):
            controller.run(ask("x"))
    assert controller.usage.tokens > 1000
    with pytest.raises(BudgetExceeded):
        controller.run(ask("x"))


def test_a_reply_that_a_budget_cut_is_not_used_where_the_backend_gives_no_reason() -> None:
    def reply(request: Request) -> Completion:
        tokens = min(600, request.max_tokens or 600)
        return Completion("a " * tokens, finish_reason="unknown", usage=Usage(1, 1, tokens))

    with pytest.raises(BudgetExceeded):
        Controller(ScriptedLLM([reply]), budget=Budget(tokens=350)).run(ask("x"))
    assert Controller(ScriptedLLM([reply]), budget=Budget(tokens=3500)).run(ask("x")).value.text.count("a") == 600


def test_what_was_paid_for_and_came_to_nothing_is_in_the_trace(tmp_path: Any) -> None:
    llm = Writes([900, 900], 1.0)
    with pytest.raises(BudgetExceeded):
        Controller(llm, budget=Budget(cost=0.02)).run(ask("x"), trace=tmp_path / "run.jsonl")
    assert Trace.load(tmp_path / "run.jsonl").usage.output_tokens == 400
    result = Controller(llm).run(ask("x"), trace=tmp_path / "run.jsonl")
    assert result.usage.output_tokens == 400 + 900
    result.trace.save(tmp_path / "copy.jsonl")
    assert Trace.load(tmp_path / "copy.jsonl").usage == result.usage


def test_a_cached_answer_stays_one_under_a_limit(tmp_path: Any) -> None:
    asked = [ask("a", temperature=0.0), ask("b", temperature=0.0)]
    llm = Cached(Writes([100, 100], 1.0), tmp_path / "cache.db")
    for flow in asked:
        Controller(llm, budget=Budget(tokens=9000)).run(flow)
    controller = Controller(llm, budget=Budget(tokens=4000))
    assert controller.run(ask("b", temperature=0.0)).value.text == "a " * 100
    assert controller.run(ask("a", temperature=0.0)).value.text == "a " * 100
    assert controller.usage.calls == 0


@pytest.mark.parametrize("wrong", [-1, float("nan"), "5", True])
@pytest.mark.parametrize("name", ["calls", "tokens", "cost", "seconds"])
def test_a_limit_that_is_none_is_refused(name: str, wrong: Any) -> None:
    with pytest.raises(UsageProblem, match=f"the limit on {name}"):
        Budget(**{name: wrong})


def test_a_call_is_not_made_that_could_not_pay_a_reply_as_long_as_the_longest_before() -> None:
    llm = Writes([900, 900, 900], 1.0)
    with pytest.raises(BudgetExceeded, match=r"\$0\.10 is reached \(\$0\.0900 spent\)"):
        Controller(llm, budget=Budget(cost=0.1)).run(many(3))
    assert [request.max_tokens for request in llm.requests] == [1999, 1099]


def test_a_small_limit_is_told_as_it_is() -> None:
    with pytest.raises(BudgetExceeded, match=r"limit of \$0\.0001 is reached"):
        Controller(Writes([9], 1.0), budget=Budget(cost=0.0001)).run(many(1))


def test_a_budget_of_seconds_stops_and_shortens_the_calls_timeout() -> None:
    llm = ScriptedLLM(["a", "b"])
    Controller(llm, budget=Budget(seconds=30)).run(many(1))
    timeout = llm.requests[0].timeout
    assert timeout is not None
    assert 0 < timeout <= 30
    with pytest.raises(BudgetExceeded, match="time limit"):
        Controller(llm, budget=Budget(seconds=0)).run(many(1))


def test_branches_share_the_budget_and_cannot_overspend_together() -> None:
    llm = ScriptedLLM(["a"] * 20)

    def at_once() -> Flow[list[Completion]]:
        return (yield from gather(*(ask(str(number)) for number in range(20))))

    with pytest.raises(BudgetExceeded):
        Controller(llm, budget=Budget(calls=5)).run(at_once())
    assert len(llm.requests) == 5


@pytest.mark.parametrize("asynchronous", [False, True])
def test_a_passing_failure_is_tried_again_a_bounded_number_of_times(
    asynchronous: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []

    async def asleep(seconds: float) -> None:
        waits.extend([seconds] if seconds else [])

    monkeypatch.setattr("memagent.controller.time.sleep", waits.append)
    monkeypatch.setattr("memagent.controller.asyncio.sleep", asleep)
    events: list[Event] = []

    def go(llm: ScriptedLLM) -> str:
        controller = Controller(llm, retries=2, on_event=events.append)
        result = asyncio.run(controller.arun(ask("x"))) if asynchronous else controller.run(ask("x"))
        return result.value.text

    cut = BackendError("the stream was cut", retryable=True)
    assert go(ScriptedLLM([cut, cut, "at last"])) == "at last"
    assert waits == [0.5, 1.0]
    assert [event.attempt for event in events if isinstance(event, StepRetried)] == [1, 2]
    with pytest.raises(BackendError, match="was cut"):
        go(ScriptedLLM([cut, cut, cut, "too late"]))
    with pytest.raises(BackendError, match="bad key"):
        go(ScriptedLLM([BackendError("bad key"), "never"]))


def test_what_the_backend_cannot_do_fails_before_anything_is_spent() -> None:
    llm = ScriptedLLM(["x"], can=("stop",))
    for needs, options in [
        ("logprobs", {"logprobs": True}),
        ("prefill", {"prefill": "And"}),
        ("logit_bias", {"logit_bias": {"[": 2.0}}),
    ]:
        with pytest.raises(CapabilityError, match=f"cannot do {needs}"):
            Controller(llm).run(ask("x", **options))
    assert llm.requests == []


def test_stop_ends_a_run_at_the_next_token() -> None:
    llm = ScriptedLLM(["word " * 1000, "second"])
    heard: list[Event] = []

    def hear(event: Event) -> None:
        heard.append(event)
        if len([e for e in heard if isinstance(e, TokenReceived)]) == 3:
            controller.stop()

    controller = Controller(llm, on_event=hear)
    with pytest.raises(Interrupted):
        controller.run(many(2))
    assert len([event for event in heard if isinstance(event, TokenReceived)]) == 3
    assert len(llm.requests) == 1


def test_a_flow_that_needs_a_memory_says_so_when_there_is_none() -> None:
    with pytest.raises(UsageProblem, match="has no memory"):
        Controller(ScriptedLLM([])).run(retrieve("anything"))


def test_a_stopped_controller_can_run_again() -> None:
    controller = Controller(ScriptedLLM(["a", "b"]))
    controller.stop()  # nothing is running: nothing happens
    assert controller.run(many(2)).value == 2


def test_closing_one_stream_leaves_another_run_alone() -> None:
    controller = Controller(ScriptedLLM(["word " * 50] * 4))
    first, second = controller.stream(many(2)), controller.stream(many(2))
    next(first), next(second)
    first.close()
    assert type(list(second)[-1]).__name__ == "RunDone"


def test_prompts_overridden_where_a_stream_is_made_hold_in_its_thread(tmp_path: Any) -> None:
    (tmp_path / "plain").mkdir()
    (tmp_path / "plain" / "answer.md").write_text("=== user ===\nMine: $question $passages")

    def flow() -> Flow[str]:
        reply = yield from generate(fill("plain/answer", question="q", passages="p"))
        return reply.text

    llm = ScriptedLLM(["a"])
    with overriding(tmp_path):
        list(Controller(llm).stream(flow()))
    assert llm.requests[0].messages[0].content == "Mine: q p"


def test_a_call_that_fails_when_the_time_is_over_is_the_budgets_doing() -> None:
    def too_late(request: Request) -> Exception:
        time.sleep(request.timeout or 0)
        return BackendError("no answer within the timeout", retryable=True)

    with pytest.raises(BudgetExceeded, match="time limit"):
        Controller(ScriptedLLM([too_late] * 9), budget=Budget(seconds=0.3)).run(ask("x"))


def test_a_negative_limit_is_refused() -> None:
    with pytest.raises(UsageProblem, match="limit on calls is -1"):
        Budget(calls=-1)


@pytest.mark.parametrize("kind", [StepStarted, TokenReceived, StepDone])
def test_a_listener_that_fails_ends_the_run_and_spoils_nothing(kind: type, tmp_path: Any) -> None:
    def careless() -> Flow[str]:
        try:
            return (yield from ask("x")).text
        except ZeroDivisionError:
            return "the method swallowed an error of the display"

    def listener(event: Event) -> None:
        if isinstance(event, kind):
            raise ZeroDivisionError("in the display")

    path = tmp_path / "run.jsonl"
    llm = ScriptedLLM(["paid for", "asked again"])
    with pytest.raises(ZeroDivisionError, match="in the display"):
        Controller(llm, on_event=listener).run(careless(), trace=path)
    again = Controller(llm).run(careless(), trace=path).value
    assert again == ("paid for" if kind is StepDone else "asked again" if kind is TokenReceived else "paid for")


def test_a_stream_tells_its_listener_too() -> None:
    heard: list[Event] = []
    seen = list(Controller(ScriptedLLM(["one two"]), on_event=heard.append).stream(ask("x")))
    assert heard == [event for event in seen if not isinstance(event, RunDone)]
    assert len(heard) == 4


def test_an_error_carries_the_trace_from_which_the_run_goes_on() -> None:
    llm = ScriptedLLM(["a", "b", "c", "d"])
    with pytest.raises(BudgetExceeded) as stopped:
        Controller(llm, budget=Budget(calls=2)).run(many(4))
    assert len(stopped.value.trace) == 2
    assert Controller(llm).run(many(4), trace=stopped.value.trace).value == 4
    assert len(llm.requests) == 4


def test_async_runs_write_their_trace_off_the_loop(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = []

    async def drive() -> None:
        async def tick() -> None:
            while True:
                ticks.append(1)
                await asyncio.sleep(0.005)

        ticking = asyncio.ensure_future(tick())
        await Controller(ScriptedLLM(["a"])).arun(ask("x"), trace=tmp_path / "run.jsonl")
        ticking.cancel()

    monkeypatch.setattr("memagent.files.os.fsync", lambda descriptor: time.sleep(0.2))
    asyncio.run(drive())
    assert len(ticks) > 5


def test_what_a_step_is_asked_with_is_checked_where_it_is_written() -> None:
    llm = ScriptedLLM(["a", "b"])
    controller = Controller(llm)
    controller.run(generate("hello"))
    controller.run(generate([{"role": "system", "content": "Be brief."}, Message("user", "hello")]))
    assert [m.role for m in llm.requests[0].messages] == ["user"]
    assert llm.requests[1].messages[0] == Message("system", "Be brief.")
    for bad in ([1], [{"role": "robot", "content": "x"}], [["user", "x"]]):
        with pytest.raises(UsageProblem, match="not a message"):
            controller.run(generate(bad))
    with pytest.raises(UsageProblem, match="name of a retriever"):
        controller.run(retrieve("x", using=object()))
    with pytest.raises(UsageProblem, match="texts and notes"):
        controller.run(remember(3))
    assert len(llm.requests) == 2
