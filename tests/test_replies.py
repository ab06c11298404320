"""How long replies may get where that is known: calls that are not made, replies that are left, killed calls."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from memagent import Budget, Controller, Flow, Message, Usage, generate
from memagent.budget import Replies
from memagent.errors import BudgetExceeded, ReplyError
from memagent.llms.openai import OpenAI
from memagent.llms.prices import Price
from memagent.testing import FakeOpenAIServer, Fault, ScriptedLLM
from memagent.trace import Trace
from memagent.types import Completion, Request, Token

KNOWN = Replies({"tale": 100}, most={"tale": 1_000})


def tale(times: int = 1, label: str = "tale") -> Flow[str]:
    text = ""
    for _ in range(times):
        text = (yield from generate([Message("user", "Tell it.")], label=label)).text
    return text


class Long(ScriptedLLM):
    """Streams so many words, up to `max_tokens` if it `obeys`; `sent` is how many it came to."""

    price = Price(input=1.0, output=1.0)

    def __init__(self, *lengths: int, obeys: bool = True) -> None:
        super().__init__([], name="long")
        self.lengths, self.obeys, self.sent = list(lengths), obeys, 0

    def stream(self, request: Request) -> Iterator[Token | Completion]:
        self.requests.append(request)
        length = self.lengths.pop(0)
        most = request.max_tokens if self.obeys and request.max_tokens else length
        for _ in range(min(length, most)):
            self.sent += 1
            yield Token("word ")
        usage = Usage(1, 2, min(length, most), self.price.cost(2, min(length, most)))
        yield Completion("word " * usage.output_tokens, (), "length" if length > most else "stop", usage)

    def complete(self, request: Request) -> Completion:
        *_, whole = self.stream(request)
        assert isinstance(whole, Completion)
        return whole


def test_a_call_needs_what_is_guessed_first_and_then_a_quarter_more_than_was_heard() -> None:
    llm = Long(200, 200, 200)
    with pytest.raises(
        BudgetExceeded, match=r"420 tokens is reached \(202 used\): the next call may need 25\d"
    ) as stop:
        Controller(llm, budget=Budget(tokens=420), replies=KNOWN).run(tale(3))
    assert len(llm.requests) == 1 and stop.value.cut is None and 250 < stop.value.need["tokens"] < 260
    with pytest.raises(BudgetExceeded):
        Controller(Long(1), budget=Budget(tokens=99), replies=KNOWN).run(tale())
    assert Controller(Long(1), budget=Budget(tokens=99), replies=KNOWN).run(tale(label="other")).value == "word "


def test_a_reply_that_a_limit_cut_near_its_usual_length_is_told_as_lost() -> None:
    llm = Long(250)
    with pytest.raises(BudgetExceeded, match=r"250 tokens is reached \(250 used\)\n") as stop:
        Controller(llm, budget=Budget(tokens=250), replies=KNOWN).run(tale())
    assert stop.value.cut == Usage(1, 2, llm.sent, llm.price.cost(2, llm.sent)) and llm.sent < 250


@pytest.mark.parametrize(("budget", "most"), [(None, 1_000), (Budget(tokens=5_000), 1_000), (Budget(tokens=600), 590)])
def test_a_reply_without_an_end_is_no_limit_that_was_reached(budget: Budget | None, most: int) -> None:
    llm = Long(9_000)
    with pytest.raises(ReplyError, match=r"tale: the reply had no end: .* where about 100 are usual") as cut:
        Controller(llm, budget=budget, replies=KNOWN).run(tale())
    assert most <= llm.sent <= most + 9 and cut.value.reply.count("word") == llm.sent


@pytest.mark.parametrize("asynchronous", [False, True])
def test_a_server_that_does_not_keep_to_the_end_is_left(asynchronous: bool, tmp_path: Path) -> None:
    class Deaf(Long):
        async def astream(self, request: Request) -> Any:
            for piece in self.stream(request):
                yield piece

    llm = Deaf(9_000, obeys=False)
    controller = Controller(llm, replies=KNOWN, on_event=lambda event: None)
    trace = Trace(tmp_path / "run.jsonl")
    with pytest.raises(ReplyError, match="had no end"):
        asyncio.run(controller.arun(tale(), trace=trace)) if asynchronous else controller.run(tale(), trace=trace)
    assert 1_250 <= llm.sent <= 1_300
    assert controller.usage.output_tokens >= 1_250 and controller.usage.estimated
    assert Trace.load(tmp_path / "run.jsonl").usage == controller.usage


def test_a_reply_that_its_backend_cut_before_its_end_is_judged_by_who_asked() -> None:
    def short(request: Request) -> Completion:
        return Completion("word " * 40, finish_reason="length", usage=Usage(1, 3, 40))

    assert Controller(ScriptedLLM([short]), replies=KNOWN).run(tale()).value == "word " * 40


class Killed(BaseException):
    """As a kill: nothing is written behind it."""


def test_a_call_in_which_a_process_was_killed_counts_its_input_once(tmp_path: Path, monkeypatch: Any) -> None:
    path = tmp_path / "run.jsonl"

    def killed(request: Request) -> str:
        monkeypatch.setattr(Trace, "lost", lambda self, usage, at=(): None)
        raise Killed

    for times in (1, 2):
        with monkeypatch.context(), pytest.raises(Killed):
            Controller(ScriptedLLM([killed])).run(tale(), trace=path)
        monkeypatch.undo()
        left = Trace.load(path).usage
        assert (left.calls, left.input_tokens, left.output_tokens, left.estimated) == (times, 2 * times, 0, True)
    done = Controller(ScriptedLLM([Completion("Done.", usage=Usage(1, 2, 2))])).run(tale(), trace=path)
    assert (done.usage.calls, done.usage.input_tokens, done.usage.output_tokens) == (3, 6, 2)
    assert done.trace.wasted.calls == 2 and Trace.load(path).usage == done.usage


def test_answers_that_no_longer_hold_were_paid_for_all_the_same(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    paid = [Completion(str(at), usage=Usage(1, 10, at)) for at in range(1, 4)]

    def asks(word: str) -> Flow[None]:
        for text in (word, "and"):
            yield from generate([Message("user", text)])

    Controller(ScriptedLLM(paid[:2])).run(asks("one"), trace=path)
    again = Controller(ScriptedLLM(paid[1:])).run(asks("two"), trace=path)
    assert again.usage == Usage(4, 40, 1 + 2 + 2 + 3) and again.trace.wasted == Usage(2, 20, 3)
    assert Trace.load(path).usage == again.usage and Trace.load(path).wasted == again.trace.wasted


@pytest.mark.parametrize(
    "refusal",
    [
        "max_tokens is too large: 1000. This model supports at most 512 completion tokens.",
        "This model's maximum context length is 512 tokens. However, you requested 1003 tokens.",
        "max_tokens: 1000 > 512, which is the maximum allowed number of output tokens for it",
        "`inputs` tokens + `max_new_tokens` must be <= 513.",
    ],
)
def test_a_server_that_has_not_so_many_tokens_is_asked_without_an_end(refusal: str) -> None:
    with FakeOpenAIServer([Fault(400, refusal), "It is told."]) as server:
        llm = OpenAI("fake", base_url=server.url, api_key="k")
        assert Controller(llm, replies=KNOWN).run(tale()).value == "It is told."
        assert [one.payload.get("max_tokens") for one in server.requests] == [1_000, None]


def test_a_number_of_tokens_that_was_asked_for_is_not_left_out() -> None:
    def asks() -> Flow[None]:
        yield from generate([Message("user", "Tell it.")], max_tokens=900)

    said = "max_tokens is too large: 900. This model supports at most 512 completion tokens."
    with FakeOpenAIServer([Fault(400, said)] * 3) as server, pytest.raises(Exception, match="at most 512"):
        Controller(OpenAI("fake", base_url=server.url, api_key="k"), replies=KNOWN).run(asks())
    assert len(server.requests) == 1


def test_a_trace_says_what_is_asked_before_it_is_answered(tmp_path: Path) -> None:
    path, seen = tmp_path / "run.jsonl", list[int]()

    def looks(request: Request) -> str:
        seen.append(json.loads(path.read_text().splitlines()[-1])["usage"]["input_tokens"])
        return "ok"

    Controller(ScriptedLLM([looks])).run(tale(), trace=path)
    assert seen == [2]
